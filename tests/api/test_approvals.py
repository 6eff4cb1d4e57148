"""Approvals: an agent asks, a person decides on exactly that, and it holds once."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from api_world import AsAgent, AsRole

from quarterdeck.control.approvals import actions
from quarterdeck.db import Database
from quarterdeck.kernel.clock import FakeClock

PAYLOAD = {"to": ["all@example.com"], "subject": "Preisänderung", "body": "…"}


@dataclass
class Asking:
    agent: httpx.AsyncClient
    run: str
    id: str
    sha256: str

    @property
    def path(self) -> str:
        return f"/api/v1/runs/{self.run}/approvals"

    async def use(self, payload: Any) -> httpx.Response:
        return await self.agent.post(f"{self.path}/{self.id}/use", json={"payload": payload})


@pytest.fixture
async def asking(client: httpx.AsyncClient, as_agent: AsAgent) -> Asking:
    agent = await as_agent("delivery")
    await client.post("/api/v1/tasks", json={"title": "Mail them", "state": "ready"})
    run = (await agent.post("/api/v1/agent/claim")).json()["run"]["id"]
    body = {"action": "send the mail", "payload": PAYLOAD, "summary": "To **everybody**."}
    asked = await agent.post(f"/api/v1/runs/{run}/approvals", json=body)
    assert asked.status_code == 201, asked.text
    return Asking(agent, run, asked.json()["id"], asked.json()["payload_sha256"])


async def _decide(client: httpx.AsyncClient, asking: Asking, verdict: str, **more: Any) -> httpx.Response:
    body = {"verdict": verdict, "payload_sha256": asking.sha256, **more}
    return await client.post(f"/api/v1/approvals/{asking.id}/decision", json=body)


async def test_what_was_approved_may_be_done_once(client: httpx.AsyncClient, asking: Asking) -> None:
    waiting = (await client.get("/api/v1/needs")).json()["items"]
    assert [(need["kind"], need["text"]) for need in waiting] == [("approval", "send the mail")]
    assert (await asking.use(PAYLOAD)).json()["code"] == "not_approved"
    shown = (await client.get(f"/api/v1/approvals/{asking.id}")).json()
    assert (shown["payload"], shown["task"]["ref"], shown["agent"]["name"]) == (PAYLOAD, "T-1", "delivery")
    assert (await _decide(client, asking, "approve", comment="go")).json()["state"] == "approved"
    assert (await client.get("/api/v1/needs")).json()["items"] == []
    inbox = (await asking.agent.get("/api/v1/agent/inbox")).json()["items"]
    assert [(item["subject_id"], item["body"]) for item in inbox] == [(asking.id, "approved: go")]
    # The order of members does not matter; what is said does.
    assert (await asking.use(dict(reversed(PAYLOAD.items())))).json()["state"] == "used"
    again = await asking.use(PAYLOAD)
    assert (again.status_code, again.json()["code"], again.json()["state"]) == (409, "not_approved", "used")


async def test_who_asked_waits_for_the_word(client: httpx.AsyncClient, asking: Asking) -> None:
    path = f"{asking.path}/{asking.id}"
    assert (await asking.agent.get(path, params={"wait_s": 61})).status_code == 422
    waiting = asyncio.create_task(asking.agent.get(path, params={"wait_s": 60}))
    await asyncio.sleep(0)
    await _decide(client, asking, "deny", comment="no")
    told = (await asyncio.wait_for(waiting, 30)).json()
    assert (told["state"], told["comment"]) == ("denied", "no")


async def test_a_changed_payload_needs_a_new_approval(client: httpx.AsyncClient, asking: Asking) -> None:
    await _decide(client, asking, "approve")
    changed = await asking.use({**PAYLOAD, "to": ["all@example.com", "press@example.com"]})
    assert (changed.status_code, changed.json()["code"]) == (409, "payload_changed")
    body = {"action": "send the mail", "payload": {**PAYLOAD, "subject": "x"}}
    anew = (await asking.agent.post(asking.path, json=body)).json()
    assert (anew["state"], anew["id"] != asking.id) == ("pending", True)
    assert (await asking.use(PAYLOAD)).status_code == 200


async def test_nobody_approves_what_they_have_not_read(client: httpx.AsyncClient, asking: Asking) -> None:
    body = {"verdict": "approve", "payload_sha256": "0" * 64}
    answer = await client.post(f"/api/v1/approvals/{asking.id}/decision", json=body)
    assert answer.json()["code"] == "payload_changed"
    assert (await asking.agent.get(f"{asking.path}/{asking.id}")).json()["state"] == "pending"


async def test_a_word_is_given_once(client: httpx.AsyncClient, asking: Asking, as_role: AsRole) -> None:
    assert (await _decide(client, asking, "deny", comment="not today")).json()["state"] == "denied"
    assert (await _decide(client, asking, "deny")).status_code == 200
    assert (await _decide(client, asking, "approve")).json()["code"] == "approval_closed"
    assert (await _decide(await as_role("reviewer"), asking, "deny")).json()["code"] == "approval_closed"
    assert (await asking.use(PAYLOAD)).json()["state"] == "denied"


async def test_the_same_again_is_answered_as_it_is(asking: Asking, client: httpx.AsyncClient) -> None:
    body = {"action": "send the mail", "payload": PAYLOAD}
    assert (await asking.agent.post(asking.path, json=body)).json()["id"] == asking.id
    assert len((await client.get("/api/v1/approvals?state=pending")).json()["items"]) == 1


async def test_it_expires(client: httpx.AsyncClient, asking: Asking, clock: FakeClock, db: Database) -> None:
    await _decide(client, asking, "approve")
    clock.advance(25 * 3_600)
    async with db.transaction():
        pass
    assert (await asking.use(PAYLOAD)).status_code == 409
    assert await actions.apply_deadlines(db) == 1
    assert (await client.get(f"/api/v1/approvals/{asking.id}")).json()["state"] == "expired"


async def test_it_is_withdrawn_with_its_run(client: httpx.AsyncClient, asking: Asking, db: Database) -> None:
    await asking.agent.post(f"/api/v1/runs/{asking.run}/finish", json={"outcome": "failed", "reason": "agent_crashed"})
    assert "approval" not in {need["kind"] for need in (await client.get("/api/v1/needs")).json()["items"]}
    assert await actions.apply_deadlines(db) == 1
    assert "approval" not in {need["kind"] for need in (await client.get("/api/v1/needs")).json()["items"]}
    assert (await _decide(client, asking, "approve")).json()["code"] == "approval_closed"


async def test_only_who_reviews_decides_and_only_the_asker_uses(
    asking: Asking, as_role: AsRole, as_agent: AsAgent
) -> None:
    assert (await _decide(await as_role("viewer"), asking, "approve")).status_code == 403
    other = await as_agent("other")
    assert (await other.post(f"{asking.path}/{asking.id}/use", json={"payload": PAYLOAD})).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"action": "", "payload": {}},
        {"action": "x", "payload": "y" * 300_000},
        {"action": "x", "payload": {}, "expires_s": 0},
        {"action": "x"},
    ],
)
async def test_bad_input_is_refused(asking: Asking, body: dict[str, Any]) -> None:
    assert (await asking.agent.post(asking.path, json=body)).status_code in (400, 422)


async def test_half_a_surrogate_pair_is_refused(asking: Asking) -> None:
    text = b'{"action": "x", "payload": {"a": "\\ud800"}}'
    answer = await asking.agent.post(asking.path, content=text, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)

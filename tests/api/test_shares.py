"""/shares and /shared: a link by which somebody without an account reads one task or one report of costs."""

from typing import Any

import httpx
from api_world import AsAgent, AsRole
from fastapi import FastAPI
from spending import spend

from quarterdeck.access.members import Member
from quarterdeck.db import Database
from quarterdeck.kernel.clock import DAY, FakeClock
from quarterdeck.worker import housekeeping

SHARES, SHARED = "/api/v1/shares", "/api/v1/shared"


def a_stranger(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://quarterdeck.test")


async def share(client: httpx.AsyncClient, **body: Any) -> tuple[dict[str, Any], str]:
    answer = await client.post(SHARES, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made, made["url"].partition("/shared#")[2]


async def handed_in(client: httpx.AsyncClient, agent: httpx.AsyncClient, text: str) -> dict[str, Any]:
    agent_id = (await client.get("/api/v1/agents")).json()["items"][0]["id"]
    body = {"title": "Report", "brief": "Write it.", "acceptance": ["Short"], "state": "ready", "agent_id": agent_id}
    task: dict[str, Any] = (await client.post("/api/v1/tasks", json=body)).json()
    claimed = (await agent.post("/api/v1/agent/claim")).json()
    made = {"name": "report", "text": text}
    answer = await agent.post(f"/api/v1/runs/{claimed['run']['id']}/deliverables", json=made)
    assert answer.status_code == 200, answer.text
    return task


async def test_a_stranger_reads_the_shared_task_and_nothing_else(
    app: FastAPI, client: httpx.AsyncClient, as_agent: AsAgent, db: Database, owner: Member
) -> None:
    task = await handed_in(client, await as_agent("drafting"), "# Sales\n")
    await spend(db, owner.workspace_id, "task", task["id"], calls=1, cost=300)
    made, token = await share(client, task_id=task["id"])
    assert (made["task_id"], made["created_by"]["name"], made["opened_at"]) == (task["id"], "Owner", None)
    async with a_stranger(app) as stranger:
        answer = await stranger.post(SHARED, json={"token": token})
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        shown = answer.json()
        assert shown["costs"] is None
        assert {name: shown["task"][name] for name in ("ref", "title", "brief", "agent", "cost_nano")} == {
            "ref": task["ref"],
            "title": "Report",
            "brief": "Write it.",
            "agent": "drafting",
            "cost_nano": 300,
        }
        assert [(one["name"], one["number"], one["text"]) for one in shown["task"]["deliverables"]] == [
            ("report", 1, "# Sales\n")
        ]
        assert [one["text"] for one in shown["task"]["acceptance"]] == ["Short"]
        for path in (f"/api/v1/tasks/{task['id']}", SHARES, "/api/v1/calls"):
            refused = await stranger.get(path, headers={"authorization": f"Bearer {token}"})
            assert refused.status_code == 401, path
    listed = (await client.get(SHARES, params={"task_id": task["id"]})).json()["items"]
    assert [one["opened_at"] is not None for one in listed] == [True]
    assert "url" not in listed[0]
    assert token not in (await client.get("/api/v1/audit")).text


async def test_a_report_of_costs_is_shared_as_it_stands_now(
    app: FastAPI, client: httpx.AsyncClient, db: Database, owner: Member
) -> None:
    await spend(db, owner.workspace_id, "model", "gpt-4o", calls=1, cost=300)
    _, token = await share(client, costs={"by": "model", "span": "7d"})
    await spend(db, owner.workspace_id, "model", "claude-haiku-4-5", calls=1, cost=20)
    async with a_stranger(app) as stranger:
        report = (await stranger.post(SHARED, json={"token": token})).json()["costs"]
    assert (report["by"], report["span"], report["totals"]["cost_nano"]) == ("model", "7d", 320)


async def test_a_link_that_was_revoked_or_has_expired_opens_no_more_and_says_the_same_as_an_unknown_one(
    app: FastAPI, client: httpx.AsyncClient, clock: FakeClock, db: Database
) -> None:
    task = (await client.post("/api/v1/tasks", json={"title": "Report"})).json()
    made, revoked = await share(client, task_id=task["id"])
    _, short = await share(client, task_id=task["id"], days=1)
    _, standing = await share(client, task_id=task["id"], days=30)
    assert (await client.delete(f"{SHARES}/{made['id']}")).status_code == 204
    assert (await client.delete(f"{SHARES}/{made['id']}")).status_code == 404
    clock.advance(2 * DAY // 1_000_000)
    await housekeeping.tidy(db)
    async with a_stranger(app) as stranger:
        said = {(await stranger.post(SHARED, json={"token": each})).text for each in (revoked, short, "guess")}
        assert len(said) == 1
        assert "share_gone" in said.pop()
        assert (await stranger.post(SHARED, json={"token": standing})).status_code == 200
    assert len((await client.get(SHARES, params={"task_id": task["id"]})).json()["items"]) == 1


async def test_sharing_is_refused_to_who_only_reads_and_for_what_is_not_there(
    client: httpx.AsyncClient, as_role: AsRole
) -> None:
    async with await as_role("viewer") as viewer:
        assert (await viewer.post(SHARES, json={"costs": {}})).status_code == 403
    assert (await client.post(SHARES, json={"task_id": "tsk_none"})).status_code == 404
    assert (await client.post(SHARES, json={})).status_code == 400
    assert (await client.post(SHARES, json={"costs": {}, "days": 4000})).status_code == 422

"""The stop lever over HTTP: what it answers, what it asks of the gateways, and in which order."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import httpx
import pytest
from api_world import AsAgent, AsRole

from quarterdeck.api.services import Services


class Gateways:
    """Notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def ensure_published(self) -> None:
        self.asked.append("publish")

    async def end_calls(self, *, scope: str, ids: Collection[str], code: str, message: str) -> int:
        self.asked.append(f"end {scope} {','.join(ids)} {code}")
        return 2 if self.asked.count(self.asked[-1]) == 1 else 0


@pytest.fixture
def gateways() -> Gateways:
    return Gateways()


@pytest.fixture
def services(services: Services, gateways: Gateways) -> Services:
    return replace(services, gateways=gateways)


@pytest.fixture
async def run_id(client: httpx.AsyncClient, as_agent: AsAgent) -> str:
    agent = await as_agent("research")
    await client.post("/api/v1/tasks", json={"title": "Find sources", "state": "ready"})
    return str((await agent.post("/api/v1/agent/claim")).json()["run"]["id"])


async def test_a_pause_is_shown_and_undone(client: httpx.AsyncClient, gateways: Gateways, run_id: str) -> None:
    body = {"scope": "run", "subject_id": run_id, "reason": "Look first", "hold_s": 10}
    done = (await client.post("/api/v1/lever/pause", json=body)).json()
    assert (done["run_ids"], done["calls_ended"], gateways.asked) == ([run_id], 0, ["publish"])
    status = (await client.get(f"/api/v1/runs/{run_id}")).json()["status"]
    assert (status["state"], status["reason"]) == ("paused", "Look first")
    [standing] = (await client.get("/api/v1/lever/orders?standing=true")).json()["items"]
    assert standing == done["order"]
    assert standing["standing"] is True
    undone = await client.post(f"/api/v1/lever/orders/{standing['id']}/undo")
    assert (undone.status_code, undone.json()["standing"]) == (200, False)
    assert (await client.get(f"/api/v1/runs/{run_id}")).json()["status"]["state"] == "working"
    again = await client.post(f"/api/v1/lever/orders/{standing['id']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "order_over")


async def test_a_pause_may_end_what_is_in_flight(client: httpx.AsyncClient, gateways: Gateways, run_id: str) -> None:
    body = {"scope": "run", "subject_id": run_id, "end_open": True}
    done = (await client.post("/api/v1/lever/pause", json=body)).json()
    assert done["calls_ended"] == 2
    assert gateways.asked.count(f"end run {run_id} run_stopped") == 2
    assert gateways.asked[-1].startswith("end run")


async def test_a_kill_ends_streams_at_once_and_again_when_nothing_new_can_begin(
    client: httpx.AsyncClient, gateways: Gateways, run_id: str
) -> None:
    agent = (await client.get("/api/v1/agents")).json()["items"][0]
    body = {"scope": "agent", "subject_id": agent["id"], "reason": "Off the rails"}
    done = (await client.post("/api/v1/lever/kill", json=body)).json()
    assert (done["run_ids"], done["calls_ended"]) == ([run_id], 2)
    ending = f"end agent {agent['id']} run_stopped"
    assert sorted(gateways.asked[:2]) == sorted([ending, "publish"])
    assert gateways.asked[2:] == [ending]
    run = (await client.get(f"/api/v1/runs/{run_id}")).json()
    assert (run["state"], run["reason"]) == ("cancelled", "Off the rails")


async def test_everything_is_killed_in_this_workspace_alone(
    client: httpx.AsyncClient, gateways: Gateways, run_id: str
) -> None:
    done = (await client.post("/api/v1/lever/kill", json={"scope": "all"})).json()
    assert done["run_ids"] == [run_id]
    assert done["order"]["subject_id"] is None
    assert any(asked.startswith("end workspace ws_") for asked in gateways.asked)


async def test_a_restart_hands_the_task_to_another_agent(
    client: httpx.AsyncClient, as_agent: AsAgent, run_id: str
) -> None:
    await as_agent("quick")
    quick = next(each for each in (await client.get("/api/v1/agents")).json()["items"] if each["name"] == "quick")
    body = {"reason": "no output", "note": "Be brief.", "agent_id": quick["id"]}
    answer = (await client.post(f"/api/v1/runs/{run_id}/restart", json=body)).json()
    assert answer["state"] == "cancelled"
    task = (await client.get(f"/api/v1/tasks/{answer['task']['id']}")).json()
    assert (task["state"], task["agent"]["name"]) == ("ready", "quick")
    assert task["note"].startswith("Be brief.")


async def test_what_cannot_be_is_said(client: httpx.AsyncClient, run_id: str) -> None:
    async def code(path: str, body: dict[str, Any]) -> tuple[int, str]:
        answer = await client.post(f"/api/v1/lever/{path}", json=body)
        return answer.status_code, answer.json()["code"]

    assert await code("resume", {"scope": "run", "subject_id": run_id}) == (409, "not_paused")
    assert await code("pause", {"scope": "agent", "subject_id": "agt_none"}) == (404, "not_found")
    past = {"scope": "all", "until_at": "2020-01-01T00:00:00Z"}
    assert (await code("pause", past))[0] == 400
    assert (await code("pause", {"scope": "planet"}))[0] == 422
    await client.post("/api/v1/lever/kill", json={"scope": "run", "subject_id": run_id})
    assert await code("pause", {"scope": "run", "subject_id": run_id}) == (409, "run_over")


async def test_a_reviewer_may_look_but_not_pull(as_role: AsRole) -> None:
    reviewer = await as_role("reviewer")
    assert (await reviewer.get("/api/v1/lever/orders")).status_code == 200
    assert (await reviewer.post("/api/v1/lever/pause", json={"scope": "all"})).status_code == 403

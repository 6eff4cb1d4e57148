"""/agent/claim"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from api_world import AsAgent
from fastapi import FastAPI

from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.control.runs import waiting
from quarterdeck.control.runs.nothing import Unclaimed
from quarterdeck.db import Database, Transaction

AT_ONCE_S = 30
"""Well before the twenty seconds that these wait, on a machine that others use."""


@pytest.fixture
async def agent(as_agent: AsAgent) -> httpx.AsyncClient:
    return await as_agent("research")


async def _task(client: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    answer = await client.post("/api/v1/tasks", json={"title": "Write it", "state": "ready", **fields})
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


async def test_it_answers_the_task_its_run_and_the_runs_key(
    client: httpx.AsyncClient, agent: httpx.AsyncClient
) -> None:
    task = await _task(client, brief="Why", acceptance=["Three sources"])
    answer = (await agent.post("/api/v1/agent/claim", json={"lease_s": 60})).json()
    assert answer["claimed"] is True
    assert (answer["task"]["id"], answer["task"]["state"]) == (task["id"], "in_progress")
    assert answer["task"]["acceptance"] == [{"text": "Three sources", "met": False, "deliverable": False}]
    assert answer["run"] == {
        "id": answer["run"]["id"],
        "attempt": 1,
        "lease_expires_at": "2027-01-15T08:01:00.000000Z",
        "fence": 1,
        "trace_id": answer["run"]["trace_id"],
    }
    assert answer["run_key"].startswith("qd-r-")
    assert answer["base_url"] == "http://127.0.0.1:8787"
    assert (answer["last_review"], answer["budget_left_nano"]) == (None, None)


async def test_it_says_why_there_is_nothing(client: httpx.AsyncClient, agent: httpx.AsyncClient) -> None:
    assert (await agent.post("/api/v1/agent/claim")).json() == {
        "claimed": False,
        "reason": "none_ready",
        "message": "No task is ready for research.",
        "retry_after_s": 5,
    }
    await _task(client)
    await agent.post("/api/v1/agent/claim")
    busy = (await agent.post("/api/v1/agent/claim")).json()
    assert (busy["reason"], busy["message"]) == (
        "at_capacity",
        "research has 1 open of 1 allowed runs. Finish one first.",
    )
    agent_id = (await client.get("/api/v1/agents")).json()["items"][0]["id"]
    for desired, reason in (("paused", "paused"), ("retired", "retired")):
        await client.patch(f"/api/v1/agents/{agent_id}", json={"desired": desired})
        assert (await agent.post("/api/v1/agent/claim")).json()["reason"] == reason


async def test_it_takes_one_named_task(client: httpx.AsyncClient, agent: httpx.AsyncClient) -> None:
    await _task(client, priority="urgent")
    wanted, waiting_task = await _task(client), await _task(client, state="backlog")
    answer = (await agent.post("/api/v1/agent/claim", json={"task_id": waiting_task["id"]})).json()
    assert answer["message"] == "T-3 is backlog, not ready to be claimed."
    assert (await agent.post("/api/v1/agent/claim", json={"task_id": wanted["id"]})).json()["task"]["ref"] == "T-2"
    assert (await agent.post("/api/v1/agent/claim", json={"task_id": "tsk_nobody"})).status_code == 404


@asynccontextmanager
async def _waiting(agent: httpx.AsyncClient, **fields: object) -> AsyncIterator[Callable[[], Awaitable[Any]]]:
    """A claim that waits; the yielded function gives its answer and says how long after the call it came."""
    asked = asyncio.create_task(agent.post("/api/v1/agent/claim", json={"wait_s": 60, **fields}))
    await asyncio.sleep(0.1)
    assert not asked.done()

    async def answered() -> Any:
        began = time.perf_counter()
        answer = await asked
        assert time.perf_counter() - began < AT_ONCE_S
        assert answer.status_code == 200, answer.text
        return answer.json()

    try:
        yield answered
    finally:
        asked.cancel()


async def test_one_who_waits_is_woken_by_a_new_task(client: httpx.AsyncClient, agent: httpx.AsyncClient) -> None:
    async with _waiting(agent) as answered:
        task = await _task(client)
        assert (await answered())["task"]["id"] == task["id"]


async def test_one_who_waits_is_woken_by_a_task_that_becomes_ready(
    client: httpx.AsyncClient, agent: httpx.AsyncClient
) -> None:
    task = await _task(client, state="backlog")
    async with _waiting(agent) as answered:
        await client.post(f"/api/v1/tasks/{task['id']}/move", json={"to": "ready"})
        assert (await answered())["claimed"]


async def test_one_who_waits_is_woken_by_being_assigned(client: httpx.AsyncClient, agent: httpx.AsyncClient) -> None:
    other = (await client.post("/api/v1/agents", json={"name": "other"})).json()
    task = await _task(client, agent_id=other["id"])
    me = (await client.get("/api/v1/agents", params={"q": "research"})).json()["items"][0]
    async with _waiting(agent) as answered:
        await client.post(f"/api/v1/tasks/{task['id']}/assign", json={"agent_id": me["id"]})
        assert (await answered())["claimed"]


async def test_one_who_waits_is_woken_by_its_own_finished_run(
    client: httpx.AsyncClient, agent: httpx.AsyncClient
) -> None:
    await _task(client)
    await _task(client)
    first = (await agent.post("/api/v1/agent/claim")).json()
    async with _waiting(agent) as answered:
        await agent.post(f"/api/v1/runs/{first['run']['id']}/finish", json={"outcome": "succeeded"})
        assert (await answered())["task"]["ref"] == "T-2"


async def test_one_who_waits_is_woken_by_being_resumed(client: httpx.AsyncClient, agent: httpx.AsyncClient) -> None:
    await _task(client)
    me = (await client.get("/api/v1/agents")).json()["items"][0]
    await client.patch(f"/api/v1/agents/{me['id']}", json={"desired": "paused"})
    async with _waiting(agent) as answered:
        await client.patch(f"/api/v1/agents/{me['id']}", json={"desired": "enabled"})
        assert (await answered())["claimed"]


async def test_of_many_who_wait_for_one_task_one_gets_it(
    client: httpx.AsyncClient, as_agent: AsAgent, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents = [await as_agent(f"worker {n}") for n in range(12)]
    looked, is_promising = [], waiting.claims.is_promising

    async def noted(tx: Transaction, actor: Actor) -> bool:
        looked.append(actor.id)
        return await is_promising(tx, actor)

    async def all_looked(times: int) -> None:
        async with asyncio.timeout(60):
            while len(looked) < times * len(agents):
                await asyncio.sleep(0.01)

    monkeypatch.setattr(waiting.claims, "is_promising", noted)
    asked = [asyncio.create_task(each.post("/api/v1/agent/claim", json={"wait_s": 60})) for each in agents]
    await all_looked(1)
    await _task(client)
    await all_looked(2)
    app.state.feed.close()
    answers = [(await each).json() for each in asked]
    assert sum(answer["claimed"] for answer in answers) == 1
    assert {answer["retry_after_s"] for answer in answers if not answer["claimed"]} == {1}


async def test_waiting_ends_in_time_with_the_reason(agent: httpx.AsyncClient) -> None:
    began = time.perf_counter()
    answer = (await agent.post("/api/v1/agent/claim", json={"wait_s": 1})).json()
    assert time.perf_counter() - began > 0.9
    assert (answer["claimed"], answer["reason"], answer["retry_after_s"]) == (False, "none_ready", 1)


async def test_a_worker_that_left_gets_no_task(
    client: httpx.AsyncClient, as_agent: AsAgent, app: FastAPI, db: Database
) -> None:
    await as_agent("research")
    me = (await client.get("/api/v1/agents")).json()["items"][0]
    left = False

    async def gone() -> bool:
        return left

    actor = Actor(_workspace(await client.get("/api/v1/session")), ActorKind.AGENT, me["id"])
    asked = asyncio.create_task(waiting.claim(db, app.state.feed, actor, wait_s=20, gone=gone))
    await asyncio.sleep(0.1)
    left = True
    task = await _task(client)
    with pytest.raises(waiting.ClientGone):
        await asked
    assert (await client.get(f"/api/v1/tasks/{task['id']}")).json()["state"] == "ready"


async def test_waiting_ends_when_the_server_stops(
    client: httpx.AsyncClient, as_agent: AsAgent, app: FastAPI, db: Database
) -> None:
    await as_agent("research")
    me = (await client.get("/api/v1/agents")).json()["items"][0]

    async def gone() -> bool:
        return False

    actor = Actor(_workspace(await client.get("/api/v1/session")), ActorKind.AGENT, me["id"])
    asked = asyncio.create_task(waiting.claim(db, app.state.feed, actor, wait_s=60, gone=gone))
    await asyncio.sleep(0.1)
    app.state.feed.close()
    assert isinstance(await asyncio.wait_for(asked, 30), Unclaimed)


def _workspace(session: httpx.Response) -> str:
    found: str = session.json()["workspace"]["id"]
    return found


async def test_it_refuses_bounds_that_cannot_be(agent: httpx.AsyncClient) -> None:
    for body in ({"wait_s": 61}, {"wait_s": -1}, {"lease_s": 4}, {"lease_s": 3_601}):
        assert (await agent.post("/api/v1/agent/claim", json=body)).status_code == 422


async def test_it_needs_an_agents_key(client: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    assert (await client.post("/api/v1/agent/claim")).status_code == 403
    assert (await anonymous.post("/api/v1/agent/claim")).status_code == 401

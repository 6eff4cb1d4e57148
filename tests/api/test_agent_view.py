"""/agent/tasks, /agent/questions and /runs/{id}/release: what an agent sees of its work"""

import asyncio
from typing import Any

import httpx
from api_world import AsAgent, with_key
from fastapi import FastAPI


async def _task(client: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    answer = await client.post("/api/v1/tasks", json={"title": "Write it", "state": "ready", **fields})
    found: dict[str, Any] = answer.json()
    return found


async def _agent_id(client: httpx.AsyncClient, name: str) -> str:
    rows = (await client.get("/api/v1/agents")).json()["items"]
    return str(next(row["id"] for row in rows if row["name"] == name))


async def test_an_agent_lists_what_it_works_on_and_then_what_it_may_claim(
    client: httpx.AsyncClient, as_agent: AsAgent
) -> None:
    agent, _ = await as_agent("research"), await as_agent("drafting")
    mine, other = await _agent_id(client, "research"), await _agent_id(client, "drafting")
    held = await _task(client, agent_id=mine)
    await agent.post("/api/v1/agent/claim", json={"task_id": held["id"]})
    urgent = await _task(client, priority="urgent")
    await _task(client, agent_id=other)
    await _task(client, agent_id=mine, state="backlog")
    listed = (await agent.get("/api/v1/agent/tasks")).json()["items"]
    assert [task["id"] for task in listed] == [held["id"], urgent["id"]]
    ready = (await agent.get("/api/v1/agent/tasks?state=ready")).json()["items"]
    assert [task["id"] for task in ready] == [urgent["id"]]


async def test_it_sees_a_task_with_all_it_needs_by_id_or_ref(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent = await as_agent("research")
    task = await _task(client, brief="Why", acceptance=["Three sources"])
    await client.post(f"/api/v1/tasks/{task['id']}/comments", json={"body": "Mind the dates."})
    claim = (await agent.post("/api/v1/agent/claim", json={})).json()
    for name in (task["id"], task["ref"], task["ref"].lower()):
        seen = (await agent.get(f"/api/v1/agent/tasks/{name}")).json()
        assert (seen["task"]["brief"], seen["task"]["acceptance"][0]["text"]) == ("Why", "Three sources")
        assert (seen["run"]["id"], seen["run"]["fence"]) == (claim["run"]["id"], 1)
        assert [(one["author"], one["body"]) for one in seen["comments"]] == [("Owner", "Mind the dates.")]


async def test_the_task_of_another_agent_is_not_there_until_something_about_it_comes_to_its_inbox(
    client: httpx.AsyncClient, as_agent: AsAgent
) -> None:
    agent, _ = await as_agent("research"), await as_agent("drafting")
    task = await _task(client, agent_id=await _agent_id(client, "drafting"))
    path = f"/api/v1/agent/tasks/{task['id']}"
    hidden = await agent.get(path)
    assert (hidden.status_code, "list_my_tasks" in hidden.json()["detail"]) == (404, True)
    await client.post(f"/api/v1/tasks/{task['id']}/comments", json={"body": "@research what do you say?"})
    assert (await agent.get(path)).status_code == 200


async def test_a_run_key_sees_the_task_of_its_run_and_no_other(
    client: httpx.AsyncClient, app: FastAPI, as_agent: AsAgent
) -> None:
    agent = await as_agent("research")
    task, other = await _task(client, priority="urgent"), await _task(client)
    claim = (await agent.post("/api/v1/agent/claim", json={})).json()
    async with with_key(app, claim["run_key"]) as worker:
        assert [row["id"] for row in (await worker.get("/api/v1/agent/tasks")).json()["items"]] == [task["id"]]
        assert (await worker.get(f"/api/v1/agent/tasks/{other['id']}")).status_code == 404


async def test_who_asked_waits_for_the_answer(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent, stranger = await as_agent("research"), await as_agent("drafting")
    await _task(client)
    run = (await agent.post("/api/v1/agent/claim", json={})).json()["run"]["id"]
    asked = (await agent.post(f"/api/v1/runs/{run}/questions", json={"text": "Which year?"})).json()
    path = f"/api/v1/agent/questions/{asked['id']}"
    assert (await agent.get(path)).json()["state"] == "open"
    assert (await stranger.get(path)).status_code == 404
    waiting = asyncio.create_task(agent.get(path, params={"wait_s": 60}))
    await asyncio.sleep(0.05)
    await client.post(f"/api/v1/questions/{asked['id']}/answer", json={"answer": "2026"})
    assert (await asyncio.wait_for(waiting, 30)).json()["answer"] == "2026"


async def test_giving_a_task_back_ends_the_run_and_counts_as_no_failure(
    client: httpx.AsyncClient, as_agent: AsAgent
) -> None:
    agent = await as_agent("research")
    task = await _task(client, attempt_limit=1)
    run = (await agent.post("/api/v1/agent/claim", json={})).json()["run"]["id"]
    for _ in range(2):
        given = await agent.post(f"/api/v1/runs/{run}/release", json={"reason": "no access"})
        assert (given.status_code, given.json()["state"], given.json()["reason"]) == (200, "cancelled", "no access")
    assert (await client.get(f"/api/v1/tasks/{task['id']}")).json()["state"] == "ready"
    late = await agent.post(f"/api/v1/runs/{run}/finish", json={"outcome": "succeeded"})
    assert (late.status_code, late.json()["code"]) == (409, "lease_lost")

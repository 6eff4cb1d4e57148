"""Agents that share out work: subtasks, links between them, a lead that assigns."""

import httpx
from api_world import AsAgent, with_key
from fastapi import FastAPI

from quarterdeck.control.delegation.actions import MAX_DELEGATED_DEPTH, MAX_PER_RUN


async def _task(client: httpx.AsyncClient, **fields: object) -> dict:
    answer = await client.post("/api/v1/tasks", json={"title": "Whole", "state": "ready", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _claimed(app: FastAPI, agent: httpx.AsyncClient, **wanted: object) -> tuple[httpx.AsyncClient, dict]:
    answer = (await agent.post("/api/v1/agent/claim", json=wanted)).json()
    assert answer["claimed"], answer
    return with_key(app, answer["run_key"]), answer


async def _split(worker: httpx.AsyncClient, claimed: dict, **fields: object) -> httpx.Response:
    return await worker.post(f"/api/v1/runs/{claimed['run']['id']}/subtasks", json={"title": "Part", **fields})


async def test_a_worker_splits_its_task_and_the_whole_waits_for_its_parts(
    client: httpx.AsyncClient, app: FastAPI, as_agent: AsAgent
) -> None:
    project = (await client.post("/api/v1/projects", json={"name": "P"})).json()
    whole = await _task(client, project_id=project["id"], review="n:2")
    worker, claimed = await _claimed(app, await as_agent("planner"))
    async with worker:
        first = (await _split(worker, claimed, title="First", note="Mind the tables")).json()
        second = (await _split(worker, claimed, title="Second", waits_for=[first["id"]])).json()
        aside = (await _split(worker, claimed, title="Aside", needed=False)).json()
    for part in (first, second, aside):
        assert part["parent"]["id"] == whole["id"]
        assert (part["project"]["id"], part["review"], part["state"]) == (project["id"], "n:2", "ready")
        assert part["accountable"] == whole["accountable"]
    assert first["note"] == "Mind the tables"
    shown = (await client.get(f"/api/v1/tasks/{whole['id']}")).json()
    assert [one["title"] for one in shown["waits_for"]] == ["First", "Second"]
    assert shown["subtasks"] == {"total": 3, "closed": 0}
    assert second["waits_for"][0]["id"] == first["id"]


async def test_parts_cost_together_no_more_than_the_whole_has_left(
    client: httpx.AsyncClient, app: FastAPI, as_agent: AsAgent
) -> None:
    await _task(client, budget_nano=1_000)
    worker, claimed = await _claimed(app, await as_agent("planner"))
    async with worker:
        without = await _split(worker, claimed)
        assert (without.status_code, without.json()["left_nano"]) == (400, 1_000)
        assert (await _split(worker, claimed, budget_nano=600)).status_code == 201
        too_much = await _split(worker, claimed, budget_nano=401)
        assert (too_much.status_code, too_much.json()["field"], too_much.json()["left_nano"]) == (
            400,
            "budget_nano",
            400,
        )
        assert (await _split(worker, claimed, budget_nano=400)).status_code == 201


async def test_splitting_has_a_depth_and_a_number(client: httpx.AsyncClient, app: FastAPI, as_agent: AsAgent) -> None:
    await client.post("/api/v1/agents", json={"name": "planner", "capacity": 100})
    agent = await as_agent("planner")
    await _task(client)
    worker, claimed = await _claimed(app, agent)
    for _ in range(MAX_DELEGATED_DEPTH):
        part = (await _split(worker, claimed, needed=False)).json()
        await worker.aclose()
        worker, claimed = await _claimed(app, agent, task_id=part["id"])
    refused = await _split(worker, claimed)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_deep")
    await worker.aclose()
    await _task(client, priority="urgent")
    worker, claimed = await _claimed(app, agent)
    async with worker:
        for _ in range(MAX_PER_RUN):
            assert (await _split(worker, claimed, needed=False)).status_code == 201
        refused = await _split(worker, claimed)
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_subtasks")


async def test_an_agent_links_its_own_tasks_and_no_others(
    client: httpx.AsyncClient, app: FastAPI, as_agent: AsAgent
) -> None:
    await _task(client)
    agent = await as_agent("planner")
    worker, claimed = await _claimed(app, agent)
    async with worker:
        first = (await _split(worker, claimed, needed=False)).json()
        second = (await _split(worker, claimed, needed=False)).json()
        foreign = await _task(client)
        pair = {"task_id": second["id"], "waits_for": first["id"]}
        assert (await worker.post("/api/v1/agent/dependencies", json=pair)).status_code == 200
        back = {"task_id": first["id"], "waits_for": second["id"]}
        refused = await agent.post("/api/v1/agent/dependencies", json=back)
        assert (refused.status_code, refused.json()["code"]) == (409, "dependency_cycle")
        for who in (worker, agent):
            away = {"task_id": foreign["id"], "waits_for": first["id"]}
            refused = await who.post("/api/v1/agent/dependencies", json=away)
            assert (refused.status_code, refused.json()["code"]) == (403, "not_own")


async def test_only_the_lead_of_the_project_assigns_to_other_agents(
    client: httpx.AsyncClient, app: FastAPI, as_agent: AsAgent
) -> None:
    lead, other = await as_agent("lead"), await as_agent("other")
    ids = {one["name"]: one["id"] for one in (await client.get("/api/v1/agents")).json()["items"]}
    project = (await client.post("/api/v1/projects", json={"name": "P", "lead_agent_id": ids["lead"]})).json()
    inside, outside = await _task(client, project_id=project["id"]), await _task(client)
    body = {"agent_id": ids["other"], "note": "Yours: you wrote the last one."}
    assigned = (await lead.post(f"/api/v1/agent/tasks/{inside['id']}/assign", json=body)).json()
    assert (assigned["agent"]["name"], assigned["note"]) == ("other", body["note"])
    for who, task in ((other, inside), (lead, outside)):
        refused = await who.post(f"/api/v1/agent/tasks/{task['id']}/assign", json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_lead")
    worker, claimed = await _claimed(app, other)
    async with worker:
        refused = await _split(worker, claimed, agent_id=ids["lead"])
        assert (refused.status_code, refused.json()["code"]) == (403, "not_lead")
        assert (await _split(worker, claimed, agent_id=ids["other"])).status_code == 201


async def test_a_worker_that_lost_its_lease_splits_nothing(
    client: httpx.AsyncClient, app: FastAPI, as_agent: AsAgent
) -> None:
    await _task(client)
    worker, claimed = await _claimed(app, await as_agent("planner"))
    async with worker:
        stale = await _split(worker, claimed, fence=claimed["run"]["fence"] + 1)
        assert (stale.status_code, stale.json()["code"]) == (409, "lease_lost")
    assert len((await client.get("/api/v1/tasks")).json()["items"]) == 1


async def test_who_waits_for_a_cancelled_task_is_told_and_waits_on_until_a_person_decides(
    client: httpx.AsyncClient, as_agent: AsAgent
) -> None:
    draft, review = await _task(client), await _task(client)
    await client.post(f"/api/v1/tasks/{review['id']}/dependencies", json={"waits_for": draft["id"]})
    await client.post(f"/api/v1/tasks/{draft['id']}/move", json={"to": "cancelled"})
    agent = await as_agent("worker")
    assert (await agent.post("/api/v1/agent/claim", json={})).json()["claimed"] is False
    graph = (await client.get(f"/api/v1/tasks/{review['id']}/graph")).json()
    assert graph["reason"] == "waits for T-1 Whole, which was cancelled"
    await client.delete(f"/api/v1/tasks/{review['id']}/dependencies/{draft['id']}")
    assert (await agent.post("/api/v1/agent/claim", json={})).json()["task"]["id"] == review["id"]

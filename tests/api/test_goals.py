"""/goals: what tasks are for; how a goal stands is computed from the tasks that serve it."""

from typing import Any

import httpx
from api_world import AsAgent, AsRole
from spending import spend

from quarterdeck.access.members import Member
from quarterdeck.db import Database
from quarterdeck.kernel.clock import DAY, FakeClock, iso

GOALS = "/api/v1/goals"


async def _goal(client: httpx.AsyncClient, name: str = "Launch", **fields: object) -> dict[str, Any]:
    answer = await client.post(GOALS, json={"name": name, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _task(client: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    answer = await client.post("/api/v1/tasks", json={"title": "Write it", "review": "none", **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _read(client: httpx.AsyncClient, goal: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"{GOALS}/{goal['id']}")).json()
    return found


async def _do(agent: httpx.AsyncClient, task: dict[str, Any]) -> None:
    claimed = (await agent.post("/api/v1/agent/claim", json={"task_id": task["id"]})).json()
    done = await agent.post(f"/api/v1/runs/{claimed['run']['id']}/finish", json={"outcome": "succeeded"})
    assert done.status_code == 200, done.text


async def test_a_goal_is_created_changed_listed_by_name_and_deleted(client: httpx.AsyncClient, owner: Member) -> None:
    project = (await client.post("/api/v1/projects", json={"name": "Site"})).json()
    goal = await _goal(
        client, "Zeta", statement="Everybody finds it.", project_id=project["id"], due_at="2027-02-01T12:00:00Z"
    )
    assert (goal["state"], goal["done_share"], goal["tasks"], goal["cost_nano"]) == ("empty", None, {}, 0)
    assert (goal["accountable"]["id"], goal["project"]["name"], goal["version"]) == (owner.id, "Site", 1)
    assert await _read(client, goal) == goal
    await _goal(client, "Alpha")
    page = (await client.get(GOALS, params={"limit": 1})).json()
    rest = (await client.get(GOALS, params={"after": page["next"]})).json()
    assert [one["name"] for one in [*page["items"], *rest["items"]]] == ["Alpha", "Zeta"]
    mine = (await client.get(GOALS, params={"project_id": project["id"]})).json()["items"]
    assert [one["name"] for one in mine] == ["Zeta"]
    path = f"{GOALS}/{goal['id']}"
    changed = await client.patch(path, json={"due_at": None, "project_id": None}, headers={"if-match": '"1"'})
    assert (changed.json()["due_at"], changed.json()["project"], changed.json()["version"]) == (None, None, 2)
    late = await client.delete(path, headers={"if-match": '"1"'})
    assert (late.status_code, late.json()["version"]) == (409, 2)
    assert (await client.delete(path, headers={"if-match": '"2"'})).status_code == 204
    assert (await client.get(path)).status_code == 404
    told = [one["kind"] for one in (await client.get("/api/v1/audit")).json()["items"] if "goal" in one["kind"]]
    assert told == ["goal.deleted", "goal.changed", "goal.created", "goal.created"]


async def test_its_state_follows_its_tasks(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent, goal = await as_agent("worker"), await _goal(client)
    first = await _task(client, goal_id=goal["id"], state="ready")
    second = await _task(client, goal_id=goal["id"], state="ready")
    await client.post(f"/api/v1/tasks/{second['id']}/dependencies", json={"waits_for": first["id"]})
    planned = await _read(client, goal)
    assert (planned["state"], planned["done_share"], planned["blocked"]) == ("planned", 0.0, 1)
    await _do(agent, first)
    halfway = await _read(client, goal)
    assert (halfway["state"], halfway["done_share"], halfway["blocked"]) == ("under_way", 0.5, 0)
    await client.post(f"/api/v1/tasks/{second['id']}/move", json={"to": "cancelled"})
    reached = await _read(client, goal)
    assert (reached["state"], reached["done_share"]) == ("reached", 1.0)
    assert reached["tasks"] == {"done": 1, "cancelled": 1}
    dropped = await _goal(client, "Other")
    gone = await _task(client, goal_id=dropped["id"])
    await client.post(f"/api/v1/tasks/{gone['id']}/move", json={"to": "cancelled"})
    assert (await _read(client, dropped))["state"] == "dropped"


async def test_it_costs_what_its_tasks_cost(client: httpx.AsyncClient, db: Database, owner: Member) -> None:
    goal = await _goal(client)
    mine, other = await _task(client, goal_id=goal["id"]), await _task(client)
    await spend(db, owner.workspace_id, "task", mine["id"], calls=3, cost=7_000, unpriced_calls=1)
    await spend(db, owner.workspace_id, "task", mine["id"], days_ago=40, calls=1, cost=500)
    await spend(db, owner.workspace_id, "task", other["id"], calls=9, cost=9_000)
    found = await _read(client, goal)
    assert (found["calls"], found["cost_nano"], found["unpriced_calls"]) == (4, 7_500, 1)


async def test_the_forecast_is_the_pace_of_what_was_done(
    client: httpx.AsyncClient, as_agent: AsAgent, clock: FakeClock
) -> None:
    agent, goal = await as_agent("worker"), await _goal(client)
    made = [await _task(client, goal_id=goal["id"], state="ready") for _ in range(5)]
    for task in made[:2]:
        await _do(agent, task)
    clock.advance(6 * 86_400)
    assert (await _read(client, goal))["forecast_at"] is None
    await _do(agent, made[2])
    # Three in six days: the two that are left take four more.
    assert (await _read(client, goal))["forecast_at"] == iso(clock.now() + 4 * DAY)


async def test_tasks_name_their_goal_and_are_found_by_it(client: httpx.AsyncClient) -> None:
    project = (await client.post("/api/v1/projects", json={"name": "Site"})).json()
    goal = await _goal(client, project_id=project["id"])
    task = await _task(client, goal_id=goal["id"])
    assert task["goal"] == {"id": goal["id"], "name": "Launch"}
    assert task["project"]["name"] == "Site"
    part = await _task(client, parent_id=task["id"])
    assert part["goal"] == task["goal"]
    free = await _task(client)
    for which, refs in ((goal["id"], {"T-1", "T-2"}), ("none", {"T-3"})):
        rows = (await client.get("/api/v1/tasks", params={"goal_id": which})).json()["items"]
        columns = (await client.get("/api/v1/board", params={"goal_id": which})).json()["columns"]
        assert {row["ref"] for row in rows} == refs
        assert {row["ref"] for column in columns for row in column["items"]} == refs
    path = f"/api/v1/tasks/{free['id']}"
    assert (await client.patch(path, json={"goal_id": goal["id"]})).json()["goal"]["name"] == "Launch"
    assert (await client.patch(path, json={"goal_id": None})).json()["goal"] is None
    bulk = {"task_ids": [free["id"]], "change": {"goal_id": goal["id"]}}
    assert (await client.post("/api/v1/tasks/bulk", json=bulk)).json()["items"][0]["task"]["goal"]["name"] == "Launch"


async def test_a_worker_is_told_what_its_task_is_for(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent, goal = await as_agent("worker"), await _goal(client, statement="Everybody finds it.")
    await _task(client, goal_id=goal["id"], state="ready")
    claimed = (await agent.post("/api/v1/agent/claim", json={})).json()
    said = {"id": goal["id"], "name": "Launch", "statement": "Everybody finds it."}
    assert claimed["goal"] == said
    assert (await agent.get("/api/v1/agent/tasks/T-1")).json()["goal"] == said


async def test_a_deleted_goal_leaves_its_tasks_and_a_deleted_project_its_goals(client: httpx.AsyncClient) -> None:
    project = (await client.post("/api/v1/projects", json={"name": "Site"})).json()
    kept, gone = await _goal(client, "Kept", project_id=project["id"]), await _goal(client, "Gone")
    task = await _task(client, goal_id=gone["id"])
    assert (await client.delete(f"{GOALS}/{gone['id']}")).status_code == 204
    left = (await client.get(f"/api/v1/tasks/{task['id']}")).json()
    assert (left["goal"], left["version"]) == (None, task["version"] + 1)
    assert (await client.delete(f"/api/v1/projects/{project['id']}")).status_code == 204
    assert (await _read(client, kept))["project"] is None


async def test_a_goal_that_cannot_be_is_refused(client: httpx.AsyncClient) -> None:
    await _goal(client)
    for body, status, word in (
        ({"name": ""}, 422, "name"),
        ({"name": "a\u200b"}, 400, "name"),
        ({"name": "New", "statement": "x" * 4_001}, 422, "statement"),
        ({"name": "New", "project_id": "prj_none"}, 400, "project_id"),
        ({"name": "New", "accountable_id": "mem_none"}, 400, "accountable_id"),
        ({"name": "New", "due_at": "soon"}, 400, "due_at"),
        ({"name": " lAUNCH "}, 409, "There is a goal"),
    ):
        answer = await client.post(GOALS, json=body)
        assert (answer.status_code, word in answer.text) == (status, True), answer.text
    unknown = await client.post("/api/v1/tasks", json={"title": "x", "goal_id": "gol_none"})
    assert (unknown.status_code, unknown.json()["field"]) == (400, "goal_id")


async def test_a_viewer_reads_goals_and_changes_none(client: httpx.AsyncClient, as_role: AsRole) -> None:
    goal, viewer = await _goal(client), await as_role("viewer")
    assert (await viewer.get(f"{GOALS}/{goal['id']}")).status_code == 200
    assert (await viewer.post(GOALS, json={"name": "Mine"})).status_code == 403
    assert (await viewer.delete(f"{GOALS}/{goal['id']}")).status_code == 403


async def test_whoever_answers_for_a_goal_is_removed_only_when_somebody_takes_it(
    client: httpx.AsyncClient, as_role: AsRole, owner: Member
) -> None:
    await as_role("operator")
    people = (await client.get("/api/v1/members")).json()["items"]
    leaving = next(one["id"] for one in people if one["id"] != owner.id)
    goal = await _goal(client, accountable_id=leaving)
    refused = await client.delete(f"/api/v1/members/{leaving}")
    assert (refused.status_code, "1 goal" in refused.json()["detail"]) == (409, True)
    gone = await client.delete(f"/api/v1/members/{leaving}", params={"reassign_to": owner.id})
    assert gone.status_code == 204, gone.text
    assert (await _read(client, goal))["accountable"]["id"] == owner.id

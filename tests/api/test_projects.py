"""/projects, and what a project means for its tasks."""

import httpx
from api_world import AsAgent, AsRole


async def _project(client: httpx.AsyncClient, name: str = "Reports", **fields: object) -> dict:
    answer = await client.post("/api/v1/projects", json={"name": name, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _task(client: httpx.AsyncClient, **fields: object) -> dict:
    answer = await client.post("/api/v1/tasks", json={"title": "Write it", "state": "ready", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_project_is_created_read_back_and_listed_by_name(client: httpx.AsyncClient) -> None:
    agent = (await client.post("/api/v1/agents", json={"name": "lead"})).json()
    made = await _project(client, "Zeta", description="# Aim", lead_agent_id=agent["id"], review="n:2")
    assert made["lead_agent"] == {"id": agent["id"], "name": "lead"}
    assert (made["review"], made["tasks"], made["archived_at"], made["version"]) == ("n:2", {}, None, 1)
    assert (await client.get(f"/api/v1/projects/{made['id']}")).json() == made
    await _project(client, "Alpha")
    names = [one["name"] for one in (await client.get("/api/v1/projects")).json()["items"]]
    assert names == ["Alpha", "Zeta"]
    page = (await client.get("/api/v1/projects", params={"limit": 1})).json()
    assert [one["name"] for one in page["items"]] == ["Alpha"]
    page = (await client.get("/api/v1/projects", params={"after": page["next"]})).json()
    assert [one["name"] for one in page["items"]] == ["Zeta"]


async def test_two_projects_of_one_name_are_refused(client: httpx.AsyncClient) -> None:
    await _project(client, "Reports")
    answer = await client.post("/api/v1/projects", json={"name": " rePORTS "})
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


async def test_tasks_take_the_review_policy_of_their_project(client: httpx.AsyncClient) -> None:
    project = await _project(client, review="none")
    assert (await _task(client, project_id=project["id"]))["review"] == "none"
    assert (await _task(client, project_id=project["id"], review="one"))["review"] == "one"
    assert (await _task(client))["review"] == "one"
    assert (await client.get(f"/api/v1/projects/{project['id']}")).json()["tasks"] == {"ready": 2}
    found = (await client.get("/api/v1/tasks", params={"project_id": project["id"]})).json()["items"]
    assert [task["ref"] for task in found] == ["T-2", "T-1"]


async def test_a_change_is_made_from_the_version_it_names(client: httpx.AsyncClient) -> None:
    path = f"/api/v1/projects/{(await _project(client))['id']}"
    changed = (await client.patch(path, json={"description": "New"}, headers={"if-match": '"1"'})).json()
    assert (changed["description"], changed["version"]) == ("New", 2)
    late = await client.patch(path, json={"description": "Late"}, headers={"if-match": '"1"'})
    assert (late.status_code, late.json()["version"]) == (409, 2)


async def test_an_archived_project_takes_no_task_and_gives_none_away(
    client: httpx.AsyncClient, as_agent: AsAgent
) -> None:
    project = await _project(client)
    await _task(client, project_id=project["id"])
    path = f"/api/v1/projects/{project['id']}"
    assert (await client.patch(path, json={"archived": True})).json()["archived_at"] is not None
    refused = await client.post("/api/v1/tasks", json={"title": "More", "project_id": project["id"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "project_archived")
    agent = await as_agent("worker")
    assert (await agent.post("/api/v1/agent/claim", json={})).json()["claimed"] is False
    assert (await client.get("/api/v1/projects", params={"archived": False})).json()["items"] == []
    await client.patch(path, json={"archived": False})
    assert (await agent.post("/api/v1/agent/claim", json={})).json()["claimed"] is True


async def test_a_held_project_gives_no_task_until_it_is_released(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    project = await _project(client)
    task = await _task(client, project_id=project["id"])
    path = f"/api/v1/projects/{project['id']}"
    held = (await client.post(f"{path}/hold", json={"reason": "Legal looks at it"})).json()
    assert held["held_at"] is not None and held["hold_reason"] == "Legal looks at it"
    agent = await as_agent("worker")
    nothing = (await agent.post("/api/v1/agent/claim", json={})).json()
    assert (nothing["claimed"], nothing["reason"]) == (False, "held")
    assert "held" in nothing["message"]
    assert (await client.post(f"{path}/release")).json()["held_at"] is None
    assert (await agent.post("/api/v1/agent/claim", json={})).json()["task"]["id"] == task["id"]


async def test_only_a_project_without_tasks_is_deleted(client: httpx.AsyncClient) -> None:
    project = await _project(client)
    path = f"/api/v1/projects/{project['id']}"
    task = await _task(client, project_id=project["id"])
    refused = await client.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "project_in_use")
    await client.patch(f"/api/v1/tasks/{task['id']}", json={"project_id": None})
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_a_viewer_reads_projects_and_changes_none(client: httpx.AsyncClient, as_role: AsRole) -> None:
    project = await _project(client)
    viewer = await as_role("viewer")
    assert (await viewer.get(f"/api/v1/projects/{project['id']}")).status_code == 200
    assert (await viewer.post("/api/v1/projects", json={"name": "Mine"})).status_code == 403

"""/tasks/bulk, search and filters, watchers: many tasks at once."""

import httpx
from api_world import AsRole


async def _task(client: httpx.AsyncClient, title: str = "Write it", **fields: object) -> dict:
    answer = await client.post("/api/v1/tasks", json={"title": title, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _bulk(client: httpx.AsyncClient, **body: object) -> dict:
    answer = await client.post("/api/v1/tasks/bulk", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_one_act_changes_many_tasks_and_one_that_refuses_keeps_no_other_from_it(
    client: httpx.AsyncClient,
) -> None:
    tasks = [await _task(client, str(n), labels=["old", "kept"]) for n in range(3)]
    await client.post(f"/api/v1/tasks/{tasks[1]['id']}/move", json={"to": "cancelled"})
    ids = [*(task["id"] for task in tasks), "tsk_none"]
    done = await _bulk(
        client,
        task_ids=ids,
        change={"priority": "urgent"},
        add_labels=["new"],
        remove_labels=["OLD"],
        move_to="ready",
    )
    assert (done["done"], done["refused"]) == (2, 2)
    assert [one["task_id"] for one in done["items"]] == ids
    for place in (0, 2):
        task = done["items"][place]["task"]
        assert (task["priority"], task["labels"], task["state"]) == ("urgent", ["kept", "new"], "ready")
    assert done["items"][1]["refusal"]["code"] == "move_not_allowed"
    assert done["items"][1]["refusal"]["extra"]["allowed"] == []
    assert done["items"][3]["refusal"]["code"] == "not_found"
    untouched = (await client.get(f"/api/v1/tasks/{tasks[1]['id']}")).json()
    assert (untouched["priority"], untouched["labels"]) == ("normal", ["old", "kept"])


async def test_many_are_assigned_and_held_at_once(client: httpx.AsyncClient) -> None:
    agent = (await client.post("/api/v1/agents", json={"name": "worker"})).json()
    ids = [(await _task(client))["id"] for _ in range(2)]
    done = await _bulk(client, task_ids=ids, assign={"agent_id": agent["id"]}, hold=True, note="Not yet")
    assert all(one["task"]["agent"]["id"] == agent["id"] for one in done["items"])
    assert all(one["task"]["hold"]["reason"] == "Not yet" for one in done["items"])
    assert (await client.get("/api/v1/tasks", params={"held": True})).json()["items"]
    done = await _bulk(client, task_ids=ids, hold=False)
    assert all(one["task"]["hold"] is None for one in done["items"])


async def test_a_list_narrows_by_everything_a_task_has(client: httpx.AsyncClient) -> None:
    project = (await client.post("/api/v1/projects", json={"name": "P"})).json()
    parent = await _task(client, "Parent", project_id=project["id"], labels=["Größe", "b"], priority="high")
    child = await _task(client, "Child", parent_id=parent["id"])
    late = await _task(client, "Late", due_at="2020-01-01T00:00:00Z")
    await client.post(f"/api/v1/tasks/{child['id']}/dependencies", json={"waits_for": late["id"]})
    await client.put(f"/api/v1/tasks/{late['id']}/watchers/me")
    me = (await client.get("/api/v1/session")).json()["member"]["id"]

    async def found(**params: object) -> list[str]:
        answer = await client.get("/api/v1/tasks", params=params)
        assert answer.status_code == 200, answer.text
        return [task["title"] for task in answer.json()["items"]]

    assert await found(project_id=project["id"]) == ["Child", "Parent"]
    assert await found(parent_id=parent["id"]) == ["Child"]
    assert await found(label="Größe") == ["Parent"]
    assert await found(label="nothing") == []
    assert await found(priority="high") == ["Parent"]
    assert await found(blocked=True) == ["Child"]
    assert await found(blocked=False) == ["Late", "Parent"]
    assert await found(overdue=True) == ["Late"]
    assert await found(overdue=True, state=["backlog", "ready"]) == ["Late"]
    assert await found(blocked=True, state=["backlog", "ready"]) == ["Child"]
    assert await found(watcher_id=me) == ["Late"]
    assert await found(accountable_id=me, q="par") == ["Parent"]
    assert await found(q="größ") == ["Parent"]
    board = (await client.get("/api/v1/board", params={"project_id": project["id"]})).json()
    assert [column["count"] for column in board["columns"]] == [2, 0, 0, 0, 0]


async def test_everybody_may_watch_and_only_who_works_on_tasks_may_let_others_watch(
    client: httpx.AsyncClient, as_role: AsRole
) -> None:
    task = await _task(client)
    viewer = await as_role("viewer")
    shown = (await viewer.put(f"/api/v1/tasks/{task['id']}/watchers/me")).json()
    assert [one["name"] for one in shown["watchers"]] == ["Viewer"]
    owner = task["accountable"]["id"]
    refused = await viewer.put(f"/api/v1/tasks/{task['id']}/watchers/{owner}")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    both = (await client.put(f"/api/v1/tasks/{task['id']}/watchers/{owner}")).json()
    assert len(both["watchers"]) == 2
    left = (await client.delete(f"/api/v1/tasks/{task['id']}/watchers/{shown['watchers'][0]['id']}")).json()
    assert [one["id"] for one in left["watchers"]] == [owner]

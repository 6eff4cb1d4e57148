"""Tasks that are offered to a squad, wherever a task is made, given or shown."""

from typing import Any

import httpx
from api_world import AsAgent


async def _squad(client: httpx.AsyncClient, *names: str) -> dict[str, Any]:
    agents = {row["name"]: row["id"] for row in (await client.get("/api/v1/agents")).json()["items"]}
    body = {"name": "Writers", "agent_ids": [agents[name] for name in names]}
    answer = await client.post("/api/v1/squads", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_squads_task_shows_its_squad_until_an_agent_has_it(
    client: httpx.AsyncClient, as_agent: AsAgent
) -> None:
    anna, stranger = await as_agent("anna"), await as_agent("stranger")
    squad = await _squad(client, "anna")
    made = (await client.post("/api/v1/tasks", json={"title": "T", "state": "ready", "squad_id": squad["id"]})).json()
    assert (made["squad"], made["agent"]) == ({"id": squad["id"], "name": "Writers"}, None)
    assert made["status"]["words"] == "ready, waits for an agent of Writers to claim it"
    board = (await client.get("/api/v1/board", params={"squad_id": squad["id"]})).json()["columns"]
    assert [column["count"] for column in board] == [0, 1, 0, 0, 0]
    assert (await stranger.get(f"/api/v1/agent/tasks/{made['ref']}")).status_code == 404
    assert (await stranger.post("/api/v1/agent/claim", json={})).json()["claimed"] is False
    assert (await anna.get(f"/api/v1/agent/tasks/{made['ref']}")).status_code == 200
    assert (await anna.post("/api/v1/agent/claim", json={})).json()["task"]["id"] == made["id"]
    taken = (await client.get(f"/api/v1/tasks/{made['id']}")).json()
    assert (taken["agent"]["name"], taken["assigned"], taken["squad"]["name"]) == ("anna", False, "Writers")


async def test_many_are_offered_at_once_and_one_person_takes_it_back(
    client: httpx.AsyncClient, as_agent: AsAgent
) -> None:
    await as_agent("anna")
    squad = await _squad(client, "anna")
    ids = [(await client.post("/api/v1/tasks", json={"title": str(n)})).json()["id"] for n in range(2)]
    body = {"task_ids": ids, "assign": {"agent_id": None, "squad_id": squad["id"]}}
    done = (await client.post("/api/v1/tasks/bulk", json=body)).json()
    assert [one["task"]["squad"]["id"] for one in done["items"]] == [squad["id"]] * 2
    both = {"agent_id": squad["agents"][0]["id"], "squad_id": squad["id"]}
    refused = await client.post(f"/api/v1/tasks/{ids[0]}/assign", json=both)
    assert (refused.status_code, refused.json()["field"]) == (400, "squad_id")
    freed = (await client.post(f"/api/v1/tasks/{ids[0]}/assign", json={"agent_id": None})).json()
    assert freed["squad"] is None
    kept = await client.delete(f"/api/v1/squads/{squad['id']}")
    assert (kept.status_code, kept.json()["code"]) == (409, "squad_in_use")


async def test_whoever_reads_a_squads_task_by_a_link_is_told_the_squad(
    client: httpx.AsyncClient, as_agent: AsAgent
) -> None:
    await as_agent("anna")
    squad = await _squad(client, "anna")
    task = (await client.post("/api/v1/tasks", json={"title": "T", "squad_id": squad["id"]})).json()
    made = (await client.post("/api/v1/shares", json={"task_id": task["id"]})).json()
    shown = (await client.post("/api/v1/shared", json={"token": made["url"].partition("#")[2]})).json()["task"]
    assert (shown["agent"], shown["squad"]) == (None, "Writers")


async def test_templates_schedules_and_exports_name_a_squad(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    await as_agent("anna")
    squad = await _squad(client, "anna")
    task = {"title": "Weekly", "squad_id": squad["id"]}
    template = (await client.post("/api/v1/task-templates", json={"name": "Weekly", "task": task})).json()
    assert template["task"]["squad_id"] == squad["id"]
    made = (await client.post(f"/api/v1/task-templates/{template['id']}/tasks", json={})).json()
    assert made["squad"]["name"] == "Writers"
    schedule = {"name": "Weekly", "trigger": "api", "template_id": template["id"]}
    schedule_id = (await client.post("/api/v1/schedules", json=schedule)).json()["id"]
    fired = (await client.post(f"/api/v1/schedules/{schedule_id}/fire", json={})).json()
    assert (await client.get(f"/api/v1/tasks/{fired['task']['id']}")).json()["squad"]["name"] == "Writers"
    unknown = {"name": "Other", "task": {"title": "x", "squad_id": "sqd_none"}}
    assert (await client.post("/api/v1/task-templates", json=unknown)).json()["field"] == "squad_id"
    document = (await client.get("/api/v1/export")).json()
    assert (document["templates"][0]["squad"], document["tasks"][0]["squad"]) == ("Writers", "Writers")
    again = {**document, "templates": [], "tasks": [{**document["tasks"][0], "key": "a"}]}
    gone = {**document["tasks"][0], "key": "b", "squad": "Nobody here"}
    report = (await client.put("/api/v1/import", json={**again, "tasks": [*again["tasks"], gone]})).json()
    assert report["warnings"] == ["There is no squad Nobody here here; its tasks are for any agent."]
    rows = (await client.get("/api/v1/tasks", params={"squad_id": squad["id"]})).json()["items"]
    assert len(rows) == 3

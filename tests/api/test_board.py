"""/board"""

from typing import Any

import httpx
from api_world import AsAgent

from quarterdeck.control.tasks.views import BoardOut, TasksOut


async def _board(client: httpx.AsyncClient, **params: object) -> dict[str, Any]:
    answer = await client.get("/api/v1/board", params=params)
    assert answer.status_code == 200, answer.text
    return {column["state"]: column for column in answer.json()["columns"]}


async def test_it_has_five_columns_with_their_tasks(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/tasks", json={"title": "Waits"})
    await client.post("/api/v1/tasks", json={"title": "Is ready", "state": "ready"})
    await client.post("/api/v1/tasks", json={"title": "Is urgent", "state": "ready", "priority": "urgent"})
    board = await _board(client)
    assert list(board) == ["backlog", "ready", "in_progress", "in_review", "done"]
    assert [task["title"] for task in board["ready"]["items"]] == ["Is urgent", "Is ready"]
    assert [column["count"] for column in board.values()] == [1, 2, 0, 0, 0]


async def test_cancelled_tasks_are_not_on_it(client: httpx.AsyncClient) -> None:
    made = (await client.post("/api/v1/tasks", json={"title": "Never mind"})).json()
    await client.post(f"/api/v1/tasks/{made['id']}/move", json={"to": "cancelled"})
    assert sum(column["count"] for column in (await _board(client)).values()) == 0


async def test_it_narrows_to_an_agent_and_to_words(client: httpx.AsyncClient) -> None:
    agent = (await client.post("/api/v1/agents", json={"name": "research"})).json()
    await client.post("/api/v1/tasks", json={"title": "Find sources", "agent_id": agent["id"]})
    await client.post("/api/v1/tasks", json={"title": "Find a title"})
    await client.post("/api/v1/tasks", json={"title": "Rest"})
    assert (await _board(client, agent_id=agent["id"]))["backlog"]["count"] == 1
    found = (await _board(client, q="find"))["backlog"]
    assert (found["count"], len(found["items"])) == (2, 2)


async def test_a_long_column_goes_on_in_the_list(client: httpx.AsyncClient) -> None:
    for n in range(53):
        assert (await client.post("/api/v1/tasks", json={"title": str(n), "state": "ready"})).status_code == 201
    column = (await _board(client))["ready"]
    assert (column["count"], len(column["items"])) == (53, 50)
    rest = (await client.get("/api/v1/tasks", params={"state": "ready", "after": column["next"]})).json()
    assert ([task["title"] for task in rest["items"]], rest["next"]) == (["50", "51", "52"], None)


async def test_it_counts_without_a_card_where_none_is_asked_for(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/tasks", json={"title": "Waits"})
    await client.post("/api/v1/tasks", json={"title": "Waits too"})
    board = await _board(client, cards=0)
    assert (board["backlog"]["count"], board["backlog"]["items"], board["backlog"]["next"]) == (2, [], None)
    one = (await _board(client, cards=1))["backlog"]
    assert [task["title"] for task in one["items"]] == ["Waits"]
    rest = (await client.get("/api/v1/tasks", params={"state": "backlog", "after": one["next"]})).json()
    assert [task["title"] for task in rest["items"]] == ["Waits too"]


async def test_its_cards_are_what_the_api_document_says(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent = await as_agent("research")
    project = (await client.post("/api/v1/projects", json={"name": "Reports"})).json()
    first = (await client.post("/api/v1/tasks", json={"title": "First", "state": "ready"})).json()
    rich = {
        "title": "Second",
        "state": "ready",
        "priority": "urgent",
        "brief": "Long. " * 1_000,
        "acceptance": ["Three sources"],
        "labels": ["a", "ä"],
        "project_id": project["id"],
        "parent_id": first["id"],
        "due_at": "2027-03-01T00:00:00Z",
        "budget_nano": 5,
    }
    second = (await client.post("/api/v1/tasks", json=rich)).json()
    assert (await agent.post("/api/v1/agent/claim", json={})).json()["claimed"] is True
    third = (await client.post("/api/v1/tasks", json={"title": "Third"})).json()
    waits = await client.post(f"/api/v1/tasks/{third['id']}/dependencies", json={"waits_for": second["id"]})
    assert waits.status_code in (200, 201), waits.text
    assert (await client.post(f"/api/v1/tasks/{third['id']}/hold", json={"reason": "Not yet"})).status_code == 200
    assert (await client.put(f"/api/v1/tasks/{third['id']}/watchers/me")).status_code == 200

    for path, model in (("/api/v1/tasks", TasksOut), ("/api/v1/board", BoardOut)):
        answer = await client.get(path)
        assert model.model_validate_json(answer.text, extra="forbid").model_dump(mode="json") == answer.json()
    cards = {task["id"]: task for task in (await client.get("/api/v1/tasks")).json()["items"]}
    assert len(cards) == 3
    for task_id, card in cards.items():
        # One task is written by the model itself.
        alone = (await client.get(f"/api/v1/tasks/{task_id}")).json()
        assert {**alone, "brief": "", "brief_cut": False} == {**card, "brief": "", "brief_cut": False}
    assert cards[second["id"]]["run"]["agent_name"] == "research"
    assert cards[third["id"]]["hold"]["reason"] == "Not yet"

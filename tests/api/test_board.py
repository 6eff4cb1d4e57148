"""/board"""

from typing import Any

import httpx


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
    for n in range(103):
        assert (await client.post("/api/v1/tasks", json={"title": str(n), "state": "ready"})).status_code == 201
    column = (await _board(client))["ready"]
    assert (column["count"], len(column["items"])) == (103, 100)
    rest = (await client.get("/api/v1/tasks", params={"state": "ready", "after": column["next"]})).json()
    assert ([task["title"] for task in rest["items"]], rest["next"]) == (["100", "101", "102"], None)

"""/tasks/{id}/dependencies and /tasks/{id}/graph"""

from typing import Any

import httpx


async def _task(client: httpx.AsyncClient, title: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.post("/api/v1/tasks", json={"title": title, "state": "ready"})).json()
    return found


async def test_a_task_says_what_it_waits_for_and_since_when(client: httpx.AsyncClient) -> None:
    draft, qa = await _task(client, "Draft"), await _task(client, "QA")
    assert (qa["waits_for"], qa["blocked_since"]) == ([], None)
    answer = await client.post(f"/api/v1/tasks/{qa['id']}/dependencies", json={"waits_for": draft["id"]})
    assert answer.status_code == 200
    assert answer.json()["waits_for"] == [{"id": draft["id"], "ref": "T-1", "title": "Draft", "state": "ready"}]
    assert answer.json()["blocked_since"] == "2027-01-15T08:00:00.000000Z"
    graph = (await client.get(f"/api/v1/tasks/{qa['id']}/graph")).json()
    assert (graph["blocked"], graph["reason"]) == (True, "waits for T-1 Draft")
    assert [one["ref"] for one in graph["critical_path"]] == ["T-1", "T-2"]
    assert graph["edges"] == [{"task_id": qa["id"], "waits_for_id": draft["id"]}]
    freed = await client.delete(f"/api/v1/tasks/{qa['id']}/dependencies/{draft['id']}")
    assert (freed.json()["waits_for"], freed.json()["blocked_since"]) == ([], None)


async def test_a_cycle_is_refused_with_its_name(client: httpx.AsyncClient) -> None:
    one, two = await _task(client, "One"), await _task(client, "Two")
    await client.post(f"/api/v1/tasks/{two['id']}/dependencies", json={"waits_for": one["id"]})
    refused = await client.post(f"/api/v1/tasks/{one['id']}/dependencies", json={"waits_for": two["id"]})
    assert refused.status_code == 409
    assert (refused.json()["code"], refused.json()["cycle"]) == ("dependency_cycle", ["T-1", "T-2", "T-1"])

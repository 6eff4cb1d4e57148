"""/tasks/{id}/reviews"""

from typing import Any

import httpx
import pytest
from api_world import AsAgent, AsRole


@pytest.fixture
async def agent(as_agent: AsAgent) -> httpx.AsyncClient:
    return await as_agent("research")


@pytest.fixture
async def task(client: httpx.AsyncClient, agent: httpx.AsyncClient) -> dict[str, Any]:
    """In review, with a version."""
    body = {"title": "Write it", "state": "ready", "acceptance": ["Sources"]}
    made: dict[str, Any] = (await client.post("/api/v1/tasks", json=body)).json()
    run = (await agent.post("/api/v1/agent/claim")).json()["run"]
    await agent.post(f"/api/v1/runs/{run['id']}/deliverables", json={"name": "Report", "text": "Text"})
    await agent.post(f"/api/v1/runs/{run['id']}/finish", json={"outcome": "succeeded"})
    return made


async def test_what_was_asked_for_comes_with_the_next_claim(
    client: httpx.AsyncClient, agent: httpx.AsyncClient, task: dict[str, Any]
) -> None:
    said = {"verdict": "request_changes", "body": "Nearly.", "comments": [{"text": "Which?", "line_from": 1}]}
    given = await client.post(f"/api/v1/tasks/{task['id']}/reviews", json=said)
    assert given.status_code == 201, given.text
    assert given.json()["task"]["state"] == "in_progress"
    claimed = (await agent.post("/api/v1/agent/claim")).json()
    assert claimed["last_review"] == given.json()["review"]
    assert claimed["last_review"]["message"] == "Nearly.\n\nLine 1:\nWhich?"
    assert claimed["last_review"]["version"] == 1


async def test_a_reviewer_may_approve_and_a_viewer_may_not(as_role: AsRole, task: dict[str, Any]) -> None:
    path = f"/api/v1/tasks/{task['id']}/reviews"
    assert (await (await as_role("viewer")).post(path, json={"verdict": "approve"})).status_code == 403
    done = await (await as_role("reviewer")).post(path, json={"verdict": "approve", "met": [0]})
    assert done.json()["task"]["state"] == "done"
    assert done.json()["task"]["acceptance"] == [{"text": "Sources", "met": True, "deliverable": False}]


async def test_moving_it_to_done_is_refused_with_what_is_missing(
    client: httpx.AsyncClient, task: dict[str, Any]
) -> None:
    refused = await client.post(f"/api/v1/tasks/{task['id']}/move", json={"to": "done"})
    assert refused.status_code == 409
    assert (refused.json()["code"], refused.json()["missing"]) == ("review_missing", "one approval")
    listed = (await client.get(f"/api/v1/tasks/{task['id']}/reviews")).json()
    assert (listed["items"], listed["missing"]) == ([], "one approval")


@pytest.mark.parametrize("review", ["none", "n:3", "role:admin"])
async def test_a_task_takes_a_policy(client: httpx.AsyncClient, review: str) -> None:
    made = await client.post("/api/v1/tasks", json={"title": "x", "review": review})
    assert made.json()["review"] == review


async def test_a_policy_that_cannot_be_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/v1/tasks", json={"title": "x", "review": "n:99"})).status_code == 422
    assert (await client.post("/api/v1/tasks", json={"title": "x", "review": "member:mem_0"})).status_code == 400

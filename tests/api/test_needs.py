"""/needs: one queue of all that waits for a member."""

from typing import Any

import httpx
from api_world import AsAgent, AsRole

from quarterdeck.kernel.clock import FakeClock


async def _needs(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/needs")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_reviews_questions_and_mentions_wait_in_one_queue(
    client: httpx.AsyncClient, as_agent: AsAgent, clock: FakeClock
) -> None:
    agent = await as_agent("research")
    await client.post("/api/v1/tasks", json={"title": "Paint", "state": "ready"})
    run = (await agent.post("/api/v1/agent/claim")).json()["run"]
    path = f"/api/v1/runs/{run['id']}"
    asked = (await agent.post(f"{path}/questions", json={"text": "Which colour?"})).json()
    clock.advance(1)
    await agent.post(f"{path}/comments", json={"body": "@Owner see above"})
    clock.advance(1)
    await agent.post(f"{path}/finish", json={"outcome": "succeeded"})
    found = await _needs(client)
    assert [need["kind"] for need in found] == ["question", "mention", "review"]
    assert {need["task"]["ref"] for need in found} == {"T-1"}
    await client.post(f"/api/v1/questions/{asked['id']}/answer", json={"answer": "Red"})
    await client.post("/api/v1/needs/seen", json={"upto": int(found[1]["key"].split(":")[1])})
    await client.post(f"/api/v1/tasks/{found[2]['subject_id']}/reviews", json={"verdict": "approve"})
    assert await _needs(client) == []


async def test_what_was_put_off_comes_back(client: httpx.AsyncClient, as_agent: AsAgent, clock: FakeClock) -> None:
    key = (await _in_review(client, as_agent))["key"]
    put_off = await client.post(f"/api/v1/needs/{key}/snooze", json={"until": "2027-01-15T09:00:00Z"})
    assert put_off.status_code == 204, put_off.text
    assert await _needs(client) == []
    assert len((await client.get("/api/v1/needs?snoozed=true")).json()["items"]) == 1
    clock.advance(3_600)
    assert [need["key"] for need in await _needs(client)] == [key]
    assert (
        await client.post("/api/v1/needs/review:x/snooze", json={"until": "2099-01-01T00:00:00Z"})
    ).status_code == 404


async def test_what_was_handed_on_waits_for_the_other(
    client: httpx.AsyncClient, as_agent: AsAgent, as_role: AsRole
) -> None:
    key = (await _in_review(client, as_agent))["key"]
    reviewer, viewer = await as_role("reviewer"), await as_role("viewer")
    assert await _needs(reviewer) == []
    members = (await client.get("/api/v1/members")).json()["items"]
    other = next(member["id"] for member in members if member["role"] == "reviewer")
    handed = await client.post(f"/api/v1/needs/{key}/delegate", json={"member_id": other})
    assert handed.status_code == 204, handed.text
    assert await _needs(client) == []
    assert [need["key"] for need in await _needs(reviewer)] == [key]
    assert await _needs(viewer) == []


async def _in_review(client: httpx.AsyncClient, as_agent: AsAgent) -> dict[str, Any]:
    agent = await as_agent("research")
    await client.post("/api/v1/tasks", json={"title": "Paint", "state": "ready"})
    run = (await agent.post("/api/v1/agent/claim")).json()["run"]
    await agent.post(f"/api/v1/runs/{run['id']}/finish", json={"outcome": "succeeded"})
    return (await _needs(client))[0]


async def test_the_queue_comes_in_pages_with_its_counts_and_says_what_stands_on_a_reviews_card(
    client: httpx.AsyncClient, as_agent: AsAgent, clock: FakeClock
) -> None:
    agent = await as_agent("research")
    for title in ("Paint", "Varnish", "Sand"):
        await client.post("/api/v1/tasks", json={"title": title, "state": "ready"})
        run = (await agent.post("/api/v1/agent/claim")).json()["run"]
        path = f"/api/v1/runs/{run['id']}"
        if title == "Paint":
            await agent.post(f"{path}/questions", json={"text": "Which colour?"})
            clock.advance(1)
        await agent.post(f"{path}/deliverables", json={"name": "wall", "text": title})
        await agent.post(f"{path}/finish", json={"outcome": "succeeded"})
    seen: list[str] = []
    after: str | None = None
    while after is not None or not seen:
        answer = await client.get("/api/v1/needs", params={"limit": 2, **({"after": after} if after else {})})
        page = answer.json()
        assert page["counts"] == {"question": 1, "review": 3}
        assert len(page["items"]) <= 2
        seen += [need["task"]["title"] for need in page["items"]]
        after = page["next"]
    # The three reviews began in the same moment here: they come by their keys, each once.
    assert (seen[0], sorted(seen[1:])) == ("Paint", ["Paint", "Sand", "Varnish"])
    (review, *_) = (await client.get("/api/v1/needs", params={"kind": "review", "limit": 1})).json()["items"]
    assert review["review"]["agent"]["name"] == "research"
    assert review["review"]["latest_version"]["version"] == 1
    assert (review["review"]["cost_nano"], review["review"]["unpriced_calls"]) == (0, 0)


async def test_a_page_of_the_queue_begins_where_one_ended_and_nowhere_else(client: httpx.AsyncClient) -> None:
    for after in ("x", "12", "-1:review:tsk_1", f"{'9' * 19}:review:tsk_1", "٣:review:tsk_1"):
        answer = await client.get("/api/v1/needs", params={"after": after})
        assert (answer.status_code, answer.json()["field"]) == (400, "after"), after
    assert (await client.get("/api/v1/needs", params={"after": "1:x"})).json() == {
        "items": [],
        "next": None,
        "counts": {},
    }

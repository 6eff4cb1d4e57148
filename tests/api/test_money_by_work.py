"""What seats, instructions and reviews cost, over HTTP; all of it together is the ledger and the seats, to the nano."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_world import AsAgent, ingested

from quarterdeck.access.members import Member
from quarterdeck.control.costs import api as costs
from quarterdeck.control.notifications.fan_out import fan_out
from quarterdeck.db import Database
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.worker import seats
from quarterdeck.worker.notifying import _follow
from store.ledger.ledger_world import record

Pay = Callable[[dict[str, Any], int], Awaitable[None]]
SEAT = 173_684_210
"""Nano-dollars an hour: eleven cents in 38 minutes."""


@pytest.fixture
def pay(db: Database, clock: FakeClock, owner: Member, tmp_path: Path) -> Pay:
    """One call of a claimed run, at that price; takes a second."""

    async def paid(claimed: dict[str, Any], cost: int) -> None:
        run, task = claimed["run"], claimed["task"]
        whose = {"run_id": run["id"], "task_id": task["id"], "agent_id": task["agent"]["id"]}
        made = record(db.clock.now(), workspace_id=owner.workspace_id, cost=cost, **whose)
        await ingested(db, tmp_path, made)
        clock.advance(1)

    return paid


async def claim(agent: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await agent.post("/api/v1/agent/claim")).json()
    assert found["claimed"], found
    return found


async def finish(agent: httpx.AsyncClient, claimed: dict[str, Any], outcome: str = "succeeded") -> None:
    done = await agent.post(f"/api/v1/runs/{claimed['run']['id']}/finish", json={"outcome": outcome})
    assert done.status_code == 200, done.text


async def agent_ids(client: httpx.AsyncClient) -> dict[str, str]:
    return {row["name"]: row["id"] for row in (await client.get("/api/v1/agents")).json()["items"]}


async def test_a_seat_that_waits_is_part_of_what_was_wasted_and_of_nothing_else(
    client: httpx.AsyncClient, as_agent: AsAgent, db: Database, owner: Member, clock: FakeClock, pay: Pay
) -> None:
    drafter, _ = await as_agent("drafting"), await as_agent("qa")
    ids = await agent_ids(client)
    drafting = {"title": "Drafting", "state": "ready", "agent_id": ids["drafting"]}
    first = (await client.post("/api/v1/tasks", json=drafting)).json()
    check = {"title": "Check", "state": "ready", "agent_id": ids["qa"]}
    second = (await client.post("/api/v1/tasks", json=check)).json()
    await client.post(f"/api/v1/tasks/{second['id']}/dependencies", json={"waits_for": first["id"]})
    path = f"/api/v1/agents/{ids['qa']}/seat_prices"
    assert (await client.get(path)).json() == {"items": [], "idle_nano": 0}
    priced = await client.post(path, json={"nano_per_hour": SEAT})
    assert priced.status_code == 201, priced.text
    assert [(one["nano_per_hour"], one["set_by"]["name"]) for one in priced.json()["items"]] == [(SEAT, "Owner")]
    await pay(await claim(drafter), 500)
    clock.advance(38 * 60 - 1)
    await seats.count(db, owner.workspace_id)

    for by in ("total", "agent", "task", "person", "project", "model", "day", "run", "schedule"):
        waste = (await client.get(f"/api/v1/costs/waste?by={by}")).json()
        assert (waste["ledger_nano"], waste["seats_nano"], waste["difference_nano"]) == (500, 110_000_000, 0)
        assert sum(row["total_nano"] for row in waste["rows"]) == waste["totals"]["total_nano"] == 110_000_500
        assert waste["totals"]["classes"]["blocked_idle"] == 110_000_000
    task = (await client.get(f"/api/v1/costs/tasks/{second['id']}")).json()
    assert (task["total_nano"], task["seats_nano"]) == (110_000_000, 110_000_000)
    card = (await client.get(f"/api/v1/agents/{ids['qa']}")).json()["status"]
    assert card["words"] == f"blocked, waits for {first['ref']} Drafting, 38 min, idle cost $0.11"
    # What the calls cost is what a provider invoices: a seat is none of it.
    costs = (await client.get("/api/v1/costs")).json()
    assert costs["totals"]["cost_nano"] == 500
    assert (await client.get(path)).json()["idle_nano"] == 110_000_000
    events = (await client.get("/api/v1/audit")).json()["items"]
    assert any(one["kind"] == "agent.seat_priced" for one in events)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"nano_per_hour": -1}, "nano_per_hour"),
        ({"nano_per_hour": 10**13 + 1}, "nano_per_hour"),
        ({"nano_per_hour": 1, "valid_from": "yesterday"}, "valid_from"),
    ],
)
async def test_an_hourly_price_that_is_none_is_refused(
    client: httpx.AsyncClient, as_agent: AsAgent, body: dict[str, Any], field: str
) -> None:
    await as_agent("qa")
    path = f"/api/v1/agents/{(await agent_ids(client))['qa']}/seat_prices"
    refused = await client.post(path, json=body)
    assert refused.status_code in (400, 422)
    assert field in refused.text
    assert (await client.post("/api/v1/agents/agt_none/seat_prices", json={"nano_per_hour": 1})).status_code == 404


async def test_the_report_card_tells_versions_of_instructions_apart(
    client: httpx.AsyncClient, as_agent: AsAgent, clock: FakeClock, pay: Pay
) -> None:
    writer = await as_agent("writer")
    agent_id = (await agent_ids(client))["writer"]

    async def write(cost: int, *verdicts: str) -> None:
        made = await client.post("/api/v1/tasks", json={"title": "Write", "state": "ready", "review": "one"})
        for verdict in verdicts:
            clock.advance(5)
            claimed = await claim(writer)
            await pay(claimed, cost)
            body = {"name": "Report", "text": f"{verdict} {cost}"}
            await writer.post(f"/api/v1/runs/{claimed['run']['id']}/deliverables", json=body)
            await finish(writer, claimed)
            given = await client.post(
                f"/api/v1/tasks/{made.json()['id']}/reviews", json={"verdict": verdict, "body": "So."}
            )
            assert given.status_code == 201, given.text

    await write(1_000, "approve")
    for text in ("Be brief.", "Be thorough."):
        await client.post(f"/api/v1/agents/{agent_id}/instructions", json={"text": text})
        await write(300, "request_changes", "approve")
    await write(100, "approve")
    rows = (await client.get("/api/v1/costs/report_card?by=instructions")).json()["rows"]
    told = {
        row["label"]: (row["tasks_done"], row["first_pass_share"], row["approved"], row["cost_per_approved_nano"])
        for row in rows
    }
    assert told == {
        "writer, no instructions": (1, 1.0, 1, 1_000),
        "writer, instructions 1": (1, 0.0, 1, 600),
        "writer, instructions 2": (2, 0.5, 2, 350),
    }
    [whole] = (await client.get("/api/v1/costs/report_card?by=agent")).json()["rows"]
    assert (whole["tasks_done"], whole["first_pass"], whole["cost_nano"]) == (4, 2, 2_300)
    own = (await client.get(f"/api/v1/costs/report_card?by=agent&agent_id={agent_id}")).json()["rows"]
    assert own == [whole]
    assert (await client.get("/api/v1/costs/report_card?agent_id=agt_other")).json()["rows"] == []
    weeks = (await client.get(f"/api/v1/costs/report_card/weeks?agent_id={agent_id}&weeks=3")).json()["weeks"]
    assert [(week["tasks_done"], week["cost_nano"]) for week in weeks] == [(0, 0), (0, 0), (4, 2_300)]
    assert (weeks[2]["first_pass_share"], weeks[2]["rework_share"]) == (0.5, 600 / 2_300)
    assert (weeks[0]["first_pass_share"], weeks[0]["rework_share"]) == (None, None)
    waste = (await client.get("/api/v1/costs/waste?by=instructions")).json()
    assert (waste["difference_nano"], waste["totals"]["classes"]["rework"]) == (0, 600)


async def test_each_review_bears_its_own_cost_and_is_work_of_its_own_task(
    client: httpx.AsyncClient, as_agent: AsAgent, db: Database, clock: FakeClock, pay: Pay
) -> None:
    writer, critic = await as_agent("writer"), await as_agent("critic")
    await fan_out(db, "http://q")
    ids = await agent_ids(client)
    body = {"title": "Write it", "state": "ready", "agent_id": ids["writer"], "review": f"agent:{ids['critic']}+one"}
    task = (await client.post("/api/v1/tasks", json=body)).json()
    for cost, verdict in ((40, "request_changes"), (70, "approve")):
        claimed = await claim(writer)
        await pay(claimed, 1_000)
        draft = {"name": "Report", "text": f"Draft for {verdict}"}
        await writer.post(f"/api/v1/runs/{claimed['run']['id']}/deliverables", json=draft)
        await finish(writer, claimed)
        while await fan_out(db, "http://q", follow=_follow):
            pass
        reviewing = await claim(critic)
        await pay(reviewing, cost)
        said = {"verdict": verdict, "body": "So."}
        given = await critic.post(f"/api/v1/runs/{reviewing['run']['id']}/review", json=said)
        assert given.status_code == 201, given.text
        await finish(critic, reviewing)
        clock.advance(5)
        while await fan_out(db, "http://q", follow=_follow):
            pass
    await client.post(f"/api/v1/tasks/{task['id']}/reviews", json={"verdict": "approve"})
    listed = (await client.get(f"/api/v1/tasks/{task['id']}/reviews")).json()
    assert {(one["verdict"], one["by_agent"]): one["cost_nano"] for one in listed["items"]} == {
        ("approve", False): None,
        ("approve", True): 70,
        ("request_changes", True): 40,
    }
    assert listed["review_cost_nano"] == 110
    waste = (await client.get("/api/v1/costs/waste?by=agent")).json()
    by_agent = {row["label"]: row["classes"] for row in waste["rows"]}
    assert waste["difference_nano"] == 0
    assert (by_agent["writer"]["useful"], by_agent["writer"]["rework"]) == (1_000, 1_000)
    # Looking at a draft that is sent back was not in vain: a review is useful work of a task of its own.
    assert (by_agent["critic"]["useful"], by_agent["critic"]["rework"]) == (110, 0)


async def test_costs_are_split_by_project_and_person_and_all_but_the_dearest_are_one(
    client: httpx.AsyncClient,
    as_agent: AsAgent,
    owner: Member,
    pay: Pay,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drafter = await as_agent("drafting")
    agent_id = (await agent_ids(client))["drafting"]
    project = (await client.post("/api/v1/projects", json={"name": "Market"})).json()
    for title, cost in (("Small", 1), ("Great", 300), ("Middle", 20)):
        body = {"title": title, "state": "ready", "agent_id": agent_id, "project_id": project["id"]}
        await client.post("/api/v1/tasks", json=body)
        claimed = await claim(drafter)
        await pay(claimed, cost)
        await finish(drafter, claimed)
        clock.advance(60)
    by_project = (await client.get("/api/v1/costs?by=project")).json()
    assert [(row["label"], row["cost_nano"]) for row in by_project["buckets"]] == [("Market", 321)]
    by_person = (await client.get("/api/v1/costs?by=person")).json()
    assert [(row["value"], row["cost_nano"]) for row in by_person["buckets"]] == [(owner.id, 321)]
    by_task = (await client.get("/api/v1/costs?by=task&top=2")).json()
    assert sorted(row["cost_nano"] for row in by_task["buckets"]) == [20, 300]
    assert [(row["value"], row["calls"], row["cost_nano"]) for row in by_task["others"]] == [("", 1, 1)]
    assert by_task["totals"]["cost_nano"] == 321
    dearest = max(by_task["buckets"], key=lambda row: row["cost_nano"])["value"]
    one = (await client.get(f"/api/v1/costs?by=task&value={dearest}&top=1")).json()
    assert (one["totals"]["cost_nano"], one["others"]) == (300, [])
    # What would be left out of the others would be left out of the totals too.
    monkeypatch.setattr(costs, "MOST_BUCKETS", 1)
    refused = await client.get("/api/v1/costs?by=task&top=1&grain=minute")
    assert (refused.status_code, refused.json()["field"]) == (400, "grain")

"""A budget that stopped is seen to where it waits: raised, let run, or its work ended."""

from typing import Any

import httpx
import pytest
from api_world import AsAgent, AsRole

from quarterdeck.access.members import Member
from quarterdeck.control.needs import items
from quarterdeck.control.notifications.fan_out import fan_out
from quarterdeck.db import Database
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.kernel.events import Event

USD = 1_000_000_000


@pytest.fixture
async def run(client: httpx.AsyncClient, as_agent: AsAgent, db: Database, owner: Member) -> dict[str, Any]:
    """An open run of research on a task that may cost a dollar."""
    agent = await as_agent("research")
    await fan_out(db, "http://q")
    await client.post("/api/v1/tasks", json={"title": "Paint", "state": "ready", "budget_nano": USD})
    claimed: dict[str, Any] = (await agent.post("/api/v1/agent/claim")).json()
    return {**claimed, "workspace_id": owner.workspace_id}


async def _told(db: Database, *events: Event) -> None:
    async with db.transaction() as tx:
        for event in events:
            await tx.emit(event)
    while await fan_out(db, "http://q", follow=items.follow):
        pass


async def _stopped(client: httpx.AsyncClient, db: Database, run: dict[str, Any], subject: str) -> dict[str, Any]:
    data = {"task_id": run["task"]["id"], "run_id": run["run"]["id"], "shown": "T-1"}
    await _told(db, Event(run["workspace_id"], "budget.stopped", subject, data))
    (need,) = (await client.get("/api/v1/needs")).json()["items"]
    found: dict[str, Any] = need
    return found


async def test_a_tasks_own_budget_is_raised_and_stops_it_anew_later(
    client: httpx.AsyncClient, db: Database, run: dict[str, Any], clock: FakeClock
) -> None:
    need = await _stopped(client, db, run, run["task"]["id"])
    assert need["budget"] == {
        "scope": "task:T-1",
        "amount_nano": USD,
        "window": "total",
        "mode": "hard",
        "declared": False,
        "acts": ["raise", "let_run", "stop"],
    }
    path = f"/api/v1/needs/{need['key']}/budget"
    less = await client.post(path, json={"act": "raise", "amount_nano": USD})
    assert (less.status_code, less.json()["field"]) == (400, "amount_nano")
    raised = await client.post(path, json={"act": "raise", "amount_nano": 3 * USD})
    assert (raised.status_code, raised.json()["run_ids"]) == (200, [])
    assert (await client.get(f"/api/v1/tasks/{run['task']['id']}")).json()["budget_nano"] == 3 * USD
    assert (await client.get("/api/v1/needs")).json()["items"] == []
    assert (await client.post(path, json={"act": "stop"})).status_code == 404
    clock.advance(1)
    assert (await _stopped(client, db, run, run["task"]["id"]))["budget"]["amount_nano"] == 3 * USD
    clock.advance(1)
    # Raised where the task is changed, it waits no longer either.
    await client.patch(f"/api/v1/tasks/{run['task']['id']}", json={"budget_nano": 9 * USD})
    await _told(db)
    assert (await client.get("/api/v1/needs")).json()["items"] == []
    audited = (await client.get("/api/v1/audit?kind=budget.released")).json()["items"]
    assert [entry["data"]["what"] for entry in audited] == ["raise"]


async def test_a_budget_is_let_run_and_only_warns_from_then_on(
    client: httpx.AsyncClient, db: Database, run: dict[str, Any]
) -> None:
    body = {"scope": "agent:research", "amount_nano": USD, "window": "day"}
    budget = (await client.post("/api/v1/budgets", json=body)).json()
    need = await _stopped(client, db, run, budget["id"])
    assert need["budget"]["scope"] == "agent:research"
    done = await client.post(f"/api/v1/needs/{need['key']}/budget", json={"act": "let_run"})
    assert done.status_code == 200, done.text
    assert (await client.get(f"/api/v1/budgets/{budget['id']}")).json()["mode"] == "warn"


@pytest.mark.parametrize("scope", ["agent:research", "model:gpt-*"])
async def test_the_work_that_a_budget_holds_up_is_ended(
    client: httpx.AsyncClient, db: Database, run: dict[str, Any], scope: str
) -> None:
    budget = (await client.post("/api/v1/budgets", json={"scope": scope, "amount_nano": 1, "window": "day"})).json()
    need = await _stopped(client, db, run, budget["id"])
    done = await client.post(f"/api/v1/needs/{need['key']}/budget", json={"act": "stop"})
    assert (done.status_code, done.json()["run_ids"]) == (200, [run["run"]["id"]])
    assert (await client.get(f"/api/v1/runs/{run['run']['id']}")).json()["state"] == "cancelled"
    assert (await client.get(f"/api/v1/budgets/{budget['id']}")).json()["amount_nano"] == 1


async def test_only_what_is_a_stopped_budget_and_waits_for_an_operator_is_settled(
    client: httpx.AsyncClient, db: Database, run: dict[str, Any], as_role: AsRole, as_agent: AsAgent
) -> None:
    budget = (
        await client.post("/api/v1/budgets", json={"scope": "workspace", "amount_nano": 1, "window": "day"})
    ).json()
    need = await _stopped(client, db, run, budget["id"])
    path = f"/api/v1/needs/{need['key']}/budget"
    assert (await (await as_role("reviewer")).post(path, json={"act": "let_run"})).status_code == 403
    assert (await (await as_role("operator")).post(path, json={"act": "let_run"})).status_code == 404
    await client.delete(f"/api/v1/budgets/{budget['id']}")
    gone = await client.post(path, json={"act": "let_run"})
    assert (gone.status_code, gone.json()["code"]) == (409, "budget_gone")

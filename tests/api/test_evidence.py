"""What stands behind a run and a task, over HTTP."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from api_world import ingested

from quarterdeck.access.members import Member
from quarterdeck.control.costs import work_api
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Database
from quarterdeck.ledger import work_costs
from quarterdeck.ledger.work_costs import Fact
from store.ledger.ledger_world import chat, record


@pytest.fixture
async def call_ids(db: Database, owner: Member, claimed: dict[str, Any], tmp_path: Path) -> list[str]:
    """Three calls of the claimed run, the last as good as the first."""
    whose = {
        "workspace_id": owner.workspace_id,
        "run_id": claimed["run"]["id"],
        "task_id": claimed["task"]["id"],
        "agent_id": claimed["task"]["agent"]["id"],
    }
    said = ("List the harbours.", "Which of these are deep enough for large ships?", "List the harbours.")
    now = db.clock.now()
    records = [
        record(now + n * 1_000_000, request_body=chat(text), cost=100 + n, **whose) for n, text in enumerate(said)
    ]
    await ingested(db, tmp_path, *records)
    return [each.id for each in records]


async def test_a_run_is_read_step_by_step(
    client: httpx.AsyncClient, claimed: dict[str, Any], call_ids: list[str]
) -> None:
    steps = (await client.get(f"/api/v1/runs/{claimed['run']['id']}/steps")).json()["items"]
    assert [step["call_id"] for step in steps] == call_ids
    assert [step["repeats"] for step in steps] == [None, None, call_ids[0]]
    assert [step["cost_nano"] for step in steps] == [100, 101, 102]
    assert (await client.get("/api/v1/runs/run_none/steps")).status_code == 404


async def test_a_run_is_the_same_as_itself(
    client: httpx.AsyncClient, claimed: dict[str, Any], call_ids: list[str]
) -> None:
    run_id = claimed["run"]["id"]
    compared = (await client.get(f"/api/v1/runs/{run_id}/compare/{run_id}")).json()
    assert (compared["same"], compared["first_cost_nano"]) == (len(call_ids), 303)


async def test_a_task_shows_all_that_was_said_for_it(
    client: httpx.AsyncClient, claimed: dict[str, Any], call_ids: list[str]
) -> None:
    [attempt] = (await client.get(f"/api/v1/tasks/{claimed['task']['id']}/conversations")).json()["items"]
    assert (attempt["run_id"], attempt["attempt"], attempt["agent"]["name"]) == (claimed["run"]["id"], 1, "research")
    assert sum(each["calls"] for each in attempt["conversations"]) == len(call_ids)


async def test_a_class_of_waste_leads_to_its_calls(
    client: httpx.AsyncClient,
    db: Database,
    owner: Member,
    claimed: dict[str, Any],
    call_ids: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with db.transaction() as tx:
        await work_costs.mark(tx, owner.workspace_id, call_ids[1:], Fact.LOOPED, claimed["run"]["id"])
    found = (await client.get("/api/v1/costs/waste/calls?which=looped&limit=1")).json()
    assert [each["id"] for each in found["items"]] == call_ids[2:]
    rest = (await client.get(f"/api/v1/costs/waste/calls?which=looped&after={found['next']}")).json()
    assert [each["id"] for each in rest["items"]] == [call_ids[1]]
    of_task = (await client.get(f"/api/v1/calls?mark=looped&task_id={claimed['task']['id']}")).json()
    assert [each["id"] for each in of_task["items"]] == call_ids[:0:-1]
    assert (await client.get("/api/v1/calls?mark=duplicate")).json()["items"] == []
    newest = (await client.get("/api/v1/calls?mark=looped&min_cost_nano=102&limit=1")).json()
    assert ([each["id"] for each in newest["items"]], newest["next"]) == (call_ids[2:], None)
    newest = (await client.get("/api/v1/calls?mark=looped&limit=1")).json()
    older = (await client.get(f"/api/v1/calls?mark=looped&limit=1&after={newest['next']}")).json()
    assert ([each["id"] for each in older["items"]], older["next"]) == ([call_ids[1]], None)
    waste = (await client.get("/api/v1/costs/waste?by=task")).json()
    assert (waste["totals"]["classes"]["looped"], waste["difference_nano"]) == (203, 0)
    task = (await client.get(f"/api/v1/costs/tasks/{claimed['task']['id']}")).json()
    assert (task["classes"]["looped"], task["classes"]["in_progress"]) == (203, 100)
    assert task["runs"][0]["total_nano"] == 303
    card = (await client.get("/api/v1/costs/report_card")).json()["rows"]
    assert (card[0]["label"], card[0]["tasks_done"], card[0]["cost_per_done_nano"]) == ("research", 0, None)
    day = db.clock.now() // 1_000_000
    export = {"csv": f"date,model,cost\n{day},gpt-4o-mini,0.000000300\n"}
    told = (await client.post("/api/v1/costs/reconcile", json=export)).json()
    assert (told["ours_nano"], told["theirs_nano"], told["difference_nano"]) == (303, 300, -3)
    monkeypatch.setattr(work_api, "_MOST_BUCKETS", 0)
    refused = await client.post("/api/v1/costs/reconcile", json=export)
    assert (refused.status_code, refused.json()["field"]) == (400, "csv")


async def test_what_was_done_today_is_counted_with_all_that_it_cost(
    client: httpx.AsyncClient, db: Database, owner: Member, claimed: dict[str, Any], call_ids: list[str]
) -> None:
    none = {"tasks": 0, "cost_nano": 0, "unpriced_calls": 0, "cost_each_nano": None}
    assert (await client.get("/api/v1/costs/done")).json() == none
    free = (
        await client.post("/api/v1/tasks", json={"title": "Costs nothing", "state": "ready", "review": "none"})
    ).json()
    async with db.transaction() as tx:
        ids = [claimed["task"]["id"], free["id"]]
        await tx.execute(
            tasks.update().where(tasks.c.id.in_(ids)).values(state="done", state_since=tx.now, run_id=None)
        )
    done = (await client.get("/api/v1/costs/done")).json()
    assert done == {"tasks": 2, "cost_nano": 303, "unpriced_calls": 0, "cost_each_nano": 151}
    behind = await client.get("/api/v1/tasks", params={"done_since": "2000-01-01T00:00:00Z"})
    assert len(behind.json()["items"]) == done["tasks"], "the number leads to exactly these tasks"
    none_since = {"done_since": "2200-01-01T00:00:00Z"}
    assert (await client.get("/api/v1/tasks", params=none_since)).json()["items"] == []
    assert sum(each["count"] for each in (await client.get("/api/v1/board", params=none_since)).json()["columns"]) == 0
    later = await client.get("/api/v1/costs/done", params={"from": "2200-01-01T00:00:00Z"})
    assert later.json() == none

"""What the board, its lists, claims and schedules ask of SQLite is answered by indexes: nothing walks a whole table."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from work_world import World

from quarterdeck.control.agents import urgent
from quarterdeck.control.schedules import jobs
from quarterdeck.control.tasks import claiming, lists
from quarterdeck.control.tasks.lists import TaskFilter
from quarterdeck.control.tasks.model import BOARD, Priority, TaskState
from quarterdeck.control.tasks.tables import tasks as task_table
from quarterdeck.control.tasks.views import shown_tasks
from quarterdeck.db.sqlite import Connection
from quarterdeck.kernel.clock import DAY, HOUR
from quarterdeck.kernel.ids import lowest_id
from quarterdeck.ledger import calls, counted, listing, partitions, walking
from quarterdeck.ledger.call_filter import CallFilter
from quarterdeck.ledger.derived_tables import FIELD_SUMS, ROLLUP_SUMS, call_marks, field_sums, rollups
from quarterdeck.ledger.rollups import Grain
from quarterdeck.ledger.search import words
from quarterdeck.ledger.search.find import Batch
from quarterdeck.ledger.tables import calls as calls_table
from quarterdeck.ledger.work_costs import Fact

BIG = ("tasks", "task_texts", "comments", "runs", "events", "deliverable_versions", "rollups", "dependencies", "keys")
BIG += ("attachments", "task_watchers", "schedules", "schedule_firings", "agents", "squad_agents")
SCAN = re.compile(r"^SCAN (\w+)")
SMALL = ("ix_schedule_firings_queued",)
"""Indexes that hold only what is waiting: all of it is the answer."""


@pytest.fixture
def asked(world: World, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Every statement that this database is asked from now on, and how often."""
    if not world.db.is_sqlite:
        pytest.skip("plans are read on SQLite")
    found: Counter[str] = Counter()
    run = Connection.run

    async def noting(self: Connection, statement: str, work: Any) -> Any:
        if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "WITH")):
            found[statement] += 1
        return await run(self, statement, work)

    monkeypatch.setattr(Connection, "run", noting)
    return found


async def _scans(world: World, asked: Counter[str]) -> list[str]:
    """The statements that walk through a big table, or an index of it, from end to end."""
    bad = []
    async with world.db.engine.connect() as connection:
        for statement in list(asked):
            nothing = (None,) * statement.count("?")
            plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", nothing)).all()
            for row in plan:
                scanned = SCAN.match(str(row[3]))
                if scanned is not None and scanned[1] in BIG and not str(row[3]).endswith(SMALL):
                    bad.append(f"{row[3]} in {' '.join(statement.split())[:300]}")
    return bad


async def _plans(world: World, asked: Counter[str]) -> list[str]:
    """Each step of each statement's plan."""
    found = []
    async with world.db.engine.connect() as connection:
        for statement in asked:
            nothing = (None,) * statement.count("?")
            plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", nothing)).all()
            found += [str(row[3]) for row in plan]
    return found


async def test_lists_boards_claims_and_searches_walk_through_no_table(world: World, asked: Counter[str]) -> None:
    agent = await world.agent()
    for n in range(3):
        await world.task(f"Report {n}", budget=n, due_at=1)
    which = [
        TaskFilter(),
        *[TaskFilter((state,)) for state in TaskState],
        TaskFilter(q="report"),
        TaskFilter(agent_id=agent.id),
        TaskFilter(squad_id="sqd_x"),
        TaskFilter(project_id="prj_x"),
        TaskFilter(parent_id="tsk_x"),
        TaskFilter((TaskState.READY,), accountable_id=world.owner.id),
        TaskFilter((TaskState.READY,), blocked=True),
        TaskFilter((TaskState.READY,), held=True),
        TaskFilter((TaskState.READY,), priority=Priority.URGENT),
        TaskFilter(watcher_id=world.owner.id),
        TaskFilter(schedule_id="sch_x"),
    ]
    asked.clear()
    async with world.db.read() as tx:
        for one in which:
            page = await lists.page(tx, world.workspace_id, one, limit=50)
            await shown_tasks(tx, world.workspace_id, page.items)
        await lists.counts(tx, world.workspace_id, TaskFilter(BOARD))
        await claiming.is_kept_by_hold(tx, world.workspace_id, agent.id)
        await claiming.is_kept_by_budget(tx, world.workspace_id, agent.id)
        await claiming.next_retry(tx, world.workspace_id, agent.id)
    await world.claim(agent)
    await world.claim(agent)
    await jobs.fire_all_due(world.db)
    assert len(asked) > 25
    assert await _scans(world, asked) == []


async def test_one_look_at_everybody_asks_for_the_open_runs_once(world: World, asked: Counter[str]) -> None:
    await world.task()
    await world.claim(await world.agent())
    asked.clear()
    async with world.db.read() as tx:
        found = await urgent.look(tx, world.workspace_id, 50)
    assert [(each["agent_id"], each["state"]) for each in found.runs] == [(found.items[0]["id"], "running")]
    assert [count for statement, count in asked.items() if "FROM runs" in statement] == [1]


async def test_what_is_asked_of_calls_finds_them_by_more_than_their_workspace(
    world: World, asked: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    an_id = lowest_id("call", HOUR)

    async def hits(*_: object, **__: object) -> AsyncIterator[Batch]:
        yield Batch([an_id], an_id, more=False)

    monkeypatch.setattr(listing.find, "hits", hits)
    mark = {"workspace_id": world.workspace_id, "call_id": "call_1", "fact": "looped", "subject": "run_1"}
    async with world.db.transaction() as tx:
        await partitions.ensure(tx, [0, 40 * DAY])
        await tx.execute(call_marks.insert().values(mark))
    asked.clear()
    async with world.db.read() as tx:
        await calls.made_between(tx, world.workspace_id, "run_1", 0, 1)
        await calls.cost_since(tx, world.workspace_id, ["call_1"], 0)
        await listing.page(tx, world.workspace_id, CallFilter(mark=Fact.LOOPED, model="gpt-4o"), limit=10)
        await counted.values_of(tx, world.workspace_id, CallFilter(mark=Fact.LOOPED), "model")
        found = CallFilter(words=words.parse("report"), begin=0, end=DAY)
        await listing.page(tx, world.workspace_id, found, limit=10)
    plans = [each for each in await _plans(world, asked) if re.search(r" calls_\d{6} ", f"{each} ")]
    assert len(plans) == 5 * 2
    assert [each for each in plans if not re.search(r"\(workspace_id=\? AND (run_id|id)=\?", each)] == []


async def test_calls_that_went_wrong_and_those_of_tasks_are_not_looked_for_among_all(
    world: World, asked: Counter[str]
) -> None:
    none = sa.select(task_table.c.id).where(task_table.c.workspace_id == "", task_table.c.project_id == "prj_1")
    hour = dict.fromkeys(ROLLUP_SUMS, 1) | {"grain": Grain.HOUR, "dim": "total", "value": "", "at": HOUR}
    async with world.db.transaction() as tx:
        await partitions.ensure(tx, [0])
        await tx.execute(rollups.insert().values(workspace_id=world.workspace_id, **hour))
        told = dict.fromkeys(FIELD_SUMS, 1) | {"field": "status", "value": "502", "at": HOUR}
        await tx.execute(field_sums.insert().values(workspace_id=world.workspace_id, **told))
    bad = "SEARCH calls_197001 USING INDEX ix_calls_bad_197001 (workspace_id=? AND id>? AND id<?)"
    for which, expected in (
        (CallFilter(status=502), bad),
        (CallFilter(error_code="odd", agent_id="agt_1", outcome="error"), None),
        (CallFilter(error_message="too many"), bad),
        (CallFilter(tasks=none), "SEARCH rollups USING PRIMARY KEY (workspace_id=? AND grain=? AND dim=? AND value=?)"),
    ):
        asked.clear()
        async with world.db.read() as tx:
            async for step in walking.steps(tx, world.workspace_id, which):
                await tx.execute(sa.select(calls_table.c.started).where(*step.conditions))
        plans = await _plans(world, asked)
        found = [each for each in plans if each.startswith((expected or bad)[:20])]
        assert [each for each in plans if "field_sums" in each and "(workspace_id=? AND field=?" not in each] == []
        assert set(found) == ({expected} if expected else set()), which

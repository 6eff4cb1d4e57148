"""What work cost, from ingested calls: marked, moved, and always the ledger's own sum."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger.ledger_world import NOON, record
from ledger.ledger_world import World as Ledger

from quarterdeck.db import Database
from quarterdeck.ledger import account, work_costs
from quarterdeck.ledger.work_costs import Fact


@pytest.fixture
def ledger(db: Database, tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(db, tmp_path / "data")
    yield made
    made.packs.close()


async def sums(db: Database) -> dict[Fact, tuple[int, int]]:
    async with db.read() as tx:
        rows = await work_costs.spent(tx, "ws_1")
        assert sum(row.cost for row in rows) == (await account.balance(tx, "ws_1")).amount
    found: dict[Fact, tuple[int, int]] = {}
    for row in rows:
        calls, cost = found.get(row.fact, (0, 0))
        if row.calls:
            found[row.fact] = calls + row.calls, cost + row.cost
    return found


async def test_marks_move_cost_and_never_make_or_lose_any(db: Database, ledger: Ledger) -> None:
    records = [record(NOON + n, cost=100 + n) for n in range(6)]
    bad = record(NOON + 9, cost=7, outcome="cut", status=200)
    loose = record(NOON + 10, cost=3, run_id=None, task_id=None, model=None)
    await ledger.take(*records, bad, loose)
    assert await sums(db) == {Fact.PLAIN: (7, 618), Fact.FAILED: (1, 7)}
    ids = [each.id for each in records]
    async with db.transaction() as tx:
        assert await work_costs.mark(tx, "ws_1", ids[:3], Fact.DUPLICATE, "run_1") == 3
        assert await work_costs.mark(tx, "ws_1", ids[:3], Fact.BLOCKED, "tsk_1") == 0  # known as more already
        assert await work_costs.mark(tx, "ws_1", [*ids[2:5], bad.id, "call_none"], Fact.LOOPED, "run_1") == 3
        assert await work_costs.mark(tx, "ws_other", ids, Fact.LOOPED, "run_1") == 0
    assert await sums(db) == {
        Fact.PLAIN: (2, 108),
        Fact.DUPLICATE: (2, 201),
        Fact.LOOPED: (3, 309),
        Fact.FAILED: (1, 7),
    }
    async with db.transaction() as tx:
        assert await work_costs.unmark(tx, "ws_1", "run_1", Fact.LOOPED) == 3
        assert await work_costs.unmark(tx, "ws_1", "run_1", Fact.LOOPED) == 0
    assert (await sums(db))[Fact.PLAIN] == (5, 417)


async def test_what_a_replay_cost_stays_a_replays_whatever_is_learned_of_it(db: Database, ledger: Ledger) -> None:
    records = [
        record(NOON + n, cost=10 + n, run_id="rep_1", task_id=None, outcome=how) for n, how in ((0, "ok"), (1, "cut"))
    ]
    await ledger.take(*records, record(NOON + 2, cost=5))
    async with db.transaction() as tx:
        assert await work_costs.mark(tx, "ws_1", [each.id for each in records], Fact.DUPLICATE, "rep_1") == 0
    assert await sums(db) == {Fact.REPLAY: (2, 21), Fact.PLAIN: (1, 5)}


async def test_an_undone_transaction_moves_nothing(db: Database, ledger: Ledger) -> None:
    made = record(NOON, cost=55)
    await ledger.take(made)
    with pytest.raises(RuntimeError):
        async with db.transaction() as tx:
            await work_costs.mark(tx, "ws_1", [made.id], Fact.LOOPED, "run_1")
            raise RuntimeError
    assert await sums(db) == {Fact.PLAIN: (1, 55)}

"""The waste ledger's query, on every store."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from ledger.ledger_world import NOON, record
from ledger.ledger_world import World as Ledger

from quarterdeck.control.costs import grouped
from quarterdeck.control.costs.counting import By
from quarterdeck.db import Database
from quarterdeck.kernel.clock import DAY


@pytest.fixture
def ledger(db: Database, tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(db, tmp_path / "data")
    yield made
    made.packs.close()


async def test_the_same_money_is_found_under_whatever_it_is_counted(db: Database, ledger: Ledger) -> None:
    await ledger.take(*(record(NOON + n, cost=100 + n) for n in range(3)))
    begin = NOON - NOON % DAY
    async with db.read() as tx:
        found = {by: await grouped.sums(tx, "ws_1", by, begin, begin + DAY) for by in get_args(By)}
        before = await grouped.sums(tx, "ws_1", "total", begin - DAY, begin)
    assert {by: sum(each.total for each in sums.values()) for by, sums in found.items()} == dict.fromkeys(found, 303)
    assert before == {}

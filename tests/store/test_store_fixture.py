"""The fixture itself: what the other store tests stand on."""

import pytest
import sqlalchemy as sa

from quarterdeck.db import Database, metadata
from quarterdeck.kernel.events import Event


@pytest.mark.parametrize("_run", ["first", "second"])
async def test_every_test_begins_with_all_tables_and_no_row(db: Database, _run: str) -> None:
    async with db.transaction() as tx:
        assert "events" in metadata.tables
        for table in metadata.sorted_tables:
            assert await tx.scalar(sa.select(sa.func.count()).select_from(table)) == 0, table.name
        await tx.emit(Event("ws_1", "task.moved", "tsk_1"))

"""Everything that SQLite had, PostgreSQL has, and goes on from there."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from work_world import World

from quarterdeck.bootstrap import moving
from quarterdeck.bootstrap.admin import Admin
from quarterdeck.bootstrap.moving import move
from quarterdeck.bootstrap.tables import import_all
from quarterdeck.db import Database, Transaction, metadata, migrate
from quarterdeck.db.schema import events
from quarterdeck.kernel.clock import FakeClock, parse_iso
from quarterdeck.kernel.errors import Changed, Invalid
from quarterdeck.kernel.ids import lowest_id
from quarterdeck.kernel.settings import load
from quarterdeck.ledger import partitions
from quarterdeck.ledger.tables import calls, contents

OCTOBER, NOVEMBER = (parse_iso(f"2026-{month}-17T12:00:00Z") for month in ("10", "11"))
pytestmark = pytest.mark.parametrize("db", ["postgresql"], indirect=True)


@pytest.fixture
async def source(empty_sqlite: Path, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Database]:
    import_all()
    shutil.copy(empty_sqlite, tmp_path / "quarterdeck.db")
    database = Database.at(tmp_path, clock)
    yield database
    await database.close()


async def _filled(source: Database) -> World:
    world = await World.make(source)
    agent = await world.agent("research")
    whole, part = await world.task("Whole"), await world.task("Part")
    async with source.transaction() as tx:
        # The part is older than its whole: whoever copies them in order meets the part first.
        tasks = metadata.tables["tasks"]
        first, last = sorted([whole.id, part.id])
        await tx.execute(tasks.update().where(tasks.c.id == first).values(parent_id=last))
        await partitions.ensure(tx, [OCTOBER, NOVEMBER])
        for at in (OCTOBER, NOVEMBER):
            table = partitions.of_month(tx, partitions.month_of(at).suffix)
            await tx.execute(table.insert().values(_row(calls, id=lowest_id("call", at), started=at, outcome="ok")))
            epoch = partitions.epoch_of(at)
            table = partitions.of_epoch(tx, contents, epoch)
            await tx.execute(table.insert().values(_row(contents, epoch=epoch, hash=b"\x00\xff")))
    await world.claim(agent)
    return world


def _row(table: sa.Table, **values: Any) -> dict[str, Any]:
    empty: dict[Any, Any] = {sa.Text: "", sa.LargeBinary: b"", sa.Boolean: False}
    needed = {column.name: empty.get(type(column.type), 0) for column in table.c if not column.nullable}
    return {**needed, "workspace_id": "ws", **values}


async def _everything(tx: Transaction) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for table in metadata.sorted_tables:
        parts = [table]
        if table in partitions.BODY_TABLES and tx.connection.dialect.name == "sqlite":
            parts = [partitions.of_epoch(tx, table, epoch) for epoch in await partitions.epochs(tx)]
        rows = [dict(row) for part in parts for row in await tx.rows(sa.select(part))]
        found[table.name] = sorted(rows, key=repr)
    return found


async def test_every_row_is_there_and_the_next_event_follows_the_last(
    db: Database, source: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "AT_ONCE", 2)
    world = await _filled(source)
    moved = await move(source, db)
    async with source.read() as old, db.read() as new:
        before, after = await _everything(old), await _everything(new)
    assert after == before
    assert moved == sum(map(len, before.values()))
    assert {"calls", "contents", "tasks", "runs", "task_texts"} <= {name for name, rows in after.items() if rows}
    await World(db, world.workspace_id, world.owner).task("The first one here")
    async with db.read() as new:
        newest = (await new.rows(sa.select(events.c.seq).order_by(events.c.seq.desc()).limit(2)))[:2]
    assert newest[1]["seq"] >= before["events"][-1]["seq"]


async def test_nothing_is_moved_into_a_database_that_has_something(db: Database, source: Database) -> None:
    await World.make(source)
    await World.make(db)
    with pytest.raises(Changed, match="already"):
        await move(source, db)
    with pytest.raises(Invalid, match="SQLite to PostgreSQL"):
        await move(db, source)


async def test_an_older_installation_that_is_there_is_not_brought_to_this_version(
    db: Database, source: Database, tmp_path: Path
) -> None:
    await World.make(db)
    async with db.transaction() as tx:
        await tx.execute(sa.text("CREATE TABLE alembic_version (version_num text)"))
        await tx.execute(sa.text("INSERT INTO alembic_version VALUES ('0040')"))
    with pytest.raises(Changed, match="already"):
        await Admin(load({"data": tmp_path}, {}), source).move(db.url)
    assert await migrate.current(db) == "0040"

"""Migrations are what installations run; tables are what the program believes. They must not differ."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from quarterdeck.db import Database, metadata, migrate

MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {previous!r}

def upgrade() -> None:
    {body}
"""


@pytest.fixture
async def bare_db(db: Database, tmp_path: Path) -> AsyncIterator[Database]:
    """A database without any table."""
    if db.is_sqlite:
        (tmp_path / "bare").mkdir()
        bare = Database.at(tmp_path / "bare")
    else:
        async with db.engine.begin() as connection:
            await connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            await connection.exec_driver_sql("CREATE SCHEMA public")
        bare = Database(db.url)
    yield bare
    await bare.close()


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A directory of migrations of our own: one that makes a table."""
    directory = tmp_path / "migrations"
    (directory / "versions").mkdir(parents=True)
    shutil.copy(migrate.DIRECTORY / "env.py", directory)
    add_migration(directory, 1, 'op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))')
    return directory


def add_migration(directory: Path, number: int, body: str) -> None:
    previous = f"{number - 1:04d}" if number > 1 else None
    text = MIGRATION.format(revision=f"{number:04d}", previous=previous, body=body)
    (directory / "versions" / f"{number:04d}_test.py").write_text(text)


async def table_names(db: Database) -> set[str]:
    async with db.engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names()))


async def test_migrations_make_the_tables_that_the_program_uses(bare_db: Database) -> None:
    assert await migrate.upgrade(bare_db) == migrate.revisions()[-1]
    async with bare_db.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_a_second_start_migrates_nothing(bare_db: Database, migrations: Path) -> None:
    assert await migrate.current(bare_db) is None
    assert await migrate.upgrade(bare_db, migrations) == "0001"
    assert await migrate.upgrade(bare_db, migrations) == "0001"
    assert await migrate.current(bare_db) == "0001"


async def test_it_refuses_a_database_that_a_newer_program_used(bare_db: Database, migrations: Path) -> None:
    add_migration(migrations, 2, 'op.create_table("b", sa.Column("id", sa.Integer, primary_key=True))')
    await migrate.upgrade(bare_db, migrations)
    (migrations / "versions" / "0002_test.py").unlink()
    with pytest.raises(migrate.NewerDatabase, match="revision 0002, which this program does not know"):
        await migrate.upgrade(bare_db, migrations)


async def test_a_migration_that_fails_leaves_everything_as_it_was(bare_db: Database, migrations: Path) -> None:
    await migrate.upgrade(bare_db, migrations)
    add_migration(migrations, 2, 'op.create_table("b", sa.Column("id", sa.Integer, primary_key=True))')
    add_migration(migrations, 3, 'raise RuntimeError("half way")')
    with pytest.raises(RuntimeError, match="half way"):
        await migrate.upgrade(bare_db, migrations)
    assert await table_names(bare_db) == {"a", "alembic_version"}
    assert await migrate.current(bare_db) == "0001"


async def test_processes_that_start_together_migrate_once(bare_db: Database, migrations: Path) -> None:
    other = Database(bare_db.url)
    try:
        found = await asyncio.gather(migrate.upgrade(bare_db, migrations), migrate.upgrade(other, migrations))
    finally:
        await other.close()
    assert found == ["0001", "0001"]


async def test_a_table_can_be_rebuilt_while_others_refer_to_it(bare_db: Database, migrations: Path) -> None:
    add_migration(
        migrations,
        2,
        'op.create_table("b", sa.Column("a_id", sa.Integer, sa.ForeignKey("a.id")))\n'
        '    op.execute("INSERT INTO a VALUES (1)")\n'
        '    op.execute("INSERT INTO b VALUES (1)")\n'
        '    with op.batch_alter_table("a", recreate="auto") as a:\n'
        '        a.alter_column("id", type_=sa.BigInteger)',
    )
    await migrate.upgrade(bare_db, migrations)
    async with bare_db.read() as tx:
        assert await tx.scalar(sa.text("SELECT count(*) FROM b")) == 1


async def test_a_migration_that_would_orphan_rows_is_undone(bare_db: Database, migrations: Path) -> None:
    await migrate.upgrade(bare_db, migrations)
    add_migration(
        migrations,
        2,
        'op.create_table("b", sa.Column("a_id", sa.Integer, sa.ForeignKey("a.id")))\n'
        '    op.execute("INSERT INTO b VALUES (7)")',
    )
    # PostgreSQL checks each statement itself; on SQLite the check is ours.
    with pytest.raises((migrate.BrokenReferences, sa.exc.IntegrityError)):
        await migrate.upgrade(bare_db, migrations)
    assert "b" not in await table_names(bare_db)


def test_revisions_are_one_line_of_numbers() -> None:
    versions = migrate.DIRECTORY / "versions"
    assert migrate.revisions() == [f"{number:04d}" for number in range(1, len(migrate.revisions()) + 1)]
    for number, revision in enumerate(migrate.revisions()):
        (path,) = versions.glob(f"{revision}_*.py")
        declared = dict(re.findall(r'^(revision|down_revision) = "?(\w+)"?$', path.read_text(), re.MULTILINE))
        assert declared == {"revision": revision, "down_revision": f"{number:04d}" if number else "None"}


def _differences(connection: sa.Connection) -> list[object]:
    options = {"include_name": lambda name, kind, _: migrate.is_migrated(name, kind), "compare_type": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

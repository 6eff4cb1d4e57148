"""One engine, two dialects. Writers take turns on SQLite; PostgreSQL sorts them out itself."""

import asyncio
import logging
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from quarterdeck.db.conflicts import conflict_of
from quarterdeck.db.prepared import Prepared, Row
from quarterdeck.db.schema import events
from quarterdeck.db.sqlite import Watch, driver_of
from quarterdeck.kernel.clock import Clock, SystemClock
from quarterdeck.kernel.errors import Invalid, Unavailable
from quarterdeck.kernel.events import Event

BUSY_TIMEOUT_MS = 15_000
NOTIFY_CHANNEL = "quarterdeck_events"
_INSERT_EVENTS = events.insert()
_READ_ONLY = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_KEPT = 4
"""How many connections that nobody uses are kept apart from the pool."""
_OUTBOX_LOCK = 0x51444F58
"""Number of the advisory lock under which PostgreSQL writes events."""
_PASSING_STATES = ("08", "40", "53", "55P03", "57P")
"""PostgreSQL's classes for: connection lost, deadlock or serialization, out of resources, locked, shut down."""
_NO_SUCH_CHARACTER = "22021"
_TOO_LARGE = re.compile(r"value out of int\d+ range|too large to convert to SQLite INTEGER")
"""Of whole numbers: what asyncpg and sqlite3 say before they ask the store."""
_PASSING_WORDS = ("database is locked", "database table is locked", "disk I/O error", "disk is full", "unable to open")
T = TypeVar("T")
log = logging.getLogger("quarterdeck.db")
registry.register("sqlite.quarterdeck", "quarterdeck.db.sqlite", "Dialect")


class Recorder(Protocol):
    """Keeps account of what one transaction changes; made anew for each."""

    async def before(self, statement: sa.Insert | sa.Update | sa.Delete, parameters: Any) -> None:
        """Called before each change."""
        ...

    async def finish(self) -> None:
        """Called last before commit, when all events are written; what it writes commits with the change."""
        ...


class Transaction:
    """A unit of work: everything in it happens, or nothing does. Events ride along and are told after commit."""

    def __init__(self, connection: AsyncConnection, clock: Clock) -> None:
        self.connection = connection
        self._driver = driver_of(connection)
        self.clock = clock
        self.now = clock.now()
        self.emitted: list[Event] = []
        self.recorder: Recorder | None = None

    async def commit(self) -> None:
        """For who opened it. One that cannot be committed, as when the disk is full, is undone."""
        try:
            await self.connection.commit()
        except BaseException:
            # SQLAlchemy takes it for ended, and refuses all else on a connection that SQLite still has it open on.
            await self.connection.rollback()
            # Of who was cancelled meanwhile it is closed.
            driver = None if self.connection.invalidated else self._driver
            if driver is not None and driver.in_transaction:
                driver.rollback()
            raise

    async def execute(
        self,
        statement: sa.Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> sa.CursorResult[*tuple[Any, ...]]:
        if self.recorder is not None and isinstance(statement, sa.Insert | sa.Update | sa.Delete):
            await self.recorder.before(statement, parameters)
        return await self.connection.execute(statement, parameters)

    async def row(self, statement: sa.Executable) -> sa.RowMapping | None:
        """The only row, or None."""
        return (await self.execute(statement)).mappings().one_or_none()

    async def rows(self, statement: sa.Executable) -> Sequence[sa.RowMapping]:
        return (await self.execute(statement)).mappings().all()

    async def fetch(self, prepared: Prepared, **values: Any) -> Sequence[Row]:
        """The rows of a prepared statement, each a sequence of its columns."""
        if self._driver is None:
            return cast(Sequence[Row], (await self.connection.execute(prepared.statement, values)).all())
        text, parameters = prepared.on_sqlite(values)
        try:
            return prepared.shown(await self._driver.fetch(text, parameters))
        except sqlite3.Error as error:
            raise DBAPIError.instance(text, parameters, error, sqlite3.Error) from error

    async def fetch_named(self, prepared: Prepared, **values: Any) -> list[dict[str, Any]]:
        """The rows of a prepared statement by the names of its columns."""
        return [dict(zip(prepared.names, row, strict=True)) for row in await self.fetch(prepared, **values)]

    async def scalar(self, statement: sa.Executable) -> Any:
        return (await self.execute(statement)).scalar_one_or_none()

    async def changed(self, statement: sa.Executable) -> bool:
        """Run a conditional update and say whether it took: the basis of every state change."""
        return (await self.execute(statement)).rowcount > 0

    async def emit(self, event: Event) -> None:
        """Make the event part of this transaction; it is told to listeners once the transaction has committed."""
        self.emitted.append(event)


Rider = Callable[[Transaction], Awaitable[None]]
_rider: ContextVar[Rider | None] = ContextVar("quarterdeck_rider", default=None)


@contextmanager
def riding(rider: Rider) -> Iterator[None]:
    """Have `rider` called at the end of every transaction within the block: what it writes commits with the rest."""
    token = _rider.set(rider)
    try:
        yield
    finally:
        _rider.reset(token)


class Database:
    """Where rows live. `url` is `sqlite:///FILE` or `postgresql+asyncpg://…`.

    Transactions and reads raise Unavailable when the database is gone, or locked for longer than `busy_timeout_ms`.
    """

    def __init__(self, url: str, clock: Clock | None = None, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self.url = url
        self.clock: Clock = clock or SystemClock()
        self.is_sqlite = url.startswith("sqlite")
        self.engine: AsyncEngine = (
            _sqlite(url, busy_timeout_ms) if self.is_sqlite else _postgresql(url, busy_timeout_ms)
        )
        # A snapshot of the rows, so that what several statements say fits together; SQLite's readers always have one.
        self._reading = self.engine if self.is_sqlite else self.engine.execution_options(**_READ_ONLY)
        self._writer = asyncio.Lock() if self.is_sqlite else None
        self._watch = Watch(self.engine.url.database or "") if self.is_sqlite else None
        self._idle: list[AsyncConnection] = []
        """Of SQLite: connections that were used and are not in use now, without the cost of SQLAlchemy's pool."""
        self._opening = 0
        self._listeners: list[Callable[[Sequence[Event]], None]] = []
        self.make_recorder: Callable[[Transaction], Recorder] | None = None
        """Who keeps account of every change; set by whoever opens the database."""

    @classmethod
    def at(cls, directory: Path, clock: Clock | None = None) -> "Database":
        """The embedded store of a data directory."""
        return cls(f"sqlite:///{directory / 'quarterdeck.db'}", clock)

    def on_commit(self, listener: Callable[[Sequence[Event]], None]) -> None:
        """Call `listener` with the events of every transaction of this process, after it committed.

        A listener must be quick and may only note that there is something to do: what it raises is logged and no more.
        """
        self._listeners.append(listener)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A write transaction. On SQLite one at a time in this process; a second process waits at the file."""
        async with self._writer or nullcontext(), self._connection(self.engine) as connection:
            with _translated():
                if self.is_sqlite:
                    await connection.exec_driver_sql("BEGIN IMMEDIATE")
                tx = Transaction(connection, self.clock)
                tx.recorder = None if self.make_recorder is None else self.make_recorder(tx)
                try:
                    yield tx
                    rider = _rider.get()
                    if rider is not None:
                        await rider(tx)
                    await _write_events(tx, is_sqlite=self.is_sqlite)
                    if tx.recorder is not None:
                        await tx.recorder.finish()
                except BaseException:
                    await connection.rollback()
                    raise
                await tx.commit()
        if tx.emitted:
            self._tell(tx.emitted)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """A consistent look at the rows; writing through it is a mistake and is rolled back."""
        async with self._connection(self._reading) as connection:
            with _translated():
                driver = driver_of(connection)
                if driver is not None:
                    driver.begin()
                try:
                    yield Transaction(connection, self.clock)
                finally:
                    if driver is None or connection.in_transaction():
                        await connection.rollback()
                    else:
                        driver.rollback()

    def marker(self) -> int | None:
        """Another number after every commit, by whichever process; None where that cannot be told without asking."""
        return None if self._watch is None else self._watch.marker()

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
        while self._idle:
            await self._idle.pop().close()
        await self.engine.dispose()

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        connection = self._idle.pop() if self._idle else await self._open(engine)
        try:
            yield connection
        finally:
            # Another task that waits for one waits at SQLAlchemy's pool.
            fit = self.is_sqlite and not (self._opening or connection.invalidated or connection.in_transaction())
            if fit and len(self._idle) < _KEPT:
                self._idle.append(connection)
            else:
                await _finished(connection.close())

    async def _open(self, engine: AsyncEngine) -> AsyncConnection:
        self._opening += 1
        try:
            return await _finished(_opened(engine), undo=AsyncConnection.close)
        except (PoolTimeout, OSError) as error:
            raise Unavailable(f"The database cannot be reached: {error}.", retry_after_s=1) from error
        except DBAPIError as error:
            raise _unavailable(error) from error
        finally:
            self._opening -= 1

    def _tell(self, emitted: Sequence[Event]) -> None:
        for listener in self._listeners:
            try:
                listener(emitted)
            except Exception:
                # The change is committed: its caller must hear so, whatever a listener makes of it.
                log.exception("event_listener_failed")


async def _opened(engine: AsyncEngine) -> AsyncConnection:
    return await engine.connect()


async def _finished(work: Coroutine[Any, Any, T], undo: Callable[[T], Awaitable[None]] | None = None) -> T:
    """Let `work` end even if we are cancelled meanwhile, and undo it then: half-open connections would leak."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if undo is not None and not task.cancelled() and task.exception() is None:
            await undo(task.result())
        raise


async def _write_events(tx: Transaction, *, is_sqlite: bool) -> None:
    """The last act before commit, so that on PostgreSQL the lock that makes `seq` grow in commit order is held briefly.

    Without it a reader could see event 6, note that it is done with everything up to 6, and miss 5 committed later.
    """
    if not tx.emitted:
        return
    if not is_sqlite:
        await tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_OUTBOX_LOCK)))
        await tx.execute(sa.select(sa.func.pg_notify(NOTIFY_CHANNEL, "")))
    await tx.execute(
        _INSERT_EVENTS,
        [
            {
                "workspace_id": event.workspace_id,
                "kind": event.kind,
                "subject_id": event.subject_id,
                "actor": event.actor,
                "at": tx.now,
                "data": event.data,
            }
            for event in tx.emitted
        ],
    )


@contextmanager
def _translated() -> Iterator[None]:
    """The one place where a driver's words become ours: a database that is away is not a mistake of the program."""
    try:
        yield
    except (DBAPIError, OverflowError) as error:
        if _TOO_LARGE.search(str(getattr(error, "orig", error))):
            raise Invalid("It holds a whole number that is larger than any here can be.") from error
        if not isinstance(error, DBAPIError):
            raise
        if getattr(error.orig, "sqlstate", None) == _NO_SUCH_CHARACTER:
            # PostgreSQL looks for no such text either: an id of a request's body, say, that nothing has.
            raise Invalid("It holds a NUL character, which no text here has; send it without.") from error
        conflict = conflict_of(error)
        if conflict is not None:
            raise conflict from error
        if not (error.connection_invalidated or _is_passing(error)):
            raise
        raise _unavailable(error) from error


def _is_passing(error: DBAPIError) -> bool:
    """Whether the same statement may succeed later."""
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(state, str):
        return state.startswith(_PASSING_STATES)
    return any(words in str(error.orig) for words in _PASSING_WORDS)


def _unavailable(error: DBAPIError) -> Unavailable:
    words = str(error.orig)
    if "locked" in words or "lock timeout" in words:
        return Unavailable("The database is locked by another process; try again.", retry_after_s=1)
    return Unavailable(f"The database cannot be used now: {words}.", retry_after_s=1)


def _postgresql(url: str, busy_timeout_ms: int) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=10, max_overflow=10, pool_pre_ping=True)

    @sa.event.listens_for(engine.sync_engine, "connect")
    def _patience(connection: Any, _record: Any) -> None:
        # By a statement, for poolers in between refuse what they do not know of a connection's start.
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {busy_timeout_ms}")
        cursor.close()
        connection.commit()

    return engine


def _sqlite(url: str, busy_timeout_ms: int) -> AsyncEngine:
    engine = create_async_engine(
        sa.make_url(url).set(drivername="sqlite+quarterdeck"),
        pool_size=8,
        max_overflow=8,
        connect_args={"timeout": busy_timeout_ms / 1000, "isolation_level": None},
    )

    @sa.event.listens_for(engine.sync_engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={busy_timeout_ms}")
        # The one statement that does not wait for a lock. It is a property of the file: whoever holds the lock has
        # set it, or the next connection will.
        with suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA page_count")
            if cursor.fetchone() == (0,):
                # Only a file without a table takes this: what retention drops then makes it smaller.
                cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
            cursor.execute("PRAGMA journal_mode=WAL")
        for pragma in (
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "cache_size=-32768",
            "temp_store=MEMORY",
            "mmap_size=268435456",
            "journal_size_limit=67108864",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine

"""One engine, two dialects. Writers take turns on SQLite; PostgreSQL sorts them out itself."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from quarterdeck.db.schema import events
from quarterdeck.kernel.clock import Clock, SystemClock
from quarterdeck.kernel.events import Event

BUSY_TIMEOUT_MS = 15_000


class Transaction:
    """A unit of work: everything in it happens, or nothing does. Events ride along and are told after commit."""

    def __init__(self, connection: AsyncConnection, clock: Clock) -> None:
        self.connection = connection
        self.clock = clock
        self.now = clock.now()
        self.emitted: list[Event] = []

    async def execute(
        self,
        statement: sa.Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> sa.CursorResult[Any]:
        return await self.connection.execute(statement, parameters)

    async def row(self, statement: sa.Executable) -> sa.RowMapping | None:
        """The only row, or None."""
        return (await self.execute(statement)).mappings().one_or_none()

    async def rows(self, statement: sa.Executable) -> Sequence[sa.RowMapping]:
        return (await self.execute(statement)).mappings().all()

    async def scalar(self, statement: sa.Executable) -> Any:
        return (await self.execute(statement)).scalar_one_or_none()

    async def changed(self, statement: sa.Executable) -> bool:
        """Run a conditional update and say whether it took: the basis of every state change."""
        return (await self.execute(statement)).rowcount > 0

    async def emit(self, event: Event) -> None:
        """Write the event in this transaction; it is told to listeners once the transaction has committed."""
        await self.execute(
            events.insert().values(
                workspace_id=event.workspace_id,
                kind=event.kind,
                subject_id=event.subject_id,
                actor=event.actor,
                at=self.now,
                data=event.data,
            )
        )
        self.emitted.append(event)


class Database:
    """Where rows live. `url` is `sqlite+aiosqlite:///FILE` or `postgresql+asyncpg://…`."""

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self.url = url
        self.clock: Clock = clock or SystemClock()
        self.is_sqlite = url.startswith("sqlite")
        self.engine: AsyncEngine = _engine(url)
        self._writer = asyncio.Lock() if self.is_sqlite else None
        self._listeners: list[Callable[[Sequence[Event]], None]] = []

    @classmethod
    def at(cls, directory: Path, clock: Clock | None = None) -> "Database":
        """The embedded store of a data directory."""
        return cls(f"sqlite+aiosqlite:///{directory / 'quarterdeck.db'}", clock)

    def on_commit(self, listener: Callable[[Sequence[Event]], None]) -> None:
        """Call `listener` with the events of every transaction of this process, after it committed."""
        self._listeners.append(listener)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A write transaction. On SQLite one at a time in this process; a second process waits at the file."""
        if self._writer is None:
            async with self.engine.begin() as connection:
                yield (tx := Transaction(connection, self.clock))
        else:
            async with self._writer, self.engine.connect() as connection:
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
                tx = Transaction(connection, self.clock)
                try:
                    yield tx
                except BaseException:
                    await connection.rollback()
                    raise
                await connection.commit()
        if tx.emitted:
            for listener in self._listeners:
                listener(tx.emitted)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """A consistent look at the rows; writing through it is a mistake and is rolled back."""
        async with self.engine.connect() as connection:
            if self.is_sqlite:
                await connection.exec_driver_sql("BEGIN")
            try:
                yield Transaction(connection, self.clock)
            finally:
                await connection.rollback()

    async def close(self) -> None:
        await self.engine.dispose()


def _engine(url: str) -> AsyncEngine:
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_size=10, max_overflow=10, pool_pre_ping=True)
    engine = create_async_engine(
        url,
        pool_size=8,
        max_overflow=8,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "isolation_level": None},
    )

    @sa.event.listens_for(engine.sync_engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "cache_size=-32768",
            "temp_store=MEMORY",
            "mmap_size=268435456",
            "journal_size_limit=67108864",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine

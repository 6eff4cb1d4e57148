"""Where turns are kept by meaning: sqlite-vec in a file of its own, owned by one thread."""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from quarterdeck.gateway.cache.entry import Entry, decode, encode
from quarterdeck.gateway.cache.semantic.minilm import NotInstalled

CHUNK = 8
"""Vectors that sqlite-vec makes room for at once in each partition: there are many, and most hold a few."""
_TABLES = """
CREATE TABLE IF NOT EXISTS turns (
  id INTEGER PRIMARY KEY, part TEXT NOT NULL, text TEXT NOT NULL, entry BLOB NOT NULL, size INTEGER NOT NULL,
  width INTEGER NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER NOT NULL, UNIQUE (part, text)
);
CREATE INDEX IF NOT EXISTS ix_turns_used ON turns (used_at);
"""


class Candidate(NamedTuple):
    """A kept turn that is near the one asked for."""

    cosine: float
    text: str
    entry: Entry


class Vectors(Protocol):
    """Kept turns. `part` names all that must be the same; instants are microseconds since the epoch."""

    async def near(self, part: bytes, vector: bytes, now: int, limit: int) -> Sequence[Candidate]:
        """The nearest first. Never raises: a store that cannot be reached holds nothing."""
        ...

    async def keep(self, part: bytes, text: str, vector: bytes, entry: Entry) -> None: ...

    async def used(self, part: bytes, text: str, now: int) -> None:
        """It answered a call: it goes later than others."""
        ...

    async def close(self) -> None: ...


class VectorFile:
    """A SQLite file with sqlite-vec. Everything here blocks; it belongs to the thread that made it."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        """Raises NotInstalled."""
        try:
            import apsw  # noqa: PLC0415 - optional; Python's own sqlite3 often cannot load extensions
            import sqlite_vec  # noqa: PLC0415
        except ImportError as error:
            raise NotInstalled(f"Install quarterdeck[semantic] for the semantic cache: {error}.") from None
        path.touch(mode=0o600, exist_ok=True)
        self._max = max_bytes
        self._db = apsw.Connection(str(path))
        self._db.enable_load_extension(True)
        self._db.load_extension(sqlite_vec.loadable_path())
        self._db.enable_load_extension(False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(_TABLES)
        self._bytes: int = self._one("SELECT coalesce(sum(size), 0) FROM turns")

    def near(self, part: bytes, vector: bytes, now: int, limit: int) -> list[Candidate]:
        width = self._table(vector)
        query = (
            f"SELECT distance, text, entry FROM vectors_{width} AS near JOIN turns ON turns.id = near.id"  # noqa: S608
            " WHERE embedding MATCH ? AND k = ? AND near.part = ? AND expires_at > ? ORDER BY distance"
        )
        rows: list[Any] = self._db.execute(query, (vector, limit, part.hex(), now)).fetchall()
        return [Candidate(1.0 - float(distance), text, decode(entry)) for distance, text, entry in rows]

    def keep(self, part: bytes, text: str, vector: bytes, entry: Entry) -> None:
        width, packed = self._table(vector), encode(entry)
        size = len(packed) + len(vector) + len(text)
        with self._db:
            self._forget("part = ? AND text = ?", (part.hex(), text))
            self._db.execute(
                "INSERT INTO turns (part, text, entry, size, width, expires_at, used_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (part.hex(), text, packed, size, width, entry.expires_at, entry.made_at),
            )
            self._db.execute(
                f"INSERT INTO vectors_{width} (id, part, embedding) VALUES (?, ?, ?)",  # noqa: S608
                (self._db.last_insert_rowid(), part.hex(), vector),
            )
            self._bytes += size
            self._make_room(entry.made_at)

    def used(self, part: bytes, text: str, now: int) -> None:
        """It answered a call: it goes later than others."""
        self._db.execute("UPDATE turns SET used_at = ? WHERE part = ? AND text = ?", (now, part.hex(), text))

    def close(self) -> None:
        self._db.close()

    def _make_room(self, now: int) -> None:
        if self._bytes <= self._max:
            return
        self._forget("expires_at <= ?", (now,))
        while self._bytes > self._max:
            self._forget("id IN (SELECT id FROM turns ORDER BY used_at LIMIT 32)", ())

    def _forget(self, condition: str, values: tuple[Any, ...]) -> None:
        query = f"DELETE FROM turns WHERE {condition} RETURNING id, width, size"  # noqa: S608 - our own words
        gone: list[Any] = self._db.execute(query, values).fetchall()
        for number, width, size in gone:
            self._db.execute(f"DELETE FROM vectors_{width} WHERE id = ?", (number,))  # noqa: S608
            self._bytes -= size

    def _table(self, vector: bytes) -> int:
        """Make the table for vectors of this width, once; each model has its own."""
        width = len(vector) // struct.calcsize("f")
        self._db.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS vectors_{width} USING vec0(id INTEGER PRIMARY KEY,"
            f" part TEXT PARTITION KEY, embedding FLOAT[{width}] distance_metric=cosine, chunk_size={CHUNK})"
        )
        return width

    def _one(self, query: str) -> int:
        found = self._db.execute(query).fetchone()
        assert found is not None
        return int(found[0])

"""Answers in Redis or Valkey, where several gateways share them. While it is away there is no cache, and no delay."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec

from quarterdeck.gateway.cache.entry import Entry, decode, encode
from quarterdeck.gateway.cache.semantic.answers import cosine
from quarterdeck.gateway.cache.semantic.vectors import Candidate
from quarterdeck.kernel.clock import MS

T = TypeVar("T")
ANSWER_S = 0.25
"""How long a look-up may take before the call goes to its provider."""
RETRY_S = 1.0
BIGGEST = 8 << 20
PER_PART = 64
"""Turns kept for one context; the ones that answered longest ago go first."""
log = logging.getLogger(__name__)


class _Turn(msgspec.Struct, array_like=True, frozen=True):
    text: str
    vector: bytes


_turns = msgspec.msgpack.Decoder(_Turn)
_pack = msgspec.msgpack.Encoder().encode


class SharedCache:
    """The line to Redis: bounded in time, and left alone for a second after it did not answer."""

    def __init__(self, url: str, prefix: str = "qd", *, answer_s: float = ANSWER_S) -> None:
        from redis.asyncio import Redis  # noqa: PLC0415 - only where there is one
        from redis.exceptions import RedisError  # noqa: PLC0415

        self.prefix = prefix.encode()
        self.redis: Any = Redis.from_url(url, socket_timeout=answer_s, socket_connect_timeout=answer_s)
        self._answer_s = answer_s
        self._errors = (RedisError, OSError, TimeoutError)
        self._away_until = 0.0
        self._writing: set[asyncio.Task[None]] = set()

    async def ask(self, work: Callable[[], Awaitable[T]], otherwise: T) -> T:
        """What `work` answers; `otherwise` while Redis is away."""
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            async with asyncio.timeout(self._answer_s):
                return await work()
        except self._errors as error:
            log.warning("cache_away error=%s", type(error).__name__)
            self._away_until = time.monotonic() + RETRY_S
            return otherwise

    def behind(self, work: Callable[[], Awaitable[Any]]) -> None:
        """Do it behind the call."""

        async def run() -> None:
            await self.ask(work, None)

        task = asyncio.create_task(run(), name="shared-cache")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def settled(self) -> None:
        """Return once everything that was to be written is."""
        await asyncio.gather(*self._writing)

    async def close(self) -> None:
        await self.settled()
        await self.redis.aclose()


class SharedStore:
    """Answers by key; Redis forgets them when they expire, and by its own policy when it is full."""

    def __init__(self, cache: SharedCache) -> None:
        self._cache = cache

    async def get(self, key: bytes, now: int) -> Entry | None:
        found: bytes | None = await self._cache.ask(lambda: self._cache.redis.get(self._name(key)), None)
        entry = _entry(found)
        return entry if entry is not None and entry.expires_at > now else None

    def put(self, key: bytes, entry: Entry) -> None:
        if entry.size <= BIGGEST:
            kept_ms = max(1, (entry.expires_at - entry.made_at) // MS)
            self._cache.behind(lambda: self._cache.redis.set(self._name(key), encode(entry), px=kept_ms))

    def drop(self, key: bytes) -> None:
        self._cache.behind(lambda: self._cache.redis.delete(self._name(key)))

    def _name(self, key: bytes) -> bytes:
        return self._cache.prefix + b":answer:" + key


class SharedVectors:
    """Turns by meaning: those of one context in one hash, compared here; their answers beside them."""

    def __init__(self, cache: SharedCache) -> None:
        self._cache = cache

    async def near(self, part: bytes, vector: bytes, now: int, limit: int) -> Sequence[Candidate]:
        kept: dict[bytes, bytes] = await self._cache.ask(
            lambda: self._cache.redis.hgetall(self._name(b"turns", part)), {}
        )
        if not kept:
            return []
        nearest = await asyncio.to_thread(_nearest, kept, vector, limit)
        names = [self._name(b"turn", part, field) for _, field, _ in nearest]
        nothing: list[bytes | None] = [None] * len(names)
        answers = await self._cache.ask(lambda: self._cache.redis.mget(names), nothing)
        found = zip(nearest, map(_entry, answers), strict=True)
        return [
            Candidate(near, text, entry)
            for (near, _, text), entry in found
            if entry is not None and entry.expires_at > now
        ]

    async def keep(self, part: bytes, text: str, vector: bytes, entry: Entry) -> None:
        if entry.size > BIGGEST:
            return
        field, kept_ms = _field(text), max(1, (entry.expires_at - entry.made_at) // MS)
        turns, used = self._name(b"turns", part), self._name(b"used", part)

        async def work() -> None:
            async with self._cache.redis.pipeline(transaction=True) as pipe:
                pipe.set(self._name(b"turn", part, field), encode(entry), px=kept_ms)
                pipe.hset(turns, field, _pack(_Turn(text, vector)))
                pipe.zadd(used, {field: entry.made_at})
                pipe.pexpire(turns, kept_ms)
                pipe.pexpire(used, kept_ms)
                pipe.zrange(used, 0, -PER_PART - 1)
                *_, surplus = await pipe.execute()
            if surplus:
                await self._cache.redis.hdel(turns, *surplus)
                await self._cache.redis.zrem(used, *surplus)

        await self._cache.ask(work, None)

    async def used(self, part: bytes, text: str, now: int) -> None:
        await self._cache.ask(
            lambda: self._cache.redis.zadd(self._name(b"used", part), {_field(text): now}, xx=True), None
        )

    async def close(self) -> None:
        """The line is closed by whoever opened it."""

    def _name(self, kind: bytes, part: bytes, field: bytes = b"") -> bytes:
        # The braces keep one context on one node of a cluster.
        return self._cache.prefix + b":{" + part.hex().encode() + b"}:" + kind + (b":" + field if field else b"")


def _nearest(kept: dict[bytes, bytes], vector: bytes, limit: int) -> list[tuple[float, bytes, str]]:
    """(cosine, field, text), the nearest first. Some milliseconds of computing."""
    found = []
    for field, packed in kept.items():
        try:
            turn = _turns.decode(packed)
        except msgspec.DecodeError:
            continue
        if len(turn.vector) == len(vector):
            found.append((cosine(turn.vector, vector), field, turn.text))
    return sorted(found, reverse=True)[:limit]


def _entry(packed: bytes | None) -> Entry | None:
    """What an older or newer program wrote is as good as nothing."""
    if packed is None:
        return None
    try:
        return decode(packed)
    except msgspec.DecodeError:
        return None


def _field(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()

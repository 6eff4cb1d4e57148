"""The line to Redis or Valkey: scripts by their hash, in bounded time, and knowing when it is away."""

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

ALIVE_US = 600_000_000
"""A gateway that was not heard of for so long is dead: what it held is free."""
ANSWER_S = 1.0
LINES = 32
"""Connections at the most; who finds them all in use waits."""
RETRY_S = 1.0
BEAT_S = 1.0
log = logging.getLogger(__name__)


class Away(Exception):
    """Redis does not answer."""


class SharedStore:
    """One per gateway process."""

    def __init__(self, url: str, gateway_id: str, prefix: str = "qd") -> None:
        from redis.asyncio import Redis  # noqa: PLC0415 - only where there is one
        from redis.exceptions import RedisError  # noqa: PLC0415

        self.gateway_id = gateway_id
        self.process_id = f"{gateway_id}/{secrets.token_hex(4)}"
        """Whose slots are whose: those of a process that was killed are free when the next one begins."""
        self.prefix = prefix
        self._errors = (RedisError, OSError, TimeoutError)
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S, max_connections=LINES + 8
        )
        self._lines = asyncio.Semaphore(LINES)
        self._scripts: dict[str, Any] = {}
        self._away_until = 0.0
        self._begun = False
        self.gateways = 1
        """How many there were when last heard."""

    @property
    def gateways_key(self) -> str:
        return f"{self.prefix}:gateways"

    @property
    def processes_key(self) -> str:
        return f"{self.prefix}:processes"

    @property
    def away(self) -> bool:
        """Whether it did not answer a moment ago."""
        return time.monotonic() < self._away_until

    async def run(self, script: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """The script's answer. Raises Away at once while it is away, and after half a second when it goes away."""
        if self.away:
            raise Away
        registered = self._scripts.get(script)
        if registered is None:
            registered = self._scripts[script] = self._redis.register_script(script)
        try:
            async with self._lines, asyncio.timeout(ANSWER_S):
                return await registered(keys=list(keys), args=list(args))
        except self._errors as error:
            if not self.away:
                log.warning("redis_away error=%s", error)
            self._away_until = time.monotonic() + RETRY_S
            raise Away from error

    async def beat(self) -> None:
        """Say that we are here, that no process before us is, and hear how many are. Raises Away."""
        now = time.time_ns() // 1_000
        if self.away:
            raise Away
        try:
            async with asyncio.timeout(ANSWER_S):
                seconds, micros = await self._redis.time()
                now = int(seconds) * 1_000_000 + int(micros)
                await self._redis.zadd(self.gateways_key, {self.gateway_id: now})
                if not self._begun:
                    await self._forget_processes_before()
                    self._begun = True
                await self._redis.zadd(self.processes_key, {self.process_id: now})
                self.gateways = max(1, int(await self._redis.zcount(self.gateways_key, now - ALIVE_US, "+inf")))
        except self._errors as error:
            self._away_until = time.monotonic() + RETRY_S
            raise Away from error

    async def forget(self, pattern: str, but: set[str], fields: Sequence[str]) -> None:
        """Take these fields out of all hashes of that name, but some. Raises Away."""
        try:
            async for key in self._redis.scan_iter(match=pattern, count=500):
                if key.decode() not in but:
                    await self._redis.hdel(key, *fields)
        except self._errors as error:
            self._away_until = time.monotonic() + RETRY_S
            raise Away from error

    async def _forget_processes_before(self) -> None:
        known: list[Any] = await self._redis.zrange(self.processes_key, 0, -1)
        before, own = f"{self.gateway_id}/".encode(), self.process_id.encode()
        gone = [each for each in known if each.startswith(before) and each != own]
        if gone:
            await self._redis.zrem(self.processes_key, *gone)

    async def close(self) -> None:
        await self._redis.aclose()

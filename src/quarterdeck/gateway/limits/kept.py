"""What was used of rate limits outlives the process: a small file, written every second in which something changed.

A process that is killed forgets what the last second used; one that is stopped forgets nothing.
"""

import asyncio
import logging
import time
from pathlib import Path

import msgspec

from quarterdeck.gateway.limits.rates import Rates, Used
from quarterdeck.kernel import files

EVERY_S = 1.0
log = logging.getLogger(__name__)


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What the file holds."""

    at: int
    """Microseconds since the epoch."""
    rates: list[Used]


class KeptRates:
    """Reads the file once, when it is made; then keeps it up to date."""

    def __init__(self, path: Path, rates: Rates) -> None:
        self._path = path
        self._rates = rates
        self._written: list[Used] = []
        self._load()

    async def run(self) -> None:
        """Keep the file up to date until cancelled, and then for the last time."""
        writing: asyncio.Future[None] | None = None
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                used = self._rates.used()
                if used != self._written:
                    writing = asyncio.ensure_future(asyncio.to_thread(self._write, used))
                    await asyncio.shield(writing)
        finally:
            if writing is not None:  # its thread goes on when we are cancelled
                await asyncio.wait([writing])
            self._write(self._rates.used())

    def _load(self) -> None:
        try:
            kept = msgspec.msgpack.decode(self._path.read_bytes(), type=Kept)
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError) as error:
            log.warning("limits_not_read path=%s error=%s", self._path, error)
            return
        # A clock that was set back worked nothing off.
        passed = max(0, _now() - kept.at)
        self._rates.remember(each.after(passed) for each in kept.rates)

    def _write(self, used: list[Used]) -> None:
        try:
            files.put(self._path, msgspec.msgpack.encode(Kept(_now(), used)))
            self._written = used
        except OSError as error:
            log.warning("limits_not_kept path=%s error=%s", self._path, error)


def _now() -> int:
    return time.time_ns() // 1_000

"""The snapshot a gateway holds: swapped whole, kept on disk encrypted, asked for once when a key is unknown."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from quarterdeck.access.snapshot import EMPTY, Snapshot, decode
from quarterdeck.access.vault import Vault, VaultError
from quarterdeck.gateway.callers import Callers
from quarterdeck.kernel import files

log = logging.getLogger(__name__)

LOOKUP_TIMEOUT_S = 2.0
UNKNOWN_FOR_S = 1.0
UNKNOWN_KEPT = 4_096
_BOUND = "gateway/snapshot"


class Undecided(Exception):
    """Nobody could say whether a key is one of ours."""


class SnapshotHolder:
    """The current snapshot, and what happens when it changes or lacks a key."""

    def __init__(self, path: Path, vault: Vault) -> None:
        self.current: Snapshot = EMPTY
        self.callers = Callers()
        self.arrived = asyncio.Event()
        self._path = path
        self._vault = vault
        self._swapped = asyncio.Event()
        self._on_swap: list[Callable[[Snapshot], None]] = []
        self._ask: Callable[[bytes], Awaitable[bool]] | None = None
        self._asking: dict[bytes, asyncio.Task[bool]] = {}
        self._unknown: OrderedDict[bytes, float] = OrderedDict()

    def on_swap(self, listener: Callable[[Snapshot], None]) -> None:
        self._on_swap.append(listener)

    async def swapped_within(self, seconds: float) -> bool:
        """Whether another snapshot was swapped in within that time; returns as soon as it was."""
        try:
            async with asyncio.timeout(seconds):
                await self._swapped.wait()
        except TimeoutError:
            return False
        return True

    def answer_unknown_with(self, ask: Callable[[bytes], Awaitable[bool]] | None) -> None:
        """Set who is asked about unknown keys; None while control is away."""
        self._ask = ask

    def load(self) -> None:
        """Start from the last good snapshot on disk, when there is one that can be read."""
        try:
            self._swap(decode(self._vault.unseal(self._path.read_bytes(), _BOUND)))
            log.info("snapshot_loaded version=%d", self.current.version)
        except FileNotFoundError:
            return
        except (VaultError, OSError, msgspec.DecodeError) as error:
            log.warning("snapshot_unreadable path=%s error=%s", self._path, error)

    def publish(self, encoded: bytes, *, first: bool = False) -> None:
        """Swap in what control sent. An older one than ours is ignored: it crossed a newer one on the way.

        The `first` of a connection holds whatever its version: control counts by its clock, which may have been set
        back since it published ours, and its word of pauses and revoked keys must not wait until that has caught up.
        """
        snapshot = decode(encoded)
        if first or snapshot.version >= self.current.version:
            self._swap(snapshot)

    def keep(self, encoded: bytes) -> None:
        """Write the last good snapshot to disk, atomically. Blocking: call it in a thread."""
        try:
            files.put(self._path, self._vault.seal(encoded, _BOUND))
        except OSError as error:
            log.warning("snapshot_not_kept path=%s error=%s", self._path, error)

    async def knows(self, key_hash: bytes) -> bool:
        """Whether control knows a key the snapshot lacks; if so, the snapshot holds it when this returns.

        Many callers with the same key ask once, and a key found unknown is not asked about again for a second.
        Raises Undecided when control is away or takes too long: the key may have been handed out a moment ago.
        """
        now = asyncio.get_running_loop().time()
        if self._unknown.get(key_hash, 0.0) > now:
            return False
        task = self._asking.get(key_hash)
        if task is None:
            task = self._asking[key_hash] = asyncio.create_task(self._lookup(key_hash))
        return await asyncio.shield(task)

    async def _lookup(self, key_hash: bytes) -> bool:
        try:
            if self._ask is None:
                raise Undecided
            known = await asyncio.wait_for(self._ask(key_hash), LOOKUP_TIMEOUT_S)
        except (TimeoutError, ConnectionError):
            raise Undecided from None
        finally:
            del self._asking[key_hash]
        if not known:
            self._unknown[key_hash] = asyncio.get_running_loop().time() + UNKNOWN_FOR_S
            if len(self._unknown) > UNKNOWN_KEPT:
                self._unknown.popitem(last=False)
        return known and key_hash in self.current.keys

    def _swap(self, snapshot: Snapshot) -> None:
        self.current = snapshot
        self.callers.forget()
        self._unknown.clear()
        for listener in self._on_swap:
            listener(snapshot)
        self.arrived.set()
        self._swapped.set()
        self._swapped = asyncio.Event()

"""The table of calls in flight: what the stop lever ends and the dashboard shows."""

import asyncio
import contextlib
import struct
from collections.abc import Callable, Collection, Iterator

import msgspec

from quarterdeck.access.wire import OpenCall

END_WAIT_S = 1.0
SHOWN_AT_MOST = 2_000
_CHUNK_TIME = struct.Struct("<II")


class InFlight(msgspec.Struct, eq=False):
    """One call in flight. `stop` is set by whoever holds the upstream, and ends the call with a reason."""

    id: str
    workspace_id: str
    agent_id: str | None
    key_id: str
    run_id: str | None
    task_id: str | None
    started: int
    stream: bool
    provider: str | None = None
    model: str | None = None
    stop: Callable[[], None] | None = None
    first_byte: int | None = None
    chunk_times: list[bytes] | None = None
    """The draft's own list of when chunks came, so that nothing has to be noted for each of them."""
    held: str | None = None
    """Why it is not at a provider now: see access/wire.py."""
    stopped_by: tuple[str, str] | None = None
    """(code, message) once somebody pulled the lever on this call."""

    def last_byte(self) -> int | None:
        """When the answer last grew."""
        if not self.chunk_times:
            return self.first_byte
        after_ms: int = _CHUNK_TIME.unpack(self.chunk_times[-1])[1]
        return self.started + after_ms * 1_000


@contextlib.contextmanager
def waiting_for(what: str, flight: InFlight | None) -> Iterator[None]:
    """Show that the call waits for this, and is at no provider, while it does."""
    if flight is None:
        yield
        return
    flight.held, flight.first_byte = what, None
    try:
        yield
    finally:
        flight.held = None


class OpenCalls:
    """All calls in flight of this gateway."""

    def __init__(self) -> None:
        self._calls: dict[str, InFlight] = {}
        self._touched: set[str] = set()
        self._ended = asyncio.Event()

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, call: InFlight) -> None:
        self._calls[call.id] = call
        if call.run_id is not None:
            self._touched.add(call.run_id)

    def remove(self, call: InFlight) -> None:
        del self._calls[call.id]
        self._ended.set()

    async def end(self, scope: str, ids: Collection[str], code: str, message: str) -> int:
        """End every matching call now; returns how many once they are gone (or after a second)."""
        wanted = frozenset(ids)
        matching = [call for call in self._calls.values() if _matches(call, scope, wanted)]
        for call in matching:
            call.stopped_by = (code, message)
            if call.stop is not None:
                call.stop()
        deadline = asyncio.get_running_loop().time() + END_WAIT_S
        while any(call.id in self._calls for call in matching):
            self._ended.clear()
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            try:
                await asyncio.wait_for(self._ended.wait(), left)
            except TimeoutError:
                break
        return len(matching)

    def traffic(self) -> tuple[list[str], list[OpenCall]]:
        """Runs that had traffic since the last look, and what is in flight now."""
        shown = [
            OpenCall(
                call.id,
                call.workspace_id,
                call.agent_id,
                call.run_id,
                call.task_id,
                call.provider,
                call.model,
                call.started,
                call.first_byte,
                call.stream,
                call.last_byte(),
                call.held,
            )
            for call, _ in zip(self._calls.values(), range(SHOWN_AT_MOST), strict=False)
        ]
        runs = self._touched | {call.run_id for call in self._calls.values() if call.run_id is not None}
        self._touched = set()
        return sorted(runs), shown


def _matches(call: InFlight, scope: str, ids: frozenset[str]) -> bool:
    if scope == "all":
        return True
    of = {"agent": call.agent_id, "run": call.run_id, "key": call.key_id, "workspace": call.workspace_id}.get(scope)
    return of in ids

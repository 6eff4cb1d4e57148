"""What is known of a caller from its key alone, remembered until the snapshot changes.

Call after call shows the same key and says nothing further of whose work it is: hashing the key, looking it up and
checking it again each time would find the same.
"""

import msgspec

from quarterdeck.access.snapshot import AgentEntry, KeyEntry, WorkspaceEntry
from quarterdeck.gateway.attribution import TELLING, Attribution

CHANGING = TELLING | {b"x-quarterdeck-bodies", b"x-portkey-debug"}
"""Headers by which a call is known by more than its key."""
_KEPT = 4_096
_SIGNED = b"AWS4-"

Shown = tuple[bytes | None, bytes | None, bytes | None, bytes | None]
"""The values of the headers that can hold a key."""


class Caller(msgspec.Struct, frozen=True, eq=False):
    """A key that may call, and what its calls are unless they say more."""

    key: KeyEntry
    workspace: WorkspaceEntry
    agent: AgentEntry
    attribution: Attribution
    body_mode: str


class Callers:
    """Those of one snapshot, by what they show. Only keys that may call are in here."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[Shown, Caller] = {}

    def of(self, shown: Shown, now: int) -> Caller | None:
        """Who shows this; None when that has to be found out. `now` is microseconds since the epoch."""
        caller = self._known.get(shown)
        if caller is not None and (expires := caller.key.expires_at) is not None and expires <= now:
            return None
        return caller

    def remember(self, shown: Shown, caller: Caller) -> None:
        if shown[0] is not None and shown[0].startswith(_SIGNED):
            return  # a signature is another one each time
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[shown] = caller

    def forget(self) -> None:
        self._known.clear()


def shown_in(headers: dict[bytes, bytes]) -> Shown:
    get = headers.get
    return get(b"authorization"), get(b"x-api-key"), get(b"x-goog-api-key"), get(b"x-portkey-api-key")

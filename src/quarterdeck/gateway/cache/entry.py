"""A kept answer, and where answers are kept."""

from collections.abc import Awaitable
from enum import Enum
from typing import Any, Protocol

import msgspec

from quarterdeck.access.routing.caching import CachePolicy


class Entry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One complete, successful answer in the caller's dialect, as the caller got it.

    There may be many: nothing in them leads back to them, so the collector need not look.
    """

    call_id: str
    """The call that it was first given to."""
    made_at: int
    """Microseconds since the epoch."""
    expires_at: int
    content_type: str
    body: bytes
    marks: bytes
    """For a stream: pairs of little-endian uint32 (byte offset in `body`, milliseconds since the call began)."""
    provider: str
    provider_kind: str
    model: str
    model_answered: str | None
    cost: int | None
    """Nano-dollars the call cost, which is what giving the answer again saves; None: it had no price."""

    @property
    def size(self) -> int:
        """Bytes it takes, about."""
        return len(self.body) + len(self.marks) + 512


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Entry)


def encode(entry: Entry) -> bytes:
    return _encoder.encode(entry)


def decode(data: bytes) -> Entry:
    """Raises msgspec.DecodeError when the bytes are no entry."""
    return _decoder.decode(data)


class Status(Enum):
    """What the cache did for a call, in our words and Portkey's."""

    HIT = ("hit", "HIT")
    SEMANTIC_HIT = ("semantic-hit", "SEMANTIC HIT")
    MISS = ("miss", "MISS")
    SEMANTIC_MISS = ("semantic-miss", "SEMANTIC MISS")
    REFRESH = ("refresh", "REFRESH")
    OFF = ("off", "DISABLED")

    def __init__(self, ours: str, portkeys: str) -> None:
        self.ours = ours
        shown = "miss" if ours == "semantic-miss" else ours
        self.lines = f"x-quarterdeck-cache: {shown}\r\nx-portkey-cache-status: {portkeys}\r\n".encode()
        """Of an answer's head."""

    @property
    def is_hit(self) -> bool:
        return self is Status.HIT or self is Status.SEMANTIC_HIT


class Turn(msgspec.Struct, frozen=True):
    """A request whose last turn may be put in other words: all else of it, and that turn."""

    rest: bytes
    """Names everything but the last turn: tenant, agent, model, tools, instructions and earlier turns."""
    text: str


class Caching(msgspec.Struct):
    """What the cache knows of a call while it happens."""

    policy: CachePolicy
    key: bytes
    status: Status
    hit: Entry | None = None
    turn: Turn | None = None
    vector: bytes | None = None
    """The turn's embedding, once it was asked for."""

    def told(self) -> dict[str, Any]:
        """For the call's record: what the cache did; of a hit also which call it repeats and what that had cost."""
        if self.hit is None:
            return {"status": self.status.ours}
        return {"status": self.status.ours, "of": self.hit.call_id, "saved": self.hit.cost}


Found = Entry | Awaitable[Entry | None] | None
"""What a store has under a key; to be awaited where it is far."""


class EntryStore(Protocol):
    """Where answers are kept by key. Never raises: a store that cannot be reached holds nothing."""

    def get(self, key: bytes, now: int) -> Found:
        """The entry, unless it has expired at `now` (microseconds since the epoch)."""
        ...

    def put(self, key: bytes, entry: Entry) -> None:
        """Keep it, in place of one of the same key. Returns at once; what is slow goes on behind it."""
        ...

    def drop(self, key: bytes) -> None:
        """Forget it."""
        ...

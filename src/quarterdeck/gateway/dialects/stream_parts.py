"""What a stream is made of once its dialect is taken away, and the two halves every dialect implements.

A parser yields Head, then for each part PartStart, Deltas, PartEnd, then Tail; Note carries what only the origin
knows. Parts are numbered from 0 in order of appearance. A part's text arrives in its deltas: PartStart holds it empty,
except for parts that come whole (Opaque, Media).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from quarterdeck.gateway.dialects.conversation import BadAnswer, Citation, Drops, Failure, Fields, Part, Stop
from quarterdeck.ledger.record import Usage


@dataclass(frozen=True, slots=True)
class Head:
    origin: str
    id: str = ""
    model: str = ""
    created: int | None = None
    usage: Usage | None = None
    rest: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartStart:
    index: int
    part: Part
    rest: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delta:
    """More of a part. `what` says which of its fields grows by `text`; a citation comes whole in `citation`."""

    index: int
    what: Literal["text", "arguments", "signature", "citation"]
    text: str = ""
    citation: Citation | None = None
    rest: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartEnd:
    index: int
    part: Part | None = None
    """The part as the origin repeats it whole at its end, when it does."""
    rest: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tail:
    """The answer is complete."""

    stop: Stop | None = None
    stop_raw: str | None = None
    stop_sequence: str | None = None
    usage: Usage | None = None
    rest: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamError:
    failure: Failure


@dataclass(frozen=True, slots=True)
class Ping:
    """Nothing new; the connection lives."""


@dataclass(frozen=True, slots=True)
class Note:
    """An event that only its own dialect knows."""

    raw: dict[str, Any]


StreamPart = Head | PartStart | Delta | PartEnd | Tail | StreamError | Ping | Note


class StreamParser(Protocol):
    def feed(self, data: bytes) -> list[StreamPart]:
        """Raises BadAnswer when the bytes cannot be this dialect's stream."""
        ...

    def end(self) -> list[StreamPart]:
        """The upstream closed. A stream that had not said its end yields a StreamError: it was cut."""
        ...


class Emitter(ABC):
    """One dialect's grammar of events. `same` is set at the head: the stream comes from this very dialect."""

    name: str

    def __init__(self, drops: Drops, *, now: int = 0) -> None:
        self.drops = drops
        self.now = now
        self.same = False

    def feed(self, part: StreamPart) -> bytes:
        if isinstance(part, Head):
            self.same = part.origin == self.name
            return self.head(part)
        handlers: dict[type, Callable[[Any], bytes]] = {
            PartStart: self.start,
            Delta: self.delta,
            PartEnd: self.end,
            Tail: self.tail,
            StreamError: self.failed,
            Ping: self.ping,
            Note: self.note,
        }
        return handlers[type(part)](part)

    @abstractmethod
    def head(self, head: Head) -> bytes: ...

    @abstractmethod
    def start(self, start: PartStart) -> bytes: ...

    @abstractmethod
    def delta(self, delta: Delta) -> bytes: ...

    @abstractmethod
    def end(self, end: PartEnd) -> bytes: ...

    @abstractmethod
    def tail(self, tail: Tail) -> bytes: ...

    @abstractmethod
    def failed(self, error: StreamError) -> bytes: ...

    def ping(self, ping: Ping) -> bytes:
        return b": ping\n\n"

    def note(self, note: Note) -> bytes:
        return b""


def last_words(read: Callable[[], list[StreamPart]]) -> list[StreamPart]:
    """What the unfinished end of a closed stream still says: nothing, when it was cut in the middle of an event."""
    try:
        return read()
    except BadAnswer:
        return []


CUT = Failure(502, "The provider ended the stream before the answer was complete.", "provider_cut", "cut")

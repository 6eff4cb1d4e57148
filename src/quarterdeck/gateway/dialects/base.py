"""What the gateway asks of a dialect on the same-dialect path: read a copy, touch as few bytes as possible."""

from typing import Protocol

import msgspec

from quarterdeck.ledger.record import Usage

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding a stranger's JSON may raise: it is none, its strings are no UTF-8, it is nested too deeply."""


class BadBody(ValueError):
    """The caller's body is not what its dialect says it must be; the message says what to do."""


class RequestFacts(msgspec.Struct, frozen=True):
    """What the gateway needs to know of a request. Everything else stays bytes."""

    model: str | None
    stream: bool
    wants_usage: bool
    """Whether the caller itself asked for usage in the stream (dialects that always send it: True)."""
    max_output: int | None = None
    """The cap on output tokens the caller set, when it set one."""
    session: str | None = None
    """The client's own conversation id in the body: prompt_cache_key, metadata.user_id's session_id, …"""
    tags: dict[str, str] = {}
    """The body's `metadata`, when it is a flat object of strings."""
    names_tier: bool = True
    """Whether it may name a tier to be served in, priced differently; True where nobody looked."""


class AnswerFacts(msgspec.Struct, frozen=True):
    """What the gateway reads from a complete answer."""

    usage: Usage | None
    model: str | None
    stop: str | None = None
    """The provider's own stop reason."""
    error: str | None = None
    """The provider's error message, when the answer is an error."""
    cost: int | None = None
    """Nano-dollars, when the provider itself names what it charged (OpenRouter)."""


class StreamReader(Protocol):
    """Follows one stream. `feed` returns what to relay now: the same bytes, unless a chunk must be withheld."""

    usage: Usage | None
    cost: int | None
    """Nano-dollars, when the provider itself names what it charged."""
    model: str | None
    stop: str | None
    error: str | None
    """Set when the provider reported an error inside the stream."""
    finished: bool
    """The dialect's own end was seen: `[DONE]`, `message_stop`, `response.completed` …"""
    content_seen: bool
    """Something other than head-of-stream bookkeeping has arrived."""

    def feed(self, chunk: bytes) -> bytes: ...

    def end(self) -> bytes:
        """The upstream closed. Returns bytes still held back, if they are to be relayed."""
        ...


class Dialect(Protocol):
    """One file per dialect holds one of these."""

    name: str

    def read_request(self, body: bytes) -> RequestFacts:
        """Raises BadBody when the body is malformed, not UTF-8, nested too deeply or lacks what the dialect needs."""
        ...

    def patch(self, body: bytes, *, model: str | None = None, ask_usage: bool = False) -> bytes:
        """The same bytes with the value of `model` replaced and, for a stream, usage asked for; all else untouched."""
        ...

    def read_answer(self, body: bytes) -> AnswerFacts:
        """Never raises: an answer that cannot be read has no usage."""
        ...

    def reader(self, *, withhold_usage: bool = False) -> StreamReader: ...

    def error(self, status: int, code: str, message: str) -> bytes:
        """A refusal or failure as this dialect's clients expect it: a JSON body."""
        ...

    def stream_error(self, code: str, message: str) -> bytes:
        """The same inside a stream that has begun: one event."""
        ...

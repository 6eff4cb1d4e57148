"""Server-sent events as bytes: split them, and follow a stream without touching it."""

import re
from collections.abc import Iterator

from quarterdeck.gateway.dialects.conversation import BadAnswer
from quarterdeck.ledger.record import Usage

TAIL_LIMIT = 16 * 1024 * 1024
"""Bytes of one unfinished event we keep to interpret it; past that the stream is relayed unread."""

_BLANK_LINE = re.compile(rb"((?:\r\n|\n|\r(?!\n)){2,})")


def last_boundary(buffer: bytes | bytearray, start: int = 0) -> int:
    """Offset just after the last blank line at or after `start`, or -1. Knows LF, CRLF and CR streams."""
    found = buffer.rfind(b"\n\n", start)
    best = found + 2 if found >= 0 else -1
    if b"\r" in buffer:
        for mark in (b"\n\r\n", b"\r\r"):
            found = buffer.rfind(mark, start)
            if found >= 0:
                best = max(best, found + len(mark))
    return best


def events(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each event of a block of whole events: (its bytes with the blank line that ends it, its lines joined by LF)."""
    if b"\r" not in block:
        pieces = block.split(b"\n\n")
        last = pieces.pop()
        for piece in pieces:
            yield piece + b"\n\n", piece
        if last:
            yield last, last
        return
    parts = _BLANK_LINE.split(block)
    for at in range(0, len(parts), 2):
        text = parts[at]
        raw = text + parts[at + 1] if at + 1 < len(parts) else text
        if raw:
            yield raw, text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def data_of(event: bytes) -> bytes:
    """The event's `data` field: its lines joined by LF; empty when it has none."""
    if event.startswith(b"data: ") and b"\n" not in event:
        return event[6:]
    lines = [line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")]
    return b"\n".join(lines)


def name_of(event: bytes) -> str | None:
    """The event's `event` field; None when it has none."""
    for line in event.split(b"\n"):
        if line.startswith(b"event:"):
            return line[6:].strip().decode("utf-8", "replace")
    return None


class Splitter:
    """Events out of chunks cut anywhere: (the event's name or None, its data)."""

    __slots__ = ("_tail",)

    def __init__(self) -> None:
        self._tail = bytearray()

    def feed(self, chunk: bytes) -> list[tuple[str | None, bytes]]:
        """Raises BadAnswer when one event grows past all bounds."""
        before = len(self._tail)
        self._tail += chunk
        cut = last_boundary(self._tail, max(0, before - 3))
        if cut < 0:
            if len(self._tail) > TAIL_LIMIT:
                raise BadAnswer("The provider sent an event without an end.")
            return []
        block = bytes(self._tail[:cut])
        del self._tail[:cut]
        return self._split(block)

    def end(self) -> list[tuple[str | None, bytes]]:
        """The last event, when the stream closed without the blank line after it."""
        block = bytes(self._tail)
        self._tail.clear()
        return self._split(block)

    def _split(self, block: bytes) -> list[tuple[str | None, bytes]]:
        return [(name_of(text), data) for _, text in events(block) if (data := data_of(text))]


class SseReader:
    """The part every dialect's StreamReader shares. A dialect says which blocks are worth decoding and reads events.

    Without withholding, `feed` gives back the very chunk it got. With it, an unfinished event waits for its end,
    because only then is it known whether it may be shown; its client could not have used half of it either.
    """

    __slots__ = ("_deaf", "_tail", "_withhold", "content_seen", "cost", "error", "finished", "model", "stop", "usage")

    def __init__(self, *, withhold: bool = False) -> None:
        self.usage: Usage | None = None
        self.cost: int | None = None
        self.model: str | None = None
        self.stop: str | None = None
        self.error: str | None = None
        self.finished = False
        self.content_seen = False
        self._withhold = withhold
        self._tail = bytearray()
        self._deaf = False

    def feed(self, chunk: bytes) -> bytes:
        tail = self._tail
        if not tail and chunk.endswith(b"\n\n") and not self._deaf:
            return self._read(chunk)
        if self._deaf or not chunk:
            return chunk
        before = len(tail)
        tail += chunk
        cut = last_boundary(tail, max(0, before - 3))
        if cut < 0:
            if len(tail) > TAIL_LIMIT:
                return self._give_up(chunk)
            return b"" if self._withhold else chunk
        block = bytes(tail[:cut])
        del tail[:cut]
        shown = self._read(block)
        if len(tail) > TAIL_LIMIT:
            return shown + self._give_up(b"") if self._withhold else self._give_up(chunk)
        return shown if self._withhold else chunk

    def end(self) -> bytes:
        if not self._tail:
            return b""
        # A last event without its blank line is still the provider's word.
        shown = self._read(bytes(self._tail))
        self._tail.clear()
        return shown if self._withhold else b""

    def _give_up(self, chunk: bytes) -> bytes:
        self._deaf = True
        held = bytes(self._tail) if self._withhold else chunk
        self._tail.clear()
        return held

    def _read(self, block: bytes) -> bytes:
        if not self._worth_reading(block):
            return block
        shown: list[bytes] | None = None
        kept: list[bytes] = []
        for raw, text in events(block):
            if self._event(data_of(text)) and self._withhold:
                shown = kept
            else:
                kept.append(raw)
        return block if shown is None else b"".join(shown)

    def _worth_reading(self, block: bytes) -> bool:
        """Cheap test on the bytes: may this block hold an event we must decode? A false yes costs only time."""
        raise NotImplementedError

    def _event(self, data: bytes) -> bool:
        """Read one event; True when it is one that is withheld from a client that did not ask for it."""
        raise NotImplementedError


class DeafReader(SseReader):
    """For endpoints that do not stream: relays and reads nothing."""

    __slots__ = ()

    def _worth_reading(self, block: bytes) -> bool:
        return False

    def _event(self, data: bytes) -> bool:
        return False

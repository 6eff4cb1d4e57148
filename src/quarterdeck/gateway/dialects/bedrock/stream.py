"""ConverseStream, both ways."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import stream_parts, usage, usage_out
from quarterdeck.gateway.dialects.base import UNREADABLE
from quarterdeck.gateway.dialects.bedrock.answer import STOPS, answer_block, word
from quarterdeck.gateway.dialects.bedrock.eventstream import Decoder, Frame, encode_frame
from quarterdeck.gateway.dialects.bedrock.parts import MINT, NAME
from quarterdeck.gateway.dialects.carry import Token, pack
from quarterdeck.gateway.dialects.conversation import (
    BadAnswer,
    Citation,
    Drops,
    Failure,
    Media,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
)
from quarterdeck.gateway.dialects.fields import encode, named
from quarterdeck.gateway.dialects.stream_parts import (
    CUT,
    Delta,
    Head,
    Note,
    PartEnd,
    PartStart,
    Ping,
    StreamError,
    StreamPart,
    Tail,
)

_STATUS = {
    "throttlingException": 429,
    "validationException": 400,
    "serviceUnavailableException": 503,
    "modelTimeoutException": 504,
}


class Parser:
    def __init__(self) -> None:
        self._frames = Decoder()
        self._over = False
        self._open: dict[int, int] = {}
        self._next = 0
        self._stop: str | None = None

    def feed(self, data: bytes) -> list[StreamPart]:
        return [part for frame in self._frames.feed(data) for part in self._frame(frame)]

    def end(self) -> list[StreamPart]:
        if self._over:
            return []
        self._over = True
        # The last event carries the usage; without it the answer is whole all the same.
        if self._stop is not None and not self._frames.unfinished:
            return [Tail(STOPS.get(self._stop, "other"), self._stop)]
        return [StreamError(CUT)]

    def _frame(self, frame: Frame) -> list[StreamPart]:
        if self._over:
            return []
        try:
            event = msgspec.json.decode(frame.payload) if frame.payload else {}
        except UNREADABLE as problem:
            raise BadAnswer(f"The provider sent an event that is not JSON: {problem}.") from None
        if not isinstance(event, dict):
            raise BadAnswer("The provider sent an event that is not an object.")
        if frame.headers.get(":message-type") in ("exception", "error"):
            self._over = True
            kind = frame.headers.get(":exception-type") or frame.headers.get(":error-code") or "exception"
            words = usage.text_or_none(event.get("message")) or frame.headers.get(":error-message") or kind
            return [StreamError(Failure(_STATUS.get(kind, 502), words, kind))]
        name = frame.headers.get(":event-type", "")
        return [*self._before(name), Note({"name": name, "event": event}), *self._read(name, event)]

    def _before(self, name: str) -> list[StreamPart]:
        return [Head(NAME)] if name == "messageStart" else []

    def _read(self, name: str, event: dict[str, Any]) -> list[StreamPart]:
        index = event.get("contentBlockIndex", 0)
        if not isinstance(index, int):
            raise BadAnswer("The provider sent a block without a number.")
        match name:
            case "contentBlockStart":
                return self._block_start(index, usage.fields_of(event.get("start")))
            case "contentBlockDelta":
                return self._delta(index, usage.fields_of(event.get("delta")))
            case "contentBlockStop" if index in self._open:
                return [PartEnd(self._open.pop(index))]
            case "messageStop":
                self._stop = usage.text_or_none(event.get("stopReason")) or "end_turn"
            case "metadata":
                self._over = True
                counted = usage.from_bedrock(event.get("usage"), service_tier=event.get("serviceTier"))
                return [Tail(STOPS.get(self._stop or "end_turn", "other"), self._stop, None, counted)]
        return []

    def _begin(self, index: int, part: Part) -> list[StreamPart]:
        at = self._open[index] = self._next
        self._next += 1
        return [PartStart(at, part)]

    def _block_start(self, index: int, start: Any) -> list[StreamPart]:
        match start:
            case {"toolUse": {"toolUseId": str() as call_id, "name": str() as name, **extra}}:
                if extra.get("type", "tool_use") == "tool_use":
                    return self._begin(index, ToolCall(call_id, name, "", rest=named(extra)))
        return self._begin(index, Opaque(dict(start))) if start else []

    def _delta(self, index: int, delta: Any) -> list[StreamPart]:  # noqa: PLR0911 - a kind of delta each
        match delta:
            case {"text": str() as words}:
                return self._grow(index, Text(""), "text", words)
            case {"toolUse": {"input": str() as words}}:
                return self._grow(index, None, "arguments", words)
            case {"reasoningContent": {"text": str() as words}}:
                return self._grow(index, Reasoning(minted_by=MINT), "text", words)
            case {"reasoningContent": {"signature": str() as words}}:
                return self._grow(index, Reasoning(minted_by=MINT), "signature", words)
            case {"reasoningContent": {"redactedContent": str() as secret}} if index not in self._open:
                return self._begin(index, Reasoning(encrypted=secret, minted_by="bedrock"))
            case {"citation": dict() as raw}:
                web = usage.fields_of(usage.fields_of(raw.get("location")).get("web"))
                cited = Citation(usage.text_or_none(web.get("url")), usage.text_or_none(raw.get("title")), raw=raw)
                started = [] if index in self._open else self._begin(index, Text(""))
                return [*started, Delta(self._open[index], "citation", citation=cited)]
        return []

    def _grow(self, index: int, empty: Part | None, what: Any, words: str) -> list[StreamPart]:
        """Words and thoughts start without an event of their own."""
        started: list[StreamPart] = []
        if index not in self._open:
            if empty is None:
                return []
            started = self._begin(index, empty)
        return [*started, Delta(self._open[index], what, words)] if words else started


class Emitter(stream_parts.Emitter):
    name = NAME

    def __init__(self, drops: Drops, *, now: int = 0) -> None:
        super().__init__(drops, now=now)
        self._parts: dict[int, Part] = {}
        self._numbers: dict[int, int] = {}
        self._called = False

    def _say(self, name: str, event: dict[str, Any]) -> bytes:
        headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
        return encode_frame(Frame(encode(event), headers))

    def head(self, head: Head) -> bytes:
        return b"" if self.same else self._say("messageStart", {"role": "assistant"})

    def start(self, start: PartStart) -> bytes:
        part = start.part
        if self.same:
            return b""
        if isinstance(part, Opaque | Media):
            self.drops.add(part.label if isinstance(part, Opaque) else part.kind, "a provider-side step")
            return b""
        number = self._numbers[start.index] = len(self._numbers)
        self._parts[start.index] = part
        if isinstance(part, ToolCall):
            self._called = True
            call = next(iter(answer_block(part, self.drops)))["toolUse"]
            del call["input"]
            return self._say("contentBlockStart", {"contentBlockIndex": number, "start": {"toolUse": call}})
        if isinstance(part, Reasoning) and part.encrypted is not None:
            block = next(iter(answer_block(part, self.drops)))["reasoningContent"]
            signature = block.get("reasoningText", {}).get("signature")
            return self._grow(start.index, {"reasoningContent": {"signature": signature} if signature else block})
        return b""

    def _grow(self, index: int, delta: dict[str, Any]) -> bytes:
        return self._say("contentBlockDelta", {"contentBlockIndex": self._numbers[index], "delta": delta})

    def delta(self, delta: Delta) -> bytes:
        part = self._parts.get(delta.index)
        if self.same or part is None:
            return b""
        if delta.what == "citation":
            self.drops.add("citations")
            return b""
        if isinstance(part, ToolCall):
            return self._grow(delta.index, {"toolUse": {"input": delta.text}})
        if isinstance(part, Reasoning):
            return self._grow(delta.index, {"reasoningContent": self._thought(delta, part)})
        if delta.what == "signature":
            self.drops.add("thought signature of a text")
            return b""
        return self._grow(delta.index, {"text": delta.text})

    def _thought(self, delta: Delta, part: Reasoning) -> dict[str, str]:
        if delta.what != "signature":
            return {"text": delta.text}
        minted = delta.rest.get("minted_by") or part.minted_by
        if minted in (None, MINT):
            return {"signature": delta.text}
        return {"signature": pack(Token(minted, delta.rest.get("kind", "signature"), delta.text, part.id or ""))}

    def end(self, end: PartEnd) -> bytes:
        if self.same or end.index not in self._parts:
            return b""
        return self._say("contentBlockStop", {"contentBlockIndex": self._numbers[end.index]})

    def tail(self, tail: Tail) -> bytes:
        if self.same:
            return b""
        counted = usage_out.to_bedrock(tail.usage) if tail.usage else {}
        stopped = self._say("messageStop", {"stopReason": word(tail.stop, called=self._called)})
        return stopped + self._say("metadata", {"usage": counted, "metrics": {"latencyMs": 0}})

    def failed(self, error: StreamError) -> bytes:
        kinds = {429: "throttlingException", 400: "validationException", 503: "serviceUnavailableException"}
        kind = kinds.get(error.failure.status, "modelStreamErrorException")
        headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
        return encode_frame(Frame(encode({"message": error.failure.message}), headers))

    def ping(self, ping: Ping) -> bytes:
        return b""

    def note(self, note: Note) -> bytes:
        return self._say(note.raw["name"], note.raw["event"]) if self.same else b""

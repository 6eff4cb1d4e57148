"""Messages streams, both ways."""

from dataclasses import replace
from typing import Any

import msgspec

from quarterdeck.gateway.dialects import stream_parts, usage, usage_out
from quarterdeck.gateway.dialects.anthropic import parts as blocks
from quarterdeck.gateway.dialects.anthropic.answer import STOPS, word
from quarterdeck.gateway.dialects.anthropic.errors import error_event
from quarterdeck.gateway.dialects.anthropic.parts import MINT, NAME
from quarterdeck.gateway.dialects.carry import Token, pack
from quarterdeck.gateway.dialects.conversation import (
    BadAnswer,
    Drops,
    Failure,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from quarterdeck.gateway.dialects.fields import Misshapen, encode
from quarterdeck.gateway.dialects.openai_errors import message_of
from quarterdeck.gateway.dialects.sse import Splitter
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
    last_words,
)


class Parser:
    def __init__(self) -> None:
        self._split = Splitter()
        self._over = False
        self._usage: dict[str, Any] = {}
        self._stop: dict[str, Any] = {}
        self._closing: dict[str, Any] = {}

    def feed(self, data: bytes) -> list[StreamPart]:
        return [part for _, event in self._split.feed(data) for part in self._event(event)]

    def end(self) -> list[StreamPart]:
        found = last_words(lambda: [part for _, event in self._split.end() for part in self._event(event)])
        if not self._over:
            self._over = True
            found.append(StreamError(CUT))
        return found

    def _event(self, data: bytes) -> list[StreamPart]:
        if self._over:
            return []
        try:
            event = msgspec.json.decode(data)
            if not isinstance(event, dict):
                raise BadAnswer("The provider sent an event that is not an object.")
            return self._read(event)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Misshapen) as problem:
            raise BadAnswer(f"The provider sent an event that cannot be read: {problem}.") from None

    def _read(self, event: dict[str, Any]) -> list[StreamPart]:  # noqa: PLR0911 - a kind of event each
        index = event.get("index", 0)
        if not isinstance(index, int):
            raise BadAnswer("The provider sent a block without a number.")
        match event.get("type"):
            case "message_start":
                return [self._head(usage.fields_of(event.get("message")))]
            case "content_block_start":
                return _start(index, event.get("content_block"))
            case "content_block_delta":
                return [_delta(index, event)]
            case "content_block_stop":
                return [PartEnd(index)]
            case "message_delta":
                self._closing = {name: value for name, value in event.items() if name not in ("type", "delta", "usage")}
                self._stop |= usage.fields_of(event.get("delta"))
                self._usage |= {name: value for name, value in usage.fields_of(event.get("usage")).items()}
                return []
            case "message_stop":
                self._over = True
                return [self._tail()]
            case "ping":
                return [Ping()]
            case "error":
                self._over = True
                kind = usage.text_or_none(usage.fields_of(event.get("error")).get("type"))
                status = {"overloaded_error": 529, "rate_limit_error": 429}.get(kind or "", 502)
                words = message_of(event.get("error")) or "The provider reported an error."
                return [StreamError(Failure(status, words, kind, kind))]
        return [Note(event)]

    def _head(self, message: dict[str, Any] | Any) -> Head:
        rest = {name: value for name, value in message.items() if name not in ("id", "model", "content")}
        self._usage = dict(usage.fields_of(message.get("usage")))
        return Head(
            NAME,
            usage.text_or_none(message.get("id")) or "",
            usage.text_or_none(message.get("model")) or "",
            usage=usage.from_anthropic(message.get("usage")),
            rest=rest,
        )

    def _tail(self) -> Tail:
        raw = usage.text_or_none(self._stop.get("stop_reason"))
        return Tail(
            STOPS.get(raw, "other") if raw else None,
            raw,
            usage.text_or_none(self._stop.get("stop_sequence")),
            usage.from_anthropic({name: value for name, value in self._usage.items() if value is not None}),
            {"delta": self._stop, "usage": self._usage, "event": self._closing},
        )


def _start(index: int, raw: Any) -> list[StreamPart]:
    part = blocks.parse_block(raw)
    if isinstance(part, Text) and part.text:
        return [PartStart(index, Text("", part.citations, rest=part.rest)), Delta(index, "text", part.text)]
    if isinstance(part, Reasoning) and part.encrypted is None:
        # The signature may come whole or in its own delta; until then the thought is taken for this provider's own.
        found: list[StreamPart] = [PartStart(index, Reasoning(minted_by=MINT, rest=part.rest))]
        found += [Delta(index, "text", part.text)] if part.text else []
        return found + ([Delta(index, "signature", part.signature)] if part.signature else [])
    if isinstance(part, ToolCall):
        begun: list[StreamPart] = [PartStart(index, replace(part, arguments=""))]
        # An empty input says that the arguments come in deltas, if there are any.
        return begun if raw.get("input") == {} else [*begun, Delta(index, "arguments", part.arguments)]
    return [PartStart(index, part)]


def _delta(index: int, event: dict[str, Any]) -> StreamPart:
    match event.get("delta"):
        case {"type": "text_delta", "text": str() as words}:
            return Delta(index, "text", words)
        case {"type": "thinking_delta", "thinking": str() as words}:
            return Delta(index, "text", words)
        case {"type": "signature_delta", "signature": str() as words}:
            return Delta(index, "signature", words)
        case {"type": "input_json_delta", "partial_json": str() as words}:
            return Delta(index, "arguments", words)
        case {"type": "citations_delta", "citation": dict() as raw}:
            return Delta(index, "citation", citation=blocks.parse_citation(raw))
    return Note(event)


class Emitter(stream_parts.Emitter):
    name = NAME

    def __init__(self, drops: Drops, *, now: int = 0) -> None:
        super().__init__(drops, now=now)
        self._next = 0
        self._open: int | None = None
        self._parts: dict[int, Part] = {}
        self._numbers: dict[int, int] = {}
        self._called = False

    def _say(self, kind: str, **fields: Any) -> bytes:
        return b"event: " + kind.encode() + b"\ndata: " + encode({"type": kind} | fields) + b"\n\n"

    def head(self, head: Head) -> bytes:
        message: dict[str, Any] = {"id": head.id or "msg_0", "model": head.model, "content": []}
        if self.same:
            return self._say("message_start", message=message | head.rest)
        message |= {"type": "message", "role": "assistant", "stop_reason": None, "stop_sequence": None}
        counted = usage_out.to_anthropic(head.usage) if head.usage else {"input_tokens": 0, "output_tokens": 0}
        return self._say("message_start", message=message | {"usage": counted})

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        at, self._open = self._open, None
        return self._say("content_block_stop", index=at)

    def _block(self, block: dict[str, Any]) -> bytes:
        out = self._close()
        self._open = self._next
        self._next += 1
        return out + self._say("content_block_start", index=self._open, content_block=block)

    def start(self, start: PartStart) -> bytes:
        part = start.part
        self._parts[start.index] = part
        out = b""
        if isinstance(part, ToolCall):
            self._called = True
        if isinstance(part, Text | ToolCall) and part.signature is not None and not self.same:
            out += self._block({"type": "thinking", "thinking": "", "signature": ""})
            out += self._grow("signature_delta", signature=blocks.next_signature(part.signature))
        block = self._opening(part)
        if block is None:
            return out
        out += self._block(block)
        self._numbers[start.index] = self._next - 1
        if isinstance(part, Reasoning) and part.minted_by != MINT and part.encrypted is not None:
            out += self._grow("signature_delta", signature=blocks.thought_signature(part))
        return out

    def _opening(self, part: Part) -> dict[str, Any] | None:  # noqa: PLR0911 - a kind of part each
        match part:
            case Text():
                citations = [blocks.emit_citation(cite, same=self.same) for cite in part.citations]
                block: dict[str, Any] = {"type": "text", "text": ""} | ({"citations": citations} if citations else {})
                return block | (part.rest if self.same else {})
            case Refusal():
                return {"type": "text", "text": ""}
            case ToolCall():
                call = {"type": "tool_use", "id": blocks.call_id(part.id), "name": part.name, "input": {}}
                return call | (part.rest if self.same else {})
            case Reasoning(encrypted=str()) if part.minted_by == MINT:
                return {"type": "redacted_thinking", "data": part.encrypted} | part.rest
            case Reasoning():
                extra = part.rest if self.same else {}
                return {"type": "thinking", "thinking": "", "signature": ""} | extra
            case Opaque() if self.same:
                return dict(part.raw)
        self.drops.add(part.label if isinstance(part, Opaque) else type(part).__name__, "a provider-side step")
        return None

    def _grow(self, kind: str, **fields: Any) -> bytes:
        return self._say("content_block_delta", index=self._open, delta={"type": kind} | fields)

    def delta(self, delta: Delta) -> bytes:  # noqa: PLR0911 - a kind of delta each
        part = self._parts.get(delta.index)
        number = self._numbers.get(delta.index)
        if part is None or number is None or number != self._open:
            return b""
        if delta.what == "signature" and not isinstance(part, Reasoning):
            self.drops.add("thought signature of a text")
            return b""
        match delta.what:
            case "arguments":
                return self._grow("input_json_delta", partial_json=delta.text)
            case "signature":
                return self._grow("signature_delta", signature=self._signature(part, delta))
            case "citation":
                assert delta.citation is not None
                if delta.citation.url is None and not self.same:
                    return b""
                cited = blocks.emit_citation(delta.citation, same=self.same)
                return self._grow("citations_delta", citation=cited)
        if isinstance(part, Reasoning):
            return self._grow("thinking_delta", thinking=delta.text)
        return self._grow("text_delta", text=delta.text)

    def _signature(self, part: Part, delta: Delta) -> str:
        minted = delta.rest.get("minted_by") or (part.minted_by if isinstance(part, Reasoning) else None)
        if self.same or minted in (MINT, None):
            return delta.text
        identity = part.id if isinstance(part, Reasoning) and part.id else ""
        return pack(Token(minted, delta.rest.get("kind", "signature"), delta.text, identity))

    def end(self, end: PartEnd) -> bytes:
        return self._close() if self._numbers.get(end.index) == self._open else b""

    def tail(self, tail: Tail) -> bytes:
        out = self._close()
        if self.same:
            event = tail.rest["event"] | {"delta": tail.rest["delta"], "usage": tail.rest["usage"]}
            return out + self._say("message_delta", **event) + self._say("message_stop")
        stop = word(tail.stop, called=self._called, matched=tail.stop_sequence)
        counted = usage_out.to_anthropic(tail.usage) if tail.usage else {"output_tokens": 0}
        counted.pop("cache_creation", None)
        delta = {"stop_reason": stop, "stop_sequence": tail.stop_sequence}
        return out + self._say("message_delta", delta=delta, usage=counted) + self._say("message_stop")

    def failed(self, error: StreamError) -> bytes:
        return error_event(error.failure.code or "provider_error", error.failure.message)

    def ping(self, ping: Ping) -> bytes:
        return self._say("ping")

    def note(self, note: Note) -> bytes:
        return (
            self._say(str(note.raw.get("type")), **{n: v for n, v in note.raw.items() if n != "type"})
            if (self.same)
            else b""
        )

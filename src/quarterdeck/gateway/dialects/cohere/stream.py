"""Cohere v2 chat streams, both ways."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import stream_parts, usage, usage_out
from quarterdeck.gateway.dialects.base import UNREADABLE
from quarterdeck.gateway.dialects.cohere.answer import STOPS, citation_of, word
from quarterdeck.gateway.dialects.cohere.chat import NAME
from quarterdeck.gateway.dialects.conversation import (
    BadAnswer,
    Drops,
    Failure,
    Media,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
)
from quarterdeck.gateway.dialects.fields import encode
from quarterdeck.gateway.dialects.openai_chat import parts as chat
from quarterdeck.gateway.dialects.openai_errors import message_of
from quarterdeck.gateway.dialects.sse import Splitter
from quarterdeck.gateway.dialects.stream_parts import (
    CUT,
    Delta,
    Head,
    Note,
    PartEnd,
    PartStart,
    StreamError,
    StreamPart,
    Tail,
    last_words,
)


class Parser:
    def __init__(self) -> None:
        self._split = Splitter()
        self._over = False
        self._next = 0
        self._open: tuple[str, int] | None = None

    def feed(self, data: bytes) -> list[StreamPart]:
        return [part for _, event in self._split.feed(data) for part in self._event(event)]

    def end(self) -> list[StreamPart]:
        found = last_words(lambda: [part for _, event in self._split.end() for part in self._event(event)])
        if not self._over:
            self._over = True
            found.append(StreamError(CUT))
        return found

    def _event(self, data: bytes) -> list[StreamPart]:
        if self._over or data[:6] == b"[DONE]":
            return []
        try:
            event = msgspec.json.decode(data)
        except UNREADABLE as problem:
            raise BadAnswer(f"The provider sent an event that is not JSON: {problem}.") from None
        if not isinstance(event, dict):
            raise BadAnswer("The provider sent an event that is not an object.")
        if event.get("type") == "message-start":
            return [Head(NAME, usage.text_or_none(event.get("id")) or ""), Note(event)]
        return [Note(event), *self._read(event)]

    def _read(self, event: dict[str, Any]) -> list[StreamPart]:  # noqa: PLR0911 - a kind of event each
        delta = usage.fields_of(event.get("delta"))
        message = usage.fields_of(delta.get("message"))
        match event.get("type"):
            case "content-start":
                content = usage.fields_of(message.get("content"))
                thinking = content.get("type") == "thinking"
                kind = "thinking" if thinking else "text"
                return self._begin(kind, Reasoning() if thinking else Text("")) + self._grow(content)
            case "content-delta":
                return self._grow(usage.fields_of(message.get("content")))
            case "tool-plan-delta":
                words = message.get("tool_plan")
                started = [] if self._open and self._open[0] == "plan" else self._begin("plan", Reasoning())
                return started + (self._say("text", words) if isinstance(words, str) else [])
            case "tool-call-start":
                return self._call(usage.fields_of(message.get("tool_calls")))
            case "tool-call-delta":
                function = usage.fields_of(usage.fields_of(message.get("tool_calls")).get("function"))
                words = function.get("arguments")
                return self._say("arguments", words) if isinstance(words, str) and words else []
            case "content-end" | "tool-call-end":
                return self._close()
            case "citation-start":
                cited = citation_of(message.get("citations"))
                return [Delta(self._open[1], "citation", citation=cited)] if self._open else []
            case "message-end":
                return self._finish(delta)
        return []

    def _close(self) -> list[StreamPart]:
        found: list[StreamPart] = [PartEnd(self._open[1])] if self._open is not None else []
        self._open = None
        return found

    def _begin(self, kind: str, part: Part) -> list[StreamPart]:
        found = self._close()
        self._open = (kind, self._next)
        self._next += 1
        return [*found, PartStart(self._open[1], part)]

    def _say(self, what: Any, words: str) -> list[StreamPart]:
        return [Delta(self._open[1], what, words)] if self._open is not None and words else []

    def _grow(self, content: Any) -> list[StreamPart]:
        words = content.get("thinking") or content.get("text")
        return self._say("text", words) if isinstance(words, str) else []

    def _call(self, raw: Any) -> list[StreamPart]:
        function = usage.fields_of(raw.get("function"))
        name = usage.text_or_none(function.get("name")) or ""
        started = self._begin("call", ToolCall(usage.text_or_none(raw.get("id")) or "", name, ""))
        words = function.get("arguments")
        return started + (self._say("arguments", words) if isinstance(words, str) else [])

    def _finish(self, delta: Any) -> list[StreamPart]:
        self._over = True
        raw = usage.text_or_none(delta.get("finish_reason"))
        if raw in ("ERROR", "TIMEOUT"):
            words = message_of(delta.get("error")) or f"The provider ended with {raw}."
            return [StreamError(Failure(502, words, raw.lower()))]
        stop = STOPS.get(raw, "other") if raw else None
        return [*self._close(), Tail(stop, raw, None, usage.from_cohere(delta.get("usage")))]


class Emitter(stream_parts.Emitter):
    name = NAME

    def __init__(self, drops: Drops, *, now: int = 0) -> None:
        super().__init__(drops, now=now)
        self._parts: dict[int, Part] = {}
        self._numbers: dict[int, int] = {}
        self._contents = 0
        self._calls = 0

    def _say(self, kind: str, **fields: Any) -> bytes:
        return b"event: " + kind.encode() + b"\ndata: " + encode({"type": kind} | fields) + b"\n\n"

    def _part(self, kind: str, number: int, **message: Any) -> bytes:
        return self._say(kind, index=number, delta={"message": message})

    def head(self, head: Head) -> bytes:
        if self.same:
            return b""
        message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        return self._say("message-start", id=head.id or "0", delta={"message": message})

    def start(self, start: PartStart) -> bytes:
        part = start.part
        if self.same:
            return b""
        if isinstance(part, Opaque | Media) or (isinstance(part, Reasoning) and part.encrypted is not None):
            self.drops.add(part.label if isinstance(part, Opaque) else type(part).__name__, "no place for it")
            return b""
        self._parts[start.index] = part
        if isinstance(part, ToolCall):
            number = self._numbers[start.index] = self._calls
            self._calls += 1
            call = chat.emit_call(ToolCall(part.id, part.name, ""), same=False)
            call["function"]["arguments"] = ""
            return self._part("tool-call-start", number, tool_calls=call)
        number = self._numbers[start.index] = self._contents
        self._contents += 1
        kind = "thinking" if isinstance(part, Reasoning) else "text"
        return self._part("content-start", number, content={"type": kind, kind: ""})

    def delta(self, delta: Delta) -> bytes:
        part = self._parts.get(delta.index)
        if self.same or part is None:
            return b""
        number = self._numbers[delta.index]
        if delta.what == "citation":
            self.drops.add("citations")
            return b""
        if delta.what == "signature":
            self.drops.add("reasoning signature", "Cohere's dialect has no place for one")
            return b""
        if isinstance(part, ToolCall):
            return self._part("tool-call-delta", number, tool_calls={"function": {"arguments": delta.text}})
        field = "thinking" if isinstance(part, Reasoning) else "text"
        return self._part("content-delta", number, content={field: delta.text})

    def end(self, end: PartEnd) -> bytes:
        part = self._parts.get(end.index)
        if self.same or part is None:
            return b""
        kind = "tool-call-end" if isinstance(part, ToolCall) else "content-end"
        return self._say(kind, index=self._numbers[end.index])

    def tail(self, tail: Tail) -> bytes:
        if self.same:
            return b""
        counted = usage_out.to_cohere(tail.usage) if tail.usage else {}
        return self._say(
            "message-end", delta={"finish_reason": word(tail.stop, called=bool(self._calls)), "usage": counted}
        )

    def failed(self, error: StreamError) -> bytes:
        return self._say("message-end", delta={"finish_reason": "ERROR", "error": error.failure.message})

    def note(self, note: Note) -> bytes:
        return (
            self._say(str(note.raw.get("type")), **{n: v for n, v in note.raw.items() if n != "type"})
            if (self.same)
            else b""
        )

"""streamGenerateContent, both ways: whole answers one after the other, as events or as one growing JSON array."""

import re
from typing import Any

import msgspec

from quarterdeck.gateway.dialects import stream_parts, usage, usage_out
from quarterdeck.gateway.dialects.carry import Token
from quarterdeck.gateway.dialects.conversation import (
    BadAnswer,
    Drops,
    Failure,
    Opaque,
    Part,
    Reasoning,
    Stop,
    Text,
    ToolCall,
)
from quarterdeck.gateway.dialects.fields import Misshapen, encode
from quarterdeck.gateway.dialects.gemini.answer import answer_part, citations_of, emit_error, stop_of, word
from quarterdeck.gateway.dialects.gemini.parts import MINT, NAME, Names, encoded, parse_part
from quarterdeck.gateway.dialects.openai_errors import message_of
from quarterdeck.gateway.dialects.sse import TAIL_LIMIT, Splitter
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

_MARKS = re.compile(rb'["\\{}]')


class ArraySplitter:
    """The objects of a JSON array as they become whole, wherever the chunks are cut."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._at = 0
        self._depth = 0
        self._start = 0
        self._quoted = False

    def feed(self, chunk: bytes) -> list[tuple[str | None, bytes]]:
        """Raises BadAnswer when one object grows past all bounds."""
        self._held += chunk
        found: list[tuple[str | None, bytes]] = []
        skip = -1
        end = len(self._held)
        for mark in _MARKS.finditer(self._held, self._at):
            if mark.start() < skip:
                continue
            if mark.group() == b"\\":
                if mark.end() == end:
                    end = mark.start()
                    break
                skip = mark.end() + 1
            elif mark.group() == b'"':
                self._quoted = not self._quoted
            elif not self._quoted:
                self._brace(mark.group() == b"{", mark.start(), found)
        self._at = end
        cut = self._start if self._depth else self._at
        del self._held[:cut]
        self._at -= cut
        self._start -= cut
        if len(self._held) > TAIL_LIMIT:
            raise BadAnswer("The provider sent an object without an end.")
        return found

    def _brace(self, opens: bool, place: int, found: list[tuple[str | None, bytes]]) -> None:
        if opens:
            if self._depth == 0:
                self._start = place
            self._depth += 1
            return
        self._depth -= 1
        if self._depth < 0:
            raise BadAnswer("The provider sent an array that is not JSON.")
        if self._depth == 0:
            found.append((None, bytes(self._held[self._start : place + 1])))

    def end(self) -> list[tuple[str | None, bytes]]:
        return []


class Parser:
    def __init__(self) -> None:
        self._split: Splitter | ArraySplitter | None = None
        self._head = b""
        self._next = 0
        self._open: tuple[str, int] | None = None
        self._names = Names()
        self._begun = False
        self._over = False
        self._called = False
        self._stop: str | None = None
        self._usage: Any = None
        self._drops = Drops()

    def feed(self, data: bytes) -> list[StreamPart]:
        if self._split is None:
            data = (self._head + data).lstrip()
            self._head = data
            if not data:
                return []
            self._split = ArraySplitter() if data[:1] == b"[" else Splitter()
        return [part for _, event in self._split.feed(data) for part in self._event(event)]

    def end(self) -> list[StreamPart]:
        found: list[StreamPart] = []
        if self._split is not None:
            split = self._split
            found = last_words(lambda: [part for _, event in split.end() for part in self._event(event)])
        if self._over:
            return found
        self._over = True
        # Gemini's stream has no last event of its own: the finish reason is its end.
        if self._stop is None:
            return [*found, StreamError(CUT)]
        if self._open is not None:
            found.append(PartEnd(self._open[1]))
        stop: Stop | None = stop_of(self._stop, called=self._called)
        return [*found, Tail(stop, self._stop, None, usage.from_gemini(self._usage))]

    def _event(self, data: bytes) -> list[StreamPart]:
        if self._over:
            return []
        try:
            chunk = msgspec.json.decode(data)
            if not isinstance(chunk, dict):
                raise BadAnswer("The provider sent a chunk that is not an object.")
            return self._read(chunk)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Misshapen) as problem:
            raise BadAnswer(f"The provider sent a chunk that cannot be read: {problem}.") from None

    def _read(self, chunk: dict[str, Any]) -> list[StreamPart]:
        if (words := message_of(chunk.get("error"))) is not None:
            self._over = True
            code = usage.fields_of(chunk["error"]).get("code")
            status = code if isinstance(code, int) and 400 <= code < 600 else 502
            reason = usage.text_or_none(usage.fields_of(chunk["error"]).get("status"))
            return [StreamError(Failure(status, words, reason))]
        out: list[StreamPart] = []
        identity = usage.text_or_none(chunk.get("responseId")) or ""
        if not self._begun:
            self._begun = True
            self._names = Names(f"call_{identity}")
            model = usage.text_or_none(chunk.get("modelVersion")) or ""
            out.append(Head(NAME, identity, model, usage=usage.from_gemini(chunk.get("usageMetadata"))))
        out.append(Note(chunk))
        self._usage = chunk.get("usageMetadata") or self._usage
        if usage.fields_of(chunk.get("promptFeedback")).get("blockReason"):
            self._stop = "SAFETY"
        candidates = chunk.get("candidates")
        candidate = usage.fields_of(candidates[0]) if isinstance(candidates, list) and candidates else {}
        parts = usage.fields_of(candidate.get("content")).get("parts")
        for raw in parts if isinstance(parts, list) else ():
            self._part(parse_part(raw, self._names), out)
        cited = citations_of(candidate.get("groundingMetadata"))
        if cited:
            at = self._run("text", Text(""), out)
            out += [Delta(at, "citation", citation=citation) for citation in cited]
        self._stop = usage.text_or_none(candidate.get("finishReason")) or self._stop
        return out

    def _part(self, part: Part, out: list[StreamPart]) -> None:
        match part:
            case Text():
                at = self._run("text", Text(""), out)
                if part.text:
                    out.append(Delta(at, "text", part.text))
                if part.signature is not None:
                    out.append(Delta(at, "signature", part.signature, rest={"minted_by": MINT}))
            case Reasoning():
                at = self._run("thought", Reasoning(minted_by=MINT), out)
                if part.text:
                    out.append(Delta(at, "text", part.text))
                if part.signature is not None:
                    out.append(Delta(at, "signature", part.signature, rest={"minted_by": MINT}))
            case ToolCall():
                self._called = True
                at = self._start(ToolCall(part.id, part.name, "", part.signature), out)
                out += [Delta(at, "arguments", part.arguments), PartEnd(at)]
            case _:
                out.append(PartEnd(self._start(part, out)))

    def _run(self, kind: str, empty: Part, out: list[StreamPart]) -> int:
        if self._open is not None and self._open[0] == kind:
            return self._open[1]
        at = self._start(empty, out)
        self._open = (kind, at)
        return at

    def _start(self, part: Part, out: list[StreamPart]) -> int:
        if self._open is not None:
            out.append(PartEnd(self._open[1]))
            self._open = None
        at = self._next
        self._next += 1
        out.append(PartStart(at, part))
        return at


class Emitter(stream_parts.Emitter):
    """`sse`: the client asked for events (`alt=sse`); else it reads one JSON array."""

    name = NAME

    def __init__(self, drops: Drops, *, sse: bool = True, now: int = 0) -> None:
        super().__init__(drops, now=now)
        self._sse = sse
        self._sent = False
        self._base: dict[str, Any] = {}
        self._parts: dict[int, Part] = {}
        self._words: dict[int, list[str]] = {}

    def _say(self, chunk: dict[str, Any]) -> bytes:
        if self._sse:
            return b"data: " + encode(chunk) + b"\r\n\r\n"
        before = b",\r\n" if self._sent else b"["
        self._sent = True
        return before + encode(chunk)

    def _parts_said(self, parts: list[dict[str, Any]]) -> bytes:
        if not parts:
            return b""
        return self._say({"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}]} | self._base)

    def head(self, head: Head) -> bytes:
        self._base = {"modelVersion": head.model, "responseId": head.id}
        return b""

    def start(self, start: PartStart) -> bytes:
        self._parts[start.index] = start.part
        if isinstance(start.part, ToolCall | Text | Reasoning) or self.same:
            if isinstance(start.part, Reasoning) and start.part.encrypted is not None and not self.same:
                return self._parts_said(answer_part(start.part, self.drops))
            return b""
        if isinstance(start.part, Opaque):
            self.drops.add(start.part.label, "a provider-side step")
            return b""
        return self._parts_said(answer_part(start.part, self.drops))

    def delta(self, delta: Delta) -> bytes:
        part = self._parts.get(delta.index)
        if self.same or part is None:
            return b""
        if delta.what == "arguments":
            self._words.setdefault(delta.index, []).append(delta.text)
            return b""
        if delta.what == "citation":
            self.drops.add("citations")
            return b""
        if isinstance(part, Reasoning):
            return self._thought(delta, part)
        if delta.what == "signature":
            return self._parts_said([{"text": "", "thoughtSignature": delta.text}])
        return self._parts_said([{"text": delta.text}])

    def _thought(self, delta: Delta, part: Reasoning) -> bytes:
        if delta.what != "signature":
            return self._parts_said([{"text": delta.text, "thought": True}])
        minted = delta.rest.get("minted_by") or part.minted_by
        signature = delta.text
        if minted not in (None, MINT):
            signature = encoded(Token(minted, delta.rest.get("kind", "signature"), delta.text, part.id or ""))
        return self._parts_said([{"text": "", "thought": True, "thoughtSignature": signature}])

    def end(self, end: PartEnd) -> bytes:
        part = self._parts.pop(end.index, None)
        if self.same or not isinstance(part, ToolCall):
            return b""
        said = "".join(self._words.pop(end.index, ()))
        return self._parts_said(answer_part(ToolCall(part.id, part.name, said, part.signature), self.drops))

    def tail(self, tail: Tail) -> bytes:
        out = b""
        if not self.same:
            candidate = {"content": {"role": "model", "parts": [{"text": ""}]}, "finishReason": word(tail.stop)}
            counted = {"usageMetadata": usage_out.to_gemini(tail.usage)} if tail.usage else {}
            out = self._say({"candidates": [candidate | {"index": 0}]} | counted | self._base)
        return out if self._sse else out + (b"]" if self._sent else b"[]")

    def failed(self, error: StreamError) -> bytes:
        said = self._say(msgspec.json.decode(emit_error(error.failure)))
        return said if self._sse else said + b"]"

    def ping(self, ping: Ping) -> bytes:
        return b": ping\n\n" if self._sse else b""

    def note(self, note: Note) -> bytes:
        return self._say(note.raw) if self.same else b""

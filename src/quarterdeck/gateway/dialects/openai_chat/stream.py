"""Chat completions streams, both ways."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import stream_parts, usage, usage_out
from quarterdeck.gateway.dialects.base import UNREADABLE
from quarterdeck.gateway.dialects.conversation import (
    BadAnswer,
    Citation,
    Drops,
    Failure,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from quarterdeck.gateway.dialects.fields import encode
from quarterdeck.gateway.dialects.openai_chat import parts as chat
from quarterdeck.gateway.dialects.openai_chat.answer import STOPS, word
from quarterdeck.gateway.dialects.openai_chat.parts import NAME
from quarterdeck.gateway.dialects.openai_errors import error_event, message_of
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

_THOUGHT_FIELDS = ("reasoning_content", "reasoning")


class Parser:
    """Chat has no start or end of parts: a part starts with its first piece and ends when another kind begins."""

    def __init__(self) -> None:
        self._split = Splitter()
        self._out: list[StreamPart] = []
        self._next = 0
        self._open: tuple[str, int] | None = None
        self._calls: dict[int, int] = {}
        self._begun = False
        self._over = False
        self._stop: str | None = None
        self._tail: dict[str, Any] = {}
        self._usage: Any = None

    def feed(self, data: bytes) -> list[StreamPart]:
        self._out = []
        for _, event in self._split.feed(data):
            self._event(event)
        return self._out

    def end(self) -> list[StreamPart]:
        self._out = last_words(self._last)
        if not self._over:
            # Some providers leave [DONE] out; a finish reason says as much.
            if self._stop is not None:
                self._finish()
            else:
                self._over = True
                self._out.append(StreamError(CUT))
        return self._out

    def _last(self) -> list[StreamPart]:
        self._out = []
        for _, event in self._split.end():
            self._event(event)
        return self._out

    def _event(self, data: bytes) -> None:
        if self._over:
            return
        if data[:6] == b"[DONE]":
            self._finish()
            return
        try:
            chunk = msgspec.json.decode(data)
        except UNREADABLE as problem:
            raise BadAnswer(f"The provider sent a chunk that is not JSON: {problem}.") from None
        if not isinstance(chunk, dict):
            raise BadAnswer("The provider sent a chunk that is not an object.")
        if (words := message_of(chunk.get("error"))) is not None:
            self._over = True
            self._out.append(StreamError(_failure(chunk["error"], words)))
            return
        choices = chunk.pop("choices", None)
        told = chunk.pop("usage", None) or usage.fields_of(chunk.get("x_groq")).get("usage")
        if isinstance(told, dict) and told:
            self._usage = told
        self._head(chunk, choices)
        for choice in choices if isinstance(choices, list) else ():
            if not isinstance(choice, dict):
                raise BadAnswer("The provider sent a choice that is not an object.")
            self._choice(choice)

    def _head(self, chunk: dict[str, Any], choices: Any) -> None:
        rest = {name: value for name, value in chunk.items() if name not in ("id", "model", "created", "obfuscation")}
        if self._begun:
            self._tail |= rest
            return
        self._begun = True
        first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        delta = usage.fields_of(first.get("delta"))
        opening = {name: delta[name] for name in ("role", "content", "refusal") if name in delta}
        if opening.get("content"):
            opening["content"] = ""
        created = chunk.get("created")
        self._out.append(
            Head(
                NAME,
                usage.text_or_none(chunk.get("id")) or "",
                usage.text_or_none(chunk.get("model")) or "",
                created if isinstance(created, int) else None,
                rest={"chunk": rest, "delta": opening},
            )
        )

    def _choice(self, choice: dict[str, Any]) -> None:
        if choice.get("index", 0) != 0:
            self._out.append(Note({"choice": choice}))
            return
        delta = dict(usage.fields_of(choice.get("delta")))
        logprobs = {"logprobs": choice["logprobs"]} if choice.get("logprobs") else {}
        delta.pop("role", None)
        self._thought(delta)
        for name, kind in (("content", Text), ("refusal", Refusal)):
            words = delta.pop(name, None)
            if isinstance(words, str) and words:
                at = self._part(name, kind(""))
                self._out.append(Delta(at, "text", words, rest=logprobs))
                logprobs = {}
            elif isinstance(words, list):
                self._out.append(Note({"delta": {name: words}}))
        calls = delta.pop("tool_calls", None)
        for call in calls if isinstance(calls, list) else ():
            self._call(call)
        left = {name: value for name, value in delta.items() if value not in (None, [], "")}
        if annotations := left.pop("annotations", None):
            self._annotations(annotations)
        if left or logprobs:
            self._out.append(Note({"delta": left, **logprobs}))
        if (stop := usage.text_or_none(choice.get("finish_reason"))) is not None:
            self._stop = stop
        if isinstance(choice.get("usage"), dict) and choice["usage"]:
            self._usage = choice["usage"]

    def _thought(self, delta: dict[str, Any]) -> None:
        words, field = "", ""
        for name in _THOUGHT_FIELDS:
            given = delta.pop(name, None)
            if isinstance(given, str) and given and not words:
                words, field = given, name
        details = delta.pop("reasoning_details", None)
        found = [item for item in details if isinstance(item, dict)] if isinstance(details, list) else []
        if not words and not found:
            return
        rest: dict[str, Any] = {"details": found} if found else {}
        if field:
            rest["field"] = field
        for item in found:
            thought = chat.parse_detail(item)
            if thought.encrypted is not None:
                at = self._start(thought)
                self._open = None
                self._out.append(PartEnd(at))
                found = []
        if not words and not found:
            return
        minted = next((mint for item in found if (mint := chat.parse_detail(item).minted_by)), None)
        at = self._part("thought", Reasoning(minted_by=minted, rest={"field": field or "reasoning"}))
        if not words:
            words = "".join(chat.parse_detail(item).text for item in found)
        if words:
            self._out.append(Delta(at, "text", words, rest=rest))
        signature = next((mark for item in found if (mark := chat.parse_detail(item).signature)), None)
        if signature:
            self._out.append(Delta(at, "signature", signature, rest={"minted_by": minted}))

    def _call(self, call: Any) -> None:
        if not isinstance(call, dict):
            raise BadAnswer("The provider sent a tool call that is not an object.")
        if call.get("type") not in (None, "function"):
            self._out.append(Note({"delta": {"tool_calls": [call]}}))
            return
        number = call.get("index", 0)
        function = usage.fields_of(call.get("function"))
        known = self._calls.get(number) if isinstance(number, int) else None
        if known is None:
            extra = {name: value for name, value in call.items() if name not in ("index", "id", "function")}
            whole = chat.parse_call(
                {"id": "", "function": {"name": "", "arguments": ""}}
                | {name: call[name] for name in ("extra_content",) if name in call}
            )
            signature = whole.signature if isinstance(whole, ToolCall) else None
            if signature is not None:
                extra.pop("extra_content", None)
            name = function.get("name")
            known = self._start(
                ToolCall(
                    call["id"] if isinstance(call.get("id"), str) else "",
                    name if isinstance(name, str) else "",
                    "",
                    signature,
                    rest=extra,
                )
            )
            self._open = ("call", known)
            self._calls[number if isinstance(number, int) else 0] = known
        elif self._open != ("call", known):
            raise BadAnswer("The provider sent two tool calls interleaved.")
        arguments = function.get("arguments")
        if isinstance(arguments, str) and arguments:
            self._out.append(Delta(known, "arguments", arguments))
        elif isinstance(arguments, dict):
            self._out.append(Delta(known, "arguments", encode(arguments).decode()))

    def _annotations(self, annotations: Any) -> None:
        for raw in annotations if isinstance(annotations, list) else ():
            place = usage.fields_of(usage.fields_of(raw).get("url_citation"))
            citation = Citation(usage.text_or_none(place.get("url")), usage.text_or_none(place.get("title")), raw=raw)
            self._out.append(Delta(self._part("content", Text("")), "citation", citation=citation))

    def _part(self, kind: str, empty: Part) -> int:
        if self._open is not None and self._open[0] == kind:
            return self._open[1]
        at = self._start(empty)
        self._open = (kind, at)
        return at

    def _start(self, part: Part) -> int:
        if self._open is not None:
            self._out.append(PartEnd(self._open[1]))
        at = self._next
        self._next += 1
        self._out.append(PartStart(at, part))
        return at

    def _finish(self) -> None:
        self._over = True
        if not self._begun:
            self._out.append(Head(NAME, rest={"chunk": {}, "delta": {}}))
        if self._open is not None:
            self._out.append(PartEnd(self._open[1]))
        tier = self._tail.get("service_tier")
        counted = usage.from_openai(self._usage, service_tier=tier)
        rest = {"chunk": self._tail} | ({"usage": self._usage} if self._usage else {})
        stop = STOPS.get(self._stop, "other") if self._stop else None
        self._out.append(Tail(stop, self._stop, None, counted, rest))


def _failure(error: Any, words: str) -> Failure:
    code = usage.fields_of(error).get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else 502
    return Failure(status, words, str(code) if isinstance(code, str | int) else None)


class Emitter(stream_parts.Emitter):
    """`include_usage`: the client asked for the usage chunk."""

    name = NAME

    def __init__(self, drops: Drops, *, include_usage: bool = True, now: int = 0) -> None:
        super().__init__(drops, now=now)
        self._include_usage = include_usage
        self._base: dict[str, Any] = {}
        self._parts: dict[int, Part] = {}
        self._calls: dict[int, int] = {}
        self._thoughts: dict[int, list[str]] = {}
        self._offset = 0
        self._listed: dict[str, int] = {}

    def failed(self, error: StreamError) -> bytes:
        return error_event(error.failure.code or "provider_error", error.failure.message)

    def head(self, head: Head) -> bytes:
        self._base = {
            "id": head.id or "chatcmpl-0",
            "object": "chat.completion.chunk",
            "created": head.created or self.now,
            "model": head.model,
        }
        opening = {"role": "assistant", "content": ""}
        if self.same:
            self._base |= head.rest["chunk"]
            opening = head.rest["delta"] or opening
        return self._chunk(opening)

    def _chunk(self, delta: dict[str, Any], stop: str | None = None, **extra: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": stop} | extra
        return b"data: " + encode(self._base | {"choices": [choice]}) + b"\n\n"

    def start(self, start: PartStart) -> bytes:
        part = start.part
        self._parts[start.index] = part
        if isinstance(part, ToolCall):
            number = self._calls[start.index] = len(self._calls)
            raw = chat.emit_call(part, same=self.same)
            raw["function"]["arguments"] = ""
            return self._chunk({"tool_calls": [{"index": number, "type": "function"} | raw]})
        if isinstance(part, Reasoning) and part.encrypted is not None:
            return self._listing("reasoning_details", chat.detail_of(part, 0))
        if isinstance(part, Media) and part.kind == "image" and part.data is not None:
            return self._listing("images", chat.emit_part(part, self.drops, same=False))
        if isinstance(part, Opaque | Media):
            self.drops.add(part.label if isinstance(part, Opaque) else part.kind, "a provider-side step")
        return b""

    def delta(self, delta: Delta) -> bytes:
        part = self._parts.get(delta.index)
        if delta.what == "signature" and not isinstance(part, Reasoning):
            self.drops.add("thought signature of a text")
            return b""
        if delta.what == "citation":
            return self._cite(delta.citation)
        if isinstance(part, ToolCall):
            call = {"index": self._calls[delta.index], "function": {"arguments": delta.text}}
            return self._chunk({"tool_calls": [call]})
        if isinstance(part, Reasoning):
            return self._think(delta, part)
        if isinstance(part, Text):
            self._offset += len(delta.text)
        field = "refusal" if isinstance(part, Refusal) else "content"
        return self._chunk({field: delta.text}, **delta.rest if self.same else {}) if delta.what == "text" else b""

    def _cite(self, citation: Citation | None) -> bytes:
        if citation is None or (citation.url is None and not self.same):
            return b""
        place = {"start_index": 0, "end_index": self._offset, "url": citation.url, "title": citation.title or ""}
        if self.same:
            return self._chunk({"annotations": [citation.raw]})
        return self._listing("annotations", {"type": "url_citation", "url_citation": place})

    def _listing(self, name: str, entry: dict[str, Any]) -> bytes:
        """One more entry of a list: the SDK puts lists together by each entry's `index`."""
        number = self._listed.get(name, 0)
        self._listed[name] = number + 1
        return self._chunk({name: [entry | {"index": number}]})

    def _think(self, delta: Delta, part: Reasoning) -> bytes:
        if self.same:
            if delta.what == "signature":
                return b""
            words = {delta.rest["field"]: delta.text} if "field" in delta.rest else {}
            details = {"reasoning_details": delta.rest["details"]} if "details" in delta.rest else {}
            return self._chunk((words | details) or {part.rest.get("field", "reasoning_content"): delta.text})
        if delta.what == "signature":
            minted = delta.rest.get("minted_by") or part.minted_by
            said = "".join(self._thoughts.get(delta.index, ()))
            secret = delta.text if delta.rest.get("kind") == "encrypted" else None
            whole = Reasoning(said, None if secret else delta.text, secret, minted, part.id)
            return self._listing("reasoning_details", chat.detail_of(whole, 0))
        self._thoughts.setdefault(delta.index, []).append(delta.text)
        return self._chunk({"reasoning_content": delta.text})

    def end(self, end: PartEnd) -> bytes:
        return b""

    def tail(self, tail: Tail) -> bytes:
        if self.same:
            self._base |= tail.rest["chunk"]
        stop = tail.stop_raw if self.same and tail.stop_raw else word(tail.stop, called=bool(self._calls))
        out = self._chunk({}, stop)
        if self._include_usage and tail.usage is not None:
            told = tail.rest.get("usage") if self.same else None
            counted = self._base | {"choices": [], "usage": told or usage_out.to_chat(tail.usage)}
            out += b"data: " + encode(counted) + b"\n\n"
        return out + b"data: [DONE]\n\n"

    def note(self, note: Note) -> bytes:
        if not self.same:
            return b""
        if "choice" in note.raw:
            return b"data: " + encode(self._base | {"choices": [note.raw["choice"]]}) + b"\n\n"
        extra = {"logprobs": note.raw["logprobs"]} if "logprobs" in note.raw else {}
        return self._chunk(dict(note.raw.get("delta", {})), **extra)

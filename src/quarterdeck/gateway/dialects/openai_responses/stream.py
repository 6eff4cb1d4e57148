"""Responses streams, both ways.

Each event of this dialect repeats what is needed to place it, so a stream that stays in the dialect is emitted from
its own events, which ride along in `rest`.
"""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import carry, stream_parts, usage, usage_out
from quarterdeck.gateway.dialects.conversation import (
    BadAnswer,
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
from quarterdeck.gateway.dialects.fields import Misshapen, encode
from quarterdeck.gateway.dialects.openai_errors import message_of
from quarterdeck.gateway.dialects.openai_responses import items
from quarterdeck.gateway.dialects.openai_responses.answer import closing, response_object, stop_of
from quarterdeck.gateway.dialects.openai_responses.items import MINT, NAME
from quarterdeck.gateway.dialects.openai_responses.wire import DIALECT, usage_of
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

_TYPED = ("message", "function_call", "reasoning")
_WORDS = {
    "response.output_text.delta": "text",
    "response.refusal.delta": "text",
    "response.reasoning_text.delta": "text",
    "response.reasoning_summary_text.delta": "text",
    "response.function_call_arguments.delta": "arguments",
}


class Parser:
    def __init__(self) -> None:
        self._split = Splitter()
        self._over = False
        self._next = 0
        self._open: dict[tuple[int, int], int] = {}
        self._summaries: set[int] = set()
        self._called = False

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
            if not isinstance(event, dict):
                raise BadAnswer("The provider sent an event that is not an object.")
            found = self._read(event)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Misshapen) as problem:
            raise BadAnswer(f"The provider sent an event that cannot be read: {problem}.") from None
        return found or [Note(event)]

    def _read(self, event: dict[str, Any]) -> list[StreamPart]:  # noqa: PLR0911 - a kind of event each
        kind = event.get("type")
        place = (_number(event, "output_index"), _number(event, "content_index"))
        match kind:
            case "response.created":
                return [_head(event)]
            case "response.output_item.added":
                return self._item_added(event, place)
            case "response.output_item.done":
                return self._item_done(event, place)
            case "response.content_part.added" if usage.fields_of(event.get("part")).get("type") != "reasoning_text":
                return self._begin(place, _empty(items.parse_part(event.get("part"))), event)
            case "response.content_part.done" if place in self._open and place[0] not in self._summaries:
                return [PartEnd(self._open.pop(place), rest={"event": event})]
            case "response.reasoning_summary_part.added":
                return self._summary(event, place[0])
            case "response.output_text.annotation.added" if isinstance(event.get("annotation"), dict):
                at = self._open.get(place)
                cited = items.citation_of(event["annotation"])
                return [] if at is None else [Delta(at, "citation", citation=cited, rest={"event": event})]
            case str() if kind in _WORDS:
                return self._grow(kind, event, place)
            case "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled":
                return self._finish(kind, event)
            case "error":
                self._over = True
                words = message_of(event.get("error")) or message_of(event.get("message"))
                code = event.get("code") or usage.fields_of(event.get("error")).get("code")
                code = code if isinstance(code, str) else None
                return [StreamError(Failure(502, words or "The provider reported an error.", code))]
        return []

    def _begin(self, place: tuple[int, int], part: Part, event: dict[str, Any]) -> list[StreamPart]:
        at = self._open[place] = self._next
        self._next += 1
        return [PartStart(at, part, {"event": event})]

    def _item_added(self, event: dict[str, Any], place: tuple[int, int]) -> list[StreamPart]:
        item = usage.fields_of(event.get("item"))
        if item.get("type") == "function_call":
            self._called = True
            part = items.parse_item(dict(item) | {"arguments": ""}).parts[0]
            return self._begin(place, part, event)
        if item.get("type") == "reasoning":
            self._summaries.add(place[0])
            return self._begin(place, Reasoning(minted_by=MINT, id=usage.text_or_none(item.get("id"))), event)
        return []

    def _item_done(self, event: dict[str, Any], place: tuple[int, int]) -> list[StreamPart]:
        item = usage.fields_of(event.get("item"))
        if item.get("type") == "reasoning" and place in self._open:
            at = self._open.pop(place)
            secret = item.get("encrypted_content")
            found: list[StreamPart] = []
            if isinstance(secret, str) and secret:
                found.append(Delta(at, "signature", secret, rest={"minted_by": MINT, "kind": "encrypted"}))
            return [*found, PartEnd(at, rest={"event": event})]
        if item.get("type") == "function_call" and place in self._open:
            return [PartEnd(self._open.pop(place), rest={"event": event})]
        if item.get("type") not in _TYPED and item:
            at = self._next
            self._next += 1
            return [PartStart(at, Opaque(dict(item), "item"), {"event": event}), PartEnd(at)]
        return []

    def _summary(self, event: dict[str, Any], output_index: int) -> list[StreamPart]:
        """A second summary begins a new paragraph of the same thought."""
        at = self._open.get((output_index, 0))
        if at is None or not event.get("summary_index"):
            return []
        return [Delta(at, "text", "\n\n", rest={"event": event})]

    def _grow(self, kind: str, event: dict[str, Any], place: tuple[int, int]) -> list[StreamPart]:
        if "reasoning" in kind or "arguments" in kind:
            place = (place[0], 0)
        at = self._open.get(place)
        words = event.get("delta")
        if at is None or not isinstance(words, str):
            return []
        what: Any = _WORDS[kind]
        return [Delta(at, what, words, rest={"event": event})]

    def _finish(self, kind: str, event: dict[str, Any]) -> list[StreamPart]:
        self._over = True
        raw = dict(usage.fields_of(event.get("response")))
        if kind in ("response.failed", "response.cancelled"):
            error = usage.fields_of(raw.get("error"))
            code = usage.text_or_none(error.get("code"))
            return [StreamError(Failure(502, message_of(error) or f"The provider said {kind}.", code))]
        stop, stop_raw = stop_of(raw, called=self._called)
        return [Tail(stop, stop_raw, None, usage_of(raw), {"event": event})]


def _number(event: dict[str, Any], name: str) -> int:
    value = event.get(name, 0)
    return value if isinstance(value, int) else 0


def _empty(part: Part) -> Part:
    if isinstance(part, Text):
        return Text("")
    return Refusal("") if isinstance(part, Refusal) else part


def _head(event: dict[str, Any]) -> Head:
    raw = usage.fields_of(event.get("response"))
    created = raw.get("created_at")
    return Head(
        NAME,
        usage.text_or_none(raw.get("id")) or "",
        usage.text_or_none(raw.get("model")) or "",
        created if isinstance(created, int) else None,
        rest={"event": event},
    )


class Emitter(stream_parts.Emitter):
    name = NAME

    def __init__(self, drops: Drops, *, now: int = 0) -> None:
        super().__init__(drops, now=now)
        self._sequence = 0
        self._response: dict[str, Any] = {}
        self._output: list[dict[str, Any]] = []
        self._parts: dict[int, Part] = {}
        self._message_open = False

    def _say(self, kind: str, **fields: Any) -> bytes:
        event = {"type": kind, "sequence_number": self._sequence} | fields
        self._sequence += 1
        return b"event: " + kind.encode() + b"\ndata: " + encode(event) + b"\n\n"

    def _again(self, rest: dict[str, Any]) -> bytes:
        event = rest.get("event")
        if event is None:
            return b""
        return b"event: " + str(event.get("type")).encode() + b"\ndata: " + encode(event) + b"\n\n"

    def head(self, head: Head) -> bytes:
        if self.same:
            return self._again(head.rest)
        self._response = response_object(head.id, head.model, head.created or self.now)
        shown = dict(self._response)
        return self._say("response.created", response=shown) + self._say("response.in_progress", response=shown)

    @property
    def _at(self) -> int:
        return len(self._output) - 1

    def _add(self, item: dict[str, Any]) -> bytes:
        out = self._close_message()
        self._output.append(item)
        return out + self._say("response.output_item.added", output_index=self._at, item=dict(item))

    def _done(self) -> bytes:
        item = self._output[-1]
        item["status"] = "completed"
        return self._say("response.output_item.done", output_index=self._at, item=item)

    def _close_message(self) -> bytes:
        if not self._message_open:
            return b""
        self._message_open = False
        return self._done()

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{self._response['id']}_{len(self._output)}"

    def start(self, start: PartStart) -> bytes:
        if self.same:
            return self._again(start.rest)
        part = start.part
        self._parts[start.index] = part
        match part:
            case Text() | Refusal():
                return self._start_words(part)
            case ToolCall():
                call = items.emit_call(ToolCall(part.id, part.name, "", part.signature), same=True)
                return self._add({"id": self._id("fc"), "status": "in_progress"} | call | {"arguments": ""})
            case Reasoning():
                item: dict[str, Any] = {"id": part.id or self._id("rs"), "type": "reasoning", "summary": []}
                if (token := carry.token_of(part)) is not None:
                    item["encrypted_content"] = _packed(token)
                return self._add(item)
            case Media(kind="image", data=str()):
                picture = {"type": "image_generation_call", "id": self._id("ig"), "status": "in_progress"}
                return self._add(picture | {"result": part.data}) + self._done()
        self.drops.add(part.label if isinstance(part, Opaque) else type(part).__name__, "a provider-side step")
        return b""

    def _start_words(self, part: Text | Refusal) -> bytes:
        out = b""
        if not self._message_open:
            item = {"id": self._id("msg"), "type": "message", "role": "assistant", "content": []}
            out = self._add(item | {"status": "in_progress"})
            self._message_open = True
        content = items.emit_part(part, self.drops, said_by="assistant", same=False)
        self._output[-1]["content"].append(content)
        return out + self._say("response.content_part.added", **self._place(), part=dict(content))

    def _place(self) -> dict[str, Any]:
        item = self._output[-1]
        return {"item_id": item["id"], "output_index": self._at, "content_index": len(item["content"]) - 1}

    def delta(self, delta: Delta) -> bytes:  # noqa: PLR0911 - a kind of part each
        if self.same:
            return self._again(delta.rest)
        if delta.what == "signature" and not isinstance(self._parts.get(delta.index), Reasoning):
            self.drops.add("thought signature of a text")
            return b""
        match self._parts.get(delta.index):
            case Text():
                return self._text(delta)
            case Refusal():
                self._output[-1]["content"][-1]["refusal"] += delta.text
                return self._say("response.refusal.delta", **self._place(), delta=delta.text)
            case ToolCall():
                item = self._output[-1]
                item["arguments"] += delta.text
                place = {"item_id": item["id"], "output_index": self._at}
                return self._say("response.function_call_arguments.delta", **place, delta=delta.text)
            case Reasoning() as part:
                return self._thought(delta, part)
        return b""

    def _text(self, delta: Delta) -> bytes:
        content = self._output[-1]["content"][-1]
        if delta.citation is not None:
            if delta.citation.url is None:
                return b""
            annotation = items.annotation_of(delta.citation, content["text"])
            content["annotations"].append(annotation)
            number = len(content["annotations"]) - 1
            added = {"annotation_index": number, "annotation": annotation}
            return self._say("response.output_text.annotation.added", **self._place(), **added)
        content["text"] += delta.text
        return self._say("response.output_text.delta", **self._place(), delta=delta.text, logprobs=[])

    def _thought(self, delta: Delta, part: Reasoning) -> bytes:
        item = self._output[-1]
        place = {"item_id": item["id"], "output_index": self._at, "summary_index": 0}
        if delta.what == "signature":
            minted = delta.rest.get("minted_by") or part.minted_by
            if minted is not None:
                kind = delta.rest.get("kind", "signature")
                item["encrypted_content"] = _packed(carry.Token(minted, kind, delta.text, part.id or ""))
            return b""
        out = b""
        if not item["summary"]:
            item["summary"].append({"type": "summary_text", "text": ""})
            opened = dict(item["summary"][0])
            out = self._say("response.reasoning_summary_part.added", **place, part=opened)
        item["summary"][0]["text"] += delta.text
        return out + self._say("response.reasoning_summary_text.delta", **place, delta=delta.text)

    def end(self, end: PartEnd) -> bytes:
        if self.same:
            return self._again(end.rest)
        item = self._output[-1] if self._output else {}
        match self._parts.pop(end.index, None):
            case Text():
                content = item["content"][-1]
                said = self._say("response.output_text.done", **self._place(), text=content["text"], logprobs=[])
                return said + self._say("response.content_part.done", **self._place(), part=content)
            case Refusal():
                content = item["content"][-1]
                said = self._say("response.refusal.done", **self._place(), refusal=content["refusal"])
                return said + self._say("response.content_part.done", **self._place(), part=content)
            case ToolCall():
                item["arguments"] = item["arguments"] or "{}"
                place = {"item_id": item["id"], "output_index": self._at, "name": item["name"]}
                said = self._say("response.function_call_arguments.done", **place, arguments=item["arguments"])
                return said + self._done()
            case Reasoning():
                return self._end_thought(item) + self._done()
        return b""

    def _end_thought(self, item: dict[str, Any]) -> bytes:
        if not item["summary"]:
            return b""
        place = {"item_id": item["id"], "output_index": self._at, "summary_index": 0}
        words = item["summary"][0]
        said = self._say("response.reasoning_summary_text.done", **place, text=words["text"])
        return said + self._say("response.reasoning_summary_part.done", **place, part=words)

    def tail(self, tail: Tail) -> bytes:
        if self.same:
            return self._again(tail.rest)
        out = self._close_message()
        ended = closing(tail.stop)
        counted = usage_out.to_responses(tail.usage) if tail.usage else None
        whole = self._response | {"output": self._output, "usage": counted} | ended
        return out + self._say(f"response.{ended['status']}", response=whole)

    def failed(self, error: StreamError) -> bytes:
        return DIALECT.stream_error(error.failure.code or "provider_error", error.failure.message)

    def note(self, note: Note) -> bytes:
        return self._again({"event": note.raw}) if self.same else b""


def _packed(token: carry.Token) -> str:
    return token.value if token.minted_by == MINT and token.kind == "encrypted" else carry.pack(token)

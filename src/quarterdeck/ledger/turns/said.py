"""What a model answered, whatever dialect it answered in: its words and the tools it asked for. Pure and tolerant.

This reads for signals, not for translation: what it does not understand is left out, and nothing is raised.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

_EVENT_STREAM = "application/vnd.amazon.eventstream"
_PRELUDE = struct.Struct(">III")
_CRC = 4
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder(order="deterministic").encode


class Said(msgspec.Struct):
    """`tools` are (name, arguments as the model wrote them) in the order they were asked for."""

    text: str = ""
    tools: list[tuple[str, str]] = []


class _Parts:
    """An answer while it is put together from pieces."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._names: dict[Any, str] = {}
        self._arguments: dict[Any, list[str]] = {}

    def say(self, text: Any) -> None:
        if isinstance(text, str) and text:
            self._text.append(text)

    def ask(self, key: Any, name: Any, arguments: Any = None) -> None:
        if isinstance(name, str) and name:
            self._names.setdefault(key, name)
        if arguments is not None and arguments != "":
            written = arguments if isinstance(arguments, str) else _encode(arguments).decode()
            self._arguments.setdefault(key, []).append(written)

    def put(self) -> Said:
        tools = [(name, "".join(self._arguments.get(key, ()))) for key, name in self._names.items()]
        return Said("".join(self._text), tools)


def said(body: bytes, content_type: str | None) -> Said:
    """The answer's words and tool calls; empty where the body holds neither or is no answer."""
    parts = _Parts()
    try:
        pieces = _pieces(body, content_type or "")
        if pieces is not None:
            for event in pieces:
                _take_piece(parts, event)
        elif body:
            _take_whole(parts, _decode(body))
    except (*_UNREADABLE, AttributeError, TypeError, KeyError, ValueError):
        pass
    return parts.put()


def events(body: bytes, content_type: str | None) -> Iterator[Any]:
    """The events of an answer that streams or is a list, else the one whole; what cannot be read is left out."""
    try:
        pieces = _pieces(body, content_type or "")
        yield from [_decode(body)] if pieces is None else pieces
    except _UNREADABLE:
        return


def _pieces(body: bytes, kind: str) -> Iterable[Any] | None:
    """None: it is one whole. Raises where a list cannot be read."""
    if kind.startswith(_EVENT_STREAM):
        return _aws_events(body)
    if kind.startswith("text/event-stream") or body[:6] in (b"data: ", b"event:"):
        return _sse_events(body)
    if body.lstrip()[:1] == b"[":
        found: list[Any] = _decode(body)
        return found
    return None


def _take_whole(parts: _Parts, body: Any) -> None:
    if not isinstance(body, dict):
        return
    for choice in body.get("choices") or ():
        _take_message(parts, choice.get("message") or choice, choice.get("index", 0))
    for at, item in enumerate(body.get("output") or () if isinstance(body.get("output"), list) else ()):
        _take_item(parts, item, at)
    for candidate in body.get("candidates") or ():
        _take_gemini(parts, candidate.get("content") or {})
    if isinstance(body.get("output"), dict):
        _take_message(parts, body["output"].get("message") or {}, 0)
    if isinstance(body.get("message"), dict):
        _take_message(parts, body["message"], 0)
    if body.get("type") == "message" or ("content" in body and "choices" not in body):
        _take_message(parts, body, 0)


def _take_message(parts: _Parts, message: dict[str, Any], which: Any) -> None:
    content = message.get("content")
    if isinstance(content, str):
        parts.say(content)
    elif isinstance(content, list):
        for at, block in enumerate(content):
            _take_block(parts, block, (which, "block", at))
    parts.say(message.get("text"))
    for at, call in enumerate(message.get("tool_calls") or ()):
        function = call.get("function") or {}
        parts.ask((which, at), function.get("name"), function.get("arguments"))


def _take_block(parts: _Parts, block: Any, key: Any) -> None:
    if not isinstance(block, dict):
        return
    if block.get("type") == "tool_use":
        parts.ask(key, block.get("name"), block.get("input"))
    elif "toolUse" in block:
        parts.ask(key, block["toolUse"].get("name"), block["toolUse"].get("input"))
    else:
        parts.say(block.get("text"))


def _take_item(parts: _Parts, item: dict[str, Any], at: Any) -> None:
    if item.get("type") in ("function_call", "custom_tool_call"):
        parts.ask(("item", at), item.get("name"), item.get("arguments", item.get("input")))
    elif item.get("type") == "message":
        _take_message(parts, item, at)


def _take_gemini(parts: _Parts, content: dict[str, Any]) -> None:
    for part in content.get("parts") or ():
        if "functionCall" in part:
            call = part["functionCall"]
            parts.ask(object(), call.get("name"), call.get("args"))
        elif not part.get("thought"):
            parts.say(part.get("text"))


def _take_piece(parts: _Parts, event: Any) -> None:
    """One event of a stream."""
    if not isinstance(event, dict):
        return
    if event.get("choices"):
        _take_chat_delta(parts, event)
    elif event.get("candidates"):
        for candidate in event["candidates"]:
            _take_gemini(parts, candidate.get("content") or {})
    else:
        _take_typed(parts, event)


def _take_chat_delta(parts: _Parts, event: dict[str, Any]) -> None:
    for choice in event["choices"]:
        delta = choice.get("delta") or {}
        parts.say(delta.get("content") if isinstance(delta.get("content"), str) else choice.get("text"))
        for call in delta.get("tool_calls") or ():
            function = call.get("function") or {}
            key = (choice.get("index", 0), call.get("index", 0))
            parts.ask(key, function.get("name"), function.get("arguments"))


def _take_typed(parts: _Parts, event: dict[str, Any]) -> None:
    """Anthropic's, OpenAI Responses', Cohere's and Bedrock's events."""
    kind, index = event.get("type"), event.get("index", event.get("contentBlockIndex"))
    delta = event.get("delta") if isinstance(event.get("delta"), dict) else {}
    assert isinstance(delta, dict)
    if kind == "content_block_start":
        block = event.get("content_block") or {}
        if block.get("type") == "tool_use":
            parts.ask(index, block.get("name"))
        parts.say(block.get("text"))
    elif kind == "content_block_delta":
        parts.say(delta.get("text"))
        parts.ask(index, None, delta.get("partial_json"))
    elif kind == "response.output_text.delta":
        parts.say(event.get("delta"))
    elif kind == "response.output_item.done":
        item = event.get("item") or {}
        if item.get("type") != "message":
            _take_item(parts, item, event.get("output_index"))
    elif kind in ("content-delta", "tool-call-start", "tool-call-delta"):
        message = delta.get("message") or {}
        parts.say((message.get("content") or {}).get("text"))
        function = (message.get("tool_calls") or {}).get("function") or {}
        parts.ask(("tool", index), function.get("name"), function.get("arguments"))
    elif "start" in event and "toolUse" in (event["start"] or {}):
        parts.ask(index, event["start"]["toolUse"].get("name"))
    elif delta:
        parts.say(delta.get("text"))
        parts.ask(index, None, (delta.get("toolUse") or {}).get("input"))


def _sse_events(body: bytes) -> Iterator[Any]:
    for line in body.split(b"\n"):
        if line.startswith(b"data:"):
            data = line[5:].strip()
            if data.startswith(b"{"):
                try:
                    yield _decode(data)
                except _UNREADABLE:
                    continue


def _aws_events(body: bytes) -> Iterator[Any]:
    at = 0
    while at + _PRELUDE.size <= len(body):
        total, headers, _ = _PRELUDE.unpack_from(body, at)
        if total < _PRELUDE.size + headers + _CRC or at + total > len(body):
            return
        payload = body[at + _PRELUDE.size + headers : at + total - _CRC]
        at += total
        try:
            yield _decode(payload)
        except _UNREADABLE:
            continue

"""Anthropic's messages."""

from collections.abc import Callable
from typing import Any

from quarterdeck.control.calls.rendered import (
    Answer,
    Fields,
    Message,
    Part,
    Reader,
    Request,
    Tool,
    a_text,
    fields,
    items,
    json_text,
    media,
    other,
    params,
    parse,
    text,
)


def _content(value: Any) -> list[Part]:
    if value is None:
        return []
    return [_block(each) for each in value] if isinstance(value, list) else [text(value)]


def _block(value: Any) -> Part:
    block = fields(value)
    kind = block.get("type")
    if isinstance(kind, str):
        if kind in _BLOCKS:
            return _BLOCKS[kind](block)
        if kind.endswith("tool_result"):
            return _result(block)
    return other(value)


def _text(block: Fields) -> Part:
    return text(block.get("text"))


def _thinking(block: Fields) -> Part:
    if block.get("type") == "redacted_thinking":
        return Part("reasoning", size=len(a_text(block.get("data")) or ""))
    return Part("reasoning", text=a_text(block.get("thinking")))


def _media(block: Fields) -> Part:
    source = fields(block.get("source"))
    if source.get("type") == "text":
        return Part("file", text=a_text(source.get("data")), name=a_text(block.get("title")))
    return media(
        "image" if block.get("type") == "image" else "file",
        url=source.get("url"),
        data=source.get("data"),
        media_type=source.get("media_type"),
        name=block.get("title") or source.get("file_id"),
    )


def _tool_use(block: Fields) -> Part:
    arguments = json_text(block.get("input", {}))
    return Part("tool_call", name=a_text(block.get("name")), arguments=arguments, id=a_text(block.get("id")))


def _result(block: Fields) -> Part:
    content = block.get("content")
    if isinstance(content, list) and all(fields(each).get("type") == "text" for each in content):
        shown = "\n".join(fields(each).get("text", "") for each in content)
    else:
        shown = json_text(content) if content is not None else ""
    is_error = block.get("is_error")
    return Part(
        "tool_result",
        text=shown,
        id=a_text(block.get("tool_use_id")),
        is_error=is_error if isinstance(is_error, bool) else None,
    )


def _request(value: Fields) -> Request:
    messages = []
    if value.get("system") is not None:
        messages.append(Message("system", _content(value["system"])))
    for message in map(fields, items(value.get("messages"))):
        messages.append(Message(a_text(message.get("role")) or "user", _content(message.get("content"))))
    tools = []
    for tool in map(fields, items(value.get("tools"))):
        name = a_text(tool.get("name")) or a_text(tool.get("type"))
        if name is not None:
            tools.append(Tool(name, a_text(tool.get("description"))))
    return Request(messages, tools, params(value, ("messages", "system", "tools")))


def _answer(value: Fields) -> Answer:
    if "content" not in value:
        return [Message("assistant", [other(value)])]
    return [Message(a_text(value.get("role")) or "assistant", _content(value["content"]))]


def _stream(events: list[Fields]) -> Answer:
    blocks: dict[Any, Fields] = {}
    found: Answer = []
    for event in events:
        kind = event.get("type")
        if kind == "content_block_start":
            blocks[event.get("index")] = {**fields(event.get("content_block")), "_json": ""}
        elif kind == "content_block_delta":
            _add(blocks.setdefault(event.get("index"), {"type": "text", "text": "", "_json": ""}), event)
        elif kind == "error":
            found.append(Message("error", [other(event.get("error"))]))
    for block in blocks.values():
        written = block.pop("_json")
        if written:
            block["input"] = parse(written.encode())
    if blocks:
        found.insert(0, Message("assistant", [_block(block) for block in blocks.values()]))
    return found


def _add(block: Fields, event: Fields) -> None:
    delta = fields(event.get("delta"))
    for name in ("text", "thinking"):
        if isinstance(delta.get(name), str):
            block[name] = (a_text(block.get(name)) or "") + delta[name]
    if isinstance(delta.get("partial_json"), str):
        block["_json"] += delta["partial_json"]


_BLOCKS: dict[str, Callable[[Fields], Part]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _thinking,
    "image": _media,
    "document": _media,
    "tool_use": _tool_use,
    "server_tool_use": _tool_use,
    "mcp_tool_use": _tool_use,
}
READER = Reader(_request, _answer, _stream)

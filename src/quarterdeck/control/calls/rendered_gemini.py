"""Gemini's generateContent."""

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
    text,
)


def _either(value: Fields, *names: str) -> Any:
    """The first of several spellings that is there: camel and snake case are both understood."""
    return next((value[name] for name in names if name in value), None)


def _part(value: Any) -> Part:
    part = fields(value)
    inline = fields(_either(part, "inlineData", "inline_data"))
    file = fields(_either(part, "fileData", "file_data"))
    call = fields(_either(part, "functionCall", "function_call"))
    result = fields(_either(part, "functionResponse", "function_response"))
    if "text" in part:
        return Part("reasoning", text=a_text(part["text"])) if part.get("thought") else text(part["text"])
    if inline or file:
        media_type = a_text(_either(inline or file, "mimeType", "mime_type"))
        kind = "image" if (media_type or "").startswith("image/") else "file"
        uri = _either(file, "fileUri", "file_uri")
        return media("image" if kind == "image" else "file", url=uri, data=inline.get("data"), media_type=media_type)
    if call:
        arguments = json_text(call.get("args", {}))
        return Part("tool_call", name=a_text(call.get("name")), arguments=arguments, id=a_text(call.get("id")))
    if result:
        shown = json_text(result.get("response", {}))
        return Part("tool_result", name=a_text(result.get("name")), text=shown, id=a_text(result.get("id")))
    return other(value)


def _message(value: Any, role: str) -> Message:
    content = fields(value)
    return Message(a_text(content.get("role")) or role, [_part(each) for each in items(content.get("parts"))])


def _request(value: Fields) -> Request:
    contents = value.get("contents")
    messages = [_message(each, "user") for each in (contents if isinstance(contents, list) else [contents])]
    system = _either(value, "systemInstruction", "system_instruction")
    if system is not None:
        messages.insert(0, Message("system", _message(system, "system").parts))
    tools = []
    for tool in map(fields, items(value.get("tools"))):
        declared = items(_either(tool, "functionDeclarations", "function_declarations"))
        for each in map(fields, declared):
            tools.append(Tool(a_text(each.get("name")) or "?", a_text(each.get("description"))))
        if not declared:
            tools += [Tool(name) for name in tool]
    without = ("contents", "systemInstruction", "system_instruction", "tools")
    return Request(messages, tools, params(value, without))


def _answer(value: Fields) -> Answer:
    if "candidates" not in value:
        return [Message("assistant", [other(value)])]
    return [_message(fields(candidate).get("content"), "model") for candidate in items(value["candidates"])]


def _stream(events: list[Fields]) -> Answer:
    candidates: dict[Any, list[Part]] = {}
    errors: Answer = []
    for event in events:
        if "error" in event:
            errors.append(Message("error", [other(event["error"])]))
        for candidate in map(fields, items(event.get("candidates"))):
            parts = candidates.setdefault(candidate.get("index", 0), [])
            for part in _message(candidate.get("content"), "model").parts:
                last = parts[-1] if parts else None
                if last is not None and last.kind == part.kind and part.kind in ("text", "reasoning"):
                    parts[-1] = Part(part.kind, text=(last.text or "") + (part.text or ""))
                else:
                    parts.append(part)
    return [Message("model", parts) for parts in candidates.values()] + errors


READER = Reader(_request, _answer, _stream)

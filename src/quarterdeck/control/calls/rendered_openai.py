"""OpenAI's chat completions and responses, and what speaks like them."""

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


def _tools(value: Any) -> list[Tool]:
    found = []
    for tool in map(fields, items(value)):
        inner = fields(tool.get("function")) or tool
        name = a_text(inner.get("name")) or a_text(tool.get("type"))
        if name is not None:
            found.append(Tool(name, a_text(inner.get("description"))))
    return found


def _content(value: Any) -> list[Part]:
    if value is None:
        return []
    if not isinstance(value, list):
        return [text(value)]
    return [_part(each) for each in value]


def _part(value: Any) -> Part:
    """A content part of either API."""
    part = fields(value)
    kind = part.get("type")
    if kind in ("text", "input_text", "output_text", "refusal"):
        return text(part.get("refusal" if kind == "refusal" else "text"))
    if kind in ("reasoning_text", "summary_text", "thinking"):
        return Part("reasoning", text=a_text(part.get("text")) or a_text(part.get("thinking")))
    return _media(part) or other(value)


def _media(part: Fields) -> Part | None:
    kind = part.get("type")
    if kind in ("image_url", "input_image"):
        address = part.get("image_url")
        return media("image", url=address.get("url") if isinstance(address, dict) else address)
    if kind == "input_audio":
        audio = fields(part.get("input_audio"))
        return media("file", data=audio.get("data"), media_type=f"audio/{audio.get('format', 'wav')}")
    if kind in ("file", "input_file"):
        file = fields(part.get("file")) or part
        address = file.get("file_data") or file.get("file_url")
        return media("file", url=address, name=file.get("filename") or file.get("file_id"))
    return None


def _message(value: Any) -> Message:
    message = fields(value)
    role = a_text(message.get("role")) or "assistant"
    parts: list[Part] = []
    thought = a_text(message.get("reasoning_content")) or a_text(message.get("reasoning"))
    if thought:
        parts.append(Part("reasoning", text=thought))
    if role in ("tool", "function"):
        content = message.get("content")
        shown = content if isinstance(content, str) else "".join(part.text or "" for part in _content(content))
        name = a_text(message.get("name"))
        return Message(role, [Part("tool_result", text=shown, id=a_text(message.get("tool_call_id")), name=name)])
    parts += _content(message.get("content"))
    if isinstance(message.get("refusal"), str):
        parts.append(text(message["refusal"]))
    for call in map(fields, items(message.get("tool_calls"))):
        parts.append(_tool_call(fields(call.get("function") or call.get("custom")), a_text(call.get("id"))))
    if isinstance(message.get("function_call"), dict):
        parts.append(_tool_call(message["function_call"], None))
    if isinstance(message.get("audio"), dict) and a_text(message["audio"].get("transcript")):
        parts.append(text(message["audio"]["transcript"]))
    return Message(role, parts)


def _tool_call(function: Fields, call_id: str | None) -> Part:
    arguments = function.get("arguments", function.get("input", ""))
    return Part("tool_call", name=a_text(function.get("name")), arguments=json_text(arguments), id=call_id)


def _chat_request(value: Fields) -> Request:
    messages = [_message(each) for each in items(value.get("messages"))]
    if "messages" not in value:
        asked = value.get("input", value.get("prompt", []))
        messages = [Message("user", [text(each) for each in (asked if isinstance(asked, list) else [asked])])]
    without = ("messages", "tools", "functions", "input", "prompt")
    return Request(messages, _tools(value.get("tools") or value.get("functions")), params(value, without))


def _chat_answer(value: Fields) -> Answer:
    if "choices" not in value:
        return [Message("assistant", [other(value)])]
    found = []
    for choice in map(fields, items(value["choices"])):
        found.append(
            _message(choice["message"]) if "message" in choice else Message("assistant", [text(choice["text"])])
        )
    return found


def _chat_stream(events: list[Fields]) -> Answer:
    choices: dict[Any, Fields] = {}
    errors = [Message("error", [other(event["error"])]) for event in events if event.get("error")]
    for event in events:
        for choice in map(fields, items(event.get("choices"))):
            message = choices.setdefault(choice.get("index", 0), {"role": "assistant", "content": None})
            delta = fields(choice.get("delta"))
            _add(message, delta)
            if isinstance(choice.get("text"), str):
                message["content"] = (message["content"] or "") + choice["text"]
    return [_message(choices[index]) for index in sorted(choices, key=str)] + errors


def _add(message: Fields, delta: Fields) -> None:
    for name in ("content", "refusal", "reasoning_content", "reasoning"):
        if isinstance(delta.get(name), str):
            message[name] = (message.get(name) or "") + delta[name]
    if isinstance(delta.get("role"), str):
        message["role"] = delta["role"]
    for piece in map(fields, items(delta.get("tool_calls"))):
        calls = message.setdefault("tool_calls", [])
        index = piece.get("index", len(calls))
        while isinstance(index, int) and len(calls) <= index < 1_000:
            calls.append({"id": None, "function": {"name": "", "arguments": ""}})
        call = calls[index]
        call["id"] = piece.get("id") or call["id"]
        function = fields(piece.get("function"))
        for name in ("name", "arguments"):
            call["function"][name] += a_text(function.get(name)) or ""


def _item(value: Any) -> Message:
    """An item of a response's input or output."""
    item = fields(value)
    kind = item.get("type", "message")
    if kind == "message" or "role" in item:
        return Message(a_text(item.get("role")) or "assistant", _content(item.get("content")))
    call_id = a_text(item.get("call_id"))
    if kind in ("function_call", "custom_tool_call"):
        arguments = item.get("arguments", item.get("input", ""))
        part = Part("tool_call", name=a_text(item.get("name")), arguments=json_text(arguments), id=call_id)
        return Message("assistant", [part])
    if kind in ("function_call_output", "custom_tool_call_output"):
        return Message("tool", [Part("tool_result", text=json_text(item.get("output", "")), id=call_id)])
    if kind == "reasoning":
        thoughts = [*items(item.get("summary")), *items(item.get("content"))]
        return Message("assistant", [Part("reasoning", text=a_text(fields(each).get("text"))) for each in thoughts])
    return Message("assistant", [other(value)])


def _responses_request(value: Fields) -> Request:
    asked = value.get("input")
    messages = [Message("user", [text(asked)])] if isinstance(asked, str) else [_item(each) for each in items(asked)]
    if value.get("instructions") is not None:
        messages.insert(0, Message("system", [text(value["instructions"])]))
    return Request(messages, _tools(value.get("tools")), params(value, ("input", "instructions", "tools")))


def _responses_answer(value: Fields) -> Answer:
    found = [_item(each) for each in items(value.get("output"))]
    if value.get("error"):
        found.append(Message("error", [other(value["error"])]))
    return found


def _responses_stream(events: list[Fields]) -> Answer:
    for event in reversed(events):
        whole = fields(event.get("response"))
        if whole.get("output"):
            return _responses_answer(whole)
    done = [event["item"] for event in events if event.get("type") == "response.output_item.done"]
    found = [_item(each) for each in done]
    shown = {fields(each).get("id") for each in done}
    texts: dict[Any, str] = {}
    for event in events:
        if event.get("type") == "response.output_text.delta" and event.get("item_id") not in shown:
            texts[event.get("item_id")] = texts.get(event.get("item_id"), "") + (a_text(event.get("delta")) or "")
    found += [Message("assistant", [text(each)]) for each in texts.values()]
    errors = [event.get("error") or event for event in events if event.get("type") in ("error", "response.failed")]
    return found + [Message("error", [other(each)]) for each in errors]


CHAT = Reader(_chat_request, _chat_answer, _chat_stream)
RESPONSES = Reader(_responses_request, _responses_answer, _responses_stream)

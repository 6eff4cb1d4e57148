"""Cohere v2 chat requests, both ways. Its messages are chat completions' but for a few members."""

from typing import Any

from quarterdeck.gateway.dialects import carry
from quarterdeck.gateway.dialects.conversation import (
    CannotExpress,
    Conversation,
    Drops,
    Emitted,
    Media,
    Message,
    Opaque,
    OutputFormat,
    Part,
    Reasoning,
    Refusal,
    Sampling,
    ServerTool,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from quarterdeck.gateway.dialects.fields import (
    arr,
    encode,
    named,
    pull_bool,
    pull_int,
    pull_number,
    pull_text,
    put,
    request_from,
)
from quarterdeck.gateway.dialects.foreign import joined, leave_behind
from quarterdeck.gateway.dialects.openai_chat import parts as chat
from quarterdeck.gateway.dialects.openai_chat.request import fill_assistant, parse_tool, put_content
from quarterdeck.gateway.dialects.target import Target

NAME = "cohere"


def parse_message(raw: Any) -> Message:
    """Thoughts stand among the content; a tool plan is a thought beside it."""
    message = chat.parse_message(raw)
    parts = [_thought(part) for part in message.parts]
    rest = dict(message.rest)
    if isinstance(rest.get("tool_plan"), str) and rest["tool_plan"]:
        parts.insert(0, Reasoning(rest.pop("tool_plan"), rest={"plan": True}))
    return Message(message.role, tuple(parts), rest, message.form)


def _thought(part: Part) -> Part:
    match part:
        case Opaque(raw={"type": "thinking", "thinking": str() as words, **extra}):
            return Reasoning(words, rest=named(extra))
        case Opaque(raw={"type": "document", "document": {"data": str() as words, **inner}, **extra}) if not extra:
            return Media("document", text=words, rest={"document": named(inner)})
        case ToolResult():
            parts = tuple(_result_text(inner) for inner in part.parts)
            return ToolResult(part.call_id, parts, part.name, part.is_error, part.cache, part.rest, part.form)
    return part


def _result_text(part: Part) -> Part:
    """In a tool result a document is how Cohere likes its text."""
    found = _thought(part)
    if isinstance(found, Media) and found.text is not None:
        return Text(found.text, rest={"~document": found.rest["document"]})
    return found


def _plain(part: Part) -> Part:
    """Back to what chat's emitter passes on as it stands."""
    match part:
        case Reasoning():
            return Opaque({"type": "thinking", "thinking": part.text} | part.rest)
        case Text() if "~document" in part.rest:
            return Opaque({"type": "document", "document": {"data": part.text} | part.rest["~document"]})
        case Media(text=str()):
            return Opaque({"type": "document", "document": {"data": part.text} | part.rest.get("document", {})})
        case ToolResult():
            parts = tuple(_plain(inner) for inner in part.parts)
            return ToolResult(part.call_id, parts, part.name, part.is_error, part.cache, part.rest, part.form)
    return part


def emit_message(message: Message, drops: Drops) -> dict[str, Any]:
    """A message that came from this dialect."""
    if message.form == "raw" and isinstance(message.parts[0], Opaque):
        return dict(message.parts[0].raw)
    out: dict[str, Any] = {"role": message.role}
    plans = [part for part in message.parts if isinstance(part, Reasoning) and part.rest.get("plan")]
    parts = tuple(_plain(part) for part in message.parts if part not in plans)
    if plans and isinstance(plans[0], Reasoning):
        out["tool_plan"] = plans[0].text
    if message.role == "tool" and parts and isinstance(parts[0], ToolResult):
        out["tool_call_id"] = parts[0].call_id
        put_content(out, parts[0].parts, parts[0].form, drops)
    else:
        form, _, calls = (message.form or "").partition("+")
        fill_assistant(out, parts, form, calls=bool(calls), drops=drops)
    return out | message.rest


def parse_request(body: bytes) -> Conversation:
    """Raises BadBody."""
    return request_from(_parse_request, body)


def _parse_request(raw: dict[str, Any]) -> Conversation:
    rest = dict(raw)
    form: dict[str, Any] = {}
    messages = tuple(parse_message(message) for message in arr(rest.pop("messages", None), "messages"))
    tools: tuple[Tool | ServerTool, ...] = ()
    if isinstance(rest.get("tools"), list):
        tools, form["tools"] = tuple(parse_tool(tool) for tool in rest.pop("tools")), True
    stop: tuple[str, ...] = ()
    words = rest.get("stop_sequences")
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        stop, form["stop"] = tuple(rest.pop("stop_sequences")), True
    choice = None
    if rest.get("tool_choice") in ("REQUIRED", "NONE"):
        choice = ToolChoice("required" if rest.pop("tool_choice") == "REQUIRED" else "none")
    thinking = None
    match rest.get("thinking"):
        case {"type": "enabled" | "disabled" as mode, **inner}:
            form["thinking"] = dict(named(inner))
            thinking = Thinking("on" if mode == "enabled" else "off", budget=pull_int(form["thinking"], "token_budget"))
            del rest["thinking"]
    stream = pull_bool(rest, "stream")
    form["stream"] = stream is not None
    return Conversation(
        origin=NAME,
        messages=messages,
        model=pull_text(rest, "model"),
        tools=tools,
        tool_choice=choice,
        output=_parse_format(rest),
        sampling=Sampling(
            pull_number(rest, "temperature"),
            pull_number(rest, "p"),
            pull_int(rest, "k"),
            pull_number(rest, "frequency_penalty"),
            pull_number(rest, "presence_penalty"),
            pull_int(rest, "seed"),
        ),
        stop=stop,
        max_output=pull_int(rest, "max_tokens"),
        thinking=thinking,
        stream=bool(stream),
        rest=rest,
        form=form,
    )


def _parse_format(rest: dict[str, Any]) -> OutputFormat | None:
    match rest.get("response_format"):
        case {"type": "text", **extra} if not extra:
            del rest["response_format"]
            return OutputFormat("text")
        case {"type": "json_object", **extra} if not extra:
            del rest["response_format"]
            return OutputFormat("json")
        case {"type": "json_object", "json_schema": dict() as schema, **extra} if not extra:
            del rest["response_format"]
            return OutputFormat("schema", schema=schema)
    return None


def emit_request(conversation: Conversation, target: Target) -> Emitted:
    """Raises CannotExpress."""
    same = conversation.origin == NAME
    drops = Drops()
    out: dict[str, Any] = {"model": target.model}
    if same:
        out["messages"] = [emit_message(message, drops) for message in conversation.messages]
    else:
        leave_behind(conversation, drops)
        out["messages"] = _foreign_messages(conversation, drops)
    if conversation.tools or (same and conversation.form.get("tools")):
        out["tools"] = [_emit_tool(tool, drops, same=same) for tool in conversation.tools]
    _put_choice(conversation, out, same=same)
    sampling = conversation.sampling
    put(
        out,
        temperature=sampling.temperature,
        p=sampling.top_p,
        k=sampling.top_k,
        frequency_penalty=sampling.frequency_penalty,
        presence_penalty=sampling.presence_penalty,
        seed=sampling.seed,
        max_tokens=conversation.max_output,
    )
    if conversation.stop or (same and conversation.form.get("stop")):
        out["stop_sequences"] = list(conversation.stop)
    if (output := conversation.output) is not None:
        schema = {"json_schema": output.schema} if output.kind == "schema" else {}
        out["response_format"] = {"type": "text" if output.kind == "text" else "json_object"} | schema
    _put_thinking(conversation, out, drops, same=same)
    if conversation.stream or (same and conversation.form.get("stream")):
        out["stream"] = conversation.stream
    if same:
        out |= conversation.rest
    else:
        _report(conversation, drops)
    return Emitted(encode(out), None, drops.all())


def _report(conversation: Conversation, drops: Drops) -> None:
    drops.rest(
        {
            "user": conversation.user,
            "service_tier": conversation.service_tier,
            "verbosity": conversation.verbosity,
            "parallel_tool_calls": True if conversation.parallel_tools is False else None,
        }
    )
    drops.rest({f"metadata.{name}": value for name, value in (conversation.metadata or {}).items()})


def _put_choice(conversation: Conversation, out: dict[str, Any], *, same: bool) -> None:
    choice = conversation.tool_choice
    if choice is None or (not same and not conversation.tools) or choice.mode == "auto":
        return
    if choice.mode == "tool":
        if len(conversation.tools) != 1:
            raise CannotExpress("Cohere cannot force one tool of many: offer that tool alone.")
        out["tool_choice"] = "REQUIRED"
    else:
        out["tool_choice"] = choice.mode.upper()


def _put_thinking(conversation: Conversation, out: dict[str, Any], drops: Drops, *, same: bool) -> None:
    thinking = conversation.thinking
    if thinking is None:
        return
    off = thinking.mode == "off" or thinking.effort == "none"
    raw = put({"type": "disabled" if off else "enabled"}, token_budget=thinking.budget)
    out["thinking"] = raw | (conversation.form.get("thinking", {}) if same else {})
    if thinking.effort is not None and not off:
        drops.add("reasoning effort", "Cohere thinks or does not")


def _emit_tool(tool: Tool | ServerTool, drops: Drops, *, same: bool) -> Any:
    if isinstance(tool, ServerTool):
        if same:
            return tool.raw
        raise CannotExpress(f"Cohere has no provider-side tool {tool.kind!r}: leave it out of tools.")
    function = put({"name": tool.name}, description=tool.description)
    if same:
        if tool.form["parameters"]:
            function["parameters"] = tool.schema
        return {"type": "function", "function": put(function, strict=tool.strict) | tool.rest} | tool.form["outer"]
    function["parameters"] = tool.schema if tool.schema is not None else {"type": "object", "properties": {}}
    drops.rest({name: value for name, value in tool.rest.items() if not name.startswith("~")}, "tools.")
    if tool.strict:
        drops.add("tools.strict")
    return {"type": "function", "function": function}


def _foreign_messages(conversation: Conversation, drops: Drops) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    if conversation.system:
        out.append({"role": "system", "content": [_content(part, drops) for part in conversation.system]})
    for message in joined(conversation.messages, drops):
        role = "system" if message.role == "developer" else message.role
        said: list[dict[str, Any]] = []
        calls: list[dict[str, Any]] = []
        for part in message.parts:
            match part:
                case ToolResult():
                    content = [_content(inner, drops) for inner in part.parts]
                    words = "Error" if part.is_error else ""
                    out.append({"role": "tool", "tool_call_id": part.call_id, "content": content or words})
                case ToolCall():
                    calls.append(chat.emit_call(part, same=False))
                case Reasoning():
                    carry.drop_foreign(drops, part)
                case Opaque() if message.role == "assistant":
                    drops.add(part.label, "a provider-side step of an earlier turn")
                case _:
                    said.append(_content(part, drops))
        if said or calls:
            turn: dict[str, Any] = {"role": "user" if role == "tool" else role}
            out.append(turn | ({"content": said} if said else {}) | ({"tool_calls": calls} if calls else {}))
    return out


def _content(part: Part, drops: Drops) -> dict[str, Any]:
    if isinstance(part, Text | Refusal) or (isinstance(part, Media) and part.kind == "image"):
        return chat.emit_part(Text(part.text) if isinstance(part, Refusal) else part, drops, same=False)
    if isinstance(part, Media) and part.text is not None:
        return {"type": "text", "text": part.text}
    what = part.label if isinstance(part, Opaque) else part.kind if isinstance(part, Media) else type(part).__name__
    raise CannotExpress(f"Cohere cannot carry {what!r}: leave it out.")

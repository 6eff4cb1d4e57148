"""Chat completions requests as conversations, and back."""

from typing import Any

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
    obj,
    pull_bool,
    pull_int,
    pull_number,
    pull_text,
    put,
    request_from,
)
from quarterdeck.gateway.dialects.foreign import joined, leave_behind
from quarterdeck.gateway.dialects.openai_chat import parts as chat
from quarterdeck.gateway.dialects.openai_chat.parts import NAME
from quarterdeck.gateway.dialects.target import Target


def parse_request(body: bytes) -> Conversation:
    """Raises BadBody."""
    return request_from(_parse, body)


def _parse(raw: dict[str, Any]) -> Conversation:
    rest = dict(raw)
    form: dict[str, Any] = {}
    messages = tuple(chat.parse_message(message) for message in arr(rest.pop("messages", None), "messages"))
    limit = None
    for name in ("max_completion_tokens", "max_tokens"):
        if limit is None and (limit := pull_int(rest, name)) is not None:
            form["max_output"] = name
    tools: tuple[Tool | ServerTool, ...] = ()
    if isinstance(rest.get("tools"), list):
        tools = tuple(parse_tool(tool) for tool in rest.pop("tools"))
        form["tools"] = True
    stop: tuple[str, ...] = ()
    match rest.get("stop"):
        case str() as one:
            stop, form["stop"] = (one,), "string"
            del rest["stop"]
        case [*many] if all(isinstance(word, str) for word in many):
            stop, form["stop"] = tuple(many), "list"
            del rest["stop"]
    options = rest.get("stream_options")
    wants_usage = isinstance(options, dict) and options.get("include_usage") is True
    effort = pull_text(rest, "reasoning_effort")
    stream = pull_bool(rest, "stream")
    form["stream"] = stream is not None
    return Conversation(
        origin=NAME,
        messages=messages,
        model=pull_text(rest, "model"),
        tools=tools,
        tool_choice=_parse_choice(rest),
        parallel_tools=pull_bool(rest, "parallel_tool_calls"),
        output=_parse_format(rest),
        sampling=Sampling(
            temperature=pull_number(rest, "temperature"),
            top_p=pull_number(rest, "top_p"),
            top_k=pull_int(rest, "top_k"),
            frequency_penalty=pull_number(rest, "frequency_penalty"),
            presence_penalty=pull_number(rest, "presence_penalty"),
            seed=pull_int(rest, "seed"),
        ),
        stop=stop,
        max_output=limit,
        thinking=Thinking(effort=effort) if effort is not None else None,
        verbosity=pull_text(rest, "verbosity"),
        metadata=rest.pop("metadata") if isinstance(rest.get("metadata"), dict) else None,
        user=pull_text(rest, "user"),
        service_tier=pull_text(rest, "service_tier"),
        stream=bool(stream),
        wants_usage=wants_usage,
        rest=rest,
        form=form,
    )


def parse_tool(raw: Any) -> Tool | ServerTool:
    rest = dict(obj(raw, "each tool"))
    function = rest.get("function")
    if rest.get("type") != "function" or not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return ServerTool(str(rest.get("type")), raw)
    inner = dict(function)
    del rest["type"], rest["function"]
    return Tool(
        name=inner.pop("name"),
        description=pull_text(inner, "description"),
        schema=inner.pop("parameters", None),
        strict=pull_bool(inner, "strict"),
        cache=chat.cache_mark(rest),
        rest=inner,
        form={"outer": rest, "parameters": "parameters" in function},
    )


def _parse_choice(rest: dict[str, Any]) -> ToolChoice | None:
    match rest.get("tool_choice"):
        case "auto" | "none" | "required" as mode:
            del rest["tool_choice"]
            return ToolChoice(mode)
        case {"type": "function", "function": {"name": str() as name, **inner}, **outer} if not inner and not outer:
            del rest["tool_choice"]
            return ToolChoice("tool", name)
    return None


def _parse_format(rest: dict[str, Any]) -> OutputFormat | None:
    match rest.get("response_format"):
        case {"type": "text", **extra} if not extra:
            del rest["response_format"]
            return OutputFormat("text")
        case {"type": "json_object", **extra} if not extra:
            del rest["response_format"]
            return OutputFormat("json")
        case {"type": "json_schema", "json_schema": {"schema": dict(), **_unused}, **extra} if not extra:
            inner = dict(rest.pop("response_format")["json_schema"])
            return OutputFormat(
                "schema",
                schema=inner.pop("schema"),
                name=pull_text(inner, "name"),
                description=pull_text(inner, "description"),
                strict=pull_bool(inner, "strict"),
                rest=inner,
            )
    return None


def emit_request(conversation: Conversation, target: Target) -> Emitted:
    """Raises CannotExpress."""
    same = conversation.origin == NAME
    drops = Drops()
    out: dict[str, Any] = {"model": target.model}
    messages: list[dict[str, Any]] = []
    if conversation.system:
        messages.append({"role": "system", "content": _plain(conversation.system, drops)})
    if same:
        messages += [_emit_same(message, drops) for message in conversation.messages]
    else:
        leave_behind(conversation, drops)
        for message in joined(conversation.messages, drops):
            messages += _emit_foreign(message, target, drops)
    out["messages"] = messages
    if conversation.tools or (same and conversation.form.get("tools")):
        out["tools"] = [_emit_tool(tool, same=same, drops=drops) for tool in conversation.tools]
    if (choice := conversation.tool_choice) is not None and (same or conversation.tools):
        out["tool_choice"] = (
            {"type": "function", "function": {"name": choice.name}} if choice.mode == "tool" else choice.mode
        )
    _emit_settings(conversation, target, out, drops, same=same)
    if same:
        out |= conversation.rest
    return Emitted(encode(out), None, drops.all())


def _emit_settings(
    conversation: Conversation, target: Target, out: dict[str, Any], drops: Drops, *, same: bool
) -> None:
    sampling = conversation.sampling
    put(
        out,
        parallel_tool_calls=conversation.parallel_tools if same or conversation.tools else None,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        frequency_penalty=sampling.frequency_penalty,
        presence_penalty=sampling.presence_penalty,
        seed=sampling.seed,
        verbosity=conversation.verbosity,
        user=conversation.user,
        reasoning_effort=_effort(conversation.thinking, drops),
        response_format=_emit_format(conversation.output, same=same) if conversation.output else None,
    )
    if same:
        put(out, top_k=sampling.top_k, metadata=conversation.metadata, service_tier=conversation.service_tier)
    else:
        drops.rest({"service_tier": conversation.service_tier, "top_k": sampling.top_k})
        _put_metadata(conversation, out, drops)
    if conversation.max_output is not None:
        out[conversation.form["max_output"] if same else target.max_tokens_field] = conversation.max_output
    if conversation.stop or (same and conversation.form.get("stop")):
        single = same and conversation.form["stop"] == "string"
        out["stop"] = conversation.stop[0] if single else list(conversation.stop)
    if conversation.stream or (same and conversation.form.get("stream")):
        out["stream"] = conversation.stream
    if conversation.stream and not same:
        out["stream_options"] = {"include_usage": True}


def _put_metadata(conversation: Conversation, out: dict[str, Any], drops: Drops) -> None:
    given = conversation.metadata
    if given is not None and all(isinstance(value, str) for value in given.values()):
        out["metadata"] = given
    elif given is not None:
        drops.add("metadata")


def _effort(thinking: Thinking | None, drops: Drops) -> str | None:
    if thinking is None:
        return None
    if thinking.effort is not None:
        return {"max": "xhigh"}.get(thinking.effort, thinking.effort)
    if thinking.mode == "off":
        return "none"
    if thinking.budget is not None:
        drops.add("thinking budget", "sent as reasoning_effort")
        return "low" if thinking.budget < 4096 else "medium" if thinking.budget < 16384 else "high"
    if thinking.mode is not None:
        drops.add("reasoning", "no amount is named, the model decides")
    return None


def _emit_format(output: OutputFormat, *, same: bool) -> dict[str, Any]:
    if output.kind != "schema":
        return {"type": "text" if output.kind == "text" else "json_object"}
    inner = put({}, name=output.name if same else output.name or "answer", description=output.description)
    inner["schema"] = output.schema
    put(inner, strict=output.strict if same else True if output.strict is None else output.strict)
    return {"type": "json_schema", "json_schema": inner | (output.rest if same else {})}


def _emit_tool(tool: Tool | ServerTool, *, same: bool, drops: Drops) -> Any:
    if isinstance(tool, ServerTool):
        if same:
            return tool.raw
        raise CannotExpress(f"Chat completions have no provider-side tool {tool.kind!r}: leave it out of tools.")
    inner = put({"name": tool.name}, description=tool.description)
    if same and tool.form:
        if tool.form["parameters"]:
            inner["parameters"] = tool.schema
        put(inner, strict=tool.strict)
        mark = {"cache_control": put({"type": "ephemeral"}, ttl=tool.cache.ttl) | tool.cache.rest} if tool.cache else {}
        return {"type": "function", "function": inner | tool.rest} | tool.form["outer"] | mark
    inner["parameters"] = tool.schema if tool.schema is not None else {"type": "object", "properties": {}}
    if tool.strict:
        inner["strict"] = True
    drops.rest(tool.rest, "tools.")
    if tool.cache is not None:
        drops.add("cache_control", "chat completions cache by themselves")
    return {"type": "function", "function": inner}


def _emit_same(message: Message, drops: Drops) -> dict[str, Any]:
    if message.form == "raw" and isinstance(message.parts[0], Opaque):
        return dict(message.parts[0].raw)
    out: dict[str, Any] = {"role": message.role}
    if message.role == "tool" and len(message.parts) == 1 and isinstance(message.parts[0], ToolResult):
        result = message.parts[0]
        out["tool_call_id"] = result.call_id
        put_content(out, result.parts, result.form, drops)
        return out | message.rest
    form, _, calls = (message.form or "").partition("+")
    fill_assistant(out, message.parts, form, calls=bool(calls), drops=drops)
    return out | message.rest


def fill_assistant(out: dict[str, Any], parts: tuple[Part, ...], form: str, *, calls: bool, drops: Drops) -> None:
    """The members of a message that came from this dialect."""
    thoughts = [part for part in parts if isinstance(part, Reasoning)]
    if thoughts and "field" in thoughts[0].rest:
        out[thoughts[0].rest["field"]] = thoughts[0].text
    elif thoughts:
        out["reasoning_details"] = [chat.detail_of(thought, at) for at, thought in enumerate(thoughts)]
    found = [part for part in parts if _is_call(part)]
    in_content = [part for part in parts if not _is_call(part) and not isinstance(part, Reasoning)]
    if form != "parts":
        refusals = [part for part in in_content if isinstance(part, Refusal)]
        if refusals:
            out["refusal"] = refusals[0].text
            in_content = [part for part in in_content if not isinstance(part, Refusal)]
    put_content(out, tuple(in_content), form, drops)
    if found or calls:
        out["tool_calls"] = [
            chat.emit_call(part, same=True) if isinstance(part, ToolCall) else dict(part.raw)
            for part in found
            if isinstance(part, ToolCall | Opaque)
        ]


def _is_call(part: Part) -> bool:
    return isinstance(part, ToolCall) or (isinstance(part, Opaque) and part.slot == "tool_calls")


def put_content(out: dict[str, Any], parts: tuple[Part, ...], form: str | None, drops: Drops) -> None:
    if form == "absent" and not parts:
        return
    if form == "null" and not parts:
        out["content"] = None
    elif form == "string" and len(parts) == 1 and isinstance(parts[0], Text):
        out["content"] = parts[0].text
    else:
        out["content"] = [chat.emit_part(part, drops, same=True) for part in parts]


def _plain(parts: tuple[Part, ...], drops: Drops) -> str:
    """Instructions as one text: the roles that carry them take nothing else everywhere."""
    words = []
    for part in parts:
        if not isinstance(part, Text):
            raise CannotExpress("Chat completions take only text as instructions: move the rest to a user message.")
        if part.cache is not None:
            drops.add("cache_control", "chat completions cache by themselves")
        words.append(part.text)
    return "\n\n".join(words)


def _emit_foreign(message: Message, target: Target, drops: Drops) -> list[dict[str, Any]]:
    if message.role in ("system", "developer"):
        return [{"role": message.role, "content": _plain(message.parts, drops)}]
    if message.role == "assistant":
        return [_emit_assistant(message, target, drops)]
    out: list[dict[str, Any]] = []
    pictures: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            out.append(_emit_result(part, pictures, drops))
        else:
            said.append(chat.emit_part(part, drops, same=False))
    if said or pictures:
        content = [*pictures, *said]
        plain = len(content) == 1 and content[0]["type"] == "text"
        out.append({"role": "user", "content": content[0]["text"] if plain else content})
    return out


def _emit_result(result: ToolResult, pictures: list[dict[str, Any]], drops: Drops) -> dict[str, Any]:
    """Chat tool messages carry text alone: media goes into the user message that follows, said to be so."""
    words = []
    for part in result.parts:
        if isinstance(part, Text):
            words.append(part.text)
        elif isinstance(part, Media):
            words.append(f"[{part.kind} in the next message]")
            pictures.append(chat.emit_part(part, drops, same=False))
        else:
            label = part.label if isinstance(part, Opaque) else "that"
            raise CannotExpress(f"Chat completions cannot carry {label!r} in a tool result: send text.")
    said = "\n".join(words)
    if result.is_error:
        said = f"Error: {said}" if said else "Error"
    return {"role": "tool", "tool_call_id": result.call_id, "content": said}


def _emit_assistant(message: Message, target: Target, drops: Drops) -> dict[str, Any]:
    out: dict[str, Any] = {"role": "assistant"}
    words: list[str] = []
    calls: list[dict[str, Any]] = []
    thoughts: list[str] = []
    for part in message.parts:
        match part:
            case Text():
                words.append(part.text)
                if part.citations:
                    drops.add("citations")
            case Refusal():
                words.append(part.text)
            case ToolCall():
                calls.append(chat.emit_call(part, same=False))
            case Reasoning():
                thoughts.append(chat.thoughts_for(target.reasoning_content, part, drops))
            case Opaque():
                drops.add(part.label, "a provider-side step of an earlier turn")
            case _:
                raise CannotExpress("Chat completions cannot carry media in an assistant message: leave it out.")
    out["content"] = "".join(words) if words else None
    if any(thoughts):
        out["reasoning_content"] = "".join(thoughts)
    if calls:
        out["tool_calls"] = calls
    return out

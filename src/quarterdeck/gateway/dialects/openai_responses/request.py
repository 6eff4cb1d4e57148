"""Responses requests as conversations, and back."""

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
    encode,
    obj,
    pull_bool,
    pull_dict,
    pull_int,
    pull_number,
    pull_text,
    put,
    request_from,
)
from quarterdeck.gateway.dialects.foreign import joined, leave_behind
from quarterdeck.gateway.dialects.openai_responses import items
from quarterdeck.gateway.dialects.openai_responses.items import MINT, NAME
from quarterdeck.gateway.dialects.target import Target


def parse_request(body: bytes) -> Conversation:
    """Raises BadBody."""
    return request_from(_parse, body)


def _parse(raw: dict[str, Any]) -> Conversation:
    rest = dict(raw)
    form: dict[str, Any] = {}
    messages: tuple[Message, ...] = ()
    if isinstance(rest.get("input"), str):
        messages, form["input"] = (Message("user", (Text(rest.pop("input")),)),), "string"
    elif isinstance(rest.get("input"), list):
        messages, form["input"] = tuple(items.parse_item(item) for item in rest.pop("input")), "items"
    instructions = pull_text(rest, "instructions")
    tools: tuple[Tool | ServerTool, ...] = ()
    if isinstance(rest.get("tools"), list):
        tools, form["tools"] = tuple(_parse_tool(tool) for tool in rest.pop("tools")), True
    thinking = None
    if (given := pull_dict(rest, "reasoning")) is not None:
        form["reasoning"] = given = dict(given)
        effort = pull_text(given, "effort")
        thinking = Thinking(effort=effort, show=given.get("summary") is not None or None)
    output, verbosity = None, None
    if (words := pull_dict(rest, "text")) is not None:
        form["text"] = words = dict(words)
        output, verbosity = _parse_format(words), pull_text(words, "verbosity")
    stream = pull_bool(rest, "stream")
    form["stream"] = stream is not None
    return Conversation(
        origin=NAME,
        messages=messages,
        model=pull_text(rest, "model"),
        system=(Text(instructions),) if instructions is not None else (),
        tools=tools,
        tool_choice=_parse_choice(rest),
        parallel_tools=pull_bool(rest, "parallel_tool_calls"),
        output=output,
        sampling=Sampling(pull_number(rest, "temperature"), pull_number(rest, "top_p")),
        max_output=pull_int(rest, "max_output_tokens"),
        thinking=thinking,
        verbosity=verbosity,
        metadata=pull_dict(rest, "metadata"),
        user=pull_text(rest, "user"),
        service_tier=pull_text(rest, "service_tier"),
        stream=bool(stream),
        rest=rest,
        form=form,
    )


def _parse_tool(raw: Any) -> Tool | ServerTool:
    rest = dict(obj(raw, "each tool"))
    if rest.get("type") != "function" or not isinstance(rest.get("name"), str):
        return ServerTool(str(rest.get("type")), raw)
    del rest["type"]
    form = "parameters" in rest
    return Tool(
        name=rest.pop("name"),
        description=pull_text(rest, "description"),
        schema=rest.pop("parameters", None),
        strict=pull_bool(rest, "strict"),
        rest=rest,
        form=form,
    )


def _parse_choice(rest: dict[str, Any]) -> ToolChoice | None:
    match rest.get("tool_choice"):
        case "auto" | "none" | "required" as mode:
            del rest["tool_choice"]
            return ToolChoice(mode)
        case {"type": "function", "name": str() as name, **extra} if not extra:
            del rest["tool_choice"]
            return ToolChoice("tool", name)
    return None


def _parse_format(words: dict[str, Any]) -> OutputFormat | None:
    match words.get("format"):
        case {"type": "text", **extra} if not extra:
            del words["format"]
            return OutputFormat("text")
        case {"type": "json_object", **extra} if not extra:
            del words["format"]
            return OutputFormat("json")
        case {"type": "json_schema", "schema": dict(), **_unused}:
            inner = dict(words.pop("format"))
            del inner["type"]
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
    if same:
        _put_input_same(conversation, out, drops)
    else:
        leave_behind(conversation, drops)
        _put_input(conversation, out, drops)
    if conversation.tools or (same and conversation.form.get("tools")):
        out["tools"] = [_emit_tool(tool, drops, same=same) for tool in conversation.tools]
    if (choice := conversation.tool_choice) is not None and (same or conversation.tools):
        out["tool_choice"] = {"type": "function", "name": choice.name} if choice.mode == "tool" else choice.mode
    _put_settings(conversation, out, drops, same=same)
    if same:
        out |= conversation.rest
    return Emitted(encode(out), None, drops.all())


def _put_input_same(conversation: Conversation, out: dict[str, Any], drops: Drops) -> None:
    if conversation.system and isinstance(conversation.system[0], Text):
        out["instructions"] = conversation.system[0].text
    if conversation.form.get("input") == "string" and isinstance(conversation.messages[0].parts[0], Text):
        out["input"] = conversation.messages[0].parts[0].text
    elif conversation.messages or "input" in conversation.form:
        out["input"] = [
            item for message in conversation.messages if (item := _emit_item_same(message, drops)) is not None
        ]


def _emit_item_same(message: Message, drops: Drops) -> dict[str, Any] | None:  # noqa: PLR0911 - a kind of item each
    part = message.parts[0] if message.parts else None
    if message.form in ("raw", "item"):
        match part:
            case Opaque():
                return dict(part.raw)
            case ToolCall():
                return items.emit_call(part, same=True)
            case ToolResult():
                return _emit_result(part, drops, same=True)
            case Reasoning() if part.minted_by not in (None, MINT):
                carry.drop_foreign(drops, part)
                return None
            case Reasoning():
                return _own_reasoning(part)
    if message.form == "string" and isinstance(part, Text):
        return {"role": message.role, "content": part.text} | message.rest
    content = [items.emit_part(each, drops, said_by=message.role, same=True) for each in message.parts]
    return {"role": message.role, "content": content} | message.rest


def _own_reasoning(thought: Reasoning) -> dict[str, Any]:
    return put({"type": "reasoning"}, id=thought.id, encrypted_content=thought.encrypted) | thought.rest


def _emit_result(result: ToolResult, drops: Drops, *, same: bool) -> dict[str, Any]:
    out: dict[str, Any] = {"type": "function_call_output", "call_id": result.call_id}
    if len(result.parts) == 1 and isinstance(result.parts[0], Text) and (result.form == "string" or not same):
        out["output"] = result.parts[0].text
    elif not result.parts and not same:
        out["output"] = ""
    else:
        out["output"] = [items.emit_part(part, drops, said_by="user", same=same) for part in result.parts]
    if same:
        return out | result.rest
    drops.rest(result.rest, "tool_result.")
    if result.is_error and isinstance(out["output"], str):
        out["output"] = f"Error: {out['output']}"
    return out


def _emit_tool(tool: Tool | ServerTool, drops: Drops, *, same: bool) -> Any:
    if isinstance(tool, ServerTool):
        if same:
            return tool.raw
        if tool.kind.startswith("web_search") or tool.kind == "googleSearch":
            return {"type": "web_search"}
        raise CannotExpress(f"Responses have no provider-side tool {tool.kind!r}: leave it out of tools.")
    out: dict[str, Any] = put({"type": "function", "name": tool.name}, description=tool.description)
    if same:
        if tool.form:
            out["parameters"] = tool.schema
        return put(out, strict=tool.strict) | tool.rest
    drops.rest(tool.rest, "tools.")
    out["parameters"] = tool.schema if tool.schema is not None else {"type": "object", "properties": {}}
    # Unsaid, Responses would hold the schema to its strict subset; the other dialects mean the schema as it is.
    return out | {"strict": bool(tool.strict)}


def _put_settings(conversation: Conversation, out: dict[str, Any], drops: Drops, *, same: bool) -> None:
    sampling = conversation.sampling
    put(
        out,
        parallel_tool_calls=conversation.parallel_tools if same or conversation.tools else None,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_output_tokens=conversation.max_output,
        user=conversation.user,
    )
    words = dict(conversation.form.get("text", {})) if same else {}
    if conversation.output is not None:
        words["format"] = _emit_format(conversation.output, same=same)
    put(words, verbosity=conversation.verbosity)
    if words or (same and "text" in conversation.form):
        out["text"] = words
    thinking = conversation.thinking
    if same and "reasoning" in conversation.form:
        out["reasoning"] = put(dict(conversation.form["reasoning"]), effort=thinking.effort if thinking else None)
    elif thinking is not None and (effort := effort_of(thinking, drops)) is not None:
        out["reasoning"] = {"effort": effort} | ({"summary": "auto"} if thinking.show else {})
    if same:
        put(out, metadata=conversation.metadata, service_tier=conversation.service_tier)
    else:
        _put_foreign(conversation, out, drops)
    if conversation.stream or (same and conversation.form.get("stream")):
        out["stream"] = conversation.stream


def effort_of(thinking: Thinking, drops: Drops) -> str | None:
    if thinking.effort is not None:
        return {"max": "xhigh"}.get(thinking.effort, thinking.effort)
    if thinking.mode == "off":
        return "none"
    if thinking.budget is not None:
        drops.add("thinking budget", "sent as an effort")
        return "low" if thinking.budget < 4096 else "medium" if thinking.budget < 16384 else "high"
    if thinking.mode is not None:
        drops.add("reasoning", "no amount is named, the model decides")
    return None


def _put_foreign(conversation: Conversation, out: dict[str, Any], drops: Drops) -> None:
    if conversation.stop:
        raise CannotExpress("Responses have no stop sequences: cut the answer yourself or use chat completions.")
    given = conversation.metadata
    if given is not None and all(isinstance(value, str) and len(value) <= 512 for value in given.values()):
        out["metadata"] = given
    elif given is not None:
        drops.add("metadata")
    sampling = conversation.sampling
    drops.rest(
        {
            "top_k": sampling.top_k,
            "seed": sampling.seed,
            "frequency_penalty": sampling.frequency_penalty or None,
            "presence_penalty": sampling.presence_penalty or None,
            "service_tier": conversation.service_tier,
        }
    )
    # The thoughts must be able to return: this gateway's caller keeps the history, not the provider.
    out["store"] = False
    out["include"] = ["reasoning.encrypted_content"]


def _emit_format(output: OutputFormat, *, same: bool) -> dict[str, Any]:
    if output.kind != "schema":
        return {"type": "text" if output.kind == "text" else "json_object"}
    out = put({"type": "json_schema"}, name=output.name if same else output.name or "answer", schema=output.schema)
    put(out, description=output.description, strict=output.strict)
    return out | (output.rest if same else {})


def _put_input(conversation: Conversation, out: dict[str, Any], drops: Drops) -> None:
    if conversation.system:
        out["instructions"] = "\n\n".join(_instructions(conversation.system, drops))
    found: list[dict[str, Any]] = []
    for message in joined(conversation.messages, drops):
        if message.role == "assistant":
            found += _emit_turn(message.parts, drops)
            continue
        said = [part for part in message.parts if not isinstance(part, ToolResult)]
        found += [_emit_result(part, drops, same=False) for part in message.parts if isinstance(part, ToolResult)]
        if said:
            content = [items.emit_part(part, drops, said_by="user", same=False) for part in said]
            found.append({"role": message.role, "content": content})
    out["input"] = found


def _instructions(parts: tuple[Part, ...], drops: Drops) -> list[str]:
    for part in parts:
        if not isinstance(part, Text):
            raise CannotExpress("Responses take only text as instructions: move the rest to a user message.")
        if part.cache is not None:
            drops.add("cache_control", "OpenAI caches by itself")
    return [part.text for part in parts if isinstance(part, Text)]


def _emit_turn(parts: tuple[Part, ...], drops: Drops) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in parts:
        match part:
            case Reasoning() if part.minted_by == MINT and part.encrypted is not None:
                found.append(items.emit_reasoning(part, "rs_0"))
            case Reasoning():
                carry.drop_foreign(drops, part)
            case ToolCall():
                found.append(items.emit_call(ToolCall(part.id, part.name, part.arguments), same=False))
            case Opaque():
                drops.add(part.label, "a provider-side step of an earlier turn")
            case Media():
                raise CannotExpress("Responses cannot carry media in an assistant message: leave it out.")
            case _:
                content = items.emit_part(part, drops, said_by="assistant", same=False)
                if found and found[-1].get("role") == "assistant":
                    found[-1]["content"].append(content)
                else:
                    found.append({"role": "assistant", "content": [content]})
    return found

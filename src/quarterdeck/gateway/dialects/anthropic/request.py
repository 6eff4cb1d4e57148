"""Messages requests as conversations, and back, for the API versions 2023-06-01 and 2026-10-21."""

import re
from typing import Any

from quarterdeck.gateway.dialects import carry
from quarterdeck.gateway.dialects.anthropic import parts as blocks
from quarterdeck.gateway.dialects.anthropic.parts import MINT, NAME
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
    ToolChoice,
    ToolResult,
)
from quarterdeck.gateway.dialects.fields import (
    arr,
    encode,
    obj,
    pull_bool,
    pull_dict,
    pull_int,
    pull_number,
    pull_text,
    put,
    request_from,
    text,
)
from quarterdeck.gateway.dialects.foreign import joined, leave_behind
from quarterdeck.gateway.dialects.target import Target

WITHOUT_SAMPLING = "2026-10-21"
"""The API version from which temperature, top_p and top_k are refused."""
_VERSIONED = re.compile(r"claude-(?:[a-z]+-)?(\d+)(?:[.-](\d{1,2}))?(?:[-@:]|$)")
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384}


def parse_request(body: bytes) -> Conversation:
    """Raises BadBody."""
    return request_from(_parse, body)


def _parse(raw: dict[str, Any]) -> Conversation:
    rest = dict(raw)
    form: dict[str, Any] = {}
    messages = tuple(_parse_message(message) for message in arr(rest.pop("messages", None), "messages"))
    system: tuple[Part, ...] = ()
    if isinstance(rest.get("system"), str):
        system, form["system"] = (Text(rest.pop("system")),), "string"
    elif isinstance(rest.get("system"), list):
        system, form["system"] = blocks.parse_blocks(rest.pop("system")), "list"
    tools: tuple[Tool | ServerTool, ...] = ()
    if isinstance(rest.get("tools"), list):
        tools, form["tools"] = tuple(_parse_tool(tool) for tool in rest.pop("tools")), True
    stop: tuple[str, ...] = ()
    if isinstance(rest.get("stop_sequences"), list) and all(isinstance(word, str) for word in rest["stop_sequences"]):
        stop, form["stop"] = tuple(rest.pop("stop_sequences")), True
    choice, parallel = _parse_choice(rest)
    metadata = pull_dict(rest, "metadata")
    user = metadata.get("user_id") if metadata else None
    stream = pull_bool(rest, "stream")
    form["stream"] = stream is not None
    thinking, output = _parse_thinking(rest, form), None
    config = pull_dict(rest, "output_config")
    if config is not None:
        form["output_config"] = config = dict(config)
        output = _parse_format(config)
        if (effort := pull_text(config, "effort")) is not None:
            thinking = (
                Thinking(*(thinking.mode, effort, thinking.budget, thinking.show))
                if thinking
                else Thinking(effort=effort)
            )
    return Conversation(
        origin=NAME,
        messages=messages,
        model=pull_text(rest, "model"),
        system=system,
        tools=tools,
        tool_choice=choice,
        parallel_tools=parallel,
        output=output,
        sampling=Sampling(pull_number(rest, "temperature"), pull_number(rest, "top_p"), pull_int(rest, "top_k")),
        stop=stop,
        max_output=pull_int(rest, "max_tokens"),
        thinking=thinking,
        metadata=metadata,
        user=user if isinstance(user, str) else None,
        service_tier=pull_text(rest, "service_tier"),
        stream=bool(stream),
        rest=rest,
        form=form,
    )


def _parse_message(raw: Any) -> Message:
    rest = dict(obj(raw, "each message"))
    role = text(rest.pop("role", None), "a message's role")
    if role not in ("user", "assistant", "system"):
        return Message("user", (Opaque(raw, "message"),), form="raw")
    content = rest.pop("content", None)
    if isinstance(content, str):
        return Message(role, (Text(content),), rest, "string")  # type: ignore[arg-type]
    return Message(role, blocks.parse_blocks(arr(content, "a message's content")), rest, "parts")  # type: ignore[arg-type]


def _parse_tool(raw: Any) -> Tool | ServerTool:
    rest = dict(obj(raw, "each tool"))
    if rest.get("type", "custom") != "custom" or not isinstance(rest.get("name"), str) or "input_schema" not in rest:
        return ServerTool(str(rest.get("type")), raw)
    return Tool(
        name=rest.pop("name"),
        description=pull_text(rest, "description"),
        schema=rest.pop("input_schema"),
        strict=pull_bool(rest, "strict"),
        cache=blocks.cache_mark(rest),
        rest=rest,
    )


def _parse_choice(rest: dict[str, Any]) -> tuple[ToolChoice | None, bool | None]:
    raw = rest.get("tool_choice")
    if not isinstance(raw, dict) or not set(raw) <= {"type", "name", "disable_parallel_tool_use"}:
        return None, None
    alone = raw.get("disable_parallel_tool_use", False)
    if not isinstance(alone, bool) or (raw.get("name") is None and "name" in raw):
        return None, None
    alone = raw.get("disable_parallel_tool_use")
    parallel = not alone if isinstance(alone, bool) else None
    match raw.get("type"), raw.get("name"):
        case "auto" | "none" as mode, None:
            choice = ToolChoice(mode)
        case "any", None:
            choice = ToolChoice("required")
        case "tool", str() as name:
            choice = ToolChoice("tool", name)
        case _:
            return None, None
    del rest["tool_choice"]
    return choice, parallel


def _parse_thinking(rest: dict[str, Any], form: dict[str, Any]) -> Thinking | None:
    raw = rest.get("thinking")
    modes: dict[Any, Any] = {"enabled": "on", "adaptive": "adaptive", "disabled": "off"}
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str) or raw["type"] not in modes:
        return None
    inner = dict(rest.pop("thinking"))
    mode = modes[inner.pop("type")]
    budget = pull_int(inner, "budget_tokens")
    form["thinking"] = inner
    return Thinking(mode, budget=budget, show=inner.get("display") != "omitted")


def _parse_format(config: dict[str, Any]) -> OutputFormat | None:
    match config.get("format"):
        case {"type": "json_schema", "schema": dict() as schema, **extra} if not extra:
            del config["format"]
            return OutputFormat("schema", schema=schema)
    return None


def emit_request(conversation: Conversation, target: Target) -> Emitted:
    """Raises CannotExpress."""
    same = conversation.origin == NAME
    drops = Drops()
    out: dict[str, Any] = {"model": target.model}
    if same:
        _emit_same(conversation, out, drops)
    else:
        _emit_foreign(conversation, target, out, drops)
    if target.api_version is not None and target.api_version >= WITHOUT_SAMPLING:
        for name in ("temperature", "top_p", "top_k"):
            if out.pop(name, None) is not None:
                drops.add(name, f"refused by anthropic-version {target.api_version}")
    return Emitted(encode(out), None, drops.all())


def _emit_same(conversation: Conversation, out: dict[str, Any], drops: Drops) -> None:
    form = conversation.form
    out["messages"] = [_emit_message_same(message, drops) for message in conversation.messages]
    if form.get("system") == "string" and len(conversation.system) == 1 and isinstance(conversation.system[0], Text):
        out["system"] = conversation.system[0].text
    elif conversation.system or "system" in form:
        out["system"] = _blocks(conversation.system, drops, same=True)
    _put_common(conversation, out, drops, same=True)
    put(out, metadata=conversation.metadata, service_tier=conversation.service_tier)
    thinking = conversation.thinking
    if thinking is not None and thinking.mode is not None:
        words = {"on": "enabled", "adaptive": "adaptive", "off": "disabled"}
        out["thinking"] = put({"type": words[thinking.mode]}, budget_tokens=thinking.budget) | form.get("thinking", {})
    if "output_config" in form:
        config = dict(form["output_config"])
        if conversation.output is not None:
            config["format"] = {"type": "json_schema", "schema": conversation.output.schema}
        out["output_config"] = put(config, effort=thinking.effort if thinking else None)
    if conversation.stream or form.get("stream"):
        out["stream"] = conversation.stream
    out |= conversation.rest


def _put_common(conversation: Conversation, out: dict[str, Any], drops: Drops, *, same: bool) -> None:
    sampling = conversation.sampling
    put(out, max_tokens=conversation.max_output, temperature=sampling.temperature, top_p=sampling.top_p)
    put(out, top_k=sampling.top_k)
    if conversation.tools or (same and conversation.form.get("tools")):
        out["tools"] = [_emit_tool(tool, drops, same=same) for tool in conversation.tools]
    if conversation.stop or (same and conversation.form.get("stop")):
        out["stop_sequences"] = list(conversation.stop)
    choice = conversation.tool_choice
    if choice is None and conversation.parallel_tools is False and conversation.tools:
        choice = ToolChoice("auto")
    if choice is not None and (same or conversation.tools):
        words = {"auto": "auto", "none": "none", "required": "any", "tool": "tool"}
        raw = put({"type": words[choice.mode]}, name=choice.name)
        if conversation.parallel_tools is not None and (same or choice.mode != "none"):
            raw["disable_parallel_tool_use"] = not conversation.parallel_tools
        out["tool_choice"] = raw


def _emit_message_same(message: Message, drops: Drops) -> dict[str, Any]:
    if message.form == "raw" and isinstance(message.parts[0], Opaque):
        return dict(message.parts[0].raw)
    if message.form == "string" and len(message.parts) == 1 and isinstance(message.parts[0], Text):
        return {"role": message.role, "content": message.parts[0].text} | message.rest
    return {"role": message.role, "content": _blocks(message.parts, drops, same=True)} | message.rest


def _blocks(parts: tuple[Part, ...], drops: Drops, *, same: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in parts:
        # A thought another provider minted, brought back by this dialect's client: this one would refuse it.
        if isinstance(part, Reasoning) and part.minted_by not in (MINT, None):
            carry.drop_foreign(drops, part)
            continue
        found += blocks.emit_block(part, drops, same=same)
    return found


def _emit_tool(tool: Tool | ServerTool, drops: Drops, *, same: bool) -> Any:
    if isinstance(tool, ServerTool):
        if same:
            return tool.raw
        if tool.kind in ("web_search", "web_search_preview", "googleSearch"):
            return {"type": "web_search_20250305", "name": "web_search"}
        raise CannotExpress(f"Anthropic has no provider-side tool {tool.kind!r}: leave it out of tools.")
    out: dict[str, Any] = put({"name": tool.name}, description=tool.description)
    out["input_schema"] = tool.schema if tool.schema is not None or same else {"type": "object", "properties": {}}
    put(out, strict=tool.strict if same or tool.strict else None, cache_control=blocks.emit_mark(tool.cache, same=same))
    if same:
        return out | tool.rest
    drops.rest(tool.rest, "tools.")
    return out


def _emit_foreign(conversation: Conversation, target: Target, out: dict[str, Any], drops: Drops) -> None:
    system = list(conversation.system)
    leave_behind(conversation, drops)
    turns = joined(conversation.messages, drops)
    while turns and turns[0].role in ("system", "developer"):
        system += turns.pop(0).parts
    out["messages"] = _turns(turns, drops)
    if system:
        out["system"] = _system(tuple(system), drops)
    _put_common(conversation, out, drops, same=False)
    out.setdefault("max_tokens", target.default_max_output)
    sampling = conversation.sampling
    if sampling.temperature is not None and sampling.temperature > 1:
        out["temperature"] = 1
        drops.add("temperature", "capped at 1")
    drops.rest(
        {
            "frequency_penalty": sampling.frequency_penalty or None,
            "presence_penalty": sampling.presence_penalty or None,
            "seed": sampling.seed,
            "service_tier": conversation.service_tier,
            "verbosity": conversation.verbosity,
        }
    )
    drops.rest({f"metadata.{name}": value for name, value in (conversation.metadata or {}).items()})
    put(out, metadata={"user_id": conversation.user} if conversation.user else None)
    _put_output(conversation, out, drops)
    _put_thinking(conversation.thinking, target.model, out, drops)
    if conversation.stream:
        out["stream"] = True


def _put_output(conversation: Conversation, out: dict[str, Any], drops: Drops) -> None:
    output = conversation.output
    if output is not None and output.kind == "schema":
        out["output_config"] = {"format": {"type": "json_schema", "schema": output.schema}}
    elif output is not None and output.kind == "json":
        drops.add("response_format", "the prompt alone asks for JSON")


def _put_thinking(thinking: Thinking | None, model: str, out: dict[str, Any], drops: Drops) -> None:
    if thinking is None or thinking.mode == "off" or thinking.effort == "none":
        return
    if out.get("tool_choice", {}).get("type") in ("any", "tool"):
        drops.add("reasoning", "Anthropic does not think when a tool is forced")
        return
    if thinking.budget is None and _adaptive(model):
        out["thinking"] = {"type": "adaptive"}
        if thinking.effort is not None:
            effort = {"minimal": "low", "xhigh": "max"}.get(thinking.effort, thinking.effort)
            out["output_config"] = out.get("output_config", {}) | {"effort": effort}
    else:
        budget = max(1024, thinking.budget or _BUDGETS.get(thinking.effort or "medium", 24576))
        out["thinking"] = {"type": "enabled", "budget_tokens": budget}
        # Thoughts count into max_tokens here; the caller's cap was on the answer.
        if out["max_tokens"] <= budget:
            out["max_tokens"] += budget
    for name in ("temperature", "top_k"):
        if out.pop(name, 1) != 1:
            drops.add(name, "Anthropic takes none while it thinks")


def _adaptive(model: str) -> bool:
    """Models from 4.6 on decide their own budget; those before know only a fixed one."""
    found = _VERSIONED.search(model)
    if found is None:
        return not model.startswith("claude-3")
    return (int(found[1]), int(found[2] or 0)) >= (4, 6)


def _system(parts: tuple[Part, ...], drops: Drops) -> Any:
    if not all(isinstance(part, Text) for part in parts):
        raise CannotExpress("Anthropic takes only text as system instructions: move the rest to a user message.")
    found = _blocks(parts, drops, same=False)
    if len(found) == 1 and set(found[0]) == {"type", "text"}:
        return found[0]["text"]
    return found


def _turns(messages: list[Message], drops: Drops) -> list[dict[str, Any]]:
    """User and assistant in turn, tool results first in the turn that answers the calls."""
    out: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        if message.role in ("system", "developer"):
            drops.add(f"{message.role} message after the first turn", "sent as user text")
        content = _blocks(_sendable(message, drops), drops, same=False)
        if not content:
            continue
        if out and out[-1]["role"] == role:
            out[-1]["content"] += content
        else:
            out.append({"role": role, "content": content})
    for turn in out:
        turn["content"].sort(key=lambda block: block["type"] != "tool_result" and turn["role"] == "user")
    return out


def _sendable(message: Message, drops: Drops) -> tuple[Part, ...]:
    kept: list[Part] = []
    for part in message.parts:
        if message.role == "assistant" and isinstance(part, Opaque):
            drops.add(part.label, "a provider-side step of an earlier turn")
        elif isinstance(part, Reasoning) and part.minted_by != MINT:
            carry.drop_foreign(drops, part)
        elif message.role == "assistant" and isinstance(part, Media):
            raise CannotExpress("Anthropic messages cannot carry media in an assistant turn: leave it out.")
        elif isinstance(part, ToolResult) and part.parts == () and part.form != "absent":
            kept.append(ToolResult(part.call_id, (), part.name, part.is_error, part.cache, form="absent"))
        elif isinstance(part, Text) and part.citations:
            drops.add("citations")
            kept.append(Text(part.text, cache=part.cache))
        else:
            kept.append(part)
    return tuple(kept)

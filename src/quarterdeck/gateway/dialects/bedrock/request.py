"""Converse requests as conversations, and back. The model stands in the path."""

from typing import Any
from urllib.parse import quote

import msgspec

from quarterdeck.gateway.dialects import carry
from quarterdeck.gateway.dialects.base import UNREADABLE
from quarterdeck.gateway.dialects.bedrock.parts import MINT, NAME, emit_block, emit_point, parse_blocks, parse_point
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
)
from quarterdeck.gateway.dialects.fields import (
    arr,
    encode,
    json_text,
    named,
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
from quarterdeck.gateway.dialects.target import Target

_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384}


def parse_request(body: bytes) -> Conversation:
    """Raises BadBody."""
    return request_from(_parse, body)


def _parse(raw: dict[str, Any]) -> Conversation:
    rest = dict(raw)
    form: dict[str, Any] = {}
    messages = tuple(_parse_message(message) for message in arr(rest.pop("messages", None), "messages"))
    system: tuple[Part, ...] = ()
    if isinstance(rest.get("system"), list):
        system, form["system"] = parse_blocks(rest.pop("system")), True
    config = pull_dict(rest, "inferenceConfig")
    form["config"] = config = dict(config) if config is not None else None
    inference = config if config is not None else {}
    stop: tuple[str, ...] = ()
    words = inference.get("stopSequences")
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        stop, form["stop"] = tuple(words), True
        del inference["stopSequences"]
    tools, choice = _parse_tools(rest, form)
    tier = rest.get("serviceTier")
    service_tier = None
    if isinstance(tier, dict) and set(tier) == {"type"} and isinstance(tier["type"], str):
        service_tier = rest.pop("serviceTier")["type"]
    return Conversation(
        origin=NAME,
        messages=messages,
        system=system,
        tools=tools,
        tool_choice=choice,
        output=_parse_format(rest),
        sampling=Sampling(pull_number(inference, "temperature"), pull_number(inference, "topP")),
        stop=stop,
        max_output=pull_int(inference, "maxTokens"),
        thinking=_thinking_in(rest.get("additionalModelRequestFields")),
        metadata=pull_dict(rest, "requestMetadata"),
        service_tier=service_tier,
        rest=rest,
        form=form,
    )


def _thinking_in(extra: Any) -> Thinking | None:
    """Claude's thinking rides in the model's own fields, where it stays; it is read for other dialects' sake."""
    match extra:
        case {"thinking": {"type": "enabled", "budget_tokens": int() as budget}}:
            return Thinking("on", budget=budget)
        case {"thinking": {"type": "adaptive"}}:
            return Thinking("adaptive")
    return None


def _parse_message(raw: Any) -> Message:
    rest = dict(obj(raw, "each message"))
    role = rest.pop("role", None)
    if role not in ("user", "assistant"):
        return Message("user", (Opaque(raw, "message"),), form="raw")
    return Message(role, parse_blocks(arr(rest.pop("content", None), "a message's content")), rest)


def _parse_tools(rest: dict[str, Any], form: dict[str, Any]) -> tuple[tuple[Tool | ServerTool, ...], ToolChoice | None]:
    config = rest.get("toolConfig")
    if not isinstance(config, dict) or not isinstance(config.get("tools"), list):
        return (), None
    left = dict(rest.pop("toolConfig"))
    found: list[Tool | ServerTool] = []
    for raw in left.pop("tools"):
        mark = parse_point(raw)
        last = found[-1] if found else None
        if mark is not None and isinstance(last, Tool) and last.cache is None:
            found[-1] = Tool(last.name, last.description, last.schema, last.strict, mark, last.rest)
        else:
            found.append(_parse_tool(raw))
    choice: ToolChoice | None = None
    match left.get("toolChoice"):
        case {"auto": {**none}, **extra} if not extra and not none:
            choice = ToolChoice("auto")
        case {"any": {**none}, **extra} if not extra and not none:
            choice = ToolChoice("required")
        case {"tool": {"name": str() as name, **inner}, **extra} if not extra and not inner:
            choice = ToolChoice("tool", name)
    if choice is not None:
        del left["toolChoice"]
    form["tools"] = left
    return tuple(found), choice


def _parse_tool(raw: Any) -> Tool | ServerTool:
    entry = obj(raw, "each tool")
    match entry:
        case {"toolSpec": {"name": str() as name, "inputSchema": {"json": schema, **inner}, **rest}, **extra}:
            if not inner and not extra:
                spec = named(rest)
                return Tool(name, pull_text(spec, "description"), schema, pull_bool(spec, "strict"), rest=spec)
    return ServerTool(next(iter(entry), "tool"), raw)


def _parse_format(rest: dict[str, Any]) -> OutputFormat | None:
    match rest.get("outputConfig"):
        case {
            "textFormat": {
                "type": "json_schema",
                "structure": {"jsonSchema": {"schema": str() as text, **inner}, **structure},
                **form,
            },
            **extra,
        } if not structure and not form and not extra:
            try:
                schema = msgspec.json.decode(text)
            except UNREADABLE:
                return None
            del rest["outputConfig"]
            left = named(inner)
            name, description = pull_text(left, "name"), pull_text(left, "description")
            return OutputFormat("schema", schema, name, description, rest=left | {"~text": text})
    return None


def path_for(model: str, *, stream: bool) -> str:
    return f"model/{quote(model, safe='')}/{'converse-stream' if stream else 'converse'}"


def emit_request(conversation: Conversation, target: Target) -> Emitted:
    """Raises CannotExpress."""
    same = conversation.origin == NAME
    drops = Drops()
    out: dict[str, Any] = {}
    form = conversation.form if same else {}
    if same:
        out["messages"] = [_emit_same(message, drops) for message in conversation.messages]
        if "system" in form:
            out["system"] = _own(conversation.system, drops)
    else:
        leave_behind(conversation, drops)
        _put_messages(conversation, out, drops)
    config = dict(form.get("config") or {})
    sampling = conversation.sampling
    put(config, maxTokens=conversation.max_output, temperature=sampling.temperature, topP=sampling.top_p)
    if conversation.stop or form.get("stop"):
        config["stopSequences"] = list(conversation.stop)
    if config or form.get("config") is not None:
        out["inferenceConfig"] = config
    _put_tools(conversation, out, drops, same=same)
    if conversation.output is not None and conversation.output.kind == "schema":
        out["outputConfig"] = {"textFormat": _format(conversation.output, same=same)}
    if same:
        put(out, requestMetadata=conversation.metadata)
        put(out, serviceTier={"type": conversation.service_tier} if conversation.service_tier else None)
        out |= conversation.rest
    else:
        _put_foreign(conversation, target.model, out, drops)
    return Emitted(encode(out), path_for(target.model, stream=conversation.stream), drops.all())


def _emit_same(message: Message, drops: Drops) -> dict[str, Any]:
    if message.form == "raw" and isinstance(message.parts[0], Opaque):
        return dict(message.parts[0].raw)
    return {"role": message.role, "content": _own(message.parts, drops)} | message.rest


def _own(parts: tuple[Part, ...], drops: Drops) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, Reasoning) and part.minted_by not in (None, MINT, NAME):
            carry.drop_foreign(drops, part)
            continue
        found += emit_block(part, drops, same=True)
    return found


def _format(output: OutputFormat, *, same: bool) -> dict[str, Any]:
    text = output.rest.get("~text") if same else None
    inner = put(
        {"schema": json_text(output.schema) if text is None else text},
        name=output.name if same else output.name or "answer",
    )
    put(inner, description=output.description)
    inner |= {name: value for name, value in output.rest.items() if same and not name.startswith("~")}
    return {"type": "json_schema", "structure": {"jsonSchema": inner}}


def _put_tools(conversation: Conversation, out: dict[str, Any], drops: Drops, *, same: bool) -> None:
    if not conversation.tools and not (same and "tools" in conversation.form):
        return
    entries: list[Any] = []
    for tool in conversation.tools:
        if isinstance(tool, ServerTool):
            if not same:
                raise CannotExpress(f"Bedrock Converse has no provider-side tool {tool.kind!r}: leave it out of tools.")
            entries.append(tool.raw)
            continue
        spec: dict[str, Any] = put({"name": tool.name}, description=tool.description)
        schema = tool.schema if tool.schema is not None or same else {"type": "object", "properties": {}}
        spec["inputSchema"] = {"json": schema}
        put(spec, strict=tool.strict if same or tool.strict else None)
        if same:
            spec |= tool.rest
        else:
            drops.rest({name: value for name, value in tool.rest.items() if not name.startswith("~")}, "tools.")
        entries.append({"toolSpec": spec})
        if tool.cache is not None:
            entries.append(emit_point(tool.cache, same=same))
    config: dict[str, Any] = {"tools": entries} | (conversation.form.get("tools", {}) if same else {})
    choice = conversation.tool_choice
    if choice is not None and choice.mode == "none":
        raise CannotExpress("Bedrock Converse cannot forbid the tools it is given: leave tools out.")
    if choice is not None:
        words: dict[str, Any] = {"auto": {"auto": {}}, "required": {"any": {}}, "tool": {"tool": {"name": choice.name}}}
        config["toolChoice"] = words[choice.mode]
    out["toolConfig"] = config


def _put_foreign(conversation: Conversation, model: str, out: dict[str, Any], drops: Drops) -> None:
    sampling = conversation.sampling
    extra: dict[str, Any] = {}
    claude = "anthropic" in model or "claude" in model
    if claude and sampling.top_k is not None:
        extra["top_k"] = sampling.top_k
    thinking = conversation.thinking
    if thinking is not None and thinking.mode != "off" and thinking.effort != "none":
        if claude:
            budget = max(1024, thinking.budget or _BUDGETS.get(thinking.effort or "medium", 24576))
            extra["thinking"] = {"type": "enabled", "budget_tokens": budget}
            config = out.setdefault("inferenceConfig", {})
            if config.get("maxTokens", budget + 1) <= budget:
                config["maxTokens"] += budget
            if config.pop("temperature", None) is not None:
                drops.add("temperature", "Claude takes none while it thinks")
        else:
            drops.add("reasoning", "this model's settings are its own")
    if extra:
        out["additionalModelRequestFields"] = extra
    if conversation.output is not None and conversation.output.kind == "json":
        drops.add("response_format", "the prompt alone asks for JSON")
    if conversation.parallel_tools is False:
        drops.add("parallel_tool_calls")
    drops.rest(
        {
            "top_k": None if claude else sampling.top_k,
            "frequency_penalty": sampling.frequency_penalty or None,
            "presence_penalty": sampling.presence_penalty or None,
            "seed": sampling.seed,
            "service_tier": conversation.service_tier,
            "verbosity": conversation.verbosity,
            "user": conversation.user,
        }
    )
    given = {name: value for name, value in (conversation.metadata or {}).items() if isinstance(value, str)}
    if given:
        out["requestMetadata"] = given


def _put_messages(conversation: Conversation, out: dict[str, Any], drops: Drops) -> None:
    turns = joined(conversation.messages, drops)
    system = list(conversation.system)
    while turns and turns[0].role in ("system", "developer"):
        system += turns.pop(0).parts
    messages: list[dict[str, Any]] = []
    for message in turns:
        role = "assistant" if message.role == "assistant" else "user"
        if message.role in ("system", "developer"):
            drops.add(f"{message.role} message after the first turn", "sent as user text")
        content = [block for part in _sendable(message, drops) for block in emit_block(part, drops, same=False)]
        if content and messages and messages[-1]["role"] == role:
            messages[-1]["content"] += content
        elif content:
            messages.append({"role": role, "content": content})
    out["messages"] = messages
    if system:
        if not all(isinstance(part, Text) for part in system):
            raise CannotExpress("Bedrock Converse takes only text as instructions: move the rest to a user message.")
        out["system"] = [block for part in system for block in emit_block(part, drops, same=False)]


def _sendable(message: Message, drops: Drops) -> list[Part]:
    kept: list[Part] = []
    for part in message.parts:
        if isinstance(part, Reasoning) and part.minted_by != MINT:
            carry.drop_foreign(drops, part)
        elif isinstance(part, Opaque) and message.role == "assistant":
            drops.add(part.label, "a provider-side step of an earlier turn")
        elif isinstance(part, Media) and message.role == "assistant":
            raise CannotExpress("Bedrock Converse cannot carry media in an assistant turn: leave it out.")
        elif isinstance(part, Text) and not part.text.strip():
            continue
        else:
            kept.append(part)
    return kept

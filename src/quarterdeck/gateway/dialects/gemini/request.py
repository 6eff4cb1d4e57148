"""generateContent requests as conversations, and back. The model and whether to stream stand in the path."""

from typing import Any
from urllib.parse import quote

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
    Role,
    Sampling,
    Text,
    Thinking,
    ToolCall,
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
)
from quarterdeck.gateway.dialects.foreign import joined, leave_behind
from quarterdeck.gateway.dialects.gemini.parts import MINT, NAME, Names, emit_part, own, parse_part, spelled
from quarterdeck.gateway.dialects.gemini.schema import lowered
from quarterdeck.gateway.dialects.gemini.tools import parse_choice, parse_tools, put_tools, tools_same
from quarterdeck.gateway.dialects.target import Target

_ROLES: dict[Any, Role] = {"user": "user", "model": "assistant", "function": "tool", None: "user"}
_NO_SIGNATURE = "skip_thought_signature_validator"
"""Google's documented word for a call whose signature another model never made; Gemini 3 refuses calls without one."""


def parse_request(body: bytes) -> Conversation:
    """Raises BadBody."""
    return request_from(_parse, body)


def _parse(raw: dict[str, Any]) -> Conversation:
    rest = dict(raw)
    form: dict[str, Any] = {}
    names = Names()
    messages = tuple(_parse_content(item, names) for item in arr(rest.pop("contents", None), "contents"))
    system: tuple[Part, ...] = ()
    key = spelled(rest, "systemInstruction")
    if key is not None and isinstance(rest[key], dict) and isinstance(rest[key].get("parts"), list):
        inner = dict(rest.pop(key))
        system = tuple(parse_part(part, names) for part in inner.pop("parts"))
        form["system"] = (key, inner)
    tools = parse_tools(rest, form)
    choice = parse_choice(rest, form)
    key = spelled(rest, "generationConfig")
    config: dict[str, Any] = {}
    if key is not None and isinstance(rest[key], dict):
        config = dict(rest.pop(key))
        form["config"] = key
    how: dict[str, str] = {}
    conversation = Conversation(
        origin=NAME,
        messages=messages,
        model=pull_text(rest, "model"),
        system=system,
        tools=tools,
        tool_choice=choice,
        output=_parse_format(config, how),
        sampling=Sampling(
            temperature=pull_number(config, "temperature"),
            top_p=pull_number(config, _key(config, "topP", how)),
            top_k=pull_int(config, _key(config, "topK", how)),
            frequency_penalty=pull_number(config, _key(config, "frequencyPenalty", how)),
            presence_penalty=pull_number(config, _key(config, "presencePenalty", how)),
            seed=pull_int(config, "seed"),
        ),
        stop=_parse_stop(config, how, form),
        max_output=pull_int(config, _key(config, "maxOutputTokens", how)),
        thinking=_parse_thinking(config, how, form),
        metadata=pull_dict(rest, "labels"),
        rest=rest | ({"~config": config} if config else {}),
        form=form | {"spelled": how},
    )
    return conversation


def _key(fields: dict[str, Any], name: str, how: dict[str, str]) -> str:
    """The name as the caller spelled it, noted for when it is written again."""
    found = spelled(fields, name) or name
    if found != name:
        how[name] = found
    return found


def _parse_content(raw: Any, names: Names) -> Message:
    rest = dict(obj(raw, "each of contents"))
    role = pull_text(rest, "role")
    if rest.get("role") is not None or role not in _ROLES or not isinstance(rest.get("parts"), list):
        return Message("user", (Opaque(raw, "content"),), form="raw")
    parts = tuple(parse_part(part, names) for part in rest.pop("parts"))
    return Message(_ROLES[role], parts, rest, {"role": role})


def _parse_format(config: dict[str, Any], how: dict[str, str]) -> OutputFormat | None:
    mime = _key(config, "responseMimeType", how)
    for candidate in ("responseJsonSchema", "responseSchema"):
        key = spelled(config, candidate)
        if key is not None and isinstance(config[key], dict) and config.get(mime) == "application/json":
            del config[mime]
            raw = config.pop(key)
            how["schema"] = key
            return OutputFormat("schema", schema=lowered(raw), rest={"raw": raw})
    if config.get(mime) in ("application/json", "text/plain"):
        return OutputFormat("json" if config.pop(mime) == "application/json" else "text")
    return None


def _parse_stop(config: dict[str, Any], how: dict[str, str], form: dict[str, Any]) -> tuple[str, ...]:
    key = _key(config, "stopSequences", how)
    words = config.get(key)
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        del config[key]
        form["stop"] = True
        return tuple(words)
    return ()


def _parse_thinking(config: dict[str, Any], how: dict[str, str], form: dict[str, Any]) -> Thinking | None:
    given = pull_dict(config, _key(config, "thinkingConfig", how))
    if given is None:
        return None
    given = dict(given)
    show = pull_bool(given, _key(given, "includeThoughts", how))
    budget = pull_int(given, _key(given, "thinkingBudget", how))
    level = pull_text(given, _key(given, "thinkingLevel", how))
    form["thinking"] = (given, level)
    mode: Any = "off" if budget == 0 else "adaptive" if budget == -1 else None
    return Thinking(mode, level.lower() if level else None, budget, show)


def path_for(model: str, *, stream: bool) -> str:
    # Whatever a caller writes for a model stays one segment of the path.
    name = quote(model, safe="")
    return f"models/{name}:streamGenerateContent?alt=sse" if stream else f"models/{name}:generateContent"


def emit_request(conversation: Conversation, target: Target) -> Emitted:
    """Raises CannotExpress."""
    same = conversation.origin == NAME
    drops = Drops()
    out: dict[str, Any] = {}
    if same:
        _put_same(conversation, out, drops)
    else:
        leave_behind(conversation, drops)
        _put_contents(conversation, target, out, drops)
        put_tools(conversation, out, drops)
    config = _config(conversation, drops, same=same)
    if config or (same and "config" in conversation.form):
        out[conversation.form.get("config", "generationConfig") if same else "generationConfig"] = config
    return Emitted(encode(out), path_for(target.model, stream=conversation.stream), drops.all())


def _put_same(conversation: Conversation, out: dict[str, Any], drops: Drops) -> None:
    form = conversation.form
    names: dict[str, str] = {}
    contents = []
    for message in conversation.messages:
        if message.form == "raw" and isinstance(message.parts[0], Opaque):
            contents.append(message.parts[0].raw)
            continue
        parts = _own_parts(message.parts, names, drops)
        role = {"role": message.form["role"]} if message.form["role"] is not None else {}
        contents.append({"parts": parts} | role | message.rest)
    out["contents"] = contents
    if "system" in form:
        key, inner = form["system"]
        out[key] = {"parts": _own_parts(conversation.system, names, drops)} | inner
    if "tools" in form:
        out["tools"] = tools_same(conversation)
    put(out, model=conversation.model, labels=conversation.metadata)
    out |= own(conversation.rest)
    if "choice" in form:
        key, raw = form["choice"]
        out[key] = raw


def _own_parts(parts: tuple[Part, ...], names: dict[str, str], drops: Drops) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, Reasoning) and part.minted_by not in (None, MINT):
            carry.drop_foreign(drops, part)
            continue
        found += emit_part(part, drops, same=True, names=names)
    return found


def _config(conversation: Conversation, drops: Drops, *, same: bool) -> dict[str, Any]:
    how = conversation.form.get("spelled", {}) if same else {}
    sampling = conversation.sampling
    out: dict[str, Any] = dict(conversation.rest.get("~config", {})) if same else {}
    values = {
        "maxOutputTokens": conversation.max_output,
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "topK": sampling.top_k,
        "seed": sampling.seed,
        "frequencyPenalty": sampling.frequency_penalty,
        "presencePenalty": sampling.presence_penalty,
    }
    put(out, **{how.get(name, name): value for name, value in values.items()})
    if conversation.stop or (same and conversation.form.get("stop")):
        out[how.get("stopSequences", "stopSequences")] = list(conversation.stop)
    _put_format(conversation.output, out, how, same=same)
    thinking = conversation.thinking
    if same and "thinking" in conversation.form and thinking is not None:
        rest, level = conversation.form["thinking"]
        inner = dict(rest)
        shown = {"includeThoughts": thinking.show, "thinkingBudget": thinking.budget, "thinkingLevel": level}
        put(inner, **{how.get(name, name): value for name, value in shown.items()})
        out[how.get("thinkingConfig", "thinkingConfig")] = inner
    elif thinking is not None and not same and (given := _thinking(thinking)):
        out["thinkingConfig"] = given
    if not same:
        drops.rest({"service_tier": conversation.service_tier, "verbosity": conversation.verbosity})
        drops.rest({"user": conversation.user})
        drops.rest({f"metadata.{name}": value for name, value in (conversation.metadata or {}).items()})
        if conversation.parallel_tools is False:
            drops.add("parallel_tool_calls", "Gemini decides by itself")
    return out


def _put_format(output: OutputFormat | None, out: dict[str, Any], how: dict[str, str], *, same: bool) -> None:
    if output is None:
        return
    mime = how.get("responseMimeType", "responseMimeType")
    out[mime] = "text/plain" if output.kind == "text" else "application/json"
    if output.kind == "schema":
        key = how.get("schema", "responseJsonSchema")
        out[key] = output.rest["raw"] if same and "raw" in output.rest else output.schema
    elif output.kind == "text" and not same:
        del out[mime]


def _thinking(thinking: Thinking) -> dict[str, Any]:
    budgets = {"none": 0, "minimal": 512, "low": 2048, "medium": 8192, "high": 24576, "xhigh": 24576, "max": 24576}
    budget = thinking.budget
    if budget is None and thinking.mode is not None:
        budget = {"off": 0, "adaptive": -1, "on": None}[thinking.mode]
    if budget is None and thinking.effort is not None:
        budget = budgets.get(thinking.effort)
    show = thinking.show if thinking.show is not None else (budget != 0 or None)
    return put({}, thinkingBudget=budget, includeThoughts=show)


def _put_contents(conversation: Conversation, target: Target, out: dict[str, Any], drops: Drops) -> None:
    turns = joined(conversation.messages, drops)
    system = list(conversation.system)
    while turns and turns[0].role in ("system", "developer"):
        system += turns.pop(0).parts
    names: dict[str, str] = {}
    contents: list[dict[str, Any]] = []
    for message in turns:
        role = "model" if message.role == "assistant" else "user"
        if message.role in ("system", "developer"):
            drops.add(f"{message.role} message after the first turn", "sent as user text")
        parts = _foreign_parts(message, target, names, drops)
        if parts and contents and contents[-1]["role"] == role:
            contents[-1]["parts"] += parts
        elif parts:
            contents.append({"role": role, "parts": parts})
    out["contents"] = contents
    if system:
        if not all(isinstance(part, Text) for part in system):
            raise CannotExpress("Gemini takes only text as instructions: move the rest to a user message.")
        told = [each for part in system for each in emit_part(part, drops, same=False, names=names)]
        out["systemInstruction"] = {"parts": told}


def _foreign_parts(message: Message, target: Target, names: dict[str, str], drops: Drops) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    called = False
    for part in message.parts:
        match part:
            case Reasoning() if part.minted_by != MINT:
                carry.drop_foreign(drops, part)
                continue
            case Opaque() if message.role == "assistant":
                drops.add(part.label, "a provider-side step of an earlier turn")
                continue
            case Media() if message.role == "assistant":
                raise CannotExpress("Gemini cannot carry media of another model's turn: leave it out.")
            case Text() if part.citations:
                drops.add("citations")
            case _:
                pass
        emitted = emit_part(part, drops, same=False, names=names)
        if isinstance(part, ToolCall) and part.signature is None and not called and "gemini-3" in target.model:
            emitted[0]["thoughtSignature"] = _NO_SIGNATURE
        called = called or isinstance(part, ToolCall)
        found += emitted
    return found

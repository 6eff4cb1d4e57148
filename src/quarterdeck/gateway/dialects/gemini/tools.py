"""Gemini's tools and tool choice, both ways."""

from typing import Any

from quarterdeck.gateway.dialects.conversation import (
    CannotExpress,
    Conversation,
    Drops,
    ServerTool,
    Tool,
    ToolChoice,
)
from quarterdeck.gateway.dialects.fields import obj, pull_text, put
from quarterdeck.gateway.dialects.gemini.parts import own, spelled
from quarterdeck.gateway.dialects.gemini.schema import lowered


def parse_tools(rest: dict[str, Any], form: dict[str, Any]) -> tuple[Tool | ServerTool, ...]:
    """Each entry holds many functions or one of Google's own tools; `form` keeps which stood together."""
    if not isinstance(rest.get("tools"), list):
        return ()
    groups: list[tuple[str, int, dict[str, Any]]] = []
    found: list[Tool | ServerTool] = []
    for raw in rest.pop("tools"):
        entry = dict(obj(raw, "each tool"))
        key = spelled(entry, "functionDeclarations")
        if key is not None and isinstance(entry[key], list):
            functions = [_parse_function(function) for function in entry.pop(key)]
            groups.append((key, len(functions), entry))
            found += functions
            found += [ServerTool(name, {name: value}) for name, value in entry.items() if value is not None]
            continue
        groups.append(("", 1, {}))
        found.append(ServerTool(next(iter(entry), "tool"), raw))
    form["tools"] = groups
    return tuple(found)


def _parse_function(raw: Any) -> Tool | ServerTool:
    rest = dict(obj(raw, "each function declaration"))
    name = pull_text(rest, "name")
    if name is None:
        return ServerTool("function without a name", raw)
    form: dict[str, Any] = {}
    schema = None
    for candidate in ("parametersJsonSchema", "parameters"):
        key = spelled(rest, candidate)
        if key is not None and schema is None and isinstance(rest[key], dict):
            form = {"key": key, "raw": rest.pop(key)}
            schema = lowered(form["raw"])
    return Tool(name, pull_text(rest, "description"), schema, rest=rest, form=form)


def parse_choice(rest: dict[str, Any], form: dict[str, Any]) -> ToolChoice | None:
    key = spelled(rest, "toolConfig")
    outer = rest.get(key) if key else None
    if key is None or not isinstance(outer, dict):
        return None
    inner_key = spelled(outer, "functionCallingConfig")
    inner = outer.get(inner_key) if inner_key else None
    if inner_key is None or not isinstance(inner, dict):
        return None
    allowed = spelled(inner, "allowedFunctionNames")
    names = inner.get(allowed) if allowed else None
    match inner.get("mode"), names:
        case "AUTO" | "auto", None:
            choice = ToolChoice("auto")
        case "NONE" | "none", None:
            choice = ToolChoice("none")
        case "ANY" | "any", None:
            choice = ToolChoice("required")
        case "ANY" | "any", [str() as name]:
            choice = ToolChoice("tool", name)
        case _:
            return None
    form["choice"] = (key, rest.pop(key))
    left = {name: value for name, value in outer.items() if name != inner_key}
    if left:
        rest["~tool_config"] = left
    return choice


def tools_same(conversation: Conversation) -> list[Any]:
    tools = list(conversation.tools)
    out: list[Any] = []
    for key, count, rest in conversation.form["tools"]:
        taken, tools = tools[:count], tools[count:]
        if not key:
            out += [tool.raw for tool in taken if isinstance(tool, ServerTool)]
            continue
        functions = [_function_same(tool) if isinstance(tool, Tool) else tool.raw for tool in taken]
        tools = tools[sum(value is not None for value in rest.values()) :]
        out.append({key: functions} | rest)
    return out


def _function_same(tool: Tool) -> dict[str, Any]:
    schema = {tool.form["key"]: tool.form["raw"]} if tool.form else {}
    return put({"name": tool.name}, description=tool.description) | schema | tool.rest


def put_tools(conversation: Conversation, out: dict[str, Any], drops: Drops) -> None:
    functions: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    for tool in conversation.tools:
        if isinstance(tool, ServerTool):
            if not tool.kind.startswith("web_search"):
                raise CannotExpress(f"Gemini has no provider-side tool {tool.kind!r}: leave it out of tools.")
            entries.append({"googleSearch": {}})
            continue
        drops.rest(own(tool.rest), "tools.")
        if tool.cache is not None:
            drops.add("cache_control", "Gemini caches by itself")
        named = put({"name": tool.name}, description=tool.description)
        functions.append(put(named, parametersJsonSchema=tool.schema))
    if functions:
        entries.insert(0, {"functionDeclarations": functions})
    if entries:
        out["tools"] = entries
    choice = conversation.tool_choice
    if choice is not None and conversation.tools:
        mode = {"auto": "AUTO", "none": "NONE", "required": "ANY", "tool": "ANY"}[choice.mode]
        allowed = [choice.name] if choice.mode == "tool" else None
        out["toolConfig"] = {"functionCallingConfig": put({"mode": mode}, allowedFunctionNames=allowed)}

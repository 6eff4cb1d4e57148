"""What a provider makes of a request, in each dialect's own words, read without the code under test."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Heard:
    """The meaning of a request."""

    system: str = ""
    texts: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    """Base64."""
    tools: tuple[str, ...] = ()
    calls: tuple[tuple[str, str], ...] = ()
    """(name, city) of the tool calls the history holds."""
    results: tuple[str, ...] = ()
    schema: bool = False
    thinks: bool = False
    stop: tuple[str, ...] = ()
    cap: int | None = None


def heard(dialect: str, body: dict[str, Any]) -> Heard:
    return _READERS[dialect](body)


def _texts(content: Any, kind: str = "text") -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part[kind] for part in content or [] if isinstance(part.get(kind), str)]


def _data(url: str) -> str:
    return url.partition("base64,")[2]


def _chat(body: dict[str, Any]) -> Heard:
    system: list[str] = []
    texts: list[str] = []
    images: list[str] = []
    calls: list[tuple[str, str]] = []
    results: list[str] = []
    for message in body["messages"]:
        content = message.get("content")
        if message["role"] in ("system", "developer"):
            system += _texts(content)
        elif message["role"] == "tool":
            results += _texts(content)
        else:
            texts += _texts(content)
            if isinstance(content, list):
                images += [_data(part["image_url"]["url"]) for part in content if part["type"] == "image_url"]
        for call in message.get("tool_calls") or []:
            calls.append((call["function"]["name"], json.loads(call["function"]["arguments"])["city"]))
    stop = body.get("stop") or []
    return Heard(
        "".join(system),
        tuple(texts),
        tuple(images),
        tuple(tool["function"]["name"] for tool in body.get("tools", [])),
        tuple(calls),
        tuple(results),
        "city" in json.dumps(body.get("response_format", {})),
        body.get("reasoning_effort") not in (None, "none"),
        tuple([stop] if isinstance(stop, str) else stop),
        body.get("max_completion_tokens") or body.get("max_tokens"),
    )


def _responses(body: dict[str, Any]) -> Heard:
    system: list[str] = _texts(body.get("instructions") or "") if body.get("instructions") else []
    texts: list[str] = []
    images: list[str] = []
    calls: list[tuple[str, str]] = []
    results: list[str] = []
    items = body["input"]
    for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
        content = item.get("content")
        match item.get("type", "message"):
            case "function_call":
                calls.append((item["name"], json.loads(item["arguments"])["city"]))
            case "function_call_output":
                results += _texts(item["output"])
            case "message" if item["role"] in ("system", "developer"):
                system += _texts(content)
            case "message":
                texts += _texts(content)
                if isinstance(content, list):
                    images += [_data(part["image_url"]) for part in content if part["type"] == "input_image"]
    return Heard(
        "".join(system),
        tuple(texts),
        tuple(images),
        tuple(tool["name"] for tool in body.get("tools", [])),
        tuple(calls),
        tuple(results),
        "city" in json.dumps((body.get("text") or {}).get("format", {})),
        (body.get("reasoning") or {}).get("effort") not in (None, "none"),
        (),
        body.get("max_output_tokens"),
    )


def _anthropic(body: dict[str, Any]) -> Heard:
    texts: list[str] = []
    images: list[str] = []
    calls: list[tuple[str, str]] = []
    results: list[str] = []
    for message in body["messages"]:
        content = message["content"]
        texts += _texts(content)
        for part in content if isinstance(content, list) else []:
            if part["type"] == "image":
                images.append(part["source"]["data"])
            elif part["type"] == "tool_use":
                calls.append((part["name"], part["input"]["city"]))
            elif part["type"] == "tool_result":
                results += _texts(part["content"])
    return Heard(
        "".join(_texts(body.get("system") or [])),
        tuple(texts),
        tuple(images),
        tuple(tool["name"] for tool in body.get("tools", [])),
        tuple(calls),
        tuple(results),
        "city" in json.dumps([body.get("output_config"), body.get("output_format")]),
        (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")
        or (body.get("output_config") or {}).get("effort") is not None,
        tuple(body.get("stop_sequences", [])),
        body.get("max_tokens"),
    )


def _gemini(body: dict[str, Any]) -> Heard:
    texts: list[str] = []
    images: list[str] = []
    calls: list[tuple[str, str]] = []
    results: list[str] = []
    for content in body["contents"]:
        for part in content["parts"]:
            if "text" in part and not part.get("thought"):
                texts.append(part["text"])
            elif "inlineData" in part:
                images.append(part["inlineData"]["data"])
            elif "functionCall" in part:
                calls.append((part["functionCall"]["name"], part["functionCall"]["args"]["city"]))
            elif "functionResponse" in part:
                results += [str(value) for value in part["functionResponse"]["response"].values()]
    config = body.get("generationConfig", {})
    thinking = config.get("thinkingConfig") or {}
    declared = [each for tool in body.get("tools", []) for each in tool.get("functionDeclarations", [])]
    return Heard(
        "".join(_texts(body.get("systemInstruction", {}).get("parts", []))),
        tuple(texts),
        tuple(images),
        tuple(each["name"] for each in declared),
        tuple(calls),
        tuple(results),
        "city" in json.dumps([config.get("responseSchema"), config.get("responseJsonSchema")]),
        # Google's own SDK spells these in snake case.
        any(thinking.get(name) for name in ("thinkingBudget", "thinking_budget", "thinkingLevel", "thinking_level")),
        tuple(config.get("stopSequences", [])),
        config.get("maxOutputTokens"),
    )


def _cohere(body: dict[str, Any]) -> Heard:
    chat = _chat(body)
    format_ = body.get("response_format", {})
    return Heard(
        chat.system,
        chat.texts,
        chat.images,
        chat.tools,
        chat.calls,
        chat.results,
        "city" in json.dumps(format_),
        (body.get("thinking") or {}).get("type") == "enabled",
        tuple(body.get("stop_sequences", [])),
        body.get("max_tokens"),
    )


def _bedrock(body: dict[str, Any]) -> Heard:
    texts: list[str] = []
    images: list[str] = []
    calls: list[tuple[str, str]] = []
    results: list[str] = []
    for message in body["messages"]:
        for part in message["content"]:
            if "text" in part:
                texts.append(part["text"])
            elif "image" in part:
                images.append(part["image"]["source"]["bytes"])
            elif "toolUse" in part:
                calls.append((part["toolUse"]["name"], part["toolUse"]["input"]["city"]))
            elif "toolResult" in part:
                results += _texts(part["toolResult"]["content"])
    config = body.get("inferenceConfig", {})
    more = body.get("additionalModelRequestFields", {})
    tools = body.get("toolConfig", {}).get("tools", [])
    return Heard(
        "".join(_texts(body.get("system", []))),
        tuple(texts),
        tuple(images),
        tuple(tool["toolSpec"]["name"] for tool in tools if "toolSpec" in tool),
        tuple(calls),
        tuple(results),
        "city" in json.dumps([body.get("outputConfig"), more]),
        any(name in more for name in ("thinking", "reasoning_config", "reasoning_effort", "output_config")),
        tuple(config.get("stopSequences", [])),
        config.get("maxTokens"),
    )


_READERS = {
    "openai_chat": _chat,
    "openai_responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "cohere": _cohere,
    "bedrock": _bedrock,
}

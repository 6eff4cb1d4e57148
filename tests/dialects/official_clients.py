"""What the official SDKs make of bytes; for dialects whose SDK is not installed, a plain accumulator of the JSON."""

import json
import struct
from typing import Any

import anthropic
import httpx2
import openai
from openai.lib.streaming.chat import ChatCompletionStreamState


def _transport(body: bytes, kind: str) -> httpx2.Client:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": kind}, content=body)

    return httpx2.Client(transport=httpx2.MockTransport(answer))


def openai_on(body: bytes, kind: str = "text/event-stream") -> openai.OpenAI:
    return openai.OpenAI(api_key="k", base_url="http://x/v1", max_retries=0, http_client=_transport(body, kind))


def anthropic_on(body: bytes, kind: str = "text/event-stream") -> anthropic.Anthropic:
    return anthropic.Anthropic(api_key="k", base_url="http://x", max_retries=0, http_client=_transport(body, kind))


def final_message(dialect: str, stream: bytes) -> dict[str, Any]:
    """The stream as its official client adds it up."""
    return _ACCUMULATORS[dialect](stream)


def read_answer(dialect: str, body: bytes) -> dict[str, Any]:
    """A whole answer as the official client parses it, or plain JSON."""
    if dialect == "openai_chat":
        client = openai_on(body, "application/json")
        asked = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
        return asked.model_dump(exclude_unset=True, warnings=False)
    if dialect == "openai_responses":
        return (
            openai_on(body, "application/json")
            .responses.create(model="m", input="x")
            .model_dump(exclude_unset=True, warnings=False)
        )
    if dialect == "anthropic":
        client = anthropic_on(body, "application/json")
        said = client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}])
        return said.model_dump(exclude_unset=True, warnings=False)
    found: dict[str, Any] = json.loads(body)
    return found


def _chat(stream: bytes) -> dict[str, Any]:
    state = ChatCompletionStreamState()
    for chunk in openai_on(stream).chat.completions.create(
        model="m", messages=[{"role": "user", "content": "x"}], stream=True
    ):
        state.handle_chunk(chunk)
    return state.get_final_completion().model_dump(exclude_unset=True, warnings=False)


def _responses(stream: bytes) -> dict[str, Any]:
    with openai_on(stream).responses.stream(model="m", input="x") as events:
        seen = list(events)
        final = events.get_final_response().model_dump(exclude_unset=True, warnings=False)
    # The last event repeats the answer: what the deltas said must agree with it.
    said = "".join(event.delta for event in seen if event.type == "response.output_text.delta")
    whole = [c["text"] for i in final["output"] if i["type"] == "message" for c in i["content"] if "text" in c]
    assert said == "".join(whole)
    numbers = [event.sequence_number for event in seen if hasattr(event, "sequence_number")]
    assert numbers == sorted(numbers)
    return final


def _anthropic(stream: bytes) -> dict[str, Any]:
    with anthropic_on(stream).messages.stream(
        model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]
    ) as events:
        return events.get_final_message().model_dump(exclude_unset=True, warnings=False)


def sse_data(stream: bytes) -> list[Any]:
    text = stream.decode().replace("\r\n", "\n")
    return [json.loads(line[5:]) for line in text.split("\n") if line.startswith("data:") and "[DONE]" not in line[:14]]


def _gemini(stream: bytes) -> dict[str, Any]:
    chunks = json.loads(stream) if stream.lstrip()[:1] == b"[" else sse_data(stream)
    parts: list[dict[str, Any]] = []
    final: dict[str, Any] = {}
    for chunk in chunks:
        if "error" in chunk:
            raise ValueError(chunk["error"]["message"])
        for candidate in chunk.get("candidates", []):
            for part in candidate.get("content", {}).get("parts", []):
                known = parts[-1] if parts else {}
                if "text" in part and "text" in known and part.get("thought") == known.get("thought"):
                    parts[-1] = known | part | {"text": known["text"] + part["text"]}
                else:
                    parts.append(dict(part))
            final["finishReason"] = candidate.get("finishReason", final.get("finishReason"))
        final |= {name: value for name, value in chunk.items() if name != "candidates"}
    return final | {
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": final["finishReason"]}]
    }


def frames(stream: bytes) -> list[tuple[dict[str, str], Any]]:
    """AWS event stream messages, read without the code under test."""
    found = []
    at = 0
    while at < len(stream):
        total, size, _ = struct.unpack_from(">III", stream, at)
        headers: dict[str, str] = {}
        place = at + 12
        while place < at + 12 + size:
            length = stream[place]
            name = stream[place + 1 : place + 1 + length].decode()
            place += 1 + length
            assert stream[place] == 7
            (long,) = struct.unpack_from(">H", stream, place + 1)
            headers[name] = stream[place + 3 : place + 3 + long].decode()
            place += 3 + long
        found.append((headers, json.loads(stream[at + 12 + size : at + total - 4])))
        at += total
    return found


def _bedrock(stream: bytes) -> dict[str, Any]:
    blocks: dict[int, dict[str, Any]] = {}
    final: dict[str, Any] = {}
    for headers, event in frames(stream):
        if headers[":message-type"] == "exception":
            raise ValueError(event["message"])
        name = headers[":event-type"]
        if name == "contentBlockStart":
            kind, start = next(iter(event["start"].items()))
            blocks[event["contentBlockIndex"]] = {kind: start | {"input": ""}}
        elif name == "contentBlockDelta":
            _grow(blocks.setdefault(event["contentBlockIndex"], {}), event["delta"])
        elif name == "messageStop":
            final["stopReason"] = event["stopReason"]
        elif name == "metadata":
            final["usage"] = event["usage"]
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"] or "{}")
    return final | {"output": {"message": {"role": "assistant", "content": [blocks[at] for at in sorted(blocks)]}}}


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    elif "reasoningContent" in delta:
        inner = block.setdefault("reasoningContent", {})
        if "redactedContent" in delta["reasoningContent"]:
            inner |= delta["reasoningContent"]
            return
        thought = inner.setdefault("reasoningText", {"text": ""})
        for name, value in delta["reasoningContent"].items():
            thought[name] = thought.get(name, "") + value


def _cohere(stream: bytes) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    final: dict[str, Any] = {}
    for event in sse_data(stream):
        message = event.get("delta", {}).get("message", {}) if isinstance(event.get("delta"), dict) else {}
        match event["type"]:
            case "content-start":
                content.append(dict(message["content"]))
            case "content-delta":
                for name, value in message["content"].items():
                    content[-1][name] += value
            case "tool-call-start":
                calls.append(json.loads(json.dumps(message["tool_calls"])))
            case "tool-call-delta":
                calls[-1]["function"]["arguments"] += message["tool_calls"]["function"]["arguments"]
            case "message-end":
                if event["delta"]["finish_reason"] == "ERROR":
                    raise ValueError(event["delta"]["error"])
                final |= event["delta"]
    return final | {"message": {"role": "assistant", "content": content, "tool_calls": calls}}


_ACCUMULATORS = {
    "openai_chat": _chat,
    "openai_responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "bedrock": _bedrock,
    "cohere": _cohere,
}


def said(dialect: str, message: dict[str, Any]) -> tuple[str, list[tuple[str, Any]], str]:
    """Of a final message: its words, its tool calls with parsed arguments, and its thoughts."""
    return _SAID[dialect](message)


Said = tuple[str, list[tuple[str, Any]], str]


def _args(text: str) -> Any:
    return json.loads(text or "{}")


def _said_chat(message: dict[str, Any]) -> Said:
    inner = message["choices"][0]["message"]
    calls = [(c["function"]["name"], _args(c["function"]["arguments"])) for c in inner.get("tool_calls") or []]
    return inner.get("content") or "", calls, inner.get("reasoning_content") or ""


def _said_responses(message: dict[str, Any]) -> Said:
    words, calls, thoughts = "", [], []
    for item in message["output"]:
        if item["type"] == "message":
            words += "".join(part.get("text", "") for part in item["content"])
        elif item["type"] == "function_call":
            calls.append((item["name"], _args(item["arguments"])))
        elif item["type"] == "reasoning":
            found = item.get("content") or item.get("summary") or []
            thoughts.append("\n\n".join(part["text"] for part in found))
    return words, calls, "".join(thoughts)


def _said_anthropic(message: dict[str, Any]) -> Said:
    words = "".join(block["text"] for block in message["content"] if block["type"] == "text")
    calls = [(block["name"], block["input"]) for block in message["content"] if block["type"] == "tool_use"]
    return words, calls, "".join(block["thinking"] for block in message["content"] if block["type"] == "thinking")


def _said_gemini(message: dict[str, Any]) -> Said:
    parts = message["candidates"][0]["content"]["parts"]
    words = "".join(part["text"] for part in parts if "text" in part and not part.get("thought"))
    calls = [
        (part["functionCall"]["name"], part["functionCall"].get("args", {})) for part in parts if "functionCall" in part
    ]
    return words, calls, "".join(part["text"] for part in parts if part.get("thought"))


def _said_bedrock(message: dict[str, Any]) -> Said:
    blocks = message["output"]["message"]["content"]
    words = "".join(block["text"] for block in blocks if "text" in block)
    calls = [
        (block["toolUse"]["name"], block["toolUse"]["input"])
        for block in blocks
        if "toolUse" in block and block["toolUse"].get("type", "tool_use") == "tool_use"
    ]
    thoughts = [
        b["reasoningContent"].get("reasoningText", {}).get("text", "") for b in blocks if "reasoningContent" in b
    ]
    return words, calls, "".join(thoughts)


def _said_cohere(message: dict[str, Any]) -> Said:
    inner = message["message"]
    content = inner.get("content") or []
    words = "".join(part["text"] for part in content if part["type"] == "text")
    calls = [(c["function"]["name"], _args(c["function"]["arguments"])) for c in inner.get("tool_calls") or []]
    return words, calls, "".join(part["thinking"] for part in content if part["type"] == "thinking")


_SAID = {
    "openai_chat": _said_chat,
    "openai_responses": _said_responses,
    "anthropic": _said_anthropic,
    "gemini": _said_gemini,
    "bedrock": _said_bedrock,
    "cohere": _said_cohere,
}

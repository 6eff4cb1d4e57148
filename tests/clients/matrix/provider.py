"""A provider of every dialect: refuses what is not in its schema, remembers what it heard, and answers each feature.

The answers are written out by hand, as the providers' references show them.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from pydantic import ValidationError

from clients.matrix.heard import Heard, heard
from clients.matrix.schemas import check
from quarterdeck.gateway.dialects.bedrock.eventstream import Frame, encode_frame
from quarterdeck.gateway.server import Exchange, Limits, Server

CITIES = ("Oslo", "Rome")
ANSWERS = {
    "structured_output": '{"city":"Oslo"}',
    "max_tokens": "Hi",
}
THOUGHT = "Weigh it."
Answer = tuple[int, str, bytes]


@dataclass
class Provider:
    url: str
    heard: list[Heard] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What requests were not in the schema for."""

    async def __call__(self, exchange: Exchange) -> None:
        body = json.loads(await exchange.body(1 << 20))
        path = exchange.raw_path.decode()
        dialect, stream = _dialect(path, body)
        try:
            check(dialect, path, body)
        except (ValueError, ValidationError) as problem:
            self.faults.append(f"{dialect}: {problem}"[:1000])
        self.heard.append(heard(dialect, body))
        said = " ".join(self.heard[-1].texts)
        feature = said.partition("play ")[2].split(".")[0].split(" ")[0] or "text"
        status, kind, answer = _SPEAKERS[dialect](feature, stream)
        exchange.respond(status, [(b"content-type", kind.encode())], answer)


def _dialect(path: str, body: dict[str, Any]) -> tuple[str, bool]:
    if path.endswith("/chat/completions"):
        return "openai_chat", bool(body.get("stream"))
    if path.endswith("/responses"):
        return "openai_responses", bool(body.get("stream"))
    if path.endswith("/messages"):
        return "anthropic", bool(body.get("stream"))
    if path.endswith("/v2/chat"):
        return "cohere", bool(body.get("stream"))
    if "/converse" in path:
        return "bedrock", path.endswith("-stream")
    return "gemini", "stream" in path


def _json(value: Any, status: int = 200) -> Answer:
    return status, "application/json", msgspec.json.encode(value)


def _sse(events: list[Any], *, named: bool = False, done: bool = False) -> Answer:
    lines = []
    for event in events:
        name = f"event: {event['type']}\n" if named else ""
        lines.append(f"{name}data: {json.dumps(event)}\n\n")
    return 200, "text/event-stream", ("".join(lines) + ("data: [DONE]\n\n" if done else "")).encode()


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def _function(city: str) -> dict[str, str]:
    return {"name": "weather", "arguments": json.dumps({"city": city})}


def _words(feature: str) -> str:
    return ANSWERS.get(feature, "Hi.")


def _chat(feature: str, stream: bool) -> Answer:
    if feature == "error":
        return _json({"error": {"message": "Slow down.", "type": "rate_limit_error", "code": "rate_limited"}}, 429)
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    stop = {"tools": "tool_calls", "max_tokens": "length"}.get(feature, "stop")
    calls = [
        {
            "id": f"call_{n}",
            "type": "function",
            "function": {"name": "weather", "arguments": json.dumps({"city": city})},
        }
        for n, city in enumerate(CITIES)
    ]
    head = {"id": "c1", "created": 1, "model": "m"}
    thought = {"reasoning_content": THOUGHT} if feature == "reasoning" else {}
    if not stream:
        said = {"content": None, "tool_calls": calls} if feature == "tools" else {"content": _words(feature)}
        message = {"role": "assistant", **said, **thought}
        choice = {"index": 0, "message": message, "finish_reason": stop, "logprobs": None}
        return _json({**head, "object": "chat.completion", "choices": [choice], "usage": usage})

    def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {**head, "object": "chat.completion.chunk", "choices": [choice], **more}

    events = [chunk({"role": "assistant", "content": ""})]
    if feature == "reasoning":
        events += [chunk({"reasoning_content": half}) for half in _halves(THOUGHT)]
    if feature == "tools":
        for n, call in enumerate(calls):
            function: Any = call["function"]
            start = {"index": n, "id": call["id"], "type": "function"}
            events.append(chunk({"tool_calls": [{**start, "function": {"name": "weather", "arguments": ""}}]}))
            for half in _halves(function["arguments"]):
                events.append(chunk({"tool_calls": [{"index": n, "function": {"arguments": half}}]}))
    else:
        events += [chunk({"content": half}) for half in _halves(_words(feature))]
    events.append(chunk({}, stop))
    events.append({**head, "object": "chat.completion.chunk", "choices": [], "usage": usage})
    return _sse(events, done=True)


def _responses(feature: str, stream: bool) -> Answer:
    if feature == "error":
        return _json({"error": {"message": "Slow down.", "type": "rate_limit_error", "code": "rate_limited"}}, 429)
    usage = {
        "input_tokens": 7,
        "output_tokens": 5,
        "total_tokens": 12,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    output: list[dict[str, Any]] = []
    if feature == "reasoning":
        output.append({"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": THOUGHT}]})
    if feature == "tools":
        output += [
            {
                "id": f"fc_{n}",
                "type": "function_call",
                "status": "completed",
                "call_id": f"call_{n}",
                "name": "weather",
                "arguments": json.dumps({"city": city}),
            }
            for n, city in enumerate(CITIES)
        ]
    else:
        text = {"type": "output_text", "text": _words(feature), "annotations": []}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [text]}
        output.append(message)
    cut = feature == "max_tokens"
    whole = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "error": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "output": output,
        "usage": usage,
    }
    if not stream:
        return _json(whole)
    begun = {**whole, "status": "in_progress", "incomplete_details": None, "output": [], "usage": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(output):
        events += _item_events(index, item)
    events.append({"type": "response.incomplete" if cut else "response.completed", "response": whole})
    return _sse([{**event, "sequence_number": n} for n, event in enumerate(events)], named=True)


def _item_events(index: int, item: dict[str, Any]) -> list[dict[str, Any]]:
    where = {"output_index": index, "item_id": item["id"]}
    added = {"type": "response.output_item.added", "output_index": index}
    done = {"type": "response.output_item.done", "output_index": index, "item": item}
    if item["type"] == "function_call":
        start = {**item, "arguments": "", "status": "in_progress"}
        deltas = [
            {"type": "response.function_call_arguments.delta", **where, "delta": half}
            for half in _halves(item["arguments"])
        ]
        end = {"type": "response.function_call_arguments.done", **where, "arguments": item["arguments"]}
        return [{**added, "item": start}, *deltas, end, done]
    if item["type"] == "reasoning":
        part = {**where, "summary_index": 0}
        empty = {"type": "summary_text", "text": ""}
        return [
            {**added, "item": {**item, "summary": []}},
            {"type": "response.reasoning_summary_part.added", **part, "part": empty},
            *(
                {"type": "response.reasoning_summary_text.delta", **part, "delta": half}
                for half in _halves(item["summary"][0]["text"])
            ),
            {"type": "response.reasoning_summary_text.done", **part, "text": item["summary"][0]["text"]},
            {"type": "response.reasoning_summary_part.done", **part, "part": item["summary"][0]},
            done,
        ]
    text = item["content"][0]
    part = {**where, "content_index": 0}
    return [
        {**added, "item": {**item, "content": [], "status": "in_progress"}},
        {"type": "response.content_part.added", **part, "part": {**text, "text": ""}},
        *(
            {"type": "response.output_text.delta", **part, "delta": half, "logprobs": []}
            for half in _halves(text["text"])
        ),
        {"type": "response.output_text.done", **part, "text": text["text"], "logprobs": []},
        {"type": "response.content_part.done", **part, "part": text},
        done,
    ]


def _anthropic(feature: str, stream: bool) -> Answer:
    if feature == "error":
        return _json({"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down."}}, 429)
    stop = {"tools": "tool_use", "max_tokens": "max_tokens", "stop": "stop_sequence"}.get(feature, "end_turn")
    content: list[dict[str, Any]] = []
    if feature == "reasoning":
        content.append({"type": "thinking", "thinking": THOUGHT, "signature": "c2ln"})
    if feature == "tools":
        content += [
            {"type": "tool_use", "id": f"toolu_{n}", "name": "weather", "input": {"city": city}}
            for n, city in enumerate(CITIES)
        ]
    else:
        content.append({"type": "text", "text": _words(feature)})
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": content,
        "stop_reason": stop,
        "stop_sequence": "END" if stop == "stop_sequence" else None,
        "usage": {"input_tokens": 7, "output_tokens": 5},
    }
    if not stream:
        return _json(message)
    begun = {**message, "content": [], "stop_reason": None, "stop_sequence": None}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}]
    for index, block in enumerate(content):
        match block["type"]:
            case "text":
                empty: dict[str, Any] = {"type": "text", "text": ""}
                deltas: list[dict[str, Any]] = [{"type": "text_delta", "text": half} for half in _halves(block["text"])]
            case "thinking":
                empty = {"type": "thinking", "thinking": "", "signature": ""}
                deltas = [{"type": "thinking_delta", "thinking": half} for half in _halves(THOUGHT)]
                deltas.append({"type": "signature_delta", "signature": "c2ln"})
            case _:
                empty = {**block, "input": {}}
                halves = _halves(json.dumps(block["input"]))
                deltas = [{"type": "input_json_delta", "partial_json": half} for half in halves]
        events.append({"type": "content_block_start", "index": index, "content_block": empty})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": stop, "stop_sequence": message["stop_sequence"]}
    events.append({"type": "message_delta", "delta": ended, "usage": {"output_tokens": 5}})
    events.append({"type": "message_stop"})
    return _sse(events, named=True)


def _gemini(feature: str, stream: bool) -> Answer:
    if feature == "error":
        return _json({"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}}, 429)
    usage = {"promptTokenCount": 7, "candidatesTokenCount": 5, "totalTokenCount": 12}
    parts: list[dict[str, Any]] = []
    if feature == "reasoning":
        parts.append({"text": THOUGHT, "thought": True})
    if feature == "tools":
        parts += [{"functionCall": {"name": "weather", "args": {"city": city}}} for city in CITIES]
    else:
        parts.append({"text": _words(feature)})
    reason = "MAX_TOKENS" if feature == "max_tokens" else "STOP"

    def answer(some: list[dict[str, Any]], *, last: bool) -> dict[str, Any]:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": some}, "index": 0}
        if last:
            candidate["finishReason"] = reason
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", "responseId": "r1"}

    if not stream:
        return _json(answer(parts, last=True))
    events = []
    for part in parts:
        if "text" in part:
            events += [answer([{**part, "text": half}], last=False) for half in _halves(part["text"])]
        else:
            events.append(answer([part], last=False))
    return _sse([*events, answer([{"text": ""}], last=True)])


def _cohere(feature: str, stream: bool) -> Answer:
    if feature == "error":
        return _json({"message": "Slow down."}, 429)
    reason = {"tools": "TOOL_CALL", "max_tokens": "MAX_TOKENS", "stop": "STOP_SEQUENCE"}.get(feature, "COMPLETE")
    counted = {"input_tokens": 7, "output_tokens": 5}
    usage = {"billed_units": counted, "tokens": counted}
    calls = [
        {
            "id": f"weather_{n}",
            "type": "function",
            "function": {"name": "weather", "arguments": json.dumps({"city": city})},
        }
        for n, city in enumerate(CITIES)
    ]
    content: list[dict[str, Any]] = []
    if feature == "reasoning":
        content.append({"type": "thinking", "thinking": THOUGHT})
    if feature != "tools":
        content.append({"type": "text", "text": _words(feature)})
    if not stream:
        message: dict[str, Any] = {"role": "assistant"}
        message |= {"tool_plan": "Ask both.", "tool_calls": calls} if feature == "tools" else {"content": content}
        return _json({"id": "co1", "finish_reason": reason, "message": message, "usage": usage})
    events: list[dict[str, Any]] = [
        {
            "type": "message-start",
            "id": "co1",
            "delta": {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": []}},
        }
    ]
    for index, part in enumerate(content):
        kind = part["type"]
        events.append(
            {"type": "content-start", "index": index, "delta": {"message": {"content": {"type": kind, kind: ""}}}}
        )
        for half in _halves(part[kind]):
            delta = {"message": {"content": {kind: half}}}
            events.append({"type": "content-delta", "index": index, "delta": delta})
        events.append({"type": "content-end", "index": index})
    if feature == "tools":
        events += [{"type": "tool-plan-delta", "delta": {"message": {"tool_plan": h}}} for h in _halves("Ask both.")]
    for index, call in enumerate(calls if feature == "tools" else []):
        function: Any = call["function"]
        start = {**call, "function": {"name": "weather", "arguments": ""}}
        events.append({"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": start}}})
        for half in _halves(function["arguments"]):
            delta = {"message": {"tool_calls": {"function": {"arguments": half}}}}
            events.append({"type": "tool-call-delta", "index": index, "delta": delta})
        events.append({"type": "tool-call-end", "index": index})
    events.append({"type": "message-end", "delta": {"finish_reason": reason, "usage": usage}})
    return _sse(events, named=True)


def _bedrock(feature: str, stream: bool) -> Answer:
    if feature == "error":
        return _json({"message": "Slow down."}, 429)
    stop = {"tools": "tool_use", "max_tokens": "max_tokens", "stop": "stop_sequence"}.get(feature, "end_turn")
    usage = {"inputTokens": 7, "outputTokens": 5, "totalTokens": 12}
    content: list[dict[str, Any]] = []
    if feature == "reasoning":
        content.append({"reasoningContent": {"reasoningText": {"text": THOUGHT, "signature": "c2ln"}}})
    if feature == "tools":
        content += [
            {"toolUse": {"toolUseId": f"tooluse_{n}", "name": "weather", "input": {"city": city}}}
            for n, city in enumerate(CITIES)
        ]
    else:
        content.append({"text": _words(feature)})
    if not stream:
        message = {"role": "assistant", "content": content}
        answer = {"output": {"message": message}, "stopReason": stop, "usage": usage, "metrics": {"latencyMs": 1}}
        return _json(answer)
    events: list[tuple[str, dict[str, Any]]] = [("messageStart", {"role": "assistant"})]
    for index, block in enumerate(content):
        at = {"contentBlockIndex": index}
        if "toolUse" in block:
            use = block["toolUse"]
            start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
            events.append(("contentBlockStart", {**at, "start": start}))
            deltas: list[dict[str, Any]] = [{"toolUse": {"input": h}} for h in _halves(json.dumps(use["input"]))]
        elif "reasoningContent" in block:
            deltas = [{"reasoningContent": {"text": half}} for half in _halves(THOUGHT)]
            deltas.append({"reasoningContent": {"signature": "c2ln"}})
        else:
            deltas = [{"text": half} for half in _halves(block["text"])]
        events += [("contentBlockDelta", {**at, "delta": delta}) for delta in deltas]
        events.append(("contentBlockStop", at))
    events.append(("messageStop", {"stopReason": stop}))
    events.append(("metadata", {"usage": usage, "metrics": {"latencyMs": 1}}))
    frames = []
    for kind, event in events:
        headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
        frames.append(encode_frame(Frame(json.dumps(event).encode(), headers)))
    return 200, "application/vnd.amazon.eventstream", b"".join(frames)


_SPEAKERS = {
    "openai_chat": _chat,
    "openai_responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "cohere": _cohere,
    "bedrock": _bedrock,
}


@asynccontextmanager
async def provider_running() -> AsyncIterator[Provider]:
    sock = socket.create_server(("127.0.0.1", 0))
    provider = Provider(f"http://127.0.0.1:{sock.getsockname()[1]}")
    server = Server(provider, Limits(grace_s=0.5))
    serving = asyncio.create_task(server.serve(sock))
    try:
        yield provider
    finally:
        server.stop()
        await serving

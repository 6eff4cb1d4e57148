"""OpenAI chat completions."""

from typing import Any

import msgspec

from quarterdeck.sandbox.asks import Answered, Ask, Counts, decode, items, model_of, text_of, turns
from quarterdeck.sandbox.openai_errors import error_body, openai_headers

CREATED = 1_767_225_600  # the same answer tomorrow, so not the clock
_encode = msgspec.json.encode


class OpenAIChat:
    name = "openai_chat"
    stream_type = "text/event-stream; charset=utf-8"

    def read(self, body: bytes, model: str | None) -> Ask:
        value = decode(body)
        messages = items(value, "messages")
        options = value.get("stream_options")
        return Ask(
            model=model or model_of(value),
            stream=value.get("stream") is True,
            turn=turns(message.get("role") == "assistant" for message in messages),
            last=text_of(messages[-1].get("content")),
            size=len(body),
            wants_usage=isinstance(options, dict) and options.get("include_usage") is True,
        )

    def whole(self, ask: Ask, answer: Answered) -> bytes:
        message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
        if answer.reasoning:
            message["reasoning_content"] = answer.reasoning
        if answer.tools:
            message["tool_calls"] = [
                {
                    "id": f"call_{call.id}",
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in answer.tools
            ]
        message |= {"refusal": None, "annotations": []}
        body: dict[str, Any] = {
            "id": f"chatcmpl-{answer.ident[:29]}",
            "object": "chat.completion",
            "created": CREATED,
            "model": answer.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": answer.stop}],
        }
        if answer.usage:
            body["usage"] = usage_of(answer.usage)
        return _encode(body | {"service_tier": "default", "system_fingerprint": "fp_sandbox"})

    def events(self, ask: Ask, answer: Answered) -> list[bytes]:
        with_usage = ask.wants_usage and answer.usage is not None
        head: dict[str, Any] = {
            "id": f"chatcmpl-{answer.ident[:29]}",
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": answer.model,
            "service_tier": "default",
            "system_fingerprint": "fp_sandbox",
        }
        tail = {"usage": None} if with_usage else {}

        def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            return b"data: " + _encode(head | {"choices": [choice]} | tail) + b"\n\n"

        out = [chunk({"role": "assistant", "content": "" if answer.text else None, "refusal": None})]
        out += [chunk({"reasoning_content": piece}) for piece in answer.reasoning_pieces]
        out += [chunk({"content": piece}) for piece in answer.pieces]
        for index, call in enumerate(answer.tools):
            opening = {"index": index, "id": f"call_{call.id}", "type": "function"}
            out.append(chunk({"tool_calls": [opening | {"function": {"name": call.name, "arguments": ""}}]}))
            out += [
                chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}) for piece in call.pieces
            ]
        out.append(chunk({}, answer.stop))
        if with_usage and answer.usage:
            out.append(b"data: " + _encode(head | {"choices": [], "usage": usage_of(answer.usage)}) + b"\n\n")
        return [*out, b"data: [DONE]\n\n"]

    def is_end(self, event: bytes) -> bool:
        return event == b"data: [DONE]\n\n"

    def error(self, status: int, code: str | None, message: str | None) -> bytes:
        return error_body(status, code, message)

    def error_event(self, status: int, code: str | None, message: str | None) -> bytes:
        return b"data: " + error_body(status, code, message) + b"\n\n"

    def headers(self, ident: str) -> tuple[tuple[str, str], ...]:
        return openai_headers(ident)


def usage_of(counts: Counts) -> dict[str, Any]:
    prompt = {"cached_tokens": counts.cache_read, "audio_tokens": counts.audio_in}
    written = counts.cache_write_5m + counts.cache_write_1h
    if written:
        prompt["cache_write_tokens"] = written
    return {
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output,
        "total_tokens": counts.input + counts.output,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": {
            "reasoning_tokens": counts.reasoning,
            "audio_tokens": counts.audio_out,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }

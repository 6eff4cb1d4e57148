"""Responses answers and errors, both ways."""

from typing import Any

from quarterdeck.gateway.dialects import usage, usage_out
from quarterdeck.gateway.dialects.conversation import (
    Answer,
    BadAnswer,
    Drops,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Stop,
    Text,
    ToolCall,
)
from quarterdeck.gateway.dialects.fields import answer_from, encode, pull_int, pull_text
from quarterdeck.gateway.dialects.openai_errors import message_of
from quarterdeck.gateway.dialects.openai_responses import items
from quarterdeck.gateway.dialects.openai_responses.items import NAME
from quarterdeck.gateway.dialects.openai_responses.wire import usage_of


def parse_answer(body: bytes) -> Answer:
    """Raises BadAnswer."""
    return answer_from(_parse, body)


def _parse(raw: dict[str, Any]) -> Answer:
    rest = dict(raw)
    output = rest.pop("output", None)
    if not isinstance(output, list):
        words = message_of(raw.get("error"))
        raise BadAnswer(f"The provider answered without output{f': {words}' if words else '.'}")
    parts: list[Part] = []
    skeleton: list[tuple[int, dict[str, Any] | None]] = []
    for item in output:
        message = items.parse_item(item)
        parts += message.parts
        grouped = message.form in ("string", "parts")
        skeleton.append((len(message.parts), message.rest if grouped else None))
    stop, stop_raw = stop_of(raw, called=any(isinstance(part, ToolCall) for part in parts))
    return Answer(
        origin=NAME,
        message=Message("assistant", tuple(parts)),
        id=pull_text(rest, "id") or "",
        model=pull_text(rest, "model") or "",
        created=pull_int(rest, "created_at"),
        stop=stop,
        stop_raw=stop_raw,
        usage=usage_of(raw),
        rest=rest,
        form={"items": skeleton},
    )


def stop_of(raw: dict[str, Any], *, called: bool) -> tuple[Stop | None, str | None]:
    status = raw.get("status")
    if status == "incomplete":
        reason = usage.text_or_none(usage.fields_of(raw.get("incomplete_details")).get("reason"))
        known: dict[str | None, Stop] = {"max_output_tokens": "length", "content_filter": "content_filter"}
        return known.get(reason, "other"), reason
    if status == "failed":
        return "error", "failed"
    if status in ("completed", None):
        return ("tool_calls" if called else "end"), usage.text_or_none(status)
    return "other", usage.text_or_none(status)


def emit_answer(answer: Answer, drops: Drops, *, now: int = 0) -> bytes:
    if answer.origin == NAME:
        out: dict[str, Any] = {"id": answer.id, "model": answer.model} | answer.rest
        if answer.created is not None:
            out["created_at"] = answer.created
        return encode(out | {"output": _output_same(answer, drops)})
    base = response_object(answer.id, answer.model, answer.created or now)
    base["output"] = output_of(answer.message.parts, base["id"], drops)
    base["usage"] = usage_out.to_responses(answer.usage) if answer.usage else None
    return encode(base | closing(answer.stop))


def _output_same(answer: Answer, drops: Drops) -> list[Any]:
    found: list[Any] = []
    at = 0
    for count, rest in answer.form["items"]:
        parts = answer.message.parts[at : at + count]
        at += count
        if rest is not None:
            content = [items.emit_part(part, drops, said_by="assistant", same=True) for part in parts]
            found.append({"role": "assistant", "content": content} | rest)
            continue
        match parts[0]:
            case Opaque() as part:
                found.append(part.raw)
            case ToolCall() as part:
                found.append(items.emit_call(part, same=True))
            case Reasoning() as part:
                item = {"type": "reasoning"} | part.rest
                found.append(item | ({"id": part.id} if part.id else {}) | _secret(part))
    return found


def _secret(part: Reasoning) -> dict[str, Any]:
    return {"encrypted_content": part.encrypted} if part.encrypted is not None else {}


def closing(stop: Stop | None) -> dict[str, Any]:
    """How a response of another dialect ended."""
    reasons: dict[Stop | None, str] = {
        "length": "max_output_tokens",
        "context_exceeded": "max_output_tokens",
        "content_filter": "content_filter",
        "refusal": "content_filter",
    }
    if stop in reasons:
        return {"status": "incomplete", "incomplete_details": {"reason": reasons[stop]}}
    return {"status": "completed"}


def response_object(identity: str, model: str, created: int) -> dict[str, Any]:
    """A response with every member its readers require."""
    return {
        "id": identity or "resp_0",
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "truncation": "disabled",
        "usage": None,
        "user": None,
        "metadata": {},
    }


def output_of(parts: tuple[Part, ...], identity: str, drops: Drops) -> list[dict[str, Any]]:
    """Items of an answer from another dialect: neighbouring words share a message."""
    found: list[dict[str, Any]] = []
    for part in parts:
        number = len(found)
        match part:
            case Text() | Refusal():
                content = items.emit_part(part, drops, said_by="assistant", same=False)
                if found and found[-1]["type"] == "message":
                    found[-1]["content"].append(content)
                else:
                    found.append(message_item(identity, number, [content]))
            case ToolCall():
                call = items.emit_call(part, same=False)
                found.append({"id": f"fc_{identity}_{number}", "status": "completed"} | call)
            case Reasoning():
                found.append(items.emit_reasoning(part, f"rs_{identity}_{number}"))
            case Media(kind="image", data=str()):
                picture = {"id": f"ig_{identity}_{number}", "status": "completed", "result": part.data}
                found.append({"type": "image_generation_call"} | picture)
            case Opaque():
                drops.add(part.label, "a provider-side step")
            case _:
                drops.add(type(part).__name__)
    return found


def message_item(identity: str, number: int, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"msg_{identity}_{number}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": content,
    }

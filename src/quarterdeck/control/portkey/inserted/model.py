"""One inserted log: read from what Portkey's clients send, and shown as they know it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
import zstandard

from quarterdeck.kernel.clock import iso

PREFIX = "log_"
MASKED = "[redacted]"
MOST_TAG = 128
_SECRET = ("authorization", "api-key", "apikey", "token", "cookie", "secret")
_INPUT = ("prompt_tokens", "input_tokens", "promptTokenCount")
_OUTPUT = ("completion_tokens", "output_tokens", "candidatesTokenCount")
_LARGEST_COUNT = 10**12


@dataclass(frozen=True, slots=True)
class Inserted:
    """What somebody says of a call that did not pass here. Instants are microseconds since the epoch."""

    id: str
    workspace_id: str
    at: int
    given_by: str
    """Id of the member or agent who inserted it."""
    agent_id: str | None
    trace_id: str | None
    span_id: str | None
    parent_span_id: str | None
    span_name: str | None
    provider: str | None
    model: str | None
    url: str | None
    method: str | None
    status: int | None
    response_ms: int | None
    input_tokens: int | None
    output_tokens: int | None
    tags: dict[str, str]
    bodies: bytes | None
    """Request and response as JSON, compressed; None: the workspace keeps none."""


def facts(request: dict[str, Any], response: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    """The columns that are read from it, as far as it has them; both of Portkey's spellings are read."""
    asked, answered = _dict(request.get("body")), _dict(response.get("body"))
    usage = _dict(answered.get("usage") or answered.get("usageMetadata"))
    url = _text(request.get("url"), 2_000)
    special = {"trace_id": "traceId", "span_id": "spanId", "parent_span_id": "parentSpanId", "span_name": "spanName"}
    named = {name: _text(metadata.get(name, metadata.get(other)), 256) for name, other in special.items()}
    known = {*special, *special.values()}
    return {
        **named,
        "provider": _text(request.get("provider"), 100) or (urlsplit(url).hostname if url else None),
        "model": _text(answered.get("model") or asked.get("model"), 200),
        "url": url,
        "method": _text(request.get("method"), 10),
        "status": _count(response.get("status"), 999),
        "response_ms": _count(response.get("response_time", response.get("responseTime"))),
        "input_tokens": next((_count(usage[name]) for name in _INPUT if name in usage), None),
        "output_tokens": next((_count(usage[name]) for name in _OUTPUT if name in usage), None),
        "tags": {
            name[:MOST_TAG]: value[:MOST_TAG]
            for name, value in metadata.items()
            if name not in known and isinstance(value, str)
        },
    }


def without_secrets(side: dict[str, Any]) -> dict[str, Any]:
    """A request or response whose headers show no key."""
    headers = side.get("headers")
    if not isinstance(headers, dict):
        return side
    shown = {
        name: MASKED if any(word in str(name).lower() for word in _SECRET) else value for name, value in headers.items()
    }
    return {**side, "headers": shown}


def packed(text: bytes) -> bytes:
    return zstandard.compress(text)


def inserted_row(log: Inserted, *, bodies: bool = True) -> dict[str, Any]:
    """By the names of Portkey's log. `declared`: it is what somebody says, and its cost is nobody's knowledge."""
    said: dict[str, Any] = {}
    if bodies and log.bodies is not None:
        said = msgspec.json.decode(zstandard.decompress(log.bodies))
    return {
        "id": log.id,
        "declared": True,
        "workspace_id": log.workspace_id,
        "trace_id": log.trace_id or log.id,
        "span_id": log.span_id,
        "parent_span_id": log.parent_span_id,
        "span_name": log.span_name,
        "created_at": iso(log.at),
        "is_success": log.status is not None and 200 <= log.status < 300,
        "ai_org": log.provider,
        "ai_model": log.model,
        "req_units": log.input_tokens or 0,
        "res_units": log.output_tokens or 0,
        "total_units": (log.input_tokens or 0) + (log.output_tokens or 0),
        "cost": None,
        "cost_currency": "USD",
        "request_url": log.url,
        "request_method": log.method,
        "response_status_code": log.status,
        "response_time": log.response_ms,
        "cache_status": "DISABLED",
        "metadata": log.tags,
        **({"request": said.get("request"), "response": said.get("response")} if bodies else {}),
    }


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object, most: int) -> str | None:
    return value[:most].replace("\0", "\ufffd") or None if isinstance(value, str) else None


def _count(value: object, most: int = _LARGEST_COUNT) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        return None
    return int(value)

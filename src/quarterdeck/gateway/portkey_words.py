"""What Portkey's clients are told beside our own words: its answer headers, and its shape of errors."""

from functools import lru_cache

import msgspec

from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.headers import header_text
from quarterdeck.gateway.routing.asked import ROUTING

_MARKS = ROUTING | {
    b"x-portkey-api-key",
    b"x-portkey-metadata",
    b"x-portkey-trace-id",
    b"x-portkey-package-version",
    b"x-portkey-cache",
}


def is_client(draft: Draft) -> bool:
    """Whether the request is one of Portkey's clients'."""
    return not _MARKS.isdisjoint(draft.headers)


def lines(draft: Draft) -> bytes:
    """Which target of the config answered, after how many retries, and the trace id; as lines of an answer's head."""
    target = draft.target
    return of_try(draft) + of_target(draft.option or "config", target.provider.kind if target is not None else None)


def of_try(draft: Draft) -> bytes:
    """Of these, what is not the same for every answer of one target of a route."""
    trace = draft.attribution.trace_id if draft.attribution is not None else None
    return b"x-portkey-trace-id: %b\r\nx-portkey-retry-attempt-count: %d\r\n" % (
        draft.id.encode() if trace is None else _line(trace),
        draft.retries,
    )


@lru_cache(4_096)
def of_target(option: str, kind: str | None) -> bytes:
    """And what is."""
    found = b"x-portkey-last-used-option-index: %b\r\n" % _line(option)
    return found if kind is None else found + b"x-portkey-provider: %b\r\n" % _line(kind)


def error_body(refusal: Refusal) -> bytes:
    """Portkey's failure and OpenAI's error in one object, so that clients of either find what they look for."""
    if refusal.code == "request_timeout":
        return msgspec.json.encode(
            {"error": {"message": refusal.message, "type": "timeout_error", "param": None, "code": None}}
        )
    body = {
        "status": "failure",
        "message": refusal.message,
        "error": {"message": refusal.message, "type": _kind(refusal.status), "param": None, "code": refusal.code},
    }
    if refusal.details:
        body["errors"] = list(refusal.details)
    return msgspec.json.encode(body)


def _kind(status: int) -> str:
    return {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}.get(
        status, "server_error" if status >= 500 else "invalid_request_error"
    )


@lru_cache(4_096)
def _line(text: str) -> bytes:
    return header_text(text[:256])

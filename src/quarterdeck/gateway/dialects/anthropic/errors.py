"""Anthropic's error JSON and event. The `code` member is ours: its SDKs keep it in the error's body."""

from typing import Any

import msgspec

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    412: "billing_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_CODE_TYPES = {
    "rate_limited": "rate_limit_error",
    "provider_unavailable": "overloaded_error",
    "key_invalid": "authentication_error",
    "agent_paused": "permission_error",
    "budget_exceeded": "billing_error",
    "run_ended": "invalid_request_error",
    "run_stopped": "invalid_request_error",
    "run_budget_exceeded": "invalid_request_error",
    "task_paused": "invalid_request_error",
    "guardrail_denied": "invalid_request_error",
}


def kind_of(status: int) -> str:
    return _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")


def error_body(status: int, code: str, message: str) -> bytes:
    return msgspec.json.encode(_error(kind_of(status), code, message))


def error_event(code: str, message: str) -> bytes:
    """The SDK raises on the event's name and judges the kind by `error.type`: the status was sent long ago."""
    error = _error(_CODE_TYPES.get(code, "api_error"), code, message)
    return b"event: error\ndata: " + msgspec.json.encode(error) + b"\n\n"


def _error(kind: str, code: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message, "code": code}}

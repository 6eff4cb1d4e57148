"""OpenAI's error JSON, as its SDKs and the many clients that copy it read it."""

from typing import Any

import msgspec

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    412: "billing_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    446: "guardrail_error",
}


def error_type(status: int) -> str:
    return _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")


def error_body(status: int, code: str, message: str) -> bytes:
    return msgspec.json.encode({"error": _fields(error_type(status), code, message)})


def error_event(code: str, message: str) -> bytes:
    """Chat streams have no event names: an `error` object in place of a chunk makes every SDK raise."""
    return b"data: " + msgspec.json.encode({"error": _fields("server_error", code, message)}) + b"\n\n"


def _fields(kind: str, code: str, message: str) -> dict[str, Any]:
    return {"message": message, "type": kind, "param": None, "code": code}


def message_of(error: Any) -> str | None:
    """The words of an `error` member, whichever of its shapes it has; None when there is no error."""
    if isinstance(error, dict):
        message = error.get("message")
        return message if isinstance(message, str) and message else msgspec.json.encode(error).decode()
    return error if isinstance(error, str) and error else None

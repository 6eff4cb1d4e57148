"""What OpenAI's endpoints have in common: error bodies and headers."""

import msgspec

_TYPES = {
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", "permission_denied", "You are not allowed to use this model."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
}


def error_parts(status: int, code: str | None, message: str | None) -> tuple[str, str | None, str]:
    """Type, code and message of an error of this status."""
    default = ("invalid_request_error", None, "Invalid request.")
    if status >= 500:
        default = ("server_error", None, "The server had an error while processing your request.")
    kind, default_code, default_message = _TYPES.get(status, default)
    return kind, code or default_code, message or default_message


def error_body(status: int, code: str | None, message: str | None) -> bytes:
    kind, code, message = error_parts(status, code, message)
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": None, "code": code}})


def openai_headers(ident: str) -> tuple[tuple[str, str], ...]:
    return (
        ("x-request-id", f"req_{ident}"),
        ("openai-version", "2020-10-01"),
        ("openai-processing-ms", "1"),
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-remaining-requests", "9999"),
        ("x-ratelimit-reset-requests", "6ms"),
    )

"""What the server itself says no to, before or instead of the application."""

import json

from quarterdeck.gateway.server.head import Headers, build_head


class BadRequest(Exception):
    """The caller's bytes are not a request we take: `status`, `code` and the message are what it is told."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def slow_head() -> BadRequest:
    return BadRequest(408, "request_timeout", "The request's head did not arrive in time.")


def slow_body() -> BadRequest:
    return BadRequest(408, "request_timeout", "The request's body stopped arriving.")


def crowded() -> BadRequest:
    return BadRequest(503, "too_many_connections", "The server has as many connections as it takes.")


def pipelined_too_many(limit: int) -> BadRequest:
    return BadRequest(429, "pipelined_too_many", f"More than {limit} requests were sent ahead of their answers.")


def wording(status: int, code: str, words: str) -> tuple[Headers, bytes]:
    """Headers and body: one line of JSON, in the shape most model APIs have for errors."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    body = json.dumps({"error": {"message": words, "type": kind, "code": code}}).encode() + b"\n"
    return [(b"content-type", b"application/json")], body


def last_answer(refusal: BadRequest) -> bytes:
    """The bytes of a whole answer, after which the connection ends."""
    headers, body = wording(refusal.status, refusal.code, str(refusal))
    head, _, _ = build_head(refusal.status, headers)
    return b"%bcontent-length: %d\r\nconnection: close\r\n\r\n%b" % (head, len(body), body)

"""What the sandbox received, so that a test can look."""

import base64
import time
from collections import deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

_BODIES_KEPT = 32 * 1024 * 1024


@dataclass(slots=True)
class Received:
    """One request, and what became of it."""

    number: int
    at: float
    """Seconds since the epoch, when its last byte had come."""
    method: str
    target: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    script: str = ""
    """Where its script came from: header, model, rule or default."""
    fault: str | None = None
    outcome: str = "open"
    """open, answered, faulted (ended as the fault wanted) or client_left."""
    sent: int = 0
    """How many pieces left: the head is the first, each part of the body one more."""
    ms: float | None = None
    """From its last byte to its outcome."""

    def end(self, outcome: str) -> None:
        if self.outcome == "open":
            self.outcome = outcome
            self.ms = round((time.time() - self.at) * 1000, 3)

    def shown(self) -> dict[str, Any]:
        path, _, query = self.target.partition("?")
        return {
            "number": self.number,
            "at": self.at,
            "method": self.method,
            "path": unquote(path),
            "query": query,
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in self.headers],
            **_body(self.body),
            "script": self.script,
            "fault": self.fault,
            "outcome": self.outcome,
            "sent": self.sent,
            "ms": self.ms,
        }


class Log:
    """The latest requests: so many of them, and their bodies up to 32 MiB in all."""

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self._requests: deque[Received] = deque()
        self._bytes = 0

    def add(self, request: Received) -> None:
        self._requests.append(request)
        self._bytes += len(request.body)
        while len(self._requests) > self.keep or (self._bytes > _BODIES_KEPT and len(self._requests) > 1):
            self._bytes -= len(self._requests.popleft().body)

    def after(self, number: int) -> list[Received]:
        return [request for request in self._requests if request.number > number]

    def clear(self) -> None:
        self._requests.clear()
        self._bytes = 0


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}

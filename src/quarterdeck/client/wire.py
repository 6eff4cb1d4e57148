"""What both clients do alike around a request: where it goes, what its answer means, when it is sent again."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from quarterdeck.client.asks import Ask
from quarterdeck.client.errors import ClientError, Unreachable, refusal

T = TypeVar("T")
DEFAULT_URL = "http://127.0.0.1:8787"
PATIENCE_S = 30.0
"""How long a server that is away, as while it restarts, is waited for."""
_FIRST_PAUSE_S = 0.2
_LAST_PAUSE_S = 3.0
_AWAY = frozenset({502, 503})
_PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the server is and as whom to ask it."""

    url: str
    key: str
    patience_s: float = PATIENCE_S

    @classmethod
    def of(cls, url: str | None, key: str | None, patience_s: float) -> "Settings":
        """Arguments win over `QUARTERDECK_URL` and `QUARTERDECK_KEY`. Raises ClientError without a key."""
        url = url or os.environ.get("QUARTERDECK_URL") or DEFAULT_URL
        key = key or os.environ.get("QUARTERDECK_KEY")
        if not key:
            raise ClientError("Give the agent's key (qd-a-…) as key=, or set QUARTERDECK_KEY.")
        return cls(url.rstrip("/"), key, patience_s)


def prepared(ask: Ask[Any], settings: Settings, key: str | None) -> dict[str, Any]:
    """Arguments of httpx's `build_request`, without the content of a file."""
    headers = {"authorization": f"Bearer {key or settings.key}", **ask.headers}
    values: dict[str, Any] = {
        "method": ask.method,
        "url": f"{settings.url}/api/v1{ask.path}",
        "headers": headers,
        "timeout": httpx.Timeout(ask.timeout_s, connect=10.0),
    }
    if ask.query:
        values["params"] = ask.query
    if ask.body is not None:
        values["json"] = ask.body
    elif isinstance(ask.content, bytes):
        values["content"] = ask.content
    return values


def pieces(path: Path) -> Iterator[bytes]:
    """A file, a quarter of a megabyte at a time."""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def answered(ask: Ask[T], response: httpx.Response) -> T:
    """The answer's value. Raises Refused or LeaseLost for a problem."""
    if not response.is_success:
        raise refused(response.status_code, response.content)
    return ask.read(response.json() if response.content else {})


def refused(status: int, content: bytes) -> ClientError:
    """The error in an answer that was not what was asked for."""
    try:
        body = json.loads(content)
    except ValueError:
        body = {}
    return refusal(status, body if isinstance(body, dict) else {})


def pauses(patience_s: float) -> Iterator[float]:
    """Seconds to wait before each repetition, growing, until patience is over."""
    spent, pause = 0.0, _FIRST_PAUSE_S
    while spent < patience_s:
        yield pause
        spent, pause = spent + pause, min(_LAST_PAUSE_S, pause * 2)


def is_away(response: httpx.Response) -> bool:
    """Whether the server said that it will be back in a moment."""
    return response.status_code in _AWAY and "retry-after" in response.headers


def may_repeat(ask: Ask[Any], error: httpx.TransportError) -> bool:
    """Whether the request did not arrive, or may arrive twice."""
    return ask.repeatable or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)


def unreachable(settings: Settings, error: httpx.TransportError) -> Unreachable:
    what = str(error) or type(error).__name__
    return Unreachable(f"No answer from {settings.url} ({what}). Is the server running there?")

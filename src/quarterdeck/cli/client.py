"""The commands' way to a running server: the agents' client, as whoever `QUARTERDECK_KEY` says, with plain JSON."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from quarterdeck.client.asks import Ask

T = TypeVar("T")
TIMEOUT_S = 90.0
PATIENCE_S = 3.0
"""A server that restarts is waited for so long; one that is not there is said to be away after it."""


class Api:
    """`QUARTERDECK_URL` and `QUARTERDECK_KEY` say where and as whom. Every method raises the client's ClientError."""

    def __init__(self, url: str, key: str) -> None:
        # Imported here: the HTTP client is most of what starting takes, and `serve` needs none of it.
        from quarterdeck.client import Quarterdeck  # noqa: PLC0415

        self._server = Quarterdeck(url, key, patience_s=PATIENCE_S)

    def get(self, path: str, /, **query: Any) -> Any:
        wanted = {name: value for name, value in query.items() if value is not None}
        return self._send("GET", path, query=wanted)

    def post(self, path: str, /, **body: Any) -> Any:
        return self._send("POST", path, body=body)

    def patch(self, path: str, /, **body: Any) -> Any:
        return self._send("PATCH", path, body=body)

    def put(self, path: str, /, **body: Any) -> Any:
        return self._send("PUT", path, body=body)

    def delete(self, path: str) -> Any:
        return self._send("DELETE", path)

    def ask(self, verb: "Ask[Any]") -> Any:
        """A verb of the agents' client, answered as the server's JSON."""
        return self._server.send(replace(verb, read=_as_it_is))

    def save(self, path: str, to: Path) -> int:
        """The content at a path, into a file; answers its bytes."""
        return self._server.save(path, to)

    def _send(self, method: str, path: str, **what: Any) -> Any:
        from quarterdeck.client.asks import Ask  # noqa: PLC0415

        return self._server.send(Ask(method, path, _as_it_is, timeout_s=TIMEOUT_S, **what))


def default_url() -> str:
    return os.environ.get("QUARTERDECK_URL", "http://127.0.0.1:8787")


def _as_it_is(answer: T) -> T:
    return answer

"""The commands' way to a running server: plain HTTP with a member's or an agent's key."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

TIMEOUT_S = 90.0


class ServerSaidNo(Exception):
    """The server refused, or is not there; the message is fit for a person."""

    def __init__(self, message: str, problem: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.problem = problem or {}


class Api:
    """`QUARTERDECK_URL` and `QUARTERDECK_KEY` say where and as whom."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        self._key = key

    def get(self, path: str, **query: Any) -> Any:
        wanted = {name: value for name, value in query.items() if value is not None}
        return self._send("GET", path + ("?" + urlencode(wanted) if wanted else ""), None)

    def post(self, path: str, **body: Any) -> Any:
        return self._send("POST", path, body)

    def patch(self, path: str, **body: Any) -> Any:
        return self._send("PATCH", path, body)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        """Raises ServerSaidNo."""
        request = urllib.request.Request(  # noqa: S310 - the address is the user's own setting
            self._url + "/api/v1" + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"authorization": f"Bearer {self._key}", "content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise _refusal(error.code, error.read()) from None
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise ServerSaidNo(
                f"No server answers at {self._url} ({reason}). Start one with 'quarterdeck up'."
            ) from None
        return json.loads(text) if text else None


def default_url() -> str:
    return os.environ.get("QUARTERDECK_URL", "http://127.0.0.1:8787")


def _refusal(status: int, body: bytes) -> ServerSaidNo:
    try:
        problem = json.loads(body)
        return ServerSaidNo(str(problem.get("detail") or problem.get("title")), problem)
    except (ValueError, AttributeError):
        return ServerSaidNo(f"The server answered {status}.")

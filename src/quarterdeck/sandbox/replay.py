"""Rows of recorded traffic, as the bytes a provider sent.

A file holds one exchange a line: `id`, `status`, `content_type`, `response_kind` (json, text or base64), `response`.
"""

import base64
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from quarterdeck.sandbox.replies import Reply
from quarterdeck.sandbox.scripts import BadScript, Replay


def body_of(row: dict[str, Any]) -> bytes:
    """The bytes of a row's answer. A `json` answer was recorded decoded: it is written compactly, keys as recorded."""
    kind, response = row["response_kind"], row["response"]
    if kind == "json":
        return msgspec.json.encode(response)
    if kind == "base64":
        return base64.b64decode(response)
    return str(response).encode()


def reply_of(corpus: Path | None, replay: Replay) -> Reply:
    """Raises BadScript when there is no such row."""
    if corpus is None:
        raise BadScript("`replay.file`: this sandbox was started without a directory of recorded traffic")
    path = corpus / replay.file
    if not path.is_file():
        raise BadScript(f"`replay.file`: there is no {replay.file} in the directory of recorded traffic")
    row = _rows(path).get(replay.id)
    if row is None:
        raise BadScript(f"`replay.id`: {replay.file} has no row {replay.id!r}")
    body = body_of(row)
    headers = (("content-type", row["content_type"]),)
    if row["response_kind"] == "json":
        return Reply(row["status"], headers, (body,))
    return Reply(row["status"], headers, _events(body), chunked=True)


@lru_cache(maxsize=32)
def _rows(path: Path) -> dict[str, dict[str, Any]]:
    decoder = msgspec.json.Decoder()
    with path.open("rb") as lines:
        return {row["id"]: row for row in map(decoder.decode, lines)}


def _events(body: bytes) -> tuple[bytes, ...]:
    """A stream cut after each blank line; one without any, into kilobytes."""
    for blank in (b"\r\n\r\n", b"\n\n"):
        if blank in body:
            pieces = [piece + blank for piece in body.split(blank)]
            pieces[-1] = pieces[-1][: -len(blank)]
            return tuple(piece for piece in pieces if piece)
    return tuple(body[start : start + 1024] for start in range(0, len(body), 1024))

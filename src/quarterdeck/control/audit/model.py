"""An entry of the audit log, how it is hashed, and how a value looks in it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quarterdeck.control.audit.scope import is_secret
from quarterdeck.ledger.redact import API_KEY, BEARER, PRIVATE_KEY

FIRST = "0" * 64
"""What the first entry of a workspace is chained to."""
LONGEST_TEXT = 1_000
SHOWN_OF_LONG = 200
_PATTERNS = (PRIVATE_KEY, API_KEY, BEARER)
_NOISE = frozenset({"version", "workspace_id"})
"""The same in every row, or changes with every write: no change by itself."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row before and after. None: it was not there. Of a changed row, only what differs."""

    table: str
    row_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def verb(self) -> str:
        if self.before is None:
            return "created"
        return "deleted" if self.after is None else "changed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. `seq` counts from 1 without holes in each workspace."""

    seq: int
    workspace_id: str
    at: int
    kind: str
    subject_id: str
    actor_id: str | None
    on_behalf_of_id: str | None
    via: str
    request_id: str | None
    data: dict[str, Any]
    changes: list[dict[str, Any]]

    def body(self) -> str:
        """What is hashed and stored: the same entry gives the same text everywhere."""
        said = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def chained(before: str, body: str) -> str:
    """The hash of an entry that follows the one hashed `before`."""
    return hashlib.sha256(f"{before}\n{body}".encode()).hexdigest()


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[Any, Any] | None:
    """What to write down of a row; None when nothing differs that is worth it."""
    if before is None or after is None:
        if before is after:
            return None
        return _clean_row(before), _clean_row(after)
    differing = [name for name in after if before.get(name) != after[name]]
    if not set(differing) - _NOISE:
        return None
    kept = [name for name in differing if name not in _NOISE]
    return {name: _of(name, before.get(name)) for name in kept}, {name: _of(name, after[name]) for name in kept}


def clean(value: Any) -> Any:
    """A JSON value without secrets, long texts cut to their beginning and their hash."""
    if isinstance(value, bytes | bytearray | memoryview):
        return "[hidden]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {str(name): _of(str(name), each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [clean(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else _text(str(value))


def _clean_row(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if row is None else {name: _of(name, value) for name, value in row.items() if name not in _NOISE}


def _of(name: str, value: Any) -> Any:
    if value is not None and is_secret(name):
        return "[hidden]"
    return clean(value)


def _text(text: str) -> Any:
    whole = text
    for pattern in _PATTERNS:
        text = pattern.expression.sub(f"[redacted:{pattern.name}]", text)
    if len(text) <= LONGEST_TEXT:
        return text
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
    return {"begins": text[:SHOWN_OF_LONG], "length": len(whole), "sha256": digest}

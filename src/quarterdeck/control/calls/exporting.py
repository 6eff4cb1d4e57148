"""Calls as a file, page by page: however many there are, few of them are in memory."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from quarterdeck.control.calls import views
from quarterdeck.control.calls.views import CallOut, UsageOut
from quarterdeck.db import Database
from quarterdeck.ledger import listing
from quarterdeck.ledger.call_filter import CallFilter

Format = Literal["csv", "jsonl"]
MEDIA_TYPES: dict[Format, str] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
MOST = 50_000
"""Calls in one file. A file that has fewer than there are says so in its last line."""
_PARTS = {"agent": ("id", "name"), "task": ("id", "ref", "title"), "usage": tuple(UsageOut.model_fields)}
_COLUMNS = [
    column
    for name in CallOut.model_fields
    for column in ([f"{name}_{part}" for part in _PARTS[name]] if name in _PARTS else [name])
]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins so is run by a spreadsheet; what a caller chose must stay a text."""


async def lines(
    db: Database, workspace_id: str, which: CallFilter, form: Format, *, after: str | None = None, most: int = MOST
) -> AsyncIterator[bytes]:
    """Calls newest first, at most `most`; then, if there are more, how to get those. Raises Invalid before any byte."""
    head, told = [_COLUMNS], 0
    async for page in listing.pages(db, workspace_id, which, most=most, after=after):
        async with db.read() as tx:
            shown = await views.shown_calls(tx, workspace_id, page.items)
        yield _csv([*head, *map(_row, shown)]) if form == "csv" else _jsonl(shown)
        head, told, after = [], told + len(shown), page.next
    if after is not None:
        yield _cut(form, told, after)


def _jsonl(shown: Sequence[CallOut]) -> bytes:
    return b"".join(call.model_dump_json().encode() + b"\n" for call in shown)


def _csv(rows: Sequence[Sequence[Any]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerows([[_cell(value) for value in row] for row in rows])
    return written.getvalue().encode()


def _row(call: CallOut) -> list[Any]:
    row: list[Any] = []
    for name, value in call.model_dump().items():
        if name in _PARTS:
            row += [None if value is None else value[part] for part in _PARTS[name]]
        else:
            row.append(value)
    return row


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else ""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value


def _cut(form: Format, told: int, after: str) -> bytes:
    words = f"There are more: this file holds the newest {told:,} calls. Ask again with after={after} for those before."
    if form == "csv":
        return _csv([[f"# {words}"]])
    return json.dumps({"cut": True, "message": words, "after": after}).encode() + b"\n"

"""How commands speak: a table for people, JSON for programs."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from quarterdeck.kernel.money import money_words

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
"""Of every command that shows something."""
Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], Any]]


def emit(value: Any, *, as_json: bool, columns: Sequence[Column] = ()) -> None:
    """Print rows (a page or a list) as a table, or anything as JSON."""
    if as_json:
        print(json.dumps(value, indent=2, ensure_ascii=False))
        return
    rows = value["items"] if isinstance(value, dict) and "items" in value else value
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title, _ in columns:
        table.add_column(title)
    for row in rows:
        table.add_row(*(_text(read(row)) for _, read in columns))
    Console().print(table if rows else "Nothing here yet.")


def money(nano: int | None) -> str:
    """`money_words` of a price; None is unpriced."""
    if nano is None:
        return "unpriced"
    return money_words(nano)


def name_of(thing: Mapping[str, Any] | None, key: str = "name") -> str:
    return str(thing[key]) if thing else "–"


def _text(value: Any) -> str:
    return "–" if value is None else str(value)

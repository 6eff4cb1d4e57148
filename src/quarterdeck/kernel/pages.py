"""Keyset pages: lists are read from where the last page ended, never by offset."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

DEFAULT_LIMIT = 50
MAX_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursor to pass as `after` for the next ones; None when there are no more."""

    items: list[T]
    next: str | None

"""The queue of a member, a page at a time: it is computed whole, and as much of it is shown as a page draws."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck.control.needs.model import Need, NeedKind
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.pages import Page


@dataclass(frozen=True, slots=True)
class Queued:
    """`counts` are of all that waits, whatever the page holds; a kind of which nothing waits is left out."""

    page: Page[Need]
    counts: dict[NeedKind, int]


def page_of(queue: Sequence[Need], *, kind: NeedKind | None, after: str | None, limit: int) -> Queued:
    """What comes after the need that the page before ended with, of a queue in order. Raises Invalid for `after`."""
    begin = (-1, "") if after is None else _place(after)
    rest = [need for need in queue if (kind is None or need.kind is kind) and (need.since, need.key) > begin]
    shown = rest[:limit]
    more = len(rest) > limit
    return Queued(Page(shown, _cursor(shown[-1]) if more else None), dict(Counter(need.kind for need in queue)))


def _cursor(need: Need) -> str:
    return f"{need.since}:{need.key}"


def _place(after: str) -> tuple[int, str]:
    since, _, key = after.partition(":")
    if not key or not since.isascii() or not since.isdigit() or len(since) > 18:
        raise Invalid("after must be the 'next' of the page before.", field="after")
    return int(since), key

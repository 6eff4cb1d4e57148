"""What changed between two texts, as hunks. Bounded: two texts that differ in too many lines are not compared."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

CONTEXT_LINES = 3
MAX_LINES = 4_000
"""Of each side, without what both begin and end with."""
LINE_LENGTH = 4_000

Sign = Literal[" ", "-", "+"]


@dataclass(frozen=True, slots=True)
class Line:
    sign: Sign
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines around a change; `start` counts from 1, as in a unified diff."""

    from_start: int
    from_count: int
    to_start: int
    to_count: int
    lines: list[Line]


def hunks(before: str, after: str) -> list[Hunk] | None:
    """The changes in order; None when there are too many lines to compare."""
    old, new = before.splitlines(), after.splitlines()
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    if max(len(old), len(new)) - head - tail > MAX_LINES:
        return None
    # Context outside of what differs belongs to the first and the last hunk.
    first = max(0, head - CONTEXT_LINES)
    keep = max(0, tail - CONTEXT_LINES)
    old, new = old[first : len(old) - keep], new[first : len(new) - keep]
    matcher = SequenceMatcher(None, old, new)
    return [_hunk(group, old, new, first) for group in matcher.get_grouped_opcodes(CONTEXT_LINES)]


def _hunk(group: list[tuple[str, int, int, int, int]], old: list[str], new: list[str], first: int) -> Hunk:
    lines: list[Line] = []
    for tag, i1, i2, j1, j2 in group:
        if tag == "equal":
            lines += [Line(" ", text[:LINE_LENGTH]) for text in old[i1:i2]]
            continue
        lines += [Line("-", text[:LINE_LENGTH]) for text in old[i1:i2]]
        lines += [Line("+", text[:LINE_LENGTH]) for text in new[j1:j2]]
    i1, i2, j1, j2 = group[0][1], group[-1][2], group[0][3], group[-1][4]
    return Hunk(first + i1 + 1, i2 - i1, first + j1 + 1, j2 - j1, lines)


def _common(one: list[str], other: list[str]) -> int:
    """How many lines both begin with."""
    found = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        found += 1
    return found

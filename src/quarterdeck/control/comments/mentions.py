"""Who is meant by `@name`: members and agents in one namespace, the longest name that fits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from quarterdeck.kernel.text import comparable

MAX_MENTIONS = 50
MAX_ATS = 200
"""What stands behind more `@` than these in one text mentions nobody."""
_WORDS = 6
_AFTER = ".,;:!?)]}'\"…*_~|>’”»"
"""What may follow a name without belonging to it, and"""
_ENDS = re.compile(r"[,;:!?()\[\]{}'\"…*~|<>’”»“„«/\\–—]")
"""what ends one though more follows: `@ada's`, `@ada/bob`."""
_ENDS_TRIED = 3
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.S)
_AT = re.compile(r"(?<![^\W_])(?<![@./+\\-])(?<![^\W_]_)@(?=\S)")


@dataclass(frozen=True, slots=True)
class Somebody:
    """A member or an agent."""

    id: str
    name: str
    is_agent: bool


def index(everybody: Sequence[Somebody]) -> dict[str, list[Somebody]]:
    """By name, as names are compared. Two of one name are both meant by it."""
    found: dict[str, list[Somebody]] = {}
    for one in everybody:
        found.setdefault(comparable(one.name), []).append(one)
    return found


def names_in(body: str) -> set[str]:
    """Every name that the text might mean, as names are compared: few, however many members and agents there are."""
    return {name for each in _readings(body) for name in each}


def mentioned(body: str, names: Mapping[str, Sequence[Somebody]]) -> list[Somebody]:
    """Everybody whom the text mentions, each once, in its order. What stands in code mentions nobody."""
    found: dict[str, Somebody] = {}
    for readings in _readings(body):
        named = next((names[name] for name in readings if name in names), ())
        found |= {one.id: one for one in named}
        if len(found) >= MAX_MENTIONS:
            break
    return list(found.values())[:MAX_MENTIONS]


def _readings(body: str) -> Iterator[list[str]]:
    """For each `@` the names that may stand behind it, the longest first."""
    text = _CODE.sub(" ", body)
    for at in islice(_AT.finditer(text), MAX_ATS):
        words = re.findall(r"\S+", text[at.end() : at.end() + 400].split("\n", 1)[0])[:_WORDS]
        each = [comparable(name) for count in range(len(words), 0, -1) for name in _cut(words[:count])]
        yield [name for name in dict.fromkeys(each) if name]


def _cut(words: Sequence[str]) -> Iterator[str]:
    """What the words may mean together: as they stand, without what follows, and up to where the last may end."""
    whole, last = " ".join(words), words[-1]
    yield whole
    yield whole.rstrip(_AFTER)
    start = len(whole) - len(last)
    ends = [start + each.start() for each in islice(_ENDS.finditer(last), _ENDS_TRIED)]
    for end in reversed(ends):
        yield whole[:end].rstrip(_AFTER)

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
_AFTER = ".,;:!?)]}'\"…"
"""What may follow a name without belonging to it."""
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.S)
_AT = re.compile(r"(?<![\w@./+-])@(?=\S)")


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
        wholes = [" ".join(words[:count]) for count in range(len(words), 0, -1)]
        each = [comparable(name) for whole in wholes for name in (whole, whole.rstrip(_AFTER))]
        yield [name for name in dict.fromkeys(each) if name]

"""Who is meant by `@name`: members and agents in one namespace, the longest name that fits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.kernel.text import comparable

MAX_MENTIONS = 50
_WORDS = 6
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


def mentioned(body: str, names: Mapping[str, Sequence[Somebody]]) -> list[Somebody]:
    """Everybody whom the text mentions, each once, in its order. What stands in code mentions nobody."""
    text = _CODE.sub(" ", body)
    found: dict[str, Somebody] = {}
    for at in _AT.finditer(text):
        words = re.findall(r"\S+", text[at.end() : at.end() + 400].split("\n", 1)[0])[:_WORDS]
        for count in range(len(words), 0, -1):
            whole = " ".join(words[:count])
            named = names.get(comparable(whole)) or names.get(comparable(whole.rstrip(".,;:!?)]}'\"…")))
            if named:
                found |= {one.id: one for one in named}
                break
        if len(found) >= MAX_MENTIONS:
            break
    return list(found.values())[:MAX_MENTIONS]

"""The words of words.txt: those whose exchange turns a question into another one while hardly moving its embedding."""

from pathlib import Path


def _sections() -> dict[str, str]:
    text = Path(__file__).with_name("words.txt").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for section in text.split("\n[")[1:]:
        name, _, words = section.partition("]")
        found[name] = words
    return found


def _groups(words: str) -> list[list[str]]:
    """Groups of words, divided by commas."""
    return [group.split() for group in words.split(",") if group.strip()]


def _first_of_each(words: str) -> dict[str, str]:
    return {word: first for first, *others in _groups(words) for word in others}


def _pairs(words: str) -> list[tuple[str, str]]:
    return [(one, other) for one, other in _groups(words)]


def _kinds(words: str) -> dict[str, str]:
    found: dict[str, str] = {}
    kind = ""
    for word in words.split():
        if word.endswith(":"):
            kind = word[:-1]
        else:
            found.setdefault(word, kind)
    return found


_words = _sections()
NEGATIONS = frozenset(_words["negations"].split())
QUANTIFIERS = frozenset(_words["quantifiers"].split())
"""`and`, `or`, and words for how many and how often: they have to be the same on both sides."""
OPPOSITES = _pairs(_words["opposites"])
KINDS = _kinds(_words["kinds"])
"""Words of closed kinds: another one of the kind is never the same one."""
ALIKE = {**_first_of_each(_words["alike"]), **{first: first for first, *_ in _groups(_words["alike"])}}
"""Words that are one word to us."""
LIGHT = frozenset(_words["light"].split())
"""Words that one wording may have beyond the other without asking for something else."""
NUMBERS = _first_of_each(_words["numbers"])
ASKED = _first_of_each(_words["asked"])
"""Which question a word asks."""
NEGATING = tuple(_words["negating prefixes"].split())
"""Prefixes that make a word its own opposite."""
OPPOSED = _pairs(_words["opposed prefixes"])
"""Prefixes that make opposites of each other."""
STOP = frozenset(_words["stop"].split())
"""Words that carry little of what is asked. What is critical among them is looked at before."""
SUFFIXES = tuple(_words["suffixes"].split())
"""Endings of a word, the longest first."""
MEASURES = frozenset(_words["measures"].split())
"""Words that after `how` make another question of it."""
MODALS = frozenset(_words["modals"].split())
"""Verbs that begin a question which others would answer otherwise."""

"""What a person typed, as a question that every store understands. Pure.

The words are those of `kernel.text`: case and accents do not count, and writing that puts no space between its words is
taken letter by letter. They begin with a `w`, so what the index keeps beside them is never mistaken for one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.text import terms

MOST_TERMS = 16
SHORTEST_PREFIX = 3
GAP = "gap"
"""Stands between passages, so that no phrase goes from one into the next."""
_TYPED = re.compile(r'"([^"]*)"?(\*?)|([^\s"]+)')
_LAST_PLACE = 16_383
_MOST_PLACES = 255
"""As far as a tsvector counts, and how often a word in it."""


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand beside each other. With `prefix` the last one is the beginning of a word."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """All of these are to be found in one call."""

    terms: tuple[Term, ...]


def parse(text: str) -> Question:
    """Words, "phrases in quotes" and beginnings*; anything else only separates. Raises Invalid."""
    found: list[Term] = []
    for quoted, star, bare in _TYPED.findall(text):
        words = tuple(terms(quoted or bare))
        prefix = bool(star) or bare.endswith("*")
        if prefix and words and len(words[-1]) <= SHORTEST_PREFIX and (quoted or bare).isascii():
            raise Invalid(f"A beginning needs at least {SHORTEST_PREFIX} letters before the *.", field="q")
        if words:
            found.append(Term(words, prefix))
    if not found:
        raise Invalid("There is no word in q to search for.", field="q")
    if sum(len(term.words) for term in found) > MOST_TERMS:
        raise Invalid(f"q may hold {MOST_TERMS} words at most.", field="q")
    return Question(tuple(dict.fromkeys(found)))


def facet(name: str, value: str) -> str:
    """One word that stands for a call's having this value, beside the words of its texts."""
    return f"f{name[0]}{blake2b(f'{name}:{value}'.encode(), digest_size=8).hexdigest()}"


def for_sqlite(question: Question, facets: Iterable[str]) -> str:
    """As FTS5 is asked."""
    asked = [f'"{" ".join(term.words)}"{" *" if term.prefix else ""}' for term in question.terms]
    return " AND ".join([*facets, *asked])


def for_postgresql(question: Question, facets: Iterable[str]) -> str:
    """As a tsquery, of vectors that `vector` made."""
    asked = [f"({' <-> '.join(term.words)}{':*' if term.prefix else ''})" for term in question.terms]
    return " & ".join([*facets, *asked])


def vector(words: Iterable[str], facets: Iterable[str]) -> str:
    """Words and facets as the text of a tsvector."""
    places: dict[str, list[str]] = {}
    for at, word in enumerate(words, 1):
        found = places.setdefault(word, [])
        if len(found) < _MOST_PLACES and at <= _LAST_PLACE:
            found.append(str(at))
    return " ".join([*(word + (":" + ",".join(each) if each else "") for word, each in places.items()), *facets])

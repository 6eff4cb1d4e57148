"""Whether two texts may mean the same, by their words: what embeddings confuse must agree to the letter.

Two sentences that differ in one number, one name or one *not* have nearly the same embedding and another answer. So
numbers, quoted texts, code, names, negations, quantifiers and the kind of question must be equal, opposites and other
members of a closed kind (weekdays, units, languages …) must not stand against each other, and words around a direction
(*from … to*) must stand in the same order.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from quarterdeck.gateway.cache.semantic.words import (
    ALIKE,
    ASKED,
    KINDS,
    LIGHT,
    MEASURES,
    MODALS,
    NEGATING,
    NEGATIONS,
    NUMBERS,
    OPPOSED,
    OPPOSITES,
    QUANTIFIERS,
    STOP,
    SUFFIXES,
)

_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|«([^»]+)»|`([^`]+)`|(?<!\w)'([^']+)'(?!\w)")
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+(?:[.,:/]\d+)*|[+#%€$£*/=<>&^]+", re.UNICODE)
_SENTENCE = re.compile(r"(?:^|[.!?:;\n]\s*|[\"“«(]\s*)$")
_CODE = re.compile(r"[^\s]*[_/\\@.#][^\s]*[^\s.,!?:;]|\w*\d+[^\W\d]\w*|[^\W\d]+\d\w*")
_SHORTEST = 4
_SELF = frozenset({"I", "I'm", "I've", "I'd", "I'll", "I’m", "I’ve", "I’d", "I’ll"})
MAX_CHARS = 2_000
"""Longer texts are compared letter by letter only, by the exact cache."""


@dataclass(frozen=True, slots=True)
class Words:
    """What of a text must agree, and the words that carry the rest."""

    numbers: tuple[str, ...]
    quoted: tuple[str, ...]
    code: tuple[str, ...]
    names: tuple[str, ...]
    """Capitalised words and acronyms, in order, in lower case, those that begin a sentence left out."""
    negations: int
    quantifiers: frozenset[str]
    asked: frozenset[str]
    how: str | None
    """The word after `how`: many, much, long, often, far, old …"""
    opening: str | None
    """A modal verb that begins the text: Can …? Should …?"""
    content: tuple[str, ...]
    """Words that carry meaning, as they stand, in order."""
    all: tuple[str, ...]
    every: frozenset[str]
    """Stems of all words."""
    signs: frozenset[str]


@lru_cache(maxsize=4_096)
def read(text: str) -> Words:
    """The words of a text."""
    quoted = tuple(next(part for part in match if part).strip() for match in _QUOTED.findall(text))
    tokens = [(match[0], match.start()) for match in _WORD.finditer(text)]
    words = [token.lower().replace("’", "'") for token, _ in tokens]
    plain = [_without_clitic(word) for word in words]
    names = tuple(_bare(token) for token, at in tokens if _is_name(token, text[:at]))
    how = next((after for word, after in pairwise(plain) if word == "how"), None)
    return Words(
        numbers=tuple(_number(word) for word in plain if word[0].isdigit() or word in NUMBERS),
        quoted=quoted,
        code=tuple(match.lower() for match in _CODE.findall(text)),
        names=names,
        negations=sum(word in NEGATIONS or word.endswith(("n't", "nt't")) for word in words),
        quantifiers=frozenset(plain) & QUANTIFIERS,
        asked=_asked(plain, how),
        how=how if how in MEASURES else None,
        opening=plain[0] if plain and plain[0] in MODALS else None,
        content=tuple(word for word in plain if _carries(word)),
        all=tuple(plain),
        every=frozenset(map(stem, plain)),
        signs=frozenset(token for token in words if not token[0].isalnum()),
    )


def differ(one: Words, other: Words) -> str | None:
    """Why the two cannot mean the same; None when their words allow it."""
    for name in ("numbers", "quoted", "code", "signs", "quantifiers"):
        if getattr(one, name) != getattr(other, name):
            return name
    if _other_names(one, other) or _other_names(other, one) or _reordered(one.names, other.names):
        return "names"
    if one.negations % 2 != other.negations % 2 or bool(one.negations) != bool(other.negations):
        return "negation"
    if _other_question(one, other):
        return "question"
    return _other_content(one, other)


def leftovers(one: Words, other: Words) -> tuple[str, str]:
    """What each says that the other does not: the words in which two wordings of one thing differ.

    Empty when there is nothing to compare; words that add nothing count only beside others.
    """
    mine = [word for word in one.content if stem(word) not in other.every]
    theirs = [word for word in other.content if stem(word) not in one.every]
    if (not theirs and LIGHT.issuperset(mine)) or (not mine and LIGHT.issuperset(theirs)):
        return "", ""
    return " ".join(mine), " ".join(theirs)


def stem(word: str) -> str:
    """A word without its ending, roughly: `convert` and `converting` are one, and so are words that mean one thing."""
    word = ALIKE.get(word, word)
    for suffix in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST:
            word = word.removesuffix(suffix)
            break
    else:
        if word.endswith("s") and not word.endswith("ss") and len(word) > _SHORTEST - 1:
            word = word[:-1]
    return ALIKE.get(word, word)


def _asked(words: list[str], how: str | None) -> frozenset[str]:
    asked = {ASKED[word] for word in words if word in ASKED}
    return frozenset(asked if how is None or how in MEASURES else asked | {"how"})


def _is_name(token: str, before: str) -> bool:
    """Capitalised, though no sentence begins with it; or an acronym anywhere."""
    if not token[0].isupper() or token in _SELF:
        return False
    return (len(token) > 1 and token.isupper()) or not _SENTENCE.search(before)


def _bare(name: str) -> str:
    return name.lower().removesuffix("'s").removesuffix("’s")


def _other_question(one: Words, other: Words) -> bool:
    if one.asked and other.asked and not (one.asked & other.asked):
        return True
    return any(
        mine is not None and theirs is not None and mine != theirs
        for mine, theirs in ((one.how, other.how), (one.opening, other.opening))
    )


def _other_names(one: Words, other: Words) -> bool:
    return any(stem(name) not in other.every for name in one.names)


def _reordered(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether names that both have stand in another order."""
    both = set(one) & set(other)
    return [name for name in one if name in both] != [name for name in other if name in both]


def _other_content(one: Words, other: Words) -> str | None:
    mine = {word for word in one.all if stem(word) not in other.every}
    theirs = {word for word in other.all if stem(word) not in one.every}
    for word in mine:
        if any(_opposite(word, each) for each in theirs):
            return "opposite"
        kind = KINDS.get(word)
        if kind is not None and any(KINDS.get(each) == kind for each in theirs):
            return kind
    shared = {stem(word) for word in one.content} & {stem(word) for word in other.content}
    order = [[stem(word) for word in each.content if stem(word) in shared] for each in (one, other)]
    return "order" if order[0] != order[1] else None


def _opposite(word: str, other: str) -> bool:
    one, two = stem(word), stem(other)
    if two in _AGAINST.get(one, ()):
        return True
    one, two = _plain_degree(word) or one, _plain_degree(other) or two
    if two in _AGAINST.get(one, ()):
        return True
    if any(_swapped(one, two, *pair) or _swapped(two, one, *pair) for pair in OPPOSED):
        return True
    longer, shorter = (one, two) if len(one) > len(two) else (two, one)
    return len(shorter) >= _SHORTEST - 1 and any(longer == prefix + shorter for prefix in NEGATING)


def _plain_degree(word: str) -> str | None:
    """`low` of `lower` and of `lowest`, when it has an opposite."""
    for ending in ("est", "er"):
        if word.endswith(ending):
            bare = word.removesuffix(ending)
            for found in (bare, bare + "e", bare[:-1]):
                if stem(found) in _AGAINST:
                    return stem(found)
    return None


def _swapped(one: str, two: str, prefix: str, against: str) -> bool:
    rest = one.removeprefix(prefix)
    return one != rest and len(rest) >= _SHORTEST and two == against + rest


def _carries(word: str) -> bool:
    """Whether a word carries meaning of its own, beyond what is compared to the letter."""
    return (
        word not in STOP and word not in NEGATIONS and word not in NUMBERS and word[0].isalpha() and "n't" not in word
    )


def _number(word: str) -> str:
    return NUMBERS.get(word) or word.replace(",", "")


def _without_clitic(word: str) -> str:
    return word if word.endswith("n't") else word.partition("'")[0]


def _opposite_stems() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for one, other in OPPOSITES:
        for word, against in ((stem(one), stem(other)), (stem(other), stem(one))):
            found[word] = found.get(word, frozenset()) | {against}
    return found


_AGAINST = _opposite_stems()

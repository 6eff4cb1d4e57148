"""Where in a call the words that were searched for are: a short piece of its text around the first of them."""

import asyncio
import re
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.db import Database
from quarterdeck.kernel.text import placed_terms
from quarterdeck.ledger.calls import StoredCall
from quarterdeck.ledger.packs import Packs
from quarterdeck.ledger.search.reading import passages_of
from quarterdeck.ledger.search.texts import Passage, Where
from quarterdeck.ledger.search.words import Question, Term

BEFORE, AFTER = 60, 140
"""Characters shown before the first word that was found, and from it on."""
MOST = 100
MADE_S = 0.1
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Snippet:
    """Pieces of text in their order, each with whether it is what was searched for."""

    where: Where
    pieces: list[tuple[str, bool]]


async def snippets(db: Database, packs: Packs, calls: Sequence[StoredCall], question: Question) -> dict[str, Snippet]:
    """By call, as many as are made soon: a list does not wait for the rest."""
    passages = await passages_of(db, packs, calls[:MOST])
    return await asyncio.to_thread(_snippets, passages, question)


def _snippets(passages: Mapping[str, Sequence[Passage]], question: Question) -> dict[str, Snippet]:
    found = {}
    until = time.monotonic() + MADE_S
    for call_id, some in passages.items():
        made = snippet(some, question)
        if made is not None:
            found[call_id] = made
        if time.monotonic() > until:
            break
    return found


def snippet(passages: Sequence[Passage], question: Question) -> Snippet | None:
    """From the passage that holds most of what was searched for. None: the text is gone."""
    best: tuple[int, Passage, str, list[tuple[int, int]]] | None = None
    for passage in passages:
        if not _may_hold(passage.text, question):
            continue
        text = unicodedata.normalize("NFC", passage.text)
        words = list(placed_terms(text))
        found = [_places(words, term) for term in question.terms]
        score = sum(bool(each) for each in found)
        if score and (best is None or score > best[0]):
            best = (score, passage, text, sorted({place for each in found for place in each}))
    return None if best is None else Snippet(best[1].where, _cut(best[2], best[3]))


def _may_hold(text: str, question: Question) -> bool:
    """A look that costs little, before all words are cut."""
    if not text.isascii():
        return True
    lower = text.lower()
    return any(term.words[0][1:] in lower for term in question.terms)


def _places(words: Sequence[tuple[str, int, int]], term: Term) -> list[tuple[int, int]]:
    """Where a term begins and ends, each time it is there."""
    count = len(term.words)
    found = []
    for at in range(len(words) - count + 1):
        here = [word for word, _, _ in words[at : at + count]]
        last_fits = here[-1].startswith(term.words[-1]) if term.prefix else here[-1] == term.words[-1]
        if last_fits and tuple(here[:-1]) == term.words[:-1]:
            found.append((words[at][1], words[at + count - 1][2]))
    return found


def _cut(text: str, places: Sequence[tuple[int, int]]) -> list[tuple[str, bool]]:
    first = places[0][0]
    begin, end = max(0, first - BEFORE), min(len(text), first + AFTER)
    if begin:
        space = text.find(" ", begin, first)
        begin = space + 1 if space >= 0 else begin
    pieces: list[tuple[str, bool]] = [("… ", False)] if begin else []
    at = begin
    for start, stop in places:
        if start >= end:
            break
        if start < at:
            continue
        pieces += [(text[at:start], False), (text[start:stop], True)]
        at = stop
    pieces.append((text[at:end], False))
    if end < len(text):
        pieces.append((" …", False))
    return [(_SPACES.sub(" ", piece), hit) for piece, hit in pieces if piece]

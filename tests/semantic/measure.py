"""Precision and recall of the semantic cache on the labelled pairs beside this file.

    python tests/semantic/measure.py [--threshold 0.85] [FILE …]

`tuned*.tsv` were looked at while the words that must agree were chosen, `held_out*.tsv` were not. Each line: same or
differs, a category, and two texts.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from quarterdeck.access.routing.caching import DEFAULT_THRESHOLD
from quarterdeck.gateway.cache.semantic.answers import cosine, same
from quarterdeck.gateway.cache.semantic.minilm import MiniLM

FILES = sorted(Path(__file__).parent.glob("*.tsv"))


@dataclass(frozen=True)
class Pair:
    is_same: bool
    category: str
    one: str
    other: str


@dataclass(frozen=True)
class Measured:
    hits: int
    """Pairs that mean the same and were taken for the same."""
    wrong: tuple[Pair, ...]
    """Pairs that do not and were."""
    pairs_same: int
    pairs: int

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + len(self.wrong))

    @property
    def recall(self) -> float:
        return self.hits / self.pairs_same


def pairs_of(file: Path) -> list[Pair]:
    rows = [line.split("\t") for line in file.read_text().splitlines()]
    return [Pair(label == "same", category, one, other) for label, category, one, other in rows]


@cache
def _model() -> MiniLM:
    return MiniLM()


@cache
def _embedded(text: str) -> bytes | None:
    vector = _model().embed(text)
    return None if vector is None else vector.tobytes()


async def measure(pairs: Sequence[Pair], threshold: float = DEFAULT_THRESHOLD, *, words: bool = True) -> Measured:
    """Asks the product's own judgement of each pair. Without `words` the cosine alone decides."""

    async def embed(texts: Sequence[str]) -> list[bytes | None]:
        return [_embedded(text) for text in texts]

    taken = []
    for pair in pairs:
        one, other = await embed([pair.one, pair.other])
        assert one is not None and other is not None
        near = cosine(one, other) >= threshold
        taken.append(near and (not words or await same(pair.one, pair.other, embed)))
    judged = list(zip(pairs, taken, strict=True))
    return Measured(
        hits=sum(pair.is_same and yes for pair, yes in judged),
        wrong=tuple(pair for pair, yes in judged if yes and not pair.is_same),
        pairs_same=sum(pair.is_same for pair in pairs),
        pairs=len(pairs),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=FILES)
    parser.add_argument("--threshold", type=float, default=DEFAULT_THRESHOLD)
    given = parser.parse_args()
    every: list[Pair] = []
    for file in given.files:
        every += pairs_of(file)
        _show(file.name, asyncio.run(measure(pairs_of(file), given.threshold)))
    _show("all", asyncio.run(measure(every, given.threshold)))
    _show("all, cosine alone", asyncio.run(measure(every, given.threshold, words=False)))
    print(
        "near-misses:",
        ", ".join(f"{name} {n}" for name, n in Counter(p.category for p in every if not p.is_same).items()),
    )


def _show(name: str, found: Measured) -> None:
    print(
        f"{name:20} pairs {found.pairs:4}  same {found.pairs_same:4}  hits {found.hits:4}  wrong {len(found.wrong):3}"
        f"  precision {found.precision:.4f}  recall {found.recall:.3f}"
    )
    for pair in found.wrong[:5]:
        print(f"    wrong: {pair.one} | {pair.other}")


if __name__ == "__main__":
    main()

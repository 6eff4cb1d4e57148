"""Steps of runs: which are as good as the same, and how two runs go side by side. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from quarterdeck.control.signals.loops import alike
from quarterdeck.ledger.turns.model import Turn

_COMPARED = 400
"""How many earlier steps of its kind a step is compared with."""


@dataclass(frozen=True, slots=True)
class Step:
    """A call of a run. Instants and durations are microseconds, `cost` nano-dollars (None: no price)."""

    call_id: str
    began: int
    lasted: int
    model: str | None
    outcome: str
    input_tokens: int | None
    cost: int | None
    conversation_id: str | None
    turn: Turn | None

    @property
    def tools(self) -> tuple[str, ...]:
        return () if self.turn is None else self.turn.tools


class Pairing(StrEnum):
    SAME = "same"
    """They came to the same: the same came in, and the same was answered or asked for."""
    DIFFERENT = "different"
    ONLY_FIRST = "only_first"
    ONLY_SECOND = "only_second"


@dataclass(frozen=True, slots=True)
class Pair:
    first: Step | None
    second: Step | None
    pairing: Pairing


class _Firsts:
    """Turns that say nothing again, in order. A turn is alike only to one that asked for the same tools, or that got
    the same result to nearly the same, so those alone are looked through."""

    def __init__(self) -> None:
        self._by_asked: dict[bytes, list[tuple[int, Turn]]] = defaultdict(list)
        self._by_result: dict[tuple[bytes, bytes, tuple[str, ...]], list[tuple[int, Turn]]] = defaultdict(list)

    def like(self, turn: Turn) -> int | None:
        """The number of the first one that it says again."""
        places = [self._by_asked[turn.asked]]
        if turn.result:
            places.append(self._by_result[turn.asked_sketch, turn.result, turn.tools])
        found = (next((number for number, one in each[-_COMPARED:] if alike(one, turn)), None) for each in places)
        return min((number for number in found if number is not None), default=None)

    def add(self, number: int, turn: Turn) -> None:
        self._by_asked[turn.asked].append((number, turn))
        if turn.result:
            self._by_result[turn.asked_sketch, turn.result, turn.tools].append((number, turn))


def near_duplicates(steps: Sequence[Step]) -> dict[str, str]:
    """Call id → the id of the first earlier step that it repeats; steps that repeat none are left out."""
    found: dict[str, str] = {}
    firsts = _Firsts()
    for number, step in enumerate(steps):
        if step.turn is None or step.outcome != "ok":
            continue
        like = firsts.like(step.turn)
        if like is None:
            firsts.add(number, step.turn)
        else:
            found[step.call_id] = steps[like].call_id
    return found


def side_by_side(first: Sequence[Step], second: Sequence[Step]) -> list[Pair]:
    """Two runs aligned: equal steps stand beside each other, what differs beside what it differs from."""
    classes = _classes([*first, *second])
    left, right = classes[: len(first)], classes[len(first) :]
    pairs: list[Pair] = []
    for verb, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if verb == "equal":
            pairs += [Pair(one, other, Pairing.SAME) for one, other in zip(first[a:b], second[c:d], strict=True)]
            continue
        for at in range(max(b - a, d - c)):
            one = first[a + at] if a + at < b else None
            other = second[c + at] if c + at < d else None
            which = Pairing.DIFFERENT if one and other else Pairing.ONLY_FIRST if one else Pairing.ONLY_SECOND
            pairs.append(Pair(one, other, which))
    return pairs


def _classes(steps: Sequence[Step]) -> list[int]:
    """A number for each step; the same number for steps that came to the same."""
    firsts = _Firsts()
    found: list[int] = []
    for number, step in enumerate(steps):
        known = None if step.turn is None else firsts.like(step.turn)
        if known is None and step.turn is not None:
            firsts.add(number, step.turn)
        found.append(number if known is None else known)
    return found

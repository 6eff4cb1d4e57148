"""Whether a run goes in circles: decided from its latest turns alone. Pure.

A turn is what came in and what was answered to it. Turns are put into classes: the same again, or as good as. A run
loops when its latest turns fall into a handful of classes only, each many times over, and nothing new came in since.
The rules, with what they were measured to catch and to leave alone, are in docs/signals.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from quarterdeck.ledger.turns.model import Turn
from quarterdeck.ledger.turns.words import likeness

WINDOW = 64
"""How many of its latest turns a run is judged by."""
LONGEST_CYCLE = 6
ALONE = 5
"""So many times the same turn, one after the other, is a loop."""
CYCLES = 4
"""So many times around a cycle of two to six turns is one."""
OFTEN = 5
"""So many times the same tool call with the same result is one, whatever stands between, while no result is new."""
SAME_RESULT = 5
"""So many tool calls one after the other with other arguments and always the same result."""
SAME_SMALL_RESULT = 6
"""The same for results of a few characters, such as `[]` or `ok`, which many different calls have in common."""
_SMALL = 12
_NEAR = 0.7
_NEAR_BOTH = 1.1
_NEAR_EACH = 0.4
_NEAR_ANSWER = 0.55


class Shape(StrEnum):
    """What kind of loop it is, from the surest to the least sure."""

    IDENTICAL = "identical"
    SAME_CALL = "same_call"
    POLLING = "polling"
    CYCLE = "cycle"
    NEAR = "near"
    SAME_RESULT = "same_result"


CONFIDENCE = {
    Shape.IDENTICAL: 0.99,
    Shape.SAME_CALL: 0.97,
    Shape.POLLING: 0.95,
    Shape.CYCLE: 0.95,
    Shape.NEAR: 0.85,
    Shape.SAME_RESULT: 0.75,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of a run, and what it cost. Instants are microseconds, `cost` nano-dollars (None: no price)."""

    call_id: str
    began: int
    ended: int
    cost: int | None
    turn: Turn


@dataclass(frozen=True, slots=True)
class Loop:
    """What was found: the turns that repeat, oldest first."""

    shape: Shape
    steps: tuple[Step, ...]
    length: int = 1
    """How many different turns the circle has."""
    tool: str | None = None


@dataclass(slots=True)
class Trail:
    """The latest turns of one run, or of one conversation where there is no run, and the class of each."""

    steps: list[Step] = field(default_factory=list)
    classes: list[int] = field(default_factory=list)
    episode: int = 0
    """Where, in `steps`, the conversation last began anew."""
    _next: int = 0

    def add(self, step: Step) -> Loop | None:
        """Take a turn, in the order in which they began; the loop that the run is in now, if it is in one.

        A turn that began before the one like it had ended is no repetition: several were asked for at once.
        """
        if self.steps and step.turn.depth <= self.steps[-1].turn.depth:
            self.episode = len(self.steps)
        like = next((at for at in range(len(self.steps) - 1, -1, -1) if alike(self.steps[at].turn, step.turn)), None)
        if like is not None and step.began < self.steps[like].ended:
            return None
        if like is None:
            self._next += 1
        self.classes.append(self._next if like is None else self.classes[like])
        self.steps.append(step)
        if len(self.steps) > WINDOW:
            cut = len(self.steps) - WINDOW
            del self.steps[:cut], self.classes[:cut]
            self.episode = max(0, self.episode - cut)
        return self.loop()

    def progressed(self) -> None:
        """Something came of it, such as a new version: what was before counts no more."""
        self.steps.clear()
        self.classes.clear()
        self.episode = 0

    def loop(self) -> Loop | None:
        """The surest loop that the latest turns are in."""
        return self._circle() or self._same_call_often() or self._same_result()

    def _circle(self) -> Loop | None:
        """The latest turns are nothing but the same few, over and over."""
        counts: dict[int, int] = {}
        best: Loop | None = None
        for taken, which in enumerate(reversed(self.classes), 1):
            counts[which] = counts.get(which, 0) + 1
            if len(counts) > LONGEST_CYCLE:
                break
            least = ALONE if len(counts) == 1 else CYCLES
            if min(counts.values()) >= least:
                steps = tuple(self.steps[-taken:])
                best = Loop(_shape(steps, len(counts)), steps, len(counts), _tool(steps))
        return best

    def _same_call_often(self) -> Loop | None:
        """One tool call with one result, or one saying, keeps coming back, and nothing that came in between was new."""
        seen: set[bytes] = set()
        groups: dict[tuple[bytes, bytes], list[Step]] = {}
        asking: Step | None = None
        for step, which in zip(self.steps[self.episode :], self.classes[self.episode :], strict=True):
            turn = step.turn
            news = turn.result if turn.results else turn.heard
            if news not in seen:
                seen.add(news)
                groups.clear()
            if turn.results and asking is not None:
                groups.setdefault((asking.turn.asked, turn.result), []).append(asking)
                asking = None
            if turn.asked:
                asking = step
            else:
                groups.setdefault((b"", which.to_bytes(8)), []).append(step)
        for steps in groups.values():
            if len(steps) >= OFTEN:
                return Loop(_shape(tuple(steps), 1), tuple(steps), 1, _tool(steps))
        return None

    def _same_result(self) -> Loop | None:
        """One tool after the other, asked in ever other words, always answers the same."""
        steps: list[Step] = []
        for step in reversed(self.steps[self.episode :]):
            turn = step.turn
            if not turn.results or not turn.tools:
                break
            if steps and (turn.result != steps[-1].turn.result or turn.tools != steps[-1].turn.tools):
                break
            steps.append(step)
        small = bool(steps) and steps[0].turn.heard_size < _SMALL
        if len(steps) < (SAME_SMALL_RESULT if small else SAME_RESULT):
            return None
        steps.reverse()
        return Loop(Shape.SAME_RESULT, tuple(steps), 1, _tool(steps))


def alike(one: Turn, other: Turn) -> bool:
    """Whether a turn says again what another one said."""
    if one.asked != other.asked:
        # The same call but for an instant or an id among its arguments, and the same result as before.
        return one.asked_sketch == other.asked_sketch and one.result == other.result != b"" and one.tools == other.tools
    if one.request == other.request:
        return True
    if one.heard == other.heard:
        return bool(one.asked) or likeness(one.said_sketch, other.said_sketch) >= _NEAR_ANSWER
    if bool(one.results) != bool(other.results):
        return False
    incoming = likeness(one.heard_sketch, other.heard_sketch)
    if one.asked:
        return incoming >= _NEAR
    answered = likeness(one.said_sketch, other.said_sketch)
    return min(incoming, answered) >= _NEAR_EACH and incoming + answered >= _NEAR_BOTH


def _shape(steps: Sequence[Step], length: int) -> Shape:
    if length > 1:
        return Shape.CYCLE
    first = steps[0].turn
    if all(step.turn.request == first.request for step in steps):
        return Shape.IDENTICAL
    if first.asked and all(step.turn.heard == first.heard for step in steps[1:]):
        raw = {step.turn.heard_raw for step in steps[1:]}
        return Shape.POLLING if len(raw) > 1 else Shape.SAME_CALL
    return Shape.NEAR


def _tool(steps: Sequence[Step]) -> str | None:
    names = {name for step in steps for name in step.turn.tools}
    return next(iter(names)) if len(names) == 1 else None

"""Whether a run goes in circles: decided from its latest turns alone. Pure.

A turn is what came in and what was answered to it. Turns are put into classes: the same again, or as good as. A run
loops when its latest turns fall into a handful of classes only, each many times over, and nothing new came in since.
The rules, with what they were measured to catch and to leave alone, are in docs/signals.md.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

import msgspec

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
_Called = tuple[bytes, tuple[str, ...], bytes]
"""What tools were called with, as a sketch tells, and the result that stood before: with these the same, what differs
in the arguments is but an instant or an id."""
_Key = TypeVar("_Key", bytes, _Called)


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


class Step(msgspec.Struct, frozen=True):
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
    _gone: int = 0
    """How many turns stood before `steps`: places are counted from there, so that they last."""
    _asking: dict[bytes, deque[int]] = field(default_factory=dict)
    """Places of turns by what they asked for: only among these, and those below, can one be alike."""
    _results: dict[_Called, deque[int]] = field(default_factory=dict)

    def add(self, step: Step) -> Loop | None:
        """Take a turn, in the order in which they began; the loop that the run is in now, if it is in one."""
        return self.loop() if self.take(step) else None

    def take(self, step: Step) -> bool:
        """The same without looking for a loop yet, which may be done once for many turns; whether it counts.

        A turn that began before the one like it had ended is no repetition: several were asked for at once.
        """
        if self.steps and step.turn.depth <= self.steps[-1].turn.depth:
            self.episode = len(self.steps)
        like = self._like(step.turn)
        if like is None:
            self._next += 1
            self.classes.append(self._next)
        elif step.began < self.steps[like].ended:
            return False
        else:
            self.classes.append(self.classes[like])
        place = self._gone + len(self.steps)
        self.steps.append(step)
        self._asking.setdefault(step.turn.asked, deque()).append(place)
        if step.turn.result:
            self._results.setdefault(_called(step.turn), deque()).append(place)
        if len(self.steps) > WINDOW:
            self._forget_oldest()
        return True

    def progressed(self) -> None:
        """Something came of it, such as a new version: what was before counts no more."""
        self.steps.clear()
        self.classes.clear()
        self._asking.clear()
        self._results.clear()
        self.episode = 0

    def loop(self) -> Loop | None:
        """The surest loop that the latest turns are in."""
        return self._circle() or self._same_call_often() or self._same_result()

    def _like(self, turn: Turn) -> int | None:
        """Where the latest turn is that this one is like."""
        steps, gone = self.steps, self._gone
        newest = -1
        for place in reversed(self._results.get(_called(turn), ()) if turn.result else ()):
            if steps[place - gone].turn.asked != turn.asked:
                newest = place - gone
                break
        for place in reversed(self._asking.get(turn.asked, ())):
            if place - gone < newest:
                break
            if alike(steps[place - gone].turn, turn):
                return place - gone
        return newest if newest >= 0 else None

    def _forget_oldest(self) -> None:
        turn = self.steps[0].turn
        _forget_first(self._asking, turn.asked)
        if turn.result:
            _forget_first(self._results, _called(turn))
        del self.steps[0], self.classes[0]
        self._gone += 1
        self.episode = max(0, self.episode - 1)

    def _circle(self) -> Loop | None:
        """The latest turns are nothing but the same few, over and over."""
        counts: dict[int, int] = {}
        best = different = 0
        for taken, which in enumerate(reversed(self.classes), 1):
            counts[which] = counts.get(which, 0) + 1
            if len(counts) > LONGEST_CYCLE:
                break
            least = ALONE if len(counts) == 1 else CYCLES
            if min(counts.values()) >= least:
                best, different = taken, len(counts)
        if not best:
            return None
        steps = tuple(self.steps[-best:])
        return Loop(_shape(steps, different), steps, different, _tool(steps))

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


def _called(turn: Turn) -> _Called:
    return turn.asked_sketch, turn.tools, turn.result


def _forget_first(places: dict[_Key, deque[int]], key: _Key) -> None:
    some = places[key]
    some.popleft()
    if not some:
        del places[key]


def alike(one: Turn, other: Turn) -> bool:
    """Whether a turn says again what another one said."""
    if one.asked != other.asked:
        # The same call but for an instant or an id among its arguments, and the same result as before.
        return one.result != b"" and _called(one) == _called(other)
    if one.request == other.request:
        return True
    if one.heard == other.heard:
        return bool(one.asked) or likeness(one.said_sketch, other.said_sketch) >= _NEAR_ANSWER
    if bool(one.results) != bool(other.results):
        return False
    incoming = likeness(one.heard_sketch, other.heard_sketch)
    if one.asked or incoming < _NEAR_EACH:
        return bool(one.asked) and incoming >= _NEAR
    answered = likeness(one.said_sketch, other.said_sketch)
    return answered >= _NEAR_EACH and incoming + answered >= _NEAR_BOTH


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

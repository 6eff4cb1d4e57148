"""What was shown of agents, as stretches of time. Pure: what to write is said, and written by who calls.

A state that lasts has a stretch of its own, to the microsecond. States that take turns faster than that share one, with
how long each was shown in it: an agent that streams and uses tools by the second has a row a minute, not a hundred.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from quarterdeck.control.status.model import State, WaitsFor
from quarterdeck.kernel.clock import MINUTE

SHORTEST = MINUTE
"""A stretch that ends earlier goes on with what is shown next."""
Key = tuple[str, str]
"""Workspace and agent."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was shown of an agent, as far as it is kept."""

    state: State
    run_id: str | None = None
    waits_for: WaitsFor | None = None
    waits_name: str | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `began` to `until` (None: still), how many microseconds each state was shown. A state that is shown still,
    and alone, has 0. What it waited for and its run are the first there were."""

    workspace_id: str
    agent_id: str
    began: int
    until: int | None
    shown: dict[State, int]
    run_id: str | None = None
    waits_for: WaitsFor | None = None
    waits_name: str | None = None


@dataclass(slots=True)
class _Open:
    began: int
    first: Seen
    state: State
    since: int
    shown: dict[State, int] = field(default_factory=dict)
    kept: bool = False
    """Whether it is written already, as one that goes on."""


class Stretches:
    """The stretches that are not over, of every agent. `written` gathers what is to be stored, in order: a stretch
    that is there already with the same beginning is replaced."""

    def __init__(self) -> None:
        self._open: dict[Key, _Open] = {}
        self._young: set[Key] = set()
        self.written: list[Stretch] = []

    def see(self, key: Key, seen: Seen, now: int) -> None:
        """This is shown from now on."""
        open_ = self._open.get(key)
        if open_ is None:
            self._begin(key, seen, now)
            return
        if open_.state is seen.state:
            return
        _add(open_, now)
        if now - open_.began >= SHORTEST:
            self._end(key, open_, now)
            self._begin(key, seen, now)
            return
        open_.state = seen.state
        first = open_.first
        if first.waits_for is None and seen.waits_for is not None:
            open_.first = first = replace(first, waits_for=seen.waits_for, waits_name=seen.waits_name)
        if first.run_id is None and seen.run_id is not None:
            open_.first = replace(first, run_id=seen.run_id)

    def settle(self, now: int) -> None:
        """Write what has come of age: what is one state goes on, what is several is over."""
        for key in [key for key in self._young if now - self._open[key].began >= SHORTEST]:
            open_ = self._open[key]
            if not open_.shown or set(open_.shown) == {open_.state}:
                self._young.discard(key)
                open_.kept = True
                self.written.append(_stretch(key, open_, None))
                continue
            _add(open_, now)
            self._end(key, open_, now)
            self._begin(key, replace(open_.first, state=open_.state), now)

    def keep_only(self, keys: Iterable[Key], now: int) -> None:
        """Nothing is shown any more of any other agent."""
        for key in self._open.keys() - set(keys):
            open_ = self._open.pop(key)
            _add(open_, now)
            self._end(key, open_, now)

    def clear(self) -> None:
        """Forget all: another process watches."""
        self._open.clear()
        self._young.clear()
        self.written.clear()

    def _begin(self, key: Key, seen: Seen, now: int) -> None:
        self._open[key] = _Open(now, seen, seen.state, now)
        self._young.add(key)

    def _end(self, key: Key, open_: _Open, now: int) -> None:
        self._young.discard(key)
        if now > open_.began:
            self.written.append(_stretch(key, open_, now))


def _add(open_: _Open, now: int) -> None:
    open_.shown[open_.state] = open_.shown.get(open_.state, 0) + max(0, now - open_.since)
    open_.since = now


def _stretch(key: Key, open_: _Open, until: int | None) -> Stretch:
    first = open_.first
    shown = {state: each for state, each in open_.shown.items() if each} or {open_.state: 0}
    return Stretch(*key, open_.began, until, shown, first.run_id, first.waits_for, first.waits_name)


def closed(stretch: Stretch, at: int) -> Stretch:
    """One that nobody ended, as over at that instant."""
    until = max(at, stretch.began)
    if any(stretch.shown.values()):
        return replace(stretch, until=until)
    return replace(stretch, until=until, shown={state: until - stretch.began for state in stretch.shown})


def overlapping(found: Iterable[Stretch], begin: int) -> Iterator[Stretch]:
    """Without those that were over before `begin`."""
    return (each for each in found if each.until is None or each.until > begin)

"""A bounded queue that is fair: by urgency of the task, between agents by their weight, then by what is due first.

Within one urgency, agents take turns (start-time fair queueing): each call carries the virtual time at which its agent
would have been served had all agents shared evenly, so one that sends a thousand calls waits behind its own. Between
urgencies the more urgent goes first, but waiting counts: `step` seconds of it are worth one level, so nobody starves.
"""

import heapq
import itertools
from collections.abc import Callable
from typing import Any

LEVELS = 4
UNDUE = 1 << 62


class Waiting:
    """One call in the queue."""

    __slots__ = ("agent", "arrived", "ask", "due", "gone", "grant", "level", "order", "tag", "weight")

    def __init__(
        self,
        *,
        level: int,
        agent: str,
        weight: int,
        due: int | None,
        arrived: float,
        ask: Any,
        grant: Callable[[], None],
    ) -> None:
        """`ask` is what it waits for, as whoever serves the queue knows it."""
        self.level = min(max(level, 0), LEVELS - 1)
        self.agent = agent
        self.weight = max(1, weight)
        self.due = UNDUE if due is None else due
        self.arrived = arrived
        self.ask = ask
        self.grant = grant
        self.gone = False
        """It waits no longer: served, or its caller left or lost patience."""
        self.tag = 0.0
        self.order = 0

    def __lt__(self, other: "Waiting") -> bool:
        return (self.tag, self.due, self.order) < (other.tag, other.due, other.order)


class FairQueue:
    """Not for several threads; knows no clock and waits for nothing by itself."""

    def __init__(self, step: float) -> None:
        self.step = step
        """Seconds of waiting that are worth one level of urgency."""
        self._heaps: list[list[Waiting]] = [[] for _ in range(LEVELS)]
        self._virtual = [0.0] * LEVELS
        self._finish: list[dict[str, float]] = [{} for _ in range(LEVELS)]
        self._numbers = itertools.count()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def push(self, waiting: Waiting) -> None:
        level = waiting.level
        finish = self._finish[level]
        waiting.tag = max(self._virtual[level], finish.get(waiting.agent, 0.0))
        finish[waiting.agent] = waiting.tag + 1.0 / waiting.weight
        waiting.order = next(self._numbers)
        heapq.heappush(self._heaps[level], waiting)
        self._size += 1

    def head(self, now: float) -> Waiting | None:
        """Whose turn it is."""
        best: Waiting | None = None
        best_score = 0.0
        for level, heap in enumerate(self._heaps):
            while heap and heap[0].gone:
                heapq.heappop(heap)
            if not heap:
                # Nobody waits here: all begin again as equals.
                self._finish[level].clear()
                self._virtual[level] = 0.0
                continue
            score = level * self.step - (now - heap[0].arrived)
            if best is None or score < best_score:
                best, best_score = heap[0], score
        return best

    def pop(self, waiting: Waiting) -> None:
        """The head has been served."""
        heapq.heappop(self._heaps[waiting.level])
        self._virtual[waiting.level] = waiting.tag
        self.drop(waiting)

    def drop(self, waiting: Waiting) -> None:
        """It waits no longer; what is left of it is passed over later."""
        if not waiting.gone:
            waiting.gone = True
            self._size -= 1

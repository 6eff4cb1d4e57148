"""Where money went: every nano-dollar in exactly one class, by what is known of calls, runs and tasks. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from quarterdeck.ledger.work_costs import Fact, Spent


class CostClass(StrEnum):
    USEFUL = "useful"
    """Of a run that succeeded on a task that is done."""
    REWORK = "rework"
    """The same, after a reviewer had sent the task back."""
    IN_PROGRESS = "in_progress"
    """What will come of it is not known yet."""
    FAILED = "failed"
    """Of a run or task that came to nothing, or a call that was not answered well."""
    LOOPED = "looped"
    DUPLICATE = "duplicate"
    BLOCKED_IDLE = "blocked_idle"
    """Spent while the task waited for another."""
    UNCLAIMED = "unclaimed"
    """Without any task."""
    REPLAY = "replay"
    """Asked again by a person, to compare: neither use nor waste of the task whose call it was."""


WASTE = frozenset(set(CostClass) - {CostClass.USEFUL, CostClass.IN_PROGRESS, CostClass.UNCLAIMED, CostClass.REPLAY})
"""What came to nothing. Of what belongs to no task nobody knows what came of it."""
_BY_FACT = {
    Fact.FAILED: CostClass.FAILED,
    Fact.BLOCKED: CostClass.BLOCKED_IDLE,
    Fact.DUPLICATE: CostClass.DUPLICATE,
    Fact.LOOPED: CostClass.LOOPED,
    Fact.REPLAY: CostClass.REPLAY,
}


@dataclass(frozen=True, slots=True)
class TaskFacts:
    state: str
    sent_back_at: int | None = None
    """When a reviewer first asked for changes or rejected."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    state: str
    began: int
    task: TaskFacts | None = None


def class_of(spent: Spent, runs: Mapping[str, RunFacts], tasks: Mapping[str, TaskFacts]) -> CostClass:
    """The one class of what was spent. What is known of the calls themselves comes before what came of their run."""
    run = runs.get(spent.run_id)
    task = run.task if run is not None and run.task is not None else tasks.get(spent.task_id)
    return class_from(spent.fact, run, task)


def class_from(fact: Fact, run: RunFacts | None, task: TaskFacts | None) -> CostClass:
    """The same, of what is known about the run and the task."""
    if fact in _BY_FACT:
        return _BY_FACT[fact]
    if run is None and task is None:
        return CostClass.UNCLAIMED
    if run is not None and run.state in ("failed", "cancelled", "expired"):
        return CostClass.FAILED
    if task is None or task.state not in ("done", "cancelled") or (run is not None and run.state != "succeeded"):
        return CostClass.IN_PROGRESS
    if task.state == "cancelled":
        return CostClass.FAILED
    sent_back = task.sent_back_at is not None and run is not None and run.began >= task.sent_back_at
    return CostClass.REWORK if sent_back else CostClass.USEFUL


@dataclass(slots=True)
class Sums:
    """Nano-dollars and calls by class."""

    cost: dict[CostClass, int]
    calls: int = 0
    unpriced_calls: int = 0

    @classmethod
    def none(cls) -> "Sums":
        return cls(dict.fromkeys(CostClass, 0))

    @classmethod
    def all_of(cls, parts: "Iterable[Sums]") -> "Sums":
        """These together."""
        whole = cls.none()
        for part in parts:
            for which, cost in part.cost.items():
                whole.cost[which] += cost
            whole.calls += part.calls
            whole.unpriced_calls += part.unpriced_calls
        return whole

    @property
    def total(self) -> int:
        return sum(self.cost.values())

    def add(self, spent: Spent, which: CostClass) -> None:
        self.cost[which] += spent.cost
        self.calls += spent.calls
        self.unpriced_calls += spent.unpriced_calls


def add_up(
    rows: Iterable[tuple[str, Spent]], runs: Mapping[str, RunFacts], tasks: Mapping[str, TaskFacts]
) -> dict[str, Sums]:
    """Sums by class for each value that a row is counted under."""
    found: dict[str, Sums] = {}
    for value, spent in rows:
        found.setdefault(value, Sums.none()).add(spent, class_of(spent, runs, tasks))
    return found

"""Which pause, if any, covers a run, an agent or a task. Pure, over the orders that stand."""

from collections.abc import Iterable, Mapping, Sequence

from quarterdeck.control.lever.model import Order, Scope


class Cover:
    """The pauses in force at an instant. `above` names each task's parents, nearest first, and its project last."""

    def __init__(self, orders: Iterable[Order], now: int, above: Mapping[str, Sequence[str]] | None = None) -> None:
        self._by: dict[tuple[Scope, str], Order] = {}
        for order in orders:
            if order.in_force(now):
                self._by.setdefault((order.scope, order.subject_id), order)
        self._above = above or {}

    def __bool__(self) -> bool:
        return bool(self._by)

    def of_agent(self, agent_id: str) -> Order | None:
        return self._by.get((Scope.AGENT, agent_id)) or self._by.get((Scope.ALL, ""))

    def of_task(self, task_id: str) -> Order | None:
        found = self._by.get((Scope.TASK, task_id))
        for above in self._above.get(task_id, ()):
            found = found or self._by.get((Scope.TASK, above)) or self._by.get((Scope.PROJECT, above))
        return found or self._by.get((Scope.ALL, ""))

    def of_run(self, run_id: str, task_id: str | None) -> Order | None:
        own = self._by.get((Scope.RUN, run_id))
        return own or (self.of_task(task_id) if task_id is not None else self._by.get((Scope.ALL, "")))

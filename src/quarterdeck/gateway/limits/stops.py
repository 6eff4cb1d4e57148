"""Whom budgets stopped, until control is told. Each budget says so once for each of its windows and amounts."""

from quarterdeck.access import wire
from quarterdeck.access.budgets.model import BudgetEntry
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.limits import worst
from quarterdeck.gateway.limits.counters import Counter

_Key = tuple[str, str, str, str, int]


class Stops:
    """Those of one gateway."""

    def __init__(self) -> None:
        self._untold: dict[_Key, wire.Stop] = {}
        self._known: set[_Key] = set()

    def add(self, entry: BudgetEntry, counter: Counter, draft: Draft) -> None:
        key = (*counter.key, entry.mode, entry.amount)
        if key in self._known or draft.workspace is None:
            return
        if len(self._known) >= worst.KEPT:
            self._known.clear()
        self._known.add(key)
        attribution = draft.attribution
        self._untold[key] = wire.Stop(
            draft.workspace.id,
            *counter.key,
            entry.mode,
            draft.agent.id if draft.agent is not None else None,
            attribution.task_id if attribution is not None else None,
            attribution.run_id if attribution is not None else None,
        )

    def told(self) -> list[wire.Stop]:
        """Those since this was last asked."""
        found = list(self._untold.values())
        self._untold.clear()
        return found

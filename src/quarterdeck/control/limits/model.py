"""A limit as a row."""

from dataclasses import dataclass, field
from typing import Any

from quarterdeck.access.limits.model import (
    DEFAULT_WAIT_MS,
    MAX_WEIGHT,
    QUEUED,
    LimitEntry,
    Measure,
    Period,
    check,
)
from quarterdeck.access.scopes import Scope
from quarterdeck.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Limit:
    """A row. `weights` are shares of agents, by id."""

    id: str
    workspace_id: str
    scope: Scope
    measure: Measure
    amount: int
    period: Period | None
    burst: int | None
    max_wait_ms: int
    weights: dict[str, int]
    declared: bool
    created_by: str | None
    created_at: int
    version: int

    @property
    def name(self) -> str:
        """What an error calls it: it has no name of its own."""
        return "This limit"

    def entry(self, shown: str) -> LimitEntry:
        """As gateways hold it."""
        return LimitEntry(
            id=self.id,
            scope=self.scope,
            measure=self.measure.value,
            amount=self.amount,
            period=None if self.period is None else self.period.value,
            burst=self.burst or self.amount,
            max_wait_ms=self.max_wait_ms,
            weights=self.weights,
            shown=shown,
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A limit as somebody wants it. `max_wait_ms` None: the usual for its scope."""

    scope: Scope
    measure: Measure
    amount: int
    period: Period | None = None
    burst: int | None = None
    max_wait_ms: int | None = None
    weights: dict[str, int] = field(default_factory=dict)

    def checked(self) -> dict[str, Any]:
        """The columns to write. Raises Invalid, naming the field."""
        usual = DEFAULT_WAIT_MS if self.scope.kind in QUEUED else 0
        wait = usual if self.max_wait_ms is None else self.max_wait_ms
        check(self.scope, self.measure, self.amount, self.period, self.burst, wait)
        if not all(1 <= weight <= MAX_WEIGHT for weight in self.weights.values()):
            raise Invalid(f"a weight is 1 to {MAX_WEIGHT}.", field="weights")
        return {
            "scope_kind": str(self.scope.kind),
            "scope_value": self.scope.value,
            "measure": self.measure.value,
            "amount": self.amount,
            "period": "" if self.period is None else self.period.value,
            "burst": self.burst,
            "max_wait_ms": wait,
            "weights": self.weights,
        }

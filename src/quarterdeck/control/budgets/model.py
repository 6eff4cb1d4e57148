"""A budget as a row, and how it stands."""

from dataclasses import dataclass
from typing import Any

import msgspec

from quarterdeck.access.budgets.model import (
    ASSUMED_OUTPUT,
    DEFAULT_WARN,
    MAX_ASSUMED_OUTPUT,
    BudgetEntry,
    Ceiling,
    Mode,
    Window,
    check_window,
    checked_amount,
    checked_levels,
)
from quarterdeck.access.scopes import Scope
from quarterdeck.kernel.errors import Invalid

MAX_PRICE = 10**15
"""Femto-dollars for a token: a dollar."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A row. `amount` is nano-dollars, instants are microseconds since the epoch."""

    id: str
    workspace_id: str
    scope: Scope
    amount: int
    window: Window
    mode: Mode
    warn: tuple[int, ...]
    ceiling: Ceiling | None
    assumed_output: int
    declared: bool
    created_by: str | None
    created_at: int
    version: int

    @property
    def name(self) -> str:
        """What an error calls it: it has no name of its own."""
        return "This budget"

    @property
    def wanted(self) -> "Wanted":
        """As it was asked for, to be compared or asked for with a change."""
        return Wanted(self.scope, self.amount, self.window, self.mode, self.warn, self.ceiling, self.assumed_output)

    def entry(self, shown: str) -> BudgetEntry:
        """As gateways hold it."""
        return BudgetEntry(
            id=self.id,
            scope=self.scope,
            amount=self.amount,
            window=self.window.value,
            mode=self.mode.value,
            warn=list(self.warn),
            ceiling=self.ceiling,
            assumed_output=self.assumed_output,
            shown=shown,
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A budget as somebody wants it."""

    scope: Scope
    amount: int
    window: Window
    mode: Mode = Mode.HARD
    warn: tuple[int, ...] = DEFAULT_WARN
    ceiling: Ceiling | None = None
    assumed_output: int = ASSUMED_OUTPUT

    def checked(self) -> dict[str, Any]:
        """The columns to write. Raises Invalid, naming the field."""
        check_window(self.scope, self.window)
        if not 1 <= self.assumed_output <= MAX_ASSUMED_OUTPUT:
            raise Invalid(f"assumed_output_tokens is 1 to {MAX_ASSUMED_OUTPUT}.", field="assumed_output_tokens")
        if self.ceiling is not None and not all(
            0 <= price <= MAX_PRICE for price in (self.ceiling.input, self.ceiling.output)
        ):
            raise Invalid("a ceiling price is 0 to a million dollars per million tokens.", field="ceiling")
        return {
            "scope_kind": str(self.scope.kind),
            "scope_value": self.scope.value,
            "amount": checked_amount(self.amount),
            "window_kind": self.window.value,
            "mode": self.mode.value,
            "warn": checked_levels(self.warn),
            "ceiling": None if self.ceiling is None else msgspec.to_builtins(self.ceiling),
            "assumed_output": self.assumed_output,
        }

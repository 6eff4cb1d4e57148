"""A budget: a cap on what a scope may spend in a window, and the account of one window of it."""

from enum import StrEnum

import msgspec

from quarterdeck.access.scopes import Scope, ScopeKind
from quarterdeck.kernel.errors import Invalid

SCOPES = (
    ScopeKind.WORKSPACE,
    ScopeKind.PROJECT,
    ScopeKind.AGENT,
    ScopeKind.TASK,
    ScopeKind.RUN,
    ScopeKind.KEY,
    ScopeKind.MODEL,
    ScopeKind.PROVIDER,
    ScopeKind.TAG,
)
DEFAULT_WARN = (50, 80, 100)
MAX_LEVELS = 10
MAX_LEVEL = 1_000
MAX_AMOUNT = 10**9 * 10**9
"""Nano-dollars: a billion dollars."""
ASSUMED_OUTPUT = 4_096
"""Tokens held for the answer of a call that names no maximum."""
MAX_ASSUMED_OUTPUT = 1_000_000
OF_A_RUN = frozenset({ScopeKind.RUN, ScopeKind.TASK})
"""A stop here concerns one piece of work, so it is told in neutral words."""


class Window(StrEnum):
    RUN = "run"
    """Every run for itself."""
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    TOTAL = "total"


class Mode(StrEnum):
    HARD = "hard"
    """The call that would pass the cap is refused, and a stream that reaches it is cut."""
    WARN = "warn"
    """Nothing is refused; levels are told."""
    SHADOW = "shadow"
    """Nothing is refused; what hard would have refused is told."""


_PER_RUN = frozenset({ScopeKind.WORKSPACE, ScopeKind.PROJECT, ScopeKind.AGENT, ScopeKind.TASK, ScopeKind.RUN})


class Ceiling(msgspec.Struct, frozen=True):
    """What a call to a model without a price counts as: femto-dollars per token, and per call."""

    input: int
    output: int
    request: int = 0


class BudgetEntry(msgspec.Struct, frozen=True):
    """A budget as gateways hold it. `amount` is nano-dollars; `warn` are percents of it."""

    id: str
    scope: Scope
    amount: int
    window: str
    mode: str
    warn: list[int] = []
    ceiling: Ceiling | None = None
    assumed_output: int = ASSUMED_OUTPUT
    shown: str = ""
    """The scope as people write it, names and not ids."""

    @property
    def of_a_run(self) -> bool:
        return self.window == Window.RUN or self.scope.kind in OF_A_RUN


def check_window(scope: Scope, window: Window) -> None:
    """Raises Invalid when what the scope spends in one run cannot be told."""
    if window is Window.RUN and scope.kind not in _PER_RUN:
        kinds = ", ".join(sorted(_PER_RUN))
        raise Invalid(f"a budget per run is on {kinds}; for {scope.kind} take another window.", field="window")


def checked_amount(nano: int) -> int:
    """Raises Invalid."""
    if not 0 <= nano <= MAX_AMOUNT:
        raise Invalid("a budget is 0 to a billion dollars: write the number alone.", field="usd")
    return nano


def checked_levels(levels: list[int] | tuple[int, ...]) -> list[int]:
    """Warn levels, each once, lowest first. Raises Invalid."""
    if len(levels) > MAX_LEVELS or not all(1 <= level <= MAX_LEVEL for level in levels):
        raise Invalid(f"warn is at most {MAX_LEVELS} percents from 1 to {MAX_LEVEL}, such as [50, 80].", field="warn")
    return sorted(set(levels))

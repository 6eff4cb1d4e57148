"""What runs, tasks and agents cost, from the ledger's rollups: looked up for a whole page at once."""

from collections.abc import Collection
from dataclasses import dataclass

from quarterdeck.db import Transaction


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums of calls. Money is nano-dollars of the calls that have a price; the others are counted apart."""

    calls: int = 0
    errors: int = 0
    cost_nano: int = 0
    unpriced_calls: int = 0


NO_CALLS = Figures()


async def of(
    tx: Transaction, workspace_id: str, dim: str, values: Collection[str], *, since: int | None = None
) -> dict[str, Figures]:
    return dict.fromkeys(values, NO_CALLS)


@dataclass(frozen=True, slots=True)
class LastCall:
    at: int
    model: str | None
    outcome: str


async def last_calls(tx: Transaction, workspace_id: str, agent_ids: Collection[str]) -> dict[str, LastCall]:
    return {}

"""The gateways as a write sees them that may be sent again: what they have not confirmed, the repetition confirms."""

from collections.abc import Collection, Sequence
from typing import Any

from quarterdeck.access import wire
from quarterdeck.control.http import Gateways
from quarterdeck.kernel.errors import Unavailable


class Confirming:
    """Lets a route go on to its answer when gateways do not confirm what it has committed, and notes what is left.

    Without this the route would end in between, and nobody would ever see the answer to what it did.
    """

    def __init__(self, gateways: Gateways) -> None:
        self._gateways = gateways
        self.failure: Unavailable | None = None
        """Why gateways have not confirmed; None when they have."""
        self._endings: list[dict[str, Any]] = []

    @property
    def left(self) -> list[dict[str, Any]] | None:
        """What `confirm` takes, as JSON has it; None when nothing is left to be confirmed."""
        return None if self.failure is None else self._endings

    async def ensure_published(self) -> None:
        try:
            await self._gateways.ensure_published()
        except Unavailable as failure:
            self.failure = failure

    async def end_calls(self, *, scope: str, ids: Collection[str], code: str, message: str) -> int:
        self._endings.append({"scope": scope, "ids": list(ids), "code": code, "message": message})
        return await self._gateways.end_calls(scope=scope, ids=ids, code=code, message=message)

    def budget_states(self, workspace_id: str) -> list[wire.BudgetState]:
        return self._gateways.budget_states(workspace_id)

    def limit_states(self, workspace_id: str) -> list[wire.LimitState]:
        return self._gateways.limit_states(workspace_id)


async def confirm(gateways: Gateways, left: Sequence[dict[str, Any]]) -> None:
    """Return once gateways act on what was committed before, and have ended what was to end. Raises Unavailable."""
    await gateways.ensure_published()
    for each in left:
        await gateways.end_calls(**each)

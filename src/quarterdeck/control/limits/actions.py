"""Verbs on limits: add, change, remove."""

from dataclasses import replace
from typing import Any

from quarterdeck.control.agents import store as agents
from quarterdeck.control.limits import store
from quarterdeck.control.limits.model import Limit, Wanted
from quarterdeck.db import Transaction
from quarterdeck.db.named import changed, must_be_open
from quarterdeck.kernel.errors import Changed, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id


async def add(
    tx: Transaction, workspace_id: str, wanted: Wanted, *, declared: bool = False, actor: str | None = None
) -> Limit:
    """Raises Invalid; Changed `limit_exists` when the scope has one of this measure and period."""
    values = wanted.checked()
    if await store.same(tx, workspace_id, wanted.scope, wanted.measure, wanted.period) is not None:
        raise Changed(
            "There is a limit on this scope for this measure and period already; change that one.", code="limit_exists"
        )
    limit_id = new_id("lim")
    await store.insert(tx, workspace_id, limit_id, {**values, "declared": declared, "created_by": actor})
    limit = await get(tx, workspace_id, limit_id)
    await tell(tx, limit, "added", actor)
    return limit


async def change(
    tx: Transaction, limit: Limit, wanted: Wanted, *, version: int | None = None, actor: str | None = None
) -> Limit:
    """Make it as wanted; its scope, measure and period stay.

    Raises Invalid; Changed when it is declared or no longer at `version`.
    """
    must_be_open(limit, version)
    values = replace(wanted, scope=limit.scope, measure=limit.measure, period=limit.period).checked()
    fresh = await store.update(tx, limit, values)
    if fresh is None:
        raise changed(limit)
    await tell(tx, fresh, "changed", actor)
    return fresh


async def remove(tx: Transaction, limit: Limit, *, version: int | None = None, actor: str | None = None) -> None:
    """Raises Changed when it is declared or no longer at `version`."""
    must_be_open(limit, version)
    if not await store.delete(tx, limit):
        raise changed(limit)
    await tell(tx, limit, "removed", actor)


async def get(tx: Transaction, workspace_id: str, limit_id: str) -> Limit:
    """Raises NotFound."""
    limit = await store.find(tx, workspace_id, limit_id)
    if limit is None:
        raise NotFound("There is no such limit in this workspace.")
    return limit


async def weights_by_id(tx: Transaction, workspace_id: str, weights: dict[str, int]) -> dict[str, int]:
    """Shares by agents' ids, of shares by ids or names. Raises Invalid for an agent that is not there."""
    found = {}
    for name, weight in weights.items():
        agent = await agents.find(tx, workspace_id, name) or await agents.by_name(tx, workspace_id, name)
        if agent is None:
            raise Invalid(f"there is no agent {name!r} in this workspace.", field="weights")
        found[agent.id] = weight
    return found


async def tell(tx: Transaction, limit: Limit, what: str, actor: str | None) -> None:
    data: dict[str, Any] = {"what": what, "scope": str(limit.scope), "measure": limit.measure, "amount": limit.amount}
    await tx.emit(Event(limit.workspace_id, "limit.changed", limit.id, data, actor))

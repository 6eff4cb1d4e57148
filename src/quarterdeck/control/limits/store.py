"""All SQL of limits."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from quarterdeck.access.limits.model import Measure, Period
from quarterdeck.access.limits.tables import limits
from quarterdeck.access.scopes import Scope
from quarterdeck.control.limits.model import Limit
from quarterdeck.db import Transaction


async def insert(tx: Transaction, workspace_id: str, limit_id: str, values: Mapping[str, Any]) -> None:
    await tx.execute(
        limits.insert().values(workspace_id=workspace_id, id=limit_id, created_at=tx.now, version=1, **values)
    )


async def update(tx: Transaction, limit: Limit, values: Mapping[str, Any]) -> Limit | None:
    """Write `values` if the row is still at the version of `limit`; None when it is not."""
    row = await tx.row(
        limits.update()
        .where(_is(limit.workspace_id, limit.id), limits.c.version == limit.version)
        .values(**values, version=limits.c.version + 1)
        .returning(limits)
    )
    return None if row is None else _limit(row)


async def delete(tx: Transaction, limit: Limit) -> bool:
    return await tx.changed(limits.delete().where(_is(limit.workspace_id, limit.id), limits.c.version == limit.version))


async def find(tx: Transaction, workspace_id: str, limit_id: str) -> Limit | None:
    row = await tx.row(sa.select(limits).where(_is(workspace_id, limit_id)))
    return None if row is None else _limit(row)


async def same(
    tx: Transaction, workspace_id: str, scope: Scope, measure: Measure, period: Period | None
) -> Limit | None:
    """The limit on the same scope, measure and period: there is at most one."""
    row = await tx.row(
        sa.select(limits).where(
            limits.c.workspace_id == workspace_id,
            limits.c.scope_kind == str(scope.kind),
            limits.c.scope_value == scope.value,
            limits.c.measure == measure.value,
            limits.c.period == ("" if period is None else period.value),
        )
    )
    return None if row is None else _limit(row)


async def all_of(tx: Transaction, workspace_id: str | None = None) -> list[Limit]:
    """Every limit, oldest first; of one workspace, or of all."""
    query = sa.select(limits).order_by(limits.c.workspace_id, limits.c.id)
    if workspace_id is not None:
        query = query.where(limits.c.workspace_id == workspace_id)
    return [_limit(row) for row in await tx.rows(query)]


def _is(workspace_id: str, limit_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(limits.c.workspace_id == workspace_id, limits.c.id == limit_id)


def _limit(row: sa.RowMapping) -> Limit:
    return Limit(
        id=row["id"],
        workspace_id=row["workspace_id"],
        scope=Scope(row["scope_kind"], row["scope_value"]),
        measure=Measure(row["measure"]),
        amount=row["amount"],
        period=Period(row["period"]) if row["period"] else None,
        burst=row["burst"],
        max_wait_ms=row["max_wait_ms"],
        weights=row["weights"],
        declared=row["declared"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        version=row["version"],
    )

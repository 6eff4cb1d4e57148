"""All SQL of approvals."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.approvals.model import Approval, ApprovalState
from quarterdeck.control.runs.store import runs
from quarterdeck.db import Prepared, Transaction, metadata
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import storable

_LIVE = "state IN ('pending', 'approved')"

approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("agent_id", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("payload_sha256", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("decided_by", sa.Text, sa.ForeignKey("members.id")),
    sa.Column("decided_at", sa.BigInteger),
    sa.Column("comment", sa.Text),
    sa.Column("used_at", sa.BigInteger),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sa.ForeignKeyConstraint(["workspace_id", "run_id"], ["runs.workspace_id", "runs.id"]),
    sa.Index("ix_approvals_task", "workspace_id", "task_id", "id"),
    sa.Index("ix_approvals_run", "workspace_id", "run_id"),
    sa.Index("ix_approvals_live", "expires_at", sqlite_where=sa.text(_LIVE), postgresql_where=sa.text(_LIVE)),
    sa.CheckConstraint("state IN ('pending', 'approved', 'denied', 'used', 'expired')", name="state"),
)


async def insert(tx: Transaction, approval: Approval) -> None:
    values = {name: getattr(approval, name) for name in Approval.__slots__}
    await tx.execute(approvals.insert().values({**values, "state": approval.state.value}))


async def find(tx: Transaction, workspace_id: str, approval_id: str) -> Approval | None:
    if not storable(approval_id):
        return None
    row = await tx.row(
        sa.select(approvals).where(approvals.c.workspace_id == workspace_id, approvals.c.id == approval_id)
    )
    return None if row is None else _approval(row)


async def live_of_run(
    tx: Transaction, workspace_id: str, run_id: str, action: str, payload_sha256: str
) -> Approval | None:
    """What the run has asked for already in just these words, and may still wait for or use."""
    row = await tx.row(
        sa.select(approvals)
        .where(
            approvals.c.workspace_id == workspace_id,
            approvals.c.run_id == run_id,
            approvals.c.action == action,
            approvals.c.payload_sha256 == payload_sha256,
            sa.text(_LIVE),
            approvals.c.expires_at > tx.now,
        )
        .limit(1)
    )
    return None if row is None else _approval(row)


async def move(
    tx: Transaction, approval: Approval, frm: ApprovalState, to: ApprovalState, values: Mapping[str, Any]
) -> Approval | None:
    """Write the state if the row is in `frm` now; None when it is not."""
    row = await tx.row(
        approvals.update()
        .where(
            approvals.c.workspace_id == approval.workspace_id,
            approvals.c.id == approval.id,
            approvals.c.state == frm.value,
        )
        .values(**values, state=to.value)
        .returning(approvals)
    )
    return None if row is None else _approval(row)


async def page(
    tx: Transaction,
    workspace_id: str,
    *,
    state: ApprovalState | None,
    task_id: str | None,
    after: str | None,
    limit: int,
) -> Page[Approval]:
    """Newest first."""
    query = sa.select(approvals).where(approvals.c.workspace_id == workspace_id)
    if state is not None:
        query = query.where(approvals.c.state == state.value)
    if task_id is not None:
        query = query.where(approvals.c.task_id == task_id)
    if after is not None:
        query = query.where(approvals.c.id < after)
    found = [_approval(row) for row in await tx.rows(query.order_by(approvals.c.id.desc()).limit(limit + 1))]
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


async def pending(tx: Transaction, workspace_id: str, limit: int) -> list[Approval]:
    """Waiting for a decision that would still help, oldest first."""
    rows = await tx.rows(
        sa.select(approvals)
        .where(
            approvals.c.workspace_id == workspace_id,
            ~_of_a_run_that_is_over(),
            approvals.c.state == ApprovalState.PENDING.value,
            approvals.c.expires_at > tx.now,
        )
        .order_by(approvals.c.id)
        .limit(limit)
    )
    return [_approval(row) for row in rows]


async def overdue(tx: Transaction, limit: int) -> list[Approval]:
    """Of every workspace, those that may no longer be decided or used: too old, or of a run that is over."""
    return [_approval(row) for row in await tx.fetch_named(_overdue(), now=tx.now, limit=limit)]


@cache
def _overdue() -> Prepared:
    live = approvals.c.state.in_([ApprovalState.PENDING.value, ApprovalState.APPROVED.value])
    expired = approvals.c.expires_at <= sa.bindparam("now", type_=sa.BigInteger)
    return Prepared(
        sa.select(approvals)
        .where(live, sa.or_(expired, _of_a_run_that_is_over()))
        .order_by(approvals.c.expires_at)
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


def _of_a_run_that_is_over() -> sa.ColumnElement[bool]:
    return sa.exists().where(
        runs.c.workspace_id == approvals.c.workspace_id, runs.c.id == approvals.c.run_id, runs.c.ended_at.is_not(None)
    )


def _approval(row: Mapping[str, Any] | sa.RowMapping) -> Approval:
    values: dict[str, Any] = {name: row[name] for name in Approval.__slots__}
    return Approval(**{**values, "state": ApprovalState(row["state"])})

"""Saying later whose work calls were that belonged to none: the account's sums move with them, and no amount changes.

Some calls at a time, each time in a transaction that leaves every sum equal to its calls. Only calls without a run and
without a task are given to one, and only such calls are taken from it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.db import Transaction
from quarterdeck.kernel.ids import instant_of
from quarterdeck.ledger import partitions, rollups, work_costs
from quarterdeck.ledger.calls import StoredCall, price_notes, stored
from quarterdeck.ledger.derived_tables import ceiling_sums, turns
from quarterdeck.ledger.record import CallRecord, PriceNote
from quarterdeck.ledger.tables import calls, conversations

AT_ONCE = 500
"""Calls that one transaction moves: the writer is free again after a tenth of a second or so."""
ADOPTED = "adopted"
"""The attribution of a call that a person gave to a task after it was made."""
UNCLAIMED = "unclaimed"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which calls: those of a conversation, these, or those of an agent that are of no conversation."""

    conversation_id: str | None = None
    call_ids: tuple[str, ...] = ()
    agent_id: str | None = None


async def ids_of(
    tx: Transaction, workspace_id: str, chosen: Chosen, frm: str | None, *, after: str = "", limit: int = AT_ONCE
) -> list[str]:
    """The first calls after `after` that are `frm`'s to give: a task's that have no run; with None those of no work."""
    c = calls.c
    if chosen.conversation_id is not None:
        which = c.conversation_id == chosen.conversation_id
    elif chosen.agent_id is not None:
        which = sa.and_(c.agent_id == chosen.agent_id, c.conversation_id.is_(None))
    else:
        which = c.id.in_(chosen.call_ids)
    query = sa.select(c.id).where(c.workspace_id == workspace_id, which, *_to_give(frm), c.id > after)
    return list((await tx.execute(query.order_by(c.id).limit(limit))).scalars())


async def counts_ceilings(tx: Transaction, workspace_id: str, task_id: str | None) -> bool:
    """Whether calls without a price count as anything for a task: only then their ceilings need be known."""
    c = ceiling_sums.c
    query = sa.select(c.at).where(c.workspace_id == workspace_id, c.dim == "task", c.value == (task_id or ""))
    return (await tx.execute(query.limit(1))).first() is not None


async def step(
    tx: Transaction,
    workspace_id: str,
    call_ids: Sequence[str],
    frm: str | None,
    to: str | None,
    ceilings: Mapping[str, int],
) -> list[StoredCall]:
    """Move those of these calls that are still `frm`'s to give to another task, or to none; returns them as they were.

    `ceilings`: what calls without a price count as, in nano-dollars, where that is known.
    """
    c = calls.c
    query = sa.select(calls).where(c.workspace_id == workspace_id, c.id.in_(list(call_ids)), *_to_give(frm))
    some = [stored(row) for row in await tx.rows(query.order_by(c.id).with_for_update())]
    if not some:
        return []
    prices = await price_notes(tx, {call.price_id for call in some if call.price_id is not None})
    records = [record_of(call, prices.get(call.price_id or b""), ceilings.get(call.id)) for call in some]
    ids = [call.id for call in some]
    await _name(tx, workspace_id, sorted({call.conversation_id for call in some if call.conversation_id}), frm, to)
    values = frm or "", to or ""
    # In the order in which the ingester writes its tables, so that neither waits for the other in a circle.
    await rollups.move(tx, workspace_id, "task", values, records)
    await rollups.move_ceilings(tx, workspace_id, "task", values, records)
    mine = turns.c.workspace_id == workspace_id, turns.c.call_id.in_(ids)
    await tx.execute(turns.update().where(*mine).values(task_id=to))
    await work_costs.give(tx, workspace_id, records, to)
    months: dict[str, list[str]] = {}
    for each in ids:
        months.setdefault(partitions.month_of(instant_of(each)).suffix, []).append(each)
    for suffix, theirs in months.items():
        table = partitions.of_month(tx, suffix)
        whose = {"task_id": to, "attribution": UNCLAIMED if to is None else ADOPTED}
        change = table.update().where(table.c.workspace_id == workspace_id, table.c.id.in_(theirs))
        await tx.execute(change.values(**whose))
    return some


def _to_give(frm: str | None) -> tuple[sa.ColumnElement[bool], ...]:
    c = calls.c
    return c.run_id.is_(None), c.task_id.is_(None) if frm is None else c.task_id == frm


async def _name(
    tx: Transaction, workspace_id: str, conversation_ids: Sequence[str], frm: str | None, to: str | None
) -> None:
    """Say of conversations whose they are, where they were nobody else's."""
    c = conversations.c
    theirs = c.task_id.is_(None) if frm is None else c.task_id == frm
    here = c.workspace_id == workspace_id, c.id.in_(conversation_ids), c.run_id.is_(None), theirs
    if conversation_ids:
        await tx.execute(conversations.update().where(*here).values(task_id=to))


def record_of(call: StoredCall, price: PriceNote | None, ceiling: int | None) -> CallRecord:
    """As much of the record that a call's row was made of as its sums are made of."""
    extra: dict[str, object] = {}
    if call.cache is not None:
        extra["cache"] = {"status": call.cache, "saved": call.saved}
    if ceiling is not None:
        extra["ceiling"] = ceiling
    same = {
        name: getattr(call, name)
        for name in (
            "id", "workspace_id", "agent_id", "key_id", "run_id", "task_id", "attribution", "session", "trace_id",
            "dialect", "endpoint", "model_asked", "provider", "provider_kind", "model", "model_answered", "stream",
            "status", "outcome", "error_code", "error_message", "attempts", "started", "first_byte", "overhead",
            "usage", "usage_source", "cost", "client", "body_mode", "response_type", "request_size", "response_size",
        )
    }  # fmt: skip
    return CallRecord(
        **same,
        ended=call.duration,
        price=price,
        tags=list(call.tags.items()),
        request_headers=[],
        response_headers=[],
        request_body=b"",
        response_body=b"",
        chunk_times=b"",
        extra=extra,
    )

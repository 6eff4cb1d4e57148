"""What waits because of an event: kept from the event that opens it to the one that closes it."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.needs.model import SOURCES, Need, NeedKind, Open, Source
from quarterdeck.control.needs.store import items
from quarterdeck.control.notifications.audience import People, agent_id_of, task_id_of
from quarterdeck.control.notifications.kinds import Blanks
from quarterdeck.control.signals.model import Kind
from quarterdeck.control.signals.store import signals
from quarterdeck.db import Prepared, Transaction
from quarterdeck.db.outbox import StoredEvent
from quarterdeck.kernel.events import Event

_OPEN = "closed_at IS NULL"
_IS_OPEN = Prepared(
    sa.select(items.c.key).where(
        items.c.workspace_id == sa.bindparam("workspace_id"), items.c.key == sa.bindparam("key"), sa.text(_OPEN)
    )
)
TEXT_LENGTH = 500
KEPT_OPEN = 2_000


async def follow(tx: Transaction, event: StoredEvent, people: People) -> None:
    """Close what the event ends and open what it begins. The event is one of those that `people` were read for."""
    for source in SOURCES:
        if any(fnmatchcase(event.kind, pattern) for pattern in source.closes):
            await _close(tx, event, source)
    for source in SOURCES:
        if event.kind == source.opens and all(event.data.get(name) == value for name, value in source.when.items()):
            await _open(tx, event, source, people)


async def close(tx: Transaction, workspace_id: str, key: str) -> bool:
    """A member has seen to it. Whether it was open."""
    return await tx.changed(
        items.update()
        .where(items.c.workspace_id == workspace_id, items.c.key == key, sa.text(_OPEN))
        .values(closed_at=tx.now)
    )


async def open_ones(tx: Transaction, workspace_id: str) -> list[Open]:
    """A run that is stuck is silent as well, sooner or later: the silence names the graver of the two."""
    noticed = sa.and_(signals.c.workspace_id == items.c.workspace_id, signals.c.id == items.c.subject_id)
    rows = await tx.rows(
        sa.select(items, signals.c.kind.label("noticed"), signals.c.run_id)
        .outerjoin(signals, noticed)
        .where(items.c.workspace_id == workspace_id, sa.text(_OPEN))
        .order_by(items.c.since)
        .limit(KEPT_OPEN)
    )
    stuck = {row["run_id"]: row["key"] for row in rows if row["noticed"] == Kind.STUCK and row["run_id"] is not None}
    return [_item(row, stuck.get(row["run_id"]) if row["noticed"] == Kind.SILENT else None) for row in rows]


async def _open(tx: Transaction, event: StoredEvent, source: Source, people: People) -> None:
    task_id, agent_id = task_id_of(event), agent_id_of(event)
    task = None if task_id is None else people.tasks.get(task_id)
    answers = _answers(event, task, agent_id, people)
    if answers is None:
        return
    said = Blanks({name: value for name, value in event.data.items() if value is not None})
    said |= {
        "agent": people.names.get(agent_id or "", "An agent"),
        "ref": "a task" if task is None else f"T-{task['number']}",
        "task": "" if task is None else task["title"],
    }
    key = f"{source.kind}:{event.subject_id}"
    if await tx.fetch(_IS_OPEN, workspace_id=event.workspace_id, key=key):
        return
    await tx.execute(
        items.insert().values(
            workspace_id=event.workspace_id,
            key=key,
            since=event.at,
            kind=source.kind.value,
            subject_id=event.subject_id,
            task_id=task_id if task is not None else None,
            agent_id=agent_id,
            member_id=answers,
            text=" ".join(source.text.format_map(said).split())[:TEXT_LENGTH],
            closed_at=None,
        )
    )
    await _tell(tx, event, "need.opened")


async def _close(tx: Transaction, event: StoredEvent, source: Source) -> None:
    key = f"{source.kind}:{event.subject_id}"
    if not await tx.fetch(_IS_OPEN, workspace_id=event.workspace_id, key=key):
        return
    await tx.execute(
        items.update()
        .where(
            items.c.workspace_id == event.workspace_id,
            items.c.key == key,
            sa.text(_OPEN),
            items.c.since < event.at,
        )
        .values(closed_at=event.at)
    )
    await _tell(tx, event, "need.closed")


async def _tell(tx: Transaction, event: StoredEvent, kind: str) -> None:
    """Pages asked for what waits when the event came, which may have been before it was followed."""
    await tx.emit(Event(event.workspace_id, kind, event.subject_id))


def _answers(event: StoredEvent, task: Mapping[str, Any] | None, agent_id: str | None, people: People) -> str | None:
    """Who answers for it: for the task, else for the agent, else whom the event names, else the first admin."""
    named = event.data.get("member_id") or event.data.get("owner_id")
    candidates: Sequence[object] = (
        None if task is None else task["accountable_id"],
        people.owners.get(agent_id or ""),
        named,
        *people.admins(),
    )
    return next((each for each in candidates if isinstance(each, str) and each in people.roles), None)


def _item(row: sa.RowMapping, graver: str | None) -> Open:
    need = Need(row["key"], NeedKind(row["kind"]), row["subject_id"], row["task_id"], row["text"], row["since"])
    return Open(need, (row["member_id"],), row["agent_id"], graver)

"""Nothing waits unseen: what waits too long comes to the next person who answers for it."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from quarterdeck.access.actors import Role
from quarterdeck.access.tables import workspaces
from quarterdeck.control.needs import sources, store
from quarterdeck.control.needs.model import Open
from quarterdeck.control.needs.store import Escalation, Mark
from quarterdeck.control.notifications.audience import People
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.clock import HOUR
from quarterdeck.kernel.events import Event

AFTER_HOURS = 24
"""Where the workspace does not say otherwise."""
TEXT_LENGTH = 200


async def escalate_all(db: Database) -> int:
    """Look through every workspace. Returns how many needs went on; safe in any number of processes."""
    async with db.read() as tx:
        rows = await tx.rows(sa.select(workspaces.c.id, workspaces.c.settings))
    total = 0
    for row in rows:
        async with db.read() as tx:
            due = await _due(tx, row["id"], after_hours(row["settings"]) * HOUR)
        for one, to in due:
            async with db.transaction() as tx:
                total += await _escalate(tx, row["id"], one, to)
    return total


def after_hours(settings: dict[str, Any]) -> int:
    found = settings.get("needs", {}).get("escalate_after_hours", AFTER_HOURS)
    return int(found)


async def _due(tx: Transaction, workspace_id: str, after: int) -> list[tuple[Open, Escalation]]:
    people = await sources.people_of(tx, workspace_id)
    waiting = await sources.open_of(tx, workspace_id, people)
    marks = await store.marks_of(tx, workspace_id)
    raised = await store.escalations_of(tx, workspace_id)
    accountable = await _accountable(tx, workspace_id, waiting)
    found = []
    for one in waiting:
        if one.graver is not None:
            continue  # that goes on
        levels = raised.get((one.need.key, one.need.since), [])
        for_whom = _for_whom(one, marks, levels, people)
        if for_whom and _seen_until(one, marks, levels) + after > tx.now:
            continue
        nobody_yet = [each for each in _chain(one, accountable, people) if each not in {*one.members, *for_whom}]
        if nobody_yet:
            to = Escalation(one.need.key, one.need.since, len(levels) + 1, nobody_yet[0], tx.now)
            found.append((one, to))
    return found


async def _escalate(tx: Transaction, workspace_id: str, one: Open, to: Escalation) -> bool:
    if not await store.escalate(tx, workspace_id, to):
        return False
    data = {
        "key": to.key,
        "level": to.level,
        "member_id": to.member_id,
        "task_id": one.need.task_id,
        "agent_id": one.agent_id,
        "text": one.need.text[:TEXT_LENGTH],
        "need": one.need.kind.value,
    }
    await tx.emit(Event(workspace_id, "need.escalated", one.need.subject_id, data))
    return True


def _for_whom(one: Open, marks: dict[tuple[str, str], Mark], levels: Sequence[Escalation], people: People) -> list[str]:
    """Who has it now: those it waits for, to whom they handed it on, and to whom it went."""
    found = [*one.members, *(each.member_id for each in levels)]
    found += [mark.delegated_to_id for (key, _), mark in marks.items() if key == one.need.key and mark.delegated_to_id]
    return [each for each in dict.fromkeys(found) if each in people.roles]


def _seen_until(one: Open, marks: dict[tuple[str, str], Mark], levels: Sequence[Escalation]) -> int:
    """From when on nobody has done anything about it: it came, was handed on, was put off until, or went on."""
    mine = [mark for (key, _), mark in marks.items() if key == one.need.key and mark.at >= one.need.since]
    return max(
        [one.need.since, *(each.at for each in levels), *(max(mark.at, mark.snoozed_until or 0) for mark in mine)]
    )


def _chain(one: Open, accountable: dict[str, str], people: People) -> list[str]:
    """Who answers for it, one after the other: for the task, for the agent, then admins and owners, oldest first."""
    admins = [each for each, role in people.roles.items() if role is Role.ADMIN]
    owners = [each for each, role in people.roles.items() if role is Role.OWNER]
    chain = [accountable.get(one.need.task_id or ""), people.owners.get(one.agent_id or ""), *admins, *owners]
    return [each for each in dict.fromkeys(chain) if each is not None and each in people.roles]


async def _accountable(tx: Transaction, workspace_id: str, waiting: Sequence[Open]) -> dict[str, str]:
    ids = sorted({one.need.task_id for one in waiting if one.need.task_id is not None})
    if not ids:
        return {}
    rows = await tx.rows(
        sa.select(tasks.c.id, tasks.c.accountable_id).where(tasks.c.workspace_id == workspace_id, tasks.c.id.in_(ids))
    )
    return {row["id"]: row["accountable_id"] for row in rows}

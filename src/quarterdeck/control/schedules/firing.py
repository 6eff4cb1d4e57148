"""Firing: a firing makes one task, or says why not. Whoever calls this holds the schedule's row.

Exactly one task per firing, with any number of processes: the row is locked, the instants up to `fired_until` are done
with, and the key of a firing is unique in the store.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from quarterdeck.access.actors import Actor
from quarterdeck.control.schedules import store
from quarterdeck.control.schedules.model import (
    MAX_CATCH_UP,
    MAX_QUEUED,
    Firing,
    Outcome,
    Overlap,
    Schedule,
    ScheduleState,
    chosen,
)
from quarterdeck.control.schedules.timing import a_zone, due, next_after
from quarterdeck.control.tasks import creating
from quarterdeck.control.tasks.model import Task
from quarterdeck.control.templates import actions as templates
from quarterdeck.control.templates import store as template_store
from quarterdeck.control.templates.model import Draft, Variable, dates, values_of
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import SECOND, iso
from quarterdeck.kernel.errors import Invalid, QuarterdeckError
from quarterdeck.kernel.events import Event


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why it fires: the instant it stands for, the key of which there is one firing, and what came with it."""

    at: int
    key: str
    payload: Mapping[str, Any]
    given: Mapping[str, str]
    actor: Actor | None = None
    signed: str | None = None
    """A digest of what a webhook's caller signed."""


async def fire_due(tx: Transaction, workspace_id: str, schedule_id: str) -> list[Firing]:
    """Deal with all firings of a schedule that are due, by its catch-up policy, and set the next one."""
    schedule = await store.lock(tx, workspace_id, schedule_id)
    if schedule is None or schedule.next_at is None or schedule.next_at > tx.now or schedule.timer is None:
        return []
    missed = due(schedule.timer, schedule.fired_until, tx.now, MAX_CATCH_UP + 1)
    made = []
    for instant in chosen(missed, schedule.catch_up, schedule.catch_up_limit, tx.now):
        if schedule.state is not ScheduleState.ACTIVE:
            break
        schedule, firing = await fire(tx, schedule, Occasion(instant, str(instant), {}, {}))
        made.append(firing)
    if schedule.state is ScheduleState.ACTIVE and schedule.timer is not None:
        following = next_after(schedule.timer, tx.now)
        await store.update(
            tx, schedule, {"next_at": following, "fired_until": max(schedule.fired_until, tx.now)}, quiet=True
        )
    if len(missed) > len(made):
        dropped = len(missed) - len(made)
        data = {"name": schedule.name, "dropped": min(dropped, MAX_CATCH_UP), "more": len(missed) > MAX_CATCH_UP}
        await tx.emit(Event(workspace_id, "schedule.missed", schedule.id, data))
    return made


async def set_back(tx: Transaction, workspace_id: str, schedule_id: str) -> bool:
    """Go on from now where the clock was set back; what fired already has its key and fires no second time."""
    schedule = await store.lock(tx, workspace_id, schedule_id)
    if schedule is None or schedule.timer is None or schedule.fired_until <= tx.now:
        return False
    values = {"next_at": next_after(schedule.timer, tx.now), "fired_until": tx.now}
    await store.update(tx, schedule, values, quiet=True)
    return True


async def advance_queue(tx: Transaction, workspace_id: str, schedule_id: str) -> Firing | None:
    """Make the task of the firing that waited longest, if none is open any more; None when it has to wait on."""
    schedule = await store.lock(tx, workspace_id, schedule_id)
    if schedule is None or schedule.state is not ScheduleState.ACTIVE or await store.has_open_task(tx, schedule):
        return None
    waiting = await store.queued(tx, schedule, 1)
    if not waiting:
        return None
    occasion = Occasion(waiting[0].at, waiting[0].key, waiting[0].payload, waiting[0].given or {})
    _, firing = await _make(tx, schedule, waiting[0], occasion)
    return firing


async def fire(tx: Transaction, schedule: Schedule, occasion: Occasion) -> tuple[Schedule, Firing]:
    """One firing; the same key again answers the same and makes nothing. The schedule as it is then."""
    firing = Firing(
        workspace_id=schedule.workspace_id,
        schedule_id=schedule.id,
        key=occasion.key,
        at=occasion.at,
        fired_at=tx.now,
        outcome=Outcome.QUEUED,
        task_id=None,
        note=None,
        payload=dict(occasion.payload),
        given=dict(occasion.given) or None,
        signed=occasion.signed,
    )
    if not await store.put_firing(tx, firing):
        there = await store.find_firing(tx, schedule.workspace_id, schedule.id, occasion.key)
        return schedule, there or firing
    if schedule.overlap is not Overlap.PARALLEL and (why := await _must_wait(tx, schedule)) is not None:
        if schedule.overlap is Overlap.SKIP or len(await store.queued(tx, schedule, MAX_QUEUED + 1)) > MAX_QUEUED:
            return schedule, await _settled(tx, schedule, firing, Outcome.SKIPPED, note=why)
        return schedule, await _settled(tx, schedule, firing, Outcome.QUEUED, note=why)
    return await _make(tx, schedule, firing, occasion)


async def pause(tx: Transaction, schedule: Schedule, reason: str, actor: str | None = None) -> Schedule:
    """Fire no more until somebody resumes it, and tell `schedule.paused`."""
    fresh = await store.update(tx, schedule, {"state": ScheduleState.PAUSED, "paused_reason": reason, "next_at": None})
    data = {"name": schedule.name, "reason": reason, "owner_id": schedule.owner_id}
    await tx.emit(Event(schedule.workspace_id, "schedule.paused", schedule.id, data, actor))
    return fresh


async def text_of(tx: Transaction, schedule: Schedule) -> tuple[Draft, tuple[Variable, ...]]:
    """What its tasks say, and which variables that has."""
    if schedule.draft is not None:
        return schedule.draft, tuple(Variable(name, value) for name, value in schedule.variables.items())
    template = await template_store.find(tx, schedule.workspace_id, schedule.template_id or "")
    if template is None:
        raise Invalid("The task template of this schedule was removed: choose another.", field="template_id")
    return template.draft, template.variables


async def _must_wait(tx: Transaction, schedule: Schedule) -> str | None:
    """Why a firing cannot make its task now."""
    if await store.has_open_task(tx, schedule):
        return "A task of an earlier firing is still open."
    earlier = await store.queued(tx, schedule, 2)
    # This one is written already.
    return "Earlier firings wait for their turn." if len(earlier) > 1 else None


async def _make(tx: Transaction, schedule: Schedule, firing: Firing, occasion: Occasion) -> tuple[Schedule, Firing]:
    if await store.latest_tasks_failed(tx, schedule, schedule.pause_after):
        why = f"Its last {schedule.pause_after} tasks came to nothing."
        return await pause(tx, schedule, why), await _settled(tx, schedule, firing, Outcome.SKIPPED, note=why)
    told = len(tx.emitted)
    try:
        async with tx.connection.begin_nested():
            task = await _task(tx, schedule, occasion)
    except QuarterdeckError as error:
        # What was undone was not to be told either.
        del tx.emitted[told:]
        settled = await _settled(tx, schedule, firing, Outcome.FAILED, note=error.message)
        return await _failed(tx, schedule, error.message), settled
    settled = await _settled(tx, schedule, firing, Outcome.CREATED, task_id=task.id)
    if schedule.failures:
        schedule = await store.update(tx, schedule, {"failures": 0}, quiet=True)
    return schedule, settled


async def _task(tx: Transaction, schedule: Schedule, occasion: Occasion) -> Task:
    draft, variables = await text_of(tx, schedule)
    moment = datetime.fromtimestamp(occasion.at // SECOND, a_zone(schedule.zone))
    built_in = {
        **dates(moment),
        "schedule": schedule.name,
        "firing": iso(occasion.at),
        "payload": occasion.payload,
    }
    values = values_of(variables, {**schedule.variables, **occasion.given}, built_in)
    new = await templates.filled(tx, schedule.workspace_id, draft, values, at=occasion.at)
    new = replace(new, schedule_id=schedule.id, accountable_id=new.accountable_id or schedule.owner_id)
    return await creating.create(tx, schedule.workspace_id, new, actor=occasion.actor)


async def _failed(tx: Transaction, schedule: Schedule, why: str) -> Schedule:
    schedule = await store.update(tx, schedule, {"failures": schedule.failures + 1}, quiet=True)
    if schedule.failures < schedule.pause_after:
        return schedule
    return await pause(tx, schedule, f"{schedule.failures} firings in a row could not make their task: {why}")


async def _settled(
    tx: Transaction,
    schedule: Schedule,
    firing: Firing,
    outcome: Outcome,
    *,
    task_id: str | None = None,
    note: str | None = None,
) -> Firing:
    await store.settle_firing(tx, firing, outcome, task_id=task_id, note=note)
    data = {"name": schedule.name, "at": iso(firing.at), "outcome": outcome.value, "task_id": task_id, "note": note}
    await tx.emit(Event(schedule.workspace_id, "schedule.fired", schedule.id, data))
    return replace(firing, outcome=outcome, task_id=task_id, note=note, fired_at=tx.now)

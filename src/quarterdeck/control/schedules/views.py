"""Schedules and firings as the API shows them."""

from collections.abc import Sequence

from quarterdeck.control.agents import people
from quarterdeck.control.schedules.bodies import FiringOut, ScheduleOut
from quarterdeck.control.schedules.model import Firing, Schedule, ScheduleState, Trigger
from quarterdeck.control.schedules.timing import in_words, upcoming
from quarterdeck.control.shapes import Named, TaskNamed
from quarterdeck.control.tasks import store as task_store
from quarterdeck.control.templates import store as template_store
from quarterdeck.control.templates.bodies import DraftBody
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso

SHOWN_FIRINGS = 5


async def one_shown(tx: Transaction, schedule: Schedule) -> ScheduleOut:
    return (await shown_schedules(tx, schedule.workspace_id, [schedule]))[0]


async def shown_schedules(tx: Transaction, workspace_id: str, found: Sequence[Schedule]) -> list[ScheduleOut]:
    owners = await people.named(tx, workspace_id, {one.owner_id for one in found})
    templates = await template_store.named(tx, workspace_id, {one.template_id for one in found if one.template_id})
    return [
        ScheduleOut(
            id=one.id,
            name=one.name,
            trigger=one.trigger,
            cron=one.cron,
            cron_words=None if one.cron is None else in_words(one.cron),
            zone=one.zone,
            every_s=one.every_s,
            template=None if one.template_id is None else Named(id=one.template_id, name=templates[one.template_id]),
            task=None if one.draft is None else DraftBody.of(one.draft),
            variables=one.variables,
            overlap=one.overlap,
            catch_up=one.catch_up,
            catch_up_limit=one.catch_up_limit,
            pause_after=one.pause_after,
            owner=Named(id=one.owner_id, name=owners[one.owner_id]),
            state=one.state,
            paused_reason=one.paused_reason,
            failures=one.failures,
            next_firings=[]
            if one.timer is None or one.state is ScheduleState.PAUSED
            else [iso(instant) for instant in upcoming(one.timer, tx.now, SHOWN_FIRINGS)],
            hook_path=f"/api/v1/hooks/{one.id}" if one.trigger is Trigger.WEBHOOK else None,
            secret_set=one.sealed_secret is not None,
            declared=one.declared,
            created_at=iso(one.created_at),
            updated_at=iso(one.updated_at),
            version=one.version,
        )
        for one in found
    ]


async def shown_firings(tx: Transaction, workspace_id: str, found: Sequence[Firing]) -> list[FiringOut]:
    tasks = await task_store.named(tx, workspace_id, {one.task_id for one in found if one.task_id})
    return [
        FiringOut(
            key=one.key,
            at=iso(one.at),
            fired_at=iso(one.fired_at),
            outcome=one.outcome,
            task=None
            if one.task_id is None
            else TaskNamed(id=one.task_id, ref=tasks[one.task_id].ref, title=tasks[one.task_id].title),
            note=one.note,
        )
        for one in found
    ]

"""/schedules."""

from typing import Annotated

from fastapi import APIRouter, Query

from quarterdeck.access.vault import Vault
from quarterdeck.control.http import DEFAULT_LIMIT, After, Db, IfMatch, Limit, Reader, Sealing, Worker
from quarterdeck.control.schedules import actions, signing, store
from quarterdeck.control.schedules.bodies import (
    FireIn,
    FiringOut,
    FiringPreviewIn,
    FiringPreviewOut,
    FiringsOut,
    PauseScheduleIn,
    ScheduleIn,
    ScheduleMadeOut,
    ScheduleOut,
    SchedulePatch,
    SchedulesOut,
    SecretOut,
)
from quarterdeck.control.schedules.model import Schedule, ScheduleState, Trigger
from quarterdeck.control.schedules.timing import Timer, a_cron, a_zone, in_words, upcoming
from quarterdeck.control.schedules.views import SHOWN_FIRINGS, one_shown, shown_firings, shown_schedules
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso
from quarterdeck.kernel.errors import Invalid

router = APIRouter(tags=["schedules"])


@router.get("/schedules", operation_id="list_schedules")
async def list_schedules(
    *,
    actor: Reader,
    db: Db,
    state: Annotated[ScheduleState | None, Query()] = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> SchedulesOut:
    """Schedules by name, each with its next five firings."""
    async with db.read() as tx:
        page = await store.page(tx, actor.workspace_id, state=state, limit=limit, after=after)
        return SchedulesOut(items=await shown_schedules(tx, actor.workspace_id, page.items), next=page.next)


@router.post("/schedules", status_code=201, operation_id="create_schedule")
async def create_schedule(body: ScheduleIn, actor: Worker, db: Db, vault: Sealing) -> ScheduleMadeOut:
    """Add a schedule. A webhook's secret is shown this once."""
    async with db.transaction() as tx:
        schedule = await actions.create(tx, actor.workspace_id, body.to_wanted(), actor=actor.id)
        secret = None
        if schedule.trigger is Trigger.WEBHOOK:
            secret = signing.new_secret()
            schedule = await _sealed(tx, vault, schedule, secret, actor.id)
        answer = await one_shown(tx, schedule)
    return ScheduleMadeOut(**answer.model_dump(), secret=secret)


@router.post("/schedules/preview", operation_id="preview_schedule")
async def preview_schedule(body: FiringPreviewIn, _: Reader, db: Db) -> FiringPreviewOut:
    """When it would fire next, before it is made."""
    if (body.cron is None) == (body.every_s is None):
        raise Invalid("Give either cron or every_s.", field="cron")
    a_zone(body.zone)
    now = db.clock.now()
    cron = None if body.cron is None else a_cron(body.cron)
    timer = Timer(cron, body.every_s, body.zone, now)
    return FiringPreviewOut(
        cron_words=None if cron is None else in_words(cron),
        next_firings=[iso(instant) for instant in upcoming(timer, now, SHOWN_FIRINGS)],
    )


@router.get("/schedules/{schedule_id}", operation_id="get_schedule")
async def get_schedule(schedule_id: str, actor: Reader, db: Db) -> ScheduleOut:
    """One schedule."""
    async with db.read() as tx:
        return await one_shown(tx, await actions.get(tx, actor.workspace_id, schedule_id))


@router.patch("/schedules/{schedule_id}", operation_id="change_schedule")
async def change_schedule(
    *, schedule_id: str, body: SchedulePatch, actor: Worker, db: Db, version: IfMatch
) -> ScheduleOut:
    """Change a schedule. A new time counts from now on."""
    async with db.transaction() as tx:
        schedule = await actions.change(
            tx, actor.workspace_id, schedule_id, body.to_values(), version=version, actor=actor.id
        )
        return await one_shown(tx, schedule)


@router.delete("/schedules/{schedule_id}", status_code=204, operation_id="delete_schedule")
async def delete_schedule(schedule_id: str, actor: Worker, db: Db) -> None:
    """Forget a schedule and its firings; tasks that it made stay."""
    async with db.transaction() as tx:
        await actions.delete(tx, actor.workspace_id, schedule_id, actor=actor.id)


@router.post("/schedules/{schedule_id}/pause", operation_id="pause_schedule")
async def pause_schedule(
    *, schedule_id: str, actor: Worker, db: Db, body: PauseScheduleIn | None = None
) -> ScheduleOut:
    """Fire no more until it is resumed."""
    reason = None if body is None else body.reason
    async with db.transaction() as tx:
        schedule = await actions.pause(tx, actor.workspace_id, schedule_id, reason=reason, actor=actor.id)
        return await one_shown(tx, schedule)


@router.post("/schedules/{schedule_id}/resume", operation_id="resume_schedule")
async def resume_schedule(schedule_id: str, actor: Worker, db: Db) -> ScheduleOut:
    """Fire again, from now on; what came meanwhile is not caught up."""
    async with db.transaction() as tx:
        return await one_shown(tx, await actions.resume(tx, actor.workspace_id, schedule_id, actor=actor.id))


@router.post("/schedules/{schedule_id}/secret", operation_id="rotate_schedule_secret")
async def rotate_schedule_secret(schedule_id: str, actor: Worker, db: Db, vault: Sealing) -> SecretOut:
    """A new secret for a webhook; the old one is worth nothing from now on."""
    secret = signing.new_secret()
    async with db.transaction() as tx:
        schedule = await actions.get(tx, actor.workspace_id, schedule_id)
        await _sealed(tx, vault, schedule, secret, actor.id)
    return SecretOut(secret=secret)


@router.post("/schedules/{schedule_id}/fire", operation_id="fire_schedule")
async def fire_schedule(*, schedule_id: str, actor: Worker, db: Db, body: FireIn | None = None) -> FiringOut:
    """Fire now, whatever its clock says: the API trigger, and a person's try."""
    said = body or FireIn()
    async with db.transaction() as tx:
        fired = await actions.fire(tx, actor.workspace_id, schedule_id, key=said.key, given=said.variables, actor=actor)
        return (await shown_firings(tx, actor.workspace_id, [fired]))[0]


@router.get("/schedules/{schedule_id}/firings", operation_id="list_firings")
async def list_firings(
    *, schedule_id: str, actor: Reader, db: Db, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> FiringsOut:
    """What came of its firings, latest first."""
    if after is not None and not (after.isascii() and after.isdecimal() and len(after) < 18):
        raise Invalid("`after` is not the `next` of a page of this list.", field="after")
    async with db.read() as tx:
        schedule = await actions.get(tx, actor.workspace_id, schedule_id)
        page = await store.firing_page(
            tx, actor.workspace_id, schedule.id, limit=limit, after=None if after is None else int(after)
        )
        return FiringsOut(items=await shown_firings(tx, actor.workspace_id, page.items), next=page.next)


async def _sealed(tx: Transaction, vault: Vault, schedule: Schedule, secret: str, actor: str) -> Schedule:
    sealed = vault.seal(secret.encode(), signing.bound_to(schedule.id))
    return await actions.set_secret(tx, schedule.workspace_id, schedule.id, sealed, actor=actor)

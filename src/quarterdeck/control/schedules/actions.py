"""Verbs on schedules."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from quarterdeck.access.actors import Actor
from quarterdeck.control.agents import people
from quarterdeck.control.schedules import firing, store
from quarterdeck.control.schedules.firing import Occasion
from quarterdeck.control.schedules.model import (
    DEFAULT_PAUSE_AFTER,
    MAX_CATCH_UP,
    MAX_PAUSE_AFTER,
    NAME_LENGTH,
    CatchUp,
    Firing,
    Overlap,
    Schedule,
    ScheduleState,
    Trigger,
)
from quarterdeck.control.schedules.signing import Delivery
from quarterdeck.control.schedules.timing import MAX_INTERVAL_S, MIN_INTERVAL_S, a_cron, a_zone, next_after
from quarterdeck.control.templates.actions import get as get_template
from quarterdeck.control.templates.actions import must_be_sound
from quarterdeck.control.templates.model import VALUE_LENGTH, Draft, Variable, checked, values_of
from quarterdeck.db import Transaction
from quarterdeck.db.named import must_be_at, must_be_open
from quarterdeck.kernel.errors import Changed, Invalid, NotFound, names_nothing
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_name

KEY_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a schedule is to be, whole. Either `template_id` or `draft` says what it makes."""

    name: str
    trigger: Trigger
    cron: str | None = None
    zone: str = "UTC"
    every_s: int | None = None
    template_id: str | None = None
    draft: Draft | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    overlap: Overlap = Overlap.SKIP
    catch_up: CatchUp = CatchUp.LAST
    catch_up_limit: int = 1
    pause_after: int = DEFAULT_PAUSE_AFTER
    owner_id: str | None = None


async def create(
    tx: Transaction, workspace_id: str, wanted: Wanted, *, actor: str | None = None, declared: bool = False
) -> Schedule:
    """Add a schedule, active, and tell `schedule.created`. Raises Invalid; Changed `name_taken`."""
    owner_id = wanted.owner_id or actor
    if owner_id is None:
        raise Invalid("owner_id must name the member who answers for its tasks.", field="owner_id")
    values = await _checked(tx, workspace_id, replace(wanted, owner_id=owner_id), actor)
    schedule = Schedule(
        id=new_id("sch"),
        workspace_id=workspace_id,
        **values,
        anchor_at=tx.now,
        state=ScheduleState.ACTIVE,
        paused_reason=None,
        failures=0,
        next_at=None,
        fired_until=tx.now,
        resumed_at=None,
        sealed_secret=None,
        declared=declared,
        created_by=actor,
        created_at=tx.now,
        updated_at=tx.now,
        version=1,
    )
    schedule = replace(schedule, next_at=_next(schedule, tx.now))
    await store.insert(tx, schedule)
    await _tell(tx, "schedule.created", schedule, actor)
    return schedule


async def change(
    tx: Transaction,
    workspace_id: str,
    schedule_id: str,
    values: Mapping[str, Any],
    *,
    version: int | None = None,
    actor: str | None = None,
    declared: bool = False,
) -> Schedule:
    """Write fields of :class:`Wanted` and tell `schedule.changed`; a new time counts from now on.

    Raises NotFound; Invalid; Changed when `version` is not the row's any more, `name_taken`, `declared`.
    """
    schedule = await _held(tx, workspace_id, schedule_id, version, declared=declared)
    wanted = Wanted(**{name: values.get(name, getattr(schedule, name)) for name in Wanted.__slots__})
    if "template_id" in values and values["template_id"] is not None:
        wanted = replace(wanted, draft=None)
    elif values.get("draft") is not None:
        wanted = replace(wanted, template_id=None)
    checked_values = await _checked(tx, workspace_id, wanted, actor)
    differing = {name: value for name, value in checked_values.items() if getattr(schedule, name) != value}
    if not differing:
        return schedule
    if not differing.keys().isdisjoint(("trigger", "cron", "zone", "every_s")):
        changed = replace(schedule, **differing, anchor_at=tx.now)
        following = _next(changed, tx.now) if schedule.state is ScheduleState.ACTIVE else None
        differing |= {"anchor_at": tx.now, "fired_until": tx.now, "next_at": following}
    fresh = await store.update(tx, schedule, differing)
    await _tell(tx, "schedule.changed", fresh, actor, {"fields": sorted(differing)})
    return fresh


async def pause(
    tx: Transaction, workspace_id: str, schedule_id: str, *, reason: str | None = None, actor: str | None = None
) -> Schedule:
    """Fire no more until it is resumed. Pausing what is paused changes nothing. Raises NotFound."""
    schedule = await _held(tx, workspace_id, schedule_id, None, declared=True)
    if schedule.state is ScheduleState.PAUSED:
        return schedule
    return await firing.pause(tx, schedule, reason or "A person paused it.", actor)


async def resume(tx: Transaction, workspace_id: str, schedule_id: str, *, actor: str | None = None) -> Schedule:
    """Fire again, from now on: what came meanwhile is not caught up. Raises NotFound. Tells `schedule.resumed`."""
    schedule = await _held(tx, workspace_id, schedule_id, None, declared=True)
    if schedule.state is ScheduleState.ACTIVE:
        return schedule
    values = {
        "state": ScheduleState.ACTIVE,
        "paused_reason": None,
        "failures": 0,
        "fired_until": tx.now,
        "resumed_at": tx.now,
    }
    fresh = await store.update(tx, schedule, {**values, "next_at": _next(schedule, tx.now)})
    await _tell(tx, "schedule.resumed", fresh, actor)
    return fresh


async def delete(
    tx: Transaction, workspace_id: str, schedule_id: str, *, actor: str | None = None, declared: bool = False
) -> None:
    """Forget it and its firings; tasks that it made stay. Raises NotFound; Changed `declared`."""
    schedule = await _held(tx, workspace_id, schedule_id, None, declared=declared)
    await store.delete(tx, schedule)
    await _tell(tx, "schedule.deleted", schedule, actor)


async def set_secret(
    tx: Transaction, workspace_id: str, schedule_id: str, sealed: bytes, *, actor: str | None = None
) -> Schedule:
    """Keep the webhook's secret, sealed; the one before is worth nothing any more. Raises NotFound."""
    schedule = await _held(tx, workspace_id, schedule_id, None, declared=True)
    if schedule.trigger is not Trigger.WEBHOOK:
        raise Changed(f"{schedule.name} is no webhook.", code="no_webhook")
    fresh = await store.update(tx, schedule, {"sealed_secret": sealed})
    await _tell(tx, "schedule.changed", fresh, actor, {"fields": ["secret"]})
    return fresh


async def fire(
    tx: Transaction,
    workspace_id: str,
    schedule_id: str,
    *,
    key: str | None = None,
    given: Mapping[str, str] | None = None,
    actor: Actor | None = None,
) -> Firing:
    """Fire now, whatever its clock says; the same key again answers the same and makes nothing.

    Raises NotFound; Invalid for a key that is too long; Changed `schedule_paused`.
    """
    schedule = await _active(tx, workspace_id, schedule_id)
    if key is not None and not 1 <= len(key) <= KEY_LENGTH:
        raise Invalid(f"key has 1 to {KEY_LENGTH} characters.", field="key")
    own = f"by:{key}" if key is not None else f"by:{new_id('fir')}"
    occasion = Occasion(tx.now, own, {}, given or {}, actor)
    return (await firing.fire(tx, schedule, occasion))[1]


async def deliver(
    tx: Transaction, workspace_id: str, schedule_id: str, delivery: Delivery, payload: Mapping[str, Any]
) -> Firing:
    """Fire by a webhook. What was delivered before, under whatever id, answers as it did and makes nothing.

    Raises NotFound; Changed `schedule_paused`.
    """
    schedule = await _active(tx, workspace_id, schedule_id)
    if (there := await store.find_signed(tx, workspace_id, schedule_id, delivery.signed, delivery.since)) is not None:
        return there
    occasion = Occasion(tx.now, f"by:hook:{delivery.key}", payload, {}, signed=delivery.signed)
    return (await firing.fire(tx, schedule, occasion))[1]


async def _active(tx: Transaction, workspace_id: str, schedule_id: str) -> Schedule:
    schedule = await _held(tx, workspace_id, schedule_id, None, declared=True)
    if schedule.state is not ScheduleState.ACTIVE:
        raise Changed(f"{schedule.name} is paused: {schedule.paused_reason} Resume it first.", code="schedule_paused")
    return schedule


async def get(tx: Transaction, workspace_id: str, schedule_id: str) -> Schedule:
    """Raises NotFound."""
    schedule = await store.find(tx, workspace_id, schedule_id)
    if schedule is None:
        raise _unknown()
    return schedule


async def _held(
    tx: Transaction, workspace_id: str, schedule_id: str, version: int | None, *, declared: bool
) -> Schedule:
    schedule = await store.lock(tx, workspace_id, schedule_id)
    if schedule is None:
        raise _unknown()
    (must_be_at if declared else must_be_open)(schedule, version)
    return schedule


async def _checked(tx: Transaction, workspace_id: str, wanted: Wanted, actor: str | None) -> dict[str, Any]:
    """The fields to write, clean. Raises Invalid naming the one that cannot be."""
    await people.must_exist(tx, workspace_id, wanted.owner_id or "", "owner_id")
    a_zone(wanted.zone)
    cron = every_s = None
    if wanted.trigger is Trigger.CRON:
        cron = a_cron(wanted.cron or "")
    elif wanted.trigger is Trigger.INTERVAL:
        every_s = wanted.every_s
        if every_s is None or not MIN_INTERVAL_S <= every_s <= MAX_INTERVAL_S:
            raise Invalid(f"every_s must be {MIN_INTERVAL_S} to {MAX_INTERVAL_S} seconds.", field="every_s")
    if not 1 <= wanted.catch_up_limit <= MAX_CATCH_UP:
        raise Invalid(f"catch_up_limit must be 1 to {MAX_CATCH_UP}.", field="catch_up_limit")
    if not 1 <= wanted.pause_after <= MAX_PAUSE_AFTER:
        raise Invalid(f"pause_after must be 1 to {MAX_PAUSE_AFTER}.", field="pause_after")
    await _check_text(tx, workspace_id, wanted, actor)
    return {
        "name": a_name(wanted.name, "name", NAME_LENGTH),
        "trigger": wanted.trigger,
        "cron": cron,
        "zone": wanted.zone,
        "every_s": every_s,
        "template_id": wanted.template_id,
        "draft": wanted.draft,
        "variables": dict(wanted.variables),
        "overlap": wanted.overlap,
        "catch_up": wanted.catch_up,
        "catch_up_limit": wanted.catch_up_limit,
        "pause_after": wanted.pause_after,
        "owner_id": wanted.owner_id,
    }


async def _check_text(tx: Transaction, workspace_id: str, wanted: Wanted, actor: str | None) -> None:
    """What it makes can be made now. Later it may not: then the firing says so."""
    if (wanted.template_id is None) == (wanted.draft is None):
        raise Invalid("Name either a template or the task itself.", field="task")
    if any(len(value) > VALUE_LENGTH for value in wanted.variables.values()):
        raise Invalid(f"The value of a variable may have {VALUE_LENGTH} characters: shorten it.", field="variables")
    if wanted.template_id is not None:
        try:
            template = await get_template(tx, workspace_id, wanted.template_id)
        except NotFound:
            raise names_nothing("template_id", "template") from None
        draft = template.draft
        if wanted.trigger not in (Trigger.API, Trigger.WEBHOOK):
            # Nobody is there to give what is missing.
            values_of(template.variables, wanted.variables, {})
    else:
        assert wanted.draft is not None
        draft = wanted.draft
        checked(draft, tuple(Variable(name, value) for name, value in wanted.variables.items()))
    await must_be_sound(tx, workspace_id, draft, actor)


def _next(schedule: Schedule, now: int) -> int | None:
    return None if schedule.timer is None else next_after(schedule.timer, now)


async def _tell(
    tx: Transaction, kind: str, schedule: Schedule, actor: str | None, data: Mapping[str, Any] | None = None
) -> None:
    common = {"name": schedule.name, "state": schedule.state.value}
    await tx.emit(Event(schedule.workspace_id, kind, schedule.id, {**common, **(data or {})}, actor))


def _unknown() -> NotFound:
    return NotFound("There is no such schedule in this workspace.")

"""/schedules, and /hooks/{id} by which others fire them."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from quarterdeck.access.vault import Vault
from quarterdeck.control.agents import people
from quarterdeck.control.http import DEFAULT_LIMIT, After, Anyone, Db, IfMatch, Limit, Reader, Worker
from quarterdeck.control.schedules import actions, signing, store
from quarterdeck.control.schedules.actions import KEY_LENGTH, Wanted
from quarterdeck.control.schedules.model import (
    DEFAULT_PAUSE_AFTER,
    MAX_CATCH_UP,
    MAX_PAUSE_AFTER,
    NAME_LENGTH,
    CatchUp,
    Firing,
    Outcome,
    Overlap,
    Schedule,
    ScheduleState,
    Trigger,
)
from quarterdeck.control.schedules.timing import (
    CRON_LENGTH,
    MAX_INTERVAL_S,
    MIN_INTERVAL_S,
    Timer,
    a_cron,
    a_zone,
    upcoming,
)
from quarterdeck.control.shapes import Instant, Named, TaskNamed, shown
from quarterdeck.control.tasks import store as task_store
from quarterdeck.control.templates import store as template_store
from quarterdeck.control.templates.bodies import DraftBody, Values
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso
from quarterdeck.kernel.errors import Invalid, TooLarge

router = APIRouter(tags=["schedules"])
SHOWN_FIRINGS = 5
MAX_PAYLOAD = 256 * 1024
MAX_DEPTH = 30
"""Of a payload."""

Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
Cron = Annotated[
    str, Field(max_length=CRON_LENGTH, description="Five fields, such as `0 9 * * MON-FRI`; or `@daily` and the like.")
]
Zone = Annotated[str, Field(max_length=100, description="An IANA zone, such as Europe/Berlin.")]
Every = Annotated[int, Field(ge=MIN_INTERVAL_S, le=MAX_INTERVAL_S, description="Seconds.")]
CatchUpLimit = Annotated[int, Field(ge=1, le=MAX_CATCH_UP, description="How many at the most, with `all`.")]
PauseAfter = Annotated[
    int, Field(ge=1, le=MAX_PAUSE_AFTER, description="It pauses itself after so many failures in a row.")
]


class ScheduleIn(BaseModel):
    """Either `template_id` or `task` says what it makes."""

    name: Name
    trigger: Trigger
    cron: Cron | None = None
    zone: Zone = "UTC"
    every_s: Every | None = None
    template_id: str | None = None
    task: DraftBody | None = None
    variables: Values = {}
    overlap: Overlap = Overlap.SKIP
    catch_up: CatchUp = CatchUp.LAST
    catch_up_limit: CatchUpLimit = 1
    pause_after: PauseAfter = DEFAULT_PAUSE_AFTER
    owner_id: str | None = Field(None, description="The member who answers for its tasks; yourself when absent.")

    def to_wanted(self) -> Wanted:
        given = self.model_dump(exclude={"task"})
        return Wanted(**given, draft=None if self.task is None else self.task.to_draft())


class SchedulePatch(BaseModel):
    name: Name | None = None
    trigger: Trigger | None = None
    cron: Cron | None = None
    zone: Zone | None = None
    every_s: Every | None = None
    template_id: str | None = None
    task: DraftBody | None = None
    variables: Values | None = None
    overlap: Overlap | None = None
    catch_up: CatchUp | None = None
    catch_up_limit: CatchUpLimit | None = None
    pause_after: PauseAfter | None = None
    owner_id: str | None = None

    def to_values(self) -> dict[str, Any]:
        given = self.model_dump(exclude={"task"}, exclude_none=True)
        return given if self.task is None else {**given, "draft": self.task.to_draft()}


class PauseScheduleIn(BaseModel):
    reason: str | None = Field(None, max_length=1_000)


class FireIn(BaseModel):
    key: str | None = Field(
        None, min_length=1, max_length=KEY_LENGTH, description="The same key again fires once; absent, it always fires."
    )
    variables: Values = {}


class FiringPreviewIn(BaseModel):
    cron: Cron | None = None
    zone: Zone = "UTC"
    every_s: Every | None = None


class FiringPreviewOut(BaseModel):
    next_firings: list[Instant]


class FiringOut(BaseModel):
    key: str
    at: Instant
    """The instant it stands for."""
    fired_at: Instant
    outcome: Outcome
    task: TaskNamed | None
    note: str | None
    """Why there is no task."""


class FiringsOut(BaseModel):
    items: list[FiringOut]
    next: str | None


class ScheduleOut(BaseModel):
    id: str
    name: str
    trigger: Trigger
    cron: str | None
    zone: str
    every_s: int | None
    template: Named | None
    task: DraftBody | None
    variables: dict[str, str]
    overlap: Overlap
    catch_up: CatchUp
    catch_up_limit: int
    pause_after: int
    owner: Named
    state: ScheduleState
    paused_reason: str | None
    failures: int
    """Firings in a row that could not make their task."""
    next_firings: list[Instant]
    """The next five; none while it is paused, or where no clock fires it."""
    hook_path: str | None
    """Where a webhook is to be sent."""
    secret_set: bool
    declared: bool
    created_at: Instant
    updated_at: Instant
    version: int


class SchedulesOut(BaseModel):
    items: list[ScheduleOut]
    next: str | None


class ScheduleMadeOut(ScheduleOut):
    secret: str | None
    """The webhook's secret, shown this once."""


class SecretOut(BaseModel):
    secret: str
    """Shown this once."""


class HookOut(BaseModel):
    outcome: Outcome
    task_id: str | None
    note: str | None


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
        return SchedulesOut(items=await _shown(tx, actor.workspace_id, page.items), next=page.next)


@router.post("/schedules", status_code=201, operation_id="create_schedule")
async def create_schedule(body: ScheduleIn, actor: Worker, db: Db, request: Request) -> ScheduleMadeOut:
    """Add a schedule. A webhook's secret is shown this once."""
    async with db.transaction() as tx:
        schedule = await actions.create(tx, actor.workspace_id, body.to_wanted(), actor=actor.id)
        secret = None
        if schedule.trigger is Trigger.WEBHOOK:
            secret = signing.new_secret()
            schedule = await _sealed(tx, request, schedule, secret, actor.id)
        answer = await _one(tx, schedule)
    return ScheduleMadeOut(**answer.model_dump(), secret=secret)


@router.post("/schedules/preview", operation_id="preview_schedule")
async def preview_schedule(body: FiringPreviewIn, _: Reader, db: Db) -> FiringPreviewOut:
    """When it would fire next, before it is made."""
    if (body.cron is None) == (body.every_s is None):
        raise Invalid("Give either cron or every_s.", field="cron")
    a_zone(body.zone)
    now = db.clock.now()
    timer = Timer(None if body.cron is None else a_cron(body.cron), body.every_s, body.zone, now)
    return FiringPreviewOut(next_firings=[iso(instant) for instant in upcoming(timer, now, SHOWN_FIRINGS)])


@router.get("/schedules/{schedule_id}", operation_id="get_schedule")
async def get_schedule(schedule_id: str, actor: Reader, db: Db) -> ScheduleOut:
    """One schedule."""
    async with db.read() as tx:
        return await _one(tx, await actions.get(tx, actor.workspace_id, schedule_id))


@router.patch("/schedules/{schedule_id}", operation_id="change_schedule")
async def change_schedule(
    *, schedule_id: str, body: SchedulePatch, actor: Worker, db: Db, version: IfMatch
) -> ScheduleOut:
    """Change a schedule. A new time counts from now on."""
    async with db.transaction() as tx:
        schedule = await actions.change(
            tx, actor.workspace_id, schedule_id, body.to_values(), version=version, actor=actor.id
        )
        return await _one(tx, schedule)


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
        return await _one(tx, schedule)


@router.post("/schedules/{schedule_id}/resume", operation_id="resume_schedule")
async def resume_schedule(schedule_id: str, actor: Worker, db: Db) -> ScheduleOut:
    """Fire again, from now on; what came meanwhile is not caught up."""
    async with db.transaction() as tx:
        return await _one(tx, await actions.resume(tx, actor.workspace_id, schedule_id, actor=actor.id))


@router.post("/schedules/{schedule_id}/secret", operation_id="rotate_schedule_secret")
async def rotate_schedule_secret(schedule_id: str, actor: Worker, db: Db, request: Request) -> SecretOut:
    """A new secret for a webhook; the old one is worth nothing from now on."""
    secret = signing.new_secret()
    async with db.transaction() as tx:
        schedule = await actions.get(tx, actor.workspace_id, schedule_id)
        await _sealed(tx, request, schedule, secret, actor.id)
    return SecretOut(secret=secret)


@router.post("/schedules/{schedule_id}/fire", operation_id="fire_schedule")
async def fire_schedule(*, schedule_id: str, actor: Worker, db: Db, body: FireIn | None = None) -> FiringOut:
    """Fire now, whatever its clock says: the API trigger, and a person's try."""
    said = body or FireIn()
    async with db.transaction() as tx:
        fired = await actions.fire(tx, actor.workspace_id, schedule_id, key=said.key, given=said.variables, actor=actor)
        return (await _firings(tx, actor.workspace_id, [fired]))[0]


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
        return FiringsOut(items=await _firings(tx, actor.workspace_id, page.items), next=page.next)


@router.post("/hooks/{schedule_id}", status_code=202, operation_id="fire_by_webhook")
async def fire_by_webhook(schedule_id: str, _: Anyone, db: Db, request: Request) -> HookOut:
    """Fire a schedule from outside. The body is signed; as JSON its members are `{{payload.…}}` in the task's text."""
    body = await request.body()
    if len(body) > MAX_PAYLOAD:
        raise TooLarge(f"The body of a webhook may have {MAX_PAYLOAD} bytes.")
    async with db.transaction() as tx:
        schedule = await store.anywhere(tx, schedule_id)
        if schedule is None or schedule.sealed_secret is None or schedule.trigger is not Trigger.WEBHOOK:
            raise signing.refused()
        secret = _vault(request).unseal(schedule.sealed_secret, bound_to(schedule.id)).decode()
        key = signing.verify(secret, request.headers, body, tx.now)
        fired = await actions.fire(tx, schedule.workspace_id, schedule.id, key=f"hook:{key}", payload=_payload(body))
    return HookOut(outcome=fired.outcome, task_id=fired.task_id, note=fired.note)


def _payload(body: bytes) -> dict[str, Any]:
    """A JSON object as it is, another JSON value as `items`, anything else as `text`. Raises Invalid when not UTF-8."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Invalid("The body must be UTF-8.", field="body") from None
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return {"text": text}
    if _is_deep(found):
        return {"text": text}
    return found if isinstance(found, dict) else {"items": found}


def _is_deep(found: Any) -> bool:
    """Whether it nests deeper than anything that a text would name, and than others can follow."""
    level = [found]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return bool(level)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


async def _sealed(tx: Transaction, request: Request, schedule: Schedule, secret: str, actor: str) -> Schedule:
    sealed = _vault(request).seal(secret.encode(), bound_to(schedule.id))
    return await actions.set_secret(tx, schedule.workspace_id, schedule.id, sealed, actor=actor)


def bound_to(schedule_id: str) -> str:
    """What the vault binds a webhook's secret to."""
    return f"schedules/{schedule_id}"


def _vault(request: Request) -> Vault:
    vault: Vault = request.app.state.vault
    return vault


async def _one(tx: Transaction, schedule: Schedule) -> ScheduleOut:
    return (await _shown(tx, schedule.workspace_id, [schedule]))[0]


async def _shown(tx: Transaction, workspace_id: str, found: Sequence[Schedule]) -> list[ScheduleOut]:
    owners = await people.named(tx, workspace_id, {one.owner_id for one in found})
    templates = await template_store.named(tx, workspace_id, {one.template_id for one in found if one.template_id})
    return [
        ScheduleOut(
            id=one.id,
            name=one.name,
            trigger=one.trigger,
            cron=one.cron,
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


async def _firings(tx: Transaction, workspace_id: str, found: Sequence[Firing]) -> list[FiringOut]:
    tasks = await task_store.named(tx, workspace_id, {one.task_id for one in found if one.task_id})
    return [
        FiringOut(
            key=one.key,
            at=shown(one.at) or "",
            fired_at=iso(one.fired_at),
            outcome=one.outcome,
            task=None
            if one.task_id is None
            else TaskNamed(id=one.task_id, ref=tasks[one.task_id].ref, title=tasks[one.task_id].title),
            note=one.note,
        )
        for one in found
    ]

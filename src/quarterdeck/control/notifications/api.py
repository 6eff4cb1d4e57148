"""/notifications: what you were told, and how you want to be told."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from quarterdeck.control.channels import actions as channels
from quarterdeck.control.comments.store import names as names_of
from quarterdeck.control.http import DEFAULT_LIMIT, After, Db, IfMatch, Limit, Self
from quarterdeck.control.notifications import store
from quarterdeck.control.notifications.kinds import KINDS, NAMES, Urgency
from quarterdeck.control.notifications.model import (
    MAX_RULES,
    How,
    Item,
    Preferences,
    Quiet,
    Rule,
    a_zone,
    clock_of,
    minute_of,
    rules_as_json,
)
from quarterdeck.control.shapes import Instant, Named, RequestBody, shown
from quarterdeck.kernel.clock import iso
from quarterdeck.kernel.errors import Changed
from quarterdeck.kernel.events import Event

router = APIRouter(tags=["notifications"])
UrgencyName = Literal["low", "normal", "urgent"]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="Such as 22:30.")]
Pattern = Annotated[str, Field(min_length=1, max_length=100)]
AnId = Annotated[str | None, Field(max_length=100)]


class NotificationOut(BaseModel):
    id: str
    kind: str
    subject_id: str
    task_id: str | None
    actor: Named | None
    title: str
    body: str | None
    urgency: UrgencyName
    count: int
    """How many events of its kind, on the same task, it stands for."""
    at: Instant
    read_at: Instant | None


class NotificationsOut(BaseModel):
    items: list[NotificationOut]
    """Newest first."""
    unread: int
    next: str | None


class ReadIn(RequestBody):
    ids: list[str] | None = Field(None, max_length=500, description="All when absent.")


class ReadOut(BaseModel):
    unread: int


class NotificationRule(RequestBody):
    """The first rule that fits a message decides about it."""

    kinds: list[Pattern] = Field(["*"], min_length=1, max_length=50)
    agent_id: AnId = None
    task_id: AnId = None
    project_id: AnId = None
    at_least: UrgencyName = "low"
    channels: list[Annotated[str, Field(max_length=100)]] = Field([], max_length=20)
    in_app: bool = True
    how: How = How.NOW


class QuietHours(RequestBody):
    start: TimeOfDay
    end: TimeOfDay
    urgent_passes: bool = True


class PreferencesIn(RequestBody):
    zone: str = Field("UTC", max_length=100, description="An IANA time zone.")
    rules: list[NotificationRule] = Field([], max_length=MAX_RULES)
    quiet: QuietHours | None = None
    digest_at: TimeOfDay | None = Field(None, description="When digests are sent; every hour when absent.")


class PreferencesOut(PreferencesIn):
    version: int


class NotificationKindOut(BaseModel):
    kind: str
    title: str
    """What such a message says; its holes are filled when it is sent."""
    urgency: UrgencyName
    group: str
    """What it belongs to, for whoever chooses."""
    name: str
    """What the kind is called, in plain words; the same for each way in which it is told."""


class NotificationKindsOut(BaseModel):
    items: list[NotificationKindOut]


@router.get("/notifications", operation_id="list_notifications")
async def list_notifications(
    *,
    actor: Self,
    db: Db,
    unread: Annotated[bool, Query(description="Only what you have not read.")] = False,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> NotificationsOut:
    """What you were told in the app."""
    async with db.read() as tx:
        page = await store.page(tx, actor.workspace_id, actor.id, unread=unread, after=after, limit=limit)
        count = await store.count_unread(tx, actor.workspace_id, actor.id)
        names = await names_of(tx, actor.workspace_id, {one.actor_id for one in page.items if one.actor_id})
    return NotificationsOut(items=[_shown(one, names) for one in page.items], unread=count, next=page.next)


@router.post("/notifications/read", operation_id="read_notifications")
async def read_notifications(body: ReadIn, actor: Self, db: Db) -> ReadOut:
    """Mark some of them, or all, as read."""
    async with db.transaction() as tx:
        if await store.read(tx, actor.workspace_id, actor.id, body.ids):
            await tx.emit(Event(actor.workspace_id, "notification.read", actor.id, {"member_id": actor.id}, actor.id))
        return ReadOut(unread=await store.count_unread(tx, actor.workspace_id, actor.id))


@router.get("/notifications/kinds", operation_id="list_notification_kinds")
async def list_notification_kinds(_: Self) -> NotificationKindsOut:
    """The kinds of events that people are told of."""
    return NotificationKindsOut(
        items=[
            NotificationKindOut(
                kind=each.pattern,
                title=each.title,
                urgency=_urgency(each.urgency),
                group=NAMES[each.pattern][0],
                name=NAMES[each.pattern][1],
            )
            for each in KINDS
        ]
    )


@router.get("/notifications/preferences", operation_id="get_notification_preferences")
async def get_notification_preferences(actor: Self, db: Db) -> PreferencesOut:
    """Your rules, quiet hours and digest."""
    async with db.read() as tx:
        return _preferences((await store.preferences_for(tx, actor.workspace_id, [actor.id]))[actor.id])


@router.put("/notifications/preferences", operation_id="set_notification_preferences")
async def set_notification_preferences(body: PreferencesIn, actor: Self, db: Db, version: IfMatch) -> PreferencesOut:
    """Set them whole."""
    wanted = Preferences(
        zone=a_zone(body.zone),
        rules=tuple(_rule(each) for each in body.rules),
        quiet=None
        if body.quiet is None
        else Quiet(minute_of(body.quiet.start, "start"), minute_of(body.quiet.end, "end"), body.quiet.urgent_passes),
        digest_at=None if body.digest_at is None else minute_of(body.digest_at, "digest_at"),
    )
    async with db.transaction() as tx:
        for channel_id in {each for rule in wanted.rules for each in rule.channels}:
            await channels.get(tx, actor, channel_id)
        if not await store.set_preferences(tx, actor.workspace_id, actor.id, wanted, version):
            raise Changed("Your preferences were changed meanwhile; load them again.")
        return _preferences((await store.preferences_for(tx, actor.workspace_id, [actor.id]))[actor.id])


def _rule(given: NotificationRule) -> Rule:
    return Rule(
        kinds=tuple(given.kinds),
        agent_id=given.agent_id,
        task_id=given.task_id,
        project_id=given.project_id,
        at_least=Urgency[given.at_least.upper()],
        channels=tuple(given.channels),
        in_app=given.in_app,
        how=given.how,
    )


def _preferences(found: Preferences) -> PreferencesOut:
    quiet = found.quiet
    return PreferencesOut(
        zone=found.zone,
        rules=[NotificationRule(**each) for each in rules_as_json(found.rules)],
        quiet=None
        if quiet is None
        else QuietHours(start=clock_of(quiet.start), end=clock_of(quiet.end), urgent_passes=quiet.urgent_passes),
        digest_at=None if found.digest_at is None else clock_of(found.digest_at),
        version=found.version,
    )


def _shown(item: Item, names: dict[str, str]) -> NotificationOut:
    return NotificationOut(
        id=item.id,
        kind=item.kind,
        subject_id=item.subject_id,
        task_id=item.task_id,
        actor=None if item.actor_id is None else Named(id=item.actor_id, name=names.get(item.actor_id, "")),
        title=item.title,
        body=item.body,
        urgency=_urgency(item.urgency),
        count=item.count,
        at=iso(item.at),
        read_at=shown(item.read_at),
    )


def _urgency(urgency: Urgency) -> UrgencyName:
    names: dict[Urgency, UrgencyName] = {Urgency.LOW: "low", Urgency.NORMAL: "normal", Urgency.URGENT: "urgent"}
    return names[urgency]

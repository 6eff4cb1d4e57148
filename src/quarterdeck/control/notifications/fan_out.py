"""From events to what members see and to what channels send: once for each event, in any number of processes."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from fnmatch import fnmatchcase

from quarterdeck.control.channels import actions as channel_actions
from quarterdeck.control.channels import store as channels
from quarterdeck.control.channels.model import Channel, ChannelKind
from quarterdeck.control.notifications import store
from quarterdeck.control.notifications.audience import People, Told, task_id_of, told
from quarterdeck.control.notifications.kinds import Urgency, kind_of, titled
from quarterdeck.control.notifications.model import Item, Preferences, gathered, route, sending
from quarterdeck.db import Database, Transaction, cursors
from quarterdeck.db.outbox import StoredEvent, latest_seq, oldest_seq, read_after
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id

CURSOR = "notifications"
BATCH = 200
SILENT = ("notification.*", "channel.queued", "inbox.delivered", "calls.ingested", "run.progressed")
"""Kinds that no channel hears of, though it follows all: they are copies, or signs of life."""


Follower = Callable[[Transaction, StoredEvent, People], Awaitable[None]]
"""Somebody else who keeps something of each event, in the same transaction."""


async def fan_out(db: Database, base_url: str, *, follow: Follower | None = None) -> int:
    """Handle the next events, at most BATCH. Returns how many were read; 0 when none, or when another process did."""
    async with db.read() as tx:
        seq = await cursors.read(tx, CURSOR)
        batch = [] if seq is None else await read_after(tx, seq, limit=BATCH)
        oldest = await oldest_seq(tx)
    if seq is None:
        async with db.transaction() as tx:
            await cursors.begin(tx, CURSOR, await latest_seq(tx))
        return 0
    if not batch or (oldest is not None and batch[-1].seq < oldest):
        return 0
    async with db.transaction() as tx:
        # Moved in the transaction of all that follows from the events, so a crash repeats nothing and loses nothing.
        if not await cursors.advance(tx, CURSOR, seq, batch[-1].seq):
            return 0
        by_workspace: dict[str, list[StoredEvent]] = defaultdict(list)
        for event in batch:
            if not any(fnmatchcase(event.kind, pattern) for pattern in SILENT):
                by_workspace[event.workspace_id].append(event)
        for workspace_id, events in sorted(by_workspace.items()):
            await _of_workspace(tx, workspace_id, events, base_url, follow)
    return len(batch)


async def _of_workspace(
    tx: Transaction, workspace_id: str, events: Sequence[StoredEvent], base_url: str, follow: Follower | None
) -> None:
    queued = False
    known = {channel.id: channel for channel in await channels.all_of(tx, workspace_id) if channel.enabled}
    people = await People.of(tx, workspace_id, events)
    for event in events:
        if follow is not None:
            await follow(tx, event, people)
        kind = kind_of(event.kind, event.data)
        spoken = None if kind is None else await told(tx, kind, event, people)
        title = event.kind if kind is None or spoken is None else titled(kind, spoken.said)
        for channel in known.values():
            if any(fnmatchcase(event.kind, pattern) for pattern in channel.kinds):
                await _follow(tx, channel, event, title, spoken, base_url)
                queued = True
        if kind is None or spoken is None or not spoken.recipients:
            continue
        wanted = await store.preferences_for(tx, workspace_id, spoken.recipients)
        for member_id in spoken.recipients:
            await _tell(tx, member_id, wanted[member_id], spoken, title, kind.urgency, known, base_url)
            queued = queued or bool(wanted[member_id].rules)
    if queued:
        await channel_actions.tell_queued(tx, workspace_id)


async def _tell(
    tx: Transaction,
    member_id: str,
    preferences: Preferences,
    spoken: Told,
    title: str,
    urgency: Urgency,
    known: dict[str, Channel],
    base_url: str,
) -> None:
    event = spoken.event
    way = route(preferences, event.kind, urgency, spoken.scope)
    # Two signals of one task are two things to know: they do not fold into one item.
    of = f":{event.data.get('kind')}" if event.kind.startswith("signal.") else ""
    topic = f"{event.kind}{of}:{spoken.scope['task_id'] or event.subject_id}"
    if way.in_app:
        item = await store.put(
            tx,
            Item(
                id=new_id("ntf"),
                workspace_id=event.workspace_id,
                member_id=member_id,
                key=topic,
                kind=event.kind,
                subject_id=event.subject_id,
                task_id=spoken.scope["task_id"],
                actor_id=event.actor,
                title=title,
                body=spoken.excerpt,
                urgency=urgency,
                count=1,
                at=event.at,
            ),
        )
        data = {"member_id": member_id, "kind": event.kind, "id": item.id}
        await tx.emit(Event(event.workspace_id, "notification.delivered", member_id, data))
    line = {"title": title, "body": spoken.excerpt, "url": link(spoken.scope, base_url), "at": event.at}
    for channel_id in way.channels:
        channel = known.get(channel_id)
        if channel is None or channel.member_id not in (None, member_id) or channel.id == event.subject_id:
            continue
        when = sending(preferences, way.how, urgency, member_id, topic, tx.now)
        key = f"{member_id}:{event.seq}"
        if channel.kind is ChannelKind.WEBHOOK:
            await _put_event(tx, channel, event, key=f"evt_{event.seq}_{member_id}", at=when.at, title=title)
            continue
        waiting = None
        if when.gathers is not None:
            waiting = await channels.gathering(tx, event.workspace_id, channel.id, when.gathers)
        if waiting is not None:
            await channels.set_payload(tx, waiting, gathered(waiting.payload, line))
            continue
        made = channel_actions.new(
            channel,
            key=key,
            kind=event.kind,
            payload=gathered({}, line),
            at=when.at,
            now=tx.now,
            gathers=when.gathers,
            member_id=member_id,
        )
        await channels.put(tx, made)


async def _follow(
    tx: Transaction, channel: Channel, event: StoredEvent, title: str, spoken: Told | None, base_url: str
) -> None:
    """A shared channel that follows this kind: webhooks get the event as it is, all others its title."""
    if channel.kind is ChannelKind.WEBHOOK:
        await _put_event(tx, channel, event, key=f"evt_{event.seq}", at=tx.now, title=title)
        return
    scope: dict[str, object] = {"task_id": task_id_of(event)} if spoken is None else spoken.scope
    line = {"title": title, "body": None if spoken is None else spoken.excerpt, "url": link(scope, base_url)}
    made = channel_actions.new(
        channel, key=f"evt_{event.seq}", kind=event.kind, payload=gathered({}, line), at=tx.now, now=tx.now
    )
    await channels.put(tx, made)


async def _put_event(tx: Transaction, channel: Channel, event: StoredEvent, *, key: str, at: int, title: str) -> None:
    payload = {
        "type": event.kind,
        "seq": event.seq,
        "subject_id": event.subject_id,
        "actor": event.actor,
        "title": title,
        "data": event.data,
    }
    made = channel_actions.new(channel, key=key, kind=event.kind, payload=payload, at=at, now=event.at)
    await channels.put(tx, made)


def link(scope: dict[str, object], base_url: str) -> str | None:
    """Where in the dashboard it is to be seen."""
    if scope.get("task_id"):
        return f"{base_url}/tasks/{scope['task_id']}"
    return f"{base_url}/agents/{scope['agent_id']}" if scope.get("agent_id") else None

"""Where a foreign agent wants to be told of a task: A2A's push notifications, and the queue they go out by.

A row is due when something happened to its task. What is sent is the task as it stands then, so that what came in
between is in it, and a notification that is lost is made good by the next.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.access.actors import Actor
from quarterdeck.access.vault import Vault
from quarterdeck.control.channels.model import (
    ChannelKind,
    Outcome,
    allowed_hosts,
    checked_url,
    next_wait,
    shown_webhook,
)
from quarterdeck.control.notifications.audience import People
from quarterdeck.control.peers.tables import DUE, peer_pushes
from quarterdeck.control.tasks import actions as tasks
from quarterdeck.db import Prepared, Transaction
from quarterdeck.db.outbox import StoredEvent
from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.errors import Changed, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.text import a_line, storable

MAX_PER_TASK = 10
ID_LENGTH = 200
SECRET_LENGTH = 2_000
LEASE_S = 60
_KINDS = ("task.", "deliverable.", "question.", "approval.", "comment.")


@dataclass(frozen=True, slots=True)
class Target:
    """Where to and with what. Only the sender of notifications sees the secrets again."""

    url: str
    token: str | None = None
    scheme: str | None = None
    credentials: str | None = None


@dataclass(frozen=True, slots=True)
class Push:
    """A row. `told` is the hash of what was delivered last; instants are microseconds since the epoch."""

    workspace_id: str
    task_id: str
    id: str
    sender_id: str
    shown: str
    sealed: bytes
    told: str | None
    due_at: int | None
    lease_until: int
    attempts: int
    last_status: int | None
    last_error: str | None
    created_at: int

    @property
    def bound_to(self) -> str:
        return _bound_to(self.workspace_id, self.task_id, self.sender_id, self.id)

    def target(self, vault: Vault) -> Target:
        """Raises VaultError."""
        return Target(*json.loads(vault.unseal(self.sealed, self.bound_to)))


async def put(
    tx: Transaction, actor: Actor, vault: Vault, task_id: str, push_id: str, target: Target, hosts: Collection[str]
) -> Push:
    """Add or replace one, and tell the peer how the task stands now; tells `peer.push_set`.

    `hosts` are those inside private networks that may be told. Raises NotFound; Invalid; Changed `too_many_pushes`.
    """
    task = await tasks.locked(tx, actor.workspace_id, task_id)
    name = a_line(push_id or task.id, "id", ID_LENGTH)
    private = bool(allowed_hosts(target.url) & set(hosts))
    url = checked_url(ChannelKind.WEBHOOK, target.url, allow_private=private)
    for field in ("token", "scheme", "credentials"):
        if (given := getattr(target, field)) is not None:
            a_line(given, field, SECRET_LENGTH)
    others = [one for one in await of_task(tx, actor, task.id) if one.id != name]
    if len(others) >= MAX_PER_TASK:
        raise Changed(f"A task tells at most {MAX_PER_TASK} addresses of one peer.", code="too_many_pushes")
    sealed = vault.seal(
        json.dumps([url, target.token, target.scheme, target.credentials]).encode(),
        _bound_to(actor.workspace_id, task.id, actor.id, name),
    )
    await tx.execute(peer_pushes.delete().where(_is(actor.workspace_id, task.id, actor.id, name)))
    made = Push(
        actor.workspace_id, task.id, name, actor.id, shown_webhook(url), sealed, None, tx.now, 0, 0, None, None, tx.now
    )
    await tx.execute(peer_pushes.insert().values({field: getattr(made, field) for field in Push.__slots__}))
    await _tell(tx, "peer.push_set", made, task.ref)
    return made


async def of_task(tx: Transaction, actor: Actor, task_id: str) -> list[Push]:
    """The caller's own, oldest first."""
    if not storable(task_id):
        return []
    rows = await tx.rows(
        sa.select(peer_pushes)
        .where(
            peer_pushes.c.workspace_id == actor.workspace_id,
            peer_pushes.c.task_id == task_id,
            peer_pushes.c.sender_id == actor.id,
        )
        .order_by(peer_pushes.c.created_at, peer_pushes.c.id)
    )
    return [_push(row) for row in rows]


async def get(tx: Transaction, actor: Actor, task_id: str, push_id: str) -> Push:
    """Raises NotFound, for those of others too."""
    for one in await of_task(tx, actor, task_id):
        if one.id == push_id:
            return one
    raise NotFound("There is no such push notification of yours on this task.")


async def remove(tx: Transaction, actor: Actor, task_id: str, push_id: str) -> None:
    """Raises NotFound."""
    found = await get(tx, actor, task_id, push_id)
    task = await tasks.get(tx, actor.workspace_id, task_id)
    await tx.execute(peer_pushes.delete().where(_is(actor.workspace_id, task_id, actor.id, push_id)))
    await _tell(tx, "peer.push_removed", found, task.ref)


async def follow(tx: Transaction, event: StoredEvent, people: People) -> None:
    """Let those who want to be told of the event's task be told."""
    if not event.kind.startswith(_KINDS):
        return
    task_id = event.data.get("task_id") or event.subject_id
    if not await tx.fetch(_ANY_OF, workspace_id=event.workspace_id, task_id=task_id):
        return
    await tx.execute(
        peer_pushes.update()
        .where(peer_pushes.c.workspace_id == event.workspace_id, peer_pushes.c.task_id == task_id)
        .values(due_at=tx.now, attempts=0)
    )


_NOW: sa.BindParameter[int] = sa.bindparam("now", type_=sa.BigInteger)
_ANY_OF = Prepared(
    sa.select(peer_pushes.c.id)
    .where(peer_pushes.c.workspace_id == sa.bindparam("workspace_id"), peer_pushes.c.task_id == sa.bindparam("task_id"))
    .limit(1)
)
_ANY_DUE = Prepared(
    sa.select(peer_pushes.c.id)
    .where(sa.text(DUE), peer_pushes.c.due_at <= _NOW, peer_pushes.c.lease_until <= _NOW)
    .limit(1)
)


async def is_any_due(tx: Transaction) -> bool:
    """A look that takes no lock."""
    return bool(await tx.fetch(_ANY_DUE, now=tx.now))


async def take_due(tx: Transaction, limit: int) -> list[Push]:
    """Some that are due, for this process alone until their lease is over."""
    due = (
        sa.select(peer_pushes)
        .where(sa.text(DUE), peer_pushes.c.due_at <= tx.now, peer_pushes.c.lease_until <= tx.now)
        .order_by(peer_pushes.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = [_push(row) for row in await tx.rows(due)]
    for one in found:
        where = _is(one.workspace_id, one.task_id, one.sender_id, one.id)
        await tx.execute(peer_pushes.update().where(where).values(lease_until=tx.now + LEASE_S * SECOND))
    return found


async def settle(tx: Transaction, push: Push, outcome: Outcome, told: str | None) -> None:
    """Write how an attempt went. What came due meanwhile stays so; after the last one it waits for the next event."""
    where = _is(push.workspace_id, push.task_id, push.sender_id, push.id)
    common = {"lease_until": 0, "last_status": outcome.status, "last_error": outcome.error}
    if outcome.ok:
        await tx.execute(peer_pushes.update().where(where).values(**common, told=told, attempts=0))
        await tx.execute(peer_pushes.update().where(where, peer_pushes.c.due_at == push.due_at).values(due_at=None))
        return
    attempts = push.attempts + 1
    wait = None if outcome.final else next_wait(attempts, outcome.retry_after)
    later = None if wait is None else tx.now + wait
    await tx.execute(peer_pushes.update().where(where).values(**common, attempts=attempts))
    await tx.execute(peer_pushes.update().where(where, peer_pushes.c.due_at == push.due_at).values(due_at=later))


def _bound_to(workspace_id: str, task_id: str, sender_id: str, push_id: str) -> str:
    return f"peer_pushes/{workspace_id}/{task_id}/{sender_id}/{push_id}"


def _is(workspace_id: str, task_id: str, sender_id: str, push_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        peer_pushes.c.workspace_id == workspace_id,
        peer_pushes.c.task_id == task_id,
        peer_pushes.c.sender_id == sender_id,
        peer_pushes.c.id == push_id,
    )


def _push(row: sa.RowMapping) -> Push:
    return Push(**{field: row[field] for field in Push.__slots__})


async def _tell(tx: Transaction, kind: str, push: Push, ref: str) -> None:
    data = {"task_id": push.task_id, "ref": ref, "to": push.shown}
    await tx.emit(Event(push.workspace_id, kind, push.task_id, data, push.sender_id))

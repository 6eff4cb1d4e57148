"""The verbs of shares: hand a link out, open it, revoke it."""

import secrets

from quarterdeck.access.actors import Actor
from quarterdeck.control.shares import store
from quarterdeck.control.shares.store import OPENED_GRAIN, Share
from quarterdeck.control.tasks import actions as tasks
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.clock import DAY
from quarterdeck.kernel.errors import Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id

MAX_DAYS = 90
MOST = 50
"""Links to one thing that stand at once."""


async def create(
    tx: Transaction, actor: Actor, *, task_id: str | None, costs: dict[str, str] | None, days: int
) -> tuple[Share, str]:
    """A link, and its token, which is told only now. Tells `share.created`.

    Raises NotFound for a task that is not there; Invalid unless it is of exactly one thing, or of one with too many.
    """
    if (task_id is None) == (costs is None):
        raise Invalid("Share either a task or a report of costs.", field="task_id")
    if task_id is not None:
        await tasks.get(tx, actor.workspace_id, task_id)
    if len(await store.standing(tx, actor.workspace_id, task_id)) >= MOST:
        raise Invalid(f"This is shared by {MOST} links already; revoke one first.", code="too_many_shares")
    token = secrets.token_urlsafe(32)
    until = tx.now + days * DAY
    share = Share(actor.workspace_id, new_id("shr"), task_id, costs, actor.id, tx.now, until, None)
    await store.insert(tx, share, token)
    data = {"task_id": task_id, "costs": costs, "expires_at": until}
    await tx.emit(Event(actor.workspace_id, "share.created", share.id, data, actor.id))
    return share, token


async def revoke(tx: Transaction, actor: Actor, share_id: str) -> None:
    """End a link at once. Tells `share.revoked`. Raises NotFound."""
    share = await store.delete(tx, actor.workspace_id, share_id)
    if share is None:
        raise NotFound(f"There is no share {share_id}: it has expired or was revoked before.")
    data = {"task_id": share.task_id, "costs": share.costs}
    await tx.emit(Event(actor.workspace_id, "share.revoked", share.id, data, actor.id))


async def opened(db: Database, token: str) -> Share:
    """The share that a token opens. Raises NotFound `share_gone`, the same whatever the reason."""
    async with db.read() as tx:
        share = await store.by_token(tx, token)
        now = tx.now
    if share is None:
        raise NotFound(
            "This link has expired, was revoked or is not complete. Ask whoever sent it for a new one.",
            code="share_gone",
        )
    if share.opened_at is None or share.opened_at <= now - OPENED_GRAIN:
        async with db.transaction() as tx:
            await store.mark_opened(tx, share)
    return share

"""The long poll of a claim: an agent waits for work and is woken by what happens, not by looking again and again."""

import asyncio
from collections.abc import Awaitable, Callable

from quarterdeck.access.actors import Actor
from quarterdeck.control.runs import claims
from quarterdeck.control.runs.claims import Claimed
from quarterdeck.control.runs.model import DEFAULT_LEASE_S, Nothing
from quarterdeck.control.runs.nothing import Unclaimed
from quarterdeck.control.tasks import claiming
from quarterdeck.db import Database
from quarterdeck.db.outbox import EventFeed, StoredEvent
from quarterdeck.kernel.clock import SECOND

LOOK_AGAIN_S = 15.0
"""A claim skips a task that another transaction holds just then; if that one gives up, no event says so."""


class ClientGone(Exception):
    """Nobody is there to take what a claim would give."""


async def claim(
    db: Database,
    feed: EventFeed,
    actor: Actor,
    *,
    wait_s: float,
    task_id: str | None = None,
    lease_s: int = DEFAULT_LEASE_S,
    session: str | None = None,
    gone: Callable[[], Awaitable[bool]],
) -> Claimed | Unclaimed:
    """Claim now, or as soon as there is something within `wait_s` seconds.

    No database connection is held while waiting. Raises what :func:`claims.claim` raises; ClientGone when the
    agent left meanwhile, so that no task goes to nobody.
    """
    async with db.transaction() as tx:
        answer = await claims.claim(tx, actor, task_id=task_id, lease_s=lease_s, session=session)
    if wait_s <= 0 or not _worth_waiting(answer):
        return answer
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    async with feed.subscribe(actor.workspace_id) as subscription:
        while True:
            if await gone():
                raise ClientGone
            async with db.read() as tx:
                promising = await claims.is_promising(tx, actor)
            if promising:
                async with db.transaction() as tx:
                    answer = await claims.claim(tx, actor, task_id=task_id, lease_s=lease_s, session=session)
            if not _worth_waiting(answer):
                return answer
            look_again = min(deadline, loop.time() + await _until_next(db, actor))
            while True:
                happened = await subscription.next(max(0.0, look_again - loop.time()))
                if any(concerns(event, actor.id) for event in happened) or loop.time() >= look_again:
                    break
                if subscription.over:
                    return answer
            if loop.time() >= deadline:
                return answer


async def _until_next(db: Database, actor: Actor) -> float:
    """Seconds until it is worth to look again without having been woken: no event tells that a retry's wait is over."""
    async with db.read() as tx:
        at = await claiming.next_retry(tx, actor.workspace_id, actor.id)
    return LOOK_AGAIN_S if at is None else min(LOOK_AGAIN_S, max(0.05, (at - tx.now) / SECOND))


def concerns(event: StoredEvent, agent_id: str) -> bool:
    """Whether a claim of this agent may find something now that it did not find before."""
    if event.kind in ("run.ended", "run.expired"):
        return bool(event.data["agent_id"] == agent_id)
    if event.kind in ("lever.lifted", "squad.changed"):
        return True
    if event.kind == "agent.changed":
        return event.subject_id == agent_id
    if event.kind == "project.changed":
        return not event.data["held"] and not event.data["archived"]
    if event.kind in ("task.created", "task.moved", "task.assigned", "task.unblocked", "task.released"):
        return event.data["state"] in ("ready", "in_progress") and event.data["agent_id"] in (None, agent_id)
    return False


def _worth_waiting(answer: Claimed | Unclaimed) -> bool:
    return isinstance(answer, Unclaimed) and answer.reason is not Nothing.RETIRED

"""The queue of a member: all that waits for it, and putting that off, handing it on, or being done with it."""

from quarterdeck.access.actors import Actor, Permission, allows
from quarterdeck.control.agents import people as members
from quarterdeck.control.inbox import store as inbox
from quarterdeck.control.lever.actions import Effect
from quarterdeck.control.needs import items, sources, stopped, store
from quarterdeck.control.needs.model import HANDED_ON, Need, NeedKind, Open
from quarterdeck.control.needs.stopped import Act
from quarterdeck.control.needs.store import Mark
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY
from quarterdeck.kernel.errors import Invalid, NotFound
from quarterdeck.kernel.events import Event

MAX_MENTIONS = 500
MAX_SNOOZE = 30 * DAY

__all__ = ["Need", "NeedKind", "delegate", "dismiss", "queue", "seen", "snooze"]


async def queue(tx: Transaction, actor: Actor, *, snoozed: bool = False) -> list[Need]:
    """All that waits for the member now, longest waiting first; with `snoozed`, what it has put off as well."""
    marks = await store.marks_of(tx, actor.workspace_id, actor.id)
    found = []
    for need in await _open(tx, actor):
        mark = marks.get((need.key, actor.id))
        if mark is not None and mark.at < need.since:
            mark = None  # it was said of what waited under this key before
        if mark is None or (mark.delegated_to_id is None and (snoozed or (mark.snoozed_until or 0) <= tx.now)):
            found.append(need)
    return sorted(found, key=lambda need: (need.since, need.key))


async def snooze(tx: Transaction, actor: Actor, key: str, until: int) -> None:
    """Put it off until that instant. Raises NotFound when it does not wait for the member; Invalid for the past."""
    await _must_wait(tx, actor, key)
    if not tx.now < until <= tx.now + MAX_SNOOZE:
        raise Invalid("until must be in the future, and within 30 days.", field="until")
    await store.mark(tx, actor.workspace_id, actor.id, key, Mark(until, None))


async def delegate(tx: Transaction, actor: Actor, key: str, member_id: str) -> None:
    """Hand it on to another member; tells `need.delegated`. Raises NotFound; Invalid."""
    need = await _must_wait(tx, actor, key)
    if need.kind not in HANDED_ON or member_id == actor.id:
        raise Invalid("A mention is yours alone; all else is handed on, and to somebody else.", field="member_id")
    await members.must_exist(tx, actor.workspace_id, member_id, "member_id")
    await store.mark(tx, actor.workspace_id, actor.id, key, Mark(None, member_id))
    data = {"key": key, "task_id": need.task_id, "member_id": member_id}
    await tx.emit(Event(actor.workspace_id, "need.delegated", need.subject_id, data, actor.id))


async def dismiss(tx: Transaction, actor: Actor, key: str) -> None:
    """The member has seen to what an event made wait; tells `need.dismissed`.

    Raises NotFound when it does not wait for the member; Invalid for what has a verb of its own to end it.
    """
    need = await _must_wait(tx, actor, key)
    if not await items.close(tx, actor.workspace_id, key):
        raise Invalid(f"A {need.kind} ends by itself, once it is seen to.", field="key")
    data = {"key": key, "task_id": need.task_id}
    await tx.emit(Event(actor.workspace_id, "need.dismissed", need.subject_id, data, actor.id))


async def settle_budget(tx: Transaction, actor: Actor, key: str, what: Act, amount: int | None) -> Effect:
    """See to a budget that stopped. Raises NotFound when it waits for another; what `stopped.act` does."""
    return await stopped.act(tx, actor, await _must_wait(tx, actor, key), what, amount)


async def seen(tx: Transaction, actor: Actor, upto: int) -> None:
    """The member has seen its mentions up to that number."""
    await inbox.acknowledge(tx, actor.workspace_id, actor.id, upto)


async def _must_wait(tx: Transaction, actor: Actor, key: str) -> Need:
    for need in await _open(tx, actor):
        if need.key == key:
            return need
    raise NotFound("Nothing of that key waits for you.")


async def _open(tx: Transaction, actor: Actor) -> list[Need]:
    found = [
        Need(f"mention:{item.seq}", NeedKind.MENTION, item.subject_id, item.task_id, item.body, item.created_at)
        for item in await inbox.unread(tx, actor.workspace_id, actor.id, 0, limit=MAX_MENTIONS)
    ]
    if actor.role is None:
        return found
    everybody = await sources.people_of(tx, actor.workspace_id)
    waiting = await sources.open_of(tx, actor.workspace_id, everybody)
    handed: dict[str, int] = {}
    for (key, _), mark in (await store.marks_of(tx, actor.workspace_id, actor.id)).items():
        if mark.delegated_to_id == actor.id:
            handed[key] = max(mark.at, handed.get(key, 0))
    raised = {
        where
        for where, levels in (await store.escalations_of(tx, actor.workspace_id)).items()
        if any(each.member_id == actor.id for each in levels)
    }
    may_review = allows(actor, Permission.REVIEW)
    graver: dict[str, str] = {}
    for one in waiting:
        escalated = (one.need.key, one.need.since) in raised
        handed_on = handed.get(one.need.key, -1) >= one.need.since
        mine = actor.id in one.members or handed_on or escalated
        if mine and (may_review or one.need.kind is not NeedKind.REVIEW):
            found.append(_seen_by(one, actor, escalated=escalated))
            if one.graver is not None:
                graver[one.need.key] = one.graver
    here = {need.key for need in found}
    return [need for need in found if graver.get(need.key) not in here]


def _seen_by(one: Open, actor: Actor, *, escalated: bool) -> Need:
    need = one.need
    own = actor.id in one.members
    return Need(
        need.key, need.kind, need.subject_id, need.task_id, need.text, need.since, escalated=escalated and not own
    )

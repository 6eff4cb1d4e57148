"""Verbs on unclaimed traffic. Each goes on in steps, a transaction each, for as long as there is something to move.

A step that was made stands by itself, with its event and with every sum equal to the calls: what breaks off half-way is
finished by asking again, and asking again when all is done changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck.access.actors import Actor
from quarterdeck.control.adoption import store
from quarterdeck.control.agents import actions as agents
from quarterdeck.control.tasks import actions as tasks
from quarterdeck.control.tasks.model import CLOSED, Task
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.errors import Changed, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.ledger import adoption, calls, listing
from quarterdeck.ledger.adoption import Chosen
from quarterdeck.ledger.call_filter import CallFilter
from quarterdeck.ledger.calls import StoredCall
from quarterdeck.ledger.rebuild import Bodies

MAX_CALLS = 500
"""How many calls may be named one by one."""
AT_MOST = 20_000
"""So many calls one request moves; the rest waits for the next."""
_NAMED = 5
_LOOKED_S = 10.0
"""How long one of a conversation's calls is looked for: it is nearly always the first."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What a verb moved: calls, nano-dollars of those that have a price, how many have none."""

    task: Task
    calls: int
    cost: int
    unpriced: int
    more: bool
    """Whether some are left, which the same request moves when it is sent again."""


@dataclass(frozen=True, slots=True)
class _Move:
    """From a task (None: from no work) to a task (None: to no work)."""

    frm: str | None
    to: str | None

    @property
    def kind(self) -> str:
        return "task.gave_back" if self.to is None else "task.adopted"


async def adopt(
    db: Database, bodies: Bodies, actor: Actor, task_id: str, chosen: Chosen, *, follow: bool = True
) -> Adopted:
    """Give unclaimed calls to a task and tell `task.adopted`. With `follow`, the sessions that a conversation was in
    are the task's from now on, for as long as it is open.

    Raises NotFound; Invalid; Changed `task_closed`, or `call_claimed` for calls that other work has already.
    """
    async with db.read() as tx:
        _must_be_open(await tasks.get(tx, actor.workspace_id, task_id))
        await _must_be_free(tx, actor.workspace_id, task_id, chosen)
    return await _go(db, bodies, actor, chosen, _Move(None, task_id), task_id, follow=follow)


async def give_back(db: Database, bodies: Bodies, actor: Actor, task_id: str, chosen: Chosen) -> Adopted:
    """Take calls from the task, so that they are unclaimed again, and tell `task.gave_back`: those that were adopted,
    and those that came by a session since. Calls of its runs stay. Raises NotFound; Invalid."""
    async with db.read() as tx:
        await tasks.get(tx, actor.workspace_id, task_id)
        await _must_exist(tx, actor.workspace_id, chosen)
    return await _go(db, bodies, actor, chosen, _Move(task_id, None), task_id, follow=True)


async def _go(
    db: Database, bodies: Bodies, actor: Actor, chosen: Chosen, move: _Move, task_id: str, *, follow: bool
) -> Adopted:
    count = cost = unpriced = 0
    after = ""
    while True:
        async with db.read() as tx:
            task = await tasks.get(tx, actor.workspace_id, task_id)
            ids = await adoption.ids_of(tx, actor.workspace_id, chosen, move.frm, after=after)
            if not ids or count >= AT_MOST:
                return Adopted(task, count, cost, unpriced, more=bool(ids))
            unknown = await _without_price(tx, actor.workspace_id, ids, move.frm)
        ceilings = {call.id: amount for call in unknown if (amount := await _ceiling(bodies, call)) is not None}
        async with db.transaction() as tx:
            task = await tasks.get(tx, actor.workspace_id, task_id)
            if move.to is not None:
                _must_be_open(task)
            moved = await adoption.step(tx, actor.workspace_id, ids, move.frm, move.to, ceilings)
            if moved:
                await _hold(tx, task, chosen, moved, move, follow=follow)
                await _tell(tx, task, chosen, moved, move, actor)
        after = ids[-1]
        count += len(moved)
        cost += sum(call.cost or 0 for call in moved)
        unpriced += _unpriced(moved)


def _must_be_open(task: Task) -> None:
    if task.state in CLOSED:
        raise Changed(
            f"{task.ref} is {task.state}: what it cost is settled. Choose an open task, or make a new one.",
            code="task_closed",
            state=task.state,
        )


async def _must_exist(tx: Transaction, workspace_id: str, chosen: Chosen) -> list[StoredCall]:
    """Some call of the conversation, or all that are named."""
    if [bool(chosen.conversation_id), bool(chosen.call_ids), bool(chosen.agent_id)].count(True) != 1:
        raise Invalid("Name a conversation, or calls, or an agent.", field="conversation_id")
    if chosen.agent_id:
        await agents.get(tx, workspace_id, chosen.agent_id)
        return []
    if chosen.conversation_id:
        which = CallFilter(conversation_id=chosen.conversation_id)
        page = await listing.page(tx, workspace_id, which, limit=1)
        if not page.items:
            raise NotFound(f"There are no calls of a conversation {chosen.conversation_id}.")
        return list(page.items)
    found = await calls.of_ids(tx, workspace_id, chosen.call_ids)
    missing = set(chosen.call_ids) - {call.id for call in found}
    if missing:
        raise NotFound(f"There is no call {min(missing)}; a call is shown a moment after it ended.")
    return found


async def _must_be_free(tx: Transaction, workspace_id: str, task_id: str, chosen: Chosen) -> None:
    found = await _must_exist(tx, workspace_id, chosen)
    if chosen.conversation_id:
        if await adoption.ids_of(tx, workspace_id, chosen, None, limit=1):
            return
        # What this task has already is what was asked for.
        mine = CallFilter(conversation_id=chosen.conversation_id, task_id=task_id)
        if (await listing.page(tx, workspace_id, mine, limit=1, looked_s=_LOOKED_S)).items:
            return
    taken = [call for call in found if call.run_id is not None or call.task_id not in (None, task_id)]
    if not taken:
        return
    if chosen.conversation_id:
        words = "Every call of this conversation belongs to other work already."
    else:
        whose = taken[0].task_id or taken[0].run_id
        words = f"{taken[0].id} belongs to {whose} already; only calls of no work can be adopted."
    raise Changed(words, code="call_claimed", call_ids=[call.id for call in taken[:_NAMED]])


async def _without_price(tx: Transaction, workspace_id: str, ids: Sequence[str], frm: str | None) -> list[StoredCall]:
    """Those of the calls that may count as something although they have no price."""
    if not await adoption.counts_ceilings(tx, workspace_id, frm):
        return []
    return [call for call in await calls.of_ids(tx, workspace_id, ids) if call.cost is None]


async def _ceiling(bodies: Bodies, call: StoredCall) -> int | None:
    """What a call without a price counts as; None once what was kept beside its bodies is gone."""
    amount = (await bodies.detail(call)).extra.get("ceiling")
    return amount if isinstance(amount, int) else None


async def _hold(
    tx: Transaction, task: Task, chosen: Chosen, moved: Sequence[StoredCall], move: _Move, *, follow: bool
) -> None:
    sessions = {(call.agent_id, call.session) for call in moved if call.agent_id and call.session}
    if move.to is None:
        await store.let_go(tx, task.workspace_id, sessions, task.id)
    elif follow and chosen.conversation_id:
        await store.hold(tx, task.workspace_id, sessions, task.id)


async def _tell(
    tx: Transaction, task: Task, chosen: Chosen, moved: Sequence[StoredCall], move: _Move, actor: Actor
) -> None:
    data = {
        "ref": task.ref,
        "agent_id": task.agent_id,
        "calls": len(moved),
        "cost_nano": sum(call.cost or 0 for call in moved),
        "unpriced_calls": _unpriced(moved),
        "agent_ids": sorted({call.agent_id for call in moved if call.agent_id is not None}),
        "conversation_id": chosen.conversation_id,
        "first_call_id": moved[0].id,
        "last_call_id": moved[-1].id,
    }
    await tx.emit(Event(task.workspace_id, move.kind, task.id, data, actor.id))


def _unpriced(some: Sequence[StoredCall]) -> int:
    return sum(call.cost is None and call.usage is not None for call in some)

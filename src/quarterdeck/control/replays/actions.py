"""Verbs on replays: make, cancel, end; and what is written of each step."""

import asyncio
from dataclasses import dataclass, replace

import msgspec

from quarterdeck.access import keyring
from quarterdeck.access.budgets.model import MAX_AMOUNT, Mode, Window
from quarterdeck.access.keyring import Holder
from quarterdeck.access.keyring import Scope as KeyScope
from quarterdeck.access.scopes import Scope, ScopeKind
from quarterdeck.access.vault import Vault
from quarterdeck.control.agents import actions as agents
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.budgets import actions as budgets
from quarterdeck.control.budgets import store as budget_store
from quarterdeck.control.budgets.model import Budget
from quarterdeck.control.budgets.model import Wanted as WantedBudget
from quarterdeck.control.replays import recorded, store
from quarterdeck.control.replays.comparing import Comparison
from quarterdeck.control.replays.model import (
    AGENT_NAME,
    MOST_AT_ONCE,
    OF_A_CALL,
    OF_A_RUN,
    SYSTEM_LENGTH,
    USUAL_AT_ONCE,
    CannotReplay,
    Figures,
    Plan,
    Replay,
    ReplayState,
    Step,
    StepState,
    Target,
)
from quarterdeck.control.replays.planning import World, check_model, figures_of, planned
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.clock import DAY
from quarterdeck.kernel.errors import Changed, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_text
from quarterdeck.ledger import calls
from quarterdeck.ledger.calls import StoredCall
from quarterdeck.ledger.rebuild import Bodies
from quarterdeck.ledger.work_costs import REPLAY_KIND, is_replay

LASTS = DAY
"""A replay that takes longer ends with its key."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A replay as somebody wants it: of a call, or of a run's calls. Without a cap it is dry."""

    target: Target
    call_id: str | None = None
    run_id: str | None = None
    first: int = 1
    last: int | None = None
    cap: int | None = None
    at_once: int = USUAL_AT_ONCE


async def create(
    db: Database, bodies: Bodies, vault: Vault, workspace_id: str, wanted: Wanted, *, actor: str | None = None
) -> Replay:
    """Work out what would be sent, and with a cap begin to send it. Tells `replay.created`.

    Raises Invalid, naming the field, also (`not_replayable`) when none of the calls can be asked again; NotFound.
    """
    target = _checked(wanted)
    async with db.read() as tx:
        found = await _calls(tx, workspace_id, wanted)
        world = await recorded.world_of(tx, workspace_id, target)
    if target.model is not None and target.route is None:
        await asyncio.to_thread(check_model, world, target.model)
    made = [await _plan(bodies, world, target, call) for call in found]
    reasons = [reason for _, reason in made if reason is not None]
    if len(reasons) == len(made):
        more = f" The same or the like holds for all {len(made)} calls." if len(made) > 1 else ""
        raise Invalid(reasons[0] + more, code="not_replayable")
    replay = Replay(
        id=new_id(REPLAY_KIND),
        workspace_id=workspace_id,
        source=OF_A_CALL if wanted.call_id is not None else OF_A_RUN,
        run_id=found[0].run_id,
        call_id=wanted.call_id,
        task_id=found[0].task_id,
        target=target,
        state=ReplayState.DRY if wanted.cap is None else ReplayState.RUNNING,
        reason=None,
        cap=wanted.cap,
        at_once=wanted.at_once,
        agent_id=None,
        budget_id=None,
        sealed_key=None,
        created_by=actor,
        created_at=db.clock.now(),
        ended_at=None,
        open=wanted.cap is not None,
    )
    async with db.transaction() as tx:
        if replay.cap is not None:
            replay = await _allow(tx, vault, replay, replay.cap, actor)
        steps = [_step(replay, n, call, *each) for n, (call, each) in enumerate(zip(found, made, strict=True), 1)]
        await store.insert(tx, replay, steps)
        what = {"run_id": replay.run_id, "call_id": replay.call_id, "state": replay.state.value, "calls": len(steps)}
        await tx.emit(Event(workspace_id, "replay.created", replay.id, {**what, "cap_nano": replay.cap}, actor))
    return replay


async def get(tx: Transaction, workspace_id: str, replay_id: str) -> Replay:
    """Raises NotFound."""
    replay = await store.find(tx, workspace_id, replay_id)
    if replay is None:
        raise NotFound("There is no such replay in this workspace.")
    return replay


async def cancel(tx: Transaction, replay: Replay, *, actor: str | None = None) -> Replay:
    """Send nothing more. What is in flight is to be ended at the gateways by its run, which is the replay's id.

    Raises Changed when it does not run.
    """
    ended = await end(tx, replay, ReplayState.CANCELLED, None, actor=actor)
    if ended is None:
        raise Changed("This replay does not run; only one that runs can be cancelled.", state=replay.state.value)
    return ended


async def end(
    tx: Transaction, replay: Replay, state: ReplayState, reason: str | None, *, actor: str | None = None
) -> Replay | None:
    """Over: its key is dead, what was not sent stays so. None when it was over before. Tells `replay.ended`."""
    ended = await store.change(tx, replay, ReplayState.RUNNING, state=state.value, reason=reason, ended_at=tx.now)
    if ended is None:
        return None
    await store.move_all(tx, ended, StepState.PENDING, StepState.NOT_SENT)
    await keyring.end_run_keys(tx, ended.id)
    data = {"run_id": ended.run_id, "state": state.value, "reason": reason}
    await tx.emit(Event(ended.workspace_id, "replay.ended", ended.id, data, actor))
    return ended


async def close(tx: Transaction, replay: Replay) -> None:
    """Nothing is left to be done: only now may its budget go, for calls in flight are held to it. Tells
    `replay.settled`."""
    if not await store.close(tx, replay):
        return
    # A call that was in flight at the end may have been put back to its turn since.
    await store.move_all(tx, replay, StepState.PENDING, StepState.NOT_SENT)
    budget = await _budget(tx, replay)
    if budget is not None:
        await budgets.remove(tx, budget)
    await tx.emit(Event(replay.workspace_id, "replay.settled", replay.id, {"state": replay.state.value}))


async def is_capped(tx: Transaction, replay: Replay) -> bool:
    """Whether its budget is still there; without it nothing may be sent."""
    return await _budget(tx, replay) is not None


async def _budget(tx: Transaction, replay: Replay) -> Budget | None:
    return None if replay.budget_id is None else await budget_store.find(tx, replay.workspace_id, replay.budget_id)


async def settle(tx: Transaction, step: Step, call: StoredCall, compared: Comparison | None) -> bool:
    """The ledger has the step's call. Tells `replay.progressed`; False when it was settled before."""
    found = figures_of(call)
    values = {
        "new_call_id": call.id,
        "provider": call.provider,
        "model": call.model,
        "outcome": call.outcome,
        "input": found.input,
        "output": found.output,
        "cost": found.cost,
        "duration": found.duration,
        "reason": None if call.outcome == "ok" else (call.error_message or call.error_code or call.outcome)[:500],
        "compared": None if compared is None else msgspec.to_builtins(compared),
        "same": None if compared is None else compared.same,
    }
    waiting = (StepState.SENDING, StepState.ANSWERED, StepState.UNSURE)
    if not await store.move(tx, step, waiting, StepState.DONE, **values):
        return False
    await tell(tx, step)
    return True


async def tell(tx: Transaction, step: Step) -> None:
    await tx.emit(Event(step.workspace_id, "replay.progressed", step.replay_id, {"number": step.number}))


def _checked(wanted: Wanted) -> Target:
    if (wanted.call_id is None) == (wanted.run_id is None):
        raise Invalid("give either call_id, or run_id for the calls of a run.", field="call_id")
    if is_replay(wanted.run_id):
        raise Invalid("that is a replay; replay the run or the call that it is of.", field="run_id")
    if wanted.first < 1 or (wanted.last is not None and wanted.last < wanted.first):
        raise Invalid("first_call counts from 1, and last_call is not before it.", field="first_call")
    if not 1 <= wanted.at_once <= MOST_AT_ONCE:
        raise Invalid(f"at_once is 1 to {MOST_AT_ONCE}.", field="at_once")
    if wanted.cap is not None and not 1 <= wanted.cap <= MAX_AMOUNT:
        raise Invalid("a cap is more than nothing and at most a billion dollars.", field="cap_nano")
    if wanted.target.system is not None:
        a_text(wanted.target.system, "system", SYSTEM_LENGTH)
    return wanted.target.checked()


async def _calls(tx: Transaction, workspace_id: str, wanted: Wanted) -> list[StoredCall]:
    if wanted.call_id is not None:
        return [await calls.get(tx, workspace_id, wanted.call_id)]
    assert wanted.run_id is not None
    return await recorded.of_run(tx, workspace_id, wanted.run_id, wanted.first, wanted.last)


async def _plan(bodies: Bodies, world: World, target: Target, call: StoredCall) -> tuple[Plan | None, str | None]:
    """What would be sent, or why nothing can be."""
    try:
        body = await recorded.body_of(bodies, call)
        return (await asyncio.to_thread(planned, world, target, call, body)).plan, None
    except CannotReplay as error:
        return None, error.message


async def _allow(tx: Transaction, vault: Vault, replay: Replay, cap: int, actor: str | None) -> Replay:
    """An agent, a key and a budget for it. The gateway itself holds each call's worst case against the budget."""
    agent_id = await _agent(tx, replay.workspace_id, actor)
    scope = KeyScope(body_mode="full", expires_at=tx.now + LASTS, tags={"replay": replay.id})
    holder = Holder(replay.workspace_id, agent_id=agent_id, run_id=replay.id)
    issued = await keyring.issue(tx, holder, name=AGENT_NAME, scope=scope, actor=actor)
    on_it = Scope(ScopeKind.RUN.value, replay.id)
    budget = await budgets.add(
        tx, replay.workspace_id, WantedBudget(on_it, cap, Window.TOTAL, Mode.HARD, warn=()), actor=actor
    )
    sealed = vault.seal(issued.secret.encode(), bound_to(replay.id))
    return replace(replay, agent_id=agent_id, budget_id=budget.id, sealed_key=sealed)


async def _agent(tx: Transaction, workspace_id: str, actor: str | None) -> str:
    """The agent by which replays call; made by the first one, who owns it."""
    known = await store.agent_of(tx, workspace_id)
    agent = await agent_store.find(tx, workspace_id, known) if known is not None else None
    if agent is not None:
        return agent.id
    if actor is None:
        raise Invalid("a replay that sends calls is made by a member.", field="cap_nano")
    name, number = AGENT_NAME, 2
    while await agent_store.by_name(tx, workspace_id, name) is not None:
        name, number = f"{AGENT_NAME}-{number}", number + 1
    words = "Asks recorded calls again, for comparison. Its budgets and limits are those of all replays."
    made = await agents.create(tx, workspace_id, name=name, owner_id=actor, description=words, actor=actor)
    return made.id


def bound_to(replay_id: str) -> str:
    return f"replays/{replay_id}"


def _step(replay: Replay, number: int, call: StoredCall, plan: Plan | None, reason: str | None) -> Step:
    ready = StepState.PLANNED if replay.state is ReplayState.DRY else StepState.PENDING
    return Step(
        workspace_id=replay.workspace_id,
        replay_id=replay.id,
        number=number,
        call_id=call.id,
        conversation_id=call.conversation_id,
        state=StepState.LEFT_OUT if plan is None else ready,
        reason=reason,
        was_provider=call.provider,
        was_model=call.model,
        was_outcome=call.outcome,
        was=figures_of(call),
        plan=plan,
        new_call_id=None,
        provider=None,
        model=None,
        outcome=None,
        found=Figures(),
        compared=None,
        same=None,
        changed_at=replay.created_at,
    )

"""Verbs on runs that are open: progress, finish, cancel, expire. Locks are taken in the order agent, task, run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.control.agents import store as agents
from quarterdeck.control.agents.model import Desired
from quarterdeck.control.lever.paused import pause_of
from quarterdeck.control.runs import ending, failing, store
from quarterdeck.control.runs.model import (
    NOTE_LENGTH,
    REASON_LENGTH,
    SUMMARY_LENGTH,
    Outcome,
    Run,
    RunState,
)
from quarterdeck.control.runs.retry import FailureReason
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Forbidden, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.text import a_line, a_text

LEASE_LOST = "lease_lost"
RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Progress:
    """What a worker hears when it gives a sign of life."""

    run: Run
    stop: bool
    """It should make no further model call for now: `reason` says why."""
    reason: str | None


async def progress(
    tx: Transaction,
    actor: Actor,
    run_id: str,
    *,
    note: str | None = None,
    percent: int | None = None,
    fence: int | None = None,
) -> Progress:
    """A sign of life: the lease is renewed, and what was said is kept as the run's caption. Tells `run.progressed`.

    Raises NotFound; Forbidden for the run of another; Invalid; Changed `lease_lost` when the run is over or `fence`
    is not its fence.
    """
    run = await own(tx, actor, run_id)
    values: dict[str, Any] = {}
    if note is not None:
        values["note"] = a_text(note.strip(), "note", NOTE_LENGTH) or None
    if percent is not None:
        if not 0 <= percent <= 100:
            raise Invalid("percent must be 0 to 100.", field="percent")
        values["percent"] = percent
    fresh = await store.progress(tx, actor.workspace_id, run_id, fence, values)
    if fresh is None:
        raise _lost(await get(tx, actor.workspace_id, run_id), fence)
    if (fresh.note, fresh.percent) != (run.note, run.percent):
        data = {"task_id": run.task_id, "agent_id": run.agent_id, "percent": fresh.percent, "note": fresh.note}
        await tx.emit(Event(run.workspace_id, "run.progressed", run.id, data, actor.id))
    agent = await agents.find(tx, actor.workspace_id, run.agent_id)
    if agent is not None and agent.desired is not Desired.ENABLED:
        return Progress(fresh, True, f"agent_{agent.desired}")
    pause = await pause_of(tx, actor.workspace_id, run_id=run.id, task_id=run.task_id, agent_id=run.agent_id)
    if pause is None:
        return Progress(fresh, False, None)
    return Progress(fresh, True, f"{pause.scope}_paused" + (f": {pause.reason}" if pause.reason else ""))


async def finish(
    tx: Transaction,
    actor: Actor,
    run_id: str,
    outcome: Outcome,
    *,
    reason: str | None = None,
    summary: str | None = None,
    fence: int | None = None,
) -> Run:
    """The worker ends its run: the task goes on to review (or done), or back to the queue.

    The same finish again answers the same. Raises NotFound; Forbidden for the run of another; Invalid; Changed
    `lease_lost` when the run ended otherwise or `fence` is not its fence.
    """
    run = await own(tx, actor, run_id)
    task = await task_actions.locked(tx, actor.workspace_id, run.task_id)
    to = RunState(outcome.value)
    run = await get(tx, actor.workspace_id, run_id)
    if fence is not None and fence != run.fence:
        raise _lost(run, fence)
    if run.state is to:
        return run
    why = a_line(reason, "reason", REASON_LENGTH) if reason else None
    said = a_text(summary.strip(), "summary", SUMMARY_LENGTH) or None if summary is not None else None
    ended = await ending.end(tx, run.workspace_id, run.id, to, reason=why, summary=said, actor=actor.id)
    if ended is None:
        raise _lost(run, fence)
    if to is RunState.SUCCEEDED:
        await task_actions.hand_in(tx, task, actor=actor.id)
    else:
        words = ": ".join(part for part in (why, said) if part) or "the worker gave no reason"
        await failing.come_back(tx, task, ended, f"Attempt {run.attempt} failed: {words}", actor=actor.id)
    return ended


async def fail(
    tx: Transaction,
    workspace_id: str,
    run_id: str,
    reason: FailureReason,
    *,
    why: str | None = None,
    actor: str | None = None,
) -> Run:
    """End a run as failed over its worker's head: what was noticed, a budget, a person. Its task goes on by the rule.

    Failing a failed run changes nothing. Raises NotFound; Changed `run_over` when it ended otherwise.
    """
    run = await get(tx, workspace_id, run_id)
    task = await task_actions.locked(tx, workspace_id, run.task_id)
    said = a_text(why.strip(), "why", SUMMARY_LENGTH) or None if why is not None else None
    ended = await ending.end(tx, workspace_id, run_id, RunState.FAILED, reason=reason.value, summary=said, actor=actor)
    if ended is not None:
        words = ": ".join(part for part in (reason.replace("_", " "), said) if part)
        await failing.come_back(tx, task, ended, f"Attempt {ended.attempt} failed: {words}", actor=actor)
        return ended
    run = await get(tx, workspace_id, run_id)
    if run.state is not RunState.FAILED:
        raise Changed(f"This run is over: it {_how(run)}.", code="run_over", state=run.state)
    return run


async def cancel(
    tx: Transaction, workspace_id: str, run_id: str, *, reason: str | None = None, actor: str | None = None
) -> Run:
    """A member stops a run; its task is ready again. Cancelling a cancelled run changes nothing.

    Raises NotFound; Changed `run_over` when it ended otherwise.
    """
    run = await get(tx, workspace_id, run_id)
    task = await task_actions.locked(tx, workspace_id, run.task_id)
    why = a_line(reason, "reason", REASON_LENGTH) if reason else None
    ended = await ending.end(tx, workspace_id, run_id, RunState.CANCELLED, reason=why, actor=actor)
    if ended is not None:
        await task_actions.give_back(tx, task, actor=actor)
        return ended
    run = await get(tx, workspace_id, run_id)
    if run.state is not RunState.CANCELLED:
        raise Changed(f"This run is over: it {_how(run)}.", code="run_over", state=run.state)
    return run


async def release(
    tx: Transaction, actor: Actor, run_id: str, *, reason: str | None = None, fence: int | None = None
) -> Run:
    """The worker gives its task back, which is nobody's failure: ready again, for any attempt to come.

    The same release again answers the same. Raises NotFound; Forbidden for the run of another; Invalid; Changed
    `lease_lost` when the run ended otherwise or `fence` is not its fence.
    """
    run = await own(tx, actor, run_id)
    task = await task_actions.locked(tx, actor.workspace_id, run.task_id)
    run = await get(tx, actor.workspace_id, run_id)
    if fence is not None and fence != run.fence:
        raise _lost(run, fence)
    why = a_line(reason, "reason", REASON_LENGTH) if reason else RELEASED
    ended = await ending.end(tx, run.workspace_id, run.id, RunState.CANCELLED, reason=why, actor=actor.id)
    if ended is None:
        if run.state is RunState.CANCELLED and run.reason == why:
            return run
        raise _lost(run, fence)
    await task_actions.give_back(tx, task, actor=actor.id)
    return ended


async def expire(tx: Transaction, overdue: Run) -> Run | None:
    """End a run whose lease is over and free its task; None when a sign of life or an end came first."""
    task = await task_actions.locked(tx, overdue.workspace_id, overdue.task_id)
    run = await ending.end(tx, overdue.workspace_id, overdue.id, RunState.EXPIRED, reason="lease_expired", overdue=True)
    if run is not None:
        why = f"Attempt {run.attempt} gave no sign of life for {run.lease_s} s."
        await failing.come_back(tx, task, run, why, actor=None)
    return run


async def stop_retired(tx: Transaction, stranded: Run) -> Run | None:
    """End a run of an agent that has been retired and free its task; None when it ended first."""
    task = await task_actions.locked(tx, stranded.workspace_id, stranded.task_id)
    run = await ending.end(tx, stranded.workspace_id, stranded.id, RunState.CANCELLED, reason="agent_retired")
    if run is not None:
        await task_actions.give_back(tx, task, actor=None)
    return run


async def renew_by_traffic(tx: Transaction, seen: Mapping[str, int]) -> None:
    """Renew the leases of runs whose keys had model traffic: run id → instant it was seen. Unknown ids are ignored."""
    if seen:
        await store.renew(tx, seen)


async def get(tx: Transaction, workspace_id: str, run_id: str) -> Run:
    """Raises NotFound."""
    run = await store.find(tx, workspace_id, run_id)
    if run is None:
        raise NotFound("There is no such run in this workspace.")
    return run


async def sign_of_life(tx: Transaction, actor: Actor, run_id: str, fence: int | None) -> Run:
    """A write of the worker other than progress: the run is held until commit, and its lease renewed.

    Raises Changed `lease_lost` when the run is over or `fence` is not its fence. The caller has locked the task.
    """
    fresh = await store.progress(tx, actor.workspace_id, run_id, fence, {})
    if fresh is None:
        raise _lost(await get(tx, actor.workspace_id, run_id), fence)
    return fresh


async def own_open(tx: Transaction, actor: Actor, run_id: str, fence: int | None) -> Run:
    """A look before a long write. Raises what :func:`own` does; Changed `lease_lost`."""
    run = await own(tx, actor, run_id)
    if not run.open or fence not in (None, run.fence):
        raise _lost(run, fence)
    return run


async def own(tx: Transaction, actor: Actor, run_id: str) -> Run:
    """The run, if it is the actor's to report on: a run key knows its own run, an agent key its agent's runs.

    Raises NotFound; Forbidden for a run key that belongs to another run.
    """
    run = await store.find(tx, actor.workspace_id, run_id)
    if run is None or run.agent_id != actor.id:
        # Another agent's run is no more visible than one that is not there.
        raise NotFound("You have no such run.")
    if actor.kind is ActorKind.RUN and actor.run_id != run_id:
        raise Forbidden("This key belongs to another run.", code="other_run", run_id=actor.run_id)
    return run


def _lost(run: Run, fence: int | None) -> Changed:
    if run.open:
        text = f"Fence {fence} is not this run's: another worker has it now. Stop, and claim anew."
    else:
        text = f"This run is over: it {_how(run)}. Stop, and claim anew; nothing was written."
    return Changed(text, code=LEASE_LOST, state=run.state, reason=run.reason)


def _how(run: Run) -> str:
    words = {
        RunState.SUCCEEDED: "was finished as succeeded",
        RunState.FAILED: "was finished as failed",
        RunState.CANCELLED: "was cancelled",
        RunState.EXPIRED: "expired without a sign of life",
    }
    return words[run.state]

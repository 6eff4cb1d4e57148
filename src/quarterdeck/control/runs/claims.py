"""How an agent gets a task: the claim, the run it opens and that run's key. Locks are taken agent, task, run."""

from dataclasses import dataclass, replace
from uuid import uuid4

from quarterdeck.access import keyring
from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.access.keyring import Holder, Scope
from quarterdeck.control.agents import profiles
from quarterdeck.control.agents import store as agents
from quarterdeck.control.agents.model import Agent, Desired
from quarterdeck.control.lever.paused import is_paused
from quarterdeck.control.runs import nothing, store
from quarterdeck.control.runs.model import (
    DEFAULT_LEASE_S,
    MAX_LEASE_S,
    MIN_LEASE_S,
    SESSION_LENGTH,
    Nothing,
    Run,
    RunState,
)
from quarterdeck.control.runs.nothing import Unclaimed
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks import claiming
from quarterdeck.control.tasks.model import Task
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.errors import Forbidden, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_line


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task, the run that was opened on it, and the run's key, whose text is nowhere else."""

    task: Task
    run: Run
    run_key: str


async def claim(
    tx: Transaction,
    actor: Actor,
    *,
    task_id: str | None = None,
    lease_s: int = DEFAULT_LEASE_S,
    session: str | None = None,
) -> Claimed | Unclaimed:
    """Give the agent its most urgent task, or the one named, and open a run on it under a lease.

    `session` is the id by which the worker's model client names its conversation: calls that carry it are the run's.
    Raises Forbidden for a run key; NotFound for a task that is not there; Invalid for a lease out of bounds.
    """
    if actor.kind is not ActorKind.AGENT:
        raise Forbidden(
            "A claim needs the agent's own key; a run key speaks for its run alone.", code="agent_key_needed"
        )
    if not MIN_LEASE_S <= lease_s <= MAX_LEASE_S:
        raise Invalid(f"lease_s must be {MIN_LEASE_S} to {MAX_LEASE_S} seconds.", field="lease_s")
    named = None if task_id is None else await task_actions.get(tx, actor.workspace_id, task_id)
    # Held until commit: neither a second claim of the same agent nor a pause can slip in between count and claim.
    agent = await agents.lock(tx, actor.workspace_id, actor.id)
    if agent is None:
        raise NotFound("There is no such agent in this workspace.")
    if (unable := await _unable(tx, agent)) is not None:
        return unable
    run_id = new_id("run")
    task = await task_actions.take(tx, agent.workspace_id, agent.id, run_id, task_id=task_id)
    if task is None:
        return await _nothing(tx, agent, named)
    instructed = (await profiles.of_agents(tx, agent.workspace_id, [agent.id]))[agent.id].instructions
    run = replace(_opened(task, agent, run_id, lease_s, _a_session(session), tx.now), instructions=instructed)
    await store.insert(tx, run)
    holder = Holder(agent.workspace_id, agent_id=agent.id, run_id=run.id, task_id=task.id)
    issued = await keyring.issue(
        tx, holder, name=f"{task.ref} attempt {run.attempt}", scope=await _scope_of(tx, actor), actor=agent.id
    )
    told = {"task_id": task.id, "agent_id": agent.id, "attempt": run.attempt, "ref": task.ref}
    await tx.emit(Event(run.workspace_id, "run.opened", run.id, told, agent.id))
    return Claimed(task, run, issued.secret)


async def another_key(tx: Transaction, actor: Actor, run: Run, task: Task) -> str:
    """The text of a new key for an open run of the agent: a claim repeated after its answer was lost needs one.

    Raises Forbidden for a run key.
    """
    if actor.kind is not ActorKind.AGENT:
        raise Forbidden("This key is the run's own key: use it as it is.", code="agent_key_needed")
    holder = Holder(run.workspace_id, agent_id=run.agent_id, run_id=run.id, task_id=task.id)
    name = f"{task.ref} attempt {run.attempt}"
    issued = await keyring.issue(tx, holder, name=name, scope=await _scope_of(tx, actor), actor=actor.id)
    return issued.secret


async def is_promising(tx: Transaction, actor: Actor) -> bool:
    """Whether a claim would probably get something, or a better reason: a look that takes no lock."""
    agent = await agents.find(tx, actor.workspace_id, actor.id)
    if agent is None or agent.desired is Desired.RETIRED:
        return True
    if agent.desired is Desired.PAUSED or await is_paused(tx, agent.workspace_id, agent.id):
        return False
    if await store.count_open(tx, agent.workspace_id, agent.id) >= agent.capacity:
        return False
    return await claiming.is_claimable(tx, agent.workspace_id, agent.id)


async def _unable(tx: Transaction, agent: Agent) -> Unclaimed | None:
    if agent.desired is Desired.RETIRED:
        return Unclaimed(Nothing.RETIRED, f"{agent.name} is retired: it gets no more work.")
    if agent.desired is Desired.PAUSED:
        return Unclaimed(Nothing.PAUSED, f"{agent.name} is paused by a person. Ask again; it may be resumed.")
    if await is_paused(tx, agent.workspace_id, agent.id):
        return Unclaimed(Nothing.PAUSED, f"{agent.name} is paused by a person. Ask again; it may be resumed.")
    open_runs = await store.count_open(tx, agent.workspace_id, agent.id)
    if open_runs >= agent.capacity:
        text = f"{agent.name} has {open_runs} open of {agent.capacity} allowed runs. Finish one first."
        return Unclaimed(Nothing.AT_CAPACITY, text)
    return None


async def _nothing(tx: Transaction, agent: Agent, named: Task | None) -> Unclaimed:
    if named is not None:
        return await nothing.of_named(tx, agent, named)
    if await claiming.is_kept_by_hold(tx, agent.workspace_id, agent.id):
        return Unclaimed(Nothing.HELD, f"What is ready for {agent.name} is held by a person. Ask again later.")
    if await claiming.is_kept_by_budget(tx, agent.workspace_id, agent.id):
        return Unclaimed(
            Nothing.BUDGET, f"What is ready for {agent.name} has spent its budget. A person may raise it; ask again."
        )
    return Unclaimed(Nothing.NONE_READY, f"No task is ready for {agent.name}.")


def _opened(task: Task, agent: Agent, run_id: str, lease_s: int, session: str | None, now: int) -> Run:
    return Run(
        id=run_id,
        workspace_id=agent.workspace_id,
        task_id=task.id,
        agent_id=agent.id,
        attempt=task.attempts,
        state=RunState.RUNNING,
        reason=None,
        summary=None,
        verdict=None,
        note=None,
        percent=None,
        fence=task.attempts,
        lease_s=lease_s,
        lease_expires_at=now + lease_s * SECOND,
        trace_id=uuid4().hex,
        session=session,
        created_at=now,
        started_at=now,
        ended_at=None,
    )


def _a_session(session: str | None) -> str | None:
    return a_line(session, "session", SESSION_LENGTH) if session and session.strip() else None


async def _scope_of(tx: Transaction, actor: Actor) -> Scope:
    """What the claiming key is narrowed to, so that a run key never allows more than the key it came from."""
    if actor.key_id is None:
        return Scope()
    key = await keyring.get(tx, actor.workspace_id, actor.key_id)
    return Scope(key.models, key.route, key.body_mode, key.expires_at, key.tags)

"""The verbs of agents by task, for protocols that name tasks rather than runs. Each is one transaction's work."""

from dataclasses import dataclass

from quarterdeck.access.actors import Actor
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.approvals import actions as approval_actions
from quarterdeck.control.approvals.model import Approval, NewApproval
from quarterdeck.control.comments import actions as comment_actions
from quarterdeck.control.comments.model import Anchor, Comment
from quarterdeck.control.delegation import actions as delegation
from quarterdeck.control.deliverables import actions as deliverable_actions
from quarterdeck.control.deliverables.actions import HandedIn
from quarterdeck.control.deliverables.model import Content, HandIn
from quarterdeck.control.dependencies import actions as dependency_actions
from quarterdeck.control.protocol import sight
from quarterdeck.control.questions import actions as question_actions
from quarterdeck.control.questions.model import NewQuestion, Question
from quarterdeck.control.reviews import by_agents
from quarterdeck.control.reviews.model import NewReview
from quarterdeck.control.runs import actions as run_actions
from quarterdeck.control.runs import claims
from quarterdeck.control.runs.actions import Progress
from quarterdeck.control.runs.claims import Claimed
from quarterdeck.control.runs.model import Outcome, Run
from quarterdeck.control.runs.nothing import Unclaimed
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks.model import NewTask, Task
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Invalid

BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Stands:
    """A task after a verb, and the run the verb was done by."""

    task: Task
    run: Run


async def claim(tx: Transaction, actor: Actor, task_id: str, *, session: str | None = None) -> Claimed:
    """Open a run on the named task. Who holds it already gets that run again, with a key of its own.

    Raises NotFound; Forbidden for a run key; Changed `not_claimable`, with the `reason`, when it cannot be had now.
    """
    task = await sight.visible(tx, actor, task_id)
    if (run := await sight.held_run(tx, actor, task)) is not None:
        return Claimed(task, run, await claims.another_key(tx, actor, run, task))
    found = await claims.claim(tx, actor, task_id=task.id, session=session)
    if isinstance(found, Unclaimed):
        raise Changed(found.message, code="not_claimable", reason=found.reason.value, state=task.state)
    return found


async def progress(tx: Transaction, actor: Actor, task_id: str, note: str | None, percent: int | None) -> Progress:
    """Raises NotFound; Invalid; Changed `not_claimed` or `lease_lost`."""
    run = await run_on(tx, actor, task_id)
    return await run_actions.progress(tx, actor, run.id, note=note, percent=percent)


async def hand_in(tx: Transaction, actor: Actor, task_id: str, said: HandIn, content: Content) -> HandedIn:
    """Raises what :func:`deliverables.actions.hand_in` does; Changed `not_claimed`."""
    run = await run_on(tx, actor, task_id)
    return await deliverable_actions.hand_in(tx, actor, run.id, said, content)


async def may_hand_in(tx: Transaction, actor: Actor, task_id: str) -> None:
    """A look before content is taken in. Raises NotFound; Changed `not_claimed` or `lease_lost`."""
    run = await run_on(tx, actor, task_id)
    await run_actions.own_open(tx, actor, run.id, None)


async def comment(tx: Transaction, actor: Actor, task_id: str, text: str) -> Comment:
    """By the open run, whose lease is renewed, or else as the agent that may see the task. Raises NotFound; Invalid."""
    task = await sight.visible(tx, actor, task_id)
    run = await sight.held_run(tx, actor, task)
    if run is None:
        return await comment_actions.write(tx, actor, task.id, text, Anchor())
    return await comment_actions.write_from_run(tx, actor, run.id, text, Anchor())


async def ask(tx: Transaction, actor: Actor, task_id: str, new: NewQuestion) -> Question:
    """Raises what :func:`questions.actions.ask` does; Changed `not_claimed`."""
    run = await run_on(tx, actor, task_id)
    return await question_actions.ask(tx, actor, run.id, new)


async def request_approval(tx: Transaction, actor: Actor, task_id: str, new: NewApproval) -> Approval:
    """Raises what :func:`approvals.actions.ask` does; Changed `not_claimed`."""
    run = await run_on(tx, actor, task_id)
    return await approval_actions.ask(tx, actor, run.id, new)


async def use_approval(tx: Transaction, actor: Actor, task_id: str, approval_id: str, payload: object) -> Approval:
    """Raises what :func:`approvals.actions.use` does; Changed `not_claimed`."""
    run = await run_on(tx, actor, task_id)
    return await approval_actions.use(tx, actor, run.id, approval_id, payload)


async def give_review(tx: Transaction, actor: Actor, task_id: str, new: NewReview) -> Stands:
    """The word on what the task asks the actor to review: answers the reviewed task, and the run that reviewed it.

    Raises what :func:`reviews.by_agents.give` does; Changed `not_claimed`.
    """
    run = await run_on(tx, actor, task_id)
    _, reviewed = await by_agents.give(tx, actor, run.id, new)
    return Stands(reviewed, run)


async def block_on(tx: Transaction, actor: Actor, task_id: str, other_task_id: str) -> Stands:
    """Let the task wait for another one and give it back meanwhile: it is ready again once that one is done.

    Raises NotFound; Invalid; Changed `not_claimed`, `lease_lost`, or `dependency_cycle` when the other waits for it.
    """
    run = await run_on(tx, actor, task_id)
    other = await sight.named(tx, actor, other_task_id)
    await dependency_actions.add(tx, actor.workspace_id, run.task_id, other.id, actor=actor.id)
    run = await run_actions.release(tx, actor, run.id, reason=f"{BLOCKED}: waits for {other.ref}")
    return Stands(await task_actions.get(tx, actor.workspace_id, run.task_id), run)


async def create_subtask(
    tx: Transaction, actor: Actor, parent_id: str, *, title: str, brief: str, agent: str | None
) -> Task:
    """Make a part of the task a task of its own; where there is a budget, half of what is left goes with it.

    `agent` is a name or an id; None: any agent. Raises what :func:`delegation.actions.split` does; Invalid.
    """
    run = await run_on(tx, actor, parent_id)
    left = await delegation.left_to_hand_on(tx, await task_actions.get(tx, actor.workspace_id, run.task_id))
    agent_id = None if agent is None else await _agent_id(tx, actor, agent)
    budget = None if left is None else left // 2
    new = NewTask(title, brief, agent_id=agent_id, budget=budget)
    return await delegation.split(tx, actor, run.id, delegation.Part(new))


async def finish(
    tx: Transaction, actor: Actor, task_id: str, outcome: Outcome, *, reason: str | None, summary: str | None
) -> Stands:
    """Safe to repeat. Raises NotFound; Invalid; Changed `not_claimed` or `lease_lost`."""
    run = await run_on(tx, actor, task_id)
    run = await run_actions.finish(tx, actor, run.id, outcome, reason=reason, summary=summary)
    return Stands(await task_actions.get(tx, actor.workspace_id, run.task_id), run)


async def release(tx: Transaction, actor: Actor, task_id: str, reason: str | None) -> Stands:
    """Safe to repeat. Raises NotFound; Invalid; Changed `not_claimed` or `lease_lost`."""
    run = await run_on(tx, actor, task_id)
    run = await run_actions.release(tx, actor, run.id, reason=reason)
    return Stands(await task_actions.get(tx, actor.workspace_id, run.task_id), run)


async def _agent_id(tx: Transaction, actor: Actor, agent: str) -> str:
    found = await agent_store.by_name(tx, actor.workspace_id, agent)
    found = found or await agent_store.find(tx, actor.workspace_id, agent)
    if found is None:
        raise Invalid(f"There is no agent {agent}; leave it out and any agent may claim the subtask.", field="agent")
    return found.id


async def run_on(tx: Transaction, actor: Actor, task_id: str) -> Run:
    """The run by which the actor works, or worked last, on the task. Raises NotFound; Changed `not_claimed`."""
    return await sight.own_run(tx, actor, await sight.visible(tx, actor, task_id))

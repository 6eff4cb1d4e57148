"""How a task comes onto the board: made by a member, an agent, a schedule or a template, or brought by an import."""

from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.control.agents import people
from quarterdeck.control.agents import store as agents
from quarterdeck.control.goals import actions as goals
from quarterdeck.control.projects import actions as projects
from quarterdeck.control.tasks import actions, reviewable, store, tree
from quarterdeck.control.tasks.model import (
    MAX_WATCHERS,
    Criterion,
    NewTask,
    Task,
    TaskState,
    a_brief,
    a_budget,
    a_title,
    an_attempt_limit,
    clean_labels,
    criteria,
)
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.ids import new_id


async def create(tx: Transaction, workspace_id: str, new: NewTask, *, actor: Actor | None = None) -> Task:
    """Put a task on the board and tell `task.created`.

    Accountable is who is named, else the creating member, else the owner of the agent. Raises Invalid for a field
    that cannot be; Changed `agent_retired`.
    """
    if new.state not in (TaskState.BACKLOG, TaskState.READY):
        raise Invalid("A new task begins in the backlog or is ready: choose one of these.", field="state")
    number = await store.next_number(tx, workspace_id)
    await actions.must_be_assignable(tx, workspace_id, new.agent_id, new.squad_id)
    parent = None if new.parent_id is None else await tree.parent(tx, workspace_id, new.parent_id)
    goal_id = new.goal_id or (None if parent is None else parent.goal_id)
    goal = None if goal_id is None else await goals.for_work(tx, workspace_id, goal_id)
    project_id = new.project_id or (None if parent is None else parent.project_id)
    if project_id is None and goal is not None:
        project_id = goal.project_id
    project = None if project_id is None else await projects.for_work(tx, workspace_id, project_id)
    review = new.review or (ReviewPolicy.ONE if project is None else project.review)
    await reviewable.must_be_sound(tx, workspace_id, review)
    if project is not None:
        await reviewable.must_not_lower(tx, workspace_id, project.review, review, None if actor is None else actor.id)
    task = Task(
        id=new_id("tsk"),
        workspace_id=workspace_id,
        number=number,
        title=a_title(new.title),
        brief=a_brief(new.brief),
        acceptance=criteria(tuple(Criterion(one) if isinstance(one, str) else one for one in new.acceptance)),
        state=new.state,
        priority=new.priority,
        labels=clean_labels(new.labels),
        agent_id=new.agent_id,
        taken=False,
        squad_id=new.squad_id,
        accountable_id=await _accountable(tx, workspace_id, new, parent, actor),
        due_at=new.due_at,
        review=review,
        attempt_limit=an_attempt_limit(new.attempt_limit),
        attempts=0,
        failures=0,
        last_failure=None,
        same_failures=0,
        note=actions.a_note(new.note),
        run_id=None,
        project_id=project_id,
        parent_id=new.parent_id,
        goal_id=goal_id,
        budget=a_budget(new.budget),
        held=parent is not None and parent.held,
        held_at=None,
        held_by=None,
        hold_reason=None,
        not_before=0,
        avoid_agent_id=None,
        origin_run_id=new.origin_run_id,
        schedule_id=new.schedule_id,
        created_by=None if actor is None else actor.id,
        created_at=tx.now,
        updated_at=tx.now,
        state_since=tx.now,
        version=1,
    )
    await store.insert(tx, task)
    await actions.tell(tx, "task.created", task, {"title": task.title}, task.created_by)
    for member_id in dict.fromkeys(new.watchers[:MAX_WATCHERS]):
        await people.must_exist(tx, workspace_id, member_id, "watchers")
        await store.watch(tx, workspace_id, task.id, member_id)
    return task


async def restore(
    tx: Transaction, workspace_id: str, task_id: str, state: TaskState, *, actor: str | None = None
) -> Task:
    """Put a task that an import has just made where its document says it stood. Its history was elsewhere."""
    task = await actions.locked(tx, workspace_id, task_id)
    if task.created_at != tx.now or task.run_id is not None or state is TaskState.IN_PROGRESS:
        raise actions.refused(task, state)
    fresh = await actions.write(tx, task, {"state": state.value, "state_since": tx.now})
    await actions.tell_moved(tx, fresh, task.state, actor)
    return fresh


async def count_attempts(tx: Transaction, workspace_id: str, task_id: str, attempts: int) -> None:
    """The attempts that a task which an import has just made had elsewhere: its next one here comes after them."""
    task = await actions.locked(tx, workspace_id, task_id)
    if task.created_at == tx.now and task.run_id is None and attempts > task.attempts:
        await actions.write(tx, task, {"attempts": attempts})


async def _accountable(
    tx: Transaction, workspace_id: str, new: NewTask, parent: Task | None, actor: Actor | None
) -> str:
    if new.accountable_id is not None:
        await people.must_exist(tx, workspace_id, new.accountable_id, "accountable_id")
        return new.accountable_id
    if actor is not None and actor.kind is ActorKind.MEMBER:
        return actor.id
    if parent is not None:
        return parent.accountable_id
    responsible = new.agent_id or (None if actor is None else actor.id)
    agent = None if responsible is None else await agents.find(tx, workspace_id, responsible)
    if agent is None:
        raise Invalid("accountable_id must name the member who answers for this task.", field="accountable_id")
    return agent.owner_id

"""Taking a member out: nothing it answers for is left without a person."""

from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.access import members
from quarterdeck.access.actors import Actor
from quarterdeck.access.members import Member
from quarterdeck.control.agents import actions as agent_actions
from quarterdeck.control.agents.model import AgentChange
from quarterdeck.control.agents.store import agents
from quarterdeck.control.channels import store as channels
from quarterdeck.control.goals import actions as goal_actions
from quarterdeck.control.goals.model import GoalChange
from quarterdeck.control.goals.tables import goals
from quarterdeck.control.needs import store as needs
from quarterdeck.control.projects.tables import projects
from quarterdeck.control.schedules import actions as schedule_actions
from quarterdeck.control.schedules.store import schedules
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks.model import TaskChange
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.control.tasks.tables import task_watchers, tasks
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Invalid, NotFound, names_nothing

SHOWN = 20
_OPEN = ("backlog", "ready", "in_progress", "in_review")


@dataclass(frozen=True, slots=True)
class Duties:
    """What hangs on a member. `projects` are those whose review policy names it."""

    tasks: tuple[str, ...]
    reviews: tuple[str, ...]
    agents: tuple[str, ...]
    schedules: tuple[str, ...]
    projects: tuple[str, ...]
    goals: tuple[str, ...]

    @property
    def words(self) -> str:
        """`3 open tasks, 1 agent`; empty when there are none."""
        kinds = (
            ("open task", self.tasks),
            ("review to give", self.reviews),
            ("agent", self.agents),
            ("schedule", self.schedules),
            ("project", self.projects),
            ("goal", self.goals),
        )
        return ", ".join(f"{len(found)} {word}{'s' if len(found) != 1 else ''}" for word, found in kinds if found)


async def remove(tx: Transaction, actor: Actor, member_id: str, *, reassign_to: str | None) -> Member:
    """Give what it answers for to `reassign_to`, then take it out.

    Raises NotFound; Forbidden for an owner who is removed by no owner; Invalid; Changed `still_accountable`, saying
    what hangs on it, when there is something and nobody to take it; `declared`; `last_owner`.
    """
    member = await members.get(tx, actor.workspace_id, member_id)
    members.may_grant(actor.role, member.role, member.role)
    if member.id == actor.id:
        raise Changed("Nobody removes themselves; let another owner or admin do it.", code="yourself")
    if member.declared:
        raise Changed(f"{member.email} is declared in quarterdeck.toml; take it out there first.", code="declared")
    duties = await duties_of(tx, actor.workspace_id, member.id)
    if duties.words and reassign_to is None:
        raise Changed(
            f"{member.name} answers for {duties.words}. Say with reassign_to who takes them, or reassign them first.",
            code="still_accountable",
            tasks=list(duties.tasks[:SHOWN]),
            agents=list(duties.agents[:SHOWN]),
            schedules=list(duties.schedules[:SHOWN]),
        )
    if reassign_to is not None:
        if reassign_to == member.id:
            raise Invalid("reassign_to must be somebody else than who is removed.", field="reassign_to")
        heir = await _heir(tx, actor.workspace_id, reassign_to)
        await _hand_over(tx, actor, member, heir, duties)
    await _forget(tx, member)
    await members.remove(tx, member, actor=actor.id)
    return member


async def duties_of(tx: Transaction, workspace_id: str, member_id: str) -> Duties:
    async def ids(table: sa.Table, *which: sa.ColumnElement[bool]) -> tuple[str, ...]:
        rows = await tx.rows(sa.select(table.c.id).where(table.c.workspace_id == workspace_id, *which))
        return tuple(row["id"] for row in rows)

    policy = f"member:{member_id}"
    is_open = tasks.c.state.in_(_OPEN)
    return Duties(
        tasks=await ids(tasks, is_open, tasks.c.accountable_id == member_id),
        reviews=await ids(tasks, is_open, tasks.c.review == policy),
        agents=await ids(agents, agents.c.owner_id == member_id),
        schedules=await ids(schedules, schedules.c.owner_id == member_id),
        projects=await ids(projects, projects.c.review == policy),
        goals=await ids(goals, goals.c.accountable_id == member_id),
    )


async def _heir(tx: Transaction, workspace_id: str, member_id: str) -> Member:
    try:
        return await members.get(tx, workspace_id, member_id)
    except NotFound:
        raise names_nothing("reassign_to", "member") from None


async def _hand_over(tx: Transaction, actor: Actor, member: Member, heir: Member, duties: Duties) -> None:
    policy = ReviewPolicy(f"member:{heir.id}")
    for task_id in dict.fromkeys((*duties.tasks, *duties.reviews)):
        change = TaskChange(
            accountable_id=heir.id if task_id in duties.tasks else None,
            review=policy if task_id in duties.reviews else None,
        )
        await task_actions.change(tx, actor.workspace_id, task_id, change, actor=actor.id)
    for agent_id in duties.agents:
        agent = await agent_actions.get(tx, actor.workspace_id, agent_id)
        if agent.declared:
            raise Changed(
                f"{agent.name} is declared in quarterdeck.toml as {member.name}'s; change its owner there first.",
                code="declared",
            )
        await agent_actions.change(tx, actor.workspace_id, agent_id, AgentChange(owner_id=heir.id), actor=actor.id)
    for schedule_id in duties.schedules:
        await schedule_actions.change(tx, actor.workspace_id, schedule_id, {"owner_id": heir.id}, actor=actor.id)
    await tx.execute(
        projects.update()
        .where(projects.c.workspace_id == actor.workspace_id, projects.c.id.in_(duties.projects))
        .values(review=str(policy), version=projects.c.version + 1)
    )
    for goal_id in duties.goals:
        given = GoalChange(accountable_id=heir.id)
        await goal_actions.change(tx, actor.workspace_id, goal_id, given, actor=actor.id)
    await needs.reassign(tx, actor.workspace_id, member.id, heir.id)


async def _forget(tx: Transaction, member: Member) -> None:
    """What is the member's alone goes with it."""
    for channel in await channels.all_of(tx, member.workspace_id):
        if channel.member_id == member.id:
            await channels.delete(tx, channel)
    await tx.execute(
        task_watchers.delete().where(
            task_watchers.c.workspace_id == member.workspace_id, task_watchers.c.member_id == member.id
        )
    )
    await needs.forget_member(tx, member.workspace_id, member.id)

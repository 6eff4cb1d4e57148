"""A workspace with people, agents and tasks in it, and the verbs of the work in one line each."""

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from quarterdeck.access import keyring, members
from quarterdeck.access.actors import Actor, ActorKind, Role
from quarterdeck.access.members import Member
from quarterdeck.control.agents import actions as agent_actions
from quarterdeck.control.agents.model import Agent, AgentChange, Desired
from quarterdeck.control.dependencies import actions as dependencies
from quarterdeck.control.reviews import actions as reviews
from quarterdeck.control.reviews.model import NewReview, Verdict
from quarterdeck.control.runs import actions as run_actions
from quarterdeck.control.runs import claims
from quarterdeck.control.runs.claims import Claimed
from quarterdeck.control.runs.model import Outcome, Run
from quarterdeck.control.runs.nothing import Unclaimed
from quarterdeck.control.schedules import actions as schedules
from quarterdeck.control.schedules.actions import Wanted
from quarterdeck.control.schedules.model import Firing, Schedule
from quarterdeck.control.schedules.store import firings
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks import creating, holding, lists
from quarterdeck.control.tasks.model import NewTask, Task, TaskState
from quarterdeck.db import Database
from quarterdeck.db.schema import events


@dataclass(frozen=True, slots=True)
class World:
    """One workspace of a database. Every verb is a transaction of its own."""

    db: Database
    workspace_id: str
    owner: Member

    @classmethod
    async def make(cls, db: Database, name: str = "here") -> "World":
        async with db.transaction() as tx:
            workspace = await members.create_workspace(tx, name)
            owner = await members.create(tx, workspace.id, email="sam@example.com", name="Sam", role=Role.OWNER)
        return cls(db, workspace.id, owner)

    @property
    def member(self) -> Actor:
        return Actor(self.workspace_id, ActorKind.MEMBER, self.owner.id, Role.OWNER)

    def through(self, db: Database) -> "World":
        """The same workspace, over other connections."""
        return replace(self, db=db)

    async def agent(self, name: str = "research", **fields: Any) -> Agent:
        async with self.db.transaction() as tx:
            return await agent_actions.create(
                tx, self.workspace_id, **{"name": name, "owner_id": self.owner.id, **fields}
            )

    async def want(self, agent: Agent, desired: Desired) -> Agent:
        async with self.db.transaction() as tx:
            return await agent_actions.change(tx, self.workspace_id, agent.id, AgentChange(desired=desired))

    async def task(self, title: str = "Write it", **fields: Any) -> Task:
        async with self.db.transaction() as tx:
            new = NewTask(title, **{"state": TaskState.READY, **fields})
            return await creating.create(tx, self.workspace_id, new, actor=self.member)

    async def see(self, task: Task) -> Task:
        async with self.db.read() as tx:
            return await task_actions.get(tx, self.workspace_id, task.id)

    async def move(self, task: Task, to: TaskState, **fields: Any) -> Task:
        async with self.db.transaction() as tx:
            return await task_actions.move(tx, self.workspace_id, task.id, to, actor=self.owner.id, **fields)

    async def assign(self, task: Task, agent: Agent | None, **fields: Any) -> Task:
        async with self.db.transaction() as tx:
            agent_id = None if agent is None else agent.id
            return await task_actions.assign(tx, self.workspace_id, task.id, agent_id, actor=self.owner.id, **fields)

    async def claim(self, agent: Agent, **fields: Any) -> Claimed | Unclaimed:
        async with self.db.transaction() as tx:
            return await claims.claim(tx, self.as_agent(agent), **fields)

    async def claimed(self, agent: Agent, **fields: Any) -> Claimed:
        found = await self.claim(agent, **fields)
        assert isinstance(found, Claimed), found
        return found

    async def finish(self, run: Run, outcome: Outcome = Outcome.SUCCEEDED, **fields: Any) -> Run:
        async with self.db.transaction() as tx:
            return await run_actions.finish(tx, self.as_run(run), run.id, outcome, **fields)

    async def progress(self, run: Run, **fields: Any) -> run_actions.Progress:
        async with self.db.transaction() as tx:
            return await run_actions.progress(tx, self.as_run(run), run.id, **fields)

    async def cancel(self, run: Run, **fields: Any) -> Run:
        async with self.db.transaction() as tx:
            return await run_actions.cancel(tx, self.workspace_id, run.id, actor=self.owner.id, **fields)

    async def colleague(self, role: Role = Role.REVIEWER, name: str = "Kim") -> Actor:
        """Another member of the workspace."""
        email = f"{name.lower()}@example.com"
        async with self.db.transaction() as tx:
            made = await members.create(tx, self.workspace_id, email=email, name=name, role=role)
        return Actor(self.workspace_id, ActorKind.MEMBER, made.id, role)

    async def review(self, task: Task, verdict: Verdict, reviewer: Actor) -> Task:
        async with self.db.transaction() as tx:
            return (await reviews.give(tx, reviewer, task.id, NewReview(verdict, body="So.")))[1]

    async def link(self, task: Task, waits_for: Task) -> Task:
        async with self.db.transaction() as tx:
            return await dependencies.add(tx, self.workspace_id, task.id, waits_for.id)

    async def unlink(self, task: Task, waits_for: Task) -> Task:
        async with self.db.transaction() as tx:
            return await dependencies.remove(tx, self.workspace_id, task.id, waits_for.id)

    async def hold(self, task: Task) -> Task:
        async with self.db.transaction() as tx:
            return await holding.hold(tx, self.workspace_id, task.id, actor=self.owner.id)

    async def release(self, task: Task) -> Task:
        async with self.db.transaction() as tx:
            return await holding.release(tx, self.workspace_id, task.id, actor=self.owner.id)

    async def schedule(self, wanted: Wanted) -> str:
        async with self.db.transaction() as tx:
            return (await schedules.create(tx, self.workspace_id, wanted, actor=self.owner.id)).id

    async def fire(self, schedule_id: str, key: str) -> Firing:
        async with self.db.transaction() as tx:
            return await schedules.fire(tx, self.workspace_id, schedule_id, key=key)

    async def pause(self, schedule_id: str) -> Schedule:
        async with self.db.transaction() as tx:
            return await schedules.pause(tx, self.workspace_id, schedule_id)

    async def resume(self, schedule_id: str) -> Schedule:
        async with self.db.transaction() as tx:
            return await schedules.resume(tx, self.workspace_id, schedule_id)

    async def made_by_schedules(self) -> list[Task]:
        """Every task that a schedule has made, oldest first."""
        async with self.db.read() as tx:
            found = await lists.oldest(tx, self.workspace_id, lists.TaskFilter(), after=0, limit=10_000)
        return [task for task in found if task.schedule_id is not None]

    async def queued_firings(self) -> dict[str, int]:
        """How many firings wait for their turn, by schedule."""
        async with self.db.read() as tx:
            rows = await tx.execute(
                sa.select(firings.c.schedule_id, sa.func.count())
                .where(firings.c.workspace_id == self.workspace_id, firings.c.outcome == "queued")
                .group_by(firings.c.schedule_id)
            )
            return {row[0]: row[1] for row in rows}

    async def see_run(self, run: Run) -> Run:
        async with self.db.read() as tx:
            return await run_actions.get(tx, self.workspace_id, run.id)

    async def key_state(self, claimed: Claimed) -> str:
        async with self.db.read() as tx:
            key = await keyring.find(tx, keyring.key_hash(claimed.run_key))
        assert key is not None
        return key.state

    def as_agent(self, agent: Agent) -> Actor:
        return Actor(self.workspace_id, ActorKind.AGENT, agent.id)

    def as_run(self, run: Run) -> Actor:
        return Actor(self.workspace_id, ActorKind.RUN, run.agent_id, run_id=run.id, task_id=run.task_id)

    async def told(self, *subjects: str) -> list[str]:
        """The kinds of the events about these rows, in order."""
        async with self.db.read() as tx:
            rows = await tx.rows(sa.select(events).where(events.c.subject_id.in_(subjects)).order_by(events.c.seq))
        return [row["kind"] for row in rows]

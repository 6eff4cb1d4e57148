"""Random verbs, clocks and workers that fall silent against a simple reference, on both stores.

No illegal state, no lost or doubled effect, no key that outlives its run.
"""

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from work_reference import RAgent, Reference, RTask
from work_world import World

from quarterdeck.access.tables import keys
from quarterdeck.control.agents.model import Agent, Desired
from quarterdeck.control.runs import actions, jobs
from quarterdeck.control.runs.actions import Claimed
from quarterdeck.control.runs.model import Outcome, Run
from quarterdeck.control.runs.store import runs
from quarterdeck.control.tasks.model import Priority, ReviewPolicy, Task, TaskState
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Database
from quarterdeck.kernel.clock import SECOND, FakeClock
from quarterdeck.kernel.errors import QuarterdeckError

T = TypeVar("T")
FENCES = st.sampled_from(["none", "right", "wrong"])


class Work(RuleBasedStateMachine):
    db: Database
    clock: FakeClock
    loop: asyncio.AbstractEventLoop
    names = itertools.count()

    agents = Bundle("agents")
    tasks = Bundle("tasks")
    runs = Bundle("runs")

    def __init__(self) -> None:
        super().__init__()
        self.world = self.wait(World.make(self.db, f"machine {next(self.names)}"))
        self.reference = Reference(self.clock.now() // SECOND)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def code(self, work: Coroutine[Any, Any, Any]) -> str | None:
        """None, or the code of the refusal."""
        try:
            self.wait(work)
        except QuarterdeckError as error:
            return error.code
        return None

    @initialize(target=agents)
    def hire(self) -> Any:
        return multiple(self.create_agent_of(1), self.create_agent_of(2))

    @initialize(target=tasks)
    def fill_the_board(self) -> Any:
        kinds = [(Priority.NORMAL, None), (Priority.LOW, 1), (Priority.NORMAL, 4), (Priority.URGENT, None)]
        return multiple(*[self.create(TaskState.READY, p, due_in, 2, ReviewPolicy.ONE) for p, due_in in kinds])

    @rule(target=agents, capacity=st.integers(1, 3))
    def create_agent(self, capacity: int) -> Agent:
        return self.create_agent_of(capacity)

    def create_agent_of(self, capacity: int) -> Agent:
        agent = self.wait(self.world.agent(f"agent {len(self.reference.agents)}", capacity=capacity))
        self.reference.agents[agent.id] = RAgent(capacity)
        return agent

    @rule(agent=agents, desired=st.sampled_from(Desired))
    def want(self, agent: Agent, desired: Desired) -> None:
        assert self.code(self.world.want(agent, desired)) == self.reference.want(agent.id, desired.value)

    @rule(
        target=tasks,
        state=st.sampled_from([TaskState.BACKLOG, TaskState.READY]),
        priority=st.sampled_from(Priority),
        due_in=st.none() | st.integers(0, 5),
        limit=st.integers(1, 3),
        review=st.sampled_from([ReviewPolicy.NONE, ReviewPolicy.ONE]),
    )
    def create_task(
        self, state: TaskState, priority: Priority, due_in: int | None, limit: int, review: ReviewPolicy
    ) -> Task:
        return self.create(state, priority, due_in, limit, review)

    def create(
        self, state: TaskState, priority: Priority, due_in: int | None, limit: int, review: ReviewPolicy
    ) -> Task:
        due = None if due_in is None else self.reference.now + due_in
        due_at = None if due is None else due * SECOND
        task = self.wait(
            self.world.task(state=state, priority=priority, due_at=due_at, attempt_limit=limit, review=review)
        )
        self.reference.tasks[task.id] = RTask(task.number, state.value, int(priority), due, None, limit, review.value)
        return task

    @rule(task=tasks, to=st.sampled_from(TaskState))
    def move(self, task: Task, to: TaskState) -> None:
        assert self.code(self.world.move(task, to)) == self.reference.move(task.id, to.value)

    @rule(task=tasks, agent=st.none() | agents)
    def assign(self, task: Task, agent: Agent | None) -> None:
        expected = self.reference.assign(task.id, None if agent is None else agent.id)
        assert self.code(self.world.assign(task, agent)) == expected

    @rule(target=runs, agent=agents, task=st.none() | tasks, lease_s=st.integers(5, 30))
    def claim(self, agent: Agent, task: Task | None, lease_s: int) -> Any:
        expected = self.reference.choice(agent.id, None if task is None else task.id)
        answer = self.wait(self.world.claim(agent, task_id=None if task is None else task.id, lease_s=lease_s))
        if not isinstance(answer, Claimed):
            assert answer.reason.value == expected
            return multiple()
        assert answer.task.id == expected
        self.reference.claimed(agent.id, answer.task.id, answer.run.id, lease_s)
        return answer.run

    @rule(run=runs, fence=FENCES)
    def progress(self, run: Run, fence: str) -> None:
        shown = _shown(run, fence)
        assert self.code(self.world.progress(run, fence=shown)) == self.reference.progress(run.id, shown)

    @rule(run=runs, outcome=st.sampled_from(Outcome), fence=FENCES, times=st.integers(1, 2))
    def finish(self, run: Run, outcome: Outcome, fence: str, times: int) -> None:
        shown = _shown(run, fence)
        for _ in range(times):
            expected = self.reference.finish(run.id, outcome.value, shown)
            assert self.code(self.world.finish(run, outcome, fence=shown)) == expected

    @rule(run=runs)
    def cancel(self, run: Run) -> None:
        assert self.code(self.world.cancel(run)) == self.reference.cancel(run.id)

    @rule(run=runs, ago=st.integers(-10, 10))
    def traffic(self, run: Run, ago: int) -> None:
        at = self.reference.now - ago
        self.wait(self._renew(run.id, at * SECOND))
        self.reference.traffic(run.id, at)

    async def _renew(self, run_id: str, at: int) -> None:
        async with self.db.transaction() as tx:
            await actions.renew_by_traffic(tx, {run_id: at})

    @rule(seconds=st.integers(1, 12))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.reference.now += seconds

    @rule()
    def leases_are_looked_at(self) -> None:
        self.wait(jobs.expire_overdue(self.db))
        self.reference.expire()

    @rule()
    def retired_agents_are_looked_at(self) -> None:
        self.wait(jobs.stop_retired(self.db))
        self.reference.stop_retired()

    @invariant()
    def the_store_is_as_the_reference_says(self) -> None:
        found = self.wait(self._rows())
        assert found == (
            {
                task_id: (task.state, task.agent, task.taken, task.run, task.attempts, task.failures)
                for task_id, task in self.reference.tasks.items()
            },
            {
                run_id: (run.task, run.agent, run.attempt, run.state, run.lease_end * SECOND)
                for run_id, run in self.reference.runs.items()
            },
            {run_id: "active" if run.state == "running" else "ended" for run_id, run in self.reference.runs.items()},
        )

    async def _rows(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        t, r = tasks.c, runs.c
        async with self.db.read() as tx:
            of_tasks = await tx.execute(
                sa.select(t.id, t.state, t.agent_id, t.taken, t.run_id, t.attempts, t.failures).where(
                    t.workspace_id == self.world.workspace_id
                )
            )
            of_runs = await tx.execute(
                sa.select(r.id, r.task_id, r.agent_id, r.attempt, r.state, r.lease_expires_at).where(
                    r.workspace_id == self.world.workspace_id
                )
            )
            of_keys = await tx.execute(
                sa.select(keys.c.run_id, keys.c.state).where(
                    keys.c.workspace_id == self.world.workspace_id, keys.c.run_id.is_not(None)
                )
            )
            return (
                {row.id: tuple(row)[1:] for row in of_tasks},
                {row.id: tuple(row)[1:] for row in of_runs},
                {row.run_id: row.state for row in of_keys},
            )


def _shown(run: Run, fence: str) -> int | None:
    return {"none": None, "right": run.fence, "wrong": run.fence + 1}[fence]


@pytest.mark.timeout(300)  # a failure is shrunk to its shortest story first
async def test_random_work_never_leaves_the_rules(db: Database, clock: FakeClock) -> None:
    class Machine(Work):
        pass

    Machine.db, Machine.clock, Machine.loop = db, clock, asyncio.get_running_loop()
    few = settings(
        max_examples=25,
        stateful_step_count=70,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, Machine, settings=few)

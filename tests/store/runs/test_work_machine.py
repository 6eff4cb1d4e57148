"""Random verbs, clocks and workers that fall silent against a simple reference, on both stores.

Tasks, runs, dependencies, reviews, holds and schedules: no illegal state, no lost or doubled effect, no key that
outlives its run, blocked and held always what the graph and the tree say.
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
from work_reference import EVERY, RETRY, RAgent, Reference, RSchedule, RTask
from work_world import World

from depth import examples
from quarterdeck.access.tables import keys
from quarterdeck.control.agents.model import Agent, Desired
from quarterdeck.control.dependencies import store as dependency_store
from quarterdeck.control.dependencies.model import blocked_since
from quarterdeck.control.reviews.model import Verdict
from quarterdeck.control.runs import actions, jobs
from quarterdeck.control.runs.claims import Claimed
from quarterdeck.control.runs.model import Outcome, Run
from quarterdeck.control.runs.store import runs
from quarterdeck.control.schedules import jobs as schedule_jobs
from quarterdeck.control.schedules.actions import Wanted
from quarterdeck.control.schedules.model import CatchUp, Overlap, Trigger
from quarterdeck.control.tasks.model import Priority, ReviewPolicy, Task, TaskState
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.control.templates.model import Draft
from quarterdeck.db import Database
from quarterdeck.db.schema import events
from quarterdeck.kernel.clock import SECOND, FakeClock
from quarterdeck.kernel.errors import QuarterdeckError

T = TypeVar("T")
FENCES = st.sampled_from(["none", "right", "wrong"])


class Work(RuleBasedStateMachine):
    db: Database
    clock: FakeClock
    loop: asyncio.AbstractEventLoop
    names = itertools.count()
    processes: list[Database]
    """The same database, as several processes hold it."""

    agents = Bundle("agents")
    tasks = Bundle("tasks")
    runs = Bundle("runs")
    schedules = Bundle("schedules")

    def __init__(self) -> None:
        super().__init__()
        self.world = self.wait(World.make(self.db, f"machine {next(self.names)}"))
        self.reference = Reference(self.clock.now() // SECOND)
        self.reviewers = [self.world.member, self.wait(self.world.colleague())]
        self.fired: set[tuple[str, str]] = set()

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
        return multiple(*[self.create(TaskState.READY, p, due_in, 2, ReviewPolicy.ONE, None) for p, due_in in kinds])

    @initialize(target=schedules)
    def plan(self) -> Any:
        return multiple(
            self.create_schedule_of(Overlap.QUEUE, CatchUp.LAST, 1),
            self.create_schedule_of(Overlap.SKIP, CatchUp.ALL, 3),
        )

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
        review=st.sampled_from([ReviewPolicy.NONE, ReviewPolicy.ONE, ReviewPolicy("n:2")]),
        parent=st.none() | tasks,
    )
    def create_task(
        self,
        state: TaskState,
        priority: Priority,
        due_in: int | None,
        limit: int,
        review: ReviewPolicy,
        parent: Task | None,
    ) -> Any:
        if parent is not None and (refusal := self.reference.may_have_parent(parent.id)) is not None:
            assert self.code(self.world.task(parent_id=parent.id)) == refusal
            return multiple()
        return self.create(state, priority, due_in, limit, review, parent)

    def create(
        self,
        state: TaskState,
        priority: Priority,
        due_in: int | None,
        limit: int,
        review: ReviewPolicy,
        parent: Task | None,
    ) -> Task:
        due = None if due_in is None else self.reference.now + due_in
        due_at = None if due is None else due * SECOND
        task = self.wait(
            self.world.task(
                state=state,
                priority=priority,
                due_at=due_at,
                attempt_limit=limit,
                review=review,
                parent_id=None if parent is None else parent.id,
            )
        )
        made = RTask(task.number, state.value, int(priority), due, None, limit, review.value, self.reference.now)
        if parent is not None:
            made.parent, made.depth = parent.id, self.reference.tasks[parent.id].depth + 1
        self.reference.tasks[task.id] = made
        return task

    @rule(task=tasks, to=st.sampled_from(TaskState))
    def move(self, task: Task, to: TaskState) -> None:
        self.tick()
        assert self.code(self.world.move(task, to)) == self.reference.move(task.id, to.value)

    def tick(self, seconds: int = 1) -> None:
        """Two rounds of review never begin at the same instant."""
        self.clock.advance(seconds)
        self.reference.now += seconds

    @rule(task=tasks, verdict=st.sampled_from(Verdict), reviewer=st.integers(0, 1))
    def review(self, task: Task, verdict: Verdict, reviewer: int) -> None:
        self.tick()
        given = self.world.review(task, verdict, self.reviewers[reviewer])
        assert self.code(given) == self.reference.give_review(task.id, verdict.value, reviewer)

    @rule(task=tasks, waits_for=tasks)
    def wait_for(self, task: Task, waits_for: Task) -> None:
        assert self.code(self.world.link(task, waits_for)) == self.reference.add_wait(task.id, waits_for.id)

    @rule(task=tasks, waits_for=tasks)
    def wait_no_more(self, task: Task, waits_for: Task) -> None:
        assert self.code(self.world.unlink(task, waits_for)) is None
        self.reference.remove_wait(task.id, waits_for.id)

    @rule(task=tasks, hold=st.booleans())
    def hold(self, task: Task, hold: bool) -> None:
        verb = self.world.hold(task) if hold else self.world.release(task)
        assert self.code(verb) == self.reference.set_hold(task.id, hold)

    @rule(
        target=schedules,
        overlap=st.sampled_from(Overlap),
        catch_up=st.sampled_from(CatchUp),
        limit=st.integers(1, 4),
    )
    def create_schedule(self, overlap: Overlap, catch_up: CatchUp, limit: int) -> str:
        return self.create_schedule_of(overlap, catch_up, limit)

    def create_schedule_of(self, overlap: Overlap, catch_up: CatchUp, limit: int) -> str:
        wanted = Wanted(
            f"schedule {len(self.reference.schedules)}",
            Trigger.INTERVAL,
            every_s=EVERY,
            draft=Draft("Made at {{firing}}", review="none"),
            overlap=overlap,
            catch_up=catch_up,
            catch_up_limit=limit,
            pause_after=100,
        )
        schedule_id = self.wait(self.world.schedule(wanted))
        now = self.reference.now
        self.reference.schedules[schedule_id] = RSchedule(overlap.value, catch_up.value, limit, now, now)
        return schedule_id

    @rule(target=tasks, several=st.booleans())
    def schedules_are_looked_at(self, several: bool) -> Any:
        self.wait(self._fire(3 if several else 1))
        self.reference.fire()
        return self.what_schedules_made()

    async def _fire(self, processes: int) -> None:
        await asyncio.gather(*[schedule_jobs.fire_all_due(db) for db in self.processes[:processes]])

    @rule(target=tasks, schedule=schedules, key=st.sampled_from(["a", "b", "c"]))
    def fire_by_key(self, schedule: str, key: str) -> Any:
        refused = self.code(self.world.fire(schedule, key))
        there = self.reference.schedules[schedule]
        assert refused == ("schedule_paused" if there.paused else None)
        if refused is None and (schedule, key) not in self.fired:
            self.fired.add((schedule, key))
            self.reference.fire_one(schedule)
        return self.what_schedules_made()

    @rule(schedule=schedules, paused=st.booleans())
    def pause_schedule(self, schedule: str, paused: bool) -> None:
        if paused:
            self.wait(self.world.pause(schedule))
            self.reference.schedules[schedule].paused = True
        else:
            self.wait(self.world.resume(schedule))
            self.reference.resume(schedule)

    def what_schedules_made(self) -> Any:
        """Take in the tasks that schedules have made: as many as the reference says."""
        fresh = []
        for task in self.wait(self.world.made_by_schedules()):
            if task.id not in self.reference.tasks:
                self.reference.tasks[task.id] = RTask(
                    task.number, "ready", 2, None, None, 3, "none", self.reference.now, schedule=task.schedule_id
                )
                fresh.append(task)
        for schedule_id, schedule in self.reference.schedules.items():
            mine = [task for task in self.reference.tasks.values() if task.schedule == schedule_id]
            assert len(mine) == schedule.made, schedule
        waiting = {one: schedule.queued for one, schedule in self.reference.schedules.items() if schedule.queued}
        assert self.wait(self.world.queued_firings()) == waiting
        return multiple(*fresh)

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

    @rule(
        run=runs,
        outcome=st.sampled_from(Outcome),
        fence=FENCES,
        times=st.integers(1, 2),
        reason=st.sampled_from([None, "the dog ate it", *RETRY]),
    )
    def finish(self, run: Run, outcome: Outcome, fence: str, times: int, reason: str | None) -> None:
        self.tick()
        shown = _shown(run, fence)
        for _ in range(times):
            expected = self.reference.finish(run.id, outcome.value, shown, reason)
            assert self.code(self.world.finish(run, outcome, fence=shown, reason=reason)) == expected

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

    @rule(target=tasks, minutes=st.integers(1, 8), times=st.integers(0, 2))
    def minutes_pass(self, minutes: int, times: int) -> Any:
        """Nobody is there for some minutes, or somebody looks at the schedules after each stretch of them."""
        self.tick(minutes * 60 + 7)
        for _ in range(times):
            self.wait(self._fire(1))
            self.reference.fire()
            self.tick(minutes * 60)
        return self.what_schedules_made()

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
                task_id: (
                    task.state,
                    task.agent,
                    task.taken,
                    task.run,
                    task.attempts,
                    task.failures,
                    task.reason,
                    task.same,
                    task.not_before * SECOND,
                    task.avoid,
                    self.reference.held(task_id),
                )
                for task_id, task in self.reference.tasks.items()
            },
            {
                run_id: (run.task, run.agent, run.attempt, run.state, run.lease_end * SECOND)
                for run_id, run in self.reference.runs.items()
            },
            {run_id: "active" if run.state == "running" else "ended" for run_id, run in self.reference.runs.items()},
        )

    @invariant()
    def blocked_is_what_the_graph_says(self) -> None:
        blocked, told = self.wait(self._graph())
        assert blocked == {task_id for task_id in self.reference.tasks if self.reference.blocked(task_id)}
        assert told == {task_id: task.unblocked for task_id, task in self.reference.tasks.items() if task.unblocked}

    async def _graph(self) -> tuple[set[str], dict[str, int]]:
        async with self.db.read() as tx:
            waits = await dependency_store.waits(tx, self.world.workspace_id, list(self.reference.tasks))
            rows = await tx.execute(
                sa.select(events.c.subject_id, sa.func.count())
                .where(events.c.workspace_id == self.world.workspace_id, events.c.kind == "task.unblocked")
                .group_by(events.c.subject_id)
            )
            told = {row[0]: row[1] for row in rows}
        states = {task_id: TaskState(task.state) for task_id, task in self.reference.tasks.items()}
        return {task_id for task_id, found in waits.items() if blocked_since(states[task_id], found) is not None}, told

    async def _rows(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        t, r = tasks.c, runs.c
        async with self.db.read() as tx:
            of_tasks = await tx.execute(
                sa.select(t.id, t.state, t.agent_id, t.taken, t.run_id, t.attempts, t.failures)
                .add_columns(t.last_failure, t.same_failures, t.not_before, t.avoid_agent_id, t.held)
                .where(t.workspace_id == self.world.workspace_id)
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
    Machine.processes = [db, Database(db.url, clock), Database(db.url, clock)]
    few = settings(
        max_examples=examples(10, 100),
        stateful_step_count=70,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    try:
        await asyncio.to_thread(run_state_machine_as_test, Machine, settings=few)
    finally:
        for other in Machine.processes[1:]:
            await other.close()

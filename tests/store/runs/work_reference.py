"""What the work should do, said as simply as possible: plain dictionaries and one function per verb.

A verb answers None when it took, or the code of its refusal; it changes nothing when it refuses.
"""

from dataclasses import dataclass, field

OPEN_TASK = ("backlog", "ready", "in_progress", "in_review")
BY_PERSON = {
    "backlog": {"ready", "cancelled"},
    "ready": {"backlog", "cancelled"},
    "in_progress": {"backlog", "ready", "in_review", "cancelled"},
    "in_review": {"in_progress", "done", "cancelled"},
    "done": set(),
    "cancelled": set(),
}


@dataclass
class RAgent:
    capacity: int
    desired: str = "enabled"


RETRY = {
    # reason: (first wait, longest wait, how often in a row, counts against the limit, for another agent)
    "agent_crashed": (5, 300, 5, True, False),
    "lease_expired": (0, 0, 5, True, False),
    "timeout": (30, 900, 3, True, False),
    "provider_outage": (30, 900, 20, False, False),
    "context_overflow": (0, 0, 2, True, True),
    "budget": (0, 0, 1, True, False),
    "loop": (60, 60, 2, True, True),
    "other": (0, 0, 100, True, False),
}
EVERY = 60


@dataclass
class RTask:
    number: int
    state: str
    priority: int
    due: int | None
    agent: str | None
    limit: int
    review: str
    since: int
    taken: bool = False
    run: str | None = None
    attempts: int = 0
    failures: int = 0
    reason: str | None = None
    same: int = 0
    not_before: int = 0
    avoid: str | None = None
    parent: str | None = None
    hold: bool = False
    schedule: str | None = None
    approvals: set[int] = field(default_factory=set)
    unblocked: int = 0
    """How often the task has been told that nothing blocks it any more."""
    depth: int = 0


@dataclass
class RSchedule:
    overlap: str
    catch_up: str
    limit: int
    anchor: int
    fired_until: int
    queued: int = 0
    paused: bool = False
    made: int = 0
    """How many tasks it has made."""


@dataclass
class RRun:
    task: str
    agent: str
    attempt: int
    lease_s: int
    lease_end: int
    state: str = "running"


@dataclass
class Reference:
    now: int
    agents: dict[str, RAgent] = field(default_factory=dict)
    tasks: dict[str, RTask] = field(default_factory=dict)
    runs: dict[str, RRun] = field(default_factory=dict)
    waits: set[tuple[str, str]] = field(default_factory=set)
    schedules: dict[str, RSchedule] = field(default_factory=dict)

    def blocked(self, task_id: str) -> bool:
        """Whether something that it waits for is not done. What is closed waits for nothing."""
        if self.tasks[task_id].state not in OPEN_TASK:
            return False
        return any(self.tasks[b].state != "done" for a, b in self.waits if a == task_id)

    def held(self, task_id: str) -> bool:
        here: str | None = task_id
        while here is not None:
            if self.tasks[here].hold:
                return True
            here = self.tasks[here].parent
        return False

    def may_have_parent(self, parent: str) -> str | None:
        if self.tasks[parent].state not in OPEN_TASK:
            return "task_closed"
        return "too_deep" if self.tasks[parent].depth + 1 > 10 else None

    def add_wait(self, task_id: str, waits_for: str) -> str | None:
        if task_id == waits_for:
            return "invalid"
        if (task_id, waits_for) in self.waits:
            return None
        if self.tasks[task_id].state not in OPEN_TASK:
            return "task_closed"
        reached, todo = set(), [waits_for]
        while todo:
            here = todo.pop()
            if here not in reached:
                reached.add(here)
                todo += [b for a, b in self.waits if a == here]
        if task_id in reached:
            return "dependency_cycle"
        self.waits.add((task_id, waits_for))
        return None

    def remove_wait(self, task_id: str, waits_for: str) -> None:
        if (task_id, waits_for) in self.waits:
            was = self.blocked(task_id) and self.tasks[waits_for].state != "done"
            self.waits.remove((task_id, waits_for))
            if was and not self.blocked(task_id):
                self.tasks[task_id].unblocked += 1

    def set_hold(self, task_id: str, hold: bool) -> str | None:
        task = self.tasks[task_id]
        if hold and not task.hold and task.state not in OPEN_TASK:
            return "task_closed"
        task.hold = hold
        return None

    def give_review(self, task_id: str, verdict: str, reviewer: int) -> str | None:
        task = self.tasks[task_id]
        if task.state != "in_review":
            return "not_in_review"
        if verdict == "approve":
            task.approvals.add(reviewer)
            if self._is_approved(task):
                self._moved_by_person(task_id, "done")
            return None
        self._moved_by_person(task_id, "in_progress" if verdict == "request_changes" else "cancelled")
        return None

    def _is_approved(self, task: RTask) -> bool:
        return len(task.approvals) >= {"none": 0, "one": 1, "n:2": 2}[task.review]

    def fire(self) -> None:
        """What the loop of schedules does now: tasks that are open are seen as they are before it."""
        for schedule_id, schedule in self.schedules.items():
            nothing_before = (self.now - schedule.anchor) // EVERY * EVERY + schedule.anchor
            if schedule.paused or nothing_before <= schedule.fired_until:
                continue
            first = (schedule.fired_until - schedule.anchor) // EVERY + 1
            last = (self.now - schedule.anchor) // EVERY
            due = [schedule.anchor + n * EVERY for n in range(first, last + 1) if n > 0]
            if schedule.catch_up == "all":
                due = due[-schedule.limit :]
            elif schedule.catch_up == "last":
                due = due[-1:]
            else:
                due = [at for at in due if at >= self.now - 60][-1:]
            schedule.fired_until = self.now
            for _ in due:
                self.fire_one(schedule_id)
        for schedule_id, schedule in self.schedules.items():
            if schedule.queued and not schedule.paused and not self._has_open(schedule_id):
                schedule.queued -= 1
                schedule.made += 1

    def fire_one(self, schedule_id: str) -> None:
        schedule = self.schedules[schedule_id]
        busy = self._has_open(schedule_id) or schedule.queued > 0
        if schedule.overlap == "parallel" or not busy:
            schedule.made += 1
        elif schedule.overlap == "queue":
            schedule.queued += 1

    def _has_open(self, schedule_id: str) -> bool:
        mine = [task for task in self.tasks.values() if task.schedule == schedule_id]
        # Made a moment ago and not among the tasks yet: open too.
        return len(mine) < self.schedules[schedule_id].made or any(task.state in OPEN_TASK for task in mine)

    def resume(self, schedule_id: str) -> None:
        schedule = self.schedules[schedule_id]
        if schedule.paused:
            schedule.paused, schedule.fired_until = False, self.now

    def want(self, agent: str, desired: str) -> str | None:
        before = self.agents[agent].desired
        if before == "retired" and desired == "paused":
            return "move_not_allowed"
        self.agents[agent].desired = desired
        return None

    def choice(self, agent: str, named: str | None) -> str | None:
        """The reason for nothing, or the id of the task that the agent gets."""
        who = self.agents[agent]
        if who.desired != "enabled":
            return who.desired
        if sum(run.agent == agent and run.state == "running" for run in self.runs.values()) >= who.capacity:
            return "at_capacity"
        free = [
            (task.priority, task.due is None, task.due or 0, task.number, task_id)
            for task_id, task in self.tasks.items()
            if (task.state == "ready" or (task.state == "in_progress" and task.run is None))
            and task.agent in (None, agent)
            and named in (None, task_id)
            and task.not_before <= self.now
            and task.avoid != agent
            and not self.blocked(task_id)
            and not self.held(task_id)
        ]
        return min(free)[4] if free else self._why_nothing(agent, named)

    def _why_nothing(self, agent: str, named: str | None) -> str:
        if named is None:
            kept = any(
                task.state == "ready" and task.agent in (None, agent) and self.held(task_id)
                for task_id, task in self.tasks.items()
            )
            return "held" if kept else "none_ready"
        task = self.tasks[named]
        free = task.state in ("ready", "in_progress") and task.run is None and not self.blocked(named)
        return "held" if free and task.agent in (None, agent) and self.held(named) else "none_ready"

    def claimed(self, agent: str, task_id: str, run_id: str, lease_s: int) -> None:
        task = self.tasks[task_id]
        task.taken = task.taken or task.agent is None
        task.agent = task.agent or agent
        if task.state == "ready":
            task.since = self.now
        task.state, task.run, task.attempts = "in_progress", run_id, task.attempts + 1
        task.avoid, task.not_before = None, 0
        self.runs[run_id] = RRun(task_id, agent, task.attempts, lease_s, self.now + lease_s)

    def move(self, task_id: str, to: str) -> str | None:
        task = self.tasks[task_id]
        if to == task.state:
            return None
        if to not in BY_PERSON[task.state] or (to == "in_review" and task.run is not None):
            return "move_not_allowed"
        if to == "done" and not self._is_approved(task):
            return "review_missing"
        if task.run is not None:
            self.runs[task.run].state = "cancelled"
        self._moved_by_person(task_id, to)
        return None

    def _moved_by_person(self, task_id: str, to: str) -> None:
        _forget_failures(self.tasks[task_id])
        self._stands(task_id, to)

    def assign(self, task_id: str, agent: str | None) -> str | None:
        task = self.tasks[task_id]
        if task.agent == agent and not task.taken:
            return None
        if task.state not in OPEN_TASK:
            return "task_closed"
        if agent is not None and self.agents[agent].desired == "retired":
            return "agent_retired"
        if task.run is not None and task.agent != agent:
            self.runs[task.run].state = "cancelled"
            self._moved_by_person(task_id, "ready")
        task.agent, task.taken, task.not_before, task.avoid = agent, False, 0, None
        return None

    def progress(self, run_id: str, fence: int | None) -> str | None:
        run = self.runs[run_id]
        if run.state != "running" or fence not in (None, run.attempt):
            return "lease_lost"
        run.lease_end = max(run.lease_end, self.now + run.lease_s)
        return None

    def traffic(self, run_id: str, at: int) -> None:
        run = self.runs[run_id]
        if run.state == "running":
            run.lease_end = max(run.lease_end, min(at, self.now) + run.lease_s)

    def finish(self, run_id: str, outcome: str, fence: int | None, reason: str | None = None) -> str | None:
        run = self.runs[run_id]
        if fence not in (None, run.attempt):
            return "lease_lost"
        if run.state == outcome:
            return None
        if run.state != "running":
            return "lease_lost"
        run.state = outcome
        task = self.tasks[run.task]
        if outcome == "succeeded":
            _forget_failures(task)
            self._stands(run.task, "done" if task.review == "none" else "in_review")
        else:
            self._came_to_nothing(run, reason if reason in RETRY else "other")
        return None

    def cancel(self, run_id: str) -> str | None:
        run = self.runs[run_id]
        if run.state == "running":
            run.state = "cancelled"
            self._stands(run.task, "ready")
        return None if run.state == "cancelled" else "run_over"

    def expire(self) -> None:
        for run in self.runs.values():
            if run.state == "running" and run.lease_end <= self.now:
                run.state = "expired"
                self._came_to_nothing(run, "lease_expired")

    def stop_retired(self) -> None:
        for run in self.runs.values():
            if run.state == "running" and self.agents[run.agent].desired == "retired":
                run.state = "cancelled"
                self._stands(run.task, "ready")

    def _came_to_nothing(self, run: RRun, reason: str) -> None:
        task = self.tasks[run.task]
        wait, longest, in_a_row, counts, elsewhere = RETRY[reason]
        task.same = task.same + 1 if task.reason == reason else 1
        task.reason = reason
        task.failures += counts
        others = any(a.desired == "enabled" for name, a in self.agents.items() if name != run.agent)
        give_up = (counts and task.failures >= task.limit) or task.same >= in_a_row
        if give_up or (elsewhere and not (task.taken and others)):
            task.not_before, task.avoid = 0, None
            self._stands(run.task, "backlog")
            return
        pause = min(longest, wait * 2 ** (task.same - 1))
        task.not_before = self.now + pause if pause else 0
        task.avoid = run.agent if elsewhere else None
        self._stands(run.task, "ready")

    def _stands(self, task_id: str, state: str) -> None:
        task = self.tasks[task_id]
        waiters = [a for a, b in self.waits if b == task_id and self.blocked(a)]
        task.state, task.run, task.since = state, None, self.now
        task.approvals = set()
        if task.taken and state in ("backlog", "ready"):
            task.agent, task.taken = None, False
        if state == "done":
            for waiter in waiters:
                self.tasks[waiter].unblocked += not self.blocked(waiter)


def _forget_failures(task: RTask) -> None:
    task.failures, task.reason, task.same, task.not_before, task.avoid = 0, None, 0, 0, None

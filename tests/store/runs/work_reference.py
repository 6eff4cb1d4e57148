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


@dataclass
class RTask:
    number: int
    state: str
    priority: int
    due: int | None
    agent: str | None
    limit: int
    review: str
    taken: bool = False
    run: str | None = None
    attempts: int = 0
    failures: int = 0


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
        ]
        return min(free)[4] if free else "none_ready"

    def claimed(self, agent: str, task_id: str, run_id: str, lease_s: int) -> None:
        task = self.tasks[task_id]
        task.taken = task.taken or task.agent is None
        task.agent = task.agent or agent
        task.state, task.run, task.attempts = "in_progress", run_id, task.attempts + 1
        self.runs[run_id] = RRun(task_id, agent, task.attempts, lease_s, self.now + lease_s)

    def move(self, task_id: str, to: str) -> str | None:
        task = self.tasks[task_id]
        if to == task.state:
            return None
        if to not in BY_PERSON[task.state] or (to == "in_review" and task.run is not None):
            return "move_not_allowed"
        if to == "done" and task.review != "none":
            return "review_missing"
        if task.run is not None:
            self.runs[task.run].state = "cancelled"
        task.failures = 0
        self._stands(task, to)
        return None

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
            task.failures = 0
            self._stands(task, "ready")
        task.agent, task.taken = agent, False
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

    def finish(self, run_id: str, outcome: str, fence: int | None) -> str | None:
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
            task.failures = 0
            self._stands(task, "done" if task.review == "none" else "in_review")
        else:
            self._came_to_nothing(task)
        return None

    def cancel(self, run_id: str) -> str | None:
        run = self.runs[run_id]
        if run.state == "running":
            run.state = "cancelled"
            self._stands(self.tasks[run.task], "ready")
        return None if run.state == "cancelled" else "run_over"

    def expire(self) -> None:
        for run in self.runs.values():
            if run.state == "running" and run.lease_end <= self.now:
                run.state = "expired"
                self._came_to_nothing(self.tasks[run.task])

    def stop_retired(self) -> None:
        for run in self.runs.values():
            if run.state == "running" and self.agents[run.agent].desired == "retired":
                run.state = "cancelled"
                self._stands(self.tasks[run.task], "ready")

    def _came_to_nothing(self, task: RTask) -> None:
        task.failures += 1
        self._stands(task, "backlog" if task.failures >= task.limit else "ready")

    def _stands(self, task: RTask, state: str) -> None:
        task.state, task.run = state, None
        if task.taken and state in ("backlog", "ready"):
            task.agent, task.taken = None, False

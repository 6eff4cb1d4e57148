"""What becomes of a task whose run came to nothing: the rule of the reason, applied."""

from quarterdeck.control.agents import store as agents
from quarterdeck.control.runs.model import Run, RunState
from quarterdeck.control.runs.retry import FailureReason, decide
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks.model import Task
from quarterdeck.db import Transaction


def failure_of(run: Run) -> FailureReason | None:
    """Why the run failed; None when it did not."""
    if run.state is RunState.EXPIRED:
        return FailureReason.LEASE_EXPIRED
    return FailureReason.of(run.reason) if run.state is RunState.FAILED else None


async def come_back(tx: Transaction, task: Task, run: Run, why: str, *, actor: str | None) -> Task:
    """Its run failed or expired: ready for the next attempt, or in the backlog where a person decides.

    `why` stays with the task as its note, for the next worker or for the person. The caller has locked the task.
    """
    reason = failure_of(run) or FailureReason.OTHER
    # Who was assigned by a person stays: only a task that anybody, or any of a squad, may have goes elsewhere.
    others = task.taken and await agents.has_others(tx, run.workspace_id, run.agent_id, task.squad_id)
    following = decide(
        reason,
        failures=task.failures,
        same_failures=task.same_failures if task.last_failure == reason else 0,
        attempt_limit=task.attempt_limit,
        others=others,
        now=tx.now,
    )
    times = max(following.failures, following.same_failures)
    if not following.again and times > 1:
        why = f"{times} attempts came to nothing. The last one: {why}"
    return await task_actions.come_back(
        tx,
        task,
        again=following.again,
        values={
            "failures": following.failures,
            "last_failure": reason.value,
            "same_failures": following.same_failures,
            "not_before": following.not_before,
            "avoid_agent_id": run.agent_id if following.elsewhere else None,
            "note": why,
        },
        actor=actor,
    )

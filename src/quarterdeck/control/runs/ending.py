"""The one way a run ends.

It knows runs and their keys, not tasks, and so stands below both: tasks' verbs may end the run that is open on a task,
and runs' verbs are built on tasks' verbs. Whoever calls it has locked the task.
"""

from quarterdeck.access import keyring
from quarterdeck.control.runs import store, verdict
from quarterdeck.control.runs.model import Run, RunState
from quarterdeck.db import Transaction
from quarterdeck.kernel.events import Event


async def end(
    tx: Transaction,
    workspace_id: str,
    run_id: str,
    to: RunState,
    *,
    reason: str | None = None,
    summary: str | None = None,
    overdue: bool = False,
    actor: str | None = None,
) -> Run | None:
    """Close the run, end its key and tell `run.ended` (`run.expired` when its lease ran out).

    None when the run was not open, or when `overdue` was asked for and its lease is not over.
    """
    run = await store.end(tx, workspace_id, run_id, to, reason=reason, summary=summary, overdue=overdue)
    if run is None:
        return None
    await keyring.end_run_keys(tx, run_id)
    run = await store.set_verdict(tx, run, await verdict.of_run(tx, run))
    kind = "run.expired" if to is RunState.EXPIRED else "run.ended"
    data = {
        "state": to.value,
        "reason": reason,
        "verdict": run.verdict,
        "task_id": run.task_id,
        "agent_id": run.agent_id,
    }
    await tx.emit(Event(workspace_id, kind, run_id, data, actor))
    return run

"""The gate before done. It stands below tasks' verbs, which ask it, whoever wants to move a task."""

from quarterdeck.control.agents import people
from quarterdeck.control.agents import store as agents
from quarterdeck.control.reviews import store
from quarterdeck.control.tasks.model import Task
from quarterdeck.db import Transaction


async def missing(tx: Transaction, task: Task) -> str | None:
    """What the task's policy still asks for, in words; None when it is satisfied."""
    policy = task.review
    if policy.agent_id is not None and not await store.agent_approved(
        tx, task.workspace_id, task.id, task.state_since, policy.agent_id
    ):
        names = await agents.named(tx, task.workspace_id, [policy.agent_id])
        return f"the review of {names.get(policy.agent_id, 'an agent that is gone')}"
    if policy.approvals == 0:
        return None
    found = await store.approvers(tx, task.workspace_id, task.id, task.state_since)
    left = policy.approvals - sum(policy.counts(member_id, role) for member_id, role in found.items())
    if left <= 0:
        return None
    return await _words(tx, task, left)


async def _words(tx: Transaction, task: Task, left: int) -> str:
    policy = task.review
    names = await people.named(tx, task.workspace_id, policy.named)
    if policy.member_id is not None:
        return f"the approval of {names.get(policy.member_id, 'a member who is gone')}"
    if policy.named:
        return f"{left} of the approvals of {', '.join(names[each] for each in policy.named if each in names)}"
    if policy.role is not None:
        return f"the approval of a member who is {policy.role} or more"
    return "one approval" if left == 1 else f"{left} approvals"

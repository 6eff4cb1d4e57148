"""What may be written as a review policy, and by whom."""

from quarterdeck.access.actors import Role
from quarterdeck.control.agents import people
from quarterdeck.control.agents import store as agents
from quarterdeck.control.agents.model import Desired
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Forbidden, Invalid


async def must_be_sound(tx: Transaction, workspace_id: str, review: ReviewPolicy | None) -> None:
    """Raises Invalid when a policy names somebody who is not there."""
    if review is None:
        return
    for member_id in review.named:
        await people.must_exist(tx, workspace_id, member_id, "review")
    if review.agent_id is not None:
        agent = await agents.find(tx, workspace_id, review.agent_id)
        if agent is None or agent.desired is Desired.RETIRED:
            raise Invalid("review names no agent that can be given work.", field="review")


async def must_not_lower(
    tx: Transaction, workspace_id: str, before: ReviewPolicy, after: ReviewPolicy, actor: str | None
) -> None:
    """Raises Forbidden when somebody who is no admin asks for less review than there was."""
    if actor is None or not after.lowers(before):
        return
    if await people.role_of(tx, workspace_id, actor) not in (Role.OWNER, Role.ADMIN):
        raise Forbidden(
            f"Only an admin may lower a review from {before} to {after}.", code="review_lowered", review=str(before)
        )

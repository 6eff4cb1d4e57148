"""The tools of agents that review what others handed in."""

from typing import Annotated, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from quarterdeck.api.mcp import shapes
from quarterdeck.api.mcp.calling import TaskId, ToolSet, actor_of
from quarterdeck.control.protocol import verbs
from quarterdeck.control.reviews.agent_api import ToReviewOut, shown_work
from quarterdeck.control.reviews.model import NewReview, Verdict


class Reviewing(ToolSet):
    async def read_work_to_review(self, ctx: Context, task_id: TaskId) -> ToReviewOut:
        """Read the work that a review task you hold asks you to judge: the brief and acceptance criteria it was made
        for, each version that was handed in with its text, the files, and what reviewers said before."""
        actor = actor_of(ctx)
        async with self._db.read() as tx:
            run = await verbs.run_on(tx, actor, task_id)
            return await shown_work(tx, actor, run.id)

    async def give_review(
        self,
        ctx: Context,
        task_id: TaskId,
        verdict: Annotated[Literal["approve", "request_changes"], Field(description="Your word on the work.")],
        message: Annotated[str, Field(description="Markdown: all that has to change, in one message.")] = "",
    ) -> shapes.Reviewed:
        """Give your verdict on the work that a review task you hold asks you to judge. Then call complete_task for the
        review task itself."""
        actor = actor_of(ctx)
        async with self._db.transaction() as tx:
            reviewed = await verbs.give_review(tx, actor, task_id, NewReview(Verdict(verdict), message))
        return shapes.Reviewed(
            task_id=reviewed.run.task_id,
            reviewed_ref=reviewed.task.ref,
            reviewed_status=reviewed.task.state,
            next="Call complete_task for the review task.",
        )

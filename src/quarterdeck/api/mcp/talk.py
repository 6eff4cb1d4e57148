"""The tools by which agents talk with people: comments, questions, approvals, the inbox."""

from typing import Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field

from quarterdeck.api.mcp import shapes
from quarterdeck.api.mcp.calling import TaskId, ToolSet, actor_of
from quarterdeck.control.approvals.model import Approval, NewApproval
from quarterdeck.control.comments import store as comment_store
from quarterdeck.control.inbox import store as inbox_store
from quarterdeck.control.protocol import verbs
from quarterdeck.control.protocol.answers import own_question
from quarterdeck.control.questions.model import NewQuestion
from quarterdeck.control.runs import actions as run_actions
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso

INBOX_PAGE = 50


class Talk(ToolSet):
    async def comment(
        self,
        ctx: Context,
        task_id: TaskId,
        text: Annotated[str, Field(description="Markdown; @name tells that person, or wakes that agent.")],
    ) -> shapes.Commented:
        """Write a comment in the thread of a task, to tell or ask people or other agents something. For a question that
        stops you, use ask_human instead."""
        actor = actor_of(ctx)
        async with self._db.transaction() as tx:
            written = await verbs.comment(tx, actor, task_id, text)
            task = await task_actions.get(tx, actor.workspace_id, written.task_id)
            names = await comment_store.names(tx, actor.workspace_id, written.mentions)
        told = [] if written.held else [names[one] for one in written.mentions if one in names]
        return shapes.Commented(task_id=task.id, status=task.state, comment_id=written.id, told=told)

    async def ask_human(
        self,
        ctx: Context,
        task_id: TaskId,
        question: Annotated[str, Field(description="One question, with what the person needs to decide it.")],
        blocking: Annotated[bool, Field(description="Whether you cannot go on without the answer.")],
        options: Annotated[list[str] | None, Field(description="The answers to choose from, if they are few.")] = None,
    ) -> shapes.Asked:
        """Ask the person who is accountable for a task you hold, when only a human can decide or knows. Answers at once
        with a question_id; call get_answer with it until the answer is there."""
        actor = actor_of(ctx)
        async with self._db.transaction() as tx:
            new = NewQuestion(question, tuple(options or ()), free_text=not options)
            asked = await verbs.ask(tx, actor, task_id, new)
            task = await task_actions.get(tx, actor.workspace_id, asked.task_id)
        wait = "Wait, then call get_answer every minute or so; that also extends your lease."
        go_on = "Go on working, and call get_answer when you need it; it comes to your inbox too."
        return shapes.Asked(task_id=task.id, status=task.state, question_id=asked.id, next=wait if blocking else go_on)

    async def get_answer(
        self, ctx: Context, question_id: Annotated[str, Field(description="As ask_human answered it.")]
    ) -> shapes.Answered:
        """Get the answer to a question you asked with ask_human. While it is open, asking again extends your lease."""
        actor = actor_of(ctx)
        async with self._db.transaction() as tx:
            asked = await own_question(tx, actor, question_id)
            run = await run_actions.get(tx, actor.workspace_id, asked.run_id)
            stop = (await run_actions.progress(tx, actor, run.id)).stop if run.open else True
        return shapes.Answered(
            question_id=asked.id, task_id=asked.task_id, state=asked.state.value, answer=asked.answer, stop=stop
        )

    async def request_approval(
        self,
        ctx: Context,
        task_id: TaskId,
        action: Annotated[str, Field(description="What you want to do, in a few words.")],
        payload: Annotated[dict[str, Any], Field(description="All of what you would do: just this is approved.")],
        summary: Annotated[str, Field(description="Why, and what follows from it.")] = "",
    ) -> shapes.ApprovalAsked:
        """Ask a person whether you may do one action that cannot be undone or concerns others, such as sending, paying,
        deleting or publishing. Answers at once; call use_approval with the same payload just before you do it."""
        actor = actor_of(ctx)
        async with self._db.transaction() as tx:
            asked = await verbs.request_approval(tx, actor, task_id, NewApproval(action, payload, summary))
            return await _approval(tx, asked, "Wait, then call use_approval every minute or so until it is decided.")

    async def use_approval(
        self,
        ctx: Context,
        task_id: TaskId,
        approval_id: Annotated[str, Field(description="As request_approval answered it.")],
        payload: Annotated[dict[str, Any], Field(description="What you are about to do, as you asked for it.")],
    ) -> shapes.ApprovalAsked:
        """Use up an approval just before you do what was approved. Do it only if this succeeds: it is refused while
        nobody has decided, when a person said no, for another payload, and the second time."""
        actor = actor_of(ctx)
        async with self._db.transaction() as tx:
            used = await verbs.use_approval(tx, actor, task_id, approval_id, payload)
            return await _approval(tx, used, "Do it now.")

    async def read_inbox(
        self,
        ctx: Context,
        after: Annotated[int, Field(ge=0, description="The cursor of the last answer: acknowledges all up to it.")] = 0,
    ) -> shapes.Inbox:
        """Read what came for you: mentions, reviews, answers to your questions, direct messages and commands."""
        actor = actor_of(ctx)
        async with self._db.transaction() as tx:
            if after > 0:
                await inbox_store.acknowledge(tx, actor.workspace_id, actor.id, after)
            items = await inbox_store.unread(tx, actor.workspace_id, actor.id, after, limit=INBOX_PAGE)
        came = [
            shapes.Came(
                kind=item.kind.value,
                task_id=item.task_id,
                body=item.body,
                sender_id=item.sender_id,
                created_at=iso(item.created_at),
            )
            for item in items
        ]
        return shapes.Inbox(items=came, cursor=items[-1].seq if items else after)


async def _approval(tx: Transaction, found: Approval, then: str) -> shapes.ApprovalAsked:
    task = await task_actions.get(tx, found.workspace_id, found.task_id)
    return shapes.ApprovalAsked(
        task_id=task.id,
        status=task.state,
        approval_id=found.id,
        state=found.state.value,
        comment=found.comment,
        next=then,
    )

"""The tools of agents. Their names, arguments and descriptions are read by models: plain words, one step each."""

import base64
import binascii
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from quarterdeck.access.actors import Actor
from quarterdeck.api import idempotency
from quarterdeck.api.mcp import origin, shapes
from quarterdeck.api.mcp.calling import TaskId, ToolSet, actor_of, meta_of, request_of, session_in
from quarterdeck.control.deliverables import actions as deliverable_actions
from quarterdeck.control.deliverables.files import Files
from quarterdeck.control.deliverables.model import Content, DeliverableKind, HandIn
from quarterdeck.control.dependencies import store as dependency_store
from quarterdeck.control.dependencies.model import blocked_since
from quarterdeck.control.protocol import sight, verbs
from quarterdeck.control.protocol.verbs import Stands
from quarterdeck.control.protocol.views import AssignmentOut, shown_assignment
from quarterdeck.control.questions.model import NewQuestion
from quarterdeck.control.runs.actions import Progress
from quarterdeck.control.runs.model import Outcome
from quarterdeck.control.runs.retry import FailureReason
from quarterdeck.control.runs.session import session_of
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks.model import TaskState, name_of
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso
from quarterdeck.kernel.errors import Invalid, Unavailable
from quarterdeck.ledger.rebuild import Bodies

_KINDS = {
    "text": DeliverableKind.TEXT,
    "url": DeliverableKind.LINK,
    "file": DeliverableKind.FILE,
    "json": DeliverableKind.JSON,
}


class Tools(ToolSet):
    async def list_my_tasks(
        self,
        ctx: Context,
        status: Annotated[
            TaskState | None, Field(description="Only tasks that stand so; all open ones when absent.")
        ] = None,
        limit: Annotated[int, Field(ge=1, le=100, description="How many at the most.")] = 20,
    ) -> shapes.TaskList:
        """List the tasks on your board: what you work on now, what is assigned to you, and what is free for you to
        claim, most urgent first. Use it to find work to do, your to-do list, or the id of a task."""
        actor = actor_of(ctx)
        states = sight.OPEN if status is None else (status,)
        async with self._db.read() as tx:
            found = await sight.listed(tx, actor, states, limit=limit)
            waits = await dependency_store.waits(tx, actor.workspace_id, [task.id for task in found])
        return shapes.TaskList(
            tasks=[
                shapes.TaskLine(
                    task_id=task.id,
                    ref=task.ref,
                    title=task.title,
                    status=task.state,
                    priority=name_of(task.priority),
                    yours=task.agent_id == actor.id,
                    blocked=blocked_since(task.state, waits[task.id]) is not None,
                )
                for task in found
            ]
        )

    async def get_task(self, ctx: Context, task_id: TaskId) -> AssignmentOut:
        """Read one task in full: the brief, the acceptance criteria, what a reviewer wanted changed, the comments,
        what it waits for, its deadline, its cost so far and the run you hold. Read it before you begin and after a
        review."""
        actor = actor_of(ctx)
        async with self._db.read() as tx:
            return await shown_assignment(tx, actor, await sight.visible(tx, actor, task_id))

    async def claim_task(self, ctx: Context, task_id: TaskId) -> shapes.Claimed:
        """Claim a task so that you, and nobody else, work on it. Answers a run with a lease, and the run_key and
        base_url to use for the model calls of this task. Refused when another agent has it, when it is blocked, or
        when you are paused or already hold as many tasks as you may."""
        actor = actor_of(ctx)
        session = session_of(request_of(ctx).headers) or session_in(ctx)
        if session is None and self._state.packs is not None and origin.TOOL_USE in meta_of(ctx):
            bodies = Bodies(self._db, self._state.packs)
            session = await origin.session_of_tool_use(self._db, bodies, actor, meta_of(ctx)[origin.TOOL_USE])
        async with self._db.transaction() as tx:
            claimed = await verbs.claim(tx, actor, task_id, session=session)
            assignment = await shown_assignment(tx, actor, claimed.task)
        # Its next model call comes on the agent's own key: the gateway must know the run by then.
        await self._published()
        return shapes.Claimed(
            task_id=claimed.task.id,
            ref=claimed.task.ref,
            status=claimed.task.state,
            run_id=claimed.run.id,
            attempt=claimed.run.attempt,
            lease_expires_at=iso(claimed.run.lease_expires_at),
            run_key=claimed.run_key,
            base_url=self._state.about.gateway_url,
            trace_id=claimed.run.trace_id,
            assignment=assignment,
        )

    async def heartbeat(
        self,
        ctx: Context,
        task_id: TaskId,
        note: Annotated[str | None, Field(description="What you are doing right now, for people to read.")] = None,
    ) -> shapes.Alive:
        """Say that you are still working on a task, which extends its lease. Needed only during long steps without
        model calls. The answer may say stop: true with a reason: then make no further model call for this task."""
        actor = actor_of(ctx)
        async with self._db.transaction() as tx:
            return await _alive(tx, await verbs.progress(tx, actor, task_id, note, None))

    async def report_progress(
        self,
        ctx: Context,
        task_id: TaskId,
        message: Annotated[str, Field(description="What you did or are doing, in a sentence, for people to read.")],
        idempotency_key: Annotated[
            str, Field(description="Any text of your own, new for each report; the same one again adds nothing.")
        ],
        percent: Annotated[int | None, Field(ge=0, le=100, description="How much is done.")] = None,
    ) -> shapes.Alive:
        """Report progress on a task you hold: an entry in its timeline that people see at once. Also extends the
        lease."""
        actor = actor_of(ctx)
        async with self._db.transaction() as tx:
            said = f"{task_id}\0{message}\0{percent}"
            first = await idempotency.is_first(tx, f"mcp:{actor.id}", idempotency_key, said)
            heard = await verbs.progress(tx, actor, task_id, message if first else None, percent if first else None)
            return await _alive(tx, heard)

    async def submit_deliverable(
        self,
        ctx: Context,
        task_id: TaskId,
        kind: Annotated[
            Literal["text", "url", "file", "json"], Field(description="text is plain or markdown; file is any bytes.")
        ],
        title: Annotated[str, Field(description="Its name; the same name again is its next version.")],
        content: Annotated[
            str, Field(description="The text, the address, the JSON document, or the file's bytes in base64.")
        ],
    ) -> shapes.HandedIn:
        """Hand in a result of a task you hold: a document, a link, a file or JSON. Submit again under the same title to
        replace it by a new version. When all is handed in, call complete_task to send it to review."""
        actor = actor_of(ctx)
        async with self._db.read() as tx:
            await verbs.may_hand_in(tx, actor, task_id)
        taken = await self._content(actor, kind, content)
        async with self._db.transaction() as tx:
            done = await verbs.hand_in(tx, actor, task_id, HandIn(title, _KINDS[kind]), taken)
            task = await task_actions.get(tx, actor.workspace_id, done.deliverable.task_id)
        return shapes.HandedIn(
            task_id=task.id,
            status=task.state,
            deliverable_id=done.deliverable.id,
            title=done.deliverable.name,
            version=done.version.number,
            new=done.fresh,
        )

    async def block_on(
        self,
        ctx: Context,
        task_id: TaskId,
        other_task_id: Annotated[
            str | None, Field(description="The task that has to be done first, by id or ref.")
        ] = None,
        reason: Annotated[str | None, Field(description="What stops you, when it is not another task.")] = None,
    ) -> shapes.Blocked:
        """Say that you cannot go on with a task you hold. With other_task_id your run ends, and the task comes back
        to be claimed by itself once that one is done. With a reason, the accountable person is asked what to do."""
        actor = actor_of(ctx)
        if (other_task_id is None) == (reason is None):
            raise Invalid("Give either other_task_id or reason.", field="other_task_id")
        async with self._db.transaction() as tx:
            if other_task_id is not None:
                stands = await verbs.block_on(tx, actor, task_id, other_task_id)
                task, question_id = stands.task, None
                then = "Your run is over. Work on something else; claim this task again when it is unblocked."
            else:
                asked = await verbs.ask(
                    tx, actor, task_id, NewQuestion(f"I cannot go on: {reason}\n\nWhat shall I do?")
                )
                task, question_id = await task_actions.get(tx, actor.workspace_id, asked.task_id), asked.id
                then = "Call get_answer with this question_id until the answer is there; you still hold the task."
            waits = (await dependency_store.waits(tx, task.workspace_id, [task.id]))[task.id]
        refs = [wait.node.ref for wait in waits if wait.met_at is None]
        return shapes.Blocked(task_id=task.id, status=task.state, waits_for=refs, question_id=question_id, next=then)

    async def create_subtask(
        self,
        ctx: Context,
        parent_id: Annotated[str, Field(description="The task you hold (id or ref), which this is a part of.")],
        title: Annotated[str, Field(description="What is to be done, in a line.")],
        brief: Annotated[str, Field(description="Markdown: all its worker needs to know, and what a good result is.")],
        agent: Annotated[
            str | None, Field(description="Yourself by name, or, as the project's lead, another agent; else anybody.")
        ] = None,
    ) -> shapes.Split:
        """Split off a part of a task you hold as a task of its own, for yourself or another agent. Your own task
        waits for it before its next attempt. It takes half of the budget your task has left, where it has one."""
        actor = actor_of(ctx)
        async with self._db.transaction() as tx:
            made = await verbs.create_subtask(tx, actor, parent_id, title=title, brief=brief, agent=agent)
            assert made.parent_id is not None
            parent = await task_actions.get(tx, actor.workspace_id, made.parent_id)
        return shapes.Split(
            task_id=parent.id,
            status=parent.state,
            subtask_id=made.id,
            subtask_ref=made.ref,
            agent=agent,
            next="Go on with the rest; release_task gives your own task back until the part is done.",
        )

    async def complete_task(
        self,
        ctx: Context,
        task_id: TaskId,
        summary: Annotated[str, Field(description="What you did and where the result is, for the reviewer.")],
    ) -> shapes.Moved:
        """Finish a task you hold: it goes on to review, or is done when nobody has to review it. Submit deliverables
        first. Safe to repeat."""
        actor = actor_of(ctx)
        async with self._db.transaction() as tx:
            stands = await verbs.finish(tx, actor, task_id, Outcome.SUCCEEDED, reason=None, summary=summary)
            return await _moved(tx, stands, "Call list_my_tasks for the next one.")

    async def fail_task(
        self,
        ctx: Context,
        task_id: TaskId,
        reason: Annotated[
            str,
            Field(
                description=f"Why, best as one of: {', '.join(reason.value for reason in FailureReason)}; "
                "or in your own words. Each has its own rule for the next attempt."
            ),
        ],
    ) -> shapes.Moved:
        """Report that you could not do a task you hold: it goes back for another attempt, or to a person when attempts
        are used up. Safe to repeat."""
        actor = actor_of(ctx)
        async with self._db.transaction() as tx:
            stands = await verbs.finish(tx, actor, task_id, Outcome.FAILED, reason=reason, summary=None)
            return await _moved(tx, stands, "Call list_my_tasks for another one.")

    async def release_task(
        self,
        ctx: Context,
        task_id: TaskId,
        reason: Annotated[str | None, Field(description="Why you give it back.")] = None,
    ) -> shapes.Moved:
        """Give a task you hold back to the queue without having failed at it, for example because it is not yours to
        do. Safe to repeat."""
        actor = actor_of(ctx)
        async with self._db.transaction() as tx:
            stands = await verbs.release(tx, actor, task_id, reason)
            return await _moved(tx, stands, "Call list_my_tasks for another one.")

    async def _content(self, actor: Actor, kind: str, content: str) -> Content:
        """What was handed in, checked and kept. Raises Invalid; Unavailable where this process keeps no files."""
        if self._state.files is None:
            raise Unavailable("This process keeps no files.")
        files = Files(self._state.files, remote=self._state.remote)
        if kind != "file":
            return await deliverable_actions.text_content(files, actor.workspace_id, _KINDS[kind], content)
        head, comma, rest = content.partition(",")
        declared = head.removeprefix("data:").partition(";")[0] if comma and head.startswith("data:") else None
        try:
            data = base64.b64decode(rest if declared is not None else content, validate=True)
        except (binascii.Error, ValueError):
            raise Invalid("A file's content is its bytes in base64, or a data: address.", field="content") from None

        async def pieces() -> AsyncIterator[bytes]:
            yield data

        received = await files.receive(actor.workspace_id, pieces(), DeliverableKind.FILE)
        return deliverable_actions.file_content(received, DeliverableKind.FILE, declared)

    async def _published(self) -> None:
        """Its next model call comes on the agent's key at once; slow gateways do not undo the claim."""
        try:
            await self._state.gateways.ensure_published()
        except Unavailable:
            return


async def _alive(tx: Transaction, heard: Progress) -> shapes.Alive:
    run = heard.run
    task = await task_actions.get(tx, run.workspace_id, run.task_id)
    return shapes.Alive(
        task_id=task.id,
        status=task.state,
        stop=heard.stop,
        reason=heard.reason,
        lease_expires_at=iso(run.lease_expires_at),
    )


async def _moved(tx: Transaction, stands: Stands, then: str) -> shapes.Moved:
    task, run = stands.task, stands.run
    waits = (await dependency_store.waits(tx, task.workspace_id, [task.id]))[task.id]
    return shapes.Moved(
        task_id=task.id,
        ref=task.ref,
        status=task.state,
        run_id=run.id,
        run_state=run.state.value,
        blocked=blocked_since(task.state, waits) is not None,
        next=then,
    )

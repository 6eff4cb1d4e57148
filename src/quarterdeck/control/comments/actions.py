"""Verbs on comments and direct messages."""

from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.control.agents import actions as agent_actions
from quarterdeck.control.comments import store
from quarterdeck.control.comments.mentions import Somebody, index, mentioned, names_in
from quarterdeck.control.comments.model import (
    BODY_LENGTH,
    LOOP_LIMIT,
    MESSAGE_LENGTH,
    REACTION_LENGTH,
    Anchor,
    Comment,
)
from quarterdeck.control.deliverables import actions as deliverables
from quarterdeck.control.deliverables import store as deliverable_store
from quarterdeck.control.deliverables.model import DeliverableKind
from quarterdeck.control.inbox import store as inbox
from quarterdeck.control.runs import actions as run_actions
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks.model import Task
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_line, a_text


async def preview(tx: Transaction, workspace_id: str, body: str) -> list[Somebody]:
    """Who will be told of a comment with this text."""
    wanted = names_in(body)
    return mentioned(body, index(await store.called(tx, workspace_id, wanted))) if wanted else []


async def write(tx: Transaction, actor: Actor, task_id: str, body: str, anchor: Anchor) -> Comment:
    """Put a comment on a task and deliver it to everybody it mentions. Tells `comment.written`.

    When agents only answer each other, the next comment wakes no agent, and `comments.loop_stopped` is told: until a
    person comments or something is handed in. Raises NotFound; Invalid.
    """
    task = await task_actions.locked(tx, actor.workspace_id, task_id)
    text = a_text(body.strip(), "body", BODY_LENGTH)
    if not text:
        raise Invalid("A comment says something.", field="body")
    await _check(tx, task, anchor)
    meant = [one for one in await preview(tx, task.workspace_id, text) if one.id != actor.id]
    by_agent = actor.kind is not ActorKind.MEMBER
    to_agents = by_agent and any(one.is_agent for one in meant)
    turns = await _turns(tx, task) if to_agents else 0
    comment = Comment(
        id=new_id("cmt"),
        workspace_id=task.workspace_id,
        task_id=task.id,
        anchor=anchor,
        author_id=actor.id,
        by_agent=by_agent,
        body=text,
        mentions=tuple(one.id for one in meant),
        to_agents=to_agents,
        held=turns >= LOOP_LIMIT,
        created_at=tx.now,
    )
    await store.insert(tx, comment)
    for one in sorted(meant, key=lambda each: each.id):
        if not (comment.held and one.is_agent):
            await inbox.put(
                tx,
                task.workspace_id,
                one.id,
                inbox.InboxKind.MENTION,
                comment.id,
                text,
                task_id=task.id,
                sender_id=actor.id,
            )
    told = {"task_id": task.id, "ref": task.ref, "agent_id": task.agent_id, "mentions": list(comment.mentions)}
    await tx.emit(Event(task.workspace_id, "comment.written", comment.id, told, actor.id))
    if turns == LOOP_LIMIT:
        data = {"ref": task.ref, "agent_id": task.agent_id, "turns": turns}
        await tx.emit(Event(task.workspace_id, "comments.loop_stopped", task.id, data))
    return comment


async def write_from_run(
    tx: Transaction, actor: Actor, run_id: str, body: str, anchor: Anchor, *, fence: int | None = None
) -> Comment:
    """A worker comments on its task; renews the lease. Raises as :func:`write` does; Changed `lease_lost`."""
    run = await run_actions.own(tx, actor, run_id)
    await task_actions.locked(tx, actor.workspace_id, run.task_id)
    await run_actions.sign_of_life(tx, actor, run_id, fence)
    return await write(tx, actor, run.task_id, body, anchor)


async def react(tx: Transaction, actor: Actor, comment_id: str, emoji: str) -> Comment:
    """React to a comment; the same again changes nothing. Raises NotFound; Invalid."""
    comment = await store.find(tx, actor.workspace_id, comment_id)
    if comment is None:
        raise NotFound("There is no such comment in this workspace.")
    mark = a_line(emoji, "emoji", REACTION_LENGTH)
    await task_actions.locked(tx, actor.workspace_id, comment.task_id)
    if await store.react(tx, actor.workspace_id, comment.id, actor.id, mark):
        data = {"task_id": comment.task_id, "emoji": mark}
        await tx.emit(Event(actor.workspace_id, "comment.reacted", comment.id, data, actor.id))
    return comment


async def send_message(tx: Transaction, actor: Actor, agent_id: str, body: str) -> str:
    """Put a direct message into an agent's inbox and answer its id. Raises NotFound; Invalid."""
    agent = await agent_actions.get(tx, actor.workspace_id, agent_id)
    text = a_text(body.strip(), "body", MESSAGE_LENGTH)
    if not text:
        raise Invalid("A message says something.", field="body")
    message_id = new_id("msg")
    await inbox.put(tx, actor.workspace_id, agent.id, inbox.InboxKind.MESSAGE, message_id, text, sender_id=actor.id)
    return message_id


async def _check(tx: Transaction, task: Task, anchor: Anchor) -> None:
    """Raises NotFound or Invalid when the anchor is no place on the task."""
    if anchor.deliverable_id is not None:
        deliverable = await deliverables.get(tx, task.workspace_id, anchor.deliverable_id)
        if deliverable.task_id != task.id or anchor.version is None:
            raise Invalid("A comment on a deliverable names one of this task, and its version.", field="version")
        await deliverables.get_version(tx, task.workspace_id, deliverable.id, anchor.version)
        if anchor.region is not None and deliverable.kind not in (DeliverableKind.IMAGE, DeliverableKind.PDF):
            raise Invalid(f"A {deliverable.kind} has lines and no regions.", field="region")
    region = anchor.region
    if region is not None and (
        anchor.deliverable_id is None or region["x"] + region["width"] > 1 or region["y"] + region["height"] > 1
    ):
        raise Invalid("A region is of a version of an image or a PDF, and lies within it.", field="region")
    if anchor.line_from is not None and (anchor.deliverable_id is None or (anchor.line_to or 2**31) < anchor.line_from):
        raise Invalid("Lines are of a version, and line_to comes at or after line_from.", field="line_from")
    if anchor.run_id is not None:
        run = await run_actions.get(tx, task.workspace_id, anchor.run_id)
        if run.task_id != task.id:
            raise Invalid("That run worked on another task.", field="run_id")


async def _turns(tx: Transaction, task: Task) -> int:
    """How many comments of agents to agents came since a person commented or the task got on; the limit at the most."""
    newest = (await deliverable_store.newest_of_tasks(tx, task.workspace_id, [task.id])).get(task.id)
    since = max(task.state_since, newest.created_at) if newest is not None else task.state_since
    turns = 0
    for comment in await store.latest(tx, task.workspace_id, task.id, 4 * LOOP_LIMIT):
        if not comment.by_agent or comment.created_at < since:
            break
        turns += comment.to_agents
    return turns

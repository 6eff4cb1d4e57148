"""What a peer's message does: new work becomes a task, an answer closes a question, anything else is a comment."""

from quarterdeck.access.actors import Actor
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.comments import actions as comments
from quarterdeck.control.comments.model import BODY_LENGTH, Anchor
from quarterdeck.control.peers import store
from quarterdeck.control.peers.model import TERMINAL, PeerMessage, peer_state
from quarterdeck.control.questions import actions as questions
from quarterdeck.control.questions import store as question_store
from quarterdeck.control.questions.model import Question, QuestionState
from quarterdeck.control.tasks import actions as tasks
from quarterdeck.control.tasks import creating
from quarterdeck.control.tasks.model import BRIEF_LENGTH, TITLE_LENGTH, NewTask, Task, TaskState
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Invalid
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_line, a_text

ID_LENGTH = 200
UNTITLED = "Work from a peer"


async def receive(tx: Transaction, actor: Actor, said: PeerMessage, *, agent_id: str | None) -> Task:
    """The task that the message made or continued; the same message again changes nothing.

    `agent_id` is whom it is addressed to; None: any agent. Raises NotFound; Invalid; Changed `task_closed` when the
    task it continues is over, `still_running` when the same message came twice at once.
    """
    message_id = a_line(said.message_id, "messageId", ID_LENGTH)
    known = await store.task_of_message(tx, actor.workspace_id, actor.id, message_id)
    if known is not None:
        return await tasks.get(tx, actor.workspace_id, known)
    if not said.text.strip():
        raise Invalid("A message says something: give it a text, data or url part.", field="parts")
    context_id = None if said.context_id is None else a_line(said.context_id, "contextId", ID_LENGTH)
    if said.task_id is None:
        task = await _begin(tx, actor, said.text, agent_id)
    else:
        task = await tasks.locked(tx, actor.workspace_id, said.task_id)
        await _continue(tx, actor, task, said.text)
        had = (await store.contexts(tx, actor.workspace_id, [task.id])).get(task.id, task.id)
        if context_id not in (None, had):
            raise Invalid("That task belongs to another context.", field="contextId")
        context_id = had
    context_id = context_id or new_id("ctx")
    if not await store.insert(tx, actor.workspace_id, actor.id, message_id, context_id=context_id, task_id=task.id):
        raise Changed("This message is being taken just now; send it again.", code="still_running", retry_after_s=1)
    return task


async def open_question(tx: Transaction, task: Task) -> Question | None:
    """What the task waits to be told: the newest question that nobody has answered."""
    asked = await question_store.of_task(tx, task.workspace_id, task.id)
    return next((one for one in asked if one.state is QuestionState.OPEN), None)


async def _begin(tx: Transaction, actor: Actor, text: str, agent_id: str | None) -> Task:
    brief = a_text(text.strip(), "message", BRIEF_LENGTH)
    first = " ".join(brief.partition("\n")[0].split()).lstrip("# ")
    title = first[:TITLE_LENGTH].strip() or UNTITLED
    new = NewTask(title, brief, state=TaskState.READY, agent_id=agent_id)
    return await creating.create(tx, actor.workspace_id, new, actor=actor)


async def _continue(tx: Transaction, actor: Actor, task: Task, text: str) -> None:
    question = await open_question(tx, task)
    if peer_state(task, asked=question is not None) in TERMINAL:
        raise Changed(f"{task.ref} is over; send a message without taskId to begin a new one.", code="task_closed")
    if question is not None:
        await questions.answer(tx, task.workspace_id, question.id, text, actor=actor.id)
        return
    name = None
    if task.agent_id is not None:
        name = (await agent_store.named(tx, task.workspace_id, [task.agent_id])).get(task.agent_id)
    body = text if name is None or f"@{name}" in text else f"@{name} {text}"
    await comments.write(tx, actor, task.id, body[:BODY_LENGTH], Anchor())

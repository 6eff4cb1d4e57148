"""Verbs on questions, and the job that lets their deadlines answer."""

from dataclasses import replace

from quarterdeck.access.actors import Actor
from quarterdeck.control.inbox import store as inbox
from quarterdeck.control.questions import store
from quarterdeck.control.questions.model import (
    ANSWER_LENGTH,
    MAX_DEADLINE_S,
    MAX_OPTIONS,
    OPTION_LENGTH,
    TEXT_LENGTH,
    NewQuestion,
    Question,
    QuestionState,
)
from quarterdeck.control.runs import actions as run_actions
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.errors import Changed, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_line, a_text

BATCH = 200


async def ask(tx: Transaction, actor: Actor, run_id: str, new: NewQuestion, *, fence: int | None = None) -> Question:
    """Put a question to the member who answers for the run's task; renews the lease. Tells `question.asked`.

    Raises NotFound; Forbidden for the run of another; Invalid; Changed `lease_lost`.
    """
    run = await run_actions.own(tx, actor, run_id)
    task = await task_actions.locked(tx, actor.workspace_id, run.task_id)
    await run_actions.sign_of_life(tx, actor, run_id, fence)
    text = a_text(new.text.strip(), "text", TEXT_LENGTH)
    if not text:
        raise Invalid("A question asks something.", field="text")
    if len(new.options) > MAX_OPTIONS or (not new.options and not new.free_text):
        raise Invalid(f"A question has 1 to {MAX_OPTIONS} options, or takes free text.", field="options")
    options = tuple(dict.fromkeys(a_line(option, "options", OPTION_LENGTH) for option in new.options))
    if new.deadline_s is not None and not 1 <= new.deadline_s <= MAX_DEADLINE_S:
        raise Invalid(f"deadline_s must be 1 to {MAX_DEADLINE_S}.", field="deadline_s")
    question = Question(
        id=new_id("qst"),
        workspace_id=run.workspace_id,
        task_id=run.task_id,
        run_id=run.id,
        agent_id=run.agent_id,
        text=text,
        options=options,
        free_text=new.free_text or not options,
        default_answer=None,
        deadline_at=None if new.deadline_s is None else tx.now + new.deadline_s * SECOND,
        state=QuestionState.OPEN,
        answer=None,
        answered_by=None,
        answered_at=None,
        created_at=tx.now,
    )
    default = None if new.default_answer is None else _fitting(question, new.default_answer, "default_answer")
    question = replace(question, default_answer=default)
    await store.insert(tx, question)
    await _tell(tx, "question.asked", question, actor.id, accountable_id=task.accountable_id)
    return question


async def answer(tx: Transaction, workspace_id: str, question_id: str, text: str, *, actor: str) -> Question:
    """A member answers; it comes to the agent's inbox. Tells `question.answered`. The same answer again is no change.

    Raises NotFound; Invalid for none of the options; Changed `question_closed` when it was answered otherwise.
    """
    question = await get(tx, workspace_id, question_id)
    said = _fitting(question, text, "answer")
    closed = await store.close(tx, question, QuestionState.ANSWERED, said, actor)
    if closed is None:
        question = await get(tx, workspace_id, question_id)
        if (question.state, question.answer, question.answered_by) == (QuestionState.ANSWERED, said, actor):
            return question
        raise Changed(f"This question is {question.state} already.", code="question_closed", answer=question.answer)
    await _deliver(tx, closed, actor)
    return closed


async def apply_deadlines(db: Database) -> int:
    """Let every deadline that has passed answer its question. Returns how many; safe in any number of processes."""
    async with db.read() as tx:
        due = await store.overdue(tx, BATCH)
    closed = 0
    for question in due:
        to = QuestionState.EXPIRED if question.default_answer is None else QuestionState.DEFAULTED
        async with db.transaction() as tx:
            done = await store.close(tx, question, to, question.default_answer, None)
            if done is not None:
                await _deliver(tx, done, None)
                closed += 1
    return closed


async def get(tx: Transaction, workspace_id: str, question_id: str) -> Question:
    """Raises NotFound."""
    found = await store.find(tx, workspace_id, question_id)
    if found is None:
        raise NotFound("There is no such question in this workspace.")
    return found


def _fitting(question: Question, text: str, field: str) -> str:
    said = a_text(text.strip(), field, ANSWER_LENGTH)
    if not said:
        raise Invalid("An answer says something.", field=field)
    if not question.free_text and said not in question.options:
        raise Invalid(f"The answer is one of: {', '.join(question.options)}.", field=field)
    return said


async def _deliver(tx: Transaction, question: Question, actor: str | None) -> None:
    body = question.answer or "Nobody answered in time, and there was no default."
    to = question.agent_id
    await inbox.put(
        tx,
        question.workspace_id,
        to,
        inbox.InboxKind.ANSWER,
        question.id,
        body,
        task_id=question.task_id,
        sender_id=actor,
    )
    await _tell(tx, f"question.{question.state}", question, actor)


async def _tell(tx: Transaction, kind: str, question: Question, actor: str | None, **more: str) -> None:
    data = {"task_id": question.task_id, "run_id": question.run_id, "agent_id": question.agent_id, **more}
    await tx.emit(Event(question.workspace_id, kind, question.id, data, actor))

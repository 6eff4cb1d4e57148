"""Questions: agents ask, people answer."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from quarterdeck.access.actors import Actor, Permission
from quarterdeck.control.http import AgentCaller, Db, Reader, may
from quarterdeck.control.questions import actions, store
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
from quarterdeck.control.runs.api import Fence
from quarterdeck.control.shapes import Instant, RequestBody, shown
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.kernel.clock import iso

router = APIRouter(tags=["questions"])
agent_router = APIRouter(tags=["agent protocol"])
Answerer = Annotated[Actor, Depends(may(Permission.REVIEW))]


class QuestionIn(RequestBody):
    text: str = Field(min_length=1, max_length=TEXT_LENGTH, description="Markdown.")
    options: list[Annotated[str, Field(min_length=1, max_length=OPTION_LENGTH)]] = Field([], max_length=MAX_OPTIONS)
    free_text: bool = Field(True, description="Whether an answer may be none of the options.")
    default_answer: str | None = Field(None, max_length=ANSWER_LENGTH, description="Holds when the deadline passes.")
    deadline_s: int | None = Field(None, ge=1, le=MAX_DEADLINE_S)
    fence: Fence = None


class AnswerIn(RequestBody):
    answer: str = Field(min_length=1, max_length=ANSWER_LENGTH)


class QuestionOut(BaseModel):
    id: str
    task_id: str
    run_id: str
    agent_id: str
    text: str
    options: list[str]
    free_text: bool
    default_answer: str | None
    deadline_at: Instant | None
    state: QuestionState
    answer: str | None
    answered_by: str | None
    answered_at: Instant | None
    created_at: Instant


class QuestionsOut(BaseModel):
    items: list[QuestionOut]


@agent_router.post("/runs/{run_id}/questions", status_code=201, operation_id="ask_question")
async def ask_question(run_id: str, body: QuestionIn, actor: AgentCaller, db: Db) -> QuestionOut:
    """Ask the person who answers for your task. The answer comes to your inbox."""
    new = NewQuestion(body.text, tuple(body.options), body.free_text, body.default_answer, body.deadline_s)
    async with db.transaction() as tx:
        return shown_question(await actions.ask(tx, actor, run_id, new, fence=body.fence))


@router.post("/questions/{question_id}/answer", operation_id="answer_question")
async def answer_question(question_id: str, body: AnswerIn, actor: Answerer, db: Db) -> QuestionOut:
    """Answer an agent's question."""
    async with db.transaction() as tx:
        return shown_question(await actions.answer(tx, actor.workspace_id, question_id, body.answer, actor=actor.id))


@router.get("/tasks/{task_id}/questions", operation_id="list_questions")
async def list_questions(task_id: str, actor: Reader, db: Db) -> QuestionsOut:
    """What was asked about a task, newest first."""
    async with db.read() as tx:
        task = await task_actions.get(tx, actor.workspace_id, task_id)
        found = await store.of_task(tx, actor.workspace_id, task.id)
    return QuestionsOut(items=[shown_question(one) for one in found])


def shown_question(question: Question) -> QuestionOut:
    return QuestionOut(
        id=question.id,
        task_id=question.task_id,
        run_id=question.run_id,
        agent_id=question.agent_id,
        text=question.text,
        options=list(question.options),
        free_text=question.free_text,
        default_answer=question.default_answer,
        deadline_at=shown(question.deadline_at),
        state=question.state,
        answer=question.answer,
        answered_by=question.answered_by,
        answered_at=shown(question.answered_at),
        created_at=iso(question.created_at),
    )

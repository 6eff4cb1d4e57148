"""Waiting for the answer to a question, by whoever asked it."""

from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.control.questions import store
from quarterdeck.control.questions.model import Question, QuestionState
from quarterdeck.control.waiting import until_settled
from quarterdeck.db import Database, Transaction
from quarterdeck.db.outbox import EventFeed
from quarterdeck.kernel.errors import NotFound


async def own_question(tx: Transaction, actor: Actor, question_id: str) -> Question:
    """Raises NotFound for a question that another agent, or another run than the key's, asked."""
    found = await store.find(tx, actor.workspace_id, question_id)
    if found is None or found.agent_id != actor.id or (actor.kind is ActorKind.RUN and found.run_id != actor.run_id):
        raise NotFound("You asked no such question.")
    return found


async def wait_for_answer(db: Database, feed: EventFeed, actor: Actor, question_id: str, wait_s: float) -> Question:
    """The question as it stands once it is closed, or when `wait_s` seconds are over. Raises NotFound."""

    async def look() -> Question:
        async with db.read() as tx:
            return await own_question(tx, actor, question_id)

    def closed(found: Question) -> bool:
        return found.state is not QuestionState.OPEN

    return await until_settled(feed, actor.workspace_id, question_id, look, closed, wait_s)

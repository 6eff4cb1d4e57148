"""Waiting for the answer to a question, by whoever asked it."""

import asyncio

from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.control.questions import store
from quarterdeck.control.questions.model import Question, QuestionState
from quarterdeck.db import Database, Transaction
from quarterdeck.db.outbox import EventFeed
from quarterdeck.kernel.errors import NotFound

MAX_WAIT_S = 60


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

    found = await look()
    if wait_s <= 0 or found.state is not QuestionState.OPEN:
        return found
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    async with feed.subscribe(actor.workspace_id) as subscription:
        found = await look()
        while found.state is QuestionState.OPEN and not subscription.over and loop.time() < deadline:
            happened = await subscription.next(deadline - loop.time())
            if any(event.subject_id == question_id for event in happened):
                found = await look()
    return found

"""/feedback: how good an answer was."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from quarterdeck.control.http import Db, Rater
from quarterdeck.control.portkey import store
from quarterdeck.control.portkey.store import Feedback
from quarterdeck.kernel.errors import NotFound
from quarterdeck.kernel.ids import new_id

router = APIRouter(tags=["portkey"])
MOST_AT_ONCE = 100
Value = Annotated[int, Field(ge=-10, le=10)]
Weight = Annotated[float, Field(ge=0, le=1)]


class FeedbackIn(BaseModel):
    trace_id: Annotated[str, Field(min_length=1, max_length=256, description="A trace's id, or a call's.")]
    value: Value
    weight: Weight = 1.0
    metadata: dict[str, Any] = {}


class FeedbackChange(BaseModel):
    value: Value | None = None
    weight: Weight | None = None
    metadata: dict[str, Any] | None = None


class FeedbackGiven(BaseModel):
    """As Portkey answers."""

    status: str = "success"
    message: str
    feedback_ids: list[str]


@router.post("/feedback", operation_id="portkey_give_feedback")
async def give_feedback(actor: Rater, db: Db, given: Annotated[FeedbackIn | list[FeedbackIn], Body()]) -> FeedbackGiven:
    """Rate an answer, or several, from −10 to 10. It is shown on the calls of the trace."""
    several = given[:MOST_AT_ONCE] if isinstance(given, list) else [given]
    async with db.transaction() as tx:
        rows = [
            Feedback(new_id("fb"), one.trace_id, one.value, one.weight, one.metadata, actor.id, tx.now, tx.now)
            for one in several
        ]
        if rows:
            await store.insert(tx, actor.workspace_id, rows)
    return FeedbackGiven(message="Feedback successfully saved", feedback_ids=[row.id for row in rows])


@router.put("/feedback/{feedback_id}", operation_id="portkey_change_feedback")
async def change_feedback(feedback_id: str, change: FeedbackChange, actor: Rater, db: Db) -> FeedbackGiven:
    """Change what you said before."""
    values = change.model_dump(exclude_none=True)
    async with db.transaction() as tx:
        if not await store.change(tx, actor.workspace_id, feedback_id, values, actor.id):
            raise NotFound(f"You gave no feedback {feedback_id!r}.")
    return FeedbackGiven(message="Feedback successfully updated", feedback_ids=[feedback_id])

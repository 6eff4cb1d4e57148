"""How a review looks from outside."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from quarterdeck.control.agents import people
from quarterdeck.control.agents import store as agents
from quarterdeck.control.reviews import store
from quarterdeck.control.reviews.model import Review, Verdict, message
from quarterdeck.control.shapes import Instant, Named
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso


class RemarkOut(BaseModel):
    text: str
    line_from: int | None
    line_to: int | None
    quote: str | None


class ReviewOut(BaseModel):
    id: str
    task_id: str
    deliverable_id: str | None
    version: int | None
    reviewer: Named
    by_agent: bool
    verdict: Verdict
    body: str
    comments: list[RemarkOut]
    message: str
    """Body and comments as one text."""
    cost_nano: int | None = None
    """What this review cost, where an agent gave it: all calls of its review task; null where it is not looked up."""
    created_at: Instant


def shown_reviews(
    reviews: Sequence[Review], names: Mapping[str, str], costs: Mapping[str, int] | None = None
) -> list[ReviewOut]:
    """`costs` are told by review."""
    return [
        ReviewOut(
            id=one.id,
            task_id=one.task_id,
            deliverable_id=one.deliverable_id,
            version=one.version,
            reviewer=Named(id=one.reviewer_id, name=names.get(one.reviewer_id, "")),
            by_agent=one.reviewer_id.startswith("agt_"),
            verdict=one.verdict,
            body=one.body,
            comments=[
                RemarkOut(text=r.text, line_from=r.line_from, line_to=r.line_to, quote=r.quote) for r in one.remarks
            ],
            message=message(one.body, one.remarks),
            cost_nano=None if costs is None else costs.get(one.id),
            created_at=iso(one.created_at),
        )
        for one in reviews
    ]


async def last_review(tx: Transaction, workspace_id: str, task_id: str) -> ReviewOut | None:
    """The newest review that asked for changes, for the worker that goes on."""
    found = await store.last_sent_back(tx, workspace_id, task_id)
    if found is None:
        return None
    return shown_reviews([found], await names_of(tx, workspace_id, [found]))[0]


async def names_of(tx: Transaction, workspace_id: str, found: Sequence[Review]) -> dict[str, str]:
    """Names of members and agents that reviewed."""
    ids = {one.reviewer_id for one in found}
    return {**await people.named(tx, workspace_id, ids), **await agents.named(tx, workspace_id, ids)}

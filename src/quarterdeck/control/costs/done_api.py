"""/costs/done: what was finished since an instant, and what it cost all told."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from quarterdeck.control.costs import work_store
from quarterdeck.control.http import Db, Reader
from quarterdeck.control.shapes import instant_in
from quarterdeck.kernel.clock import DAY, floor_to

router = APIRouter(tags=["costs"])


class TasksDoneOut(BaseModel):
    """Tasks that came to done. `cost_nano` is all that they cost, also before."""

    tasks: int
    cost_nano: int
    unpriced_calls: int
    cost_each_nano: int | None
    """null: none was done."""


@router.get("/costs/done", operation_id="get_done")
async def get_done(
    actor: Reader,
    db: Db,
    begin: Annotated[str | None, Query(alias="from", description="An instant; midnight UTC when absent.")] = None,
) -> TasksDoneOut:
    """How many tasks are done since then, and what one of them cost."""
    async with db.read() as tx:
        since = floor_to(tx.now, DAY) if begin is None else instant_in(begin, "from")
        count, cost, unpriced = await work_store.done_since(tx, actor.workspace_id, since)
    return TasksDoneOut(
        tasks=count, cost_nano=cost, unpriced_calls=unpriced, cost_each_nano=cost // count if count else None
    )

"""/costs/done: what was finished since an instant, and what it cost all told."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import BaseModel

from quarterdeck.control.http import Db, Reader
from quarterdeck.control.shapes import instant_in
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.kernel.clock import DAY, floor_to
from quarterdeck.ledger.rollups import Grain
from quarterdeck.ledger.tables import rollups

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
        done = sa.and_(
            tasks.c.workspace_id == actor.workspace_id, tasks.c.state == "done", tasks.c.state_since >= since
        )
        count = int((await tx.execute(sa.select(sa.func.count()).where(done))).scalar_one())
        spent = sa.and_(
            rollups.c.workspace_id == tasks.c.workspace_id,
            rollups.c.grain == int(Grain.DAY),
            rollups.c.dim == "task",
            rollups.c.value == tasks.c.id,
        )
        sums = (sa.func.coalesce(sa.func.sum(column), 0) for column in (rollups.c.cost, rollups.c.unpriced_calls))
        row = (await tx.execute(sa.select(*sums).select_from(tasks.join(rollups, spent)).where(done))).one()
    cost, unpriced = int(row[0]), int(row[1])
    return TasksDoneOut(
        tasks=count, cost_nano=cost, unpriced_calls=unpriced, cost_each_nano=cost // count if count else None
    )

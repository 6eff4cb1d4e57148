"""How far whoever follows the outbox has read it, by name."""

import sqlalchemy as sa

from quarterdeck.db.engine import Transaction
from quarterdeck.db.prepared import Prepared
from quarterdeck.db.schema import cursors

_SEQ = Prepared(sa.select(cursors.c.seq).where(cursors.c.name == sa.bindparam("name")))


async def read(tx: Transaction, name: str) -> int | None:
    """The number of the last event that was seen; None before the first."""
    rows = await tx.fetch(_SEQ, name=name)
    return int(rows[0][0]) if rows else None


async def begin(tx: Transaction, name: str, seq: int) -> None:
    """Begin after that event; nothing if somebody has begun already."""
    statement = sa.text("INSERT INTO notification_cursors (name, seq) VALUES (:name, :seq) ON CONFLICT DO NOTHING")
    await tx.execute(statement, {"name": name, "seq": seq})


async def advance(tx: Transaction, name: str, frm: int, to: int) -> bool:
    """Whether the events between were ours to handle: of any number of processes, one gets them."""
    return await tx.changed(cursors.update().where(cursors.c.name == name, cursors.c.seq == frm).values(seq=to))


async def reach(tx: Transaction, name: str, seq: int) -> bool:
    """Whether that event was ours to handle: nobody has gone as far yet."""
    return await tx.changed(cursors.update().where(cursors.c.name == name, cursors.c.seq < seq).values(seq=seq))

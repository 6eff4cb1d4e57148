"""One process watches at a time; another takes over when it falls silent."""

import sqlalchemy as sa

from quarterdeck.control.signals.tables import loop_leases
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import SECOND

LASTS = 15 * SECOND


async def until(tx: Transaction, name: str) -> int | None:
    """Until when whoever took it last holds it; None: nobody ever took it."""
    found: int | None = await tx.scalar(sa.select(loop_leases.c.until).where(loop_leases.c.name == name))
    return found


async def take(tx: Transaction, name: str, holder: str, *, lasts: int = LASTS) -> bool:
    """Take the lease or renew it; False while another holds it.

    One that lasts longer than any could be taken for was taken by a clock that has been set back since: it is over.
    """
    over = sa.or_(loop_leases.c.until <= tx.now, loop_leases.c.until > tx.now + 2 * lasts)
    renewed = await tx.changed(
        loop_leases.update()
        .where(loop_leases.c.name == name)
        .where(sa.or_(loop_leases.c.holder == holder, over))
        .values(holder=holder, until=tx.now + lasts)
    )
    if renewed:
        return True
    first = sa.text(
        "INSERT INTO signal_leases (name, holder, until) VALUES (:name, :holder, :until) ON CONFLICT DO NOTHING"
    )
    return await tx.changed(first.bindparams(name=name, holder=holder, until=tx.now + lasts))

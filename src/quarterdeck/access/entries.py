"""Keys as gateways hold them."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from quarterdeck.access.keyring import ACTIVE
from quarterdeck.access.snapshot import KeyEntry
from quarterdeck.access.tables import keys
from quarterdeck.db import Prepared, Transaction, one_of
from quarterdeck.kernel.clock import DAY

REMEMBERED = DAY
"""How long a key that is over still gets the refusal that fits; after it, it is unknown."""

_COLUMNS = (
    keys.c.hash,
    keys.c.id,
    keys.c.workspace_id,
    keys.c.kind,
    keys.c.agent_id,
    keys.c.run_id,
    keys.c.task_id,
    keys.c.expires_at,
    keys.c.state,
    keys.c.models,
    keys.c.route,
    keys.c.body_mode,
    keys.c.tags,
)
_OF_RUNS = Prepared(sa.select(*_COLUMNS, keys.c.ended_at).where(one_of(keys.c.run_id, "ids")))


async def key_entries(tx: Transaction) -> dict[bytes, KeyEntry]:
    """Every key that works, and those that stopped working within the last day, by the hash of their text."""
    since = tx.now - REMEMBERED
    alive = sa.and_(keys.c.state == ACTIVE, sa.or_(keys.c.expires_at.is_(None), keys.c.expires_at > since))
    over = sa.and_(keys.c.state != ACTIVE, keys.c.ended_at > since)
    result = await tx.execute(sa.select(*_COLUMNS).where(sa.or_(alive, over)))
    return {row[0]: KeyEntry(*row[1:]) for row in result.all()}


async def key_entries_of_runs(tx: Transaction, run_ids: Collection[str]) -> dict[bytes, KeyEntry | None]:
    """The keys of these runs by the hash of their text; None for one that :func:`key_entries` would not hold."""
    rows = await tx.fetch(_OF_RUNS, ids=sorted(run_ids))
    return {row[0]: _entry(row[1:], tx.now) for row in rows}


async def key_entry(tx: Transaction, key_hash: bytes) -> KeyEntry | None:
    """The one key with that hash, if :func:`key_entries` would hold it."""
    result = await tx.execute(sa.select(*_COLUMNS, keys.c.ended_at).where(keys.c.hash == key_hash))
    row = result.one_or_none()
    return None if row is None else _entry(row[1:], tx.now)


def _entry(row: Sequence[Any], now: int) -> KeyEntry | None:
    entry, ended_at = KeyEntry(*row[:-1]), row[-1]
    over_since = entry.expires_at if entry.state == ACTIVE else ended_at
    return None if over_since is not None and over_since <= now - REMEMBERED else entry

"""Sealing every stored secret anew, after another key has become the first."""

from dataclasses import dataclass, field

import sqlalchemy as sa

from quarterdeck.access.vault import Vault, VaultError
from quarterdeck.db import Database, metadata

SEALED: dict[str, tuple[str, tuple[str, ...]]] = {
    "credentials": ("sealed", ("id",)),
    "channels": ("sealed", ("id",)),
    "schedules": ("sealed_secret", ("id",)),
    "replays": ("sealed_key", ("id",)),
    "push_keys": ("sealed", ("workspace_id",)),
    "peer_pushes": ("sealed", ("workspace_id", "task_id", "sender_id", "id")),
}
"""By table: the column of the secret, and what of the row it is bound to (`TABLE/VALUE/…`)."""


@dataclass(slots=True)
class Resealed:
    done: int = 0
    """Secrets sealed anew."""
    current: int = 0
    """Those that the first key had sealed already."""
    problems: list[str] = field(default_factory=list)
    """Why others cannot be opened."""


async def reseal(db: Database, vault: Vault) -> Resealed:
    """Seal with the first key what older ones sealed. What is changed meanwhile is sealed by whoever changes it."""
    found = Resealed()
    for name, (column_name, bound_to) in SEALED.items():
        table = metadata.tables[name]
        column, keys = table.c[column_name], list(table.primary_key.columns)
        async with db.read() as tx:
            rows = await tx.rows(sa.select(column, *keys).where(column.is_not(None)))
        for row in rows:
            if vault.is_current(row[column_name]):
                found.current += 1
                continue
            bound = "/".join([name, *(row[each] for each in bound_to)])
            try:
                fresh = vault.seal(vault.unseal(row[column_name], bound), bound)
            except VaultError as error:
                found.problems.append(error.message)
                continue
            same = [column == row[column_name], *(key == row[key.name] for key in keys)]
            async with db.transaction() as tx:
                found.done += await tx.changed(table.update().where(*same).values({column_name: fresh}))
    return found

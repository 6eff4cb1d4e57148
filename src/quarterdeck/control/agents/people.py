"""Members as the work names them: owners and accountable people."""

from collections.abc import Collection

import sqlalchemy as sa

from quarterdeck.access.actors import Role
from quarterdeck.access.tables import members
from quarterdeck.db import Prepared, Transaction, one_of
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.text import storable

_NAMES = Prepared(
    sa.select(members.c.id, members.c.name).where(
        members.c.workspace_id == sa.bindparam("workspace_id"), one_of(members.c.id, "ids")
    )
)


async def named(tx: Transaction, workspace_id: str, member_ids: Collection[str]) -> dict[str, str]:
    """Names by id, for a page of rows that mention members: also of those who were removed."""
    if not member_ids:
        return {}
    rows = await tx.fetch(_NAMES, workspace_id=workspace_id, ids=sorted(set(member_ids)))
    return {row[0]: row[1] for row in rows}


async def must_exist(tx: Transaction, workspace_id: str, member_id: str, what: str) -> None:
    """Raises Invalid, naming the field `what`, when the workspace has no such member."""
    row = None
    if storable(member_id):
        row = await tx.row(
            sa.select(members.c.id).where(
                members.c.workspace_id == workspace_id, members.c.id == member_id, members.c.removed_at.is_(None)
            )
        )
    if row is None:
        raise Invalid(f"{what} names no member of this workspace.", field=what)


async def role_of(tx: Transaction, workspace_id: str, member_id: str) -> Role | None:
    """The role of a member; None of anybody else."""
    found = await tx.scalar(
        sa.select(members.c.role).where(
            members.c.workspace_id == workspace_id, members.c.id == member_id, members.c.removed_at.is_(None)
        )
    )
    return None if found is None else Role(found)

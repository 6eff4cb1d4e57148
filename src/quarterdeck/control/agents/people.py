"""Members as the work names them: owners and accountable people."""

import sqlalchemy as sa

from quarterdeck.access.actors import Role
from quarterdeck.access.tables import members
from quarterdeck.db import Transaction
from quarterdeck.db import named as named_rows
from quarterdeck.kernel.errors import names_nothing
from quarterdeck.kernel.text import storable

named = named_rows.names_of(members)
"""Also of those who were removed."""


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
        raise names_nothing(what, "member")


async def role_of(tx: Transaction, workspace_id: str, member_id: str) -> Role | None:
    """The role of a member; None of anybody else."""
    found = await tx.scalar(
        sa.select(members.c.role).where(
            members.c.workspace_id == workspace_id, members.c.id == member_id, members.c.removed_at.is_(None)
        )
    )
    return None if found is None else Role(found)

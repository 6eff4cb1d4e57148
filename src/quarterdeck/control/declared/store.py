"""All SQL of declaring: which rows of other slices the file declared."""

import sqlalchemy as sa

from quarterdeck.access import keyring
from quarterdeck.access import members as people
from quarterdeck.access.keyring import Key
from quarterdeck.access.members import Member
from quarterdeck.access.tables import keys, members
from quarterdeck.control.agents.store import agents
from quarterdeck.db import Transaction


async def members_of(tx: Transaction, workspace_id: str) -> list[Member]:
    """Members that the file declared."""
    rows = await tx.rows(sa.select(members).where(members.c.workspace_id == workspace_id, members.c.declared.is_(True)))
    return [people.member_of(row) for row in rows]


async def agents_of(tx: Transaction, workspace_id: str) -> list[str]:
    """Ids of the agents that the file declared."""
    rows = await tx.rows(
        sa.select(agents.c.id).where(agents.c.workspace_id == workspace_id, agents.c.declared.is_(True))
    )
    return [row["id"] for row in rows]


async def keys_of(tx: Transaction, workspace_id: str, agent_id: str) -> list[Key]:
    """The agent's active keys that the file brought."""
    rows = await tx.rows(
        sa.select(keys).where(
            keys.c.workspace_id == workspace_id,
            keys.c.agent_id == agent_id,
            keys.c.declared.is_(True),
            keys.c.state == keyring.ACTIVE,
        )
    )
    return [keyring.key_of(row) for row in rows]


async def had_key(tx: Transaction, workspace_id: str, agent_id: str) -> bool:
    """Whether the agent ever had a key that people look after."""
    query = sa.select(keys.c.id).where(
        keys.c.workspace_id == workspace_id,
        keys.c.agent_id == agent_id,
        keys.c.run_id.is_(None),
        keys.c.declared.is_(False),
    )
    return (await tx.execute(query.limit(1))).first() is not None

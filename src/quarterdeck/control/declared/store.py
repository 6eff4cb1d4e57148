"""All SQL of declaring: saved routes, which only the file makes so far, and which rows of other slices it declared."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from quarterdeck.access import keyring
from quarterdeck.access import members as people
from quarterdeck.access.keyring import Key
from quarterdeck.access.members import Member
from quarterdeck.access.tables import keys, members
from quarterdeck.control.agents.store import agents
from quarterdeck.db import Transaction, metadata

routes = sa.Table(
    "routes",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("config", sa.JSON, nullable=False),
    sa.Column("declared", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "name"),
)


async def routes_of(tx: Transaction, workspace_id: str) -> dict[str, dict[str, Any]]:
    """Declared routes by name."""
    rows = await tx.rows(sa.select(routes).where(routes.c.workspace_id == workspace_id, routes.c.declared.is_(True)))
    return {row["name"]: row["config"] for row in rows}


async def put_route(tx: Transaction, workspace_id: str, name: str, config: Mapping[str, Any]) -> None:
    """Write the route, new or not."""
    where = sa.and_(routes.c.workspace_id == workspace_id, routes.c.name == name)
    if not await tx.changed(
        routes.update().where(where).values(config=config, declared=True, version=routes.c.version + 1)
    ):
        await tx.execute(
            routes.insert().values(
                workspace_id=workspace_id, name=name, config=config, declared=True, created_at=tx.now, version=1
            )
        )


async def drop_route(tx: Transaction, workspace_id: str, name: str) -> None:
    await tx.execute(routes.delete().where(routes.c.workspace_id == workspace_id, routes.c.name == name))


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

"""All SQL of what only the file declares so far: saved routes."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

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

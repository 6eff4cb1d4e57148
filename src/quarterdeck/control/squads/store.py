"""What others ask about squads: their names, and who belongs to them."""

import sqlalchemy as sa

from quarterdeck.control.agents.tables import squad_agents, squads
from quarterdeck.db import Transaction
from quarterdeck.db import named as named_rows
from quarterdeck.kernel.errors import names_nothing
from quarterdeck.kernel.text import comparable, storable

named = named_rows.names_of(squads)


async def by_name(tx: Transaction, workspace_id: str, name: str) -> str | None:
    """The id of the squad of that name, however it is written."""
    found: str | None = await tx.scalar(
        sa.select(squads.c.id).where(squads.c.workspace_id == workspace_id, squads.c.name_key == comparable(name))
    )
    return found


async def must_exist(tx: Transaction, workspace_id: str, squad_id: str) -> None:
    """It is there, and is not removed before the transaction ends. Raises Invalid."""
    there = squads.c.workspace_id == workspace_id, squads.c.id == squad_id
    query = sa.select(squads.c.id).where(*there).with_for_update(key_share=True, read=True)
    if not storable(squad_id) or await tx.scalar(query) is None:
        raise names_nothing("squad_id", "squad")


async def has_agent(tx: Transaction, workspace_id: str, squad_id: str, agent_id: str) -> bool:
    """Whether the agent belongs to it."""
    query = sa.select(squad_agents.c.agent_id).where(
        squad_agents.c.workspace_id == workspace_id,
        squad_agents.c.squad_id == squad_id,
        squad_agents.c.agent_id == agent_id,
    )
    return await tx.scalar(query) is not None


def of_agent(workspace_id: sa.ColumnElement[str] | str, agent_id: sa.ColumnElement[str] | str) -> sa.Select[tuple[str]]:
    """The ids of the squads that the agent belongs to, for a statement that asks whether one is among them."""
    return sa.select(squad_agents.c.squad_id).where(
        squad_agents.c.workspace_id == workspace_id, squad_agents.c.agent_id == agent_id
    )

"""All SQL of the registry of agents."""

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.agents.model import Agent, Desired
from quarterdeck.control.agents.tables import squad_agents
from quarterdeck.db import Prepared, Transaction, metadata, one_of
from quarterdeck.db import named as named_rows
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import comparable, storable

agents = sa.Table(
    "agents",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("owner_id", sa.Text, sa.ForeignKey("members.id"), nullable=False),
    sa.Column("desired", sa.Text, nullable=False),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("body_mode", sa.Text),
    sa.Column("route", sa.Text),
    sa.Column("declared", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.UniqueConstraint("workspace_id", "name_key"),
    sa.CheckConstraint("desired IN ('enabled', 'paused', 'retired')", name="desired"),
    sa.CheckConstraint("capacity > 0", name="capacity"),
)

_ONE = sa.select(agents).where(agents.c.workspace_id == sa.bindparam("workspace_id"), agents.c.id == sa.bindparam("id"))
_FIND, _LOCK = Prepared(_ONE), Prepared(_ONE.with_for_update(key_share=True))
_CALLED = (
    sa.select(agents.c.id, agents.c.name, agents.c.desired)
    .where(agents.c.workspace_id == sa.bindparam("workspace_id"))
    .order_by(agents.c.name_key)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_BY_NAME = Prepared(_CALLED)
_BY_NAME_PRESENT = Prepared(_CALLED.where(agents.c.desired != Desired.RETIRED.value))
_OF_IDS = Prepared(
    sa.select(agents).where(agents.c.workspace_id == sa.bindparam("workspace_id"), one_of(agents.c.id, "ids"))
)
_PRESENT = Prepared(
    sa.select(agents)
    .where(
        agents.c.workspace_id == sa.bindparam("workspace_id"),
        agents.c.desired != sa.literal_column(f"'{Desired.RETIRED.value}'"),
    )
    .order_by(agents.c.name_key)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_ACTIVE = Prepared(
    sa.select(agents)
    .where(agents.c.desired != sa.literal_column(f"'{Desired.RETIRED.value}'"))
    .order_by(agents.c.id.desc())
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_WHAT = "an agent"


async def insert(tx: Transaction, agent: Agent) -> None:
    """Raises Changed `name_taken`."""
    values: dict[str, Any] = {name: getattr(agent, name) for name in Agent.__slots__}
    values |= {"desired": agent.desired.value, "updated_at": agent.created_at}
    await named_rows.insert(tx, agents, values, _WHAT)


async def update(tx: Transaction, agent: Agent, values: Mapping[str, Any]) -> Agent:
    """Write `values` if the row is still at the version of `agent`. Raises Changed, also `name_taken`."""
    return _agent(await named_rows.update(tx, agents, agent, values, _WHAT))


async def find(tx: Transaction, workspace_id: str, agent_id: str) -> Agent | None:
    if not storable(agent_id):
        return None
    rows = await tx.fetch_named(_FIND, workspace_id=workspace_id, id=agent_id)
    return _agent(rows[0]) if rows else None


async def lock(tx: Transaction, workspace_id: str, agent_id: str) -> Agent | None:
    """The agent, held until the transaction ends: what is counted for it afterwards stays true."""
    rows = await tx.fetch_named(_LOCK, workspace_id=workspace_id, id=agent_id)
    return _agent(rows[0]) if rows else None


async def has_others(tx: Transaction, workspace_id: str, agent_id: str, squad_id: str | None = None) -> bool:
    """Whether the workspace, or one squad of it, has another agent than this one that may work."""
    query = sa.select(agents.c.id).where(
        agents.c.workspace_id == workspace_id, agents.c.id != agent_id, agents.c.desired == Desired.ENABLED.value
    )
    if squad_id is not None:
        belongs = sa.select(squad_agents.c.agent_id).where(
            squad_agents.c.workspace_id == workspace_id, squad_agents.c.squad_id == squad_id
        )
        query = query.where(agents.c.id.in_(belongs))
    return await tx.scalar(query.limit(1)) is not None


async def by_name(tx: Transaction, workspace_id: str, name: str) -> Agent | None:
    """The agent of that name, however it is written."""
    row = await tx.row(
        sa.select(agents).where(agents.c.workspace_id == workspace_id, agents.c.name_key == comparable(name))
    )
    return None if row is None else _agent(row)


named = named_rows.names_of(agents)


async def called(
    tx: Transaction, workspace_id: str, limit: int, *, q: str | None = None, retired: bool = True
) -> list[dict[str, str]]:
    """`id`, `name` and `desired` of agents, by name. `q` is a part of the name; `retired`: those that are, too."""
    part = comparable(q or "")
    if part:
        query = _CALLED.where(agents.c.name_key.contains(part, autoescape=True))
        if not retired:
            query = query.where(agents.c.desired != Desired.RETIRED.value)
        found = await tx.rows(query.params(workspace_id=workspace_id, limit=limit))
        return [dict(row) for row in found]
    rows = await tx.fetch(_BY_NAME if retired else _BY_NAME_PRESENT, workspace_id=workspace_id, limit=limit)
    return [{"id": agent_id, "name": name, "desired": desired} for agent_id, name, desired in rows]


async def count(tx: Transaction, workspace_id: str, *, retired: bool = False) -> int:
    """Those that are not retired; `retired`: those that are."""
    is_retired = agents.c.desired == Desired.RETIRED.value
    of = (agents.c.workspace_id == workspace_id, is_retired if retired else ~is_retired)
    found: int = await tx.scalar(sa.select(sa.func.count()).where(*of))
    return found


async def page(
    tx: Transaction,
    workspace_id: str,
    *,
    q: str | None = None,
    desired: Desired | None = None,
    retired: bool = True,
    limit: int,
    after: str | None = None,
) -> Page[Agent]:
    """By name. `q` is a part of the name or the id; `after` is the id that the page before ended with.

    Without `retired` only those that are not.
    """
    query = sa.select(agents).where(agents.c.workspace_id == workspace_id)
    if q is not None and comparable(q):
        query = query.where(agents.c.name_key.contains(comparable(q), autoescape=True) | (agents.c.id == q))
    if desired is not None:
        query = query.where(agents.c.desired == desired.value)
    if not retired:
        query = query.where(agents.c.desired != Desired.RETIRED.value)
    return await named_rows.page(tx, agents, workspace_id, query, _agent, limit=limit, after=after)


async def of_ids(tx: Transaction, workspace_id: str, agent_ids: Collection[str]) -> list[Agent]:
    """Those of these agents that there are, retired ones too."""
    rows = await tx.fetch_named(_OF_IDS, workspace_id=workspace_id, ids=sorted(agent_ids))
    return [_agent(row) for row in rows]


async def present(tx: Transaction, workspace_id: str, limit: int) -> list[Agent]:
    """Agents of a workspace that are not retired, by name."""
    return [_agent(row) for row in await tx.fetch_named(_PRESENT, workspace_id=workspace_id, limit=limit)]


async def active(tx: Transaction, limit: int = 2_000) -> dict[str, list[Agent]]:
    """Agents that are not retired, by workspace."""
    rows = await tx.fetch_named(_ACTIVE, limit=limit)
    found: dict[str, list[Agent]] = {}
    for row in rows:
        found.setdefault(row["workspace_id"], []).append(_agent(row))
    return found


def _is(workspace_id: str, agent_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(agents.c.workspace_id == workspace_id, agents.c.id == agent_id)


def _agent(row: Mapping[str, Any] | sa.RowMapping) -> Agent:
    return Agent(
        id=row["id"],
        workspace_id=row["workspace_id"],
        name=row["name"],
        description=row["description"],
        owner_id=row["owner_id"],
        desired=Desired(row["desired"]),
        capacity=row["capacity"],
        body_mode=row["body_mode"],
        route=row["route"],
        declared=row["declared"],
        created_at=row["created_at"],
        version=row["version"],
    )

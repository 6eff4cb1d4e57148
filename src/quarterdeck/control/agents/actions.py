"""Verbs on agents: create, change. Pausing, enabling and retiring are changes of the desired state."""

from quarterdeck.control.agents import people, store
from quarterdeck.control.agents.model import MAY_BECOME, Agent, AgentChange, Desired, Source
from quarterdeck.db import Transaction
from quarterdeck.db.named import must_be_at
from quarterdeck.kernel.errors import Changed, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id


async def create(
    tx: Transaction,
    workspace_id: str,
    *,
    name: str,
    owner_id: str,
    description: str = "",
    capacity: int = 1,
    body_mode: str | None = None,
    route: str | None = None,
    declared: bool = False,
    actor: str | None = None,
) -> Agent:
    """Register an agent, enabled, and tell `agent.created`. Its keys are made apart, by `access.keyring`.

    Raises Invalid for a field that cannot be, Changed `name_taken` when the workspace has an agent of that name.
    """
    wanted = AgentChange(name, description, owner_id, Desired.ENABLED, capacity, body_mode).checked()
    await people.must_exist(tx, workspace_id, owner_id, "owner_id")
    agent = Agent(
        id=new_id("agt"),
        workspace_id=workspace_id,
        name=str(wanted["name"]),
        description=str(wanted["description"]),
        owner_id=owner_id,
        desired=Desired.ENABLED,
        capacity=capacity,
        body_mode=body_mode,
        declared=declared,
        created_at=tx.now,
        version=1,
        route=route,
    )
    await store.insert(tx, agent)
    await tx.emit(Event(workspace_id, "agent.created", agent.id, {"name": agent.name}, actor))
    return agent


async def change(
    tx: Transaction,
    workspace_id: str,
    agent_id: str,
    change: AgentChange,
    *,
    version: int | None = None,
    source: Source = Source.MEMBER,
    actor: str | None = None,
) -> Agent:
    """Write what differs and tell `agent.changed`; nothing differs, nothing is written.

    Raises NotFound; Invalid; Changed when `version` is not the row's any more, when the name is taken, when the
    desired state cannot follow the present one, and `declared` when a member changes what the file says (pausing
    and the like stay possible).
    """
    agent = await get(tx, workspace_id, agent_id)
    must_be_at(agent, version)
    differing = {field: value for field, value in change.checked().items() if getattr(agent, field) != value}
    if agent.declared and source is Source.MEMBER and differing.keys() - {"desired"}:
        raise Changed(f"{agent.name} is declared in the configuration file; change it there.", code="declared")
    if "desired" in differing and Desired(str(differing["desired"])) not in MAY_BECOME[agent.desired]:
        allowed = sorted(MAY_BECOME[agent.desired])
        raise Changed(
            f"{agent.name} is {agent.desired} and can only become {' or '.join(allowed)}.",
            code="move_not_allowed",
            allowed=allowed,
        )
    if "owner_id" in differing:
        await people.must_exist(tx, workspace_id, str(differing["owner_id"]), "owner_id")
    if not differing:
        return agent
    fresh = await store.update(tx, agent, differing)
    told = {"fields": sorted(differing), "name": fresh.name, "desired": fresh.desired.value, "version": fresh.version}
    await tx.emit(Event(workspace_id, "agent.changed", agent_id, told, actor))
    return fresh


async def get(tx: Transaction, workspace_id: str, agent_id: str) -> Agent:
    """Raises NotFound."""
    agent = await store.find(tx, workspace_id, agent_id)
    if agent is None:
        raise NotFound("There is no such agent in this workspace.")
    return agent

"""Applying what a file says of the workspace, its members, its agents and their keys."""

from typing import Any

from quarterdeck.access import keyring, members
from quarterdeck.access.actors import Role
from quarterdeck.access.keyring import Holder, Scope
from quarterdeck.access.keys import key_hash
from quarterdeck.control.agents import actions as agents
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.agents.model import Agent, AgentChange, Desired, Source
from quarterdeck.control.declared import store
from quarterdeck.control.declared.applying import Applying
from quarterdeck.control.declared.model import DeclaredAgent, DeclaredMember, DeclaredWorkspace
from quarterdeck.control.routes import store as routes
from quarterdeck.control.settings.model import DECLARED
from quarterdeck.kernel.errors import Changed


async def apply_workspace(on: Applying, declared: DeclaredWorkspace) -> None:
    """Body mode, redaction and retention. What the file does not say stays, except what it used to say."""
    workspace = await members.workspace(on.tx, on.workspace_id)
    before = workspace.settings.get(DECLARED) or ()
    names = sorted([*declared.settings, *(() if declared.body_mode is None else ("body_mode",))])
    wanted: dict[str, Any] = {
        "settings": {name: value for name, value in workspace.settings.items() if name not in (*before, DECLARED)}
        | declared.settings
        | ({DECLARED: names} if names else {})
    }
    if declared.body_mode is not None:
        wanted["body_mode"] = declared.body_mode
    differing = {name: value for name, value in wanted.items() if getattr(workspace, name) != value}
    if not differing:
        return
    await members.change_workspace(on.tx, workspace, differing)
    on.note("changed", "workspace", ", ".join(sorted(differing)))


async def apply_members(on: Applying, declared: list[DeclaredMember], owners: list[str]) -> None:
    """Members the file names, and those it names only as owners: they join as operators who cannot sign in yet."""
    for each in declared:
        with on.at(each.where):
            await _apply_member(on, each)
    named = {members.normal_email(each.email) for each in declared}
    for email in dict.fromkeys(owners):
        if email not in named and await members.by_email(on.tx, on.workspace_id, email) is None:
            await members.create(on.tx, on.workspace_id, email=email, name=email, role=Role.OPERATOR)
            on.note("added", f"member {email}", "operator, named as an owner")
    await _release_members(on, named)


async def _apply_member(on: Applying, declared: DeclaredMember) -> None:
    member = await members.by_email(on.tx, on.workspace_id, declared.email)
    if member is None:
        await members.create(
            on.tx,
            on.workspace_id,
            email=declared.email,
            name=declared.name or declared.email,
            role=declared.role,
            declared=True,
        )
        on.note("added", f"member {declared.email}", declared.role.value)
        return
    name = declared.name if declared.name not in (None, member.name) else None
    role = declared.role if declared.role is not member.role else None
    if name is not None or role is not None or not member.declared:
        await members.change(on.tx, on.workspace_id, member.id, name=name, role=role, declared=True)
        on.note("changed", f"member {declared.email}", _fields(name=name, role=role) or "declared")


async def _release_members(on: Applying, named: set[str]) -> None:
    """Whom the file names no more stays, and is changed by people again: work and history hang on members."""
    for member in await store.members_of(on.tx, on.workspace_id):
        if member.email not in named:
            await members.change(on.tx, on.workspace_id, member.id, declared=False)
            on.note("changed", f"member {member.email}", "no longer declared")


async def apply_agents(on: Applying, declared: list[DeclaredAgent]) -> None:
    """Agents and their keys. An agent the file names no more is retired, for its history stays."""
    kept: set[str] = set()
    for each in declared:
        with on.at(each.where):
            agent = await _apply_agent(on, each)
            kept.add(agent.id)
            with on.at((*each.where, "key")):
                await _apply_key(on, agent, each)
    for agent_id in await store.agents_of(on.tx, on.workspace_id):
        if agent_id not in kept:
            await _retire(on, await agents.get(on.tx, on.workspace_id, agent_id))


async def _apply_agent(on: Applying, declared: DeclaredAgent) -> Agent:
    owner = await members.by_email(on.tx, on.workspace_id, declared.owner)
    if owner is None:
        raise Changed(f"no member has the e-mail {declared.owner}", field="owner")
    if declared.route is not None and await routes.find(on.tx, on.workspace_id, declared.route) is None:
        raise Changed(f"there is no route {declared.route!r}", field="route")
    agent = await agent_store.by_name(on.tx, on.workspace_id, declared.name)
    if agent is None:
        agent = await agents.create(
            on.tx,
            on.workspace_id,
            name=declared.name,
            owner_id=owner.id,
            description=declared.description,
            capacity=declared.capacity,
            body_mode=declared.body_mode,
            route=declared.route,
            declared=True,
        )
        on.note("added", f"agent {agent.name}")
        return agent
    # Pausing and retiring are people's levers: the file takes them back only when it takes the agent over.
    desired = Desired.ENABLED if not agent.declared and agent.desired is Desired.RETIRED else None
    change = AgentChange(
        name=declared.name,
        description=declared.description,
        owner_id=owner.id,
        desired=desired,
        capacity=declared.capacity,
        body_mode=declared.body_mode,
        inherit_body_mode=declared.body_mode is None,
        route=declared.route,
        no_route=declared.route is None,
    )
    fresh = await agents.change(on.tx, on.workspace_id, agent.id, change, source=Source.CONFIG)
    if not fresh.declared:
        fresh = await agent_store.update(on.tx, fresh, {"declared": True})
    if fresh != agent:
        names = ("name", "description", "owner_id", "desired", "capacity", "body_mode", "route", "declared")
        on.note(
            "changed",
            f"agent {fresh.name}",
            ", ".join(name for name in names if getattr(fresh, name) != getattr(agent, name)),
        )
    return fresh


async def _retire(on: Applying, agent: Agent) -> None:
    if agent.desired is not Desired.RETIRED:
        change = AgentChange(desired=Desired.RETIRED)
        agent = await agents.change(on.tx, on.workspace_id, agent.id, change, source=Source.CONFIG)
    await agent_store.update(on.tx, agent, {"declared": False})
    for key in await store.keys_of(on.tx, on.workspace_id, agent.id):
        await keyring.revoke(on.tx, on.workspace_id, key.id)
    on.note("removed", f"agent {agent.name}", "retired; its history stays")


async def _apply_key(on: Applying, agent: Agent, declared: DeclaredAgent) -> None:
    """The key the file brings, in place of one it brought before; without one, a first key is made and shown once."""
    active = await store.keys_of(on.tx, on.workspace_id, agent.id)
    holder = Holder(on.workspace_id, agent_id=agent.id)
    scope = Scope(models=declared.models)
    if declared.key is not None:
        text = on.secret_at(declared.key)
        known = await keyring.find(on.tx, key_hash(text))
        if known is not None and (known.agent_id != agent.id or known.state != keyring.ACTIVE):
            raise Changed("this key was revoked, or belongs to somebody else; bring another one")
        if known is None:
            await keyring.bring(on.tx, holder, text, name="declared", scope=scope, declared=True)
            on.note("added", f"key of agent {agent.name}", declared.key)
        for key in active:
            if known is None or key.id != known.id:
                await keyring.revoke(on.tx, on.workspace_id, key.id)
                on.note("removed", f"key of agent {agent.name}", key.hint)
        if known is not None and known.models != declared.models:
            await keyring.narrow(on.tx, on.workspace_id, known.id, declared.models)
            on.note("changed", f"key of agent {agent.name}", "models")
        return
    for key in active:
        await keyring.revoke(on.tx, on.workspace_id, key.id)
        on.note("removed", f"key of agent {agent.name}", key.hint)
    if not await store.had_key(on.tx, on.workspace_id, agent.id):
        issued = await keyring.issue(on.tx, holder, name="first key", scope=scope)
        on.note("added", f"key of agent {agent.name}", "made; shown this once", secret=issued.secret)


def _fields(**given: object) -> str:
    return ", ".join(name for name, value in given.items() if value is not None)

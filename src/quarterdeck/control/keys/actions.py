"""What people do with keys: who may, and what the declared file forbids."""

from quarterdeck.access import keyring, members
from quarterdeck.access.actors import Actor, may_manage_key
from quarterdeck.access.keyring import Holder, Issued, Key, Scope
from quarterdeck.control.agents import store as agents
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Forbidden, NotFound


async def issue_for_agent(tx: Transaction, actor: Actor, agent_id: str, *, name: str, scope: Scope) -> Issued:
    """Raises NotFound when the workspace has no such agent."""
    if await agents.find(tx, actor.workspace_id, agent_id) is None:
        raise NotFound(f"There is no agent {agent_id!r} in this workspace.")
    return await keyring.issue(
        tx, Holder(actor.workspace_id, agent_id=agent_id), name=name, scope=scope, actor=actor.id
    )


async def issue_for_self(tx: Transaction, actor: Actor, *, name: str, scope: Scope) -> Issued:
    """A token that acts as the member who asks."""
    return await keyring.issue(
        tx, Holder(actor.workspace_id, member_id=actor.id), name=name, scope=scope, actor=actor.id
    )


async def revoke(tx: Transaction, actor: Actor, key_id: str) -> Key:
    """Raises NotFound, Forbidden, Changed for a declared key."""
    await _manageable(tx, actor, key_id)
    return await keyring.revoke(tx, actor.workspace_id, key_id, actor=actor.id)


async def rotate(tx: Transaction, actor: Actor, key_id: str, *, overlap_s: int) -> Issued:
    """Raises NotFound, Forbidden, Invalid, Changed for a declared key or one that is not active."""
    await _manageable(tx, actor, key_id)
    return await keyring.rotate(tx, actor.workspace_id, key_id, overlap_s=overlap_s, actor=actor.id)


async def narrow(tx: Transaction, actor: Actor, key_id: str, *, route: str | None) -> Key:
    """Attach a route to the key, or take it away. Raises NotFound, Forbidden, Changed for a declared key."""
    await _manageable(tx, actor, key_id)
    return await keyring.set_route(tx, actor.workspace_id, key_id, route, actor=actor.id)


async def _manageable(tx: Transaction, actor: Actor, key_id: str) -> None:
    key = await keyring.get(tx, actor.workspace_id, key_id)
    role = None
    if key.member_id is not None:
        role = (await members.get(tx, actor.workspace_id, key.member_id)).role
    if not may_manage_key(actor, member_id=key.member_id, member_role=role):
        raise Forbidden("This key is not yours to change; ask an admin.")
    if key.declared:
        raise Changed("This key is declared in quarterdeck.toml; change it there.", code="declared")

"""Who acts, and what they may do. This is the one place where authorization is decided.

Deny by default: a permission that no rule grants is refused. Routes name the permission they need; a test walks the
route table and checks every role against this file.
"""

from dataclasses import dataclass
from enum import StrEnum

from quarterdeck.kernel.errors import Forbidden, Unauthenticated


class Role(StrEnum):
    """What a member is, from most to least."""

    OWNER = "owner"
    ADMIN = "admin"
    OPERATOR = "operator"
    REVIEWER = "reviewer"
    VIEWER = "viewer"


class ActorKind(StrEnum):
    MEMBER = "member"
    AGENT = "agent"
    RUN = "run"


class Permission(StrEnum):
    """One word per kind of act. `PUBLIC` needs nobody at all."""

    PUBLIC = "public"
    READ = "read"
    READ_BODIES = "read_bodies"
    WORK = "work"
    """Create, change, assign and move tasks; comment."""
    REVIEW = "review"
    OPERATE = "operate"
    """Pause, kill, restart, raise budgets; create agents and their keys."""
    ADMINISTER = "administer"
    """Providers, credentials, routes, limits, members below owner, settings."""
    OWN = "own"
    AGENT_VERB = "agent_verb"
    """Claim, progress, hand in, finish: what an agent does with its own key."""
    LISTEN = "listen"
    """Follow the live events: a member those of the workspace, an agent those about itself."""
    RATE = "rate"
    """Say how good an answer was: members and agents alike."""
    SELF = "self"
    """What every member may do to nobody but itself: its password, its tokens, its session."""


_EVERY_MEMBER = frozenset({Permission.READ, Permission.LISTEN, Permission.RATE, Permission.SELF})
_EVERY_AGENT = frozenset({Permission.AGENT_VERB, Permission.LISTEN, Permission.RATE})

_ROLE_MAY: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _EVERY_MEMBER,
    Role.REVIEWER: _EVERY_MEMBER | {Permission.READ_BODIES, Permission.REVIEW},
    Role.OPERATOR: _EVERY_MEMBER | {Permission.READ_BODIES, Permission.REVIEW, Permission.WORK, Permission.OPERATE},
    Role.ADMIN: frozenset(set(Permission) - {Permission.OWN, Permission.AGENT_VERB}),
    Role.OWNER: frozenset(set(Permission) - {Permission.AGENT_VERB}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody authenticated. `id` is the member's or the agent's id; a run key acts as its agent, within its run."""

    workspace_id: str
    kind: ActorKind
    id: str
    role: Role | None = None
    """Members only."""
    run_id: str | None = None
    """Run keys only."""
    task_id: str | None = None
    key_id: str | None = None
    """The key that was shown; None for a browser session."""


def allows(actor: Actor | None, permission: Permission) -> bool:
    """Whether `actor` may do what `permission` names, anywhere in its own workspace."""
    if permission is Permission.PUBLIC:
        return True
    if actor is None:
        return False
    if actor.kind is ActorKind.MEMBER:
        return actor.role is not None and permission in _ROLE_MAY[actor.role]
    return permission in _EVERY_AGENT


def require(actor: Actor | None, permission: Permission) -> Actor:
    """The actor, if it may. Raises Unauthenticated for nobody, Forbidden for who lacks the permission."""
    if actor is None:
        raise Unauthenticated("Sign in, or send a key as 'Authorization: Bearer …'.")
    if not allows(actor, permission):
        words = f"This needs the permission {permission.value!r}: {_how_to_get(actor, permission)}."
        raise Forbidden(words, permission=permission.value)
    return actor


def _how_to_get(actor: Actor, permission: Permission) -> str:
    """What somebody who lacks the permission may do."""
    if permission is Permission.AGENT_VERB:
        return "send an agent's key"
    if actor.kind is not ActorKind.MEMBER:
        return "no agent has it, only members"
    return "ask an owner" if permission is Permission.OWN else "ask an owner or admin"


def may_manage_key(actor: Actor, *, member_id: str | None, member_role: Role | None) -> bool:
    """Whether `actor` may revoke or rotate a key: an agent's (None), or the token of a member of that role.

    Everybody manages their own tokens, an admin those of others, and only an owner those of an owner.
    """
    if member_id is None:
        return allows(actor, Permission.OPERATE)
    if member_id == actor.id:
        return allows(actor, Permission.SELF)
    return allows(actor, Permission.OWN if member_role is Role.OWNER else Permission.ADMINISTER)

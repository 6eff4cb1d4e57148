"""Who acts, and what they may do. This is the one place where authorization is decided.

Deny by default: a permission that no rule grants is refused. Routes name the permission they need; a test walks the
route table and checks every role against this file.
"""

from dataclasses import dataclass
from enum import StrEnum


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


_ROLE_MAY: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.REVIEWER: frozenset({Permission.READ, Permission.READ_BODIES, Permission.REVIEW}),
    Role.OPERATOR: frozenset(
        {Permission.READ, Permission.READ_BODIES, Permission.REVIEW, Permission.WORK, Permission.OPERATE}
    ),
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
    return permission is Permission.AGENT_VERB

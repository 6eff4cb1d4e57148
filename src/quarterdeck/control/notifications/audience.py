"""Whom an event concerns, and what there is to say about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from quarterdeck.access.actors import Actor, ActorKind, Permission, Role, allows
from quarterdeck.access.tables import members
from quarterdeck.control.agents.store import agents
from quarterdeck.control.comments.store import comments
from quarterdeck.control.notifications.kinds import Kind, To
from quarterdeck.control.questions.store import questions
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Prepared, Transaction, one_of
from quarterdeck.db.outbox import StoredEvent
from quarterdeck.kernel.text import storable

EXCERPT = 500
_TEXTS: dict[str, sa.Table] = {"comment.written": comments, "question.asked": questions}
"""Events that people wait to read, and where their text stands."""
_MEMBERS = Prepared(
    sa.select(members.c.id, members.c.name, members.c.role).where(
        members.c.workspace_id == sa.bindparam("workspace_id"), members.c.removed_at.is_(None)
    )
)
_AGENTS = Prepared(
    sa.select(agents.c.id, agents.c.name, agents.c.owner_id).where(
        agents.c.workspace_id == sa.bindparam("workspace_id"), one_of(agents.c.id, "ids")
    )
)
_TASKS = Prepared(
    sa.select(
        tasks.c.id,
        tasks.c.workspace_id,
        tasks.c.number,
        tasks.c.title,
        tasks.c.project_id,
        tasks.c.accountable_id,
        tasks.c.review,
    ).where(tasks.c.workspace_id == sa.bindparam("workspace_id"), one_of(tasks.c.id, "ids"))
)


@dataclass(frozen=True, slots=True)
class Told:
    """One event with all that its message needs. `said` fills the title; `scope` is what rules narrow to."""

    event: StoredEvent
    said: dict[str, Any]
    scope: dict[str, Any]
    excerpt: str | None
    recipients: tuple[str, ...]


@dataclass(slots=True)
class People:
    """The members of one workspace, and the agents and tasks that a batch of events is about: read once for it."""

    roles: dict[str, Role]
    names: dict[str, str]
    owners: dict[str, str]
    tasks: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    async def of(cls, tx: Transaction, workspace_id: str, events: Iterable[StoredEvent]) -> "People":
        about = {each for event in events for each in (agent_id_of(event), event.actor, task_id_of(event)) if each}
        which: dict[str, Any] = {"workspace_id": workspace_id, "ids": sorted(filter(storable, about))}
        persons = await tx.fetch(_MEMBERS, workspace_id=workspace_id)
        workers = await tx.fetch(_AGENTS, **which)
        work = await tx.fetch_named(_TASKS, **which)
        names = {an_id: name for an_id, name, _ in (*persons, *workers)}
        roles = {member_id: Role(role) for member_id, _, role in persons}
        owners = {agent_id: owner_id for agent_id, _, owner_id in workers}
        return cls(roles, names, owners, {row["id"]: row for row in work})

    def admins(self) -> list[str]:
        return [member_id for member_id, role in self.roles.items() if role in (Role.OWNER, Role.ADMIN)]


def task_id_of(event: StoredEvent) -> str | None:
    found = event.data.get("task_id") or (event.subject_id if event.subject_id.startswith("tsk_") else None)
    return found if isinstance(found, str) else None


def agent_id_of(event: StoredEvent) -> str | None:
    found = event.data.get("agent_id") or (event.subject_id if event.subject_id.startswith("agt_") else None)
    return found if isinstance(found, str) else None


async def told(tx: Transaction, kind: Kind, event: StoredEvent, people: People) -> Told:
    """What to say and to whom. The event is one of those that `people` were read for."""
    task_id, agent_id = task_id_of(event), agent_id_of(event)
    task = None if task_id is None else people.tasks.get(task_id)
    if agent_id is None and event.actor in people.owners:
        agent_id = event.actor
    said = {
        **event.data,
        "ref": None if task is None else f"T-{task['number']}",
        "task": None if task is None else task["title"],
        "agent": people.names.get(agent_id or "") or event.data.get("agent"),
        "actor": people.names.get(event.actor or ""),
    }
    scope = {
        "task_id": task_id,
        "agent_id": agent_id,
        "project_id": None if task is None else task.get("project_id"),
    }
    found: dict[str, None] = {}
    for to in kind.to:
        concerned = _concerned(to, event, task, agent_id, people)
        found |= dict.fromkeys(each for each in concerned if isinstance(each, str))
    # What an agent does for its owner is not the owner's own doing.
    recipients = tuple(each for each in found if each in people.roles and each != event.actor)
    return Told(event, said, scope, await _excerpt(tx, event), recipients)


def _concerned(
    to: To, event: StoredEvent, task: Mapping[str, Any] | None, agent_id: str | None, people: People
) -> Sequence[object]:
    owner, data = people.owners.get(agent_id or ""), event.data
    named: dict[To, Sequence[object]] = {
        To.ACCOUNTABLE: [owner if task is None else task["accountable_id"]],
        To.OWNER: [owner],
        To.MENTIONED: data.get("mentions", ()),
        To.WATCHERS: data.get("watchers", ()),
        To.SUBJECT: [event.subject_id],
    }
    if to in named:
        return named[to]
    if to is To.REVIEWERS:
        return [] if task is None or _agent_looks_first(event, task) else reviewers(task, people)
    named_by_it = data.get("member_id") or data.get("owner_id")
    return [named_by_it] if to is To.MEMBER and named_by_it else people.admins()


def _agent_looks_first(event: StoredEvent, task: Mapping[str, Any]) -> bool:
    """People are asked once the agent has approved, not when the work comes in."""
    return event.kind == "task.moved" and ReviewPolicy(task["review"]).agent_id is not None


def reviewers(task: Mapping[str, Any] | sa.RowMapping, people: People) -> list[str]:
    """Who is asked to look at a task in review: whom its policy names; where anybody may, who answers for it."""
    policy = ReviewPolicy(task["review"])
    if policy.for_anyone:
        return [task["accountable_id"]]
    return [
        member_id
        for member_id, role in people.roles.items()
        if policy.counts(member_id, role)
        and allows(Actor(task["workspace_id"], ActorKind.MEMBER, member_id, role), Permission.REVIEW)
    ]


async def _excerpt(tx: Transaction, event: StoredEvent) -> str | None:
    table = _TEXTS.get(event.kind)
    if table is None:
        return None
    column = table.c.body if "body" in table.c else table.c.text
    text = await tx.scalar(
        sa.select(column).where(table.c.workspace_id == event.workspace_id, table.c.id == event.subject_id)
    )
    return None if text is None else str(text)[:EXCERPT]

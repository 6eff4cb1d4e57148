"""Scopes of budgets and limits between people and rows: names outside, ids inside."""

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from quarterdeck.access.scopes import EACH, Scope, ScopeKind, parse_scope
from quarterdeck.access.tables import keys
from quarterdeck.control.agents import store as agents
from quarterdeck.control.projects import store as projects
from quarterdeck.control.runs import store as runs
from quarterdeck.control.tasks import store as tasks
from quarterdeck.control.tasks import tables as task_tables
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.text import storable


async def resolved(tx: Transaction, workspace_id: str, text: str, kinds: Collection[ScopeKind]) -> Scope:
    """The scope a person wrote, with ids for names. Raises Invalid, naming the field, for what is not there."""
    scope = parse_scope(text, kinds)
    if scope.value == EACH or not storable(scope.value):
        return scope
    found = await _id_of(tx, workspace_id, scope)
    if found is None:
        raise Invalid(f"there is no {scope.kind} {scope.value!r} in this workspace.", field="scope")
    return Scope(scope.kind, found)


async def shown(tx: Transaction, workspace_id: str, scopes: Iterable[Scope]) -> dict[Scope, str]:
    """How people write these scopes: agents and tasks by name. What is gone keeps its id."""
    wanted = list(scopes)
    of_agents = await agents.named(tx, workspace_id, _values(wanted, ScopeKind.AGENT))
    of_projects = await projects.named(tx, workspace_id, _values(wanted, ScopeKind.PROJECT))
    of_tasks = await tasks.named(tx, workspace_id, _values(wanted, ScopeKind.TASK))
    found = {}
    for scope in wanted:
        name = scope.value
        if scope.kind == ScopeKind.AGENT:
            name = of_agents.get(name, name)
        elif scope.kind == ScopeKind.PROJECT:
            name = of_projects.get(name, name)
        elif scope.kind == ScopeKind.TASK and name in of_tasks:
            name = of_tasks[name].ref
        found[scope] = str(Scope(scope.kind, name))
    return found


async def in_words(tx: Transaction, workspace_id: str, scope: Scope) -> str:
    """As a sentence about it begins: `research`, `T-12`, `The provider openai`, `The workspace`."""
    name = (await shown(tx, workspace_id, [scope]))[scope].partition(":")[2]
    if scope.kind in (ScopeKind.AGENT, ScopeKind.TASK):
        return name
    return f"The {scope.kind} {name}".rstrip()


def _values(scopes: list[Scope], kind: ScopeKind) -> list[str]:
    return sorted({scope.value for scope in scopes if scope.kind == kind and scope.value != EACH})


async def _id_of(tx: Transaction, workspace_id: str, scope: Scope) -> str | None:
    kind, value = scope.kind, scope.value
    if kind == ScopeKind.AGENT:
        agent = await agents.find(tx, workspace_id, value) or await agents.by_name(tx, workspace_id, value)
        return None if agent is None else agent.id
    if kind == ScopeKind.PROJECT:
        project = await projects.find(tx, workspace_id, value) or await projects.by_name(tx, workspace_id, value)
        return None if project is None else project.id
    if kind == ScopeKind.TASK:
        return await _task(tx, workspace_id, value)
    if kind == ScopeKind.RUN:
        run = await runs.find(tx, workspace_id, value)
        return None if run is None else run.id
    if kind == ScopeKind.KEY:
        known = sa.select(keys.c.id).where(keys.c.workspace_id == workspace_id, keys.c.id == value)
        found: str | None = await tx.scalar(known)
        return found
    # Providers, models, routes and tags are known by what calls say, and may be set up later.
    return value


async def _task(tx: Transaction, workspace_id: str, value: str) -> str | None:
    if value.upper().startswith("T-") and value[2:].isdigit() and len(value) < 12:
        table = task_tables.tasks
        query = sa.select(table.c.id).where(table.c.workspace_id == workspace_id, table.c.number == int(value[2:]))
        found: str | None = await tx.scalar(query)
        return found
    task = await tasks.find(tx, workspace_id, value)
    return None if task is None else task.id

"""All SQL of projects."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.projects.model import Project
from quarterdeck.control.projects.tables import projects
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.db import Transaction
from quarterdeck.db import named as named_rows
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import comparable, storable

_WHAT = "a project"


async def insert(tx: Transaction, project: Project) -> None:
    """Raises Changed `name_taken`."""
    values: dict[str, Any] = {name: getattr(project, name) for name in Project.__slots__}
    await named_rows.insert(tx, projects, {**values, "review": project.review.value}, _WHAT)


async def update(tx: Transaction, project: Project, values: Mapping[str, Any]) -> Project:
    """Write `values` if the row is still at the version of `project`. Raises Changed, also `name_taken`."""
    written = dict(values)
    if "review" in written:
        written["review"] = written["review"].value
    return _project(await named_rows.update(tx, projects, project, written, _WHAT))


async def delete(tx: Transaction, project: Project) -> bool:
    return await tx.changed(projects.delete().where(_is(project.workspace_id, project.id)))


async def find(tx: Transaction, workspace_id: str, project_id: str) -> Project | None:
    if not storable(project_id):
        return None
    row = await tx.row(sa.select(projects).where(_is(workspace_id, project_id)))
    return None if row is None else _project(row)


async def by_name(tx: Transaction, workspace_id: str, name: str) -> Project | None:
    """The project of that name, however it is written."""
    row = await tx.row(
        sa.select(projects).where(projects.c.workspace_id == workspace_id, projects.c.name_key == comparable(name))
    )
    return None if row is None else _project(row)


named = named_rows.names_of(projects)


async def page(
    tx: Transaction,
    workspace_id: str,
    *,
    q: str | None = None,
    archived: bool | None = None,
    limit: int,
    after: str | None = None,
) -> Page[Project]:
    """By name. `q` is a part of the name; `after` is the id that the page before ended with."""
    query = sa.select(projects).where(projects.c.workspace_id == workspace_id)
    if q is not None and comparable(q):
        query = query.where(projects.c.name_key.contains(comparable(q), autoescape=True))
    if archived is not None:
        query = query.where(projects.c.archived_at.is_not(None) if archived else projects.c.archived_at.is_(None))
    return await named_rows.page(tx, projects, workspace_id, query, _project, limit=limit, after=after)


def _is(workspace_id: str, project_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(projects.c.workspace_id == workspace_id, projects.c.id == project_id)


def _project(row: sa.RowMapping) -> Project:
    values: dict[str, Any] = {name: row[name] for name in Project.__slots__}
    return Project(**{**values, "review": ReviewPolicy(row["review"])})

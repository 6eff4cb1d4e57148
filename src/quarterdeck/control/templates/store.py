"""All SQL of task templates."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.templates.model import Draft, Template, Variable
from quarterdeck.db import Transaction, metadata
from quarterdeck.db import named as named_rows
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import comparable, storable

templates = sa.Table(
    "task_templates",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("draft", sa.JSON, nullable=False),
    sa.Column("variables", sa.JSON, nullable=False),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.UniqueConstraint("workspace_id", "name_key"),
)
_WHAT = "a template"


async def insert(tx: Transaction, template: Template) -> None:
    """Raises Changed `name_taken`."""
    values = {name: getattr(template, name) for name in Template.__slots__}
    await named_rows.insert(tx, templates, _columns(values), _WHAT)


async def update(tx: Transaction, template: Template, values: Mapping[str, Any]) -> Template:
    """Write `values` if the row is still at the version of `template`. Raises Changed, also `name_taken`."""
    return _template(await named_rows.update(tx, templates, template, _columns(values), _WHAT))


async def delete(tx: Transaction, template: Template) -> None:
    await tx.execute(templates.delete().where(_is(template.workspace_id, template.id)))


async def find(tx: Transaction, workspace_id: str, template_id: str) -> Template | None:
    if not storable(template_id):
        return None
    row = await tx.row(sa.select(templates).where(_is(workspace_id, template_id)))
    return None if row is None else _template(row)


async def by_name(tx: Transaction, workspace_id: str, name: str) -> Template | None:
    """The template of that name, however it is written."""
    row = await tx.row(
        sa.select(templates).where(templates.c.workspace_id == workspace_id, templates.c.name_key == comparable(name))
    )
    return None if row is None else _template(row)


async def named(tx: Transaction, workspace_id: str, template_ids: Collection[str]) -> dict[str, str]:
    """Names by id, for a page of rows that mention templates."""
    if not template_ids:
        return {}
    rows = await tx.rows(
        sa.select(templates.c.id, templates.c.name).where(
            templates.c.workspace_id == workspace_id, templates.c.id.in_(sorted(set(template_ids)))
        )
    )
    return {row["id"]: row["name"] for row in rows}


async def page(tx: Transaction, workspace_id: str, *, limit: int, after: str | None = None) -> Page[Template]:
    """By name; `after` is the id that the page before ended with."""
    query = sa.select(templates).where(templates.c.workspace_id == workspace_id)
    return await named_rows.page(tx, templates, workspace_id, query, _template, limit=limit, after=after)


def _is(workspace_id: str, template_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(templates.c.workspace_id == workspace_id, templates.c.id == template_id)


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    written = dict(values)
    if "draft" in written:
        written["draft"] = written["draft"].to_json()
    if "variables" in written:
        written["variables"] = [asdict(one) for one in written["variables"]]
    return written


def _template(row: sa.RowMapping) -> Template:
    values: dict[str, Any] = {name: row[name] for name in Template.__slots__}
    variables = tuple(Variable(**one) for one in row["variables"])
    return Template(**{**values, "draft": Draft.from_json(row["draft"]), "variables": variables})

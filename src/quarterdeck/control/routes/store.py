"""All SQL of saved routes and their versions."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from quarterdeck.access.tables import keys
from quarterdeck.control.agents.store import agents
from quarterdeck.control.routes.model import SavedRoute, Version
from quarterdeck.db import Transaction, metadata

MOST_TOLD = 20

routes = sa.Table(
    "routes",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("config", sa.JSON, nullable=False),
    sa.Column("declared", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "name"),
)

route_versions = sa.Table(
    "route_versions",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("config", sa.JSON, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("made_by", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "name", "version"),
)


async def page(tx: Transaction, workspace_id: str, *, limit: int, after: str | None) -> list[SavedRoute]:
    """By name, from the one after `after` on; one more than `limit` where there are more."""
    query = sa.select(routes).where(routes.c.workspace_id == workspace_id)
    if after is not None:
        query = query.where(routes.c.name > after)
    return [_route(row) for row in await tx.rows(query.order_by(routes.c.name).limit(limit + 1))]


async def find(tx: Transaction, workspace_id: str, name: str) -> SavedRoute | None:
    row = await tx.row(sa.select(routes).where(_is(workspace_id, name)))
    return None if row is None else _route(row)


async def declared(tx: Transaction, workspace_id: str) -> dict[str, dict[str, Any]]:
    """Declared configs by name."""
    rows = await tx.rows(sa.select(routes).where(routes.c.workspace_id == workspace_id, routes.c.declared.is_(True)))
    return {row["name"]: row["config"] for row in rows}


async def insert(
    tx: Transaction,
    workspace_id: str,
    name: str,
    config: Mapping[str, Any],
    *,
    declared: bool,
    note: str,
    by: str | None,
) -> SavedRoute:
    """A route that does not exist yet, and its first version. A name used before goes on counting where it was."""
    last = await tx.scalar(
        sa.select(sa.func.max(route_versions.c.version)).where(
            route_versions.c.workspace_id == workspace_id, route_versions.c.name == name
        )
    )
    route = SavedRoute(workspace_id, name, dict(config), declared, tx.now, tx.now, int(last or 0) + 1)
    await tx.execute(routes.insert().values(**{field: getattr(route, field) for field in SavedRoute.__slots__}))
    await _keep(tx, route, note, by)
    return route


async def write(
    tx: Transaction, route: SavedRoute, config: Mapping[str, Any], *, declared: bool, note: str, by: str | None
) -> SavedRoute | None:
    """The next version, if the row is still at the version of `route`; None when it is not."""
    row = await tx.row(
        routes.update()
        .where(_is(route.workspace_id, route.name), routes.c.version == route.version)
        .values(config=dict(config), declared=declared, updated_at=tx.now, version=routes.c.version + 1)
        .returning(routes)
    )
    if row is None:
        return None
    fresh = _route(row)
    await _keep(tx, fresh, note, by)
    return fresh


async def delete(tx: Transaction, route: SavedRoute) -> bool:
    """The row; its versions stay, for what calls of the past went by."""
    return await tx.changed(
        routes.delete().where(_is(route.workspace_id, route.name), routes.c.version == route.version)
    )


async def versions(
    tx: Transaction, workspace_id: str, name: str, *, limit: int, before: int | None
) -> Sequence[Version]:
    """Newest first; one more than `limit` where there are more."""
    query = sa.select(route_versions).where(
        route_versions.c.workspace_id == workspace_id, route_versions.c.name == name
    )
    if before is not None:
        query = query.where(route_versions.c.version < before)
    rows = await tx.rows(query.order_by(route_versions.c.version.desc()).limit(limit + 1))
    return [_version(row) for row in rows]


async def version_of(tx: Transaction, workspace_id: str, name: str, version: int) -> Version | None:
    row = await tx.row(
        sa.select(route_versions).where(
            route_versions.c.workspace_id == workspace_id,
            route_versions.c.name == name,
            route_versions.c.version == version,
        )
    )
    return None if row is None else _version(row)


async def users_of(tx: Transaction, workspace_id: str, names: Collection[str]) -> dict[str, list[str]]:
    """By route, names of agents and hints of active keys that it is attached to, `MOST_TOLD` of each at the most."""
    by_agents = await tx.rows(_attached(agents.c.route, agents.c.name, agents.c.workspace_id == workspace_id, names))
    active = sa.and_(keys.c.workspace_id == workspace_id, keys.c.state == "active")
    by_keys = await tx.rows(_attached(keys.c.route, keys.c.hint, active, names))
    found: dict[str, list[str]] = {name: [] for name in names}
    for row in by_agents:
        found[row["route"]].append(row["user"])
    for row in by_keys:
        found[row["route"]].append(f"the key {row['user']}")
    return found


def _attached(
    route: sa.Column[Any], user: sa.Column[Any], where: sa.ColumnElement[bool], names: Collection[str]
) -> sa.Select[Any]:
    """`route` and `user`, the first `MOST_TOLD` of each route: one query however many routes a page has."""
    place = sa.func.row_number().over(partition_by=route, order_by=user)
    ranked = sa.select(route.label("route"), user.label("user"), place.label("place")).where(where, route.in_(names))
    each = ranked.subquery()
    return sa.select(each).where(each.c.place <= MOST_TOLD).order_by(each.c.route, each.c.place)


async def _keep(tx: Transaction, route: SavedRoute, note: str, by: str | None) -> None:
    await tx.execute(
        route_versions.insert().values(
            workspace_id=route.workspace_id,
            name=route.name,
            version=route.version,
            config=route.config,
            note=note,
            made_by=by,
            created_at=tx.now,
        )
    )


def _is(workspace_id: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(routes.c.workspace_id == workspace_id, routes.c.name == name)


def _route(row: sa.RowMapping) -> SavedRoute:
    return SavedRoute(**{field: row[field] for field in SavedRoute.__slots__})


def _version(row: sa.RowMapping) -> Version:
    return Version(**{field: row[field] for field in Version.__slots__})

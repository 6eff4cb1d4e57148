"""/configs: saved routes by Portkey's names."""

import json
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.control.http import Admin, Db, Gate, Reader
from quarterdeck.control.portkey.catalogue_api import MOST_LISTED, slug_of
from quarterdeck.control.portkey.shapes import listed
from quarterdeck.control.routes import actions, store
from quarterdeck.control.routes.model import SavedRoute
from quarterdeck.kernel.clock import iso
from quarterdeck.kernel.errors import Invalid

router = APIRouter(tags=["portkey"])


class ConfigIn(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    config: dict[str, Any] | str
    is_default: int | None = None
    workspace_id: str | None = None


class ConfigChange(BaseModel):
    name: str | None = None
    config: dict[str, Any] | str
    status: str | None = None


@router.post("/configs", operation_id="portkey_add_config")
async def add_config(body: ConfigIn, actor: Admin, db: Db, gate: Gate) -> dict[str, Any]:
    """Save a route. Its slug is what `x-portkey-config` names; when this answers, every gateway goes by it."""
    async with db.transaction() as tx:
        route = await actions.create(tx, actor, slug_of(body.name), _object(body.config), "")
    await gate.ensure_published()
    version = _version(route)
    return {"id": route.name, "slug": route.name, "version_id": version, "object": "config", **_wrapped(route, version)}


@router.get("/configs", operation_id="portkey_list_configs")
async def list_configs(actor: Reader, db: Db) -> dict[str, Any]:
    """Saved routes, by name."""
    async with db.read() as tx:
        rows = await store.page(tx, actor.workspace_id, limit=MOST_LISTED, after=None)
    return listed([_config(route) for route in rows])


@router.get("/configs/{slug}", operation_id="portkey_get_config")
async def get_config(slug: str, actor: Reader, db: Db) -> dict[str, Any]:
    """One saved route; its config is JSON text, as Portkey gives it."""
    async with db.read() as tx:
        route = await actions.get(tx, actor.workspace_id, slug)
    return {**_config(route), "config": json.dumps(route.config)}


@router.put("/configs/{slug}", operation_id="portkey_change_config")
async def change_config(slug: str, body: ConfigChange, actor: Admin, db: Db, gate: Gate) -> dict[str, Any]:
    """The next version of a route."""
    async with db.transaction() as tx:
        route = await actions.save(tx, actor, slug, _object(body.config), "", version=None)
    await gate.ensure_published()
    return {"version_id": _version(route), "object": "config", **_wrapped(route, _version(route))}


@router.delete("/configs/{slug}", operation_id="portkey_remove_config")
async def remove_config(slug: str, actor: Admin, db: Db, gate: Gate) -> dict[str, Any]:
    """Remove a saved route that nothing is attached to."""
    async with db.transaction() as tx:
        await actions.remove(tx, actor, slug, version=None)
    await gate.ensure_published()
    return {}


def _object(config: dict[str, Any] | str) -> dict[str, Any]:
    """Raises Invalid."""
    if isinstance(config, str):
        try:
            config = json.loads(config)
        except (ValueError, RecursionError):
            config = ""
    if not isinstance(config, dict):
        raise Invalid("config must be a JSON object.", field="config")
    return config


def _config(route: SavedRoute) -> dict[str, Any]:
    return {
        "id": route.name,
        "name": route.name,
        "slug": route.name,
        "workspace_id": route.workspace_id,
        "is_default": 0,
        "status": "active",
        "created_at": iso(route.created_at),
        "format": "json",
        "version_id": _version(route),
        "object": "config",
    }


def _wrapped(route: SavedRoute, version: str) -> dict[str, Any]:
    """As Portkey's HTTP API answers, beside what its SDK reads."""
    return {"success": True, "data": {"id": route.name, "slug": route.name, "version_id": version}}


def _version(route: SavedRoute) -> str:
    return f"{route.name}@{route.version}"

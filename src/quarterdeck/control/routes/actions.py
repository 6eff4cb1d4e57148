"""Verbs on saved routes: save, roll back, remove, attach. What the file declares is changed there."""

from typing import Any

from quarterdeck.access.actors import Actor
from quarterdeck.access.routing.config import Route
from quarterdeck.control.providers import store as provider_store
from quarterdeck.control.routes import store
from quarterdeck.control.routes.model import SavedRoute, checked, checked_name
from quarterdeck.db import Transaction
from quarterdeck.db.named import changed, must_be_open
from quarterdeck.kernel.errors import Changed, NotFound
from quarterdeck.kernel.events import Event


async def create(tx: Transaction, actor: Actor, name: str, config: dict[str, Any], note: str) -> SavedRoute:
    """Raises Invalid, Changed `name_taken`."""
    await check(tx, actor.workspace_id, config)
    if await store.find(tx, actor.workspace_id, checked_name(name)) is not None:
        raise Changed(f"A route called {name!r} exists already; choose another name.", code="name_taken")
    route = await store.insert(tx, actor.workspace_id, name, config, declared=False, note=note, by=actor.id)
    await _tell(tx, route, "added", actor.id)
    return route


async def save(
    tx: Transaction, actor: Actor, name: str, config: dict[str, Any], note: str, *, version: int | None
) -> SavedRoute:
    """The next version. Raises NotFound, Invalid, Changed when it is declared or no longer at `version`."""
    route = await _open(tx, actor.workspace_id, name, version)
    await check(tx, actor.workspace_id, config)
    fresh = await store.write(tx, route, config, declared=False, note=note, by=actor.id)
    if fresh is None:
        raise changed(route)
    await _tell(tx, fresh, "changed", actor.id)
    return fresh


async def roll_back(tx: Transaction, actor: Actor, name: str, to: int, *, version: int | None) -> SavedRoute:
    """An old config as a new version. Raises NotFound, Invalid when it names what is no more, Changed."""
    old = await store.version_of(tx, actor.workspace_id, name, to)
    if old is None:
        raise NotFound(f"The route {name!r} has no version {to}.")
    return await save(tx, actor, name, old.config, f"back to version {to}", version=version)


async def remove(tx: Transaction, actor: Actor, name: str, *, version: int | None) -> None:
    """Raises NotFound, Changed when it is declared, in use, or no longer at `version`."""
    route = await _open(tx, actor.workspace_id, name, version)
    users = (await store.users_of(tx, actor.workspace_id, [name]))[name]
    if users:
        raise Changed(f"{name} is used by {', '.join(users)}; give them another route first.", code="in_use")
    if not await store.delete(tx, route):
        raise changed(route)
    await _tell(tx, route, "removed", actor.id)


async def must_exist(tx: Transaction, workspace_id: str, name: str) -> None:
    """Raises NotFound."""
    if await store.find(tx, workspace_id, name) is None:
        raise NotFound(f"There is no route {name!r} in this workspace.", field="route")


async def get(tx: Transaction, workspace_id: str, name: str) -> SavedRoute:
    """Raises NotFound."""
    route = await store.find(tx, workspace_id, name)
    if route is None:
        raise NotFound(f"There is no route {name!r} in this workspace.")
    return route


async def check(tx: Transaction, workspace_id: str, config: dict[str, Any]) -> Route:
    """The config, read. Raises Invalid with everything that is wrong with it."""
    return checked(config, {provider.name for provider, _ in await provider_store.all_of(tx, workspace_id)})


async def _open(tx: Transaction, workspace_id: str, name: str, version: int | None) -> SavedRoute:
    route = await get(tx, workspace_id, name)
    must_be_open(route, version)
    return route


async def _tell(tx: Transaction, route: SavedRoute, what: str, actor: str) -> None:
    data = {"name": route.name, "what": what, "version": route.version}
    await tx.emit(Event(route.workspace_id, "route.changed", route.name, data, actor))

"""Applying what a file says of providers, their credentials, routes and prices."""

from typing import Any

from quarterdeck.control.declared.applying import Applying
from quarterdeck.control.declared.model import DeclaredPrice, DeclaredProvider, DeclaredRoute
from quarterdeck.control.declared.routes import targets_of
from quarterdeck.control.providers import actions as providers
from quarterdeck.control.providers import credentials
from quarterdeck.control.providers import store as provider_store
from quarterdeck.control.providers.model import Provider
from quarterdeck.control.routes import store as routes
from quarterdeck.control.routes.model import checked_name
from quarterdeck.kernel.events import Event


async def apply_providers(on: Applying, declared: list[DeclaredProvider]) -> None:
    """Providers in the order of the file, before those that people added. One the file names no more is removed."""
    for position, each in enumerate(declared):
        with on.at(each.where):
            await _apply_provider(on, each, position - len(declared))
    named = {each.wanted.name for each in declared}
    for provider, _ in await provider_store.all_of(on.tx, on.workspace_id):
        if provider.declared and provider.name not in named:
            await provider_store.delete(on.tx, provider)
            await providers.tell(on.tx, provider, "removed", None)
            on.note("removed", f"provider {provider.name}")


async def _apply_provider(on: Applying, declared: DeclaredProvider, position: int) -> None:
    values = {**declared.wanted.checked(), "position": position, "declared": True}
    provider = await provider_store.by_name(on.tx, on.workspace_id, declared.wanted.name)
    if provider is None:
        provider = await providers.insert(on.tx, on.workspace_id, declared.wanted, position=position, declared=True)
        await _apply_credential(on, provider, declared.credential)
        await providers.tell(on.tx, provider, "added", None)
        on.note("added", f"provider {provider.name}", provider.base_url)
        _warn_of_credential(on, provider, declared.credential)
        return
    differing = sorted(name for name, value in values.items() if getattr(provider, name) != value)
    if differing:
        provider = await provider_store.update(on.tx, provider, values) or provider
    if await _apply_credential(on, provider, declared.credential):
        differing.append("credential")
    if differing:
        await providers.tell(on.tx, provider, "changed", None)
        on.note("changed", f"provider {provider.name}", ", ".join(differing))
    _warn_of_credential(on, provider, declared.credential)


def _warn_of_credential(on: Applying, provider: Provider, reference: str | None) -> None:
    """The secret is read when it is needed, so that one that is missing stops one provider and not the start."""
    if reference is None:
        return
    problem = credentials.resolve(
        provider, credentials.referenced(provider.id, reference), on.vault, on.environ
    ).problem
    if problem is not None:
        on.warn(f"provider {provider.name}", f"{problem}; its calls are refused while the server finds no other")


async def _apply_credential(on: Applying, provider: Provider, reference: str | None) -> bool:
    """Whether it had to be changed. Only where the secret is gets stored; it is read when it is needed."""
    found = await provider_store.credential_of(on.tx, provider.id)
    if (None if found is None else found.shown) == reference:
        return False
    fresh = None if reference is None else credentials.referenced(provider.id, reference)
    await provider_store.set_credential(on.tx, on.workspace_id, provider.id, fresh)
    return True


async def apply_routes(on: Applying, declared: list[DeclaredRoute]) -> None:
    known = {provider.name for provider, _ in await provider_store.all_of(on.tx, on.workspace_id)}
    before = await routes.declared(on.tx, on.workspace_id)
    for each in declared:
        with on.at(each.where):
            checked_name(each.name)
        for name, where in targets_of(each.config, each.where):
            if name not in known:
                on.problems.add(where, f"there is no provider {name!r}; there are {', '.join(sorted(known)) or 'none'}")
        if before.get(each.name) != each.config:
            await _put_route(on, each)
            on.note("changed" if each.name in before else "added", f"route {each.name}")
    for name in before.keys() - {each.name for each in declared}:
        route = await routes.find(on.tx, on.workspace_id, name)
        if route is not None:
            await routes.delete(on.tx, route)
        on.note("removed", f"route {name}")


async def _put_route(on: Applying, declared: DeclaredRoute) -> None:
    """The file's word stands over what people saved under the same name."""
    note = "quarterdeck.toml"
    route = await routes.find(on.tx, on.workspace_id, declared.name)
    if route is None:
        await routes.insert(on.tx, on.workspace_id, declared.name, declared.config, declared=True, note=note, by=None)
    else:
        await routes.write(on.tx, route, declared.config, declared=True, note=note, by=None)


async def apply_prices(on: Applying, declared: list[DeclaredPrice]) -> None:
    rows = [
        {"provider": each.provider, "model": each.model, "valid_from": each.valid_from, "units": each.units}
        for each in declared
    ]
    rows.sort(key=_price_key)
    before = [
        {name: row[name] for name in ("provider", "model", "valid_from", "units")}
        for row in await provider_store.prices(on.tx, on.workspace_id)
        if row["declared"]
    ]
    before.sort(key=_price_key)
    if rows == before:
        return
    await provider_store.replace_declared_prices(on.tx, on.workspace_id, rows)
    on.note("changed", "prices", f"{len(before)} before, {len(rows)} now")


async def tell_settings(on: Applying) -> None:
    """One event for what has no row of its own to speak for: the workspace, its routes and prices."""
    if any(change.what == "workspace" or change.what.startswith(("route", "prices")) for change in on.changes):
        await on.tx.emit(Event(on.workspace_id, "settings.changed", on.workspace_id, {"source": "quarterdeck.toml"}))


def _price_key(row: dict[str, Any]) -> tuple[str, str, int]:
    return row["provider"], row["model"], row["valid_from"]

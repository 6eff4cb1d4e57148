"""A saved route, and what its config must be."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from quarterdeck.access.routing.config import Branch, Route
from quarterdeck.access.routing.fields import BadRoute
from quarterdeck.access.routing.parse import read, targets_named
from quarterdeck.kernel.errors import Invalid

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
NOTE_LENGTH = 500


@dataclass(frozen=True, slots=True)
class SavedRoute:
    """Instants are microseconds since the epoch."""

    workspace_id: str
    name: str
    config: dict[str, Any]
    declared: bool
    """quarterdeck.toml says it, and people only read it."""
    created_at: int
    updated_at: int
    version: int


@dataclass(frozen=True, slots=True)
class Version:
    """The config as it was from one change to the next."""

    name: str
    version: int
    config: dict[str, Any]
    note: str
    made_by: str | None
    """A member; None for the file."""
    created_at: int


def checked_name(name: str) -> str:
    """Raises Invalid: a name stands in models (`route/NAME`) and headers."""
    if NAME.fullmatch(name) is None:
        raise Invalid(
            "name must be lower-case letters, digits, dots, dashes and underscores, at most 64, such as cheap-first.",
            field="name",
        )
    return name


def checked(config: dict[str, Any], providers: Collection[str]) -> Route:
    """The config, read. Raises Invalid with everything that is wrong, providers that are not here included."""
    try:
        route = read(config, keys_allowed=False)
    except BadRoute as bad:
        raise Invalid(bad.message, field="config", problems=bad.extra["problems"]) from None
    unknown = [(path, name) for name, path in targets_named(route) if name not in providers]
    if unknown:
        known = ", ".join(sorted(providers)) or "none is set up"
        lines = [f"{path}: there is no provider {name!r}; there are: {known}" for path, name in unknown]
        raise Invalid("The config cannot be used. " + "; ".join(lines), field="config", problems=lines)
    return route


def summary(route: Route) -> str:
    """`fallback of 3 targets`: what a list shows."""
    if not isinstance(route.root, Branch):
        return "one target"
    count = len(route.leaves)
    return f"{route.root.mode} of {count} target{'' if count == 1 else 's'}"

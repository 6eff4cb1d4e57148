"""What a quarterdeck.toml says, once it has been found sound. Each part remembers where it stands in the file."""

from dataclasses import dataclass, field
from typing import Any

from quarterdeck.access.actors import Role
from quarterdeck.control.budgets.model import Wanted as WantedBudget
from quarterdeck.control.channels.model import ChannelKind
from quarterdeck.control.limits.model import Wanted as WantedLimit
from quarterdeck.control.providers.model import Wanted
from quarterdeck.control.schedules.actions import Wanted as WantedSchedule
from quarterdeck.kernel.toml import Where


@dataclass(frozen=True, slots=True)
class DeclaredWorkspace:
    """None leaves what is."""

    where: Where
    body_mode: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    """`redaction` {patterns, fields} and `retention` {bodies_days, calls_days, events_days}."""


@dataclass(frozen=True, slots=True)
class DeclaredMember:
    where: Where
    email: str
    name: str | None
    role: Role


@dataclass(frozen=True, slots=True)
class DeclaredProvider:
    where: Where
    wanted: Wanted
    credential: str | None
    """`env:NAME` or `file:PATH`."""


@dataclass(frozen=True, slots=True)
class DeclaredAgent:
    where: Where
    name: str
    owner: str
    """An e-mail."""
    description: str
    capacity: int
    body_mode: str | None
    key: str | None
    """`env:NAME` or `file:PATH` of a brought key; None: one is made."""
    models: list[str] | None
    """What its key may call."""
    route: str | None = None
    """The saved route its calls take."""


@dataclass(frozen=True, slots=True)
class DeclaredRoute:
    where: Where
    name: str
    config: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeclaredPrice:
    """`units` are femto-dollars per unit, by the unit names of the price table."""

    where: Where
    provider: str
    model: str
    valid_from: int
    units: dict[str, int]


@dataclass(frozen=True, slots=True)
class DeclaredChannel:
    """`url` and `secret` are `env:NAME` or `file:PATH`: addresses of channels are secrets."""

    where: Where
    name: str
    kind: ChannelKind
    url: str | None
    secret: str | None
    kinds: tuple[str, ...]
    enabled: bool
    allow_private: bool


@dataclass(frozen=True, slots=True)
class DeclaredSchedule:
    """Names and e-mails are looked up when it is applied."""

    where: Where
    wanted: WantedSchedule
    owner: str
    """An e-mail."""
    agent: str | None
    squad: str | None
    project: str | None
    goal: str | None
    template: str | None
    secret: str | None
    """`env:NAME` or `file:PATH` of a webhook's secret."""


@dataclass(frozen=True, slots=True)
class DeclaredBudget:
    """`wanted` has the scope as it was written; names become ids when it is applied."""

    where: Where
    scope: str
    wanted: WantedBudget


@dataclass(frozen=True, slots=True)
class DeclaredLimit:
    """The same; `wanted.weights` are by agents' names."""

    where: Where
    scope: str
    wanted: WantedLimit


@dataclass(frozen=True, slots=True)
class Declared:
    """The whole file, apart from what `kernel.settings` reads."""

    workspace: DeclaredWorkspace
    members: list[DeclaredMember]
    providers: list[DeclaredProvider]
    agents: list[DeclaredAgent]
    routes: list[DeclaredRoute]
    prices: list[DeclaredPrice]
    channels: list[DeclaredChannel]
    schedules: list[DeclaredSchedule]
    budgets: list[DeclaredBudget]
    limits: list[DeclaredLimit]


WARNING = "warning"
"""In place of a verb: nothing changes by it, and each time the file is applied it is said again."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that applying a file changes: `added`, `changed` or `removed`, of what, and which of its fields; or a
    `warning` and why."""

    verb: str
    what: str
    detail: str = ""
    secret: str | None = None
    """A key that was made, to be shown this once; never in a mere diff."""

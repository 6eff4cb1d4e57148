"""An agent: an automated worker with an owner, a desired state and a capacity."""

from dataclasses import dataclass
from enum import StrEnum

from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.text import a_name, a_text

NAME_LENGTH = 100
DESCRIPTION_LENGTH = 10_000
MAX_CAPACITY = 1_000
BODY_MODES = ("full", "redacted", "none")


class Desired(StrEnum):
    """What people want of an agent. What it does is computed elsewhere, from traffic."""

    ENABLED = "enabled"
    PAUSED = "paused"
    RETIRED = "retired"


class Source(StrEnum):
    """Who writes to the registry: what the configuration file declares, members only read."""

    MEMBER = "member"
    CONFIG = "config"


MAY_BECOME: dict[Desired, frozenset[Desired]] = {
    Desired.ENABLED: frozenset({Desired.PAUSED, Desired.RETIRED}),
    Desired.PAUSED: frozenset({Desired.ENABLED, Desired.RETIRED}),
    # Not final: retiring by mistake must cost one click, and the name stays taken by the agent's history.
    Desired.RETIRED: frozenset({Desired.ENABLED}),
}


@dataclass(frozen=True, slots=True)
class Agent:
    """A row of the registry. Instants are microseconds since the epoch."""

    id: str
    workspace_id: str
    name: str
    description: str
    owner_id: str
    desired: Desired
    capacity: int
    """How many runs it may have open at once."""
    body_mode: str | None
    """full, redacted or none; None: as its workspace says."""
    declared: bool
    """The configuration file declares it."""
    created_at: int
    version: int
    route: str | None = None
    """The saved route its calls take when neither they nor their key name one."""


@dataclass(frozen=True, slots=True)
class AgentChange:
    """What to change; None leaves a field as it is."""

    name: str | None = None
    description: str | None = None
    owner_id: str | None = None
    desired: Desired | None = None
    capacity: int | None = None
    body_mode: str | None = None
    inherit_body_mode: bool = False
    """Take the workspace's body mode again."""
    route: str | None = None
    no_route: bool = False
    """Take the route away."""

    def checked(self) -> dict[str, str | int | None]:
        """The columns to write, clean. Raises Invalid naming the field."""
        values: dict[str, str | int | None] = {}
        if self.name is not None:
            values["name"] = a_name(self.name, "name", NAME_LENGTH)
        if self.description is not None:
            values["description"] = a_text(self.description, "description", DESCRIPTION_LENGTH)
        if self.owner_id is not None:
            values["owner_id"] = self.owner_id
        if self.desired is not None:
            values["desired"] = self.desired.value
        if self.capacity is not None:
            if not 1 <= self.capacity <= MAX_CAPACITY:
                raise Invalid(f"capacity must be 1 to {MAX_CAPACITY} runs at once.", field="capacity")
            values["capacity"] = self.capacity
        if self.body_mode is not None:
            if self.body_mode not in BODY_MODES:
                raise Invalid(f"body_mode must be one of {', '.join(BODY_MODES)}.", field="body_mode")
            values["body_mode"] = self.body_mode
        elif self.inherit_body_mode:
            values["body_mode"] = None
        if self.route is not None or self.no_route:
            values["route"] = self.route
        return values

"""A project: tasks that belong together."""

from dataclasses import dataclass

from quarterdeck.control.tasks.policy import ReviewPolicy

NAME_LENGTH = 100
DESCRIPTION_LENGTH = 50_000


@dataclass(frozen=True, slots=True)
class Project:
    """A row of the projects. Instants are microseconds since the epoch."""

    id: str
    workspace_id: str
    name: str
    description: str
    """Markdown."""
    lead_agent_id: str | None
    """The agent that may assign the tasks of this project."""
    review: ReviewPolicy
    """What tasks of this project get where nothing else is said."""
    held_at: int | None
    """No agent may claim its tasks since then."""
    hold_reason: str | None
    archived_at: int | None
    created_by: str | None
    created_at: int
    updated_at: int
    version: int


@dataclass(frozen=True, slots=True)
class ProjectChange:
    """What to change; None leaves a field as it is."""

    name: str | None = None
    description: str | None = None
    lead_agent_id: str | None = None
    no_lead: bool = False
    review: ReviewPolicy | None = None
    archived: bool | None = None

"""A comment: markdown on a task, on a version of what it handed in, or on one of its runs."""

from dataclasses import dataclass

BODY_LENGTH = 50_000
MESSAGE_LENGTH = 20_000
REACTION_LENGTH = 16
LOOP_LIMIT = 6
"""So many comments of agents to agents in a row, with no person and no progress in between; the next wakes nobody."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where on a task a comment stands; all None: on the task itself. Lines count from 1."""

    deliverable_id: str | None = None
    version: int | None = None
    line_from: int | None = None
    line_to: int | None = None
    run_id: str | None = None
    region: dict[str, float] | None = None
    """A part of an image or of a page: x, y, width and height as parts of the whole, and `page`, from 1."""


@dataclass(frozen=True, slots=True)
class Comment:
    id: str
    workspace_id: str
    task_id: str
    anchor: Anchor
    author_id: str
    by_agent: bool
    body: str
    mentions: tuple[str, ...]
    to_agents: bool
    """Whether it is from an agent to agents."""
    held: bool
    """Agents were going round in circles: the agents it mentions were not woken."""
    created_at: int

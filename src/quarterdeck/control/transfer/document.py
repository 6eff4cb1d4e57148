"""The portable export: one JSON document that names things by name, so that it means the same anywhere."""

from typing import Annotated, Literal

from pydantic import Field

from quarterdeck.control.goals.model import NAME_LENGTH as GOAL_NAME_LENGTH
from quarterdeck.control.goals.model import STATEMENT_LENGTH
from quarterdeck.control.projects.model import DESCRIPTION_LENGTH, NAME_LENGTH
from quarterdeck.control.shapes import Instant
from quarterdeck.control.tasks.bodies import AttemptLimit, Brief, Budget, CriterionIn, Label, Title
from quarterdeck.control.tasks.holding import REASON_LENGTH
from quarterdeck.control.tasks.model import (
    MAX_CRITERIA,
    MAX_LABELS,
    MAX_WATCHERS,
    NOTE_LENGTH,
    PriorityName,
    TaskState,
)
from quarterdeck.control.templates.bodies import DraftBody, Variables
from quarterdeck.control.transfer.history_doc import HistoryDoc, Strict

VERSION = 5
MAX_TASKS = 5_000
MAX_PROJECTS = 1_000
MAX_GOALS = 1_000
MAX_TEMPLATES = 1_000
MAX_EDGES = 200
Key = Annotated[str, Field(min_length=1, max_length=200)]
Email = Annotated[str, Field(max_length=254)]
AgentName = Annotated[str, Field(max_length=100)]
SquadName = Annotated[str, Field(max_length=100)]


class HoldDoc(Strict):
    """A person holds it: no agent may claim it."""

    reason: Annotated[str, Field(max_length=REASON_LENGTH)] | None = None


class ProjectDoc(Strict):
    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
    description: Annotated[str, Field(max_length=DESCRIPTION_LENGTH)] = ""
    lead_agent: AgentName | None = None
    review: str = "one"
    archived: bool = False
    hold: HoldDoc | None = None


class GoalDoc(Strict):
    name: Annotated[str, Field(min_length=1, max_length=GOAL_NAME_LENGTH)]
    statement: Annotated[str, Field(max_length=STATEMENT_LENGTH)] = ""
    project: str | None = None
    accountable: Email | None = None
    due_at: Instant | None = None


class TemplateDoc(Strict):
    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
    description: str = ""
    task: DraftBody
    """Without ids, which mean nothing elsewhere: whom and what it names stands beside it, by name."""
    project: str | None = None
    goal: str | None = None
    agent: AgentName | None = None
    squad: SquadName | None = None
    accountable: Email | None = None
    watchers: list[Email] = Field([], max_length=MAX_WATCHERS)
    review: str | None = None
    variables: Variables = []


class TaskDoc(HistoryDoc):
    key: Key
    """What other tasks of the document call it: `T-12`, or whatever else is unique in it."""
    title: Title
    brief: Brief = ""
    acceptance: list[CriterionIn] = Field([], max_length=MAX_CRITERIA)
    state: TaskState = TaskState.BACKLOG
    priority: PriorityName = "normal"
    labels: list[Label] = Field([], max_length=MAX_LABELS)
    project: str | None = None
    parent: Key | None = None
    goal: str | None = None
    waits_for: list[Key] = Field([], max_length=MAX_EDGES)
    agent: AgentName | None = None
    squad: SquadName | None = None
    accountable: Email | None = None
    watchers: list[Email] = Field([], max_length=MAX_WATCHERS)
    due_at: Instant | None = None
    review: str | None = None
    attempt_limit: AttemptLimit = 3
    budget_nano: Budget | None = None
    note: Annotated[str, Field(max_length=NOTE_LENGTH)] | None = None
    hold: HoldDoc | None = None
    """Of the task itself, with all below it; what holds it from above stands there."""


class Document(Strict):
    quarterdeck_export: Literal[1, 2, 3, 4, 5]
    """The version of this shape; 1 had no history of tasks, 2 no goals, 3 no holds and nobody in templates, 4 no
    squads."""
    exported_at: Instant | None = None
    projects: list[ProjectDoc] = Field([], max_length=MAX_PROJECTS)
    goals: list[GoalDoc] = Field([], max_length=MAX_GOALS)
    templates: list[TemplateDoc] = Field([], max_length=MAX_TEMPLATES)
    tasks: list[TaskDoc] = Field([], max_length=MAX_TASKS)

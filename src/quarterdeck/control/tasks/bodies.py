"""What people and agents send about tasks, parsed into what the verbs take."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from quarterdeck.control.shapes import RequestBody, instant_in
from quarterdeck.control.tasks.holding import REASON_LENGTH
from quarterdeck.control.tasks.model import (
    BRIEF_LENGTH,
    CRITERION_LENGTH,
    DEFAULT_ATTEMPT_LIMIT,
    LABEL_LENGTH,
    MAX_ATTEMPT_LIMIT,
    MAX_BUDGET,
    MAX_CRITERIA,
    MAX_LABELS,
    MAX_WATCHERS,
    NOTE_LENGTH,
    TITLE_LENGTH,
    Criterion,
    NewTask,
    PriorityName,
    TaskChange,
    TaskState,
    priority_of,
)
from quarterdeck.control.tasks.policy import PATTERN as REVIEW_PATTERN
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.kernel.errors import Invalid

Label = Annotated[str, Field(min_length=1, max_length=LABEL_LENGTH)]
CriterionText = Annotated[str, Field(min_length=1, max_length=CRITERION_LENGTH)]
Title = Annotated[str, Field(min_length=1, max_length=TITLE_LENGTH)]
Brief = Annotated[str, Field(max_length=BRIEF_LENGTH, description="Markdown.")]
AttemptLimit = Annotated[
    int,
    Field(
        ge=1,
        le=MAX_ATTEMPT_LIMIT,
        description="After so many failed or expired runs in a row the task waits in the backlog for a person.",
    ),
]
DueAt = Annotated[str, Field(description="RFC 3339, with a zone.", json_schema_extra={"format": "date-time"})]


def a_review(text: str) -> str:
    """Refuses what is no review policy in words: its pattern is nothing to read."""
    try:
        return ReviewPolicy(text)
    except Invalid as error:
        raise PydanticCustomError("review", "{words}", {"words": error.message}) from None


Review = Annotated[
    str,
    AfterValidator(a_review),
    Field(
        json_schema_extra={"pattern": f"^({REVIEW_PATTERN})$"},
        description="What stands before done: none, one, member:<id>, role:<role> or n:<k> different members.",
    ),
]
Budget = Annotated[int, Field(ge=0, le=MAX_BUDGET, description="What it may cost, in nano-dollars.")]
Member = Annotated[str, Field(description="A member's id.")]


class CriterionIn(RequestBody):
    text: CriterionText
    met: bool = False
    deliverable: bool = Field(False, description="It asks for something to be handed in.")

    def to_criterion(self) -> Criterion:
        return Criterion(self.text, self.met, self.deliverable)


class TaskIn(RequestBody):
    title: Title
    brief: Brief = ""
    acceptance: list[CriterionText | CriterionIn] = Field([], max_length=MAX_CRITERIA)
    priority: PriorityName = "normal"
    agent_id: str | None = Field(None, description="Who is to do it; null: any agent may claim it.")
    squad_id: str | None = Field(None, description="In place of an agent: any agent of that squad may claim it.")
    accountable_id: str | None = Field(None, description="The member who answers for it; yourself when absent.")
    labels: list[Label] = Field([], max_length=MAX_LABELS)
    due_at: DueAt | None = None
    state: Literal["backlog", "ready"] = "backlog"
    review: Review | None = Field(None, description="null: as its project says, or else one person.")
    attempt_limit: AttemptLimit = DEFAULT_ATTEMPT_LIMIT
    project_id: str | None = Field(None, description="null: its parent's, or else its goal's.")
    parent_id: str | None = Field(None, description="The task that this one is a part of.")
    goal_id: str | None = Field(None, description="The goal that it serves; null: its parent's, if it has one.")
    budget_nano: Budget | None = None
    watchers: list[Member] = Field([], max_length=MAX_WATCHERS)

    def to_new(self) -> NewTask:
        return NewTask(
            title=self.title,
            brief=self.brief,
            acceptance=tuple(one if isinstance(one, str) else one.to_criterion() for one in self.acceptance),
            state=TaskState(self.state),
            priority=priority_of(self.priority),
            labels=tuple(self.labels),
            agent_id=self.agent_id,
            squad_id=self.squad_id,
            accountable_id=self.accountable_id,
            due_at=None if self.due_at is None else instant_in(self.due_at, "due_at"),
            review=None if self.review is None else ReviewPolicy(self.review),
            attempt_limit=self.attempt_limit,
            project_id=self.project_id,
            parent_id=self.parent_id,
            goal_id=self.goal_id,
            budget=self.budget_nano,
            watchers=tuple(self.watchers),
        )


class TaskPatch(RequestBody):
    title: Title | None = None
    brief: Brief | None = None
    acceptance: list[CriterionIn] | None = Field(None, max_length=MAX_CRITERIA)
    priority: PriorityName | None = None
    accountable_id: str | None = None
    labels: list[Label] | None = Field(None, max_length=MAX_LABELS)
    due_at: DueAt | None = Field(None, description="null takes it away.")
    review: Review | None = None
    attempt_limit: AttemptLimit | None = None
    project_id: str | None = Field(None, description="null takes it out of its project.")
    parent_id: str | None = Field(None, description="null makes it stand alone.")
    goal_id: str | None = Field(None, description="null: it serves no goal any more.")
    budget_nano: Budget | None = Field(None, description="null takes it away.")

    def to_change(self) -> TaskChange:
        return TaskChange(
            title=self.title,
            brief=self.brief,
            acceptance=None if self.acceptance is None else tuple(one.to_criterion() for one in self.acceptance),
            priority=None if self.priority is None else priority_of(self.priority),
            labels=None if self.labels is None else tuple(self.labels),
            accountable_id=self.accountable_id,
            due_at=None if self.due_at is None else instant_in(self.due_at, "due_at"),
            never_due=self.takes_away("due_at"),
            review=None if self.review is None else ReviewPolicy(self.review),
            attempt_limit=self.attempt_limit,
            project_id=self.project_id,
            no_project=self.takes_away("project_id"),
            parent_id=self.parent_id,
            no_parent=self.takes_away("parent_id"),
            goal_id=self.goal_id,
            no_goal=self.takes_away("goal_id"),
            budget=self.budget_nano,
            no_budget=self.takes_away("budget_nano"),
        )


class MoveIn(RequestBody):
    to: TaskState
    note: str | None = Field(None, max_length=NOTE_LENGTH, description="Why; the next worker reads it.")


class AssignIn(RequestBody):
    agent_id: str | None = Field(description="null: any agent may claim it, or any of the squad.")
    squad_id: str | None = Field(None, description="With no agent: any agent of that squad may claim it, and no other.")
    note: str | None = Field(None, max_length=NOTE_LENGTH, description="Hands it off: who claims it next reads it.")


class HoldIn(RequestBody):
    reason: str | None = Field(None, max_length=REASON_LENGTH)

"""What people send and see of a task to be made: shared by templates and schedules."""

from typing import Annotated

from pydantic import Field

from quarterdeck.control.shapes import RequestBody
from quarterdeck.control.tasks.bodies import (
    AttemptLimit,
    Brief,
    Budget,
    CriterionIn,
    CriterionText,
    Label,
    Member,
    Review,
    Title,
)
from quarterdeck.control.tasks.model import (
    DEFAULT_ATTEMPT_LIMIT,
    MAX_CRITERIA,
    MAX_LABELS,
    MAX_WATCHERS,
    Criterion,
    PriorityName,
    name_of,
    priority_of,
)
from quarterdeck.control.templates.model import MAX_VARIABLES, VALUE_LENGTH, VARIABLE, Draft, Variable

TEN_YEARS_S = 10 * 366 * 86_400


class DraftBody(RequestBody):
    """The task to be made. Texts may hold `{{variables}}`, among them `{{date}}`, `{{week}}` and `{{yesterday}}`."""

    title: Title
    brief: Brief = ""
    acceptance: list[CriterionText | CriterionIn] = Field([], max_length=MAX_CRITERIA)
    priority: PriorityName = "normal"
    labels: list[Label] = Field([], max_length=MAX_LABELS)
    agent_id: str | None = None
    squad_id: str | None = Field(None, description="In place of an agent: any agent of that squad may claim it.")
    accountable_id: str | None = None
    project_id: str | None = None
    goal_id: str | None = Field(None, description="The goal that its tasks serve, as long as that is there.")
    review: Review | None = None
    attempt_limit: AttemptLimit = DEFAULT_ATTEMPT_LIMIT
    budget_nano: Budget | None = None
    due_in_s: int | None = Field(None, ge=1, le=TEN_YEARS_S, description="Due so long after it was made.")
    watchers: list[Member] = Field([], max_length=MAX_WATCHERS)
    ready: bool = Field(True, description="false: it stands in the backlog.")

    def to_draft(self) -> Draft:
        return Draft(
            title=self.title,
            brief=self.brief,
            acceptance=tuple(Criterion(one) if isinstance(one, str) else one.to_criterion() for one in self.acceptance),
            priority=priority_of(self.priority),
            labels=tuple(self.labels),
            agent_id=self.agent_id,
            squad_id=self.squad_id,
            accountable_id=self.accountable_id,
            project_id=self.project_id,
            goal_id=self.goal_id,
            review=self.review,
            attempt_limit=self.attempt_limit,
            budget=self.budget_nano,
            due_in_s=self.due_in_s,
            watchers=tuple(self.watchers),
            ready=self.ready,
        )

    @classmethod
    def of(cls, draft: Draft) -> "DraftBody":
        return cls(
            title=draft.title,
            brief=draft.brief,
            acceptance=[
                CriterionIn(text=one.text, met=one.met, deliverable=one.deliverable) for one in draft.acceptance
            ],
            priority=name_of(draft.priority),
            labels=list(draft.labels),
            agent_id=draft.agent_id,
            squad_id=draft.squad_id,
            accountable_id=draft.accountable_id,
            project_id=draft.project_id,
            goal_id=draft.goal_id,
            review=draft.review,
            attempt_limit=draft.attempt_limit,
            budget_nano=draft.budget,
            due_in_s=draft.due_in_s,
            watchers=list(draft.watchers),
            ready=draft.ready,
        )


class VariableBody(RequestBody):
    name: str = Field(pattern=f"^{VARIABLE}$")
    default: str | None = Field(None, max_length=VALUE_LENGTH, description="null: a value has to be given.")
    description: str = Field("", max_length=1_000)

    def to_variable(self) -> Variable:
        return Variable(self.name, self.default, self.description)

    @classmethod
    def of(cls, variable: Variable) -> "VariableBody":
        return cls(name=variable.name, default=variable.default, description=variable.description)


Variables = Annotated[list[VariableBody], Field(max_length=MAX_VARIABLES)]
Values = Annotated[
    dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=VALUE_LENGTH)]],
    Field(max_length=MAX_VARIABLES, description="A value for each variable that has no default."),
]

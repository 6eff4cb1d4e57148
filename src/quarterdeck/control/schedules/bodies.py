"""What the API of schedules takes and shows."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from quarterdeck.control.schedules.actions import KEY_LENGTH, Wanted
from quarterdeck.control.schedules.model import (
    DEFAULT_PAUSE_AFTER,
    MAX_CATCH_UP,
    MAX_PAUSE_AFTER,
    NAME_LENGTH,
    CatchUp,
    Outcome,
    Overlap,
    ScheduleState,
    Trigger,
)
from quarterdeck.control.schedules.timing import CRON_LENGTH, MAX_INTERVAL_S, MIN_INTERVAL_S
from quarterdeck.control.shapes import Instant, Named, RequestBody, TaskNamed
from quarterdeck.control.templates.bodies import DraftBody, Values

Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
Cron = Annotated[
    str, Field(max_length=CRON_LENGTH, description="Five fields, such as `0 9 * * MON-FRI`; or `@daily` and the like.")
]
Zone = Annotated[str, Field(max_length=100, description="An IANA zone, such as Europe/Berlin.")]
Every = Annotated[int, Field(ge=MIN_INTERVAL_S, le=MAX_INTERVAL_S, description="Seconds.")]
CatchUpLimit = Annotated[int, Field(ge=1, le=MAX_CATCH_UP, description="How many at the most, with `all`.")]
PauseAfter = Annotated[
    int, Field(ge=1, le=MAX_PAUSE_AFTER, description="It pauses itself after so many failures in a row.")
]


class ScheduleIn(RequestBody):
    """Either `template_id` or `task` says what it makes."""

    name: Name
    trigger: Trigger
    cron: Cron | None = None
    zone: Zone = "UTC"
    every_s: Every | None = None
    template_id: str | None = None
    task: DraftBody | None = None
    variables: Values = {}
    overlap: Overlap = Overlap.SKIP
    catch_up: CatchUp = CatchUp.LAST
    catch_up_limit: CatchUpLimit = 1
    pause_after: PauseAfter = DEFAULT_PAUSE_AFTER
    owner_id: str | None = Field(None, description="The member who answers for its tasks; yourself when absent.")

    def to_wanted(self) -> Wanted:
        given = self.model_dump(exclude={"task"})
        return Wanted(**given, draft=None if self.task is None else self.task.to_draft())


class SchedulePatch(RequestBody):
    name: Name | None = None
    trigger: Trigger | None = None
    cron: Cron | None = None
    zone: Zone | None = None
    every_s: Every | None = None
    template_id: str | None = None
    task: DraftBody | None = None
    variables: Values | None = None
    overlap: Overlap | None = None
    catch_up: CatchUp | None = None
    catch_up_limit: CatchUpLimit | None = None
    pause_after: PauseAfter | None = None
    owner_id: str | None = None

    def to_values(self) -> dict[str, Any]:
        given = self.model_dump(exclude={"task"}, exclude_none=True)
        return given if self.task is None else {**given, "draft": self.task.to_draft()}


class PauseScheduleIn(RequestBody):
    reason: str | None = Field(None, max_length=1_000)


class FireIn(RequestBody):
    key: str | None = Field(
        None, min_length=1, max_length=KEY_LENGTH, description="The same key again fires once; absent, it always fires."
    )
    variables: Values = {}


class FiringPreviewIn(RequestBody):
    cron: Cron | None = None
    zone: Zone = "UTC"
    every_s: Every | None = None


class FiringPreviewOut(BaseModel):
    cron_words: str | None
    """What the expression says, in English; null: it fires by an interval."""
    next_firings: list[Instant]


class FiringOut(BaseModel):
    key: str
    at: Instant
    """The instant it stands for."""
    fired_at: Instant
    outcome: Outcome
    task: TaskNamed | None
    note: str | None
    """Why there is no task."""


class FiringsOut(BaseModel):
    items: list[FiringOut]
    next: str | None


class ScheduleOut(BaseModel):
    id: str
    name: str
    trigger: Trigger
    cron: str | None
    cron_words: str | None
    """What the expression says, in English: "At 09:00 on Monday through Friday"."""
    zone: str
    every_s: int | None
    template: Named | None
    task: DraftBody | None
    variables: dict[str, str]
    overlap: Overlap
    catch_up: CatchUp
    catch_up_limit: int
    pause_after: int
    owner: Named
    state: ScheduleState
    paused_reason: str | None
    failures: int
    """Firings in a row that could not make their task."""
    next_firings: list[Instant]
    """The next five; none while it is paused, or where no clock fires it."""
    hook_path: str | None
    """Where a webhook is to be sent."""
    secret_set: bool
    declared: bool
    created_at: Instant
    updated_at: Instant
    version: int


class SchedulesOut(BaseModel):
    items: list[ScheduleOut]
    next: str | None


class ScheduleMadeOut(ScheduleOut):
    secret: str | None
    """The webhook's secret, shown this once."""


class SecretOut(BaseModel):
    secret: str
    """Shown this once."""


class HookOut(BaseModel):
    outcome: Outcome
    task_id: str | None
    note: str | None

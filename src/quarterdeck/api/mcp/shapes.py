"""What the tools answer: small, flat, with the next step in words where there is one."""

from typing import Literal

from pydantic import BaseModel, Field

from quarterdeck.control.protocol.views import AssignmentOut
from quarterdeck.control.shapes import Instant
from quarterdeck.control.tasks.model import TaskState


class TaskLine(BaseModel):
    task_id: str
    ref: str = Field(description="What people call it, such as T-12; every tool takes it as task_id too.")
    title: str
    status: TaskState
    priority: str
    yours: bool = Field(description="Assigned to you or claimed by you; else it is nobody's yet, and you may claim it.")
    blocked: bool = Field(description="Waits for another task to be done; it cannot be claimed now.")


class TaskList(BaseModel):
    tasks: list[TaskLine] = Field(description="What you work on first, then the most urgent.")


class Claimed(BaseModel):
    task_id: str
    ref: str
    status: TaskState
    run_id: str
    attempt: int
    lease_expires_at: Instant = Field(description="Model calls on run_key and any tool on this task renew it.")
    run_key: str = Field(description="Use it as API key for every model call of this task.")
    base_url: str = Field(description="Where model calls go; OpenAI clients want /v1 after it.")
    trace_id: str
    assignment: AssignmentOut = Field(description="The brief, criteria, last review and comments.")


class Alive(BaseModel):
    task_id: str
    status: TaskState
    stop: bool = Field(description="Make no further model call: a person paused this work. `reason` says more.")
    reason: str | None
    lease_expires_at: Instant


class HandedIn(BaseModel):
    task_id: str
    status: TaskState
    deliverable_id: str
    title: str
    version: int
    new: bool = Field(description="False: the same content had been handed in already.")


class Commented(BaseModel):
    task_id: str
    status: TaskState
    comment_id: str
    told: list[str] = Field(description="Names of the people and agents this comment was delivered to.")


class Asked(BaseModel):
    task_id: str
    status: TaskState
    state: Literal["input_required"] = "input_required"
    question_id: str
    next: str


class ApprovalAsked(BaseModel):
    task_id: str
    status: TaskState
    approval_id: str
    state: str = Field(description="pending, approved, denied, used or expired.")
    comment: str | None
    next: str


class Answered(BaseModel):
    question_id: str
    task_id: str
    state: str = Field(description="open, answered, defaulted or expired.")
    answer: str | None
    stop: bool


class Reviewed(BaseModel):
    task_id: str
    reviewed_ref: str = Field(description="The task whose work you judged.")
    reviewed_status: TaskState
    next: str


class Moved(BaseModel):
    task_id: str
    ref: str
    status: TaskState
    run_id: str
    run_state: str
    blocked: bool
    next: str


class Split(BaseModel):
    task_id: str = Field(description="The task you hold, which the new one is a part of.")
    status: TaskState
    subtask_id: str
    subtask_ref: str
    agent: str | None = Field(description="Whom it is assigned to; null: any agent may claim it.")
    next: str


class Blocked(BaseModel):
    task_id: str
    status: TaskState
    waits_for: list[str] = Field(description="Refs of what has to be done first.")
    question_id: str | None
    next: str


class Came(BaseModel):
    kind: str
    task_id: str | None
    body: str
    sender_id: str | None
    created_at: Instant


class Inbox(BaseModel):
    items: list[Came]
    cursor: int = Field(description="Pass it as `after` next time; what is not acknowledged so comes again.")

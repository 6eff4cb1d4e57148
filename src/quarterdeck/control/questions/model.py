"""A question of an agent: open until a person answers it, or its deadline answers it by default."""

from dataclasses import dataclass
from enum import StrEnum

TEXT_LENGTH = 10_000
ANSWER_LENGTH = 10_000
MAX_OPTIONS = 20
OPTION_LENGTH = 500
MAX_DEADLINE_S = 30 * 24 * 3_600


class QuestionState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    DEFAULTED = "defaulted"
    """The deadline passed, and the default that the agent named holds."""
    EXPIRED = "expired"
    """The deadline passed, and there was no default."""


@dataclass(frozen=True, slots=True)
class Question:
    id: str
    workspace_id: str
    task_id: str
    run_id: str
    agent_id: str
    text: str
    options: tuple[str, ...]
    """Empty: any text is an answer."""
    free_text: bool
    """Whether an answer may be none of the options."""
    default_answer: str | None
    deadline_at: int | None
    state: QuestionState
    answer: str | None
    answered_by: str | None
    answered_at: int | None
    created_at: int


@dataclass(frozen=True, slots=True)
class NewQuestion:
    text: str
    options: tuple[str, ...] = ()
    free_text: bool = True
    default_answer: str | None = None
    deadline_s: int | None = None

"""What happened, said once, in the transaction in which it happened."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """A fact about one subject, for whoever listens: browsers, agents, notifications, webhooks.

    `kind` is `<subject>.<past participle>`, such as `task.moved`; `subject_id` is that row's id. `data` is JSON and
    holds no secret and no message body: it goes to browsers as it is.
    """

    workspace_id: str
    kind: str
    subject_id: str
    data: dict[str, Any] = field(default_factory=dict)
    actor: str | None = None
    """Id of the member or agent that did it; None when the system noticed it."""

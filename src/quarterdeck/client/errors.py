"""What can go wrong, as a worker sees it.

ClientError
├── Unreachable       no server answers, or it broke off; `patience_s` was not enough
├── NothingToDo       a claim found nothing in its time; `reason` says why
├── NoAnswer          nobody answered a question in its time
├── NotApproved       a person said no to an action, or nobody decided in time
├── Stopped           a person wants this run to stop: make no further model call
└── Refused           the server said no; `code` is stable, the message says what to do
    └── LeaseLost     the run is over or another worker has it: nothing was written
"""

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Root of what this client raises on purpose."""


class Unreachable(ClientError):
    """Nobody answers at the address."""


class NothingToDo(ClientError):
    """There is no task for this agent now."""

    def __init__(self, reason: str, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.reason = reason
        """none_ready, at_capacity, paused, retired, budget …"""
        self.retry_after_s = retry_after_s


class NoAnswer(ClientError):
    """A question is still open, or was let go without an answer."""

    def __init__(self, question_id: str, state: str) -> None:
        super().__init__(f"Question {question_id} has no answer: it is {state}.")
        self.question_id = question_id
        self.state = state


class NotApproved(ClientError):
    """Do not do it."""

    def __init__(self, action: str, state: str, comment: str | None) -> None:
        super().__init__(f"{action}: {state}" + (f" ({comment})" if comment else ""))
        self.state = state
        """denied, expired, or pending when it was waited for in vain."""
        self.comment = comment


class Stopped(ClientError):
    """The server asked the worker to stop; `reason` says why, such as `agent_paused`."""

    def __init__(self, reason: str | None) -> None:
        super().__init__(f"Stop now: {reason or 'a person asked for it'}.")
        self.reason = reason


class Refused(ClientError):
    """The server's problem document, as an exception."""

    def __init__(self, status: int, code: str, message: str, extra: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.extra = extra


class LeaseLost(Refused):
    """This run is not ours any more. Stop, and claim anew."""


def refusal(status: int, body: Mapping[str, Any]) -> Refused:
    """From a problem document, or whatever else came with an error's status."""
    code = str(body.get("code") or "unknown")
    message = str(body.get("detail") or body.get("title") or f"The server answered {status}.")
    kind = LeaseLost if code in ("lease_lost", "run_ended") else Refused
    return kind(status, code, message, body)

"""What a run is to its worker, whichever client holds it: its facts, its environment, what it becomes at its end."""

import asyncio
import importlib
import os
import time
from typing import Any

from quarterdeck.client import crash
from quarterdeck.client.asks import Hold, Nothing
from quarterdeck.client.environment import Environment, traceparent, variables
from quarterdeck.client.errors import LeaseLost, NothingToDo, Stopped
from quarterdeck.client.shapes import Claim, Task

SUCCEEDED = "succeeded"
FAILED = "failed"
RELEASED = "released"
REASON_LENGTH = 200
_TAKEN_OUT = (Stopped, KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)
"""What ends a worker from outside is nobody's failure: the task is given back."""


class Worked:
    """The part of a run that needs no server."""

    def __init__(self, claim: Claim, url: str, environment: Environment | None) -> None:
        self.claim = claim
        self.finished = False
        self.summary: str | None = None
        """What you did, for people to read; told when the run finishes by itself at the end of its `with`."""
        self._url = url
        self._environment = environment

    @property
    def id(self) -> str:
        return self.claim.run_id

    @property
    def task(self) -> Task:
        return self.claim.task

    @property
    def run_key(self) -> str:
        """The key of this run's model calls: whatever it pays for belongs to the run and its task."""
        return self.claim.run_key

    @property
    def base_url(self) -> str:
        """Where model calls go: OpenAI's clients want `/v1` after it."""
        return self.claim.base_url

    @property
    def hold(self) -> Hold:
        return Hold(self.claim.run_id, self.claim.fence)

    @property
    def headers(self) -> dict[str, str]:
        """Headers for model clients made by hand; with the run key they add only the trace."""
        return {"traceparent": traceparent(self.claim.trace_id)}

    def env(self, **more: str) -> dict[str, str]:
        """A whole environment for a program that works for this run, such as `claude -p` or a script."""
        return {**os.environ, **variables(self.claim, self._url), **more}

    def _model_client(self, module: str, name: str, base_url: str, given: dict[str, Any]) -> Any:
        made = getattr(importlib.import_module(module), name)
        headers = {**self.headers, **(given.pop("default_headers", None) or {})}
        return made(**{"base_url": base_url, "api_key": self.run_key, **given}, default_headers=headers)

    def _set_environment(self) -> None:
        if self._environment is not None:
            self._environment.set(variables(self.claim, self._url))

    def _over(self) -> None:
        self.finished = True
        if self._environment is not None:
            self._environment.release()


def ending(run: Worked, error: BaseException | None) -> tuple[str, str | None, str | None] | None:
    """(outcome, reason, summary) a `with` block ends its run by; None when the run has ended already.

    Who was told to stop, or is interrupted, gives the task back; any other exception is a failure of the attempt.
    """
    if run.finished or isinstance(error, LeaseLost):
        return None
    if error is None:
        return SUCCEEDED, None, run.summary
    if isinstance(error, _TAKEN_OUT):
        words = " ".join(str(error).split()) or f"the worker was ended: {type(error).__name__}"
        return RELEASED, words[:REASON_LENGTH], None
    return FAILED, crash.reason_of(error), crash.summary_of(error)


def give_up(found: Nothing, deadline: float | None) -> None:
    """Raises NothingToDo when the time is over, or when no waiting will help."""
    if found.reason == "retired" or (deadline is not None and time.monotonic() >= deadline):
        raise NothingToDo(found.reason, found.message, found.retry_after_s)

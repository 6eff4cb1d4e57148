"""What a run's model clients read from the environment: base URL, run key and headers, for each official SDK.

The environment belongs to the whole process, so only one run at a time may set it; two at once would charge each
other's calls.
"""

import os
import threading
from types import TracebackType

from quarterdeck.client.shapes import Claim

_taken = threading.Lock()


def variables(claim: Claim, url: str) -> dict[str, str]:
    """Environment variables for programs and SDKs that work for this run, also in another process."""
    root, key = claim.base_url.rstrip("/"), claim.run_key
    return {
        "QUARTERDECK_URL": url,
        "QUARTERDECK_RUN": claim.run_id,
        "QUARTERDECK_TASK": claim.task.id,
        "QUARTERDECK_RUN_KEY": key,
        "OPENAI_BASE_URL": f"{root}/v1",
        "OPENAI_API_KEY": key,
        "ANTHROPIC_BASE_URL": root,
        "ANTHROPIC_API_KEY": key,
        "ANTHROPIC_CUSTOM_HEADERS": f"traceparent: {traceparent(claim.trace_id)}",
        "GOOGLE_GEMINI_BASE_URL": root,
        "GEMINI_API_KEY": key,
        "TRACEPARENT": traceparent(claim.trace_id),
    }


def traceparent(trace_id: str) -> str:
    """A W3C header whose trace is the run's: spans below it, and calls that carry it, belong to the run."""
    return f"00-{trace_id}-{trace_id[:16]}-01"


class Taken(RuntimeError):
    """Another run of this process holds the environment."""

    def __init__(self) -> None:
        super().__init__(
            "Another run of this process has set the environment for its model clients. Claim this one with "
            "environment=False and make clients with run.openai() and run.anthropic()."
        )


class Environment:
    """The variables of one run, set while it is entered and put back afterwards."""

    def __init__(self) -> None:
        """Raises Taken when another run of this process holds the environment."""
        if not _taken.acquire(blocking=False):
            raise Taken
        self._held = True
        self._before: dict[str, str | None] = {}

    def set(self, values: dict[str, str]) -> None:
        self._before = {name: os.environ.get(name) for name in values}
        os.environ.update(values)

    def release(self) -> None:
        """Put back what was there. Twice is no harm."""
        if not self._held:
            return
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._held = False
        _taken.release()

    def __enter__(self) -> "Environment":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

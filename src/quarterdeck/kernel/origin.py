"""Where a change comes from: known where a request or a loop begins, asked where the change is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """`via` is dashboard, api, mcp, a2a, file or system. `actor_id` is who asked; `request_id` ties what one request
    changed."""

    via: str = "system"
    actor_id: str | None = None
    request_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None


SYSTEM = Origin()
_current: ContextVar[Origin] = ContextVar("quarterdeck_origin", default=SYSTEM)


def current() -> Origin:
    return _current.get()


@contextmanager
def acting(origin: Origin) -> Iterator[None]:
    """Everything written within the block comes from there."""
    token = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(token)

"""What the gateways tell this process: calls in flight, and providers that are in trouble. Never stored.

A request's code finds it here by a context variable, which the API sets for each request and the watcher for itself: so
whatever shows a task or an agent need not be handed it through every call.
"""

from contextvars import ContextVar
from typing import Protocol

from quarterdeck.access.wire import OpenCall, ProviderState, TrialState


class Wire(Protocol):
    """What is on the wire now, at most half a second old."""

    def open_calls(self, workspace_id: str) -> list[OpenCall]: ...

    def provider_states(self, workspace_id: str) -> list[ProviderState]: ...

    def trial_states(self, workspace_id: str) -> list[TrialState]: ...


class NoWire:
    """For a process that serves no gateway."""

    def open_calls(self, workspace_id: str) -> list[OpenCall]:
        return []

    def provider_states(self, workspace_id: str) -> list[ProviderState]:
        return []

    def trial_states(self, workspace_id: str) -> list[TrialState]:
        return []


_NOTHING = NoWire()
_current: ContextVar[Wire | None] = ContextVar("wire", default=None)


def use(wire: Wire) -> None:
    """From here on, in this task and those that it starts, `current` answers this."""
    _current.set(wire)


def current() -> Wire:
    return _current.get() or _NOTHING

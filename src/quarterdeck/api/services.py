"""What the application is composed of. Built in one place, handed over whole."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quarterdeck.access import wire
from quarterdeck.access.throttle import Throttle
from quarterdeck.access.vault import Vault
from quarterdeck.control.deliverables.files import Remote
from quarterdeck.control.http import Gateways
from quarterdeck.control.providers.model import Checked, CheckOutcome, Credential, Provider
from quarterdeck.control.settings.model import About, IngestState
from quarterdeck.control.status.wire import NoWire, Wire
from quarterdeck.db import Database
from quarterdeck.db.outbox import EventFeed


class NoGateways:
    """For a control process that serves no gateway, as in tests: all it is asked is done already."""

    async def ensure_published(self) -> None:
        return

    async def end_calls(self, *, scope: str, ids: Collection[str], code: str, message: str) -> int:
        return 0

    def budget_states(self, workspace_id: str) -> list[wire.BudgetState]:
        return []

    def limit_states(self, workspace_id: str) -> list[wire.LimitState]:
        return []


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether we can serve, and what is not as it should be, in plain words."""

    ready: bool
    degraded: list[str] = field(default_factory=list)


async def always_ready() -> Readiness:
    return Readiness(True)


async def no_ingest() -> IngestState:
    return IngestState()


async def no_metrics() -> bytes:
    return b""


async def unchecked(_: Provider, __: Credential | None) -> Checked:
    return Checked(CheckOutcome.UNKNOWN, "This process asks no provider anything.")


@dataclass(frozen=True, slots=True)
class Services:
    """The shared objects that routes use."""

    db: Database
    vault: Vault
    throttle: Throttle
    about: About
    feed: EventFeed
    """Run by whoever builds this: `async with feed.running(): …`, from before the first request on."""
    packs: Any = None
    """Where the bodies of calls are kept; for the routes that show them."""
    gateways: Gateways = field(default_factory=NoGateways)
    wire: Wire = field(default_factory=NoWire)
    """What is in flight now, for the shown status."""
    readiness: Callable[[], Awaitable[Readiness]] = always_ready
    ingest_state: Callable[[], Awaitable[IngestState]] = no_ingest
    metrics: Callable[[], Awaitable[bytes]] = no_metrics
    """The body of /metrics, in Prometheus' text format."""
    check_provider: Callable[[Provider, Credential | None], Awaitable[Checked]] = unchecked
    files: Path | None = None
    """The directory of files that agents hand in; None: this process takes none."""
    remote: Remote | None = None
    """Object storage that keeps those files too."""
    push_hosts: frozenset[str] = frozenset()
    web_push_hosts: frozenset[str] = frozenset()
    """Hosts inside private networks that A2A's push notifications may go to."""
    dashboard: Path | None = None
    """The built dashboard's directory; None: the one in the package."""

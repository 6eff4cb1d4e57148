"""What a call is made with."""

from collections.abc import Callable
from dataclasses import dataclass, field

from quarterdeck.gateway.hooks import Hooks
from quarterdeck.gateway.metrics import Metrics
from quarterdeck.gateway.open_calls import OpenCalls
from quarterdeck.gateway.providers.signer import Signer
from quarterdeck.gateway.resilience.health import HealthBook
from quarterdeck.gateway.routing.compiled import RouteBook
from quarterdeck.gateway.settle import Settler
from quarterdeck.gateway.snapshot import SnapshotHolder
from quarterdeck.gateway.transport import Transport


@dataclass(frozen=True, slots=True)
class Parts:
    """The pieces of one gateway process that a call passes through."""

    holder: SnapshotHolder
    transport: Transport
    settler: Settler
    open_calls: OpenCalls
    metrics: Metrics
    body_limit: int
    now: Callable[[], int]
    """Microseconds since the epoch."""
    signer: Signer
    health: HealthBook = field(default_factory=HealthBook)
    routes: RouteBook = field(default_factory=RouteBook)

    @property
    def hooks(self) -> Hooks:
        """Who else takes part; the settler tells them of the end."""
        return self.settler.hooks

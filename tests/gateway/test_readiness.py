"""/readyz: ready when what stands behind it is, and no load balancer turns calls away for a page that is missing."""

from typing import Any, ClassVar

import msgspec
import pytest
from gateway_world import Gateway

from quarterdeck.gateway.health import Health


class Control:
    """What the gateway hears of control. It is away until `connected`, starts until `answer` is set."""

    connected = False
    answer: bytes | None = None

    def providers(self) -> list[Any]:
        return []

    async def text(self, _: str) -> bytes | None:
        return self.answer


class Asked:
    """One request for /readyz."""

    path: ClassVar[str] = "/readyz"

    def respond(self, status: int, _: Any, body: bytes) -> None:
        self.status, self.said = status, msgspec.json.decode(body)


@pytest.fixture
def control() -> Control:
    return Control()


def health(gateway: Gateway, control: Any, control_starts_s: float) -> Health:
    parts: Any = gateway.parts
    return Health(
        gateway.holder,
        control,
        parts.settler,
        gateway.open_calls,
        parts.metrics,
        control,
        parts,
        control_starts_s=control_starts_s,
    )


async def ask(made: Health) -> tuple[int, list[str]]:
    asked: Any = Asked()
    await made(asked)
    return asked.status, asked.said["degraded"]


async def test_a_gateway_that_starts_is_ready_once_control_serves_and_stays_so(
    gateway: Gateway, control: Control
) -> None:
    made = health(gateway, control, 3600.0)
    status, degraded = await ask(made)
    assert status == 503 and "control is away" in degraded[0]
    control.connected = True
    status, degraded = await ask(made)
    assert status == 503 and "control is starting" in degraded[0]
    control.answer = b'{"ready":true,"degraded":[]}'
    assert await ask(made) == (200, [])
    control.answer = None
    status, degraded = await ask(made)
    assert status == 200 and "control is starting" in degraded[0]
    control.connected = False
    assert (await ask(made))[0] == 200


async def test_without_control_it_is_ready_after_a_while_for_calls_are_served_from_what_it_kept(
    gateway: Gateway, control: Control
) -> None:
    status, degraded = await ask(health(gateway, control, 0.0))
    assert status == 200 and "control is away" in degraded[0]

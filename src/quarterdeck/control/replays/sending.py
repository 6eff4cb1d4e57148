"""One step of a replay as the request that goes to the gateway. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from quarterdeck.control.replays.model import Replay, Step
from quarterdeck.control.replays.planning import World, planned
from quarterdeck.ledger.calls import StoredCall

_KEPT = frozenset({"anthropic-version", "anthropic-beta", "openai-beta"})
"""Headers of the recorded call that say how its body is to be understood."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    target: bytes
    """Path and query, percent-encoded."""
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


def outgoing(
    world: World,
    replay: Replay,
    step: Step,
    call: StoredCall,
    body: bytes,
    recorded: Sequence[tuple[str, str]],
    config: dict[str, Any] | None,
    key: str,
) -> Outgoing:
    """`recorded` are the call's headers, `config` the route's at the version that is wanted, `key` the replay's own.

    Raises CannotReplay.
    """
    rebuilt = planned(world, replay.target, call, body).rebuilt
    headers = [
        (b"authorization", b"Bearer " + key.encode()),
        (b"content-type", b"application/json"),
        (b"accept-encoding", b"identity"),
        (b"user-agent", b"Quarterdeck-Replay/1"),
        (b"x-quarterdeck-tags", b"replay_step=%d,replay_of=%b" % (step.number, call.id.encode())),
        # An answer that was given before would be no answer to this question.
        (b"x-portkey-cache", b"off"),
        *(
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in recorded
            if name.lower() in _KEPT
        ),
    ]
    if replay.target.route is not None:
        pinned = replay.target.route_version is not None and config is not None
        headers.append(
            (b"x-portkey-config", msgspec.json.encode(config))
            if pinned
            else (b"x-quarterdeck-route", replay.target.route.encode())
        )
    query = b"?alt=sse" if call.endpoint.endswith(":streamGenerateContent") and _is_sse(call) else b""
    return Outgoing(rebuilt.path.encode() + query, headers, rebuilt.body)


def _is_sse(call: StoredCall) -> bool:
    return (call.response_type or "").startswith("text/event-stream")

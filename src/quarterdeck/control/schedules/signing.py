"""Who may fire by a webhook: whoever signed the body with its secret."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from quarterdeck.kernel.clock import MINUTE, SECOND
from quarterdeck.kernel.errors import Unauthenticated

PREFIX = "qd-h-"
TOLERANCE_S = 300
REPLAY_WINDOW = 30 * MINUTE
"""An equal body whose signature has no instant in it is the same delivery for so long. Who fires each hour may send
the same words each hour."""
_OURS = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")
_GITHUB = re.compile(r"sha256=([0-9a-f]{64})")
_DELIVERIES = ("idempotency-key", "x-github-delivery", "x-request-id")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came by a webhook: the same `key` is the same delivery, sent again by who sent it; so is the same `signed`
    when it came at `since` or later, for whoever sends that: ids of deliveries stand in headers, which nobody signs."""

    key: str
    signed: str
    since: int


def new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def bound_to(schedule_id: str) -> str:
    """What the vault binds a webhook's secret to."""
    return f"schedules/{schedule_id}"


def signature(secret: str, body: bytes, at_s: int) -> str:
    """`x-quarterdeck-signature` of a body sent at `at_s` (seconds since the epoch)."""
    return f"t={at_s},v1={_mac(secret, f'{at_s}.'.encode() + body)}"


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: int) -> Delivery:
    """What was delivered, by whoever has the secret.

    `x-quarterdeck-signature: t=<seconds>,v1=<HMAC-SHA256 of "<t>." + body>`, no older than five minutes; or, as GitHub
    and others do it, `x-hub-signature-256: sha256=<HMAC-SHA256 of the body>`. Raises Unauthenticated.
    """
    given = next((headers[name] for name in _DELIVERIES if headers.get(name)), None)
    key = None if given is None else _digest(given.encode())
    ours = _OURS.fullmatch(headers.get("x-quarterdeck-signature", ""))
    theirs = _GITHUB.fullmatch(headers.get("x-hub-signature-256", ""))
    if ours is not None:
        at_s = int(ours[1])
        if hmac.compare_digest(ours[2], _mac(secret, f"{at_s}.".encode() + body)):
            if abs(now // SECOND - at_s) > TOLERANCE_S:
                raise Unauthenticated("The signature is not of the last five minutes; sign again, by a right clock.")
            signed = f"{at_s}:{_digest(body)}"
            return Delivery(key or signed, signed, 0)
    elif theirs is not None and hmac.compare_digest(theirs[1], _mac(secret, body)):
        signed = _digest(body)
        return Delivery(key or f"{now}:{signed}", signed, now - REPLAY_WINDOW)
    raise refused()


def refused() -> Unauthenticated:
    """The same words whether there is no such webhook or the signature is another one's."""
    return Unauthenticated("Sign the body with this webhook's secret: x-quarterdeck-signature or x-hub-signature-256.")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:40]


def _mac(secret: str, data: bytes) -> str:
    return hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()

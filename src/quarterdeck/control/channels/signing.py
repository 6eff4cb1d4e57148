"""Signatures of outgoing webhooks, as Standard Webhooks has them, so receivers have a library for it."""

import base64
import binascii
import hashlib
import hmac
import secrets

from quarterdeck.kernel.errors import Invalid

PREFIX = "whsec_"
_BYTES = 32
_LEAST, _MOST = 24, 64


def make_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def checked_secret(text: str) -> str:
    """A secret that somebody brings. Raises Invalid."""
    secret = text.strip()
    try:
        size = len(_key(secret))
    except (binascii.Error, ValueError):
        size = 0
    if not _LEAST <= size <= _MOST:
        raise Invalid(f"A webhook's secret is {PREFIX} and {_LEAST} to {_MOST} bytes in base64.", field="secret")
    return secret


def headers(secret: str, message_id: str, body: bytes, at_s: int) -> list[tuple[str, str]]:
    """What goes with a body: its id, when it was sent, and `v1,` with an HMAC-SHA256 over all three."""
    return [
        ("webhook-id", message_id),
        ("webhook-timestamp", str(at_s)),
        ("webhook-signature", f"v1,{sign(secret, message_id, body, at_s)}"),
    ]


def sign(secret: str, message_id: str, body: bytes, at_s: int) -> str:
    signed = f"{message_id}.{at_s}.".encode() + body
    return base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)

"""Web push as browsers understand it: a message encrypted for one browser (RFC 8291, RFC 8188) and a request that says
who sends it (VAPID, RFC 8292). Pure; what goes over the wire is sent like any other delivery."""

import base64
import binascii
import json
import os
import struct
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from quarterdeck.kernel.errors import Invalid

POINT_BYTES = 65
AUTH_BYTES = 16
RECORD_BYTES = 4096
MAX_MESSAGE_BYTES = 2_800
"""Push services take bodies of 4 KiB; with head, tag and room for those that take less."""
TTL_S = 24 * 3600
"""So long a push service keeps it for a browser that is away."""
_TOKEN_S = 12 * 3600
_CURVE = ec.SECP256R1()


@dataclass(frozen=True, slots=True)
class BrowserKeys:
    """What a browser's subscription brings: its public key, and a secret that it shares with us."""

    p256dh: bytes
    auth: bytes


def new_key() -> bytes:
    """A private VAPID key: 32 bytes."""
    return ec.generate_private_key(_CURVE).private_numbers().private_value.to_bytes(32, "big")


def public_of(private: bytes) -> bytes:
    """The uncompressed point that browsers are given."""
    return _point(_private(private))


def browser_keys(p256dh: str, auth: str) -> BrowserKeys:
    """From base64url. Raises Invalid for what is no point of the curve, or no secret."""
    keys = BrowserKeys(unpadded(p256dh, "p256dh"), unpadded(auth, "auth"))
    if len(keys.auth) != AUTH_BYTES:
        raise Invalid(f"auth has {AUTH_BYTES} bytes in base64url.", field="auth")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, keys.p256dh)
    except ValueError:
        raise Invalid("p256dh is no public key of a browser.", field="p256dh") from None
    return keys


def message(lines: list[dict[str, Any]], title: str, body: str) -> bytes:
    """What the browser shows: title, text, and where a click leads when it is about one thing. Never too long."""
    url = lines[0].get("url") if len(lines) == 1 else None
    shown = lines[0].get("body") or "" if len(lines) == 1 else body
    while True:
        said = json.dumps({"title": title[:200], "body": shown, "url": url}, ensure_ascii=False).encode()
        if len(said) <= MAX_MESSAGE_BYTES or not shown:
            return said
        shown = shown[: len(shown) * 3 // 4].rstrip() + "…" if len(shown) > 8 else ""


def encrypted(plain: bytes, keys: BrowserKeys, *, sender: bytes | None = None, salt: bytes | None = None) -> bytes:
    """A body that only that browser reads. `sender` and `salt` are made anew unless a test gives them."""
    ours = _private(new_key() if sender is None else sender)
    salt = os.urandom(16) if salt is None else salt
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, keys.p256dh)
    point = _point(ours)
    shared = ours.exchange(ec.ECDH(), theirs)
    material = _derived(shared, keys.auth, b"WebPush: info\0" + keys.p256dh + point, 32)
    key = _derived(material, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(material, salt, b"Content-Encoding: nonce\0", 12)
    # One record, which the delimiter 2 says is the last.
    return (
        salt + struct.pack("!IB", RECORD_BYTES, len(point)) + point + AESGCM(key).encrypt(nonce, plain + b"\x02", None)
    )


def headers(endpoint: str, private: bytes, contact: str, now_s: int) -> list[tuple[bytes, bytes]]:
    """Of the request that carries an encrypted body. `contact` is a `mailto:` or `https:` address."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": now_s + _TOKEN_S, "sub": contact}
    signed = ".".join(encoded(json.dumps(each).encode()) for each in ({"typ": "JWT", "alg": "ES256"}, claims))
    r, s = decode_dss_signature(_private(private).sign(signed.encode(), ec.ECDSA(SHA256())))
    token = f"{signed}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    return [
        (b"authorization", f"vapid t={token}, k={encoded(public_of(private))}".encode()),
        (b"content-encoding", b"aes128gcm"),
        (b"content-type", b"application/octet-stream"),
        (b"ttl", str(TTL_S).encode()),
        (b"urgency", b"high"),
    ]


def unpadded(text: str, field: str) -> bytes:
    """Bytes from base64url with or without padding. Raises Invalid, naming the field."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(f"{field} is not base64url.", field=field) from None


def encoded(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


def _private(raw: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(raw, "big"), _CURVE)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

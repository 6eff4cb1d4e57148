"""The text of a virtual key: a prefix that names its kind, 36 random characters, a checksum.

The checksum lets a scanner tell a leaked key from a look-alike without asking us, and lets us refuse a mistyped key
without a look-up. Only the SHA-256 of the text is ever stored: the random part holds 214 bits, so a slow hash would
protect nothing.
"""

import hashlib
import secrets
import zlib
from enum import StrEnum

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH = 36
_CHECKSUM_LENGTH = 6
_PREFIX_LENGTH = 5
MIN_BROUGHT_LENGTH = 16
"""A key somebody brings may be any text, but not one that can be guessed."""


class KeyKind(StrEnum):
    """Whom a key speaks for."""

    AGENT = "agent"
    RUN = "run"
    MEMBER = "member"


_PREFIX = {KeyKind.AGENT: "qd-a-", KeyKind.RUN: "qd-r-", KeyKind.MEMBER: "qd-m-"}
_KIND = {prefix: kind for kind, prefix in _PREFIX.items()}


def make_key(kind: KeyKind) -> tuple[str, bytes]:
    """A new key: its text, to be shown once, and the hash to store."""
    body = _PREFIX[kind] + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    text = body + _checksum(body)
    return text, key_hash(text)


def parse_key(text: str) -> KeyKind | None:
    """The kind a well-formed key of ours names; None when the text is not one or its checksum is wrong."""
    kind = _KIND.get(text[:_PREFIX_LENGTH])
    if kind is None or len(text) != _PREFIX_LENGTH + _RANDOM_LENGTH + _CHECKSUM_LENGTH:
        return None
    body, checksum = text[:-_CHECKSUM_LENGTH], text[-_CHECKSUM_LENGTH:]
    return kind if secrets.compare_digest(_checksum(body).encode(), checksum.encode()) else None


def looks_mistyped(text: str) -> bool:
    """Whether the text begins as a key of ours does and yet cannot be one: refused without a look-up."""
    return text[:_PREFIX_LENGTH] in _KIND and parse_key(text) is None


def key_hash(text: str) -> bytes:
    """What is stored of a key, and looked up by: 32 bytes."""
    return hashlib.sha256(text.encode()).digest()


def hint(text: str) -> str:
    """Enough of a key to recognise it by in a list: `qd-a-3fkQ…9z`."""
    return f"{text[:9]}…{text[-2:]}" if parse_key(text) else f"{text[:2]}…{text[-2:]}"


def _checksum(body: str) -> str:
    value = zlib.crc32(body.encode())
    letters = []
    for _ in range(_CHECKSUM_LENGTH):
        value, rest = divmod(value, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return "".join(reversed(letters))

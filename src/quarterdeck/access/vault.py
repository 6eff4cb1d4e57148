"""Secrets that must be read back are sealed with AES-256-GCM, bound to the row they belong to.

The data key rests in `DATA/secret.key` (mode 0600) or comes from `QUARTERDECK_SECRET_KEY`: 32 bytes as base64, the
current key first, older ones after it, separated by white space or commas. A sealed value names its key, so that a key
can be rotated and a wrong one is told from damage.
"""

import base64
import binascii
import hashlib
import os
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from quarterdeck.kernel.errors import QuarterdeckError

FILE_NAME = "secret.key"
_KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12
_FORMAT = b"\x01"


class VaultError(QuarterdeckError):
    """A secret cannot be opened, or there is no usable key; the message says which and what to do."""

    code = "vault"


class Vault:
    """Seals with the first key; opens with whichever key a value names."""

    def __init__(self, keys: list[bytes]) -> None:
        if not keys or any(len(key) != _KEY_BYTES for key in keys):
            raise VaultError(f"A secret key must be {_KEY_BYTES} bytes.")
        self._ciphers = {_key_id(key): AESGCM(key) for key in reversed(keys)}
        self._current = _key_id(keys[0])

    @classmethod
    def open(cls, directory: Path, given: str | None = None) -> "Vault":
        """The vault of a data directory; its key file is made when there is none. `given` overrides the file.

        Raises VaultError when the key is not base64 of 32 bytes.
        """
        if given is not None:
            return cls(_parse(given, "QUARTERDECK_SECRET_KEY"))
        path = directory / FILE_NAME
        if not path.exists():
            _create(path)
        return cls(_parse(path.read_text(), str(path)))

    def seal(self, plain: bytes, bound_to: str) -> bytes:
        """Encrypt `plain` so that it opens only with the same `bound_to`, such as `credentials/cred_01…`."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, plain, bound_to.encode())
        return _FORMAT + self._current + nonce + sealed

    def is_current(self, sealed: bytes) -> bool:
        """Whether the first key sealed it."""
        return sealed[: len(_FORMAT) + _ID_BYTES] == _FORMAT + self._current

    def unseal(self, sealed: bytes, bound_to: str) -> bytes:
        """Raises VaultError when the key is another one, or the value was damaged or moved from another row."""
        head = len(_FORMAT) + _ID_BYTES
        if sealed[:1] != _FORMAT or len(sealed) < head + _NONCE_BYTES:
            raise VaultError(f"The sealed value of {bound_to} is damaged.")
        key_id = sealed[1:head]
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise VaultError(
                f"The secret of {bound_to} was sealed with key {key_id.hex()}, which this server does not have: "
                f"bring back the {FILE_NAME} it was sealed with, or enter the secret again."
            )
        try:
            return cipher.decrypt(sealed[head : head + _NONCE_BYTES], sealed[head + _NONCE_BYTES :], bound_to.encode())
        except InvalidTag:
            raise VaultError(f"The sealed value of {bound_to} is damaged or belongs to another row.") from None


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"quarterdeck key id" + key).digest()[:_ID_BYTES]


def _create(path: Path) -> None:
    """Exclusively, so that of two starting processes one makes the key and both read it."""
    text = base64.b64encode(os.urandom(_KEY_BYTES)) + b"\n"
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
    fresh = Path(name)
    try:
        os.write(descriptor, text)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _parse(text: str, where: str) -> list[bytes]:
    keys = []
    for part in text.replace(",", " ").split():
        try:
            keys.append(base64.b64decode(part, validate=True))
        except (binascii.Error, ValueError):
            raise VaultError(f"{where} does not hold base64; it must be {_KEY_BYTES} bytes in base64.") from None
    if not keys or any(len(key) != _KEY_BYTES for key in keys):
        raise VaultError(f"{where} must hold {_KEY_BYTES} bytes in base64.")
    return keys

"""From a channel's row to its address: opened, or read from the environment or a file."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from quarterdeck.access.vault import Vault, VaultError
from quarterdeck.control.channels.model import Address, Channel, ChannelKind, checked_url
from quarterdeck.control.channels.signing import checked_secret
from quarterdeck.kernel.errors import Invalid, QuarterdeckError

MAX_FILE_BYTES = 64 * 1024


class NoAddress(QuarterdeckError):
    """A channel's address cannot be read; the message says why."""

    code = "channel_address"


def sealed(vault: Vault, channel_id: str, address: Address) -> bytes:
    return vault.seal(json.dumps([address.url, address.secret]).encode(), f"channels/{channel_id}")


def opened(channel: Channel, vault: Vault, environ: Mapping[str, str] = os.environ) -> Address:
    """Blocking: it may be in a file. Raises NoAddress."""
    try:
        if channel.sealed is not None:
            url, secret = json.loads(vault.unseal(channel.sealed, f"channels/{channel.id}"))
            return Address(url, secret)
        if channel.reference is None:
            raise NoAddress(f"{channel.name} has no address.")
        url = checked_url(channel.kind, read(channel.reference, environ), allow_private=channel.allow_private)
        secret = None
        if channel.kind is ChannelKind.WEBHOOK and channel.secret_reference is not None:
            secret = checked_secret(read(channel.secret_reference, environ))
        return Address(url, secret)
    except (VaultError, Invalid) as error:
        raise NoAddress(f"The address of {channel.name} cannot be used: {error.message}") from None


def read(reference: str, environ: Mapping[str, str]) -> str:
    """The text that `env:NAME` or `file:PATH` stands for. Raises Invalid when there is none."""
    source, _, name = reference.partition(":")
    if source == "env":
        if not environ.get(name):
            raise Invalid(f"the environment variable {name} is not set")
        return environ[name].strip()
    try:
        with Path(name).open("rb") as file:
            return file.read(MAX_FILE_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError):
        raise Invalid(f"the file {name} cannot be read") from None

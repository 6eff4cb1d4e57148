"""From a credential's row to the secret: opened, read from the environment, or from a file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quarterdeck.access.catalogue import SPECS
from quarterdeck.access.vault import Vault, VaultError
from quarterdeck.control.providers.model import Credential, Provider, Source, checked_secret
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.ids import new_id

MAX_FILE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Resolved:
    """A secret, or why there is none. Both None: the provider needs no secret."""

    secret: str | None = None
    problem: str | None = None


def stored(vault: Vault, provider_id: str, secret: bytes) -> Credential:
    """A credential whose secret rests, sealed, in our database."""
    credential_id = new_id("cred")
    return Credential(credential_id, provider_id, Source.STORED, None, vault.seal(secret, _bound(credential_id)))


def referenced(provider_id: str, text: str) -> Credential:
    """A credential from `env:NAME` or `file:PATH`. Raises Invalid for anything else."""
    source, _, reference = text.partition(":")
    if source not in (Source.ENV, Source.FILE) or not reference:
        raise Invalid('a credential is written "env:NAME" or "file:PATH".', field="credential")
    return Credential(new_id("cred"), provider_id, Source(source), reference, None)


def resolve(
    provider: Provider, credential: Credential | None, vault: Vault, environ: Mapping[str, str] = os.environ
) -> Resolved:
    """Never raises: a secret that cannot be had makes one provider unusable, not the server."""
    if credential is None:
        if SPECS[provider.kind].needs_secret:
            return Resolved(problem=f"{provider.name} has no credential: enter its secret")
        return Resolved()
    try:
        return Resolved(checked_secret(_read(credential, vault, environ), SPECS[provider.kind]).decode())
    except VaultError as error:
        return Resolved(problem=error.message)
    except (Invalid, OSError, UnicodeDecodeError) as error:
        words = error.message if isinstance(error, Invalid) else _why(error)
        return Resolved(problem=f"the credential {credential.shown} of {provider.name} cannot be used: {words}")


def _read(credential: Credential, vault: Vault, environ: Mapping[str, str]) -> str:
    if credential.source is Source.STORED:
        return vault.unseal(credential.sealed or b"", _bound(credential.id)).decode()
    reference = credential.reference or ""
    if credential.source is Source.ENV:
        value = environ.get(reference)
        if not value:
            raise Invalid("the environment variable is not set; set it and start again")
        return value
    with Path(reference).open("rb") as file:
        return file.read(MAX_FILE_BYTES).decode()


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "it cannot be read") if isinstance(error, OSError) else "it is not text"


def _bound(credential_id: str) -> str:
    return f"credentials/{credential_id}"

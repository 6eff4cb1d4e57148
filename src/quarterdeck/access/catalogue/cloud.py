"""Secrets of the clouds: what an operator writes for one, as the values a request is signed or a token bought with.

A cloud's secret is one line of JSON, as its console hands it out or as written below; any other text is an API key.
"""

import json
from dataclasses import dataclass
from typing import Any

from quarterdeck.access.catalogue.spec import Auth
from quarterdeck.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class AwsKeys:
    """`{"access_key_id": …, "secret_access_key": …}`, with `session_token` for keys that expire."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


@dataclass(frozen=True, slots=True)
class AwsRole:
    """The same with `role_arn`: the keys only serve to take that role on, an hour at a time."""

    keys: AwsKeys
    role_arn: str
    external_id: str | None = None
    sts_url: str | None = None
    """Where the role is taken on; None: AWS's own endpoint of the provider's region."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A Google service account's key file."""

    client_email: str
    private_key: str
    """PEM."""
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address


@dataclass(frozen=True, slots=True)
class EntraApp:
    """`{"tenant_id": …, "client_id": …, "client_secret": …}`: an application in Microsoft Entra ID."""

    tenant_id: str
    client_id: str
    client_secret: str
    authority: str = "https://login.microsoftonline.com"
    scope: str = "https://cognitiveservices.azure.com/.default"


CloudSecret = AwsKeys | AwsRole | ServiceAccount | EntraApp


def cloud_secret(auth: Auth, text: str) -> CloudSecret | None:
    """What `text` is for a provider of this kind; None when it is a plain key.

    Raises Invalid, with what to write, when it is JSON but lacks something.
    """
    if auth is Auth.KEY or not text.lstrip().startswith("{"):
        return None
    try:
        given = json.loads(text)
    except ValueError as error:
        raise Invalid(f"the secret begins like JSON but is none: {error}.", field="secret") from None
    if auth is Auth.AWS:
        return _aws(given)
    if auth is Auth.GOOGLE:
        found = _texts(given, ("client_email", "private_key"), ("token_uri",))
        return ServiceAccount(**found)
    return EntraApp(**_texts(given, ("tenant_id", "client_id", "client_secret"), ("authority", "scope")))


def _aws(given: dict[str, Any]) -> CloudSecret:
    found = _texts(
        given, ("access_key_id", "secret_access_key"), ("session_token", "role_arn", "external_id", "sts_url")
    )
    keys = AwsKeys(found["access_key_id"], found["secret_access_key"], found.get("session_token"))
    if "role_arn" not in found:
        return keys
    return AwsRole(keys, found["role_arn"], found.get("external_id"), found.get("sts_url"))


def _texts(given: dict[str, Any], needed: tuple[str, ...], known: tuple[str, ...]) -> dict[str, str]:
    """The named members, all of them texts. Others are left alone: a key file holds more than we read."""
    found = {name: given[name] for name in (*needed, *known) if given.get(name) is not None}
    missing = [name for name in needed if name not in found]
    if missing:
        raise Invalid(f"the secret's JSON lacks {', '.join(missing)}.", field="secret")
    for name, value in found.items():
        if not isinstance(value, str) or not value:
            raise Invalid(f"{name} in the secret's JSON must be a text.", field="secret")
    return found

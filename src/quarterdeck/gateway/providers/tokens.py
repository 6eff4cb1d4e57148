"""Tokens that are bought with a longer-lived secret: the request that buys one, and what its answer says."""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import jwt
import msgspec

from quarterdeck.access.catalogue import AwsKeys, AwsRole, EntraApp, ServiceAccount
from quarterdeck.gateway.providers import sigv4
from quarterdeck.gateway.transport import Origin

HOUR_S = 3600
_GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_FORM = (b"content-type", b"application/x-www-form-urlencoded")
_STS = "{https://sts.amazonaws.com/doc/2011-06-15/}"


class NoToken(Exception):
    """The answer holds no token; the message says what it says instead, without secrets."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """One POST that answers with a token."""

    url: str
    headers: list[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Token:
    """What was bought: a bearer token, or keys; `lasts_s` from now."""

    value: str | AwsKeys
    lasts_s: float


def google(account: ServiceAccount, now: float | None = None) -> Purchase:
    """A signed claim, exchanged for an access token (RFC 7523). Raises NoToken when the private key is none.

    Signing takes about a millisecond: call it in a thread.
    """
    at = int(time.time() if now is None else now)
    claim = {
        "iss": account.client_email,
        "scope": _GOOGLE_SCOPE,
        "aud": account.token_uri,
        "iat": at,
        "exp": at + HOUR_S,
    }
    try:
        assertion = jwt.encode(claim, account.private_key, algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise NoToken(f"the service account's private key cannot be used ({type(error).__name__})") from None
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    return Purchase(account.token_uri, [_FORM], urlencode(form).encode())


def entra(app: EntraApp) -> Purchase:
    """Client credentials, exchanged for an access token (RFC 6749, 4.4)."""
    form = {
        "grant_type": "client_credentials",
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "scope": app.scope,
    }
    url = f"{app.authority.rstrip('/')}/{app.tenant_id}/oauth2/v2.0/token"
    return Purchase(url, [_FORM], urlencode(form).encode())


def sts(role: AwsRole, region: str, at: int) -> Purchase:
    """AssumeRole. `at` is microseconds since the epoch."""
    form = {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": role.role_arn,
        "RoleSessionName": "quarterdeck",
        "DurationSeconds": str(HOUR_S),
    }
    if role.external_id is not None:
        form["ExternalId"] = role.external_id
    url = role.sts_url or f"https://sts.{region}.amazonaws.com"
    body = urlencode(form).encode()
    origin, path = Origin.parse(url)
    signed = sigv4.sign(
        role.keys,
        region=region,
        service="sts",
        method=b"POST",
        host=origin.authority,
        target=path.encode() or b"/",
        body=body,
        at=at,
    )
    return Purchase(url, [_FORM, *signed], body)


def read_bearer(status: int, body: bytes) -> Token:
    """Google's and Entra's answer. Raises NoToken."""
    try:
        answer: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    value, lasts = answer.get("access_token"), answer.get("expires_in", HOUR_S)
    if status != 200 or not isinstance(value, str) or not value:
        said = answer.get("error_description") or answer.get("error") or "no reason given"
        raise NoToken(f"the token endpoint answered {status}: {str(said)[:300]}")
    try:
        return Token(value, float(lasts))
    except (TypeError, ValueError):
        return Token(value, HOUR_S)


def read_role(status: int, body: bytes) -> Token:
    """AssumeRole's answer. Raises NoToken."""
    try:
        # AWS's own answer over a verified connection, of a few kilobytes.
        root = ElementTree.fromstring(body.decode())  # noqa: S314
    except (ElementTree.ParseError, UnicodeDecodeError):
        raise NoToken(f"AWS STS answered {status} with what is not XML") from None
    found = root.find(f"{_STS}AssumeRoleResult/{_STS}Credentials")
    if status != 200 or found is None:
        said = root.findtext(f"{_STS}Error/{_STS}Message") or root.findtext(f".//{_STS}Message") or "no reason given"
        raise NoToken(f"AWS STS answered {status}: {said[:300]}")
    named = {child.tag.removeprefix(_STS): child.text or "" for child in found}
    keys = AwsKeys(named.get("AccessKeyId", ""), named.get("SecretAccessKey", ""), named.get("SessionToken"))
    return Token(keys, HOUR_S)

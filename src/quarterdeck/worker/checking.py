"""Whether a provider lets us in: one cheap question to it, the list of its models, which costs nothing."""

import asyncio
import os
import time
from typing import Any

import msgspec

from quarterdeck.access.catalogue import SPECS, Auth
from quarterdeck.access.snapshot import ProviderEntry
from quarterdeck.access.vault import Vault
from quarterdeck.control.providers.model import Checked, CheckOutcome, Credential, Provider
from quarterdeck.gateway.transport import Proxies, Request, Timeouts, Transport, UpstreamError
from quarterdeck.kernel.egress import Egress, EgressPolicy
from quarterdeck.worker.picture import provider_entries

TIMEOUTS = Timeouts(connect_s=5.0, first_byte_s=15.0, idle_s=10.0, total_s=20.0)
MOST_BYTES = 4 * 1024 * 1024
_PATHS = {"gemini": b"/v1beta/models"}
_NAMED = 100
"""So many models are told by name."""
_WORDS = 300
"""So many characters of a provider's own words are told."""


async def check(vault: Vault, provider: Provider, credential: Credential | None) -> Checked:
    """Never raises: what goes wrong is the outcome. The question goes out through the same guard as calls."""
    entries = await asyncio.to_thread(provider_entries, [(provider, credential)], vault)
    return await _ask(entries[provider.workspace_id][0])


async def _ask(provider: ProviderEntry) -> Checked:
    # Here: it is of the model path, which control does not load for a question that is asked now and then.
    from quarterdeck.gateway import targets  # noqa: PLC0415
    from quarterdeck.gateway.errors import Refusal  # noqa: PLC0415

    if provider.problem is not None:
        return Checked(CheckOutcome.UNUSABLE, provider.problem)
    spec = SPECS[provider.kind]
    if spec.auth is not Auth.KEY or spec.chat is None:
        return Checked(CheckOutcome.UNKNOWN, "This kind is not asked for its models: its first call will tell.")
    try:
        target = targets.at(provider, "")
    except Refusal as error:
        return Checked(CheckOutcome.UNUSABLE, error.message)
    headers = [(b"accept", b"application/json"), *target.auth]
    if spec.chat == "anthropic":
        headers.append((b"anthropic-version", b"2023-06-01"))
    # By a dialect of its own, as calls for the list of models go: the base path keeps the version it ends in.
    path = targets.path_of(target, "models", _PATHS.get(spec.chat, b"/v1/models"))
    hosts = frozenset({target.origin.place}) if provider.allow_private else frozenset[str]()
    transport = Transport(Egress(EgressPolicy(hosts)), proxies=Proxies.from_environment(os.environ))
    began = time.monotonic()
    try:
        answer = await transport.send(target.origin, Request(b"GET", path, headers, b""), TIMEOUTS)
        body = bytearray()
        while (chunk := await answer.chunk()) is not None and len(body) <= MOST_BYTES:
            body += chunk
        answer.abort()
    except UpstreamError as error:
        return Checked(CheckOutcome.UNREACHABLE, _and_now(error.message, "Check its address, and that it runs."))
    finally:
        await transport.close()
    took = round((time.monotonic() - began) * 1000)
    return _read(provider, answer.status, bytes(body), took)


def _read(provider: ProviderEntry, status: int, body: bytes, took: int) -> Checked:
    if status == 200:
        listed = _models(body)
        return Checked(CheckOutcome.WELL, None, status, took, None if listed is None else len(listed), _names(listed))
    said = _said(body, provider.secret)
    if status in (401, 403):
        words = _and_now(
            f"{provider.name} does not accept the secret ({status}): {said}", "Check it, or enter another."
        )
        return Checked(CheckOutcome.REFUSED, words, status, took)
    if status in (404, 405):
        words = f"{provider.name} answers, but lists no models at this address ({status}); its first call will tell."
        return Checked(CheckOutcome.UNKNOWN, words, status, took)
    words = _and_now(f"{provider.name} answered {status}: {said}", "Try again in a moment, or check its address.")
    return Checked(CheckOutcome.UNREACHABLE, words, status, took)


def _and_now(happened: str, do: str) -> str:
    """Two sentences, also where the first is somebody else's and has no end."""
    return f"{happened}{'' if happened[-1] in '.!?' else '.'} {do}"


def _models(body: bytes) -> list[Any] | None:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    listed = found.get("data", found.get("models")) if isinstance(found, dict) else found
    return listed if isinstance(listed, list) else None


def _names(listed: list[Any] | None) -> tuple[str, ...]:
    """Gemini's are called `models/NAME` in the list, and by their name alone in a call."""
    names = (each.get("id", each.get("name")) for each in (listed or [])[:_NAMED] if isinstance(each, dict))
    return tuple(name.removeprefix("models/") for name in names if isinstance(name, str) and len(name) <= _WORDS)


def _said(body: bytes, secret: str | None) -> str:
    """The provider's own message, where one can be found: never more than a line, and never with the secret."""
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        found = None
    error = found.get("error", found) if isinstance(found, dict) else None
    words = error.get("message") if isinstance(error, dict) else error
    text = words if isinstance(words, str) else body[: 4 * _WORDS].decode(errors="replace")
    if secret:
        # Before it is cut: a part of a secret is one too.
        text = text.replace(secret, "[secret]")
    return " ".join(text.split())[:_WORDS] or "nothing more"

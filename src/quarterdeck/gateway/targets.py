"""Where a model is served: from the name a caller writes to a provider, an address and a key for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import quote

import msgspec

from quarterdeck.access.catalogue import SPECS, Auth, CloudSecret, ProviderSpec, cloud_secret
from quarterdeck.access.snapshot import KeyEntry, ProviderEntry, WorkspaceEntry
from quarterdeck.gateway import errors
from quarterdeck.gateway.dialects.base import BadBody
from quarterdeck.gateway.dialects.bytes_patch import members, remove_top_level, repeats, set_each
from quarterdeck.gateway.dialects.grammars import GRAMMARS
from quarterdeck.gateway.dialects.once.translate import spoken
from quarterdeck.gateway.headers import Headers, header_text, value_of
from quarterdeck.gateway.resilience.health import TargetHealth
from quarterdeck.gateway.transport import Origin, Timeouts
from quarterdeck.kernel.errors import Invalid

KnowsModel = Callable[[str, str], bool]
"""(provider kind, model) → whether the price table knows this kind serves that model."""


@dataclass(frozen=True, slots=True)
class Target:
    """A provider to send to, all that does not change from call to call worked out beforehand."""

    provider: ProviderEntry
    spec: ProviderSpec
    dialect: str
    """What it is spoken to in; another one than the caller's means translation."""
    model: str
    renamed: bool
    """The caller wrote something else than `model`, so the body has to be patched."""
    origin: Origin
    base_path: bytes
    timeouts: Timeouts
    lines: bytes
    """Of an answer's head: they name it."""
    auth: tuple[tuple[bytes, bytes], ...]
    """The provider's own key in the header that provider reads it from, and what else was configured for it."""
    bearer: tuple[tuple[bytes, bytes], ...] = ()
    """The same for Anthropic's API of 2026-10-21, which reads a bearer token where older versions read x-api-key."""
    cloud: CloudSecret | None = None
    """What each request is signed with, or its token bought with, where no header is the same from call to call."""
    health: TargetHealth | None = None
    """How it does; None where nobody looks."""
    place: tuple[str, str | None, str] = field(init=False, compare=False)
    """Provider, credential and model, by which limits and budgets know it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", (self.provider.name, self.provider.credential, self.model))


def pick(workspace: WorkspaceEntry, dialect: str, asked: str, knows: KnowsModel) -> Target:
    """The target for a model as the caller wrote it: `model`, `provider/model` or `@provider/model`.

    A plain model goes to the first provider, in the order they were set up, that lists it; else to the first whose
    kind is known to serve it; else to the only one that could. At each step a provider that speaks the caller's dialect
    comes before one that a call has to be translated for.

    Raises Refusal when nothing fits.
    """
    native = [provider for provider in workspace.providers if dialect in SPECS[provider.kind].dialects]
    others = [provider for provider in workspace.providers if _translatable(provider, dialect)]
    able = native + others
    name, slash, rest = asked.removeprefix("@").partition("/")
    named = next((provider for provider in workspace.providers if provider.name == name), None) if rest else None
    if slash and named is not None:
        if named not in able:
            raise errors.model_unknown(asked, [provider.name for provider in able])
        return place(named, dialect, rest, renamed=True)
    listed = (provider for provider in able if provider.models is not None and _matches(provider.models, asked))
    known = (provider for provider in able if provider.models is None and knows(provider.kind, asked))
    chosen = next(listed, None) or next(known, None)
    if chosen is None:
        left = [provider for provider in native or others if provider.models is None]
        chosen = left[0] if len(left) == 1 else None
    if chosen is None:
        raise errors.model_unknown(asked, [provider.name for provider in able])
    return place(chosen, dialect, asked, renamed=False)


def speaks(provider: ProviderEntry, dialect: str) -> bool:
    """Whether calls in this dialect can be sent there, translated or not."""
    return dialect in SPECS[provider.kind].dialects or _translatable(provider, dialect)


def _translatable(provider: ProviderEntry, dialect: str) -> bool:
    spec = SPECS[provider.kind]
    if dialect in spec.dialects:
        return False
    return (dialect in GRAMMARS and spec.chat is not None) or spoken(dialect, spec.dialects) is not None


def path_of(target: Target, dialect: str, usual: bytes, *, stream: bool = False) -> bytes:
    """The path of a call in `dialect`, below the provider's base path.

    `usual` is the dialect's own path; the catalogue may know another one, and a base path that already ends in the
    version it begins with keeps it once.
    """
    own = target.spec.paths.get(dialect)
    path = usual
    if own is not None:
        path = own.encode().replace(b"{verb}", usual.rpartition(b":")[2])
        path = path.replace(b"{predict}", b"streamRawPredict" if stream else b"rawPredict")
    if b"{model}" in path:
        # Whatever a caller writes for a model stays one segment of the path.
        path = path.replace(b"{model}", quote(target.model, safe="").encode())
    last = target.base_path.rpartition(b"/")[2]
    if last and path.startswith(b"/" + last + b"/"):
        path = path[len(last) + 1 :]
    return target.base_path + path


def query_of(target: Target, query: bytes) -> bytes:
    """The caller's query without its key, and what the provider wants to be in every query."""
    kept = [part for part in query.split(b"&") if part and not part.startswith(b"key=")] if query else []
    own = target.spec.query
    if own is not None:
        name = own.partition("=")[0].encode() + b"="
        if not any(part.startswith(name) for part in kept):
            kept.append(own.encode())
    return b"&".join(kept)


def shaped(target: Target, body: bytes) -> bytes:
    """The body with what this provider wants in it, and without the model where its path says that."""
    spec = target.spec
    if spec.in_body:
        missing = spec.in_body.keys() - {member.name for member in members(body)}
        body = set_each(body, [(name, msgspec.json.encode(spec.in_body[name])) for name in sorted(missing)])
    return remove_top_level(body, "model") if spec.model_in_path else body


def at(provider: ProviderEntry, model: str) -> Target:
    """A provider as it is, spoken to in its own words. Raises Refusal when its address is no address."""
    return place(provider, SPECS[provider.kind].chat or "", model, renamed=False)


def check_allowed(key: KeyEntry, target: Target, body: bytes) -> None:
    """Raises Refusal when the key is limited to models that do not include this one.

    A body that names its model twice is refused for such a key: the provider might read the other one.
    """
    if key.models is None:
        return
    if body and _repeats_model(body):
        raise errors.bad_body("The body names its model twice; name it once.")
    if not allowed(key, target.provider.name, target.model):
        raise errors.model_not_allowed(f"{target.provider.name}/{target.model}")


def _repeats_model(body: bytes) -> bool:
    try:
        return repeats(body, "model")
    except BadBody as error:
        raise errors.bad_body(str(error)) from None


def allowed(key: KeyEntry, provider: str, model: str) -> bool:
    """Whether the key's list of models, when it has one, holds this model, with or without its provider."""
    return key.models is None or _matches(key.models, f"{provider}/{model}") or _matches(key.models, model)


def auth_headers(target: Target, headers: Headers) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that let us in, for a call that goes out with `headers`."""
    if target.bearer and (value_of(headers, b"anthropic-version") or b"") >= b"2026-10-21":
        return target.bearer
    return target.auth


def place(provider: ProviderEntry, dialect: str, model: str, *, renamed: bool) -> Target:
    """A model at a provider, for callers of `dialect`. Raises Refusal when its address is no address."""
    spec = SPECS[provider.kind]
    try:
        origin, base_path = Origin.parse(provider.base_url)
        cloud = None if spec.auth is Auth.KEY else cloud_secret(spec.auth, provider.secret or "")
    except Invalid as error:
        raise errors.provider_unset(provider.name, error.message) from None
    return Target(
        provider=provider,
        spec=spec,
        dialect=dialect if dialect in spec.dialects else spoken(dialect, spec.dialects) or spec.chat or dialect,
        model=model,
        renamed=renamed,
        origin=origin,
        base_path=base_path.encode(),
        timeouts=Timeouts(
            connect_s=provider.connect_timeout_ms / 1000,
            first_byte_s=provider.first_byte_timeout_ms / 1000,
            idle_s=provider.idle_timeout_ms / 1000,
            total_s=provider.total_timeout_ms / 1000,
        ),
        lines=b"x-quarterdeck-provider: %b\r\nx-quarterdeck-model: %b\r\n"
        % (header_text(provider.name), header_text(model)),
        auth=_auth(provider, spec.auth_header) if cloud is None else _extra(provider),
        bearer=_auth(provider, "authorization") if spec.auth_header == "x-api-key" else (),
        cloud=cloud,
    )


def _auth(provider: ProviderEntry, header: str) -> tuple[tuple[bytes, bytes], ...]:
    if provider.secret is None:
        return _extra(provider)
    value = f"Bearer {provider.secret}" if header == "authorization" else provider.secret
    return ((header.encode(), value.encode()), *_extra(provider))


def _extra(provider: ProviderEntry) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.lower().encode(), value.encode()) for name, value in provider.headers.items())


def _matches(patterns: list[str], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)

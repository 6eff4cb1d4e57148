"""What a node of a config says beside its strategy, laid over what its parents said."""

import re

import msgspec

from quarterdeck.access.routing.config import MAX_MS, MAX_RETRIES, Breaker, Patch, Path, Retry, Timeouts
from quarterdeck.access.routing.fields import Members

ROOT = "config"
_HEADERS = ("openai_organization", "openai_project", "openai_beta", "anthropic_beta", "anthropic_version")
_GUARDS = (
    "input_guardrails",
    "output_guardrails",
    "default_input_guardrails",
    "default_output_guardrails",
    "before_request_hooks",
    "after_request_hooks",
    "input_mutators",
    "output_mutators",
)
_SET_UP_HERE = re.compile(
    r"(azure|aws|vertex|workers_ai|huggingface|fireworks|snowflake|stability|oracle|amzn|google)_.+"
    r"|resource_name|deployment_id|api_version|mistral_fim_completion"
)
_NAME = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9._-]*")
_STEP = re.compile(r"([^.\[\]]+)|\[(\*|\d+)\]")


class Settings(msgspec.Struct, frozen=True):
    """Of one node, complete."""

    provider: str | None = None
    model: str | None = None
    api_key: str | None = None
    spare_key: str | None = None
    custom_host: str | None = None
    forward_headers: tuple[str, ...] = ()
    headers: tuple[tuple[bytes, bytes], ...] = ()
    retry: Retry = Retry()
    breaker: Breaker | None = None
    timeouts: Timeouts = Timeouts()
    patch: Patch = Patch()
    cache: bytes | None = None


def read(at: Members, parent: Settings, *, keys_allowed: bool) -> Settings:
    """`at`'s own settings over its parent's; what is wrong is noted."""
    provider, model = _provider(at, parent)
    default = _merged(parent.patch.default, at.values_of("default_params"))
    override = _merged(parent.patch.override, at.values_of("override_params"))
    if (found := dict(override).get("model")) is not None:
        model, provider = _model(found, at, provider)
        override = tuple(pair for pair in override if pair[0] != "model")
    api_key = at.text("api_key")
    if api_key is not None and not keys_allowed:
        at.wrong(at.at("api_key"), "does not belong into a saved route: set up a provider with it and name that")
    _refused(at)
    return Settings(
        provider=provider,
        model=model,
        api_key=api_key or (parent.api_key if provider == parent.provider else None),
        spare_key=parent.spare_key,
        custom_host=_host(at) or parent.custom_host,
        forward_headers=_header_names(at) or parent.forward_headers,
        headers=_headers(at, parent),
        retry=_retry(at) or parent.retry,
        breaker=breaker(at) or parent.breaker,
        timeouts=_timeouts(at, parent.timeouts),
        patch=Patch(default, override, tuple(_drop(at)) or parent.patch.drop),
        cache=_cache(at, parent),
    )


def breaker(at: Members) -> Breaker | None:
    """`cb_config`, ours `breaker`, of a node or of its strategy."""
    inner = at.inner("cb_config", "breaker")
    if inner is None:
        return None
    found = Breaker(
        failures=inner.whole("failure_threshold", least=1, most=1_000_000),
        percentage=inner.number("failure_threshold_percentage", least=0, most=100),
        cooldown_ms=inner.number("cooldown_interval", "cooldown_ms", least=0, most=MAX_MS) or 30_000.0,
        statuses=inner.statuses("failure_status_codes"),
        minimum=inner.whole("minimum_requests", least=1, most=1_000_000) or 5,
    )
    inner.done()
    if found.failures is None and found.percentage is None:
        inner.wrong(inner.path, "needs failure_threshold or failure_threshold_percentage")
    return found


def _provider(at: Members, parent: Settings) -> tuple[str | None, str | None]:
    """The provider's name without its @, and the model where `@slug/model` names one."""
    written = at.text("virtual_key") or at.text("provider")
    if written is None:
        at.anything("provider", "virtual_key")
        return parent.provider, parent.model
    at.anything("provider")
    name, slash, model = written.partition("/")
    if _NAME.fullmatch(name) is None:
        at.wrong(at.at("provider"), f"expected a provider's name such as openai or @openai, not {written[:60]!r}")
    return name.removeprefix("@"), model if slash and model else parent.model


def _model(found: bytes, at: Members, provider: str | None) -> tuple[str | None, str | None]:
    """A model of override_params: `@slug/model` names its provider too."""
    value = msgspec.json.decode(found)
    if not isinstance(value, str) or not value:
        at.wrong(at.at("override_params.model"), "expected a model's name")
        return None, provider
    if value.startswith("@") and "/" in value:
        slug, _, model = value[1:].partition("/")
        return model, slug
    return value, provider


def _merged(
    under: tuple[tuple[str, bytes], ...], over: tuple[tuple[str, bytes], ...] | None
) -> tuple[tuple[str, bytes], ...]:
    return under if not over else tuple({**dict(under), **dict(over)}.items())


def _retry(at: Members) -> Retry | None:
    inner = at.inner("retry")
    if inner is None:
        return None
    usual = Retry()
    codes = inner.statuses("on_status_codes")
    found = Retry(
        attempts=inner.whole("attempts", least=0, most=MAX_RETRIES) or 0,
        on_status_codes=usual.on_status_codes if codes is None else codes,
        use_retry_after=bool(inner.yes_or_no("use_retry_after_header", "use_retry_after_headers", "use_retry_after")),
        backoff_ms=_or(inner.number("backoff_ms", least=0, most=MAX_MS), usual.backoff_ms),
        max_backoff_ms=_or(inner.number("max_backoff_ms", least=0, most=MAX_MS), usual.max_backoff_ms),
        max_wait_ms=_or(inner.number("max_wait_ms", least=0, most=MAX_MS), usual.max_wait_ms),
    )
    inner.done()
    return found


def _or(value: float | None, usual: float) -> float:
    return usual if value is None else value


def _timeouts(at: Members, parent: Timeouts) -> Timeouts:
    request = at.whole("request_timeout", least=1, most=MAX_MS)
    inner = at.inner("timeouts")
    changes: dict[str, int] = {} if request is None else {"request_ms": request}
    if inner is not None:
        for name in Timeouts.__struct_fields__:
            value = inner.whole(name, least=1, most=MAX_MS)
            if value is not None:
                changes[name] = value
        inner.done()
    return msgspec.structs.replace(parent, **changes) if changes else parent


def _host(at: Members) -> str | None:
    host = at.text("custom_host")
    if host is not None and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", host):
        at.wrong(at.at("custom_host"), f"expected an address such as https://host/v1, not {host[:60]!r}")
    return host


def _header_names(at: Members) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in at.texts("forward_headers") or ())
    for name in names:
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9a-z-]+", name) or name == "x-portkey-forward-headers":
            at.wrong(at.at("forward_headers"), f"expected names of headers, not {name[:60]!r}")
    return names


def _headers(at: Members, parent: Settings) -> tuple[tuple[bytes, bytes], ...]:
    own = []
    for name in _HEADERS:
        value = at.text(name)
        if value is not None:
            if any(not " " <= letter <= "~" for letter in value):
                at.wrong(at.at(name), "expected plain text, as a header takes it")
                continue
            own.append((name.replace("_", "-").encode(), value.encode()))
    return tuple({**dict(parent.headers), **dict(own)}.items())


def _drop(at: Members) -> list[Path]:
    found = []
    for written in at.texts("drop_params") or ():
        steps = _STEP.findall(written)
        if "".join(name or f"[{index}]" for name, index in steps) != written.replace(".", "") or not steps[0][0]:
            at.wrong(at.at("drop_params"), f"expected a path such as tools[*].function.strict, not {written[:60]!r}")
            continue
        found.append(tuple(name or (None if index == "*" else int(index)) for name, index in steps))
    return found


def _cache(at: Members, parent: Settings) -> bytes | None:
    """The root's is looked at before the walk begins, so it is no node's own."""
    value = at.anything("cache") if "cache" in at.names() and at.path != ROOT else None
    return parent.cache if value is None else msgspec.json.encode(value)


def _refused(at: Members) -> None:
    """Keys of Portkey's that would change an answer, and that nothing here carries out: never ignored in silence."""
    at.refuse("guardrails are not carried out by routes here; take it out so that nobody relies on it", *_GUARDS)
    at.refuse("a prompt cannot be the target of a route here", "prompt_id")
    at.refuse("was Portkey's old spelling; write strategy and targets", "options", "mode")
    at.refuse("is not supported here; make each deployment a target", "deployments")
    for name in at.names():
        if _SET_UP_HERE.fullmatch(name):
            at.refuse("is set up once with the provider here (its address, key and headers); name that provider", name)

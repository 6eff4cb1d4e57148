"""Paths that are passed on as they are: any path of a named provider, and OpenAI's beside its model calls.

The caller's key is taken off and the provider's put on; what comes and goes is not interpreted, only recorded. JSON is
read whole, so that a key's models hold here too; anything else streams through, both ways, and is not kept.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from urllib.parse import unquote

import msgspec

from quarterdeck.access.catalogue import SPECS
from quarterdeck.access.snapshot import WorkspaceEntry
from quarterdeck.gateway import errors, targets
from quarterdeck.gateway.answers import answer_lines
from quarterdeck.gateway.call import ModelCalls
from quarterdeck.gateway.dialects.base import Dialect
from quarterdeck.gateway.dialects.batch_results import BatchReader
from quarterdeck.gateway.dialects.bytes_patch import set_top_level
from quarterdeck.gateway.dialects.registry import BY_NAME
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.endpoints import ENDPOINTS, Billing, Endpoint, endpoint_of
from quarterdeck.gateway.headers import forwarded, value_of
from quarterdeck.gateway.native_routes import check_named, led_by
from quarterdeck.gateway.routing import asked
from quarterdeck.gateway.routing.compiled import CompiledRoute
from quarterdeck.gateway.routing.sources import route_of
from quarterdeck.gateway.server import BodyTooLarge, Exchange
from quarterdeck.gateway.settle import Settler
from quarterdeck.gateway.targets import Target
from quarterdeck.gateway.translation import Outgoing
from quarterdeck.gateway.transport import Decoder, Response, UpstreamError
from quarterdeck.ledger.record import PriceNote

BATCH_LIMIT = 8 << 30
"""Bytes of results, decompressed, after which something is wrong with them."""
KEPT_ANSWER = 1 << 20
"""Bytes of an answer in text that are kept with the record; a longer one is only counted."""
_PROVIDER = b"x-quarterdeck-provider"
_NAMED = re.compile(rb"/(?:proxy|v1/native)/([^/?]+)(/.*)?", re.DOTALL)
_OPENAI = re.compile(
    r"/v1/(?:images/.+|audio/.+|moderations|files(?:/.*)?|uploads(?:/.*)?|batches(?:/.*)?|fine_tuning/.+|responses/.+)"
)
_ANTHROPIC = re.compile(r"/v1/messages/batches(?:/.*)?")
_RESULTS = re.compile(rb"(?:/v1)?/(?:files/[^/]+/content|messages/batches/[^/]+/results)")
_STORED = re.compile(r"/v1/(?:files|uploads)(?:/.*)?")
_READS = frozenset({b"GET", b"HEAD", b"DELETE", b"OPTIONS"})
_UPWARDS = re.compile(rb"(?:/|\\|%2f|%5c)(?:\.|%2e){1,2}(?=/|\\|%2f|%5c|$)", re.IGNORECASE)
"""A provider would leave its base path by it, with its key on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeEndpoint(Endpoint):
    """`provider_path` is below the provider's base URL, percent-encoded as it came."""

    provider: str | None
    """None where the request says which OpenAI-like one is meant."""


def native_of(exchange: Exchange) -> NativeEndpoint | None:
    """The native endpoint a request asks for; None when its path is not such a path."""
    method, raw_path = exchange.method, exchange.raw_path
    named = _NAMED.fullmatch(raw_path)
    free = method in _READS
    if named is not None:
        return _endpoint(named[2] or b"", method, named[1].decode("latin-1"), free=free)
    if _ANTHROPIC.fullmatch(exchange.path) is not None and raw_path.startswith(b"/v1/"):
        return _endpoint(raw_path, method, None, free=True, family="anthropic")
    if _OPENAI.fullmatch(exchange.path) is None or not raw_path.startswith(b"/v1/"):
        return None
    free = free or _STORED.fullmatch(exchange.path) is not None
    return _endpoint(raw_path.removeprefix(b"/v1"), method, None, free=free)


def _endpoint(
    path: bytes, method: bytes, provider: str | None, *, free: bool, family: str = "openai"
) -> NativeEndpoint:
    form = "native_free" if free else None
    if method == b"GET" and _RESULTS.fullmatch(path):
        form = "native_batch"
    return NativeEndpoint(
        dialect="native",
        provider_path=path,
        family=family,
        method=method,
        billing=Billing.FREE if free else Billing.UNKNOWN,
        form=form,
        provider=provider,
    )


class NativeCalls(ModelCalls):
    """Serves native paths in the way of a model call. One instance per gateway process."""

    async def _read(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> None:
        if _UPWARDS.search(draft.endpoint.provider_path):
            raise errors.no_such_path(draft.path)
        if _is_json(draft):
            limit = self._parts.body_limit
            try:
                draft.request_body = await exchange.body(limit)
            except BodyTooLarge:
                raise errors.body_too_large(limit) from None
        draft.facts = dialect.read_request(draft.request_body)

    def _find_route(self, draft: Draft) -> CompiledRoute | None:
        """They are sent once, to one provider; so all that a route can say is to which."""
        assert draft.facts is not None and draft.workspace is not None and isinstance(draft.endpoint, NativeEndpoint)
        route = route_of(draft, self._parts.routes)
        if route is None:
            return None
        named = draft.endpoint.provider
        if named is None and (header := draft.headers.get(_PROVIDER)) is not None:
            named = header.decode("latin-1")
        if named is not None:
            check_named(route, draft.workspace, named)
            return None
        led = led_by(route, draft.workspace, "anthropic" if draft.endpoint.family == "anthropic" else "openai_chat")
        draft.endpoint = replace(draft.endpoint, provider=led.provider)
        written = draft.facts.model
        if written and _is_json(draft) and (model := led.model or asked.model_of(written)) != written:
            draft.facts = msgspec.structs.replace(draft.facts, model=model or None)
            if model:
                draft.request_body = set_top_level(draft.request_body, "model", msgspec.json.encode(model))
        return None

    async def _find_target(self, draft: Draft) -> Target:
        assert draft.workspace is not None
        return self._chooser.watched(draft.workspace, await self._named_target(draft))

    async def _named_target(self, draft: Draft) -> Target:
        endpoint, workspace = draft.endpoint, draft.workspace
        assert isinstance(endpoint, NativeEndpoint) and workspace is not None and draft.facts is not None
        model = draft.facts.model or ""
        header = draft.headers.get(_PROVIDER) if endpoint.provider is None else None
        name = header.decode("latin-1") if header is not None else endpoint.provider
        if name is None and endpoint.family == "anthropic":
            return _only_one(workspace, "anthropic")
        if name is None:
            return await self._openai_like(draft, workspace, model)
        found = next((provider for provider in workspace.providers if provider.name == name), None)
        if found is None:
            raise errors.provider_unknown(name, [provider.name for provider in workspace.providers])
        target = targets.at(found, model)
        known = _known(target, endpoint)
        if known is None:
            return target if _says_model_in_body(target) else targets.at(found, "")
        draft.endpoint = replace(endpoint, form=known.reader, billing=known.billing)
        draft.facts = known.completed(draft.facts)
        return targets.at(found, draft.facts.model or "")

    async def _openai_like(self, draft: Draft, workspace: WorkspaceEntry, model: str) -> Target:
        """At the OpenAI-like provider that a model names or is served by, or at the only one."""
        able = [provider for provider in workspace.providers if "openai_chat" in SPECS[provider.kind].dialects]
        if model:
            narrowed = msgspec.structs.replace(workspace, providers=able)
            knows = self._parts.settler.prices.knows
            target = await asyncio.to_thread(targets.pick, narrowed, "openai_chat", model, knows)
            if target.renamed:
                draft.request_body = set_top_level(draft.request_body, "model", msgspec.json.encode(target.model))
            return target
        return _only_one(workspace, "openai_chat")

    def _outgoing(self, draft: Draft, dialect: Dialect, target: Target, exchange: Exchange) -> Outgoing:
        headers = forwarded(draft.request_headers)
        body: bytes | AsyncIterator[bytes] | None = draft.request_body
        if not _is_json(draft):
            length = draft.headers.get(b"content-length")
            chunked = b"transfer-encoding" in draft.headers
            body = _counted(draft, exchange) if chunked or length not in (None, b"0") else None
            if body is not None and length is not None:
                headers.append((b"content-length", length))
        path = targets.path_of(target, "native", draft.endpoint.provider_path)
        if query := targets.query_of(target, exchange.query):
            path += b"?" + query
        return Outgoing(body, path or b"/", headers)

    async def _relay(self, draft: Draft, dialect: Dialect, response: Response, exchange: Exchange) -> None:
        dialect = BY_NAME[draft.endpoint.reader]
        if draft.endpoint.form == "native_batch" or (
            draft.endpoint.form in (None, "native_free") and not _is_small_json(draft, response)
        ):
            await relay_through(draft, dialect, response, exchange, self._parts.settler)
        else:
            await super()._relay(draft, dialect, response, exchange)


def _only_one(workspace: WorkspaceEntry, dialect: str) -> Target:
    """The only provider that speaks the dialect. Raises Refusal when there are others to choose from."""
    able = [provider for provider in workspace.providers if dialect in SPECS[provider.kind].dialects]
    if len(able) != 1:
        raise errors.provider_unnamed([provider.name for provider in able])
    return targets.at(able[0], "")


async def relay_through(
    draft: Draft, dialect: Dialect, response: Response, exchange: Exchange, settler: Settler
) -> None:
    """Relay bytes of any kind as they come; the end is told once the call is in the journal. Raises CallerLeft."""
    kind = draft.answer_type or ""
    plain = value_of(response.headers, b"content-encoding") is None
    keep = kind.startswith(("text/", "application/json")) and plain
    reader = draft.reader = dialect.reader()
    results = reader if isinstance(reader, BatchReader) else None
    decoder = Decoder(response.headers, BATCH_LIMIT) if results is not None and not plain else None
    exchange.start(response.status, [], answer_lines(draft, None))
    draft.begun = True
    try:
        while (chunk := await response.chunk()) is not None:
            if results is not None or (keep and kind.startswith("text/event-stream")):
                reader.feed(chunk if decoder is None else decoder.feed(chunk))
            if keep and draft.response_size + len(chunk) <= KEPT_ANSWER:
                draft.took_chunk(chunk)
            else:
                keep, draft.chunks = False, []
                draft.response_size += len(chunk)
            await exchange.write(chunk)
    except UpstreamError as error:
        draft.attempt_error, draft.outcome = error.code, "cut"
        draft.error_code, draft.error_message = error.code, str(error)
    draft.upstream_done = draft.elapsed()
    if response.status >= 400 and draft.outcome == "ok":
        draft.outcome, draft.error_code = "error", f"status_{response.status}"
    if results is not None and draft.outcome == "ok":
        results.end()
        await _bill_once(draft, results, settler)
    elif results is None:
        draft.usage, draft.model_answered = reader.usage, reader.model
    await settler.settle(draft, dialect)
    if draft.outcome == "cut":
        exchange.break_off()
    else:
        exchange.finish()


async def _bill_once(draft: Draft, results: BatchReader, settler: Settler) -> None:
    """A batch's results may be read again and again; the first whole reading is what the batch cost."""
    target, workspace = draft.target, draft.workspace
    assert target is not None and workspace is not None
    if results.usage is None:
        return
    name = f"{target.provider.name}{draft.endpoint.provider_path.decode('latin-1')}"
    if not settler.first_reading(workspace.id, name):
        return
    draft.batch_results, draft.usage, draft.model_answered = name, results.usage, results.model
    if results.model is None:
        draft.priced = await asyncio.to_thread(_cost_of, results, target, settler)


def _cost_of(results: BatchReader, target: Target, settler: Settler) -> tuple[int | None, PriceNote | None]:
    """Of answers by several models: each at its own price; None when one has none. Blocking."""
    total = 0
    for model, used in results.by_model.items():
        quote = settler.prices.resolve(target.provider.kind, model, provider=target.provider.name)
        if quote is None:
            return None, None
        total += quote.cost(used)[0]
    return total, PriceNote("genai-prices", settler.prices.version, {})


def _known(target: Target, endpoint: Endpoint) -> Endpoint | None:
    """The model call that a native path is, when it is one of this provider's: then its usage can be read."""
    if endpoint.method != b"POST":
        return None
    path, spoken = targets.path_of(target, "native", endpoint.provider_path), target.spec.dialects
    for known in ENDPOINTS.values():
        if known.dialect in spoken and path == targets.path_of(target, known.dialect, known.provider_path):
            return known
    below = unquote(path.removeprefix(target.base_path).decode("latin-1"))
    found = endpoint_of(below, b"alt=sse")
    return found if found is not None and found.dialect in spoken else None


def _says_model_in_body(target: Target) -> bool:
    """Elsewhere a path may name another model than the body, so a body's word is not taken for what a key allows."""
    return "openai_chat" in target.spec.dialects and not target.spec.paths


def _is_json(draft: Draft) -> bool:
    kind = draft.headers.get(b"content-type", b"")
    return kind.startswith(b"application/json") and b"content-encoding" not in draft.headers


def _is_small_json(draft: Draft, response: Response) -> bool:
    """Whether an answer is worth waiting for: read whole, its cost can stand in its headers."""
    length = value_of(response.headers, b"content-length")
    return (
        (draft.answer_type or "").startswith("application/json") and length is not None and int(length) <= KEPT_ANSWER
    )


async def _counted(draft: Draft, exchange: Exchange) -> AsyncIterator[bytes]:
    async for piece in exchange.stream():
        draft.uploaded += len(piece)
        yield piece

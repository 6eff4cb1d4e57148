"""The way of one model call: identify, attribute, pick a target, send, relay, settle, record.

Before the first byte an error becomes an answer in the caller's dialect; after it, the stream ends with an error
event. The record is in the journal before the caller sees the last byte.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from quarterdeck.access.snapshot import EMPTY, KeyEntry, Snapshot, WorkspaceEntry
from quarterdeck.gateway import errors, targets, translation
from quarterdeck.gateway.answers import Metrics, refuse
from quarterdeck.gateway.attribution import attribute
from quarterdeck.gateway.dialects.base import BadBody, Dialect
from quarterdeck.gateway.dialects.registry import BY_NAME
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.endpoints import Endpoint
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.headers import forwarded, value_of
from quarterdeck.gateway.identify import check, find, key_texts
from quarterdeck.gateway.lever import Lever
from quarterdeck.gateway.open_calls import InFlight, OpenCalls
from quarterdeck.gateway.relay import relay_stream, relay_whole
from quarterdeck.gateway.server import BodyTooLarge, CallerLeft, Exchange
from quarterdeck.gateway.settle import Settler
from quarterdeck.gateway.snapshot import SnapshotHolder
from quarterdeck.gateway.targets import Target
from quarterdeck.gateway.transport import Request, Response, Transport, UpstreamError

log = logging.getLogger(__name__)


_STREAMS = ("text/event-stream", "application/vnd.amazon.eventstream")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a call is made with."""

    holder: SnapshotHolder
    transport: Transport
    settler: Settler
    open_calls: OpenCalls
    metrics: Metrics
    body_limit: int
    now: Callable[[], int]
    """Microseconds since the epoch."""


async def known_key(holder: SnapshotHolder, headers: dict[bytes, bytes], query: bytes) -> KeyEntry:
    """The entry of the key a request shows. Raises Refusal when it shows none, or none that control knows either."""
    texts = key_texts(headers, query)
    if not texts:
        raise errors.no_key()
    entry, digest = find(holder.current, texts)
    if entry is None:
        if holder.current is EMPTY:
            raise errors.not_ready()
        if not await holder.knows(digest):
            raise errors.unknown_key()
        entry = holder.current.keys[digest]
    return entry


class ModelCalls:
    """Serves model paths. One instance per gateway process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._targets: dict[tuple[str, str, str], Target] = {}
        parts.holder.on_swap(self._forget_targets)

    async def handle(self, exchange: Exchange, endpoint: Endpoint) -> None:
        """Answer one call. Raises nothing: whatever goes wrong is an answer, and is recorded."""
        draft = Draft.of(endpoint, exchange)
        dialect = BY_NAME[endpoint.reader]
        try:
            await self._identify(draft, exchange)
            await self._read(draft, dialect, exchange)
            await self._choose(draft)
            await self._serve(draft, dialect, exchange)
        except Refusal as refusal:
            await self._refuse(draft, dialect, refusal, exchange)
        except CallerLeft:
            await self._note_left(draft, dialect)
        except Exception:
            log.exception("call_failed call=%s", draft.id)
            broken = Refusal(500, "internal", f"Quarterdeck failed on this call; its id is {draft.id}.")
            await self._refuse(draft, dialect, broken, exchange)

    async def _identify(self, draft: Draft, exchange: Exchange) -> None:
        holder = self._parts.holder
        entry = draft.key = await known_key(holder, draft.headers, exchange.query)
        workspace = draft.workspace = holder.current.workspaces[entry.workspace_id]
        draft.agent = workspace.agents.get(entry.agent_id) if entry.agent_id is not None else None
        if draft.agent is not None:
            draft.attribution = attribute(draft.headers, None, entry, draft.agent, workspace)
            draft.choose_body_mode()
        check(entry, workspace, draft.started)

    async def _read(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> None:
        """The whole body, within the limit, and what the gateway has to know of it."""
        if draft.headers.get(b"content-encoding", b"identity") != b"identity":
            raise errors.bad_body("Send the body without content-encoding; this API does not take compressed requests.")
        try:
            draft.request_body = body = await exchange.body(self._parts.body_limit)
        except BodyTooLarge:
            raise errors.body_too_large(self._parts.body_limit) from None
        try:
            facts = draft.facts = draft.endpoint.completed(dialect.read_request(body))
        except BadBody as error:
            raise errors.bad_body(str(error)) from None
        attribution, key, agent, workspace = draft.attribution, draft.key, draft.agent, draft.workspace
        if facts.session is not None and attribution is not None and attribution.session is None:
            assert key is not None and agent is not None and workspace is not None
            draft.attribution = attribute(draft.headers, facts.session, key, agent, workspace)

    async def _choose(self, draft: Draft) -> None:
        """Where the call goes, if it may go anywhere."""
        workspace, key, facts, attribution = draft.workspace, draft.key, draft.facts, draft.attribution
        assert workspace is not None and key is not None and facts is not None
        run = workspace.runs.get(attribution.run_id) if attribution is not None and attribution.run_id else None
        if run is not None and run.state == "paused":
            raise errors.task_paused()
        settler = self._parts.settler
        target = draft.target = await self._find_target(draft, workspace, facts.model or "")
        targets.check_allowed(key, target, draft.request_body)
        if target.provider.problem is not None:
            raise errors.provider_unset(target.provider.name, target.provider.problem)
        if settler.journal_full:
            raise errors.journal_full()
        settler.prepare(target)

    async def _find_target(self, draft: Draft, workspace: WorkspaceEntry, asked: str) -> Target:
        name, knows = draft.endpoint.dialect, self._parts.settler.prices.knows
        target = self._targets.get((workspace.id, name, asked))
        if target is None:
            target = await asyncio.to_thread(targets.pick, workspace, name, asked, knows)
            if draft.workspace is self._parts.holder.current.workspaces.get(workspace.id):
                self._targets[workspace.id, name, asked] = target
        return target

    async def _serve(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> None:
        """Send, relay and settle, with the call in the table of open calls while it lasts."""
        lever = Lever()
        flight = self._open(draft, lever)
        exchange.on_gone = lever.pull
        response: Response | None = None
        try:
            response = await self._attempt(draft, dialect, exchange)
            await self._relay(draft, dialect, response, exchange)
        except asyncio.CancelledError:
            # Ours only when the lever was pulled; a server shutting down cancels for good.
            if not lever.pulled:
                raise
            lever.understood()
            await self._end_early(draft, dialect, exchange)
        except UpstreamError as error:
            draft.attempt_error = error.code
            draft.upstream_done = draft.elapsed()
            raise _unavailable(draft, error) from None
        finally:
            lever.release()
            self._parts.open_calls.remove(flight)
            if response is not None:
                response.abort()

    async def _relay(self, draft: Draft, dialect: Dialect, response: Response, exchange: Exchange) -> None:
        relay = relay_stream if _streams(draft) else relay_whole
        await relay(draft, dialect, response, exchange, self._parts.settler)

    def _open(self, draft: Draft, lever: Lever) -> InFlight:
        assert draft.workspace is not None and draft.key is not None and draft.facts is not None
        assert draft.attribution is not None and draft.target is not None
        flight = draft.flight = InFlight(
            draft.id,
            draft.workspace.id,
            draft.key.agent_id,
            draft.key.id,
            draft.attribution.run_id,
            draft.attribution.task_id,
            draft.started,
            draft.facts.stream,
            draft.target.provider.name,
            draft.target.model,
            lever.pull,
        )
        self._parts.open_calls.add(flight)
        return flight

    async def _attempt(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> Response:
        """One try at the target; returns once the answer's head is here."""
        target = draft.target
        assert target is not None
        out = self._outgoing(draft, dialect, target, exchange)
        out.headers.extend(targets.auth_headers(target, out.headers))
        draft.sent_at = draft.elapsed()
        request = Request(draft.endpoint.method, out.path, out.headers, out.body)
        response = await self._parts.transport.send(target.origin, request, target.timeouts)
        draft.first_byte = draft.elapsed()
        if draft.flight is not None:
            draft.flight.first_byte = draft.started + draft.first_byte
        draft.upstream_status = draft.status = response.status
        draft.answer_headers = response.headers
        kind = value_of(response.headers, b"content-type")
        draft.answer_type = kind.decode("latin-1") if kind is not None else None
        return response

    def _outgoing(self, draft: Draft, dialect: Dialect, target: Target, exchange: Exchange) -> translation.Outgoing:
        if translation.needed(draft, target):
            return translation.begin(draft, target)
        return _as_it_came(draft, dialect, target, exchange.query)

    async def _end_early(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> None:
        """The caller left, or somebody pulled the stop lever on this call."""
        draft.upstream_done = draft.upstream_done or draft.elapsed()
        stopped = draft.flight.stopped_by if draft.flight is not None else None
        if stopped is None:
            raise CallerLeft
        code, message = stopped
        if not draft.begun:
            raise Refusal(400, code, message)
        draft.outcome, draft.error_code, draft.error_message = "cut", code, message
        if draft.reader is not None:
            draft.usage, draft.model_answered = draft.reader.usage, draft.reader.model
        with contextlib.suppress(Refusal):
            await self._parts.settler.settle(draft, dialect)
        exchange.finish(dialect.stream_error(code, message))

    async def _refuse(self, draft: Draft, dialect: Dialect, refusal: Refusal, exchange: Exchange) -> None:
        """Answer with the refusal, and keep a record of it when we know whose it is."""
        draft.outcome = "refused" if draft.sent_at is None else "error"
        draft.error_code, draft.error_message = refusal.code, refusal.message
        body = dialect.error(refusal.status, refusal.code, refusal.message)
        if not draft.begun:
            draft.status = refusal.status
            draft.answer_type = "application/json"
        if draft.workspace is not None:
            with contextlib.suppress(Refusal):
                await self._parts.settler.settle(draft, dialect, answer=None if draft.begun else body)
        self._parts.metrics.refused(refusal.code)
        if exchange.gone:
            return
        if draft.begun:
            exchange.finish(dialect.stream_error(refusal.code, refusal.message))
        else:
            refuse(exchange, draft, refusal, body)

    async def _note_left(self, draft: Draft, dialect: Dialect) -> None:
        """The caller left. What the provider did until then may be billed, so it is recorded and priced."""
        if draft.workspace is None or draft.sent_at is None:
            return
        draft.outcome, draft.status = "cancelled", 499
        draft.error_code, draft.error_message = "client_left", "The caller closed the connection."
        if draft.reader is not None:
            draft.usage, draft.model_answered = draft.reader.usage, draft.reader.model
        with contextlib.suppress(Refusal):
            await self._parts.settler.settle(draft, dialect)

    def _forget_targets(self, _snapshot: Snapshot) -> None:
        self._targets.clear()


def _as_it_came(draft: Draft, dialect: Dialect, target: Target, query: bytes) -> translation.Outgoing:
    """The caller's own bytes; only a model's provider is taken off, and usage asked for where it would be missing."""
    facts = draft.facts
    assert facts is not None
    asks = target.spec.quirks.asks_stream_usage
    ask_usage = draft.withhold_usage = facts.stream and not facts.wants_usage and asks
    body = draft.request_body
    if target.renamed or ask_usage:
        body = dialect.patch(body, model=target.model if target.renamed else None, ask_usage=ask_usage)
    headers = forwarded(draft.request_headers)
    if ask_usage:
        # A chunk of the answer will be withheld, so the answer has to come unencoded.
        headers = [pair for pair in headers if pair[0] != b"accept-encoding"]
    path = targets.path_of(target, draft.endpoint.dialect, draft.endpoint.provider_path)
    if query := targets.query_of(target, query):
        path += b"?" + query
    return translation.Outgoing(body, path, headers)


def _unavailable(draft: Draft, error: UpstreamError) -> Refusal:
    assert draft.target is not None
    name = draft.target.provider.name
    if error.status == 504:
        return Refusal(504, "provider_timeout", f"The provider {name} did not answer in time ({error.code}).")
    if draft.upstream_status is not None or error.sent:
        words = f"The provider {name} answered, but not properly: {error} ({error.code})."
        return Refusal(502, "provider_broken", words)
    return errors.provider_unavailable(name, error.code, str(error))


def _streams(draft: Draft) -> bool:
    """Whether the answer is to be relayed as it comes."""
    kind = draft.answer_type or ""
    return kind.startswith(_STREAMS) or (draft.endpoint.form == "gemini_array" and draft.status < 400)

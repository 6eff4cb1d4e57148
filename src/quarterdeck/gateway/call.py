"""The way of one model call: identify, attribute, pick a target, send, relay, settle, record.

Before the first byte an error becomes an answer in the caller's dialect; after it, the stream ends with an error
event. The record is in the journal before the caller sees the last byte.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from quarterdeck.access.snapshot import EMPTY, Snapshot
from quarterdeck.gateway import errors, targets
from quarterdeck.gateway.answers import Metrics, refusal_answer
from quarterdeck.gateway.attribution import attribute
from quarterdeck.gateway.dialects.base import BadBody, Dialect
from quarterdeck.gateway.dialects.registry import BY_NAME
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.endpoints import Endpoint
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.headers import forwarded, value_of
from quarterdeck.gateway.identify import check, find, key_texts
from quarterdeck.gateway.open_calls import InFlight, OpenCalls
from quarterdeck.gateway.relay import relay_stream, relay_whole
from quarterdeck.gateway.settle import Settler
from quarterdeck.gateway.snapshot import SnapshotHolder
from quarterdeck.gateway.targets import Target
from quarterdeck.gateway.transport import Request, Response, Transport, UpstreamError
from quarterdeck.gateway.watcher import CallerLeft, Watcher

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_HEADER_BYTES = 65_536

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


class ModelCalls:
    """Serves model paths. One instance per gateway process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._targets: dict[tuple[str, str, str], Target] = {}
        parts.holder.on_swap(self._forget_targets)

    async def handle(self, scope: Scope, receive: Receive, send: Send, endpoint: Endpoint) -> None:
        """Answer one call. Raises nothing: whatever goes wrong is an answer, and is recorded."""
        draft = Draft(endpoint, scope["path"], scope["headers"])
        dialect = BY_NAME[endpoint.dialect]
        try:
            await self._identify(draft, scope)
            await self._read(draft, dialect, receive)
            await self._choose(draft)
            await self._serve(draft, dialect, scope, receive, send)
        except Refusal as refusal:
            await self._refuse(draft, dialect, refusal, send)
        except CallerLeft:
            await self._note_left(draft)
        except Exception:
            log.exception("call_failed call=%s", draft.id)
            broken = Refusal(500, "internal", f"Quarterdeck failed on this call; its id is {draft.id}.")
            await self._refuse(draft, dialect, broken, send)

    async def _identify(self, draft: Draft, scope: Scope) -> None:
        if sum(len(name) + len(value) for name, value in draft.request_headers) > MAX_HEADER_BYTES:
            raise errors.headers_too_large(MAX_HEADER_BYTES)
        holder = self._parts.holder
        texts = key_texts(draft.headers, scope["query_string"])
        if not texts:
            raise errors.no_key()
        entry, digest = find(holder.current, texts)
        if entry is None:
            if holder.current is EMPTY:
                raise errors.not_ready()
            if not await holder.knows(digest):
                raise errors.unknown_key()
            entry = holder.current.keys[digest]
        draft.key = entry
        workspace = draft.workspace = holder.current.workspaces[entry.workspace_id]
        draft.agent = workspace.agents.get(entry.agent_id) if entry.agent_id is not None else None
        if draft.agent is not None:
            draft.attribution = attribute(draft.headers, None, entry, draft.agent, workspace)
            draft.choose_body_mode()
        check(entry, workspace, draft.started)

    async def _read(self, draft: Draft, dialect: Dialect, receive: Receive) -> None:
        """The whole body, within the limit, and what the gateway has to know of it."""
        limit = self._parts.body_limit
        announced = draft.headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit:
            raise errors.body_too_large(limit)
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            parts, size = [body], len(body)
            while message.get("more_body"):
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise CallerLeft
                parts.append(message["body"])
                size += len(parts[-1])
                if size > limit:
                    raise errors.body_too_large(limit)
            body = b"".join(parts)
        elif message["type"] == "http.disconnect":
            raise CallerLeft
        if draft.headers.get(b"content-encoding", b"identity") != b"identity":
            raise errors.bad_body("Send the body without content-encoding; this API does not take compressed requests.")
        draft.request_body = body
        try:
            draft.facts = dialect.read_request(body)
        except BadBody as error:
            raise errors.bad_body(str(error)) from None
        if draft.facts.session is not None and draft.key is not None and draft.attribution is not None:
            if draft.attribution.session is None:
                assert draft.agent is not None and draft.workspace is not None
                draft.attribution = attribute(
                    draft.headers, draft.facts.session, draft.key, draft.agent, draft.workspace
                )

    async def _choose(self, draft: Draft) -> None:
        workspace, key, facts = draft.workspace, draft.key, draft.facts
        assert workspace is not None and key is not None and facts is not None
        run = workspace.runs.get(draft.attribution.run_id) if draft.attribution and draft.attribution.run_id else None
        if run is not None and run.state == "paused":
            raise errors.task_paused()
        asked = facts.model or ""
        cached = self._targets.get((workspace.id, draft.endpoint.dialect, asked))
        if cached is None:
            prices = self._parts.settler.prices
            cached = await asyncio.to_thread(
                targets.pick, workspace, draft.endpoint.dialect, asked, prices.knows
            )
            self._targets[workspace.id, draft.endpoint.dialect, asked] = cached
        draft.target = cached
        targets.check_allowed(key, cached)
        if cached.provider.problem is not None:
            raise errors.provider_unset(cached.provider.name, cached.provider.problem)
        self._parts.settler.prepare(cached)
        if self._parts.settler.journal_full:
            raise errors.journal_full()

    async def _serve(self, draft: Draft, dialect: Dialect, scope: Scope, receive: Receive, send: Send) -> None:
        """Send, relay and settle, with the call in the table of open calls while it lasts."""
        watcher = Watcher(receive)
        flight = self._open(draft, watcher)
        try:
            response = await self._attempt(draft, dialect, scope)
            kind = draft.answer_type or ""
            if kind.startswith("text/event-stream"):
                watcher.watch()
                await relay_stream(draft, dialect, response, send, self._parts.settler)
            else:
                await relay_whole(draft, dialect, response, send, self._parts.settler)
        except asyncio.CancelledError:
            # Ours only when the watcher or the stop lever asked for it; a server shutting down cancels for good.
            if not watcher.stopped:
                raise
            watcher.uncancel()
            await self._end_early(draft, dialect, send)
        except UpstreamError as error:
            draft.attempt_error = error.code
            draft.upstream_done = draft.elapsed()
            raise _unavailable(draft, error) from None
        finally:
            watcher.done()
            self._parts.open_calls.remove(flight)

    def _open(self, draft: Draft, watcher: Watcher) -> InFlight:
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
        )
        flight.provider = draft.target.provider.name
        flight.model = draft.target.model
        flight.stop = watcher.stop
        self._parts.open_calls.add(flight)
        return flight

    async def _attempt(self, draft: Draft, dialect: Dialect, scope: Scope) -> Response:
        """One try at the target; returns once the answer's head is here."""
        target, facts = draft.target, draft.facts
        assert target is not None and facts is not None
        ask_usage = facts.stream and not facts.wants_usage
        body = draft.request_body
        if target.renamed or ask_usage:
            body = dialect.patch(body, model=target.model if target.renamed else None, ask_usage=ask_usage)
        headers = forwarded(draft.request_headers)
        headers.extend(targets.auth_headers(target, draft.headers))
        if ask_usage:
            # A chunk of the answer will be withheld, so the answer has to come unencoded.
            headers = [pair for pair in headers if pair[0] != b"accept-encoding"]
        query = _without_key(scope["query_string"])
        path = target.base_path + _provider_path(draft.endpoint, target.base_path)
        request = Request(
            method=draft.endpoint.method.encode(), target=path + b"?" + query if query else path, headers=headers, body=body
        )
        draft.sent_at = draft.elapsed()
        response = await self._parts.transport.send(target.origin, request, target.timeouts)
        draft.first_byte = draft.elapsed()
        if draft.flight is not None:
            draft.flight.first_byte = draft.started + draft.first_byte
        draft.upstream_status = draft.status = response.status
        draft.answer_headers = response.headers
        kind = value_of(response.headers, b"content-type")
        draft.answer_type = kind.decode("latin-1") if kind is not None else None
        return response

    async def _end_early(self, draft: Draft, dialect: Dialect, send: Send) -> None:
        """The caller left, or somebody pulled the stop lever on this call."""
        stopped = draft.flight.stopped_by if draft.flight is not None else None
        draft.upstream_done = draft.upstream_done or draft.elapsed()
        if stopped is None:
            raise CallerLeft
        code, message = stopped
        if not draft.begun:
            raise Refusal(400, code, message)
        draft.outcome, draft.error_code, draft.error_message = "cut", code, message
        await self._parts.settler.settle(draft, dialect)
        await send({"type": "http.response.body", "body": dialect.stream_error(code, message)})

    async def _refuse(self, draft: Draft, dialect: Dialect, refusal: Refusal, send: Send) -> None:
        """Answer with the refusal, and keep a record of it when we know whose it is."""
        draft.outcome = "refused" if draft.sent_at is None else "error"
        if not draft.begun:
            draft.status = refusal.status
        draft.error_code, draft.error_message = refusal.code, refusal.message
        body = dialect.error(refusal.status, refusal.code, refusal.message)
        if draft.upstream_status is None or not draft.chunks:
            draft.answer_type = "application/json"
        if draft.workspace is not None:
            with contextlib.suppress(Refusal):
                await self._parts.settler.settle(draft, dialect, answer=None if draft.chunks else body)
        self._parts.metrics.refused(refusal.code)
        if draft.begun:
            await send({"type": "http.response.body", "body": dialect.stream_error(refusal.code, refusal.message)})
            return
        await refusal_answer(draft, refusal, body, send)

    async def _note_left(self, draft: Draft) -> None:
        if draft.workspace is None or draft.sent_at is None:
            return
        draft.outcome, draft.status = "cancelled", 499
        draft.error_code, draft.error_message = "client_left", "The caller closed the connection."
        await self._parts.settler.settle(draft, BY_NAME[draft.endpoint.dialect])

    def _forget_targets(self, _snapshot: Snapshot) -> None:
        self._targets.clear()


def _unavailable(draft: Draft, error: UpstreamError) -> Refusal:
    assert draft.target is not None
    name = draft.target.provider.name
    if error.status == 504:
        return Refusal(504, "provider_timeout", f"The provider {name} did not answer in time ({error.code}).")
    if draft.upstream_status is not None or error.code in {"protocol_error", "truncated", "answer_too_large", "body_too_large"}:
        return Refusal(502, "provider_broken", f"The provider {name} answered, but not properly: {error} ({error.code}).")
    return errors.provider_unavailable(name, error.code, str(error))


def _provider_path(endpoint: Endpoint, base_path: bytes) -> bytes:
    """The endpoint's path below a provider's base path, whether or not that base already ends in /v1."""
    path = endpoint.path.encode()
    if endpoint.family == "anthropic" and base_path.endswith(b"/v1"):
        return path.removeprefix(b"/v1")
    return path


def _without_key(query: bytes) -> bytes:
    if b"key=" not in query:
        return query
    return b"&".join(part for part in query.split(b"&") if not part.startswith(b"key="))


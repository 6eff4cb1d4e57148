"""`/v1/realtime`: a WebSocket relayed byte for byte, both ways, with usage read from the provider's events.

One session is one call: it is in the table of open calls while it lasts, so that the stop lever ends it, and it is
priced and recorded when it is over.
"""

import asyncio
import contextlib
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from quarterdeck.gateway import targets
from quarterdeck.gateway.attempts.once import unavailable
from quarterdeck.gateway.call import ModelCalls
from quarterdeck.gateway.dialects.base import Dialect, RequestFacts
from quarterdeck.gateway.dialects.openai_realtime import RealtimeReader
from quarterdeck.gateway.dialects.websocket import close_frame
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.endpoints import Endpoint
from quarterdeck.gateway.errors import Refusal, ended
from quarterdeck.gateway.headers import Headers, forwarded, returned
from quarterdeck.gateway.lever import Lever
from quarterdeck.gateway.relay import relay_whole
from quarterdeck.gateway.server import CallerLeft, Exchange
from quarterdeck.gateway.transport import Request, Response, UpstreamError

KEPT_EVENTS = 1 << 20
"""Bytes of a session's events that are kept with its record."""
_KEY_PROTOCOL = b"openai-insecure-api-key."
_PIECE = 64 * 1024
_POLICY = 1008
_UPGRADE = [(b"connection", b"Upgrade"), (b"upgrade", b"websocket")]


class RealtimeCalls(ModelCalls):
    """Serves realtime sessions. One instance per gateway process."""

    async def handle(self, exchange: Exchange, endpoint: Endpoint) -> None:
        fields = exchange.fields
        # Browsers can send no header of ours with a WebSocket: OpenAI takes the key as a subprotocol.
        for protocol in fields.get(b"sec-websocket-protocol", b"").split(b","):
            if protocol.strip().startswith(_KEY_PROTOCOL) and b"authorization" not in fields:
                fields[b"authorization"] = b"Bearer " + protocol.strip()[len(_KEY_PROTOCOL) :]
        await super().handle(exchange, endpoint)

    async def _read(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> None:
        if draft.headers.get(b"upgrade", b"").lower() != b"websocket":
            raise Refusal(426, "upgrade_required", "This is a WebSocket: connect to it with wss:// or ws://.")
        query = dict(parse_qsl(exchange.query.decode("latin-1")))
        draft.facts = RequestFacts(model=query.get("model"), stream=True, wants_usage=True)

    async def _serve(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> None:
        lever = Lever()
        flight = self._open(draft, lever)
        exchange.on_gone = lever.pull
        response: Response | None = None
        try:
            response = await self._dial(draft, exchange)
            if response.upgraded is None:
                await relay_whole(draft, dialect, response, exchange, self._parts.settler)
            else:
                session = _Session(draft, response.upgraded, exchange.upgrade(b"websocket", returned(response.headers)))
                draft.begun = True
                try:
                    await session.run(lever)
                finally:
                    with contextlib.suppress(Refusal):
                        await self._parts.settler.settle(draft, dialect)
                    await session.close()
        except asyncio.CancelledError:
            if not lever.pulled:
                raise
            lever.understood()
            if flight.stopped_by is None:
                raise CallerLeft from None
            raise ended(*flight.stopped_by) from None
        except UpstreamError as error:
            draft.attempt_error, draft.upstream_done = error.code, draft.elapsed()
            raise unavailable(draft, error) from None
        finally:
            lever.release()
            self._parts.open_calls.remove(flight)
            if response is not None and response.upgraded is None:
                response.abort()

    async def _dial(self, draft: Draft, exchange: Exchange) -> Response:
        target, parts = draft.target, self._parts
        assert target is not None
        parts.settler.prepare(draft, target)
        limits = parts.hooks.limits
        if limits is not None and (turn := limits.attempt(draft, target)) is not None:
            await turn
        headers: Headers = [_without_key(pair) for pair in forwarded(draft.request_headers) if _carried(pair[0])]
        sent = [*headers, *_UPGRADE]
        sent.extend(targets.auth_headers(target, sent))
        path = targets.path_of(target, draft.endpoint.dialect, draft.endpoint.provider_path)
        query = [pair for pair in parse_qsl(exchange.query.decode("latin-1")) if pair[0] not in ("model", "key")]
        asked = urlencode([("model", target.model), *query]).encode()
        if target.cloud is not None:
            sent.extend(await parts.signer.headers(target.cloud, target, b"GET", path + b"?" + asked, None))
        draft.sent_at = draft.elapsed()
        request = Request(b"GET", path + b"?" + targets.query_of(target, asked), sent)
        response = await parts.transport.send(target.origin, request, target.timeouts, upgrade=True)
        draft.first_byte = draft.elapsed()
        draft.upstream_status = draft.status = response.status
        draft.answer_headers = response.headers
        return response


def _carried(name: bytes) -> bool:
    """An extension such as compression would hide the events from us."""
    return name != b"sec-websocket-extensions"


def _without_key(pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    if pair[0] != b"sec-websocket-protocol":
        return pair
    kept = [each for each in pair[1].split(b",") if not each.strip().startswith(_KEY_PROTOCOL)]
    return pair[0], b",".join(kept).strip()


Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Session:
    """Two connections and what goes between them."""

    def __init__(self, draft: Draft, upstream: Line, caller: Line) -> None:
        self._draft = draft
        self._upstream = upstream
        self._caller = caller
        self._reader = RealtimeReader()
        self._kept = 0
        draft.answer_type = "application/x-ndjson"

    async def run(self, lever: Lever) -> None:
        """Relay until either side ends or the stop lever is pulled. The draft then knows how it ended."""
        pumps = {
            asyncio.create_task(self._pump(self._caller[0], self._upstream[1], self._asked), name="realtime-up"),
            asyncio.create_task(self._pump(self._upstream[0], self._caller[1], self._said), name="realtime-down"),
        }
        draft = self._draft
        try:
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            if not self._reader.closed and any(task.get_name() == "realtime-down" for task in done):
                draft.outcome, draft.error_code = "cut", "stream_cut"
                draft.error_message = "The provider ended the session without closing it."
        except asyncio.CancelledError:
            if not lever.pulled:
                raise
            lever.understood()
            stopped = draft.flight.stopped_by if draft.flight is not None else None
            code, message = stopped or ("client_left", "The caller closed the connection.")
            draft.outcome, draft.error_code, draft.error_message = "cut", code, message
            self._caller[1].write(close_frame(_POLICY, message))
        finally:
            for task in pumps:
                task.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            draft.upstream_done = draft.elapsed()
            draft.usage, draft.model_answered = self._reader.usage, self._reader.model
            if draft.error_message is None:
                draft.error_message = self._reader.error

    async def close(self) -> None:
        for _, writer in (self._caller, self._upstream):
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, follow: Callable[[bytes], None]
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_PIECE):
                follow(data)
                sink.write(data)
                await sink.drain()

    def _asked(self, data: bytes) -> None:
        self._draft.uploaded += len(data)

    def _said(self, data: bytes) -> None:
        draft = self._draft
        draft.response_size += len(data)
        for event in self._reader.feed(data):
            self._kept += len(event) + 1
            if self._kept <= KEPT_EVENTS:
                draft.chunks.append(event + b"\n")

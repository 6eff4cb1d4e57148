"""The cache on a call's way: look before it is sent, keep after it went well."""

import asyncio
import contextlib
import struct
from collections.abc import Awaitable
from itertools import pairwise

import msgspec

from quarterdeck.access.routing.caching import CachePolicy, of_call
from quarterdeck.gateway.answers import answer_lines
from quarterdeck.gateway.cache import keys
from quarterdeck.gateway.cache.entry import Caching, Entry, EntryStore, Found, Status
from quarterdeck.gateway.cache.known import KnownRequests
from quarterdeck.gateway.cache.similar import Similar
from quarterdeck.gateway.dialects.base import Dialect
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.ending import end_early
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.headers import header_text
from quarterdeck.gateway.lever import Lever
from quarterdeck.gateway.open_calls import InFlight
from quarterdeck.gateway.parts import Parts
from quarterdeck.gateway.server import CallerLeft, Exchange
from quarterdeck.gateway.targets import allowed
from quarterdeck.gateway.transport import UpstreamError, decode
from quarterdeck.kernel.clock import MS, SECOND

_MARK = struct.Struct("<II")
_BIGGEST_ANSWER = 64 << 20
_BIGGEST_DECODED = 4 << 20
"""What is kept of packed answers: they are unpacked on the event loop."""
_LONGEST_PAUSE_S = 30.0


class Cache:
    """Answers given before. One per gateway process."""

    def __init__(
        self, store: EntryStore, parts: Parts, similar: Similar | None = None, known: KnownRequests | None = None
    ) -> None:
        self._store = store
        self._parts = parts
        self._similar = similar
        self._known = known
        self._keys = keys.Keys()

    def answer(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> Awaitable[bool] | None:
        """Whether the call was answered, and settled, from the cache; None: it was not. Raises Refusal, CallerLeft."""
        caching = draft.cache = self._begin(draft)
        if caching is None or caching.status is Status.REFRESH:
            return None
        found = self._store.get(caching.key, draft.started)
        if found is None and caching.turn is None:
            return None
        return self._answer(draft, dialect, exchange, caching, found)

    async def _answer(self, draft: Draft, dialect: Dialect, exchange: Exchange, caching: Caching, found: Found) -> bool:
        if not await self._find(draft, caching, found):
            return False
        await self.give(draft, dialect, exchange)
        return True

    async def find(self, draft: Draft) -> bool:
        """Whether there is an answer; what was found is in `draft.cache`."""
        caching = draft.cache = self._begin(draft)
        if caching is None or caching.status is Status.REFRESH:
            return False
        return await self._find(draft, caching, self._store.get(caching.key, draft.started))

    async def _find(self, draft: Draft, caching: Caching, found: Found) -> bool:
        """`found` is what the store has under the call's key."""
        entry = found if found is None or isinstance(found, Entry) else await found
        if entry is not None and _fits(entry, draft, caching.policy):
            caching.status, caching.hit = Status.HIT, entry
            return True
        if caching.turn is None or self._similar is None:
            return False
        caching.hit = await self._similar.find(
            draft, caching, draft.started, lambda near: _fits(near, draft, caching.policy)
        )
        caching.status = Status.SEMANTIC_MISS if caching.hit is None else Status.SEMANTIC_HIT
        return caching.hit is not None

    async def give(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> None:
        """Answer with what was found, and settle. Raises Refusal, CallerLeft."""
        caching = draft.cache
        assert caching is not None and caching.hit is not None
        entry = caching.hit
        draft.status, draft.answer_type, draft.model_answered = 200, entry.content_type, entry.model_answered
        draft.answer_headers = _headers(draft, entry)
        if caching.policy.pace == "original" and (pauses := _pauses(entry)):
            await self._replay(draft, dialect, exchange, entry, pauses)
        else:
            draft.chunks, draft.response_size = [entry.body], len(entry.body)
            draft.first_byte = draft.elapsed()
            unlimited = draft.hold is None
            cost = await self._parts.settler.settle(draft, dialect)
            draft.begun = True
            exchange.respond(200, [], entry.body, answer_lines(draft, cost))
            if self._known is not None and unlimited and caching.status is Status.HIT:
                self._known.learn(exchange, draft, caching)

    def settled(self, draft: Draft, dialect: Dialect) -> None:
        """The call is over; a complete success may be kept."""
        caching = draft.cache
        if caching is None or caching.hit is not None or draft.outcome != "ok" or draft.status != 200:
            return
        entry = _entry(draft, dialect, caching)
        if entry is None:
            return
        self._store.put(caching.key, entry)
        if caching.turn is not None and self._similar is not None:
            self._similar.keep(draft, caching, entry)

    def _begin(self, draft: Draft) -> Caching | None:
        """What the cache is to do for this call; None: nothing."""
        policy = of_call(draft.cache_policy, draft.headers)
        if policy is None or draft.body_mode == "none":
            return None
        try:
            key = self._keys.of(context(draft, policy, "workspace"), draft.request_body)
            caching = Caching(policy, key, Status.REFRESH if policy.refresh else Status.MISS)
            if policy.mode == "semantic" and self._similar is not None:
                caching.turn = self._similar.turn(draft, policy, keys.body_value(draft.request_body))
        except keys.NotCacheable:
            return None
        return caching

    async def _replay(
        self, draft: Draft, dialect: Dialect, exchange: Exchange, entry: Entry, pauses: list[tuple[float, bytes]]
    ) -> None:
        """A stream with the pauses it came with. It is a call in flight as any other: it can be stopped."""
        lever = Lever()
        outer = draft.flight
        if outer is not None:  # a target's own cache: the call was entered when its route set out
            outer.provider, outer.model, outer.stop = entry.provider, entry.model, lever.pull
        else:
            draft.flight = _flight(draft, entry, lever)
            self._parts.open_calls.add(draft.flight)
        exchange.on_gone = lever.pull
        try:
            draft.first_byte = draft.elapsed()
            exchange.start(200, [], answer_lines(draft, 0))
            draft.begun = True
            for pause, chunk in pauses[:-1]:
                await asyncio.sleep(pause)
                draft.took_chunk(chunk)
                await exchange.write(chunk)
            pause, last = pauses[-1]
            await asyncio.sleep(pause)
            draft.took_chunk(last)
            await self._parts.settler.settle(draft, dialect)
            exchange.finish(last)
        except asyncio.CancelledError:
            if not lever.pulled:
                raise
            lever.understood()
            with contextlib.suppress(CallerLeft):
                await end_early(draft, dialect, exchange, self._parts)
                return
            await self._left(draft, dialect)
        except CallerLeft:
            await self._left(draft, dialect)
        finally:
            lever.release()
            if outer is None and draft.flight is not None:
                self._parts.open_calls.remove(draft.flight)

    async def _left(self, draft: Draft, dialect: Dialect) -> None:
        draft.outcome, draft.status = "cancelled", 499
        draft.error_code, draft.error_message = "client_left", "The caller closed the connection."
        with contextlib.suppress(Refusal):
            await self._parts.settler.settle(draft, dialect)


def context(draft: Draft, policy: CachePolicy, scope: str) -> keys.Context:
    """What of an answer's key is not in the request's body: who may have it, where the call goes, and in which form.

    `scope` is the policy's, where that names none. Without a namespace calls are kept apart by what the caller says
    they are about, as Portkey does.
    """
    facts, route, target, headers = draft.facts, draft.route, draft.target, draft.headers
    assert draft.workspace is not None and facts is not None
    return (
        draft.workspace.id,
        draft.agent.id if (policy.scope or scope) == "agent" and draft.agent is not None else None,
        policy.namespace,
        headers.get(b"x-portkey-metadata") if policy.namespace is None else None,
        draft.endpoint.form,
        draft.endpoint.dialect,
        facts.stream,
        (route.identity, facts.model) if route is not None else None,
        (target.provider.name, target.provider.base_url, target.model) if target is not None else None,
        keys.meaningful(headers),
    )


def _fits(entry: Entry, draft: Draft, policy: CachePolicy) -> bool:
    """Whether the entry is young enough for this call, and from a model that its key may use."""
    if policy.max_age_s is not None and entry.made_at + policy.max_age_s * SECOND <= draft.started:
        return False
    return draft.key is not None and allowed(draft.key, entry.provider, entry.model)


def _entry(draft: Draft, dialect: Dialect, caching: Caching) -> Entry | None:
    """The answer as it is to be given again; None when it cannot be."""
    target, reader = draft.target, draft.reader
    if target is None or draft.response_size > _BIGGEST_ANSWER:
        return None
    if reader is not None and not (reader.finished and reader.error is None):
        return None
    body, marks = b"".join(draft.chunks), b"".join(draft.chunk_times)
    if draft.answer_packed and draft.translator is None:
        try:
            body, marks = decode(list(draft.answer_headers), body, _BIGGEST_DECODED), b""
        except UpstreamError:
            return None
    elif draft.withhold_usage and reader is not None:
        body, marks = _as_given(draft, dialect)
    # Where usage was found in it, it was read as JSON; what of it was passed over may still be no UTF-8.
    if reader is None and not (draft.usage_source == "provider" and body.isascii()) and not _is_json(body):
        return None
    provider = target.provider
    return Entry(  # by place, which takes half as long: each call that is cached comes by here
        draft.id,
        draft.started,
        draft.started + caching.policy.ttl_s * SECOND,
        draft.answer_type or "application/json",
        body,
        marks,
        provider.name,
        provider.kind,
        target.model,
        draft.model_answered,
        draft.cost,
    )


def _is_json(body: bytes) -> bool:
    """A whole answer that cannot be read is relayed, but not a success to be given again."""
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _as_given(draft: Draft, dialect: Dialect) -> tuple[bytes, bytes]:
    """A stream without the usage that the caller did not ask for, and its marks."""
    reader, body, marks = dialect.reader(withhold_usage=True), bytearray(), bytearray()
    for chunk, mark in zip(draft.chunks, draft.chunk_times, strict=True):
        if out := reader.feed(chunk):
            marks += _MARK.pack(len(body), _MARK.unpack(mark)[1])
            body += out
    return bytes(body + reader.end()), bytes(marks)


def _headers(draft: Draft, entry: Entry) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-type", entry.content_type.encode("latin-1"))]
    if draft.target is None:
        headers += (
            (b"x-quarterdeck-provider", header_text(entry.provider)),
            (b"x-quarterdeck-model", header_text(entry.model)),
        )
    return headers


def _flight(draft: Draft, entry: Entry, lever: Lever) -> InFlight:
    assert draft.workspace is not None and draft.key is not None and draft.attribution is not None
    return InFlight(
        draft.id,
        draft.workspace.id,
        draft.key.agent_id,
        draft.key.id,
        draft.attribution.run_id,
        draft.attribution.task_id,
        draft.started,
        stream=True,
        provider=entry.provider,
        model=entry.model,
        stop=lever.pull,
        chunk_times=draft.chunk_times,
    )


def _pauses(entry: Entry) -> list[tuple[float, bytes]]:
    """The stream's pieces, each with the seconds to wait before it; empty when it did not come in pieces."""
    marks = list(_MARK.iter_unpack(entry.marks))
    if len(marks) < 2:
        return []
    offsets = [offset for offset, _ in marks] + [len(entry.body)]
    waits = [0.0] + [min((b - a) * MS / SECOND, _LONGEST_PAUSE_S) for (_, a), (_, b) in pairwise(marks)]
    return [(wait, entry.body[begin:end]) for wait, (begin, end) in zip(waits, pairwise(offsets), strict=True)]

"""A call while it happens. It becomes a frozen CallRecord when it settles."""

import struct
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from quarterdeck.access.routing.caching import CachePolicy
from quarterdeck.access.snapshot import AgentEntry, KeyEntry, WorkspaceEntry
from quarterdeck.gateway.attribution import UNCLAIMED, Attribution, json_object
from quarterdeck.gateway.cache.entry import Caching
from quarterdeck.gateway.dialects.base import RequestFacts, StreamReader
from quarterdeck.gateway.dialects.once.translate import OnceTranslator
from quarterdeck.gateway.dialects.translate import Translator
from quarterdeck.gateway.endpoints import Endpoint
from quarterdeck.gateway.headers import recorded
from quarterdeck.gateway.open_calls import InFlight
from quarterdeck.gateway.resilience.breaker import Breaker
from quarterdeck.gateway.resilience.health import TargetHealth
from quarterdeck.gateway.routing.compiled import CompiledRoute
from quarterdeck.gateway.server import Exchange
from quarterdeck.gateway.targets import Target
from quarterdeck.kernel.ids import new_id
from quarterdeck.ledger.prices import MISSING, Missing
from quarterdeck.ledger.quotes import Quote
from quarterdeck.ledger.record import FEATURES, Attempt, CallRecord, PriceNote, Usage

_CHUNK_TIME = struct.Struct("<II")
_BODY_RANK = {"full": 0, "redacted": 1, "none": 2}
_SPAN = {
    b"traceparent": "traceparent",
    b"x-portkey-span-id": "span",
    b"x-portkey-parent-span-id": "parent_span",
    b"x-portkey-span-name": "span_name",
}
"""Headers that say where in a trace the call stands, and what the record calls them."""
_UNREAD = RequestFacts(None, stream=False, wants_usage=False)
MAX_TAGS = 16
MAX_TAG = 128


class Tried(msgspec.Struct):
    """A try that did not answer the call. It becomes an Attempt of the record, priced where it may have been billed."""

    target: Target
    status: int | None
    error: str | None
    began: int
    first_byte: int | None
    ended: int
    option: str | None
    why: str | None
    usage: Usage | None
    usage_source: str | None
    model_answered: str | None
    reported_cost: int | None
    request_body: bytes
    answer: bytes
    """What came of it, kept until its usage is estimated."""
    cost: int | None = None
    """Nano-dollars."""

    def attempt(self) -> Attempt:
        return Attempt(
            provider=self.target.provider.name,
            model=self.target.model,
            status=self.status,
            error=self.error,
            began=self.began,
            first_byte=self.first_byte,
            ended=self.ended,
            option=self.option,
            why=self.why,
            usage=self.usage,
            usage_source=self.usage_source,
            cost=self.cost,
        )


class Draft(msgspec.Struct):
    """What is known of a call so far. One per call, touched only by the coroutine that serves it.

    A Struct, because a call's way is short and its values are many: made in one piece, read without a dictionary.
    """

    endpoint: Endpoint
    path: str
    request_headers: Sequence[tuple[bytes, bytes]]
    headers: dict[bytes, bytes]
    """The same by name; the last of any repeats."""
    id: str
    started: int
    began: int
    request_body: bytes = b""
    uploaded: int = 0
    """Bytes of a body that was passed on as it came and not kept."""
    key: KeyEntry | None = None
    agent: AgentEntry | None = None
    workspace: WorkspaceEntry | None = None
    attribution: Attribution | None = None
    facts: RequestFacts | None = None
    target: Target | None = None
    route: CompiledRoute | None = None
    """None: the call goes to its one target, once."""
    tries: list[Tried] = []
    """Those before the one that answers, or ended the call."""
    option: str | None = None
    """Which target of its route `target` is."""
    why: str | None = None
    """Why it was tried: None at first, then retry, fallback or hedge."""
    retries: int = 0
    """How often it was asked again; -1 when all retries it may have were in vain."""
    busy: TargetHealth | None = None
    """Where this call counts as one in flight."""
    breaker: Breaker | None = None
    """To be told how it ends."""
    shadow_of: str | None = None
    """The call this one mirrors; nobody gets its answer."""
    withhold_usage: bool = False
    """We asked the provider for usage in the stream and the caller did not."""
    reader: StreamReader | None = None
    translator: Translator | OnceTranslator | None = None
    """Set when the provider does not speak the caller's dialect."""
    dropped: Sequence[str] = ()
    """What the translation left out, and by which rule."""
    flight: InFlight | None = None
    meter: Callable[["Draft"], None] | None = None
    """Told after each chunk of a stream, where a limit may be reached on the way; it ends the call by its flight."""
    cache_policy: CachePolicy | None = None
    """What the call's route says of caching; the call's own headers may change it."""
    cache: Caching | None = None
    """What the cache does for this call; None: nothing."""
    quote: Quote | Literal[Missing.MISSING] | None = MISSING
    """The price of the target's model, as far as it has been looked up."""
    hold: Any = None
    """What limits and budgets keep for this call; theirs alone."""
    told: bytes = b""
    """Lines that those who took part add to the answer's head, such as what is left of a limit."""
    ceiling_cost: int | None = None
    """Nano-dollars that a call without a price counts as against budgets."""
    body_mode: str = "full"
    status: int = 0
    outcome: str = "ok"
    begun: bool = False
    """The caller has been sent the head of an answer: from here on there is no second one."""
    recorded: bool = False
    cost: int | None = None
    """Nano-dollars."""
    error_code: str | None = None
    error_message: str | None = None
    attempt_error: str | None = None
    upstream_status: int | None = None
    sent_at: int | None = None
    first_byte: int | None = None
    upstream_done: int | None = None
    answer_headers: Sequence[tuple[bytes, bytes]] = ()
    answer_type: str | None = None
    answer_packed: bool = False
    """The provider's answer has a content-encoding."""
    chunks: list[bytes] = []
    chunk_times: list[bytes] = []
    response_size: int = 0
    model_answered: str | None = None
    usage: Usage | None = None
    usage_source: str = "none"
    priced: tuple[int | None, PriceNote | None] | None = None
    """Cost and price, where they take more than one look-up and were found beforehand."""
    batch_results: str | None = None
    """What names the batch's results that were read: they are billed once, however often they are read."""
    reported_cost: int | None = None
    """Nano-dollars, when the provider itself says what the call cost."""
    features: bytes | None = None
    """What signals look at, of a call whose bodies are not kept."""

    @classmethod
    def of(cls, endpoint: Endpoint, exchange: Exchange) -> "Draft":
        """The draft of a call that has just arrived."""
        return cls(
            endpoint,
            exchange.path,
            exchange.headers,
            exchange.fields,
            new_id("call"),
            time.time_ns() // 1_000,
            time.perf_counter_ns(),
        )

    def elapsed(self) -> int:
        """Microseconds since the call arrived."""
        return (time.perf_counter_ns() - self.began) // 1_000

    def overhead(self, ended: int) -> int:
        """Microseconds of ours until then: all but the wait for the provider."""
        if self.sent_at is None:
            return ended
        began = self.tries[0].began if self.tries else self.sent_at
        return max(0, ended - (self.upstream_done if self.upstream_done is not None else ended) + began)

    def took_chunk(self, chunk: bytes) -> None:
        """Keep a chunk of the answer and when it came."""
        self.chunk_times.append(_CHUNK_TIME.pack(self.response_size & 0xFFFFFFFF, self.elapsed() // 1_000))
        self.chunks.append(chunk)
        self.response_size += len(chunk)

    def choose_body_mode(self) -> None:
        """The agent's mode, else the workspace's; a request may only ask for less to be kept."""
        assert self.workspace is not None and self.agent is not None and self.key is not None
        mode = self.key.body_mode or self.agent.body_mode or self.workspace.body_mode
        asked = self.headers.get(b"x-quarterdeck-bodies", b"").decode("latin-1")
        if self.headers.get(b"x-portkey-debug") == b"false":
            asked = "none"
        if _BODY_RANK.get(asked, 0) > _BODY_RANK.get(mode, 0):
            mode = asked
        self.body_mode = mode

    def tags(self) -> list[tuple[str, str]]:
        """The key's tags, those of the tag header, Portkey's and the body's metadata; the first to name one wins."""
        header, metadata = self.headers.get(b"x-quarterdeck-tags"), self.headers.get(b"x-portkey-metadata")
        told = self.facts.tags if self.facts is not None else None
        if header is None and metadata is None and not told and (self.key is None or not self.key.tags):
            return []
        found: dict[str, str] = dict(self.key.tags) if self.key is not None else {}
        if header is not None:
            for part in header.decode("latin-1").split(","):
                name, equals, value = part.partition("=")
                if equals:
                    found.setdefault(name.strip()[:MAX_TAG], value.strip()[:MAX_TAG])
        if metadata is not None:
            for name, text in json_object(metadata).items():
                if isinstance(text, str):
                    found.setdefault(name[:MAX_TAG], text[:MAX_TAG])
        if told:
            for name, value in told.items():
                found.setdefault(name[:MAX_TAG], value[:MAX_TAG])
        return list(found.items())[:MAX_TAGS]

    def record(self, cost: int | None, price: PriceNote | None) -> CallRecord:
        """Freeze it. `cost` is nano-dollars."""
        assert self.workspace is not None
        attribution = self.attribution if self.attribution is not None else UNCLAIMED
        facts = self.facts if self.facts is not None else _UNREAD
        provider, kind, model = self._answered_by()
        sent: list[tuple[str, str]] = []
        got: list[tuple[str, str]] = []
        question = answer = times = b""
        if self.body_mode != "none":
            sent, got = recorded(self.request_headers), recorded(self.answer_headers)
            question, answer, times = self.request_body, b"".join(self.chunks), b"".join(self.chunk_times)
        ended = self.elapsed()
        user_agent = self.headers.get(b"user-agent")
        return CallRecord(
            id=self.id,
            workspace_id=self.workspace.id,
            agent_id=self.agent.id if self.agent is not None else None,
            key_id=self.key.id if self.key is not None else None,
            run_id=attribution.run_id,
            task_id=attribution.task_id,
            attribution=attribution.source,
            session=attribution.session,
            trace_id=attribution.trace_id,
            dialect=self.endpoint.dialect,
            endpoint=self.path,
            model_asked=facts.model or "",
            provider=provider,
            provider_kind=kind,
            model=model,
            model_answered=self.model_answered,
            stream=facts.stream,
            status=self.status,
            outcome=self.outcome,
            error_code=self.error_code,
            error_message=self.error_message,
            attempts=self._attempts(),
            started=self.started,
            first_byte=self.first_byte,
            ended=ended,
            overhead=self.overhead(ended),
            usage=self.usage,
            usage_source=self.usage_source,
            cost=cost,
            price=price,
            tags=self.tags(),
            client=user_agent.decode("latin-1") if user_agent is not None else None,
            request_headers=sent,
            response_headers=got,
            body_mode=self.body_mode,
            request_body=question,
            response_body=answer,
            response_type=self.answer_type,
            chunk_times=times,
            request_size=self.uploaded or len(self.request_body),
            response_size=self.response_size,
            extra=self._extra(),
        )

    def _answered_by(self) -> tuple[str | None, str | None, str | None]:
        """Provider, its kind, and model: of an answer given again, those that gave it first."""
        hit, target = self.cache.hit if self.cache is not None else None, self.target
        if hit is not None:
            return hit.provider, hit.provider_kind, hit.model
        if target is not None:
            return target.provider.name, target.provider.kind, target.model
        return None, None, None

    def _extra(self) -> dict[str, Any]:
        """What only some calls have."""
        extra: dict[str, Any] = {}
        if self.attribution is not None and self.attribution.mismatch:
            extra["mismatch"] = self.attribution.mismatch
        if not _SPAN.keys().isdisjoint(self.headers):
            for header, name in _SPAN.items():
                if (told := self.headers.get(header)) is not None:
                    extra[name] = told[:128].decode("latin-1")
        if self.cache is not None:
            extra["cache"] = self.cache.told()
        if self.route is not None and self.route.name is not None:
            extra["route"] = self.route.name
        if self.shadow_of is not None:
            extra["shadow_of"] = self.shadow_of
        if self.batch_results is not None:
            extra["batch_results"] = self.batch_results
        if self.features is not None:
            extra[FEATURES] = self.features
        if self.ceiling_cost:
            extra["ceiling"] = self.ceiling_cost
        return extra

    def _attempts(self) -> list[Attempt]:
        before = [each.attempt() for each in self.tries] if self.tries else []
        if self.target is None or self.sent_at is None:
            return before
        error = self.attempt_error
        if error is None and self.upstream_status is not None and self.upstream_status >= 400:
            error = f"status_{self.upstream_status}"
        last = Attempt(
            provider=self.target.provider.name,
            model=self.target.model,
            status=self.upstream_status,
            error=error,
            began=self.sent_at,
            first_byte=self.first_byte,
            ended=self.upstream_done if self.upstream_done is not None else self.elapsed(),
            option=self.option,
            why=self.why,
        )
        before.append(last)
        return before

"""How a call looks from outside, with the names of what it belongs to, looked up for a whole page at once."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.calls import rendered
from quarterdeck.control.calls.found import Snippet
from quarterdeck.control.portkey import store as feedback_store
from quarterdeck.control.shapes import Instant, Named, TaskNamed
from quarterdeck.control.tasks import store as task_store
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import MS, iso
from quarterdeck.ledger.calls import Conversation, StoredCall
from quarterdeck.ledger.intake import Detail
from quarterdeck.ledger.record import Attempt, PriceNote, Usage

Outcome = Literal["ok", "error", "cut", "cancelled", "refused"]
CacheStatus = Literal["hit", "semantic-hit", "miss", "semantic-miss", "refresh"]


class UsageOut(BaseModel):
    """Tokens. `input_total` holds cached parts and audio, `output_total` reasoning and audio."""

    input_total: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output_total: int
    reasoning: int
    audio_in: int
    audio_out: int
    server_tools: dict[str, int] = Field(description="Uses of tools that the provider ran and bills apart.")
    service_tier: str | None

    @classmethod
    def of(cls, usage: Usage) -> "UsageOut":
        return cls(**{name: getattr(usage, name) for name in cls.model_fields})


class FoundPieceOut(BaseModel):
    text: str
    hit: bool = Field(description="This is what was searched for.")


class FoundOut(BaseModel):
    """Where in the call the words are."""

    where: Literal["message", "tool_result", "answer", "tool_call"]
    pieces: list[FoundPieceOut]

    @classmethod
    def of(cls, snippet: Snippet) -> "FoundOut":
        return cls(where=snippet.where, pieces=[FoundPieceOut(text=text, hit=hit) for text, hit in snippet.pieces])


class CallOut(BaseModel):
    """One model request through the gateway. `cost_nano` is null when the model has no price."""

    id: str
    started_at: Instant
    agent: Named | None
    task: TaskNamed | None
    run_id: str | None
    key_id: str | None
    attribution: str = Field(description="Which source named the run or the task; `unclaimed` when none did.")
    dialect: str
    endpoint: str
    provider: str | None
    model_asked: str
    model: str | None
    model_answered: str | None
    stream: bool
    status: int
    outcome: Outcome
    error_code: str | None
    error_message: str | None
    duration_ms: float
    first_byte_ms: float | None
    overhead_ms: float
    usage: UsageOut | None
    usage_source: Literal["provider", "estimated", "none"]
    cost_nano: int | None
    unpriced: bool = Field(description="It used something that has no price, so its cost is unknown.")
    cache: CacheStatus | None = Field(description="What our cache did for it; null: it was not asked to cache.")
    saved_nano: int | None = Field(description="What the answer that a hit repeats had cost.")
    route: str | None = Field(description="The saved route it was sent by.")
    stop_reason: str | None = Field(description="Why the model stopped, in the provider's own word, where it is told.")
    attempt_count: int
    conversation_id: str | None
    client: str | None
    tags: dict[str, str]
    request_size: int
    response_size: int
    body_mode: Literal["full", "redacted", "none"]


class CallListedOut(CallOut):
    found: FoundOut | None = Field(None, description="With `q`: where the words are; null: the text is gone since.")


class SearchOut(BaseModel):
    """How far a search reaches. Texts are indexed a moment after their call is stored."""

    indexed_until: Instant | None = Field(description="Calls stored later are not searched yet; null: all are.")
    indexed_since: Instant | None = Field(description="Calls that began before are not searched yet; null: all are.")
    searched_back_to: Instant | None = Field(
        description="It was looked no further back than this, to answer soon: `next` goes on. Null: it was not cut."
    )


class CallsOut(BaseModel):
    items: list[CallListedOut]
    next: str | None
    search: SearchOut | None = Field(None, description="With `q`, and where the look back ended early.")


class AttemptOut(BaseModel):
    """One try at one target; times count from the start of the call."""

    provider: str
    model: str
    status: int | None
    error: str | None
    began_ms: float
    first_byte_ms: float | None
    ended_ms: float

    @classmethod
    def of(cls, attempt: Attempt) -> "AttemptOut":
        return cls(
            provider=attempt.provider,
            model=attempt.model,
            status=attempt.status,
            error=attempt.error,
            began_ms=attempt.began / MS,
            first_byte_ms=_ms(attempt.first_byte),
            ended_ms=attempt.ended / MS,
        )


class PriceOut(BaseModel):
    """Where the cost came from: unit prices in femto-dollars (1e-15 USD)."""

    source: str
    version: str
    units: dict[str, int]


class FeedbackOut(BaseModel):
    """What a member or an agent thought of the answer, from −10 to 10."""

    id: str
    value: int
    weight: float
    metadata: dict[str, Any]
    given_by: str
    at: Instant


class CallDetailOut(CallOut):
    attempts: list[AttemptOut]
    price: PriceOut | None
    request_headers: list[tuple[str, str]]
    response_headers: list[tuple[str, str]]
    trace_id: str | None
    session: str | None
    feedback: list[FeedbackOut]
    cached_from: str | None = Field(description="The call whose answer a hit repeats.")


class PartOut(BaseModel):
    """A piece of a message. Which fields have a value depends on `kind`."""

    kind: rendered.Kind
    text: str | None = None
    name: str | None = None
    arguments: str | None = Field(None, description="A tool call's, as JSON text.")
    id: str | None = Field(None, description="Joins a tool call and its result.")
    media_type: str | None = None
    url: str | None = Field(None, description="An address, or a data URL when it is not too long.")
    size: int | None = Field(None, description="Bytes of what is not shown.")
    is_error: bool | None = None
    raw: Any = Field(None, description="For kind `other`: the JSON as it was.")


class MessageOut(BaseModel):
    role: str
    parts: list[PartOut]
    new: bool = Field(description="It was not part of the conversation's call before this one.")

    @classmethod
    def of(cls, message: rendered.Message, *, new: bool) -> "MessageOut":
        parts = [PartOut(**{name: getattr(part, name) for name in PartOut.model_fields}) for part in message.parts]
        return cls(role=message.role, parts=parts, new=new)


class ToolOut(BaseModel):
    name: str
    description: str | None


class RenderedOut(BaseModel):
    """A call's bodies as messages. `timeline` says when how many bytes of a streamed answer had arrived."""

    messages: list[MessageOut]
    tools: list[ToolOut]
    params: dict[str, Any]
    answer: list[MessageOut] | None
    timeline: list[tuple[int, int]] | None = Field(description="Pairs of byte offset and milliseconds.")


class ConversationOut(BaseModel):
    """Calls that continue each other, newest first."""

    id: str
    agent: Named | None
    run_id: str | None
    task: TaskNamed | None
    started_at: Instant
    last_at: Instant
    calls: int
    cost_nano: int
    unpriced_calls: int
    items: list[CallOut]
    next: str | None


def listed(call: CallOut) -> CallListedOut:
    return CallListedOut(**dict(call))


def listed_with(call: CallOut, snippet: Snippet | None) -> CallListedOut:
    """As one of those that words were searched in."""
    return CallListedOut(**dict(call), found=None if snippet is None else FoundOut.of(snippet))


async def shown_calls(tx: Transaction, workspace_id: str, calls: Sequence[StoredCall]) -> list[CallOut]:
    """A page of calls, in two queries more however long the page."""
    return [CallOut(**each) for each in await _shown(tx, workspace_id, calls)]


async def shown_call(tx: Transaction, call: StoredCall, price: PriceNote | None, detail: Detail) -> CallDetailOut:
    [common] = await _shown(tx, call.workspace_id, [call])
    traces = [each for each in (call.id, call.trace_id) if each is not None]
    given = await feedback_store.of(tx, call.workspace_id, traces)
    return CallDetailOut(
        **common,
        attempts=[AttemptOut.of(attempt) for attempt in call.attempts],
        price=None if price is None else PriceOut(source=price.source, version=price.version, units=price.units),
        request_headers=detail.request_headers,
        response_headers=detail.response_headers,
        trace_id=call.trace_id,
        session=call.session,
        feedback=[
            FeedbackOut(
                id=each.id,
                value=each.value,
                weight=each.weight,
                metadata=each.metadata,
                given_by=each.given_by,
                at=iso(each.created_at),
            )
            for each in given
        ],
        cached_from=_repeated(detail),
    )


async def shown_conversation(
    tx: Transaction, conversation: Conversation, calls: Sequence[StoredCall], following: str | None
) -> ConversationOut:
    agents, tasks = await _names(tx, conversation.workspace_id, [conversation])
    return ConversationOut(
        id=conversation.id,
        agent=agents.get(conversation.agent_id or ""),
        run_id=conversation.run_id,
        task=tasks.get(conversation.task_id or ""),
        started_at=iso(conversation.started_at),
        last_at=iso(conversation.last_at),
        calls=conversation.calls,
        cost_nano=conversation.cost,
        unpriced_calls=conversation.unpriced_calls,
        items=await shown_calls(tx, conversation.workspace_id, calls),
        next=following,
    )


async def _shown(tx: Transaction, workspace_id: str, calls: Sequence[StoredCall]) -> list[dict[str, Any]]:
    agents, tasks = await _names(tx, workspace_id, calls)
    return [
        {
            "id": call.id,
            "started_at": iso(call.started),
            "agent": agents.get(call.agent_id or ""),
            "task": tasks.get(call.task_id or ""),
            "run_id": call.run_id,
            "key_id": call.key_id,
            "attribution": call.attribution,
            "dialect": call.dialect,
            "endpoint": call.endpoint,
            "provider": call.provider,
            "model_asked": call.model_asked,
            "model": call.model,
            "model_answered": call.model_answered,
            "stream": call.stream,
            "status": call.status,
            "outcome": call.outcome,
            "error_code": call.error_code,
            "error_message": call.error_message,
            "duration_ms": call.duration / MS,
            "first_byte_ms": _ms(call.first_byte),
            "overhead_ms": call.overhead / MS,
            "usage": None if call.usage is None else UsageOut.of(call.usage),
            "usage_source": call.usage_source,
            "cost_nano": call.cost,
            "unpriced": call.cost is None and call.usage is not None,
            "cache": call.cache,
            "saved_nano": call.saved,
            "route": call.route,
            "stop_reason": call.stop_reason,
            "attempt_count": len(call.attempts),
            "conversation_id": call.conversation_id,
            "client": call.client,
            "tags": call.tags,
            "request_size": call.request_size,
            "response_size": call.response_size,
            "body_mode": call.body_mode,
        }
        for call in calls
    ]


async def _names(
    tx: Transaction, workspace_id: str, rows: Sequence[StoredCall | Conversation]
) -> tuple[dict[str, Named], dict[str, TaskNamed]]:
    """Agents and tasks by id. One that is no longer known is shown by its id: the call did happen."""
    agent_ids = {row.agent_id for row in rows if row.agent_id is not None}
    task_ids = {row.task_id for row in rows if row.task_id is not None}
    agents = await agent_store.named(tx, workspace_id, agent_ids)
    tasks = await task_store.named(tx, workspace_id, task_ids)
    return (
        {each: Named(id=each, name=agents.get(each, each)) for each in agent_ids},
        {
            each: TaskNamed(id=each, ref=tasks[each].ref, title=tasks[each].title)
            if each in tasks
            else TaskNamed(id=each, ref=each, title=each)
            for each in task_ids
        },
    )


def _repeated(detail: Detail) -> str | None:
    told = detail.extra.get("cache")
    return told.get("of") if isinstance(told, dict) else None


def _ms(duration: int | None) -> float | None:
    return None if duration is None else duration / MS

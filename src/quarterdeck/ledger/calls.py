"""Calls as they are stored: one call, those of given ids, what came before it, a conversation."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from quarterdeck.db import Prepared, Transaction
from quarterdeck.kernel.errors import NotFound
from quarterdeck.ledger.intake import BodyForm
from quarterdeck.ledger.packs import Place
from quarterdeck.ledger.record import Attempt, PriceNote, Usage
from quarterdeck.ledger.tables import calls, conversations, prices

_attempts = msgspec.json.Decoder(list[Attempt])
_counts = msgspec.json.Decoder(dict[str, int])
_texts = msgspec.json.Decoder(dict[str, str])
_CHUNK = 400


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call as it is stored. Durations are microseconds from `started`; `cost` is nano-dollars, None: no price."""

    workspace_id: str
    id: str
    started: int
    duration: int
    first_byte: int | None
    overhead: int
    agent_id: str | None
    key_id: str | None
    run_id: str | None
    task_id: str | None
    attribution: str
    session: str | None
    trace_id: str | None
    dialect: str
    endpoint: str
    model_asked: str
    provider: str | None
    provider_kind: str | None
    model: str | None
    model_answered: str | None
    stream: bool
    status: int
    outcome: str
    error_code: str | None
    error_message: str | None
    attempts: list[Attempt]
    usage: Usage | None
    usage_source: str
    cost: int | None
    price_id: bytes | None
    tags: dict[str, str]
    client: str | None
    body_mode: str
    request_size: int
    response_size: int
    response_type: str | None
    epoch: int
    body_form: BodyForm
    request: bytes | None
    """The content that is the request's body, or its envelope."""
    tip: bytes | None
    answer: Place | None
    answer_split: int
    conversation_id: str | None
    cache: str | None
    """What our cache did: hit, semantic-hit, miss, semantic-miss or refresh; None: nothing."""
    saved: int | None
    """Nano-dollars that a hit's answer had cost."""
    route: str | None = None
    stop_reason: str | None = None
    """The provider's own word; None: not told, or from before it was looked for."""


@dataclass(frozen=True, slots=True)
class Made:
    """Calls of a stretch of a run. `cost` is nano-dollars of those that have a price."""

    calls: int
    cost: int
    unpriced_calls: int


# On SQLite `calls` is a view over months. Only what is compared with a given value finds an index through it: a join,
# or a list out of another table, would read every call there is.
_BETWEEN = Prepared(
    sa.select(
        sa.func.count().label("calls"),
        sa.func.coalesce(sa.func.sum(calls.c.cost), 0).label("cost"),
        sa.func.coalesce(
            sa.func.sum(sa.case((calls.c.cost.is_(None) & calls.c.input_total.is_not(None), 1), else_=0)), 0
        ).label("unpriced_calls"),
    ).where(
        calls.c.workspace_id == sa.bindparam("workspace_id"),
        calls.c.run_id == sa.bindparam("run_id"),
        calls.c.started > sa.bindparam("after", type_=sa.BigInteger),
        calls.c.started <= sa.bindparam("until", type_=sa.BigInteger),
    )
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Calls that continue each other. `cost` leaves out calls without a price."""

    workspace_id: str
    id: str
    agent_id: str | None
    run_id: str | None
    task_id: str | None
    first_call_id: str
    last_call_id: str
    started_at: int
    last_at: int
    calls: int
    cost: int
    unpriced_calls: int


async def get(tx: Transaction, workspace_id: str, call_id: str) -> StoredCall:
    """Raises NotFound."""
    query = sa.select(calls).where(calls.c.workspace_id == workspace_id, calls.c.id == call_id)
    row = await tx.row(query)
    if row is None:
        raise NotFound(f"There is no call {call_id}; a call is shown a moment after it ended.")
    return stored(row)


async def of_ids(tx: Transaction, workspace_id: str, call_ids: Collection[str]) -> list[StoredCall]:
    """Those of these calls that are kept, oldest first."""
    if not call_ids:
        return []
    query = sa.select(calls).where(calls.c.workspace_id == workspace_id, calls.c.id.in_(sorted(set(call_ids))))
    return [stored(row) for row in await tx.rows(query.order_by(calls.c.id))]


async def made_between(tx: Transaction, workspace_id: str, run_id: str, after: int, until: int) -> Made:
    """The calls of a run that began after one instant and until another."""
    (row,) = await tx.fetch(_BETWEEN, workspace_id=workspace_id, run_id=run_id, after=after, until=until)
    return Made(*map(int, row))


async def cost_since(tx: Transaction, workspace_id: str, call_ids: Collection[str], since: int) -> int:
    """Nano-dollars of those of these calls that began at that instant or later, and have a price."""
    ordered, cost = sorted(set(call_ids)), 0
    for at in range(0, len(ordered), _CHUNK):
        some = calls.c.id.in_(ordered[at : at + _CHUNK])
        query = sa.select(sa.func.sum(calls.c.cost)).where(calls.c.workspace_id == workspace_id, some)
        cost += int(await tx.scalar(query.where(calls.c.started >= since)) or 0)
    return cost


async def before(tx: Transaction, call: StoredCall) -> StoredCall | None:
    """The call before this one in the same conversation whose messages are kept."""
    if call.conversation_id is None:
        return None
    query = (
        sa.select(calls)
        .where(
            calls.c.workspace_id == call.workspace_id,
            calls.c.conversation_id == call.conversation_id,
            calls.c.tip.is_not(None),
            calls.c.id < call.id,
        )
        .order_by(calls.c.id.desc())
        .limit(1)
    )
    row = await tx.row(query)
    return stored(row) if row is not None else None


async def conversation(tx: Transaction, workspace_id: str, conversation_id: str) -> Conversation:
    """Raises NotFound."""
    query = sa.select(conversations).where(
        conversations.c.workspace_id == workspace_id, conversations.c.id == conversation_id
    )
    row = await tx.row(query)
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}.")
    return Conversation(**row)


async def price_notes(tx: Transaction, ids: Collection[bytes]) -> dict[bytes, PriceNote]:
    """The unit prices that made the costs of calls, by `price_id`."""
    if not ids:
        return {}
    rows = await tx.rows(sa.select(prices).where(prices.c.id.in_(ids)))
    return {row["id"]: PriceNote(row["source"], row["version"], _counts.decode(row["units"])) for row in rows}


def stored(row: Mapping[str, Any] | sa.RowMapping) -> StoredCall:
    """From a row of `calls`."""
    return StoredCall(
        workspace_id=row["workspace_id"],
        id=row["id"],
        started=row["started"],
        duration=row["duration"],
        first_byte=row["first_byte"],
        overhead=row["overhead"],
        agent_id=row["agent_id"],
        key_id=row["key_id"],
        run_id=row["run_id"],
        task_id=row["task_id"],
        attribution=row["attribution"],
        session=row["session"],
        trace_id=row["trace_id"],
        dialect=row["dialect"],
        endpoint=row["endpoint"],
        model_asked=row["model_asked"],
        provider=row["provider"],
        provider_kind=row["provider_kind"],
        model=row["model"],
        model_answered=row["model_answered"],
        stream=bool(row["stream"]),
        status=row["status"],
        outcome=row["outcome"],
        error_code=row["error_code"],
        error_message=row["error_message"],
        attempts=_attempts.decode(row["attempts"]),
        usage=_usage(row),
        usage_source=row["usage_source"],
        cost=row["cost"],
        price_id=row["price"],
        tags=_texts.decode(row["tags"]) if row["tags"] else {},
        client=row["client"],
        body_mode=row["body_mode"],
        request_size=row["request_size"],
        response_size=row["response_size"],
        response_type=row["response_type"],
        epoch=row["epoch"],
        body_form=BodyForm(row["body_form"]),
        request=row["request"],
        tip=row["tip"],
        answer=Place.decode(row["answer"]) if row["answer"] is not None else None,
        answer_split=row["answer_split"] or 0,
        conversation_id=row["conversation_id"],
        cache=row["cache"],
        saved=row["saved"],
        route=row["route"],
        stop_reason=row["stop_reason"],
    )


def _usage(row: Mapping[str, Any] | sa.RowMapping) -> Usage | None:
    if row["input_total"] is None:
        return None
    return Usage(
        input_total=row["input_total"],
        cache_read=row["cache_read"],
        cache_write_5m=row["cache_write_5m"],
        cache_write_1h=row["cache_write_1h"],
        output_total=row["output_total"],
        reasoning=row["reasoning"],
        audio_in=row["audio_in"],
        audio_out=row["audio_out"],
        cache_audio_read=row["cache_audio_read"],
        server_tools=_counts.decode(row["server_tools"]) if row["server_tools"] else {},
        service_tier=row["service_tier"],
    )

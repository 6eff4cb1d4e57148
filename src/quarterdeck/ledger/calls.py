"""Reading calls: lists newest first, one call, a conversation."""

import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import sqlalchemy as sa

from quarterdeck.db import Prepared, Transaction
from quarterdeck.kernel.errors import Invalid, NotFound
from quarterdeck.kernel.ids import instant_of, lowest_id
from quarterdeck.kernel.pages import Page
from quarterdeck.ledger.intake import BodyForm
from quarterdeck.ledger.packs import Place
from quarterdeck.ledger.record import Attempt, PriceNote, Usage
from quarterdeck.ledger.search import find
from quarterdeck.ledger.search.numbers import FACETS
from quarterdeck.ledger.search.words import Question
from quarterdeck.ledger.tables import call_marks, calls, conversations, prices
from quarterdeck.ledger.work_costs import Fact

_attempts = msgspec.json.Decoder(list[Attempt])
_counts = msgspec.json.Decoder(dict[str, int])
_texts = msgspec.json.Decoder(dict[str, str])
_CHUNK = 400
_BAD = sa.text("outcome <> 'ok'")
"""In these words, so that the index of calls that went wrong is used."""
LOOKED_S = 0.15
"""How long is looked for calls with words, before what was found is told."""
LOOKED_AT = 1_000
"""So many of them at once."""


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls. None means all; `begin` and `end` (exclusive) are instants."""

    agent_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    conversation_id: str | None = None
    provider: str | None = None
    model: str | None = None
    outcome: str | None = None
    status: int | None = None
    cache: str | None = None
    unclaimed: bool | None = None
    """True: only those that belong to no run and no task; False: only the others."""
    begin: int | None = None
    end: int | None = None
    min_cost: int | None = None
    mark: Fact | None = None
    """Only those that are known as this: looped, duplicate, made while blocked."""
    words: Question | None = None
    """Only those in whose new messages or answer these words are."""


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


async def page(
    tx: Transaction, workspace_id: str, which: CallFilter, *, limit: int, after: str | None = None
) -> Page[StoredCall]:
    """Calls newest first. Raises Invalid when `after` is no cursor of ours.

    With words, a page that would take long to fill ends early: its `next` goes on where it stopped looking.
    """
    if after is not None:
        after = cursor(after)
    if which.words is not None:
        return await _page_of_words(tx, workspace_id, which, which.words, limit=limit, after=after)
    if which.mark is not None and which.run_id is which.task_id is which.conversation_id is None:
        return await _marked(tx, workspace_id, which, which.mark, limit=limit, after=after)
    query = sa.select(calls).where(calls.c.workspace_id == workspace_id, *_conditions(which))
    if after is not None:
        query = query.where(calls.c.id < after)
    query = query.order_by(calls.c.id.desc()).limit(limit + 1)
    found = [stored(row) for row in await tx.rows(query)]
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


async def _marked(
    tx: Transaction, workspace_id: str, which: CallFilter, mark: Fact, *, limit: int, after: str | None
) -> Page[StoredCall]:
    """By the marks, newest first: few calls have one, and a list out of another table finds no index of calls."""
    marks = [call_marks.c.workspace_id == workspace_id, call_marks.c.fact == mark.value]
    if which.begin is not None:
        marks.append(call_marks.c.call_id >= lowest_id("call", which.begin))
    if which.end is not None:
        marks.append(call_marks.c.call_id < lowest_id("call", which.end))
    others, place = _conditions(replace(which, mark=None)), after
    found: list[StoredCall] = []
    while True:
        there = marks if place is None else [*marks, call_marks.c.call_id < place]
        query = sa.select(call_marks.c.call_id).where(*there).order_by(call_marks.c.call_id.desc()).limit(_CHUNK)
        ids = list((await tx.execute(query)).scalars())
        if ids:
            kept = sa.select(calls).where(calls.c.workspace_id == workspace_id, calls.c.id.in_(ids), *others)
            found += [stored(row) for row in await tx.rows(kept.order_by(calls.c.id.desc()).limit(limit + 1))]
        if len(found) > limit or len(ids) < _CHUNK:
            return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)
        place = ids[-1]


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


async def _page_of_words(
    tx: Transaction, workspace_id: str, which: CallFilter, words: Question, *, limit: int, after: str | None
) -> Page[StoredCall]:
    """A page of those with words: the index finds them newest first, and the rows say which are meant."""
    values = {name: value for name in FACETS if (value := getattr(which, name)) is not None}
    search = find.Search(workspace_id, words, values)
    until = time.monotonic() + LOOKED_S
    found: list[StoredCall] = []
    if which.task_id is None:
        sizes = [min(LOOKED_AT, (limit + 1) << 2 * turn) for turn in range(8)]
        batches = find.hits(tx, search, sizes, begin=which.begin, end=which.end, after=after)
    else:
        batches = _hits_of_task(tx, search, which, after)
    async for batch in batches:
        query = sa.select(calls).where(calls.c.workspace_id == workspace_id, calls.c.id.in_(batch.ids))
        place = {call_id: at for at, call_id in enumerate(batch.ids)}
        rows = await tx.rows(query.where(*_conditions(which))) if batch.ids else []
        found += sorted(map(stored, rows), key=lambda call: place[call.id])
        if len(found) > limit:
            return Page(found[:limit], found[limit - 1].id)
        if batch.more and time.monotonic() > until:
            return Page(found, batch.last)
    return Page(found, None)


async def _hits_of_task(
    tx: Transaction, search: find.Search, which: CallFilter, after: str | None
) -> AsyncIterator[find.Batch]:
    """A task's calls are few, and which they are may change: they are looked up first and the words in them."""
    last = after
    while True:
        query = sa.select(calls.c.id).where(calls.c.workspace_id == search.workspace_id, *_conditions(which))
        if last is not None:
            query = query.where(calls.c.id < last)
        ids = list((await tx.execute(query.order_by(calls.c.id.desc()).limit(LOOKED_AT))).scalars())
        if not ids:
            return
        last = ids[-1]
        yield find.Batch(await find.among(tx, search, ids), last, more=len(ids) == LOOKED_AT)


def cursor(after: str) -> str:
    """The call's id that a page ends with. Raises Invalid when it is none."""
    try:
        instant_of(after)
    except ValueError:
        raise Invalid("after must be the 'next' of the page before.", field="after") from None
    return after


def _conditions(which: CallFilter) -> Sequence[sa.ColumnElement[bool]]:
    conditions: list[Any] = []
    for name in ("agent_id", "task_id", "run_id", "conversation_id", "provider", "model", "outcome", "status", "cache"):
        wanted = getattr(which, name)
        if wanted is not None:
            conditions.append(calls.c[name] == wanted)
    if which.outcome not in (None, "ok"):
        conditions.append(_BAD)
    if which.unclaimed is not None:
        # Not by `not`: only in these words the index of unclaimed calls is used.
        loose = sa.and_(calls.c.run_id.is_(None), calls.c.task_id.is_(None))
        claimed = sa.or_(calls.c.run_id.is_not(None), calls.c.task_id.is_not(None))
        conditions.append(loose if which.unclaimed else claimed)
    if which.begin is not None:
        conditions.append(calls.c.id >= lowest_id("call", which.begin))
    if which.end is not None:
        conditions.append(calls.c.id < lowest_id("call", which.end))
    if which.min_cost is not None:
        conditions.append(calls.c.cost >= which.min_cost)
    if which.mark is not None:
        marked = sa.select(call_marks.c.call_id).where(
            call_marks.c.workspace_id == calls.c.workspace_id, call_marks.c.fact == which.mark.value
        )
        conditions.append(calls.c.id.in_(marked))
    return conditions


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

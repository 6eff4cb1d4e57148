"""Millions of calls in minutes: made by SQLite itself, day by day, and summed into roll-ups with their day.

Bodies are left out, as with the body mode `none`. A stretch is what one run (or an agent without a task) asks between
two instants of one day: its calls lie evenly in it, so many in a conversation; some fail, some have no price.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from filling import id_at
from quarterdeck.db import Database
from quarterdeck.kernel.clock import DAY, HOUR
from quarterdeck.ledger import field_sums, partitions
from quarterdeck.ledger.derived_tables import ROLLUP_SUMS
from quarterdeck.ledger.retention import KEPT_MINUTES
from quarterdeck.ledger.rollups import Grain
from quarterdeck.ledger.tables import calls

IN_A_CONVERSATION = 60
TURNS_KEPT = 6 * HOUR


@dataclass(frozen=True)
class Model:
    """Prices are nano-dollars a token; a model without is unpriced."""

    name: str
    provider: str
    kind: str
    price_in: int | None
    price_out: int | None


MODELS = (
    Model("gpt-4o", "openai", "openai", 2_500, 10_000),
    Model("gpt-4o-mini", "openai", "openai", 150, 600),
    Model("claude-sonnet-4-5", "anthropic", "anthropic", 3_000, 15_000),
    Model("claude-haiku-4-5", "anthropic", "anthropic", 1_000, 5_000),
    Model("gemini-2.5-pro", "google", "google", 1_250, 10_000),
    Model("llama-3.3-70b", "local", "vllm", None, None),
)


@dataclass(frozen=True)
class Stretch:
    """Calls of one run, or of an agent without one, within a day."""

    begin: int
    span: int
    count: int
    agent_id: str
    key_id: str
    run_id: str | None
    task_id: str | None
    model: int
    """Place in MODELS."""
    tag: str | None
    """`name=value`."""
    waste: str | None = None
    """What the last fifth of it is known as: looped, duplicate or blocked."""


async def fill(db: Database, data: Path, workspace_id: str, stretches: Sequence[Stretch]) -> None:
    """Make the calls of these stretches, and all that ingest would have written beside them."""
    days = sorted({each.begin - each.begin % DAY for each in stretches})
    async with db.transaction() as tx:
        await partitions.ensure(tx, days)
    now = db.clock.now()
    await db.close()
    # By hand: nobody else has the file open, and what is lost when the power goes is made again.
    store = sqlite3.connect(data / "quarterdeck.db", isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000", "temp_store=MEMORY"):
        store.execute(f"PRAGMA {pragma}")
    store.create_function("id_at", 3, id_at, deterministic=True)
    _plan(store, stretches)
    for day in days:
        store.execute("BEGIN")
        _day(store, workspace_id, day, now)
        store.execute("COMMIT")
    store.execute("PRAGMA journal_mode=WAL")
    store.close()


def _plan(store: sqlite3.Connection, stretches: Iterable[Stretch]) -> None:
    names = ", ".join(each.name for each in fields(Stretch))
    store.execute(f"CREATE TEMP TABLE stretches (id INTEGER PRIMARY KEY, day, {names})")
    store.execute("CREATE INDEX temp.by_day ON stretches (day)")
    places = ", ".join("?" * len(fields(Stretch)))
    rows = ((each.begin - each.begin % DAY, *astuple(each)) for each in stretches)
    store.executemany(f"INSERT INTO temp.stretches (day, {names}) VALUES (?, {places})", rows)
    store.execute("CREATE TEMP TABLE models (id INTEGER PRIMARY KEY, name, provider, kind, price_in, price_out)")
    store.executemany("INSERT INTO temp.models VALUES (?, ?, ?, ?, ?, ?)", _models())
    store.execute("CREATE TEMP TABLE numbers (n INTEGER PRIMARY KEY)")
    most = max(each.count for each in stretches)
    store.executemany("INSERT INTO temp.numbers VALUES (?)", ((n,) for n in range(most)))


def _models() -> Iterable[tuple[object, ...]]:
    return ((place, *astuple(model)) for place, model in enumerate(MODELS))


# What one call is like, from its stretch `s`, its number `n` in it, and a number `h` that looks random.
_MADE = """
CREATE TEMP TABLE day_calls AS
WITH planned AS (
  SELECT s.*, n, s.begin + s.span * n / s.count AS at, (s.id * 2654435761 + n * 2246822519) % 2147483647 AS h
  FROM temp.stretches s JOIN temp.numbers ON n < s.count WHERE s.day = :day
), judged AS (
  SELECT *, CASE WHEN h % 61 = 7 THEN 'error' WHEN h % 197 = 3 THEN 'cut' WHEN h % 211 = 5 THEN 'cancelled'
    WHEN h % 307 = 11 THEN 'refused' ELSE 'ok' END AS outcome,
    2000 + n % :turns * 700 AS tokens, 150 + h % 900 AS words
  FROM planned
)
SELECT id_at('call', at, j.id << 20 | n) AS id, at, at - at % 60000000 AS minute, j.*, m.name AS model_name, m.provider,
  m.kind, 300000 + h % 9000000 AS duration, outcome IN ('ok', 'cut', 'cancelled') AS used,
  CASE WHEN outcome IN ('ok', 'cut', 'cancelled') AND h % 53 <> 9
    THEN (tokens - tokens / 2) * m.price_in + tokens / 2 * m.price_in / 10 + words * m.price_out
    WHEN h % 53 = 9 AND m.price_in IS NOT NULL THEN 0 END AS cost,
  CASE WHEN h % 53 = 9 AND outcome = 'ok' THEN 'hit' WHEN h % 3 = 0 THEN 'miss' END AS cache,
  CASE WHEN outcome = 'ok' AND n * 5 > j.count * 4 THEN j.waste
    WHEN outcome IN ('ok', 'refused') THEN 'plain' ELSE 'failed' END AS fact,
  id_at('conv', j.begin, j.id << 20 | n / :turns) AS conversation_id
FROM judged j JOIN temp.models m ON m.id = j.model ORDER BY at, j.id, n
"""

_COLUMNS = {
    "workspace_id": ":ws",
    "id": "id",
    "started": "at",
    "duration": "duration",
    "first_byte": "CASE WHEN used THEN 150000 + h % 100000 END",
    "overhead": "250 + h % 300",
    "agent_id": "agent_id",
    "key_id": "key_id",
    "run_id": "run_id",
    "task_id": "task_id",
    "attribution": "CASE WHEN run_id IS NULL THEN 'unclaimed' ELSE 'run_key' END",
    "dialect": "'openai_chat'",
    "endpoint": "'/v1/chat/completions'",
    "model_asked": "model_name",
    "provider": "provider",
    "provider_kind": "kind",
    "model": "model_name",
    "model_answered": "model_name",
    "stream": "h % 2",
    "status": "CASE outcome WHEN 'ok' THEN 200 WHEN 'error' THEN 502 WHEN 'refused' THEN 429 ELSE 200 END",
    "outcome": "outcome",
    "error_code": "CASE outcome WHEN 'error' THEN 'status_502' WHEN 'cut' THEN 'stream_cut' END",
    "attempts": "'[]'",
    "attempt_count": "1",
    "input_total": "CASE WHEN used THEN tokens END",
    "cache_read": "CASE WHEN used THEN tokens / 2 ELSE 0 END",
    "cache_write_5m": "0",
    "cache_write_1h": "0",
    "output_total": "CASE WHEN used THEN words ELSE 0 END",
    "reasoning": "0",
    "audio_in": "0",
    "audio_out": "0",
    "cache_audio_read": "0",
    "usage_source": "CASE WHEN NOT used THEN 'none' WHEN h % 41 = 1 THEN 'estimated' ELSE 'provider' END",
    "cost": "cost",
    "tags": "CASE WHEN tag IS NOT NULL THEN json_object(substr(tag, 1, instr(tag, '=') - 1),"
    " substr(tag, instr(tag, '=') + 1)) END",
    "client": "'openai-python/2.8.0'",
    "body_mode": "'none'",
    "request_size": "tokens * 4",
    "response_size": "words * 5",
    "response_type": "'application/json'",
    "epoch": "(at - 345600000000) / 604800000000",
    "body_form": "0",
    "conversation_id": "conversation_id",
    "cache": "cache",
    "saved": "CASE WHEN cache = 'hit' THEN words * 1000 END",
}

_SUMS = {
    "calls": "count(*)",
    "errors": "sum(outcome IN ('error', 'cut'))",
    "cancelled": "sum(outcome = 'cancelled')",
    "refused": "sum(outcome = 'refused')",
    "input_tokens": "sum(used * tokens)",
    "output_tokens": "sum(used * words)",
    "cache_read_tokens": "sum(used * (tokens / 2))",
    "cache_write_tokens": "0",
    "reasoning_tokens": "0",
    "cost": "coalesce(sum(cost), 0)",
    "unpriced_calls": "sum(used AND cost IS NULL)",
    "estimated_calls": "sum(used AND h % 41 = 1)",
    "duration": "sum(duration)",
    "first_byte": "sum(used * (150000 + h % 100000))",
    "first_byte_calls": "sum(used)",
    "cache_hits": "coalesce(sum(cache = 'hit'), 0)",
    "cache_saved": "coalesce(sum(CASE WHEN cache = 'hit' THEN words * 1000 END), 0)",
    "prompt_saved": "0",
    "cut": "sum(outcome = 'cut')",
}
_DIMS = {
    "total": "''",
    "agent": "agent_id",
    "task": "task_id",
    "run": "run_id",
    "model": "model_name",
    "provider": "provider",
    "key": "key_id",
    "tag": "tag",
}


def _day(store: sqlite3.Connection, workspace_id: str, day: int, now: int) -> None:
    given = {"ws": workspace_id, "day": day, "turns": IN_A_CONVERSATION}
    store.execute(_MADE, given)
    values = ", ".join(_COLUMNS.get(column.name, "NULL") for column in calls.columns)
    name = partitions.name_of(calls, day)
    store.execute(f"INSERT INTO {name} SELECT {values} FROM temp.day_calls", given)
    # Calls of one stretch and minute first: what is left to sum for each dimension is small.
    sums = ", ".join(f"{value} AS {name}" for name, value in _SUMS.items())
    whose = "minute, agent_id, task_id, run_id, model_name, provider, key_id, tag"
    store.execute(f"CREATE TEMP TABLE day_sums AS SELECT {whose}, {sums} FROM temp.day_calls GROUP BY {whose}")
    added = ", ".join(f"sum({name})" for name in ROLLUP_SUMS)
    for grain in Grain:
        if grain is Grain.MINUTE and day < now - KEPT_MINUTES:
            continue
        for dim, value in _DIMS.items():
            given |= {"grain": int(grain), "dim": dim, "length": grain.length}
            has = "" if dim != "tag" else "WHERE tag IS NOT NULL"
            store.execute(
                f"INSERT INTO rollups SELECT :ws, :grain, :dim, coalesce({value}, '') AS value,"
                f" minute - minute % :length AS at, {added} FROM temp.day_sums {has} GROUP BY value, at",
                given,
            )
    for field in field_sums.FIELDS:
        value = _COLUMNS.get(field, "NULL")
        text = f"printf('%03d', {value})" if field in ("status", "stream") else value
        store.execute(_FIELD.format(text=text), given | {"field": field, "hour": HOUR})
    store.execute(_WORK, given)
    store.execute(_MARKS, given)
    store.execute(_CONVERSATIONS, given)
    store.execute(_TURNS, {**given, "since": now - TURNS_KEPT})
    _latest(store, workspace_id)
    for table in ("day_calls", "day_sums"):
        store.execute(f"DROP TABLE temp.{table}")


_FIELD = """
INSERT INTO field_sums SELECT :ws, :field, {text} AS text, at - at % :hour AS hour, count(*),
  sum(outcome IN ('error', 'cut')), sum(outcome = 'cancelled'), sum(outcome = 'refused'), sum(outcome = 'cut')
FROM temp.day_calls WHERE text IS NOT NULL GROUP BY text, hour
"""
_WORK = """
INSERT INTO work_costs SELECT :ws, :day, coalesce(run_id, ''), coalesce(task_id, ''), agent_id, model_name,
  coalesce(fact, 'plain') AS known, count(*), coalesce(sum(cost), 0), sum(used AND cost IS NULL)
FROM temp.day_calls GROUP BY run_id, task_id, agent_id, model_name, known
"""
_MARKS = """
INSERT INTO call_marks SELECT :ws, id, fact, coalesce(run_id, agent_id) FROM temp.day_calls
WHERE fact IN ('looped', 'duplicate', 'blocked')
"""
_CONVERSATIONS = """
INSERT INTO conversations SELECT :ws, conversation_id, agent_id, run_id, task_id, min(id), max(id), min(at), max(at),
  count(*), coalesce(sum(cost), 0), sum(used AND cost IS NULL)
FROM temp.day_calls GROUP BY conversation_id
"""
_TURNS = """
INSERT INTO turns SELECT :ws, id, at + duration, at, at + duration, agent_id, run_id, task_id, conversation_id,
  provider, model_name, CASE outcome WHEN 'error' THEN 502 ELSE 200 END, outcome, NULL,
  CASE WHEN used THEN tokens END, cost, NULL
FROM temp.day_calls WHERE at >= :since
"""
_LATEST = """
INSERT INTO {table} SELECT * FROM (SELECT :ws, {who}, max(id), {rest} FROM temp.day_calls WHERE {who} IS NOT NULL
GROUP BY {who}) WHERE true ON CONFLICT DO UPDATE SET {sets}
"""
_WIRE = "at, at + duration, provider, model_name, 200, outcome, NULL, NULL, tokens"
_NEWEST = (
    ("agent_activity", "agent_id", "at, model_name, outcome"),
    ("wire_activity", "agent_id", _WIRE),
    ("wire_activity", "run_id", _WIRE),
)


def _latest(store: sqlite3.Connection, workspace_id: str) -> None:
    """The day's newest call of each agent and run, and when each key was used last."""
    for table, who, rest in _NEWEST:
        names = [row[1] for row in store.execute(f"PRAGMA table_info({table})")][2:]
        sets = ", ".join(f"{name} = excluded.{name}" for name in names)
        store.execute(_LATEST.format(table=table, who=who, rest=rest, sets=sets), {"ws": workspace_id})
    store.execute(
        "INSERT INTO key_activity SELECT * FROM (SELECT :ws, key_id, max(at) FROM temp.day_calls GROUP BY key_id)"
        " WHERE true ON CONFLICT DO UPDATE SET last_used_at = excluded.last_used_at",
        {"ws": workspace_id},
    )

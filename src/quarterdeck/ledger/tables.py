"""Tables of the ledger. Instants are microseconds since the epoch, durations microseconds, money nano-dollars.

`calls` is split by month of its id, `nodes` and `contents` by the week the body was kept for (see partitions.py).
"""

from typing import Any

import sqlalchemy as sa

from quarterdeck.db import metadata
from quarterdeck.db.schema import BigSerial

Id = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
"""Ids are compared byte by byte, so that their order is that of time on every store."""


def _own(name: str, kind: Any = sa.BigInteger) -> sa.Column[Any]:
    """A column that always has a value."""
    return sa.Column(name, kind, nullable=False)


def _maybe(name: str, kind: Any = sa.BigInteger) -> sa.Column[Any]:
    return sa.Column(name, kind)


calls = sa.Table(
    "calls",
    metadata,
    _own("workspace_id", sa.Text),
    _own("id", Id),
    _own("started"),
    _own("duration"),
    _maybe("first_byte"),
    _own("overhead"),
    _maybe("agent_id", sa.Text),
    _maybe("key_id", sa.Text),
    _maybe("run_id", sa.Text),
    _maybe("task_id", sa.Text),
    _own("attribution", sa.Text),
    _maybe("session", sa.Text),
    _maybe("trace_id", sa.Text),
    _own("dialect", sa.Text),
    _own("endpoint", sa.Text),
    _own("model_asked", sa.Text),
    _maybe("provider", sa.Text),
    _maybe("provider_kind", sa.Text),
    _maybe("model", sa.Text),
    _maybe("model_answered", sa.Text),
    _own("stream", sa.Boolean),
    _own("status", sa.Integer),
    _own("outcome", sa.Text),
    _maybe("error_code", sa.Text),
    _maybe("error_message", sa.Text),
    _own("attempts", sa.Text),  # JSON: each Attempt as an array
    _own("attempt_count", sa.Integer),
    _maybe("input_total"),  # null: the call has no usage
    _own("cache_read"),
    _own("cache_write_5m"),
    _own("cache_write_1h"),
    _own("output_total"),
    _own("reasoning"),
    _own("audio_in"),
    _own("audio_out"),
    _own("cache_audio_read"),
    _maybe("server_tools", sa.Text),  # JSON
    _maybe("service_tier", sa.Text),
    _own("usage_source", sa.Text),
    _maybe("cost"),
    _maybe("price", sa.LargeBinary),  # id of a row of `prices`
    _maybe("tags", sa.Text),  # JSON
    _maybe("client", sa.Text),
    _own("body_mode", sa.Text),
    _own("request_size"),
    _own("response_size"),
    _maybe("response_type", sa.Text),
    _own("epoch", sa.Integer),
    _own("body_form", sa.SmallInteger),
    _maybe("request", sa.LargeBinary),  # content: the whole body, or its envelope
    _maybe("tip", sa.LargeBinary),
    _maybe("answer", sa.LargeBinary),  # packed Place of the response and, after it, what else is seldom asked for
    _maybe("answer_split", sa.Integer),  # where in it the response ends
    _maybe("conversation_id", sa.Text),
    _maybe("cache", sa.Text),  # what our cache did: hit, semantic-hit, miss, …; null: nothing
    _maybe("saved"),  # what a hit's answer had cost; null: no hit, or it had no price
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.Index("ix_calls_agent", "workspace_id", "agent_id", "id"),
    sa.Index(
        "ix_calls_task",
        "workspace_id",
        "task_id",
        "id",
        postgresql_where=sa.text("task_id IS NOT NULL"),
        sqlite_where=sa.text("task_id IS NOT NULL"),
    ),
    sa.Index(
        "ix_calls_run",
        "workspace_id",
        "run_id",
        "id",
        postgresql_where=sa.text("run_id IS NOT NULL"),
        sqlite_where=sa.text("run_id IS NOT NULL"),
    ),
    sa.Index(
        "ix_calls_conversation",
        "workspace_id",
        "conversation_id",
        "id",
        postgresql_where=sa.text("conversation_id IS NOT NULL"),
        sqlite_where=sa.text("conversation_id IS NOT NULL"),
    ),
    sa.Index(
        "ix_calls_unclaimed",
        "workspace_id",
        "id",
        postgresql_where=sa.text("run_id IS NULL AND task_id IS NULL"),
        sqlite_where=sa.text("run_id IS NULL AND task_id IS NULL"),
    ),
    sa.Index("ix_calls_model", "workspace_id", "model", "id"),
    sa.Index(
        "ix_calls_bad",
        "workspace_id",
        "id",
        postgresql_where=sa.text("outcome <> 'ok'"),
        sqlite_where=sa.text("outcome <> 'ok'"),
    ),
    postgresql_partition_by="RANGE (id)",
)
"""What a call was. The row is also its entry in the account: docs/decisions/0003."""

prices = sa.Table(
    "prices",
    metadata,
    sa.Column("id", sa.LargeBinary, primary_key=True),
    _own("source", sa.Text),
    _own("version", sa.Text),
    _own("units", sa.Text),  # JSON
)
"""Each set of unit prices that ever made a cost, once, by the hash of what it says."""

nodes = sa.Table(
    "nodes",
    metadata,
    _own("workspace_id", sa.Text),
    _own("epoch", sa.Integer),
    _own("id", sa.LargeBinary),
    _own("parent", sa.LargeBinary),
    _own("content", sa.LargeBinary),
    _own("depth", sa.Integer),
    sa.PrimaryKeyConstraint("workspace_id", "epoch", "id"),
    postgresql_partition_by="LIST (epoch)",
    sqlite_with_rowid=False,
)
"""Messages in their conversations. The id follows from parent and content, so inserting one twice is nothing."""

contents = sa.Table(
    "contents",
    metadata,
    _own("workspace_id", sa.Text),
    _own("epoch", sa.Integer),
    _own("hash", sa.LargeBinary),
    _own("pack"),
    _own("block"),  # where in the pack its block begins
    _own("start", sa.Integer),  # where in the unpacked block it begins
    _own("length", sa.Integer),
    sa.PrimaryKeyConstraint("workspace_id", "epoch", "hash"),
    postgresql_partition_by="LIST (epoch)",
    sqlite_with_rowid=False,
)
"""Where in the packs the bytes are."""

conversations = sa.Table(
    "conversations",
    metadata,
    _own("workspace_id", sa.Text),
    _own("id", sa.Text),
    _maybe("agent_id", sa.Text),
    _maybe("run_id", sa.Text),
    _maybe("task_id", sa.Text),
    _own("first_call_id", sa.Text),
    _own("last_call_id", sa.Text),
    _own("started_at"),
    _own("last_at"),
    _own("calls"),
    _own("cost"),
    _own("unpriced_calls"),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.Index(
        "ix_conversations_run",
        "workspace_id",
        "run_id",
        postgresql_where=sa.text("run_id IS NOT NULL"),
        sqlite_where=sa.text("run_id IS NOT NULL"),
    ),
)

ROLLUP_SUMS = (
    "calls",
    "errors",
    "cancelled",
    "refused",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "cost",
    "unpriced_calls",
    "estimated_calls",
    "duration",
    "first_byte",
    "first_byte_calls",
    "cache_hits",
    "cache_saved",
    "prompt_saved",
)

rollups = sa.Table(
    "rollups",
    metadata,
    _own("workspace_id", sa.Text),
    _own("grain", sa.SmallInteger),  # rollups.Grain
    _own("dim", sa.Text),
    _own("value", sa.Text),  # empty: the calls that have none
    _own("at"),
    *(_own(name) for name in ROLLUP_SUMS),
    sa.PrimaryKeyConstraint("workspace_id", "grain", "dim", "value", "at"),
    sa.Index("ix_rollups_at", "workspace_id", "grain", "dim", "at"),
    sqlite_with_rowid=False,
)

ceiling_sums = sa.Table(
    "ceiling_sums",
    metadata,
    _own("workspace_id", sa.Text),
    _own("dim", sa.Text),
    _own("value", sa.Text),
    _own("at"),  # beginning of a day
    _own("amount"),
    sa.PrimaryKeyConstraint("workspace_id", "dim", "value", "at"),
    sqlite_with_rowid=False,
)
"""What calls without a price count as against budgets that set a ceiling price: beside the account, never in it."""

ledger_entries = sa.Table(
    "ledger_entries",
    metadata,
    _own("workspace_id", sa.Text),
    _own("id", Id),
    _own("at"),
    _own("kind", sa.Text),
    _maybe("call_id", sa.Text),
    _maybe("agent_id", sa.Text),
    _maybe("task_id", sa.Text),
    _maybe("run_id", sa.Text),
    _maybe("key_id", sa.Text),
    _own("amount"),
    _own("calls"),
    _own("unpriced_calls"),
    _maybe("note", sa.Text),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.Index("ix_ledger_entries_at", "workspace_id", "at"),
)
"""What the account says beside the calls: adjustments, and what was carried over from calls that are kept no longer."""

agent_activity = sa.Table(
    "agent_activity",
    metadata,
    _own("workspace_id", sa.Text),
    _own("agent_id", sa.Text),
    _own("last_call_id", sa.Text),
    _own("last_call_at"),
    _maybe("last_model", sa.Text),
    _own("last_outcome", sa.Text),
    sa.PrimaryKeyConstraint("workspace_id", "agent_id"),
)

turns = sa.Table(
    "turns",
    metadata,
    _own("workspace_id", sa.Text),
    _own("call_id", Id),
    _own("ingested_at"),
    _own("started"),
    _own("ended"),  # an instant
    _maybe("agent_id", sa.Text),
    _maybe("run_id", sa.Text),
    _maybe("task_id", sa.Text),
    _maybe("conversation_id", sa.Text),
    _maybe("provider", sa.Text),
    _maybe("model", sa.Text),
    _own("status", sa.Integer),
    _own("outcome", sa.Text),
    _maybe("error_code", sa.Text),
    _maybe("input_tokens"),
    _maybe("cost"),
    _maybe("turn", sa.LargeBinary),  # turns.model.Turn; null: no turn of a conversation
    sa.PrimaryKeyConstraint("workspace_id", "call_id"),
    sa.Index("ix_turns_ingested", "ingested_at"),
    sa.Index("ix_turns_run", "workspace_id", "run_id", "call_id"),
    sqlite_with_rowid=False,
)
"""Calls of the last days as signals look at them: small, in the order they were stored."""

wire_activity = sa.Table(
    "wire_activity",
    metadata,
    _own("workspace_id", sa.Text),
    _own("subject_id", sa.Text),
    _own("last_call_id", Id),
    _own("began"),
    _own("ended"),
    _maybe("provider", sa.Text),
    _maybe("model", sa.Text),
    _own("status", sa.Integer),
    _own("outcome", sa.Text),
    _maybe("error_code", sa.Text),
    _maybe("tools", sa.Text),  # JSON: names of the tools that the answer asked for
    _maybe("input_tokens"),
    sa.PrimaryKeyConstraint("workspace_id", "subject_id"),
    sqlite_with_rowid=False,
)
"""The newest call of each run, and of each agent, as the shown status reads it."""

work_costs = sa.Table(
    "work_costs",
    metadata,
    _own("workspace_id", sa.Text),
    _own("day"),
    _own("run_id", sa.Text),  # empty: none, as in the next three
    _own("task_id", sa.Text),
    _own("agent_id", sa.Text),
    _own("model", sa.Text),
    _own("fact", sa.Text),  # ledger.work_costs.Fact
    _own("calls"),
    _own("cost"),
    _own("unpriced_calls"),
    sa.PrimaryKeyConstraint("workspace_id", "day", "run_id", "task_id", "agent_id", "model", "fact"),
    sa.Index("ix_work_costs_task", "workspace_id", "task_id"),
    sqlite_with_rowid=False,
)
"""What each run cost each day by model, and what is known of its calls one by one. Sums of the ledger, exactly."""

call_marks = sa.Table(
    "call_marks",
    metadata,
    _own("workspace_id", sa.Text),
    _own("call_id", Id),
    _own("fact", sa.Text),
    _own("subject", sa.Text),
    sa.PrimaryKeyConstraint("workspace_id", "call_id"),
    sa.Index("ix_call_marks_subject", "workspace_id", "subject", "fact"),
    sa.Index("ix_call_marks_fact", "workspace_id", "fact", "call_id"),
    sqlite_with_rowid=False,
)
"""Calls of which more is known than that they were made: looped, duplicate, made while blocked."""

key_activity = sa.Table(
    "key_activity",
    metadata,
    _own("workspace_id", sa.Text),
    _own("key_id", sa.Text),
    _own("last_used_at"),
    sa.PrimaryKeyConstraint("workspace_id", "key_id"),
)

batch_readings = sa.Table(
    "batch_readings",
    metadata,
    _own("workspace_id", sa.Text),
    _own("results", sa.Text),
    _own("call_id", Id),
    sa.PrimaryKeyConstraint("workspace_id", "results"),
    sqlite_with_rowid=False,
)
"""Which call's reading of a batch's results is the one that counts: results are billed once, however often read."""

ingest_offsets = sa.Table(
    "ingest_offsets",
    metadata,
    sa.Column("journal_id", sa.Text, primary_key=True),
    _own("segment"),
    _own("place"),  # bytes into the segment
    _own("records"),
    _own("damaged"),
    _own("updated_at"),
)
"""How far each journal has been read, written in the transaction of what was read."""

ingest_rejects = sa.Table(
    "ingest_rejects",
    metadata,
    sa.Column("id", BigSerial, primary_key=True, autoincrement=True),
    _own("journal_id", sa.Text),
    _own("segment"),
    _own("place"),
    _own("at"),
    _own("reason", sa.Text),
    _own("payload", sa.LargeBinary),
    sqlite_autoincrement=True,
)
"""Records that could not be read or stored: kept aside, so that one of them stops no other."""

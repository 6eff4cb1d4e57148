"""Calls as the ledger keeps them, what they said, and how far it has read; derived_tables.py: what is made of them.

Instants are microseconds since the epoch, durations microseconds, money nano-dollars. `calls` is split by month of its
id, `nodes` and `contents` by the week the body was kept for (see partitions.py).
"""

import sqlalchemy as sa

from quarterdeck.db import metadata
from quarterdeck.db.schema import BigSerial
from quarterdeck.ledger.columns import Id, maybe, own

calls = sa.Table(
    "calls",
    metadata,
    own("workspace_id", sa.Text),
    own("id", Id),
    own("started"),
    own("duration"),
    maybe("first_byte"),
    own("overhead"),
    maybe("agent_id", sa.Text),
    maybe("key_id", sa.Text),
    maybe("run_id", sa.Text),
    maybe("task_id", sa.Text),
    own("attribution", sa.Text),
    maybe("session", sa.Text),
    maybe("trace_id", sa.Text),
    own("dialect", sa.Text),
    own("endpoint", sa.Text),
    own("model_asked", sa.Text),
    maybe("provider", sa.Text),
    maybe("provider_kind", sa.Text),
    maybe("model", sa.Text),
    maybe("model_answered", sa.Text),
    own("stream", sa.Boolean),
    own("status", sa.Integer),
    own("outcome", sa.Text),
    maybe("error_code", sa.Text),
    maybe("error_message", sa.Text),
    own("attempts", sa.Text),  # JSON: each Attempt as an array
    own("attempt_count", sa.Integer),
    maybe("input_total"),  # null: the call has no usage
    own("cache_read"),
    own("cache_write_5m"),
    own("cache_write_1h"),
    own("output_total"),
    own("reasoning"),
    own("audio_in"),
    own("audio_out"),
    own("cache_audio_read"),
    maybe("server_tools", sa.Text),  # JSON
    maybe("service_tier", sa.Text),
    own("usage_source", sa.Text),
    maybe("cost"),
    maybe("price", sa.LargeBinary),  # id of a row of `prices`
    maybe("tags", sa.Text),  # JSON
    maybe("client", sa.Text),
    own("body_mode", sa.Text),
    own("request_size"),
    own("response_size"),
    maybe("response_type", sa.Text),
    own("epoch", sa.Integer),
    own("body_form", sa.SmallInteger),
    maybe("request", sa.LargeBinary),  # content: the whole body, or its envelope
    maybe("tip", sa.LargeBinary),
    maybe("answer", sa.LargeBinary),  # packed Place of the response and, after it, what else is seldom asked for
    maybe("answer_split", sa.Integer),  # where in it the response ends
    maybe("conversation_id", sa.Text),
    maybe("cache", sa.Text),  # what our cache did: hit, semantic-hit, miss, …; null: nothing
    maybe("saved"),  # what a hit's answer had cost; null: no hit, or it had no price
    maybe("route", sa.Text),  # name of the saved route it was sent by
    maybe("stop_reason", sa.Text),  # the provider's own word
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
    own("source", sa.Text),
    own("version", sa.Text),
    own("units", sa.Text),  # JSON
)
"""Each set of unit prices that ever made a cost, once, by the hash of what it says."""

nodes = sa.Table(
    "nodes",
    metadata,
    own("workspace_id", sa.Text),
    own("epoch", sa.Integer),
    own("id", sa.LargeBinary),
    own("parent", sa.LargeBinary),
    own("content", sa.LargeBinary),
    own("depth", sa.Integer),
    sa.PrimaryKeyConstraint("workspace_id", "epoch", "id"),
    postgresql_partition_by="LIST (epoch)",
    sqlite_with_rowid=False,
)
"""Messages in their conversations. The id follows from parent and content, so inserting one twice is nothing."""

contents = sa.Table(
    "contents",
    metadata,
    own("workspace_id", sa.Text),
    own("epoch", sa.Integer),
    own("hash", sa.LargeBinary),
    own("pack"),
    own("block"),  # where in the pack its block begins
    own("start", sa.Integer),  # where in the unpacked block it begins
    own("length", sa.Integer),
    sa.PrimaryKeyConstraint("workspace_id", "epoch", "hash"),
    postgresql_partition_by="LIST (epoch)",
    sqlite_with_rowid=False,
)
"""Where in the packs the bytes are."""

conversations = sa.Table(
    "conversations",
    metadata,
    own("workspace_id", sa.Text),
    own("id", sa.Text),
    maybe("agent_id", sa.Text),
    maybe("run_id", sa.Text),
    maybe("task_id", sa.Text),
    own("first_call_id", sa.Text),
    own("last_call_id", sa.Text),
    own("started_at"),
    own("last_at"),
    own("calls"),
    own("cost"),
    own("unpriced_calls"),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.Index(
        "ix_conversations_run",
        "workspace_id",
        "run_id",
        postgresql_where=sa.text("run_id IS NOT NULL"),
        sqlite_where=sa.text("run_id IS NOT NULL"),
    ),
)

ledger_entries = sa.Table(
    "ledger_entries",
    metadata,
    own("workspace_id", sa.Text),
    own("id", Id),
    own("at"),
    own("kind", sa.Text),
    maybe("call_id", sa.Text),
    maybe("agent_id", sa.Text),
    maybe("task_id", sa.Text),
    maybe("run_id", sa.Text),
    maybe("key_id", sa.Text),
    own("amount"),
    own("calls"),
    own("unpriced_calls"),
    maybe("note", sa.Text),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.Index("ix_ledger_entries_at", "workspace_id", "at"),
)
"""What the account says beside the calls: adjustments, and what was carried over from calls that are kept no longer."""

batch_readings = sa.Table(
    "batch_readings",
    metadata,
    own("workspace_id", sa.Text),
    own("results", sa.Text),
    own("call_id", Id),
    sa.PrimaryKeyConstraint("workspace_id", "results"),
    sqlite_with_rowid=False,
)
"""Which call's reading of a batch's results is the one that counts: results are billed once, however often read."""

ingest_offsets = sa.Table(
    "ingest_offsets",
    metadata,
    sa.Column("journal_id", sa.Text, primary_key=True),
    own("segment"),
    own("place"),  # bytes into the segment
    own("records"),
    own("damaged"),
    own("updated_at"),
)
"""How far each journal has been read, written in the transaction of what was read."""

ingest_rejects = sa.Table(
    "ingest_rejects",
    metadata,
    sa.Column("id", BigSerial, primary_key=True, autoincrement=True),
    own("journal_id", sa.Text),
    own("segment"),
    own("place"),
    own("at"),
    own("reason", sa.Text),
    own("payload", sa.LargeBinary),
    sqlite_autoincrement=True,
)
"""Records that could not be read or stored: kept aside, so that one of them stops no other."""

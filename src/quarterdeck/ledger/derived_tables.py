"""What is made of calls as they are stored: sums, the latest of each, and what is known of single ones.

Instants are microseconds since the epoch, durations microseconds, money nano-dollars.
"""

import sqlalchemy as sa

from quarterdeck.db import metadata
from quarterdeck.ledger.columns import Id, maybe, own

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
    "cut",
)

FIELD_SUMS = ("calls", "errors", "cancelled", "refused", "cut")

rollups = sa.Table(
    "rollups",
    metadata,
    own("workspace_id", sa.Text),
    own("grain", sa.SmallInteger),  # rollups.Grain
    own("dim", sa.Text),
    own("value", sa.Text),  # empty: the calls that have none
    own("at"),
    *(own(name) for name in ROLLUP_SUMS[:-1]),
    # Null: some of the errors are from before it was counted, and their calls were not kept.
    sa.Column("cut", sa.BigInteger, server_default="0"),
    sa.PrimaryKeyConstraint("workspace_id", "grain", "dim", "value", "at"),
    sa.Index("ix_rollups_at", "workspace_id", "grain", "dim", "at"),
    sqlite_with_rowid=False,
)

latencies = sa.Table(
    "latencies",
    metadata,
    own("workspace_id", sa.Text),
    own("grain", sa.SmallInteger),  # rollups.Grain: an hour or a day
    own("dim", sa.Text),  # one of latency.DIMS
    own("at"),
    own("value", sa.Text),
    own("measure", sa.SmallInteger),  # latency.Measure
    own("bin", sa.SmallInteger),
    own("calls"),
    sa.PrimaryKeyConstraint("workspace_id", "grain", "dim", "at", "value", "measure", "bin"),
    sqlite_with_rowid=False,
)
"""How many calls took how long: see ledger.latency."""

field_sums = sa.Table(
    "field_sums",
    metadata,
    own("workspace_id", sa.Text),
    own("field", sa.Text),  # one of field_sums.FIELDS
    own("value", sa.Text),
    own("at"),  # beginning of an hour
    *(own(name) for name in FIELD_SUMS),
    sa.PrimaryKeyConstraint("workspace_id", "field", "value", "at"),
    sqlite_with_rowid=False,
)
"""How many calls had which value in a field: see ledger.field_sums."""

ceiling_sums = sa.Table(
    "ceiling_sums",
    metadata,
    own("workspace_id", sa.Text),
    own("dim", sa.Text),
    own("value", sa.Text),
    own("at"),  # beginning of a day
    own("amount"),
    sa.PrimaryKeyConstraint("workspace_id", "dim", "value", "at"),
    sqlite_with_rowid=False,
)
"""What calls without a price count as against budgets that set a ceiling price: beside the account, never in it."""

agent_activity = sa.Table(
    "agent_activity",
    metadata,
    own("workspace_id", sa.Text),
    own("agent_id", sa.Text),
    own("last_call_id", sa.Text),
    own("last_call_at"),
    maybe("last_model", sa.Text),
    own("last_outcome", sa.Text),
    sa.PrimaryKeyConstraint("workspace_id", "agent_id"),
)

turns = sa.Table(
    "turns",
    metadata,
    own("workspace_id", sa.Text),
    own("call_id", Id),
    own("ingested_at"),  # grows from batch to batch, whatever becomes of the clock
    own("started"),
    own("ended"),  # an instant
    maybe("agent_id", sa.Text),
    maybe("run_id", sa.Text),
    maybe("task_id", sa.Text),
    maybe("conversation_id", sa.Text),
    maybe("provider", sa.Text),
    maybe("model", sa.Text),
    own("status", sa.Integer),
    own("outcome", sa.Text),
    maybe("error_code", sa.Text),
    maybe("input_tokens"),
    maybe("cost"),
    maybe("turn", sa.LargeBinary),  # turns.model.Turn; null: no turn of a conversation
    sa.PrimaryKeyConstraint("workspace_id", "call_id"),
    sa.Index("ix_turns_ingested", "ingested_at"),
    sa.Index("ix_turns_run", "workspace_id", "run_id", "call_id"),
    sqlite_with_rowid=False,
)
"""Calls as signals look at them: small, in the order they were stored; kept as long as the calls are."""

wire_activity = sa.Table(
    "wire_activity",
    metadata,
    own("workspace_id", sa.Text),
    own("subject_id", sa.Text),
    own("last_call_id", Id),
    own("began"),
    own("ended"),
    maybe("provider", sa.Text),
    maybe("model", sa.Text),
    own("status", sa.Integer),
    own("outcome", sa.Text),
    maybe("error_code", sa.Text),
    maybe("tools", sa.Text),  # JSON: names of the tools that the answer asked for
    maybe("input_tokens"),
    sa.PrimaryKeyConstraint("workspace_id", "subject_id"),
    sqlite_with_rowid=False,
)
"""The newest call of each run, and of each agent, as the shown status reads it."""

work_costs = sa.Table(
    "work_costs",
    metadata,
    own("workspace_id", sa.Text),
    own("day"),
    own("run_id", sa.Text),  # empty: none, as in the next three
    own("task_id", sa.Text),
    own("agent_id", sa.Text),
    own("model", sa.Text),
    own("fact", sa.Text),  # ledger.work_costs.Fact
    own("calls"),
    own("cost"),
    own("unpriced_calls"),
    sa.PrimaryKeyConstraint("workspace_id", "day", "run_id", "task_id", "agent_id", "model", "fact"),
    sa.Index("ix_work_costs_task", "workspace_id", "task_id"),
    sqlite_with_rowid=False,
)
"""What each run cost each day by model, and what is known of its calls one by one. Sums of the ledger, exactly."""

call_marks = sa.Table(
    "call_marks",
    metadata,
    own("workspace_id", sa.Text),
    own("call_id", Id),
    own("fact", sa.Text),
    own("subject", sa.Text),
    sa.PrimaryKeyConstraint("workspace_id", "call_id"),
    sa.Index("ix_call_marks_subject", "workspace_id", "subject", "fact"),
    sa.Index("ix_call_marks_fact", "workspace_id", "fact", "call_id"),
    sqlite_with_rowid=False,
)
"""Calls of which more is known than that they were made: looped, duplicate, made while blocked."""

key_activity = sa.Table(
    "key_activity",
    metadata,
    own("workspace_id", sa.Text),
    own("key_id", sa.Text),
    own("last_used_at"),
    sa.PrimaryKeyConstraint("workspace_id", "key_id"),
)

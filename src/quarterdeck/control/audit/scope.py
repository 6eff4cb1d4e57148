"""What is not in the audit log, and why. Everything else is, also what is added later."""

import re
from fnmatch import fnmatchcase
from functools import cache

import sqlalchemy as sa

UNAUDITED_TABLES = {
    "audit_*": "the log itself",
    "calls*": "the ledger is an account of its own, append-only",
    "ledger_entries*": "as above",
    "nodes*": "as above",
    "contents*": "as above",
    "conversations": "as above",
    "rollups*": "sums of the ledger",
    "agent_activity": "sums of the ledger",
    "key_activity": "sums of the ledger",
    "turns": "what signals read of calls",
    "wire_activity": "the newest call of each run and agent",
    "signal_leases": "which process watches",
    "work_costs": "sums of the ledger",
    "call_marks": "what is known of calls, from signals",
    "usuals": "what is usual, learned from calls",
    "signals": "what the system noticed; what people do about it is told",
    "prices": "copied from the price list",
    "ingest_*": "how far the journal was read",
    "events": "what was told; what it tells of is here",
    "idempotency_keys": "answers kept for a day",
    "inbox_*": "copies of comments, reviews and answers, which are here",
    "task_numbers": "a counter",
    "batch_readings": "how far results of batches were read",
    "budget_marks": "what was told once of a budget",
    "latencies": "sums of the ledger",
    "ceiling_sums": "sums of what tasks spent",
    "task_texts": "the words of tasks, for searches; the tasks are here",
    "search_*": "words of what the ledger keeps",
    "sessions": "signing in is an event; the rest is traffic",
    "sign_in_links": "as above",
    "adopted_sessions": "adopting is an event; which sessions went with it is traffic",
    "notification_items": "copies of events",
    "need_items": "as above",
    "agent_seen": "mere traffic",
    "shown_states": "what was shown of agents, computed from traffic",
    "notification_cursors": "how far events were read",
    "channel_deliveries": "a queue with a history of its own",
    "replay_steps": "what came of recorded calls; the calls are in the ledger",
}
"""Pattern of a table's name → why its rows are not here. A table without `workspace_id` is not here either."""

UNAUDITED_EVENTS = (
    "calls.*",
    "inbox.delivered",
    "run.progressed",
    "notification.*",
    "channel.queued",
    "replay.progressed",
)
"""Signs of life and copies of what is here."""

UNSEEN_COLUMNS = frozenset(
    {
        "name_key", "updated_at", "last_used_at", "last_ok_at", "last_failed_at", "last_error", "lease_expires_at",
        "seen_at", "opened_at", "percent", "holder",
    }
)  # fmt: skip
"""Derived, or written by mere traffic."""

UNSEEN_OF_TABLE = {
    "deliverable_versions": frozenset({"text"}),
    "schedule_firings": frozenset({"payload"}),
}
"""Content that its hash in the same row stands for; what strangers sent."""

_SECRET = re.compile(
    r"(^|[_-])(password|passwd|secret|token|sealed|hash|authorization|api[_-]?key|cookie)($|[_-])", re.I
)


@cache
def is_audited(table: sa.FromClause) -> bool:
    """Whether changes of its rows are written down."""
    name = getattr(table, "name", "")
    if not isinstance(table, sa.Table) or "workspace_id" not in table.c:
        # The workspace's own row has its id instead.
        return name == "workspaces"
    return not any(fnmatchcase(name, pattern) for pattern in UNAUDITED_TABLES)


def is_told(kind: str) -> bool:
    """Whether an event of this kind is an entry."""
    return not any(fnmatchcase(kind, pattern) for pattern in UNAUDITED_EVENTS)


@cache
def shown_columns(table: sa.Table) -> list[sa.Column[object]]:
    """The columns whose values an entry may show."""
    unseen = UNSEEN_COLUMNS | UNSEEN_OF_TABLE.get(table.name, frozenset())
    return [column for column in table.c if column.name not in unseen or column.primary_key]


def is_secret(name: str) -> bool:
    """Whether a column or a JSON member of that name is never written down."""
    return _SECRET.search(name) is not None

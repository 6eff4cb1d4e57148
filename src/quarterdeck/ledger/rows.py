"""A batch's rows, by table, ready to be written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.ledger import field_sums, intake, latency, rollups, tables, work_costs
from quarterdeck.ledger.intake import Draft
from quarterdeck.ledger.packs import Place
from quarterdeck.ledger.partitions import name_of
from quarterdeck.ledger.turns.model import encode_turn

Rows = list[tuple[Any, ...]]


@dataclass(slots=True)
class BatchRows:
    """Rows in the order of their table's columns."""

    calls: dict[str, Rows] = field(default_factory=dict)
    """By the partition they belong to."""
    nodes: Rows = field(default_factory=list)
    contents: Rows = field(default_factory=list)
    prices: Rows = field(default_factory=list)
    conversations: Rows = field(default_factory=list)
    rollups: Rows = field(default_factory=list)
    latencies: Rows = field(default_factory=list)
    fields: Rows = field(default_factory=list)
    ceilings: Rows = field(default_factory=list)
    agents: Rows = field(default_factory=list)
    keys: Rows = field(default_factory=list)
    turns: Rows = field(default_factory=list)
    wire: Rows = field(default_factory=list)
    work: Rows = field(default_factory=list)


ContentKey = tuple[str, int, bytes]
"""Workspace, epoch, hash."""


def assemble(
    drafts: Sequence[Draft],
    new_nodes: Iterable[tuple[str, int, intake.Node]],
    places: dict[ContentKey, Place],
    now: int,
) -> BatchRows:
    """The rows of these calls, of new nodes, and of the contents that were written, as stored at the instant `now`."""
    rows = BatchRows()
    for draft in drafts:
        rows.calls.setdefault(name_of(tables.calls, draft.instant), []).append(intake.row(draft))
    rows.nodes = sorted(
        (workspace_id, epoch, node.id, node.parent, node.content, node.depth) for workspace_id, epoch, node in new_nodes
    )
    rows.contents = sorted(
        (workspace_id, epoch, key, place.pack, place.block, place.start, place.length)
        for (workspace_id, epoch, key), place in places.items()
    )
    rows.prices = _prices(drafts)
    rows.conversations = _conversations(drafts)
    rows.rollups = [(*key, *sums) for key, sums in sorted(rollups.add_up(draft.record for draft in drafts).items())]
    rows.latencies = latency.add_up(draft.record for draft in drafts)
    rows.fields = field_sums.add_up([row for month in rows.calls.values() for row in month])
    rows.ceilings = [
        (*key, amount) for key, amount in sorted(rollups.ceilings(draft.record for draft in drafts).items())
    ]
    rows.agents, rows.keys = _activity(drafts)
    rows.turns = [_turn(draft, now) for draft in drafts]
    rows.wire = _wire(drafts)
    rows.work = work_costs.rows_of(draft.record for draft in drafts)
    return rows


def _prices(drafts: Sequence[Draft]) -> Rows:
    notes = {id(draft.record.price): draft.record.price for draft in drafts if draft.record.price is not None}
    found = {intake.price_id(note): note for note in notes.values()}
    return [(key, note.source, note.version, intake.text(note.units)) for key, note in sorted(found.items())]


def _conversations(drafts: Sequence[Draft]) -> Rows:
    """Per conversation: its first and last call of this batch, and what they add."""
    found: dict[tuple[str, str], list[Draft]] = {}
    for draft in drafts:
        if draft.conversation_id is not None:
            found.setdefault((draft.record.workspace_id, draft.conversation_id), []).append(draft)
    rows: Rows = []
    for (workspace_id, conversation_id), members in sorted(found.items()):
        first = min(members, key=lambda draft: draft.record.id).record
        last = max(members, key=lambda draft: draft.record.id).record
        rows.append(
            (
                workspace_id,
                conversation_id,
                first.agent_id,
                first.run_id,
                first.task_id,
                first.id,
                last.id,
                first.started,
                last.started,
                len(members),
                sum(draft.record.cost or 0 for draft in members),
                sum(rollups.is_unpriced(draft.record) for draft in members),
            )
        )
    return rows


def _activity(drafts: Sequence[Draft]) -> tuple[Rows, Rows]:
    agents: dict[tuple[str, str], tuple[Any, ...]] = {}
    keys: dict[tuple[str, str], int] = {}
    for record in sorted((draft.record for draft in drafts), key=lambda record: record.id):
        if record.agent_id is not None:
            agents[(record.workspace_id, record.agent_id)] = (
                record.id,
                record.started,
                record.model or record.model_asked or None,
                record.outcome,
            )
        if record.key_id is not None:
            keys[(record.workspace_id, record.key_id)] = record.started
    return [(*who, *what) for who, what in sorted(agents.items())], [(*who, at) for who, at in sorted(keys.items())]


def _turn(draft: Draft, now: int) -> tuple[Any, ...]:
    record = draft.record
    return (
        record.workspace_id,
        record.id,
        now,
        record.started,
        record.started + record.ended,
        record.agent_id,
        record.run_id,
        record.task_id,
        draft.conversation_id,
        record.provider,
        record.model,
        record.status,
        record.outcome,
        record.error_code,
        record.usage.input_total if record.usage is not None else None,
        record.cost,
        encode_turn(draft.turn) if draft.turn is not None else None,
    )


def _wire(drafts: Sequence[Draft]) -> Rows:
    """The newest call of this batch of each run and each agent."""
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    for draft in sorted(drafts, key=lambda draft: draft.record.id):
        record = draft.record
        row = (
            record.id,
            record.started,
            record.started + record.ended,
            record.provider,
            record.model or record.model_asked or None,
            record.status,
            record.outcome,
            record.error_code,
            intake.text(draft.turn.tools) if draft.turn is not None and draft.turn.tools else None,
            record.usage.input_total if record.usage is not None else None,
        )
        for subject in (record.run_id, record.agent_id):
            if subject is not None:
                found[(record.workspace_id, subject)] = row
    return [(*who, *what) for who, what in sorted(found.items())]

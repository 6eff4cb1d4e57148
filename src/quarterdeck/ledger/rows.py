"""A batch's rows, by table, ready to be written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.ledger import intake, rollups, tables
from quarterdeck.ledger.intake import Draft
from quarterdeck.ledger.packs import Place
from quarterdeck.ledger.partitions import name_of

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
    agents: Rows = field(default_factory=list)
    keys: Rows = field(default_factory=list)


ContentKey = tuple[str, int, bytes]
"""Workspace, epoch, hash."""


def assemble(
    drafts: Sequence[Draft], new_nodes: Iterable[tuple[str, int, intake.Node]], places: dict[ContentKey, Place]
) -> BatchRows:
    """The rows of these calls, of the nodes that are new, and of the contents that were written."""
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
    rows.agents, rows.keys = _activity(drafts)
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

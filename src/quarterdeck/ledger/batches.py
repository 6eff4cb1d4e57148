"""A batch of a journal's records made ready to be stored: read, compared with what is stored, bodies packed."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from quarterdeck.db import Database
from quarterdeck.ledger import batch_readings, intake, partitions, tables
from quarterdeck.ledger.intake import Draft, Node, Poison, Redact
from quarterdeck.ledger.packs import Packs, Place
from quarterdeck.ledger.reader import Batch
from quarterdeck.ledger.segments import Position
from quarterdeck.ledger.writes import Keys, Store

SLICE_S = 0.002
"""How long the computing thread keeps the interpreter before it lets the event loop have a turn."""
KNOWN = 200_000
Key = tuple[str, int, bytes]
"""Workspace, epoch, and a node's id or a content's hash."""
log = logging.getLogger("quarterdeck.ingest")


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be read or stored; `position` is the one after it."""

    position: Position
    reason: str
    payload: bytes


@dataclass(slots=True)
class Work:
    """A batch on its way through."""

    batch: Batch
    drafts: list[Draft] = field(default_factory=list)
    origins: dict[str, tuple[Position, bytes]] = field(default_factory=dict)
    """By call: the position after its record, and the record."""
    rejects: list[Reject] = field(default_factory=list)
    nodes: dict[Key, Node] = field(default_factory=dict)
    """Those that are new."""
    contents: dict[Key, bytes] = field(default_factory=dict)
    """Those that are new, until they are written."""
    places: dict[Key, Place] = field(default_factory=dict)
    """Where they were written."""


class Preparer:
    """Makes batches ready. What it writes to the packs counts for nothing until the batch is committed."""

    def __init__(self, db: Database, store: Store, packs: Packs, redact: Redact) -> None:
        self._db = db
        self._store = store
        self._packs = packs
        self._redact = redact
        self._known_nodes = _Known(KNOWN)
        self._known_contents = _Known(KNOWN)
        self._partitions: set[tuple[int, int]] = set()

    async def prepare(self, batch: Batch) -> Work:
        """Raises Unavailable when the database is away, OSError when the packs cannot be written."""
        work = Work(batch)
        await asyncio.to_thread(self._read, work)
        await self.ensure_partitions(work.drafts)
        await self._leave_out_stored(work)
        await asyncio.to_thread(self._pack, work)
        return work

    def remember(self, work: Work) -> None:
        """The batch is committed: what it brought need not be asked for again."""
        self._known_nodes.update(work.nodes)
        self._known_contents.update(work.places)

    def forget(self) -> None:
        """Trust nothing that was remembered about the store."""
        self._known_nodes, self._known_contents = _Known(KNOWN), _Known(KNOWN)
        self._partitions = set()

    async def ensure_partitions(self, drafts: Sequence[Draft]) -> None:
        """Make the partitions for these calls, and those of a week later while there is time."""
        instants = {_coordinates(draft.instant): draft.instant for draft in drafts}.values()
        wanted = {*instants, *(instant + partitions.WEEK for instant in instants)}
        missing = {instant for instant in wanted if _coordinates(instant) not in self._partitions}
        if missing:
            async with self._db.transaction() as tx:
                await partitions.ensure(tx, missing)
            self._partitions.update(_coordinates(instant) for instant in missing)

    def _read(self, work: Work) -> None:
        turn = time.perf_counter()
        for payload, position in zip(work.batch.payloads, work.batch.positions, strict=True):
            try:
                draft = intake.read(payload, self._redact)
            except Poison as poison:
                work.rejects.append(Reject(position, str(poison), payload))
                continue
            if draft.record.id in work.origins:
                continue
            work.drafts.append(draft)
            work.origins[draft.record.id] = (position, payload)
            self._note_new(work, draft)
            if time.perf_counter() - turn > SLICE_S:
                time.sleep(0)
                turn = time.perf_counter()

    def _note_new(self, work: Work, draft: Draft) -> None:
        """Note the nodes and contents of a call that are not known to be stored."""
        workspace_id, epoch = draft.record.workspace_id, draft.epoch
        new: list[tuple[Key, bytes]] = []
        for node, message in zip(reversed(draft.nodes), reversed(draft.messages), strict=True):
            key = (workspace_id, epoch, node.id)
            if key in work.nodes or key in self._known_nodes:
                break  # with a node all before it is stored, and so are their messages
            work.nodes[key] = node
            new.append(((workspace_id, epoch, node.content), message))
        new += [((workspace_id, epoch, content_hash), content) for content_hash, content in draft.contents.items()]
        for key, content in new:
            if key not in self._known_contents:
                work.contents[key] = content
        draft.messages, draft.contents = [], {}

    async def _leave_out_stored(self, work: Work) -> None:
        """Ask the store which of these calls, nodes and contents it has already."""
        ids: dict[str, set[str]] = {}
        for draft in work.drafts:
            ids.setdefault(draft.record.workspace_id, set()).add(draft.record.id)
        async with self._db.read() as tx:
            await tx.execute(sa.select(1))
            calls = await self._store.known_calls(tx, ids)
            nodes = await self._store.known(tx, tables.nodes, _grouped(work.nodes))
            contents = await self._store.known(tx, tables.contents, _grouped(work.contents))
            await batch_readings.leave_out_counted(tx, work.drafts)
        if calls:
            log.warning("calls_already_stored count=%d", len(calls))
            work.drafts = [draft for draft in work.drafts if draft.record.id not in calls]
        self._known_nodes.update(_flat(nodes))
        self._known_contents.update(_flat(contents))
        for key in _flat(nodes):
            del work.nodes[key]
        for key in _flat(contents):
            del work.contents[key]

    def _pack(self, work: Work) -> None:
        """Write the new contents and the calls' answers, those of a workspace and week together."""
        keys: dict[tuple[str, int], list[Key]] = {}
        for key in work.contents:
            keys.setdefault(key[:2], []).append(key)
        answers: dict[tuple[str, int], list[Draft]] = {}
        for draft in work.drafts:
            if draft.answer:
                answers.setdefault((draft.record.workspace_id, draft.epoch), []).append(draft)
        for week in keys.keys() | answers.keys():
            here, drafts = keys.get(week, []), answers.get(week, [])
            data = [*(work.contents[key] for key in here), *(draft.answer for draft in drafts)]
            places = self._packs.add(*week, data)
            work.places.update(zip(here, places, strict=False))
            for draft, place in zip(drafts, places[len(here) :], strict=True):
                draft.place, draft.answer = place, b""
        work.contents = {}


class _Known:
    """Keys lately seen to be stored. When it is full it forgets the half that was not asked for."""

    def __init__(self, room: int) -> None:
        self._half = room // 2
        self._young: set[Key] = set()
        self._old: set[Key] = set()

    def __contains__(self, key: Key) -> bool:
        if key in self._young:
            return True
        if key in self._old:
            self._young.add(key)
            return True
        return False

    def update(self, keys: Iterable[Key]) -> None:
        self._young.update(keys)
        if len(self._young) > self._half:
            self._old, self._young = self._young, set()


def _coordinates(instant: int) -> tuple[int, int]:
    """What partitions the rows of an instant are in."""
    return partitions.month_of(instant).begin, partitions.epoch_of(instant)


def _grouped(keys: Iterable[Key]) -> Keys:
    found: Keys = {}
    for workspace_id, epoch, key in keys:
        found.setdefault((workspace_id, epoch), set()).add(key)
    return found


def _flat(keys: Keys) -> list[Key]:
    return [(workspace_id, epoch, key) for (workspace_id, epoch), some in keys.items() for key in some]

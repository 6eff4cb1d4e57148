"""A call's bytes again, as they went over the wire (or as redaction left them)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from quarterdeck.db import Database, Transaction
from quarterdeck.ledger import bodies, partitions
from quarterdeck.ledger.bodies import Part
from quarterdeck.ledger.calls import StoredCall
from quarterdeck.ledger.intake import BodyForm, Detail, decode_detail
from quarterdeck.ledger.packs import BodyGone, Packs, Place
from quarterdeck.ledger.tables import contents, nodes

NO_DETAIL = Detail([], [], b"")


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """A request's body in the pieces it is kept in."""

    before: list[bytes]
    messages: list[bytes]
    """Empty when the body is kept whole, in `before`."""
    nodes: list[bytes]
    """The ids of the messages' nodes: equal ids mean an equal conversation up to there."""
    after: list[bytes]

    @property
    def body(self) -> bytes:
        return b"".join([*self.before, *self.messages, *self.after])


class Bodies:
    """Rebuilds what was kept of calls. Raises BodyGone, saying why, for what is not there."""

    def __init__(self, db: Database, packs: Packs) -> None:
        self._db = db
        self._packs = packs

    async def request(self, call: StoredCall) -> KeptRequest:
        """The request's body."""
        _must_be_kept(call)
        if call.body_form is BodyForm.NONE:
            raise BodyGone("The body of this call was not kept.")
        if call.request is None:
            return KeptRequest([], [], [], [])
        async with self._db.read() as tx:
            await _must_have_week(tx, call)
            chain = await _chain(tx, call)
            place = await _places(tx, call, [call.request])
        head, *messages = await self._read(call, [*place, *(link.place for link in chain)])
        if call.body_form is BodyForm.WHOLE:
            return KeptRequest([head], [], [], [])
        segments = bodies.decode_envelope(head)
        hashes = [data for part, data in segments if part is Part.HEAD]
        async with self._db.read() as tx:
            places = await _places(tx, call, hashes)
        heads = iter(await self._read(call, places))
        parts = [next(heads) if part is Part.HEAD else data for part, data in segments]
        middle = next(at for at, (part, _) in enumerate(segments) if part is Part.CHAIN)
        return KeptRequest(parts[:middle], messages, [link.node for link in chain], parts[middle + 1 :])

    async def response(self, call: StoredCall) -> bytes:
        """The response's body."""
        _must_be_kept(call)
        return (await self._answer(call))[: call.answer_split]

    async def detail(self, call: StoredCall) -> Detail:
        """Headers and chunk times; empty when they were not kept."""
        try:
            answer = await self._answer(call)
        except BodyGone:
            return NO_DETAIL
        return decode_detail(answer[call.answer_split :]) if answer else NO_DETAIL

    async def _answer(self, call: StoredCall) -> bytes:
        if call.answer is None:
            return b""
        return (await self._read(call, [call.answer]))[0]

    async def _read(self, call: StoredCall, places: Sequence[Place]) -> list[bytes]:
        return await asyncio.to_thread(self._packs.read, call.workspace_id, call.epoch, places)


@dataclass(frozen=True, slots=True)
class _Link:
    node: bytes
    place: Place


def _must_be_kept(call: StoredCall) -> None:
    if call.body_mode == "none":
        raise BodyGone("The bodies of this call were not kept: its body mode is 'none'.", body_mode="none")


async def _must_have_week(tx: Transaction, call: StoredCall) -> None:
    if call.epoch not in await partitions.epochs(tx):
        raise BodyGone("The bodies of this call's week were deleted, as the retention says.")


async def _chain(tx: Transaction, call: StoredCall) -> list[_Link]:
    """The messages from the first to the tip, by walking up the parents."""
    if call.tip is None:
        return []
    node = partitions.of_epoch(tx, nodes, call.epoch)
    content = partitions.of_epoch(tx, contents, call.epoch)
    here = (node.c.workspace_id == call.workspace_id, node.c.epoch == call.epoch)
    walk = (
        sa.select(node.c.id, node.c.parent, node.c.content, node.c.depth)
        .where(*here, node.c.id == call.tip)
        .cte("chain", recursive=True)
    )
    parent = node.alias()
    walk = walk.union_all(
        sa.select(parent.c.id, parent.c.parent, parent.c.content, parent.c.depth).where(
            parent.c.workspace_id == call.workspace_id, parent.c.epoch == call.epoch, parent.c.id == walk.c.parent
        )
    )
    query = (
        sa.select(walk.c.id, walk.c.depth, content.c.pack, content.c.block, content.c.start, content.c.length)
        .join(
            content,
            sa.and_(
                content.c.workspace_id == call.workspace_id,
                content.c.epoch == call.epoch,
                content.c.hash == walk.c.content,
            ),
        )
        .order_by(walk.c.depth)
    )
    rows = await tx.rows(query)
    if [row["depth"] for row in rows] != list(range(1, len(rows) + 1)) or not rows or rows[-1]["id"] != call.tip:
        raise BodyGone("A message of this call is missing from the store.")
    return [_Link(row["id"], _place(row)) for row in rows]


async def _places(tx: Transaction, call: StoredCall, hashes: Sequence[bytes]) -> list[Place]:
    if not hashes:
        return []
    table = partitions.of_epoch(tx, contents, call.epoch)
    query = sa.select(table).where(
        table.c.workspace_id == call.workspace_id, table.c.epoch == call.epoch, table.c.hash.in_(hashes)
    )
    found = {row["hash"]: _place(row) for row in await tx.rows(query)}
    try:
        return [found[each] for each in hashes]
    except KeyError:
        raise BodyGone("A part of this call's body is missing from the store.") from None


def _place(row: Any) -> Place:
    return Place(row["pack"], row["block"], row["start"], row["length"])

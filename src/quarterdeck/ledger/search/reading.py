"""The passages of stored calls: only what is new in each is read, however long its conversation."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from quarterdeck.db import Database, Transaction
from quarterdeck.ledger import partitions
from quarterdeck.ledger.calls import StoredCall
from quarterdeck.ledger.packs import BodyGone, Packs, Place
from quarterdeck.ledger.search.texts import Passage, passages, reaches_back
from quarterdeck.ledger.tables import contents, conversations, nodes
from quarterdeck.ledger.turns.model import TALKS

NEW = 8
"""So many messages are looked at, from the newest back; more only where the model spoke in none of them."""
MOST_NEW = 64


async def passages_of(db: Database, packs: Packs, calls: Sequence[StoredCall]) -> dict[str, list[Passage]]:
    """By call. A call that is no talk, or of whose bodies nothing is kept, has none."""
    found: dict[str, list[Passage]] = {}
    by_week: dict[tuple[str, int], list[StoredCall]] = defaultdict(list)
    for call in calls:
        if call.dialect in TALKS and call.body_mode != "none":
            by_week[(call.workspace_id, call.epoch)].append(call)
    for (workspace_id, epoch), some in by_week.items():
        found |= await _of_week(db, packs, workspace_id, epoch, some)
    return found


async def _of_week(
    db: Database, packs: Packs, workspace_id: str, epoch: int, calls: Sequence[StoredCall]
) -> dict[str, list[Passage]]:
    async with db.read() as tx:
        if epoch not in await partitions.epochs(tx):
            return {}
        first = await _first(tx, workspace_id, calls)
        wide = {call.tip for call in calls if call.id in first and call.tip is not None}
        narrow = {call.tip for call in calls if call.tip is not None} - wide
        chains = await _last_messages(tx, workspace_id, epoch, wide, MOST_NEW)
        chains |= await _last_messages(tx, workspace_id, epoch, narrow, NEW)
        whole = await _whole(tx, workspace_id, epoch, [call for call in calls if call.tip is None])
    wanted = {place for places in chains.values() for place in places} | set(whole.values())
    wanted |= {call.answer for call in calls if call.answer is not None}
    read = await asyncio.to_thread(_read, packs, workspace_id, epoch, wanted)
    short = {tip for tip in narrow if len(chains[tip]) == NEW and not reaches_back(_those(read, chains[tip]))}
    if short:
        async with db.read() as tx:
            longer = await _last_messages(tx, workspace_id, epoch, short, MOST_NEW)
        read |= await asyncio.to_thread(
            _read, packs, workspace_id, epoch, {each for places in longer.values() for each in places} - read.keys()
        )
        chains |= longer
    return await asyncio.to_thread(_passages, calls, chains, whole, read, first)


def _passages(
    calls: Sequence[StoredCall],
    chains: dict[bytes, list[Place]],
    whole: dict[bytes, Place],
    read: dict[Place, bytes],
    first: set[str],
) -> dict[str, list[Passage]]:
    found = {}
    for call in calls:
        places = chains.get(call.tip, []) if call.tip is not None else []
        if call.tip is None and call.request in whole:
            places = [whole[call.request]]
        answer = read.get(call.answer, b"")[: call.answer_split] if call.answer is not None else b""
        is_first = call.id in first or call.tip is None
        found[call.id] = passages(_those(read, places), answer, call.response_type, first=is_first)
    return found


def _those(read: dict[Place, bytes], places: Sequence[Place]) -> list[bytes]:
    return [read[place] for place in places if place in read]


async def _first(tx: Transaction, workspace_id: str, calls: Sequence[StoredCall]) -> set[str]:
    """Those with which a conversation begins: all that is in them is new."""
    ids = {call.conversation_id for call in calls if call.conversation_id is not None}
    query = sa.select(conversations.c.first_call_id).where(
        conversations.c.workspace_id == workspace_id, conversations.c.id.in_(ids)
    )
    return set((await tx.execute(query)).scalars()) if ids else set()


async def _last_messages(
    tx: Transaction, workspace_id: str, epoch: int, tips: set[bytes], count: int
) -> dict[bytes, list[Place]]:
    """Where the last messages of each chain are, in their order."""
    if not tips:
        return {}
    node, content = partitions.of_epoch(tx, nodes, epoch), partitions.of_epoch(tx, contents, epoch)
    walk = (
        sa.select(node.c.id.label("tip"), node.c.parent, node.c.content, node.c.depth, sa.literal(1).label("step"))
        .where(node.c.workspace_id == workspace_id, node.c.epoch == epoch, node.c.id.in_(tips))
        .cte("chain", recursive=True)
    )
    parent = node.alias()
    walk = walk.union_all(
        sa.select(walk.c.tip, parent.c.parent, parent.c.content, parent.c.depth, walk.c.step + 1).where(
            parent.c.workspace_id == workspace_id,
            parent.c.epoch == epoch,
            parent.c.id == walk.c.parent,
            walk.c.step < count,
        )
    )
    query = sa.select(walk.c.tip, walk.c.depth, *_columns(content)).join(
        content,
        sa.and_(content.c.workspace_id == workspace_id, content.c.epoch == epoch, content.c.hash == walk.c.content),
    )
    found: dict[bytes, list[Place]] = {tip: [] for tip in tips}
    for row in sorted(await tx.rows(query), key=lambda row: int(row["depth"])):
        found[row["tip"]].append(_place(row))
    return found


async def _whole(tx: Transaction, workspace_id: str, epoch: int, calls: Sequence[StoredCall]) -> dict[bytes, Place]:
    """Requests that were not cut at messages, by their hash."""
    hashes = {call.request for call in calls if call.request is not None}
    if not hashes:
        return {}
    table = partitions.of_epoch(tx, contents, epoch)
    query = sa.select(table.c.hash, *_columns(table)).where(
        table.c.workspace_id == workspace_id, table.c.epoch == epoch, table.c.hash.in_(hashes)
    )
    return {row["hash"]: _place(row) for row in await tx.rows(query)}


def _columns(table: sa.Table) -> list[sa.Column[Any]]:
    return [table.c.pack, table.c.block, table.c.start, table.c.length]


def _place(row: Any) -> Place:
    return Place(row["pack"], row["block"], row["start"], row["length"])


def _read(packs: Packs, workspace_id: str, epoch: int, places: set[Place]) -> dict[Place, bytes]:
    """What is still there of these."""
    ordered = sorted(places, key=lambda place: (place.pack, place.block, place.start))
    try:
        return dict(zip(ordered, packs.read(workspace_id, epoch, ordered), strict=True))
    except BodyGone:
        found = {}
        for place in ordered:
            try:
                found[place] = packs.read(workspace_id, epoch, [place])[0]
            except BodyGone:
                continue
        return found

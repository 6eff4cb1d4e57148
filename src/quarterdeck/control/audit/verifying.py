"""Following the chain: whether any entry was changed, taken out, put in or moved."""

import json
from dataclasses import dataclass

from quarterdeck.control.audit import store
from quarterdeck.control.audit.model import FIRST, chained
from quarterdeck.control.audit.store import Stored
from quarterdeck.db import Database
from quarterdeck.kernel.errors import Invalid

BATCH = 1_000
_TWICE = ("seq", "at", "kind", "subject_id", "actor_id", "on_behalf_of_id", "request_id")
"""Stands in the hashed body and, to be searched, in a column."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head that somebody wrote down earlier, away from this database."""

    seq: int
    hash: str

    @classmethod
    def of(cls, text: str) -> "Anchor":
        """From `SEQ:HASH`. Raises Invalid."""
        seq, _, digest = text.partition(":")
        if not seq.isdecimal() or len(digest) != len(FIRST):
            raise Invalid("A head is written SEQ:HASH, as an earlier verification printed it.", field="head")
        return cls(int(seq), digest.lower())


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problem` is None when the chain holds. `head` is to be written down: what is before it cannot change unseen."""

    workspace_id: str
    entries: int
    seq: int
    hash: str
    problem: str | None
    at_seq: int | None = None

    @property
    def head(self) -> str:
        return f"{self.seq}:{self.hash}"


async def verify(db: Database, workspace_id: str, anchor: Anchor | None = None) -> Verdict:
    """Read the whole log in its order and compute every hash anew. Memory stays flat."""
    async with db.read() as tx:
        head_seq, head_hash = await store.head(tx, workspace_id)
    seq, last = 0, FIRST
    while True:
        async with db.read() as tx:
            batch = await store.after(tx, workspace_id, seq, BATCH)
        for entry in batch:
            if entry.seq > head_seq:
                break
            problem = _wrong(entry, seq, last)
            if problem is None and anchor is not None and entry.seq == anchor.seq and entry.hash != anchor.hash:
                problem = f"entry {entry.seq} is not the one whose hash was written down"
            if problem is not None:
                return Verdict(workspace_id, seq, seq, last, problem, entry.seq)
            seq, last = entry.seq, entry.hash
        if len(batch) < BATCH or batch[-1].seq >= head_seq:
            break
    if (seq, last) != (head_seq, head_hash):
        return Verdict(workspace_id, seq, seq, last, f"entries after {seq} are gone: there were {head_seq}", seq + 1)
    if anchor is not None and anchor.seq > seq:
        return Verdict(workspace_id, seq, seq, last, f"entries after {seq} are gone: {anchor.seq} was seen", seq + 1)
    return Verdict(workspace_id, seq, seq, last, None)


def _wrong(entry: Stored, before_seq: int, before_hash: str) -> str | None:
    if entry.seq != before_seq + 1:
        return f"entry {before_seq + 1} is missing"
    if entry.hash != chained(before_hash, entry.body):
        return f"entry {entry.seq} was changed, or does not follow entry {before_seq}"
    said = json.loads(entry.body)
    for name in _TWICE:
        if said[name] != getattr(entry, name):
            return f"the column {name} of entry {entry.seq} was changed"
    return None

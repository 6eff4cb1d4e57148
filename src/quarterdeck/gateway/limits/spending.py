"""The gateway's own account of what budgets have spent: exact, and exact again after any end of the process.

What was spent is the account's sum up to a place in the journal (control says both, read in one transaction), and
everything this gateway has settled behind that place. The latter is kept here, call by call, until the account
includes it; after a start it is read back from the journal.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from quarterdeck.access import wire
from quarterdeck.access.scopes import Facts
from quarterdeck.access.snapshot import Snapshot
from quarterdeck.gateway.limits.counters import Counters, Line
from quarterdeck.kernel import files
from quarterdeck.ledger.journal import Journal
from quarterdeck.ledger.reader import START, JournalReader
from quarterdeck.ledger.record import CallRecord, decode
from quarterdeck.ledger.segments import Position

log = logging.getLogger(__name__)
_READ_AT_ONCE = 1_000


class Where(Protocol):
    """Who asked, and where the answer came from."""

    @property
    def workspace_id(self) -> str: ...

    @property
    def facts(self) -> Facts: ...

    @property
    def budgets(self) -> Sequence[Line]:
        """Those that it falls under."""
        ...


class Recorded(msgspec.Struct, frozen=True, eq=False):
    """The same, as a record says it."""

    workspace_id: str
    facts: Facts
    budgets: Sequence[Line] = ()


class Settled(msgspec.Struct, eq=False, gc=False):
    """A settled call that budgets are about and the account did not include yet.

    There may be many: nothing in them leads back to them, so the collector need not look.
    """

    call_id: str
    where: Where
    started: int
    amount: int
    end: Position | None = None
    """Where its record ends; None while it is not written."""
    tries: Sequence[tuple[Facts, int]] = ()
    """Parts of the amount that were spent elsewhere than where the answer came from."""
    charged: Sequence[tuple[Sequence[Line], int]] | None = None
    """The budgets of each part; None: all of it is charged to those of where the answer came from."""

    def parts(self) -> list[tuple[Facts, int]]:
        return [(self.where.facts, self.amount - sum(amount for _, amount in self.tries)), *self.tries]

    def charge(self, counters: Counters) -> None:
        """Count each part in the budgets that it falls under."""
        workspace_id = self.where.workspace_id
        self.charged = [(counters.lines(workspace_id, facts, self.started), part) for facts, part in self.parts()]
        for lines, part in self.charged:
            for _, counter in lines:
                counter.tail += part

    def discharge(self) -> None:
        """The account includes it."""
        if self.charged is None:
            for _, counter in self.where.budgets:
                counter.tail -= self.amount
            return
        for lines, part in self.charged:
            for _, counter in lines:
                counter.tail -= part


class Spending:
    """Follows what is settled while any workspace has a budget; else it costs nothing."""

    def __init__(self, journal: Journal, kept: Path | None = None) -> None:
        """`kept` is where the account's last word is kept, for a start without control."""
        self.counters = Counters()
        self.ready = asyncio.Event()
        """Set while the counters are exact; budgets wait for it."""
        self.exact = False
        """The same, to be asked for each call."""
        self.active = False
        """Whether anybody has a budget."""
        self._journal = journal
        self._kept = kept
        self._tail: deque[Settled] = deque()
        self._unwritten: deque[Settled | None] = deque()
        self._skip = 0
        self._heard: wire.Spent | None = None
        self._until = START
        self._projects: dict[str, str] = {}
        self._catching_up: asyncio.Task[None] | None = None

    @property
    def heard(self) -> bool:
        return self._heard is not None

    def swapped(self, snapshot: Snapshot) -> None:
        """Budgets as the snapshot has them. Those that are new count what was settled before, too."""
        rules = {each.id: tuple(each.budgets) for each in snapshot.workspaces.values()}
        self._projects = {
            run.id: run.project_id
            for each in snapshot.workspaces.values()
            if each.budgets
            for run in each.runs.values()
            if run.project_id is not None
        }
        fresh = self.counters.set_rules(rules)
        if any(rules.values()) and not self.active:
            self._follow()
            return
        if fresh and self._heard is not None:
            # The tail lacks calls that no budget was about until now; the journal has them.
            self._begin_catching_up(self._until)

    def settled(self, each: Settled) -> None:
        """A call was settled, and its record is written next. Call this or `passed` for every call while `active`."""
        amount = each.amount
        if not amount:
            self.passed()
            return
        if each.tries:
            each.charge(self.counters)
        else:
            for _, counter in each.where.budgets:
                counter.tail += amount
        self._tail.append(each)
        self._unwritten.append(each)

    def passed(self) -> None:
        """A call was settled that no budget can be about, and its record is written next."""
        self._unwritten.append(None)

    def told(self, spent: wire.Spent) -> None:
        """The account's word. The tail shrinks to what it does not include."""
        until = Position(*spent.journals.get(self._journal.id, (0, 0)))
        if self._kept is not None:
            self._keep(spent)
        before, self._heard = self._heard, spent
        if not self.active:
            self._until = until
            return
        if before is None or until < self._until or not self.exact:
            self._begin_catching_up(until)
            return
        self._until = until
        while self._tail and (end := self._tail[0].end) is not None and end <= until:
            self._tail.popleft().discharge()
        self._set_bases()

    def load(self) -> None:
        """Begin with the account's last word as it was kept; control says a newer one when it is there."""
        if self._kept is None or self._heard is not None:
            return
        try:
            spent = msgspec.msgpack.decode(self._kept.read_bytes(), type=wire.Spent)
        except (OSError, msgspec.DecodeError):
            return
        if self._heard is None:
            self.told(spent)

    def _follow(self) -> None:
        self.active = True
        self._skip = self._journal.unwritten
        self._journal.observer = self._written
        if self._heard is not None:
            self._begin_catching_up(self._until)

    def _written(self, end: Position | None) -> None:
        if self._skip:
            self._skip -= 1
            return
        each = self._unwritten.popleft()
        if each is None:
            return
        if end is None:
            # It was spent and nobody will ever know: it counts until the account is asked again.
            each.end = self._journal.position
        else:
            each.end = end

    def _begin_catching_up(self, until: Position) -> None:
        self.exact = False
        self.ready.clear()
        if self._catching_up is not None:
            self._catching_up.cancel()
        self._catching_up = asyncio.create_task(self._catch_up(until), name="budgets")

    async def _catch_up(self, until: Position) -> None:
        """Read back from the journal what stands behind `until` and is not in the tail; then the counters are exact."""
        await self._journal.flushed()
        end = self._journal.position
        records, complete = await asyncio.to_thread(_read, self._journal.directory, until, end)
        if not complete:
            # Cannot be while everybody keeps to the order: control keeps the journal until its word has arrived.
            log.error(
                "budgets_unknown reason=the journal behind the account's last known word is gone; waiting for control"
            )
            return
        mine = {each.call_id: each for each in self._tail}
        tail: deque[Settled] = deque()
        for position, record in records:
            each = _settled(record, self._projects, position)
            if (own := mine.pop(record.id, None)) is not None:
                # Its facts may lack what no budget asked for when it was settled, such as tags.
                own.where, own.tries, each = each.where, each.tries, own
            if each.amount:
                tail.append(each)
        tail.extend(each for each in self._tail if each.call_id in mine and (each.end is None or each.end > until))
        for counter in self.counters:
            counter.tail = 0
        self._tail, self._until = tail, until
        for each in tail:
            each.charge(self.counters)
        self._set_bases()
        self.exact = True
        self.ready.set()
        log.info("budgets_ready calls_behind_the_account=%d", len(tail))

    def _set_bases(self) -> None:
        assert self._heard is not None
        self.counters.set_bases({(row.budget_id, row.value, row.window): row.amount for row in self._heard.rows})

    def _keep(self, spent: wire.Spent) -> None:
        assert self._kept is not None
        try:
            files.put(self._kept, msgspec.msgpack.encode(spent))
        except OSError as error:
            log.warning("budgets_not_kept path=%s error=%s", self._kept, error)


def amount_of(record: CallRecord) -> int:
    """What a call counts as against budgets: its cost, or what its ceiling price makes of it."""
    ceiling: int = record.extra.get("ceiling", 0)
    return record.cost if record.cost is not None else ceiling


def _settled(record: CallRecord, projects: dict[str, str], end: Position) -> Settled:
    def facts(provider: str | None, model: str | None) -> Facts:
        return Facts(
            agent_id=record.agent_id,
            task_id=record.task_id,
            run_id=record.run_id,
            project_id=projects.get(record.run_id or ""),
            key_id=record.key_id,
            provider=provider,
            model=model,
            tags=tuple(record.tags),
        )

    tries = [] if record.cost is None else [(facts(e.provider, e.model), e.cost) for e in record.attempts if e.cost]
    where = Recorded(record.workspace_id, facts(record.provider, record.model))
    return Settled(record.id, where, record.started, amount_of(record), end, tries)


def _read(directory: Path, begin: Position, end: Position) -> tuple[Sequence[tuple[Position, CallRecord]], bool]:
    """The records between two places, and whether none of them can be missing. Blocking."""
    reader = JournalReader(directory)
    found: list[tuple[Position, CallRecord]] = []
    at = begin
    complete = begin == START or reader.holds(begin)
    while at < end:
        batch = reader.read(at, max_records=_READ_AT_ONCE)
        found.extend(_decoded(zip(batch.positions, batch.payloads, strict=True), end))
        if batch.next == at or not batch.payloads:
            break
        at = batch.next
    return found, complete


def _decoded(pairs: Iterable[tuple[Position, bytes]], end: Position) -> Iterable[tuple[Position, CallRecord]]:
    for position, payload in pairs:
        if position <= end:
            try:
                yield position, decode(payload)
            except msgspec.DecodeError:
                continue

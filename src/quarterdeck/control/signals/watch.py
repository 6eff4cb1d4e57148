"""What is remembered of the latest calls while they are watched: the trail of each run, and what providers answered.

In memory only, and small. A process that starts reads the last hours again and stands where another one stood.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa

from quarterdeck.control.signals import rules
from quarterdeck.control.signals.loop_words import finding_of
from quarterdeck.control.signals.loops import Loop, Step, Trail
from quarterdeck.control.signals.model import Finding
from quarterdeck.control.signals.rules import Ended
from quarterdeck.control.status.model import Last
from quarterdeck.control.status.shown import blames_provider
from quarterdeck.db import Prepared, Transaction
from quarterdeck.kernel.clock import HOUR, MINUTE, SECOND
from quarterdeck.ledger.derived_tables import turns
from quarterdeck.ledger.turns.model import Turn, decode_turn

LOOKED_BACK = 3 * HOUR
READ_AT_ONCE = 1_000
OVERLAP = 5 * SECOND
"""Rows of several ingesters may become visible out of order; so much is read again."""
SUBJECTS = 5_000
RECENT = 16
CALLS_NAMED = 50
SILENCES = 500
"""The latest of a run: so many teach what is usual."""
LOOSE_ENDS = 10 * MINUTE
"""A loop without a run is over after so long without a call."""
_PROVIDER_CALLS = 400
_REQUESTS = 1_000


class Row(msgspec.Struct, frozen=True):
    """A call as it was ingested."""

    workspace_id: str
    began: int
    agent_id: str | None
    run_id: str | None
    task_id: str | None
    conversation_id: str | None
    call: Ended
    turn: Turn | None

    @property
    def subject(self) -> str | None:
        """Whose doing it is: the run; without one the agent."""
        return self.run_id or self.agent_id


@dataclass(slots=True)
class Track:
    """What is remembered of a run, or of an agent's calls without one."""

    workspace_id: str
    agent_id: str | None
    run_id: str | None
    task_id: str | None
    trail: Trail = field(default_factory=Trail)
    conversations: OrderedDict[str, Trail] = field(default_factory=OrderedDict)
    recent: deque[Ended] = field(default_factory=lambda: deque(maxlen=RECENT))
    calls_since: int = 0
    cost_since: int = 0
    ids_since: deque[str] = field(default_factory=lambda: deque(maxlen=CALLS_NAMED))
    progressed_at: int = 0
    last_ended: int = 0
    silences: deque[int] = field(default_factory=lambda: deque(maxlen=SILENCES))
    tools: tuple[str, ...] = ()
    loose: deque[Ended] = field(default_factory=lambda: deque(maxlen=500))
    stood_still: int = 0
    duplicates: list[str] = field(default_factory=list)
    """Calls whose very request had been answered before, and that are yet to be marked so."""
    requests: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    _moved: list[Trail] = field(default_factory=list)
    """Trails that the latest turn went along: a loop is looked for when somebody asks, not at each call."""

    @property
    def loop(self) -> Loop | None:
        """By the conversation alone, for those that run side by side, and by all it does."""
        return next((loop for trail in self._moved if (loop := trail.loop()) is not None), None)

    def take(self, row: Row) -> None:
        call = row.call
        if self.last_ended and row.began > self.last_ended and self.run_id is not None:
            self.silences.append(row.began - self.last_ended)
        self.last_ended = max(self.last_ended, call.ended)
        self.recent.append(call)
        self.tools = row.turn.tools if row.turn is not None and call.outcome == "ok" else ()
        if call.ended > self.progressed_at:
            self.calls_since += 1
            self.cost_since += call.cost or 0
            self.ids_since.append(call.call_id)
        if row.turn is not None and call.outcome == "ok":
            self._note_request(row.call.call_id, row.turn.request)
        if row.turn is not None and call.outcome == "ok" and row.began >= self.progressed_at:
            self._follow(row, row.turn)
        if self.run_id is None and row.task_id is None:
            self.loose.append(call)

    def _follow(self, row: Row, turn: Turn) -> None:
        step = Step(row.call.call_id, row.began, row.call.ended, row.call.cost, turn)
        self._moved = [self.trail] if self.trail.take(step) else []
        if row.conversation_id is not None:
            trail = self.conversations.get(row.conversation_id)
            if trail is None:
                trail = self.conversations[row.conversation_id] = Trail()
            self.conversations.move_to_end(row.conversation_id)
            if trail.take(step):
                self._moved.insert(0, trail)
            if len(self.conversations) > RECENT:
                self.conversations.popitem(last=False)

    def _note_request(self, call_id: str, request: bytes) -> None:
        if request in self.requests:
            self.duplicates.append(call_id)
        self.requests[request] = None
        if len(self.requests) > _REQUESTS:
            self.requests.popitem(last=False)

    def progressed(self, at: int) -> None:
        """Something came of it at that instant. It may be heard of after calls that came later: those still count."""
        if at <= self.progressed_at:
            return
        self.progressed_at = at
        self._moved = []
        later = [call for call in self.recent if call.ended > at]
        self.calls_since, self.cost_since = len(later), sum(call.cost or 0 for call in later)
        self.stood_still = 0
        self.ids_since.clear()
        self.ids_since.extend(call.call_id for call in later)
        self.trail.progressed()
        self.conversations.clear()


class Watch:
    """All that is watched by one process."""

    def __init__(self) -> None:
        self.tracks: OrderedDict[tuple[str, str], Track] = OrderedDict()
        self.providers: dict[tuple[str, str], deque[tuple[str, Ended]]] = {}
        self._position = 0
        self._read: dict[int, set[str]] = {}
        """Calls that were read, by when they were ingested: those of the last seconds, for more may come of then."""
        self.fresh: list[Row] = []
        """Calls that came since somebody looked at this."""

    async def read(self, tx: Transaction) -> int:
        """Take what was ingested since the last time; how many calls that were. About `READ_AT_ONCE` at the most."""
        since = self._position - OVERLAP if self._position else tx.now - LOOKED_BACK
        self._read = {at: some for at, some in self._read.items() if at >= since}
        counts = await tx.fetch(_COUNTS, since=since, limit=len(self._read) + READ_AT_ONCE)
        wanted = 0
        news = []
        for at, count in counts:
            more = count - len(self._read.get(at, ()))
            if more > 0 and wanted < READ_AT_ONCE:
                news.append(at)
                wanted += more
        if not news:
            return 0
        taken = 0
        for at, *values in await tx.fetch(_CALLS, first=news[0], last=news[-1]):
            read = self._read.setdefault(at, set())
            if values[_CALL_ID] not in read:
                read.add(values[_CALL_ID])
                self.take(_row(*values))
                taken += 1
        self._position = max(self._position, news[-1])
        return taken

    def take(self, row: Row) -> None:
        """Take one call."""
        self.fresh.append(row)
        if row.subject is not None:
            self.track(row.workspace_id, row.subject, row.agent_id, row.run_id, row.task_id).take(row)
        if row.call.provider is not None and row.call.outcome != "refused":
            calls = self.providers.setdefault((row.workspace_id, row.call.provider), deque(maxlen=_PROVIDER_CALLS))
            calls.append((row.subject or "", row.call))

    def track(
        self, workspace_id: str, subject: str, agent_id: str | None, run_id: str | None, task_id: str | None
    ) -> Track:
        """The track of a run, or of an agent without one; made when there is none."""
        key = (workspace_id, subject)
        found = self.tracks.get(key)
        if found is None:
            found = self.tracks[key] = Track(workspace_id, agent_id, run_id, task_id)
            if len(self.tracks) > SUBJECTS:
                self.tracks.popitem(last=False)
        self.tracks.move_to_end(key)
        return found

    def drop(self, workspace_id: str, subject: str) -> Track | None:
        """Forget a run that has ended."""
        return self.tracks.pop((workspace_id, subject), None)

    def loops(self, workspace_id: str, open_runs: set[str], now: int) -> list[Finding]:
        """Who goes in circles now."""
        found = []
        for (_, subject), track in self._of(workspace_id):
            over = track.run_id not in open_runs if track.run_id is not None else now - track.last_ended > LOOSE_ENDS
            if not over and (loop := track.loop) is not None:
                whose = {"agent_id": track.agent_id, "run_id": track.run_id, "task_id": track.task_id}
                found.append(finding_of(loop, subject, **whose))
        return found

    def unclaimed(self, workspace_id: str, now: int) -> list[Finding]:
        """Agents that spend without a task."""
        found = (
            rules.unclaimed(subject, tuple(track.loose), now)
            for (_, subject), track in self._of(workspace_id)
            if track.loose
        )
        return [finding for finding in found if finding is not None]

    async def claimed(self, tx: Transaction, workspace_id: str, agent_ids: Iterable[str]) -> None:
        """Forget of these agents' calls without a task those that have been given one since."""
        for agent_id in agent_ids:
            track = self.tracks.get((workspace_id, agent_id))
            if track is None or not track.loose:
                continue
            mine = sa.and_(
                turns.c.workspace_id == workspace_id, turns.c.call_id.in_([one.call_id for one in track.loose])
            )
            query = sa.select(turns.c.call_id).where(mine, turns.c.task_id.is_not(None))
            given = set((await tx.execute(query)).scalars())
            track.loose = deque((one for one in track.loose if one.call_id not in given), maxlen=track.loose.maxlen)

    def troubles(self, workspace_id: str, now: int) -> list[Finding]:
        """Providers that fail for several runs."""
        found = (
            rules.provider_trouble(provider, tuple(calls), now)
            for (where, provider), calls in self.providers.items()
            if where == workspace_id
        )
        return [finding for finding in found if finding is not None]

    def _of(self, workspace_id: str) -> Iterable[tuple[tuple[str, str], Track]]:
        return [(key, track) for key, track in self.tracks.items() if key[0] == workspace_id]


_COUNTS = Prepared(
    sa.select(turns.c.ingested_at, sa.func.count())
    .where(turns.c.ingested_at >= sa.bindparam("since", type_=sa.BigInteger))
    .group_by(turns.c.ingested_at)
    .order_by(turns.c.ingested_at)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
"""A batch is ingested at one instant: so it is seen for a look at an index whether anything is new."""
_CALLS = Prepared(
    sa.select(
        turns.c.ingested_at,
        turns.c.workspace_id,
        turns.c.call_id,
        turns.c.started,
        turns.c.ended,
        turns.c.agent_id,
        turns.c.run_id,
        turns.c.task_id,
        turns.c.conversation_id,
        turns.c.provider,
        turns.c.model,
        turns.c.status,
        turns.c.outcome,
        turns.c.error_code,
        turns.c.input_tokens,
        turns.c.cost,
        turns.c.turn,
    )
    .where(
        turns.c.ingested_at >= sa.bindparam("first", type_=sa.BigInteger),
        turns.c.ingested_at <= sa.bindparam("last", type_=sa.BigInteger),
    )
    .order_by(turns.c.ingested_at, turns.c.call_id)
)
_CALL_ID = 1


def _row(
    workspace_id: str,
    call_id: str,
    began: int,
    ended: int,
    agent_id: str | None,
    run_id: str | None,
    task_id: str | None,
    conversation_id: str | None,
    provider: str | None,
    model: str | None,
    status: int,
    outcome: str,
    error_code: str | None,
    input_tokens: int | None,
    cost: int | None,
    turn: bytes | None,
) -> Row:
    blamed = outcome != "ok" and blames_provider(Last(call_id, ended, outcome, status, provider, model, error_code))
    call = Ended(call_id, ended, outcome, status, error_code, provider, model, input_tokens, cost, blamed)
    read = decode_turn(turn) if turn is not None else None
    return Row(workspace_id, began, agent_id, run_id, task_id, conversation_id, call, read)

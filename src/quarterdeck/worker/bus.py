"""Control's end of the line to its gateways: publish snapshots, carry commands, answer look-ups, hear of traffic."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from quarterdeck.access import wire
from quarterdeck.access.snapshot import EMPTY, Snapshot, encode

log = logging.getLogger(__name__)

ACKNOWLEDGE_S = 3.0
UNDECIDED = "undecided"


class Line:
    """One gateway at the other end."""

    def __init__(self, writer: asyncio.StreamWriter, hello: wire.Hello) -> None:
        self.writer = writer
        self.gateway_id = hello.gateway_id
        self.pid = hello.pid
        self.journal_id = hello.journal_id
        self.open_calls: list[wire.OpenCall] = []
        self.journal_dropped = 0
        self.budgets: list[wire.BudgetState] = []
        self.limits: list[wire.LimitState] = []
        self.providers: list[wire.ProviderState] = []
        self.trials: list[wire.TrialState] = []
        self.waiting: dict[int, asyncio.Future[wire.Done]] = {}


_BADNESS = ("up", "limited", "probing", "out")


def _states(providers: list[wire.ProviderState]) -> set[tuple[str, str, str]]:
    return {(each.workspace_id, each.provider, each.state) for each in providers}


def _both_budgets(one: wire.BudgetState, other: wire.BudgetState) -> wire.BudgetState:
    """Each counts the account's word and what only it has settled behind it."""
    tail = one.tail + other.tail
    spent = max(one.spent - one.tail, other.spent - other.tail) + tail
    return msgspec.structs.replace(one, spent=spent, held=one.held + other.held, tail=tail)


def _both_limits(one: wire.LimitState, other: wire.LimitState) -> wire.LimitState:
    """What one saw last of a rate is what all have left; of calls at once each knows its own."""
    taken = one.taken + other.taken
    if taken:
        remaining = max(0, max(one.remaining + one.taken, other.remaining + other.taken) - taken)
    else:
        remaining = min(one.remaining, other.remaining)
    return msgspec.structs.replace(one, remaining=remaining, waiting=one.waiting + other.waiting, taken=taken)


def _both_trials(one: wire.TrialState, other: wire.TrialState) -> wire.TrialState:
    decided = one if one.verdict != UNDECIDED else other
    return msgspec.structs.replace(
        decided, stable=_both_arms(one.stable, other.stable), newcomer=_both_arms(one.newcomer, other.newcomer)
    )


def _both_arms(one: wire.ArmState, other: wire.ArmState) -> wire.ArmState:
    slowest = max((each for each in (one.latency_ms, other.latency_ms) if each is not None), default=None)
    return wire.ArmState(one.answered + other.answered, one.failed + other.failed, slowest)


def _worst(one: wire.ProviderState, other: wire.ProviderState) -> wire.ProviderState:
    return max(one, other, key=lambda state: (_BADNESS.index(state.state), state.error_rate or 0.0))


_BUDGET = attrgetter("budget_id", "value", "window")
_LIMIT = attrgetter("limit_id", "value")
_PROVIDER = attrgetter("provider")
_TRIAL = attrgetter("route", "identity", "path")
_State = TypeVar("_State", wire.BudgetState, wire.LimitState, wire.ProviderState, wire.TrialState)


def _together(
    workspace_id: str,
    told: Iterable[_State],
    name_of: Callable[[_State], Any],
    both: Callable[[_State, _State], _State],
) -> list[_State]:
    """One state of each, out of what every gateway tells of it."""
    found: dict[Any, _State] = {}
    for state in told:
        if state.workspace_id == workspace_id:
            name = name_of(state)
            found[name] = both(found[name], state) if name in found else state
    return list(found.values())


class BusServer:
    """Listens on a local socket. What is heard is handed to the callbacks given by whoever builds it."""

    def __init__(
        self,
        path: Path,
        *,
        lookup: Callable[[bytes], Awaitable[bool]],
        traffic: Callable[[list[str]], Awaitable[None]],
        written: Callable[[], None],
    ) -> None:
        self._path = path
        self._lookup = lookup
        self._traffic = traffic
        self._written = written
        self.moved: Callable[[Collection[tuple[str, str]] | None], None] = lambda _: None
        """Called when what is in flight has changed, with the workspace and the agent of each call that did; with None
        when providers have."""
        self.spent: Callable[[], Awaitable[wire.Spent]] | None = None
        """Asked what the account says of budgets, before a gateway is given budgets that it did not know."""
        self.stopped: Callable[[Sequence[wire.Stop]], Awaitable[None]] | None = None
        """Told whom budgets stopped."""
        self.spending = asyncio.Lock()
        """Held from asking the account to having told it, so that no older word follows a newer one."""
        self.spent_told: dict[str, tuple[int, int]] = {}
        """How far each journal is in what the gateway that writes it was told last."""
        self._budgets_known: set[str] = set()
        self._lines: set[Line] = set()
        self._numbers = itertools.count(1)
        self._snapshot: Snapshot = EMPTY
        self._encoded = b""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.somebody = asyncio.Event()
        """Set once a gateway has connected and swapped its first snapshot in."""

    async def start(self) -> None:
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=wire.MAX_FRAME)
        self._path.chmod(0o600)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for line in list(self._lines):
            line.writer.close()
        for task in list(self._tasks):
            task.cancel()

    @property
    def gateways(self) -> list[Line]:
        return sorted(self._lines, key=lambda line: line.gateway_id)

    def open_calls(self, workspace_id: str) -> list[wire.OpenCall]:
        """What is in flight on every gateway, at most half a second old."""
        return [call for line in self._lines for call in line.open_calls if call.workspace_id == workspace_id]

    def budget_states(self, workspace_id: str) -> list[wire.BudgetState]:
        """How budgets stand over all gateways, at most half a second old."""
        told = (state for line in self._lines for state in line.budgets)
        return _together(workspace_id, told, _BUDGET, _both_budgets)

    def limit_states(self, workspace_id: str) -> list[wire.LimitState]:
        """The same of limits."""
        told = (state for line in self._lines for state in line.limits)
        return _together(workspace_id, told, _LIMIT, _both_limits)

    async def tell_spent(self, spent: wire.Spent) -> None:
        """Tell every gateway what the account says of budgets; each has kept it when this returns."""
        await asyncio.gather(*(self._give_spent(line, spent) for line in list(self._lines)))

    def provider_states(self, workspace_id: str) -> list[wire.ProviderState]:
        """How each provider does; where several gateways saw it, as the one says that saw it worst."""
        told = (state for line in self._lines for state in line.providers)
        return _together(workspace_id, told, _PROVIDER, _worst)

    def trial_states(self, workspace_id: str) -> list[wire.TrialState]:
        """Canaries of saved routes over all gateways."""
        told = (state for line in self._lines for state in line.trials)
        return _together(workspace_id, told, _TRIAL, _both_trials)

    def _tell_verdicts(self, source: Line) -> None:
        """What one gateway has decided holds for all."""
        decided = [trial for trial in source.trials if trial.verdict != UNDECIDED]
        for line in self._lines:
            known = {_TRIAL(each): each.verdict for each in line.trials}
            news = [each for each in decided if known.get(_TRIAL(each)) in (None, UNDECIDED)]
            if line is not source and news:
                wire.write(line.writer, wire.Verdicts(news))

    async def publish(self, snapshot: Snapshot) -> None:
        """Give every gateway the snapshot; returns when each has swapped it in (or went silent)."""
        budgets = {budget.id for each in snapshot.workspaces.values() for budget in each.budgets}
        if self.spent is not None and not budgets <= self._budgets_known:
            # What was spent before counts too, so it is known before the budget is.
            async with self.spending:
                await self.tell_spent(await self.spent())
        self._budgets_known = budgets
        self._snapshot, self._encoded = snapshot, await asyncio.to_thread(encode, snapshot)
        await asyncio.gather(*(self._give_snapshot(line) for line in list(self._lines)))

    async def end_calls(self, *, scope: str, ids: Collection[str], code: str, message: str) -> int:
        """End the open calls of a scope (agent, run, key, workspace, all) on every gateway; returns how many ended."""
        ended = await asyncio.gather(
            *(
                self._ask(line, lambda n: wire.Command(n, "end", scope, list(ids), code, message))
                for line in list(self._lines)
            )
        )
        return sum(done.count for done in ended)

    async def scrape(self) -> dict[str, str]:
        """What each gateway counts, in Prometheus' text format."""
        lines = list(self._lines)
        heard = await asyncio.gather(*(self._ask(line, wire.Scrape) for line in lines))
        return {line.gateway_id: done.text for line, done in zip(lines, heard, strict=True)}

    async def _give_spent(self, line: Line, spent: wire.Spent) -> None:
        await self._ask(line, lambda number: wire.Spent(number, spent.journals, spent.rows))
        if line in self._lines and not line.writer.is_closing() and line.journal_id in spent.journals:
            self.spent_told[line.journal_id] = spent.journals[line.journal_id]

    async def _welcome(self, line: Line) -> None:
        """A gateway that has just come: what was spent, then what holds."""
        if self.spent is not None and self._budgets_known:
            async with self.spending:
                await self._give_spent(line, await self.spent())
        await self._give_snapshot(line)
        for other in list(self._lines):
            if other is not line:
                self._tell_verdicts(other)

    async def _give_snapshot(self, line: Line) -> None:
        await self._ask(line, lambda number: wire.Published(number, self._encoded))
        self.somebody.set()

    async def _ask(self, line: Line, frame: Callable[[int], wire.Frame]) -> wire.Done:
        """Send, and wait for the matching Done. A gateway that stays silent is cut off: it comes back by itself."""
        number = next(self._numbers)
        waiting = line.waiting[number] = asyncio.get_running_loop().create_future()
        wire.write(line.writer, frame(number))
        try:
            return await asyncio.wait_for(waiting, ACKNOWLEDGE_S)
        except (TimeoutError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and not waiting.cancelled():
                raise
            log.warning("gateway_silent gateway=%s", line.gateway_id)
            line.writer.close()
            return wire.Done(number)
        finally:
            line.waiting.pop(number, None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await wire.read(reader)
        if not isinstance(hello, wire.Hello):
            writer.close()
            return
        line = Line(writer, hello)
        self._lines.add(line)
        log.info("gateway_connected gateway=%s pid=%d", line.gateway_id, line.pid)
        try:
            if self._encoded:
                self._spawn(self._welcome(line))
            while (frame := await wire.read(reader)) is not None:
                await self._take(line, frame)
        finally:
            self._lines.discard(line)
            for waiting in line.waiting.values():
                waiting.cancel()
            with contextlib.suppress(OSError):
                writer.close()

    async def _take(self, line: Line, frame: wire.Frame) -> None:
        if isinstance(frame, wire.Done):
            waiting = line.waiting.get(frame.number)
            if waiting is not None and not waiting.done():
                waiting.set_result(frame)
        elif isinstance(frame, wire.Lookup):
            self._spawn(self._answer(line, frame))
        elif isinstance(frame, wire.Traffic):
            # That an answer grows is no news: what begins, answers and ends is.
            moved = _shape(line.open_calls) ^ _shape(frame.open_calls)
            line.open_calls, line.journal_dropped = frame.open_calls, frame.journal_dropped
            if moved:
                self.moved({(workspace_id, agent_id) for _, _, workspace_id, agent_id in moved if agent_id is not None})
            if frame.providers is not None:
                if _states(line.providers) != _states(frame.providers):
                    self.moved(None)
                line.providers = frame.providers
            line.budgets, line.limits = frame.budgets, frame.limits
            if frame.trials is not None:
                line.trials = frame.trials
                self._tell_verdicts(line)
            if frame.stops and self.stopped is not None:
                self._spawn(self.stopped(frame.stops))
            if frame.runs:
                self._spawn(self._traffic(frame.runs))
        elif isinstance(frame, wire.Written):
            self._written()

    async def _answer(self, line: Line, question: wire.Lookup) -> None:
        known = await self._lookup(question.key_hash)
        wire.write(line.writer, wire.Found(question.number, known))

    def _spawn(self, work: Awaitable[None]) -> None:
        async def run() -> None:
            try:
                await work
            except Exception:
                log.exception("bus_work_failed")

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _shape(calls: list[wire.OpenCall]) -> set[tuple[str, bool, str, str | None]]:
    return {(call.id, call.first_byte is not None, call.workspace_id, call.agent_id) for call in calls}

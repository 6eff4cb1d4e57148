"""The gateway's end of the line to control: snapshots and commands in, look-ups and traffic out.

Control may be away for any time; calls go on with the snapshot at hand, and the line is taken up again by itself.
"""

import asyncio
import itertools
import logging
import os
from collections.abc import Callable

from quarterdeck.access import wire
from quarterdeck.gateway.open_calls import OpenCalls
from quarterdeck.gateway.snapshot import SnapshotHolder

log = logging.getLogger(__name__)

Report = tuple[list[wire.BudgetState], list[wire.LimitState], list[wire.Stop]]
RETRY_S = 0.2
TRAFFIC_EVERY_S = 0.5


class Bus:
    """One connection to control, for as long as the gateway lives."""

    def __init__(
        self, path: str, gateway_id: str, holder: SnapshotHolder, open_calls: OpenCalls, journal_id: str = ""
    ) -> None:
        self._path = path
        self._gateway_id = gateway_id
        self._journal_id = journal_id
        self._published = asyncio.Event()
        self._absent = asyncio.Event()
        self._holder = holder
        self._open_calls = open_calls
        self._writer: asyncio.StreamWriter | None = None
        self._told = False
        """Whether control has published over this connection."""
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[bool]] = {}
        self._wake_sent = False
        self.journal_dropped: Callable[[], int] = lambda: 0
        self.spent: Callable[[wire.Spent], None] | None = None
        """Told what the account says of budgets."""
        self.report: Callable[[], Report] | None = None
        """Asked how budgets and limits stand here."""
        self.providers: Callable[[], list[wire.ProviderState]] = list
        """How providers do."""

        self.trials: Callable[[], list[wire.TrialState]] = list
        """How canaries stand here."""
        self.decided: Callable[[list[wire.TrialState]], None] = lambda _: None
        """Told of those that were decided anywhere."""
        self.exposition: Callable[[], str] = str
        """What is counted here, in Prometheus' text format."""

    @property
    def connected(self) -> bool:
        return self._writer is not None

    async def up_to_date(self) -> None:
        """Return once control has said what holds now, or is found to be away."""
        waits = [asyncio.create_task(each.wait()) for each in (self._published, self._absent)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    def journal_grew(self) -> None:
        """Tell control to ingest soon; at most once a traffic tick, for the ingester looks by itself as well."""
        if self._writer is not None and not self._wake_sent:
            self._wake_sent = True
            wire.write(self._writer, wire.Written())

    async def run(self) -> None:
        """Keep the line up until cancelled."""
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path, limit=wire.MAX_FRAME)
            except OSError:
                self._absent.set()
                await asyncio.sleep(RETRY_S)
                continue
            try:
                await self._serve(reader, writer)
            finally:
                self._writer = None
                self._holder.answer_unknown_with(None)
                for waiting in self._answers.values():
                    waiting.cancel()
                self._answers.clear()
                writer.close()
            await asyncio.sleep(RETRY_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = wire.Hello(self._gateway_id, os.getpid(), self._holder.current.version, self._journal_id)
        wire.write(writer, hello)
        self._writer, self._told = writer, False
        self._holder.answer_unknown_with(self._ask)
        ticking = asyncio.create_task(self._tell_traffic(writer))
        try:
            while (frame := await wire.read(reader)) is not None:
                await self._take(frame, writer)
        finally:
            ticking.cancel()

    async def _take(self, frame: wire.Frame, writer: asyncio.StreamWriter) -> None:
        if isinstance(frame, wire.Spent):
            if self.spent is not None:
                self.spent(frame)
            wire.write(writer, wire.Done(frame.number))
        elif isinstance(frame, wire.Published):
            self._holder.publish(frame.snapshot, first=not self._told)
            self._told = True
            self._published.set()
            wire.write(writer, wire.Done(frame.number))
            await asyncio.to_thread(self._holder.keep, frame.snapshot)
        elif isinstance(frame, wire.Found):
            waiting = self._answers.pop(frame.number, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(frame.known)
        elif isinstance(frame, wire.Verdicts):
            self.decided(frame.trials)
        elif isinstance(frame, wire.Scrape):
            wire.write(writer, wire.Done(frame.number, text=self.exposition()))
        elif isinstance(frame, wire.Command):
            count = await self._open_calls.end(frame.scope, frame.ids, frame.code, frame.message)
            wire.write(writer, wire.Done(frame.number, count))

    async def _ask(self, key_hash: bytes) -> bool:
        if self._writer is None:
            return False
        number = next(self._numbers)
        waiting: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._answers[number] = waiting
        wire.write(self._writer, wire.Lookup(number, key_hash))
        try:
            return await waiting
        finally:
            self._answers.pop(number, None)

    async def _tell_traffic(self, writer: asyncio.StreamWriter) -> None:
        told_idle = False
        told: list[wire.ProviderState] = []
        trials_told: list[wire.TrialState] = []
        while True:
            await asyncio.sleep(TRAFFIC_EVERY_S)
            self._wake_sent = False
            runs, open_calls = self._open_calls.traffic()
            budgets, limits, stops = self.report() if self.report is not None else ([], [], [])
            providers, trials = self.providers(), self.trials()
            nothing_new = providers == told and trials == trials_told
            if not runs and not open_calls and not stops and told_idle and nothing_new:
                continue
            told_idle = not open_calls
            dropped, news = self.journal_dropped(), None if providers == told else providers
            tried = None if trials == trials_told else trials
            told, trials_told = providers, trials
            traffic = wire.Traffic(
                runs, open_calls, dropped, budgets=budgets, limits=limits, stops=stops, providers=news, trials=tried
            )
            wire.write(writer, traffic)
            await writer.drain()

"""Keeps what was shown of agents, behind the loop that computes it. One process at a time writes."""

import logging
from collections.abc import Mapping

import sqlalchemy as sa

from quarterdeck.control.signals import lease
from quarterdeck.control.status import store
from quarterdeck.control.status.stretches import Seen, Stretches
from quarterdeck.control.status.views import StatusOut
from quarterdeck.db import Database
from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.errors import QuarterdeckError

NAME = "shown"
LASTS = 45 * SECOND
RENEW = 15 * SECOND
"""So much of what was shown before an end without warning is not known at the most."""
MOST_WAITING = 10_000
log = logging.getLogger("quarterdeck.status")


class ShownHistory:
    """Of every workspace. `holder` names the control process over its restarts."""

    def __init__(self, db: Database, holder: str) -> None:
        self._db = db
        self._holder = holder
        self._stretches = Stretches()
        self._watches = False
        self._renewed = 0

    async def note(self, shown: Mapping[str, Mapping[str, StatusOut]], now: int, *, everybody: bool) -> None:
        """This is shown of these agents, by workspace; of `everybody` when there are no others.

        Nothing is read, and nothing is written while nothing changes. What cannot be written now is with the next.
        """
        try:
            if everybody and abs(now - self._renewed) >= RENEW:  # below nothing: the clock was set back
                await self._renew(now)
            if not self._watches:
                return
            for workspace_id, agents in shown.items():
                for agent_id, status in agents.items():
                    self._stretches.see((workspace_id, agent_id), _seen(status), now)
            if everybody:
                self._stretches.keep_only(((where, each) for where, agents in shown.items() for each in agents), now)
                self._stretches.settle(now)
            await self._write()
        except (QuarterdeckError, sa.exc.SQLAlchemyError) as error:
            log.warning("shown_not_kept reason=%s", error)
            del self._stretches.written[:-MOST_WAITING]

    async def _renew(self, now: int) -> None:
        async with self._db.transaction() as tx:
            before = await lease.until(tx, NAME)
            mine = await lease.take(tx, NAME, self._holder, lasts=LASTS)
            if mine and not self._watches and before is not None:
                await store.close_open(tx, before - LASTS)
        if not mine:
            self._stretches.clear()
        self._watches, self._renewed = mine, now

    async def _write(self) -> None:
        if not self._stretches.written:
            return
        some = self._stretches.written[:]
        async with self._db.transaction() as tx:
            await store.put(tx, some)
        del self._stretches.written[: len(some)]


def _seen(status: StatusOut) -> Seen:
    waits = status.waits_for
    return Seen(
        status.state,
        status.evidence.run_id,
        None if waits is None else waits.kind,
        None if waits is None else waits.name,
    )

"""The loop of replays: recorded calls are sent again through the gateway; what came of them is read from the ledger.

A step is marked before it is sent and never sent twice: what was under way when a process ended is looked for in the
ledger, and where the ledger has nothing it is said that nobody knows.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.access.vault import Vault
from quarterdeck.control.replays import actions, recorded, store
from quarterdeck.control.replays.comparing import Comparison, answer_of, compare
from quarterdeck.control.replays.model import UNDER_WAY, CannotReplay, Replay, ReplayState, Step, StepState
from quarterdeck.control.replays.planning import World
from quarterdeck.control.replays.sending import Outgoing, outgoing
from quarterdeck.db import Database
from quarterdeck.db.outbox import wait_up_to
from quarterdeck.gateway.transport import Origin, Proxies, Request, Timeouts, Transport, UpstreamError
from quarterdeck.kernel.clock import MINUTE, SECOND
from quarterdeck.kernel.egress import Egress, EgressPolicy
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.kernel.events import Event
from quarterdeck.ledger import calls, listing
from quarterdeck.ledger.call_filter import CallFilter
from quarterdeck.ledger.calls import StoredCall
from quarterdeck.ledger.packs import BodyGone, Packs
from quarterdeck.ledger.rebuild import Bodies

LOOK_S = 1.0
RETRY_S = 5.0
SETTLE_S = 0.1
LEASE = 15 * SECOND
UNSURE_FOR = MINUTE
"""A call that the ledger does not have by then was never recorded."""
ANSWERED_FOR = 10 * MINUTE
TIMEOUTS = Timeouts(connect_s=10.0, first_byte_s=900.0, idle_s=300.0, total_s=3_600.0)
"""Longer than the gateway's own: it says itself what went wrong."""
MOST_TRIES = 5
LONGEST_WAIT_S = 60.0
_CAPPED = frozenset({"run_budget_exceeded"})
_STOPS = frozenset({"budget_exceeded", "agent_paused", "key_invalid", "run_ended", "run_stopped", "task_paused"})
"""Refusals after which every further call would be refused too."""
_LATER = frozenset({"rate_limited", "starting", "limits_unreachable", "not_ready", "journal_full"})
_CAP_REACHED = (
    "The next call could have cost more than is left of the cap, so it was not sent. Make another replay with a "
    "higher cap for the rest."
)
_NOBODY_KNOWS = "It was under way when the server stopped, and the ledger has no call for it. It is not sent again."
log = logging.getLogger("quarterdeck.replays")


@dataclass(slots=True)
class _Playing:
    """A replay this process works on."""

    replay: Replay
    sending: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    alone: bool = False
    """A call did not fit the cap beside others in flight: from here on one at a time."""
    known: tuple[World, dict[str, Any] | None] | None = None
    """Providers, prices and the route, as they were when last read."""
    known_until: float = 0.0
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class Replayer:
    """Plays what is open. One per process; any number of processes."""

    def __init__(
        self, db: Database, vault: Vault, packs: Packs, gateway_url: str, *, holder: str, lease: int = LEASE
    ) -> None:
        """`gateway_url` is where the gateway of this installation listens, without a path. `holder` names who works
        on a replay: the same after a restart, so that what this process was at is taken up at once."""
        self._db = db
        self._vault = vault
        self._bodies = Bodies(db, packs)
        self._url = gateway_url
        self._lease = lease
        self._holder = holder
        self._playing: dict[str, _Playing] = {}
        self._wake = asyncio.Event()
        self._transport: Transport | None = None
        db.on_commit(self._heard)

    def _heard(self, told: Sequence[Event]) -> None:
        if any(event.kind in ("replay.created", "replay.ended") for event in told):
            self._wake.set()

    async def run(self) -> None:
        """Play until cancelled. What is under way then is looked for by whoever takes over."""
        try:
            while True:
                self._wake.clear()
                wait_s = LOOK_S
                try:
                    if await self.look():
                        wait_s = SETTLE_S
                except QuarterdeckError as error:
                    log.warning("replays_interrupted reason=%s", error.message)
                    wait_s = RETRY_S
                await wait_up_to(self._wake, wait_s)
        finally:
            await self.close()

    async def close(self) -> None:
        """Stop at once."""
        tasks = [task for playing in self._playing.values() for task in playing.sending.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._playing.clear()
        if self._transport is not None:
            await self._transport.close()
            self._transport = None

    async def look(self) -> bool:
        """Take up what is open, settle what was answered, begin what there is room for; whether there is more to do."""
        async with self._db.read() as tx:
            found, now = await store.open_ones(tx), tx.now
        held = [
            replay
            for replay, holder, until in found
            if (holder == self._holder and until - now > self._lease // 2) or await self._take(replay)
        ]
        for gone in self._playing.keys() - {replay.id for replay in held}:
            # Another process has it.
            for task in self._playing.pop(gone).sending.values():
                task.cancel()
        for replay in held:
            playing = self._playing.setdefault(replay.id, _Playing(replay, alone=replay.at_once == 1))
            playing.replay = replay
            await self._play(playing)
        return bool(self._playing)

    async def _take(self, replay: Replay) -> bool:
        async with self._db.transaction() as tx:
            return await store.take(tx, replay, self._holder, self._lease)

    async def _play(self, playing: _Playing) -> None:
        replay = playing.replay
        await self._settle(playing)
        if replay.state is ReplayState.RUNNING:
            await self._begin(playing)
        if playing.sending:
            return
        running = replay.state is ReplayState.RUNNING
        left = (*UNDER_WAY, StepState.PENDING) if running else UNDER_WAY
        async with self._db.read() as tx:
            if await store.in_state(tx, replay, *left, limit=1):
                return
        # Nothing comes under way again once nothing is left.
        async with self._db.transaction() as tx:
            if running:
                await actions.end(tx, replay, ReplayState.DONE, None)
            await actions.close(tx, replay)
        self._playing.pop(replay.id, None)

    async def _begin(self, playing: _Playing) -> None:
        alone = playing.alone
        room = (1 if alone else playing.replay.at_once) - len(playing.sending)
        if room <= 0:
            return
        async with self._db.read() as tx:
            next_ones = await store.in_state(tx, playing.replay, StepState.PENDING, limit=room)
        if not next_ones:
            return
        async with self._db.transaction() as tx:
            if not await actions.is_capped(tx, playing.replay):
                why = "Its budget was taken away, so nothing more may be sent."
                await actions.end(tx, playing.replay, ReplayState.STOPPED, why)
                return
            mine = [step for step in next_ones if await store.begin(tx, step, self._holder)]
        for step in mine:
            playing.sending[step.number] = asyncio.create_task(self._send(playing, step, alone=alone))

    async def _send(self, playing: _Playing, step: Step, *, alone: bool) -> None:
        """Send one step, and note what is known when it was answered."""
        try:
            try:
                made = await self._outgoing(playing, step)
            except (CannotReplay, QuarterdeckError) as error:
                await self._leave(step, StepState.LEFT_OUT, error.message)
                return
            await self._note(playing, step, await self._ask(made), alone=alone)
        except (UpstreamError, QuarterdeckError) as error:
            # The gateway went away, the answer broke off, or we could not write: the ledger says what came of it.
            log.info("replay_call_unsure replay=%s step=%d reason=%s", step.replay_id, step.number, error)
        finally:
            playing.sending.pop(step.number, None)
            self._wake.set()

    async def _leave(self, step: Step, to: StepState, reason: str | None) -> None:
        async with self._db.transaction() as tx:
            if await store.move(tx, step, [step.state, StepState.SENDING], to, reason=reason):
                await actions.tell(tx, step)

    async def _outgoing(self, playing: _Playing, step: Step) -> Outgoing:
        replay = playing.replay
        assert replay.sealed_key is not None
        key = self._vault.unseal(replay.sealed_key, actions.bound_to(replay.id)).decode()
        async with self._db.read() as tx:
            call = await calls.get(tx, replay.workspace_id, step.call_id)
        world, config = await self._known(playing)
        body = await recorded.body_of(self._bodies, call)
        detail = await self._bodies.detail(call)
        return await asyncio.to_thread(outgoing, world, replay, step, call, body, detail.request_headers, config, key)

    async def _known(self, playing: _Playing) -> tuple[World, dict[str, Any] | None]:
        """What calls are planned by, read once a second at the most: a replay has hundreds of them. Raises as it does
        when it is read."""
        replay, now = playing.replay, asyncio.get_running_loop().time()
        async with playing.reading:
            if playing.known is None or now >= playing.known_until:
                async with self._db.read() as tx:
                    playing.known = (
                        await recorded.world_of(tx, replay.workspace_id, replay.target),
                        await recorded.config_of(tx, replay.workspace_id, replay.target),
                    )
                playing.known_until = now + LOOK_S
            return playing.known

    async def _ask(self, made: Outgoing) -> "_Answered":
        """The gateway's answer, read to its end. Waits and asks again where it was refused for rate."""
        answered = await self._exchange(made)
        for _ in range(MOST_TRIES):
            if answered.code not in _LATER:
                break
            await asyncio.sleep(min(answered.retry_after_s, LONGEST_WAIT_S))
            answered = await self._exchange(made)
        return answered

    async def _exchange(self, made: Outgoing) -> "_Answered":
        origin, _ = Origin.parse(self._url)
        if self._transport is None:
            # Our own gateway and nothing else, and never by way of a proxy.
            self._transport = Transport(Egress(EgressPolicy(frozenset({origin.place}))), proxies=Proxies())
        answer = await self._transport.send(
            origin, Request(b"POST", made.target, list(made.headers), made.body), TIMEOUTS
        )
        try:
            head = dict(answer.headers)
            while await answer.chunk() is not None:
                pass
        finally:
            answer.abort()
        return _Answered.of(head)

    async def _note(self, playing: _Playing, step: Step, answered: "_Answered", *, alone: bool) -> None:
        replay = playing.replay
        capped, stops = answered.code in _CAPPED, answered.code in _STOPS
        async with self._db.transaction() as tx:
            if capped and not alone:
                # What others in flight hold may come free again.
                playing.alone = True
                await store.move(tx, step, [StepState.SENDING], StepState.PENDING)
            elif capped or stops:
                reason = _CAP_REACHED if capped else f"The gateway takes no more of its calls: {answered.code}."
                await store.move(tx, step, [StepState.SENDING], StepState.NOT_SENT)
                await actions.end(tx, replay, ReplayState.STOPPED, reason)
            elif answered.call_id is None:
                await store.move(tx, step, [StepState.SENDING], StepState.UNSURE)
            else:
                await store.move(tx, step, [StepState.SENDING], StepState.ANSWERED, new_call_id=answered.call_id)

    async def _settle(self, playing: _Playing) -> None:
        """Read from the ledger what came of the steps that were answered, or that nobody waits for any more."""
        replay = playing.replay
        async with self._db.read() as tx:
            waiting = await store.in_state(tx, replay, *UNDER_WAY)
            waiting = [each for each in waiting if each.number not in playing.sending]
            known = await calls.of_ids(tx, replay.workspace_id, [each.new_call_id or "" for each in waiting])
            now = tx.now
        if not waiting:
            return
        by_id = {call.id: call for call in known}
        nameless = any(each.new_call_id is None for each in waiting)
        by_step = await self._made(replay) if nameless else {}
        for step in waiting:
            call = by_step.get(step.number) if step.new_call_id is None else by_id.get(step.new_call_id)
            if call is not None:
                compared = await self._compared(step, call)
                async with self._db.transaction() as tx:
                    await actions.settle(tx, step, call, compared)
            elif step.state is StepState.SENDING:
                await self._leave(step, StepState.UNSURE, None)
            elif now - step.changed_at > (UNSURE_FOR if step.state is StepState.UNSURE else ANSWERED_FOR):
                await self._leave(step, StepState.UNKNOWN, _NOBODY_KNOWS)

    async def _made(self, replay: Replay) -> dict[int, StoredCall]:
        """The replay's calls in the ledger by step; of several, the one that was not refused."""
        found: dict[int, StoredCall] = {}
        after = None
        while True:
            async with self._db.read() as tx:
                page = await listing.page(tx, replay.workspace_id, CallFilter(run_id=replay.id), limit=500, after=after)
            for call in page.items:
                number = call.tags.get("replay_step", "")
                if number.isdigit() and (int(number) not in found or call.outcome != "refused"):
                    found[int(number)] = call
            after = page.next
            if after is None:
                return found

    async def _compared(self, step: Step, call: StoredCall) -> Comparison | None:
        """None when one of the two was not answered well, or its answer is not kept."""
        async with self._db.read() as tx:
            before = await calls.of_ids(tx, step.workspace_id, [step.call_id])
        if not before or before[0].outcome != "ok" or call.outcome != "ok":
            return None
        try:
            was, now = await self._bodies.response(before[0]), await self._bodies.response(call)
        except BodyGone:
            return None
        return await asyncio.to_thread(
            lambda: compare(answer_of(was, before[0].response_type), answer_of(now, call.response_type))
        )


@dataclass(frozen=True, slots=True)
class _Answered:
    """What the head of an answer says."""

    call_id: str | None
    code: str | None
    """Of a refusal of ours; None: it went to a provider."""
    retry_after_s: float

    @classmethod
    def of(cls, head: dict[bytes, bytes]) -> "_Answered":
        call_id, code = head.get(b"x-quarterdeck-call-id"), head.get(b"x-quarterdeck-code")
        after = head.get(b"retry-after", b"")
        return cls(
            None if call_id is None else call_id.decode("latin-1"),
            None if code is None else code.decode("latin-1"),
            float(after) if after.isdigit() else 1.0,
        )

"""The line between a gateway and control, both real ends on a real socket."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from quarterdeck.access import wire
from quarterdeck.access.snapshot import EMPTY, KeyEntry, Snapshot, encode
from quarterdeck.access.vault import Vault
from quarterdeck.gateway.bus import Bus
from quarterdeck.gateway.open_calls import InFlight, OpenCalls
from quarterdeck.gateway.snapshot import SnapshotHolder, Undecided
from quarterdeck.worker.bus import BusServer, Line

PATIENCE_S = 20
HASH = hashlib.sha256(b"qd-a-known").digest()
ENTRY = KeyEntry("key_1", "ws_1", "agent", "agt_1", None, None, None, "active")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ends give up on the other late: a busy machine is no end that is away."""
    monkeypatch.setattr("quarterdeck.gateway.snapshot.LOOKUP_TIMEOUT_S", PATIENCE_S)
    monkeypatch.setattr("quarterdeck.gateway.snapshot.UNKNOWN_FOR_S", 600.0)
    monkeypatch.setattr("quarterdeck.gateway.open_calls.END_WAIT_S", PATIENCE_S)
    monkeypatch.setattr("quarterdeck.worker.bus.ACKNOWLEDGE_S", PATIENCE_S)


def snapshot(version: int, *, with_key: bool = True) -> Snapshot:
    return Snapshot(version, 0, {HASH: ENTRY} if with_key else {}, {})


@dataclass
class World:
    """Both ends, and what control heard."""

    directory: Path
    holder: SnapshotHolder
    open_calls: OpenCalls
    gateway: Bus
    control: BusServer
    looked_up: list[bytes] = field(default_factory=list)
    traffic: list[list[str]] = field(default_factory=list)

    async def lookup(self, key_hash: bytes) -> bool:
        self.looked_up.append(key_hash)
        await asyncio.sleep(0.02)
        if key_hash != HASH:
            return False
        await self.control.publish(snapshot(2))
        return True

    async def heard(self, runs: list[str]) -> None:
        self.traffic.append(runs)


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory(prefix="qd-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        holder = SnapshotHolder(directory / "snapshot", Vault.open(directory))
        open_calls = OpenCalls()
        gateway = Bus(str(directory / "bus.sock"), "main", holder, open_calls)
        made = World(directory, holder, open_calls, gateway, None)  # type: ignore[arg-type]
        made.control = BusServer(directory / "bus.sock", lookup=made.lookup, traffic=made.heard, written=lambda: None)
        await made.control.start()
        line = asyncio.create_task(gateway.run())
        try:
            yield made
        finally:
            line.cancel()
            await asyncio.gather(line, return_exceptions=True)
            await made.control.stop()


def call(number: int, run_id: str | None, stopped: list[int]) -> InFlight:
    flight = InFlight(f"call_{number}", "ws_1", "agt_1", "key_1", run_id, None, 0, True)
    flight.stop = lambda: stopped.append(number)
    return flight


async def test_a_published_snapshot_is_held_when_publishing_returns() -> None:
    async with world() as it:
        await it.control.publish(snapshot(1))
        await asyncio.wait_for(it.control.somebody.wait(), PATIENCE_S)
        assert it.holder.current.version == 1
        await it.control.publish(snapshot(7))
        assert it.holder.current.version == 7


async def test_an_older_snapshot_does_not_replace_a_newer_one() -> None:
    async with world() as it:
        await it.control.publish(snapshot(7))
        await asyncio.wait_for(it.control.somebody.wait(), PATIENCE_S)
        await it.control.publish(snapshot(3))
        assert it.holder.current.version == 7


async def test_what_control_says_first_holds_also_when_its_clock_was_set_back() -> None:
    """What the gateway kept is of a later clock: a key that was revoked since must not be good until then."""
    async with world() as it:
        it.holder.publish(encode(snapshot(1_000)))
        await it.control.publish(snapshot(7, with_key=False))
        await asyncio.wait_for(it.control.somebody.wait(), PATIENCE_S)
        assert (it.holder.current.version, it.holder.current.keys) == (7, {})
        await it.control.publish(snapshot(8))
        assert it.holder.current.version == 8


async def test_an_unknown_key_is_asked_about_once_however_many_ask() -> None:
    async with world() as it:
        await it.control.publish(snapshot(1, with_key=False))
        await asyncio.wait_for(it.control.somebody.wait(), PATIENCE_S)
        assert await asyncio.gather(*(it.holder.knows(HASH) for _ in range(20))) == [True] * 20
        assert it.looked_up == [HASH]
        assert it.holder.current.keys[HASH] == ENTRY


async def test_a_key_nobody_knows_is_not_asked_about_again_at_once() -> None:
    async with world() as it:
        await it.control.publish(snapshot(1))
        await asyncio.wait_for(it.control.somebody.wait(), PATIENCE_S)
        assert [await it.holder.knows(b"x" * 32) for _ in range(5)] == [False] * 5
        assert len(it.looked_up) == 1


async def test_without_control_nobody_says_that_a_key_is_unknown() -> None:
    with tempfile.TemporaryDirectory() as name:
        holder = SnapshotHolder(Path(name) / "snapshot", Vault.open(Path(name)))
        with pytest.raises(Undecided):
            await asyncio.wait_for(holder.knows(HASH), PATIENCE_S)


async def test_a_control_that_does_not_answer_leaves_a_key_undecided_and_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quarterdeck.gateway.snapshot.LOOKUP_TIMEOUT_S", 0.01)
    asked = []

    async def slow(key_hash: bytes) -> bool:
        asked.append(key_hash)
        await asyncio.sleep(60)
        return True

    with tempfile.TemporaryDirectory() as name:
        holder = SnapshotHolder(Path(name) / "snapshot", Vault.open(Path(name)))
        holder.answer_unknown_with(slow)
        for _ in range(2):
            with pytest.raises(Undecided):
                await holder.knows(HASH)
        assert asked == [HASH, HASH]


async def test_ending_calls_returns_when_they_have_ended() -> None:
    async with world() as it:
        await it.control.publish(snapshot(1))
        await asyncio.wait_for(it.control.somebody.wait(), PATIENCE_S)
        stopped: list[int] = []
        flights = [call(number, f"run_{number % 2}", stopped) for number in range(6)]
        for flight in flights:
            it.open_calls.add(flight)
        ending = asyncio.create_task(
            it.control.end_calls(scope="run", ids=["run_1"], code="run_stopped", message="Stopped.")
        )
        async with asyncio.timeout(PATIENCE_S):
            while len(stopped) < 3:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert sorted(stopped) == [1, 3, 5]
        assert not ending.done()
        for flight in flights[1::2]:
            it.open_calls.remove(flight)
        assert await asyncio.wait_for(ending, PATIENCE_S) == 3
        assert flights[1].stopped_by == ("run_stopped", "Stopped.")
        assert flights[0].stopped_by is None


async def test_runs_with_traffic_are_told_to_control() -> None:
    async with world() as it:
        await it.control.publish(snapshot(1))
        await asyncio.wait_for(it.control.somebody.wait(), PATIENCE_S)
        it.open_calls.add(call(1, "run_1", []))
        async with asyncio.timeout(PATIENCE_S):
            while not it.traffic:
                await asyncio.sleep(0.02)
        assert it.traffic[0] == ["run_1"]
        assert [each.id for each in it.control.open_calls("ws_1")] == ["call_1"]


async def test_the_line_is_taken_up_again_after_control_was_away() -> None:
    async with world() as it:
        await it.control.publish(snapshot(1))
        await asyncio.wait_for(it.control.somebody.wait(), PATIENCE_S)
        await it.control.stop()
        async with asyncio.timeout(PATIENCE_S):
            while it.gateway.connected:
                await asyncio.sleep(0.01)
        assert it.holder.current.version == 1
        await it.control.start()
        async with asyncio.timeout(PATIENCE_S):
            while not it.gateway.connected:
                await asyncio.sleep(0.01)
        await it.control.publish(snapshot(9))
        async with asyncio.timeout(PATIENCE_S):
            while it.holder.current.version != 9:
                await asyncio.sleep(0.01)


async def test_the_last_good_snapshot_survives_a_restart_and_is_sealed_on_disk() -> None:
    async with world() as it:
        await it.control.publish(snapshot(5))
        await asyncio.wait_for(it.control.somebody.wait(), PATIENCE_S)
        path = it.directory / "snapshot"
        async with asyncio.timeout(PATIENCE_S):
            while not path.exists():
                await asyncio.sleep(0.01)
        assert b"agt_1" not in path.read_bytes()
        again = SnapshotHolder(path, Vault.open(it.directory))
        again.load()
        assert again.current.version == 5


@pytest.mark.parametrize("damage", [b"", b"garbage" * 20])
async def test_a_damaged_snapshot_file_is_passed_over(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "snapshot").write_bytes(damage)
    holder = SnapshotHolder(tmp_path / "snapshot", Vault.open(tmp_path))
    holder.load()
    assert holder.current is EMPTY


async def test_what_one_gateway_decided_of_a_canary_all_hear_and_the_one_that_comes_later_too() -> None:
    def trial(verdict: str, failed: int) -> wire.TrialState:
        arms = wire.ArmState(10, 0, 5.0), wire.ArmState(10, failed, 7.0)
        return wire.TrialState("ws_1", "careful", "1f", "config", verdict, "half failed" if failed else "", *arms)

    async with world() as it:
        await it.control.publish(snapshot(1))
        await asyncio.wait_for(it.control.somebody.wait(), PATIENCE_S)
        it.gateway.trials = lambda: [trial("rolled_back", 5)]
        heard: list[list[wire.TrialState]] = []
        another = Bus(str(it.directory / "bus.sock"), "gateway-2", it.holder, it.open_calls)
        another.trials = lambda: [trial("undecided", 0)]
        another.decided = heard.append
        line = asyncio.create_task(another.run())
        async with asyncio.timeout(PATIENCE_S):
            while not heard or not it.control.trial_states("ws_1") or len(it.control.gateways) < 2:
                await asyncio.sleep(0.02)
            while it.control.trial_states("ws_1")[0].newcomer.answered < 20:
                await asyncio.sleep(0.02)
        assert [each.verdict for each in heard[0]] == ["rolled_back"]
        (shown,) = it.control.trial_states("ws_1")
        assert (shown.verdict, shown.why) == ("rolled_back", "half failed")
        assert shown.newcomer == wire.ArmState(20, 5, 7.0)
        line.cancel()
        await asyncio.gather(line, return_exceptions=True)


async def test_states_of_limits_and_budgets_are_one_over_all_gateways() -> None:
    async with world() as it:
        first = wire.Hello("gateway", 1, 0), wire.Hello("gateway-2", 2, 0)
        lines = [Line(None, hello) for hello in first]  # type: ignore[arg-type]
        it.control._lines.update(lines)
        for line, (spent, tail, left, taken) in zip(lines, ((120, 20, 7, 1), (105, 5, 6, 2)), strict=True):
            line.budgets = [wire.BudgetState("ws_1", "b", "", "0", spent, 10, tail)]
            line.limits = [
                wire.LimitState("ws_1", "rate", "", left, 1),
                wire.LimitState("ws_1", "at once", "", 8 - taken, 0, taken),
            ]
        (budget,) = it.control.budget_states("ws_1")
        assert (budget.spent, budget.held) == (125, 20)
        limits = {each.limit_id: (each.remaining, each.waiting) for each in it.control.limit_states("ws_1")}
        assert limits == {"rate": (6, 2), "at once": (5, 0)}
        it.control._lines.difference_update(lines)

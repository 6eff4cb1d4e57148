"""The picture that gateways are given is the one that reading everything would give, whatever was read again for it."""

import random
from pathlib import Path
from typing import Any

import pytest
from work_world import World

from quarterdeck.access import keyring
from quarterdeck.access.keyring import Holder
from quarterdeck.access.keys import key_hash
from quarterdeck.access.snapshot import Snapshot
from quarterdeck.access.vault import Vault
from quarterdeck.control.agents.model import Agent, Desired
from quarterdeck.control.lever import actions as lever
from quarterdeck.control.lever.actions import Wanted
from quarterdeck.control.lever.model import Scope, Verb
from quarterdeck.control.runs.claims import Claimed
from quarterdeck.control.runs.model import Outcome
from quarterdeck.control.tasks.model import Task, TaskState
from quarterdeck.db import Database
from quarterdeck.db.outbox import EventFeed
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.worker import picture, snapshots
from quarterdeck.worker.snapshots import Publisher, build_snapshot


class Watched:
    """A publisher whose looks are taken by hand, and how often it read everything."""

    def __init__(self, world: World, vault: Vault) -> None:
        self.world = world
        self.vault = vault
        self.publisher = Publisher(world.db, vault, self._drop, EventFeed(world.db))
        self.read_all = 0

    async def _drop(self, snapshot: Snapshot) -> None:
        raise AssertionError("nothing is published here")

    async def look(self) -> Snapshot:
        """What would be published, which must be what reading everything gives."""
        found = await self.publisher.look()
        before, whole = self.read_all, await build_snapshot(self.world.db, self.vault, 1)
        self.read_all = before
        assert found.keys == whole.keys
        assert found.workspaces == whole.workspaces
        return found


@pytest.fixture
async def watched(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(snapshots, "REFRESH_S", 1e9)
    found = Watched(await World.make(db), Vault.open(tmp_path))
    read_all = picture.read_all

    async def counted(*args: Any) -> picture.Rows:
        found.read_all += 1
        return await read_all(*args)

    monkeypatch.setattr(picture, "read_all", counted)
    return found


async def test_what_begins_and_ends_runs_reads_only_them_again(watched: Watched) -> None:
    world = watched.world
    agent = await world.agent()
    task = await world.task(budget=1_000)
    await watched.look()
    claimed = await world.claimed(agent, session="s1")
    held = await watched.look()
    assert held.keys[key_hash(claimed.run_key)].state == "active"
    space = held.workspaces[world.workspace_id]
    assert space.sessions == {f"{agent.id}:s1": (claimed.run.id, task.id)}
    assert [entry.scope.value for entry in space.budgets] == [task.id]
    await world.finish(claimed.run)
    over = await watched.look()
    assert over.keys[key_hash(claimed.run_key)].state == "ended"
    assert over.workspaces[world.workspace_id].runs[claimed.run.id].state == "ended"
    assert watched.read_all == 1


async def test_a_key_that_is_revoked_is_read_again_with_everything(watched: Watched) -> None:
    world = watched.world
    agent = await world.agent()
    async with world.db.transaction() as tx:
        issued = await keyring.issue(tx, Holder(world.workspace_id, agent_id=agent.id))
    await watched.look()
    async with world.db.transaction() as tx:
        await keyring.revoke(tx, world.workspace_id, issued.key.id)
    assert (await watched.look()).keys[key_hash(issued.secret)].state == "revoked"
    assert watched.read_all == 2


async def test_a_verb_that_waits_is_believed_over_the_events(watched: Watched) -> None:
    """Nothing that gateways act on is changed without an event; should it be, who waits for it has it all the same."""
    await watched.look()
    assert watched.read_all == 1
    with pytest.raises(QuarterdeckError):
        await _impatient(watched.publisher)
    await watched.look()
    assert watched.read_all == 2


async def _impatient(publisher: Publisher) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "PUBLISH_TIMEOUT_S", 0.01)
        await publisher.ensure_published()


async def test_whatever_happens_the_picture_is_the_whole_one(watched: Watched, clock: FakeClock) -> None:
    world, chance = watched.world, random.Random(3)
    team = [await world.agent(f"agent {n}", capacity=2) for n in range(3)]
    work = [await world.task(f"Task {n}", budget=chance.choice([None, 5_000])) for n in range(8)]
    open_ones: list[Claimed] = []
    await watched.look()
    for _ in range(40):
        clock.advance(1.0)
        for _ in range(chance.choice([1, 1, 3])):
            try:
                await _something(world, chance, team, work, open_ones)
            except QuarterdeckError:
                continue  # not allowed just now
        await watched.look()
    assert 1 < watched.read_all < 30


async def _something(
    world: World, chance: random.Random, team: list[Agent], work: list[Task], open_ones: list[Claimed]
) -> None:
    agent, task = chance.choice(team), chance.choice(work)
    which = chance.randrange(10)
    if which <= 3:
        found = await world.claim(agent, session=chance.choice([None, "s1", "s2"]))
        open_ones += [found] if isinstance(found, Claimed) else []
    elif which <= 5 and open_ones:
        one = open_ones.pop(chance.randrange(len(open_ones)))
        await world.finish(one.run, chance.choice([Outcome.SUCCEEDED, Outcome.FAILED]), reason="agent_crashed")
    elif which == 6:
        await world.move(task, chance.choice([TaskState.DONE, TaskState.READY, TaskState.CANCELLED]))
    elif which == 7:
        await world.want(agent, chance.choice([Desired.PAUSED, Desired.ENABLED]))
    elif which == 8:
        scope, subject = chance.choice([(Scope.AGENT, agent.id), (Scope.TASK, task.id), (Scope.ALL, "")])
        async with world.db.transaction() as tx:
            await lever.give(tx, world.workspace_id, Wanted(Verb.PAUSE, scope, subject), actor=world.owner.id)
    else:
        async with world.db.transaction() as tx:
            await lever.resume(tx, world.workspace_id, Scope.ALL, "", actor=world.owner.id)

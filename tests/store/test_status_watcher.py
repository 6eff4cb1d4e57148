"""Who is looked at when something happens, and what followers of the live events are told."""

import random
from typing import Any

import pytest
from work_world import World

from quarterdeck.access.wire import OpenCall, ProviderState, TrialState
from quarterdeck.control.agents.model import Agent, Desired
from quarterdeck.control.lever import actions as lever
from quarterdeck.control.lever.actions import Wanted
from quarterdeck.control.lever.model import Scope, Verb
from quarterdeck.control.questions import actions as questions
from quarterdeck.control.questions.model import NewQuestion
from quarterdeck.control.runs.claims import Claimed
from quarterdeck.control.runs.model import Outcome
from quarterdeck.control.status import wire
from quarterdeck.control.tasks.model import Task, TaskState
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.db import Database
from quarterdeck.db.outbox import EventFeed, read_after
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.kernel.events import Event
from quarterdeck.worker import status
from quarterdeck.worker.status import StatusWatcher


class OnTheWire:
    """Calls in flight, as gateways would tell of them."""

    def __init__(self) -> None:
        self.calls: list[OpenCall] = []

    def open_calls(self, workspace_id: str) -> list[OpenCall]:
        return self.calls

    def provider_states(self, workspace_id: str) -> list[ProviderState]:
        return []

    def trial_states(self, workspace_id: str) -> list[TrialState]:
        return []


class Told(EventFeed):
    """Keeps what is passed on."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.agents: list[tuple[str, str]] = []

    def pass_on(self, event: Event) -> None:
        self.agents += [(each["agent_id"], each["status"]["state"]) for each in event.data["agents"]]


class Watched:
    """A watcher that hears of everything and looks when it is told to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.line = OnTheWire()
        self.told = Told(world.db)
        self.watcher = StatusWatcher(world.db, self.told, self.line)
        self._seq = 0

    async def look(self) -> list[tuple[str, str]]:
        """What is told after all that happened up to now."""
        async with self.world.db.read() as tx:
            for event in await read_after(tx, self._seq):
                self._seq = event.seq
                self.watcher.note(event)
        self.told.agents.clear()
        await self.watcher.look()
        return list(self.told.agents)

    def calls(self, agent: Agent, run_id: str | None = None) -> None:
        call = OpenCall("call_1", agent.workspace_id, agent.id, run_id, None, "openai", "gpt-4o", 1, None, False)
        self.line.calls = [call]
        self.watcher.wake({(agent.workspace_id, agent.id)})

    def hangs_up(self) -> None:
        moved = {(each.workspace_id, each.agent_id) for each in self.line.calls if each.agent_id is not None}
        self.line.calls = []
        self.watcher.wake(moved)

    async def as_everybody_is(self) -> dict[str, Any]:
        """What a look at everybody shows now."""
        other = StatusWatcher(self.world.db, Told(self.world.db), self.line)
        await other.look()
        return shown_by(other)


def shown_by(watcher: StatusWatcher) -> dict[str, Any]:
    found = {agent_id: each.model_dump() for some in watcher.shown.values() for agent_id, each in some.items()}
    return {agent_id: (each["state"], each["since"], each["waits_for"]) for agent_id, each in found.items()}


@pytest.fixture
async def watched(db: Database, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Nobody is looked at by the clock: only whom something that happened is about."""
    monkeypatch.setattr(status, "LOOK_S", 1e9)
    world = await World.make(db)
    found = Watched(world)
    wire.use(found.line)
    return found


async def test_a_look_is_at_those_that_something_happened_to(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    world = watched.world
    team = [await world.agent(f"agent {n}") for n in range(4)]
    await world.task()
    await watched.look()
    looked_at: list[str] = []
    of_agents = status.views.of_agents

    async def seen(tx: Any, workspace_id: str, agents: list[Agent]) -> Any:
        looked_at.extend(each.id for each in agents)
        return await of_agents(tx, workspace_id, agents)

    monkeypatch.setattr(status.views, "of_agents", seen)
    assert await watched.look() == []
    assert looked_at == []
    claimed = await world.claimed(team[2])
    assert [agent_id for agent_id, _ in await watched.look()] == [team[2].id]
    watched.calls(team[2], claimed.run.id)
    assert await watched.look() == [(team[2].id, "thinking")]
    watched.hangs_up()
    await watched.look()
    assert set(looked_at) == {team[2].id}


async def test_whoever_waits_is_looked_at_when_what_it_waits_for_is_done(watched: Watched) -> None:
    world = watched.world
    first, second = await world.agent("first"), await world.agent("second")
    before = await world.task("Before", agent_id=first.id, review=ReviewPolicy.NONE)
    after = await world.task("After", agent_id=second.id)
    await watched.look()
    await world.link(after, before)
    assert (second.id, "waiting_agent") in await watched.look()
    claimed = await world.claimed(first)
    await watched.look()
    await world.finish(claimed.run)
    assert second.id in {agent_id for agent_id, _ in await watched.look()}
    assert shown_by(watched.watcher) == await watched.as_everybody_is()


async def test_what_is_shown_is_what_a_look_at_everybody_would_show(watched: Watched, clock: FakeClock) -> None:
    world, chance = watched.world, random.Random(1)
    team = [await world.agent(f"agent {n}", capacity=2) for n in range(5)]
    work = [await world.task(f"Task {n}", agent_id=chance.choice(team).id) for n in range(8)]
    open_ones: list[Claimed] = []
    await watched.look()
    for step in range(40):
        clock.advance(1.0)
        try:
            await _something(watched, chance, team, work, open_ones)
        except QuarterdeckError:
            continue  # not allowed just now
        await watched.look()
        assert shown_by(watched.watcher) == await watched.as_everybody_is(), f"after step {step}"


async def _something(
    watched: Watched, chance: random.Random, team: list[Agent], work: list[Task], open_ones: list[Claimed]
) -> None:
    world = watched.world
    agent, task, other = chance.choice(team), chance.choice(work), chance.choice(work)
    which = chance.randrange(12)
    if which <= 2:
        found = await world.claim(agent)
        open_ones += [found] if isinstance(found, Claimed) else []
    elif which == 3 and open_ones:
        one = open_ones.pop(chance.randrange(len(open_ones)))
        await world.finish(one.run, chance.choice([Outcome.SUCCEEDED, Outcome.FAILED]), reason="agent_crashed")
    elif which == 4:
        await world.assign(task, chance.choice([None, agent]))
    elif which == 5:
        await world.link(task, other)
    elif which == 6:
        await world.move(task, chance.choice([TaskState.DONE, TaskState.READY, TaskState.CANCELLED]))
    elif which == 7 and open_ones:
        run = open_ones[-1].run
        async with world.db.transaction() as tx:
            asked = await questions.ask(tx, world.as_run(run), run.id, NewQuestion("Which one?"))
        if chance.random() < 0.5:
            await watched.look()
            async with world.db.transaction() as tx:
                await questions.answer(tx, world.workspace_id, asked.id, "This.", actor=world.owner.id)
    elif which == 8:
        await world.want(agent, chance.choice([Desired.PAUSED, Desired.ENABLED]))
    elif which == 9:
        async with world.db.transaction() as tx:
            effect = await lever.give(tx, world.workspace_id, Wanted(Verb.PAUSE, Scope.ALL), actor=world.owner.id)
        await watched.look()
        assert effect.order is not None
        async with world.db.transaction() as tx:
            await lever.lift(tx, world.workspace_id, effect.order.id, actor=world.owner.id)
    elif which == 10:
        watched.calls(agent)
    else:
        watched.hangs_up()

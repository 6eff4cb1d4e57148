"""From ingested calls to signals: raised with evidence, acted on by policy, ended by themselves, taught."""

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from ledger.ledger_world import World as Ledger
from ledger.ledger_world import record
from work_world import World

from quarterdeck.access.wire import OpenCall, ProviderState, TrialState
from quarterdeck.control.adoption import actions as adoption
from quarterdeck.control.agents.model import Agent
from quarterdeck.control.comments.store import comments
from quarterdeck.control.lever import store as lever_store
from quarterdeck.control.lever.model import Order
from quarterdeck.control.runs.claims import Claimed
from quarterdeck.control.runs.model import RunState
from quarterdeck.control.signals import actions, learning, lease, policy, store, usual
from quarterdeck.control.signals.model import Finding, Kind, Response, Signal, SignalState
from quarterdeck.control.signals.policy import Policy, PolicyScope
from quarterdeck.control.signals.usual import What
from quarterdeck.db import Database
from quarterdeck.db.outbox import EventFeed
from quarterdeck.db.schema import events
from quarterdeck.kernel.clock import MINUTE, SECOND, FakeClock
from quarterdeck.kernel.errors import Changed, Invalid, NotFound
from quarterdeck.kernel.ids import new_id
from quarterdeck.ledger.adoption import Chosen
from quarterdeck.ledger.rebuild import Bodies
from quarterdeck.ledger.record import Usage
from quarterdeck.worker.signals import SignalWatcher


class Gateways:
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def ensure_published(self) -> None:
        self.asked.append("publish")

    async def end_calls(self, *, scope: str, ids: Collection[str], code: str, message: str) -> int:
        self.asked.append(f"end {scope} {','.join(ids)}")
        return 0


class Wire:
    def trial_states(self, workspace_id: str) -> list[TrialState]:
        return []

    def provider_states(self, workspace_id: str) -> list[ProviderState]:
        return []

    def open_calls(self, workspace_id: str) -> list[OpenCall]:
        return []


class Noticing:
    """A watcher over a world, and calls to feed it."""

    def __init__(self, world: World, ledger: Ledger, clock: FakeClock) -> None:
        self.world, self.ledger, self.clock = world, ledger, clock
        self.gate = Gateways()
        self.feed = EventFeed(world.db)
        self.watcher = SignalWatcher(world.db, self.feed, self.gate, Wire(), lambda _provider, _model: 128_000)

    async def call(self, claimed: Claimed | None, agent: Agent, said: str, **changes: Any) -> str:
        """A call that has ended a second ago."""
        now = self.clock.now()
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": said}]}
        words = "I will look for sources on that topic now."
        answer = {"choices": [{"message": {"role": "assistant", "content": words}}]}
        made = record(
            now - 3 * SECOND,
            workspace_id=self.world.workspace_id,
            agent_id=agent.id,
            run_id=None if claimed is None else claimed.run.id,
            task_id=None if claimed is None else claimed.task.id,
            request_body=json.dumps(body).encode(),
            response_body=json.dumps(answer).encode(),
            ended=2 * SECOND,
            **{"cost": 60_000_000, **changes},
        )
        await self.ledger.write([made])
        await self.ledger.ingest()
        self.clock.advance(5)
        return made.id

    async def look(self) -> None:
        await self.watcher.look()

    async def up(self) -> dict[Kind, Signal]:
        async with self.world.db.read() as tx:
            return {each.kind: each for each in await store.up(tx, self.world.workspace_id)}

    async def told(self) -> list[str]:
        async with self.world.db.read() as tx:
            rows = await tx.rows(sa.select(events.c.kind).where(events.c.kind.like("signal.%")).order_by(events.c.seq))
        return [row["kind"] for row in rows]


@pytest.fixture
def ledger(db: Database, tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(db, tmp_path / "data")
    yield made
    made.packs.close()


@pytest.fixture
async def noticing(world: World, ledger: Ledger, clock: FakeClock) -> Noticing:
    made = Noticing(world, ledger, clock)
    await made.look()
    return made


async def loop(noticing: Noticing, claimed: Claimed | None, agent: Agent, times: int = 7) -> list[str]:
    stamps = [f"Now 2026-11-23T14:0{n}:00Z: find three sources on the cost of running agents." for n in range(times)]
    return [await noticing.call(claimed, agent, stamp) for stamp in stamps]


async def test_a_looping_run_is_noticed_with_its_calls_and_cost_and_told(world: World, noticing: Noticing) -> None:
    agent, _ = await world.agent(), await world.task()
    claimed = await world.claimed(agent)
    ids = await loop(noticing, claimed, agent)
    await noticing.look()
    signal = (await noticing.up())[Kind.LOOPING]
    assert signal.words == "looping: 7 near-identical requests, $0.42"
    assert (signal.run_id, signal.task_id, signal.agent_id) == (claimed.run.id, claimed.task.id, agent.id)
    assert list(signal.call_ids) == ids
    assert signal.figures["cost_nano"] == 420_000_000
    assert await noticing.told() == ["signal.raised"]
    await loop(noticing, claimed, agent, 1)
    await noticing.look()
    assert (await noticing.up())[Kind.LOOPING].words == "looping: 8 near-identical requests, $0.48"
    assert await noticing.told() == ["signal.raised"]


async def test_it_ends_by_itself_when_something_else_happens(world: World, noticing: Noticing) -> None:
    agent, _ = await world.agent(), await world.task()
    claimed = await world.claimed(agent)
    await loop(noticing, claimed, agent)
    await noticing.look()
    await noticing.call(claimed, agent, "Here is what I found about harbours; write the summary of it in three lines.")
    await noticing.look()
    assert await noticing.up() == {}
    assert await noticing.told() == ["signal.raised", "signal.cleared"]


async def test_it_ends_with_its_run(world: World, noticing: Noticing) -> None:
    agent, _ = await world.agent(), await world.task()
    claimed = await world.claimed(agent)
    await loop(noticing, claimed, agent)
    await noticing.look()
    await world.cancel(claimed.run)
    await noticing.look()
    assert await noticing.up() == {}


async def test_a_loop_without_a_run_is_noticed_too(world: World, noticing: Noticing) -> None:
    agent = await world.agent()
    await loop(noticing, None, agent)
    await noticing.look()
    found = await noticing.up()
    assert found[Kind.LOOPING].agent_id == agent.id
    assert found[Kind.UNCLAIMED].words == "unclaimed traffic: 7 calls without a task in the last hour, $0.42"
    assert sorted(await noticing.told()) == ["signal.observed", "signal.raised"]
    noticing.clock.advance(11 * 60)
    await noticing.look()
    assert set(await noticing.up()) == {Kind.UNCLAIMED}

    chosen = Chosen(call_ids=tuple(row["id"] for row in await noticing.ledger.calls()))
    task, bodies = await world.task(), Bodies(world.db, noticing.ledger.packs)
    assert (await adoption.adopt(world.db, bodies, world.member, task.id, chosen)).calls == 7
    await noticing.look()
    assert await noticing.up() == {}


async def test_this_is_fine_is_remembered_for_the_task_and_can_be_taken_back(world: World, noticing: Noticing) -> None:
    agent, _ = await world.agent(), await world.task()
    claimed = await world.claimed(agent)
    await loop(noticing, claimed, agent)
    await noticing.look()
    signal = (await noticing.up())[Kind.LOOPING]
    async with world.db.transaction() as tx:
        put_away = await actions.dismiss(tx, world.workspace_id, signal.id, fine=True, actor=world.owner.id)
    assert (put_away.state, put_away.dismissed_by) == (SignalState.DISMISSED, world.owner.id)
    await loop(noticing, claimed, agent, 2)
    await noticing.look()
    assert await noticing.up() == {}
    async with world.db.transaction() as tx:
        await actions.forget(tx, world.workspace_id, signal.id)
        with pytest.raises(Changed, match="This signal is over"):
            await actions.dismiss(tx, world.workspace_id, signal.id, fine=False)
        with pytest.raises(NotFound):
            await actions.dismiss(tx, world.workspace_id, "sig_none", fine=False)
    await noticing.look()
    assert set(await noticing.up()) == {Kind.LOOPING}


@pytest.mark.parametrize("response", [Response.PAUSE, Response.KILL])
async def test_a_policy_may_pull_the_lever(world: World, noticing: Noticing, response: Response) -> None:
    agent, _ = await world.agent(), await world.task()
    claimed = await world.claimed(agent)
    async with world.db.transaction() as tx:
        await policy.put(tx, world.workspace_id, Policy(PolicyScope.AGENT, agent.id, Kind.LOOPING, response))
        await policy.put(tx, world.workspace_id, Policy(PolicyScope.WORKSPACE, "", Kind.LOOPING, Response.OFF))
    await loop(noticing, claimed, agent)
    await noticing.look()
    assert "publish" in noticing.gate.asked
    run = await world.see_run(claimed.run)
    if response is Response.KILL:
        assert run.state is RunState.CANCELLED
        assert run.reason == "policy: looping: 7 near-identical requests, $0.42"
        assert f"end run {run.id}" in noticing.gate.asked
    else:
        assert run.open
        assert "lever.applied" in [kind for kind in await world.told(*[row.id for row in await _orders(world)])]


async def _orders(world: World) -> list[Order]:
    async with world.db.read() as tx:
        return await lever_store.standing(tx, world.workspace_id)


async def test_what_cannot_be_a_policy_is_refused(world: World) -> None:
    async with world.db.transaction() as tx:
        for wrong in (
            Policy(PolicyScope.WORKSPACE, "", Kind.PROVIDER_TROUBLE, Response.KILL),
            Policy(PolicyScope.AGENT, "agt", Kind.STUCK, Response.NOTIFY, 60),
            Policy(PolicyScope.WORKSPACE, "", Kind.LOOPING, Response.NOTIFY, 60),
            Policy(PolicyScope.WORKSPACE, "agt", Kind.LOOPING, Response.NOTIFY),
        ):
            with pytest.raises(Invalid):
                await policy.put(tx, world.workspace_id, wrong)


async def test_a_rule_that_is_taken_back_leaves_the_wider_one(world: World) -> None:
    wide = Policy(PolicyScope.WORKSPACE, "", Kind.LOOPING, Response.OBSERVE)
    async with world.db.transaction() as tx:
        await policy.put(tx, world.workspace_id, wide)
        await policy.put(tx, world.workspace_id, Policy(PolicyScope.AGENT, "agt_1", Kind.LOOPING, Response.KILL))
        await policy.take_back(tx, world.workspace_id, PolicyScope.AGENT, "agt_1", Kind.LOOPING, actor=world.owner.id)
        assert await policy.rows(tx, world.workspace_id) == [wide]
        for scope, subject in ((PolicyScope.AGENT, "agt_1"), (PolicyScope.PROJECT, "")):
            with pytest.raises(NotFound, match="goes by the wider rule already"):
                await policy.take_back(tx, world.workspace_id, scope, subject, Kind.LOOPING)
        with pytest.raises(NotFound):
            await policy.take_back(tx, "ws_other", PolicyScope.WORKSPACE, "", Kind.LOOPING)
    assert await world.told("agt_1") == ["signal.policy_set", "signal.policy_removed"]


async def test_a_run_without_output_is_stuck_after_the_floor_that_was_set(world: World, noticing: Noticing) -> None:
    agent, _ = await world.agent(), await world.task()
    claimed = await world.claimed(agent, lease_s=3_600)
    async with world.db.transaction() as tx:
        await policy.put(tx, world.workspace_id, Policy(PolicyScope.WORKSPACE, "", Kind.STUCK, Response.NOTIFY, 60))
    for n in range(16):
        said = " ".join(f"{chr(97 + n)}{chr(99 + k)}{n * k}" for k in range(12))
        await noticing.call(claimed, agent, said)
    await noticing.look()
    signal = (await noticing.up())[Kind.STUCK]
    assert signal.words == "stuck 1 min, nothing handed in yet, 16 calls since, $0.96"
    assert signal.figures["active"] is True


async def test_an_outage_is_one_signal_that_names_no_run(world: World, noticing: Noticing) -> None:
    agent = await world.agent(capacity=3)
    claims = []
    for _ in range(3):
        await world.task()
        claims.append(await world.claimed(agent))
    bad = {"status": 503, "outcome": "error", "error_code": "status_503", "usage": None, "cost": 0}
    for n in range(6):
        await noticing.call(claims[n % 3], agent, f"go {n}", **bad)
    await noticing.look()
    found = await noticing.up()
    assert set(found) == {Kind.PROVIDER_TROUBLE}
    assert found[Kind.PROVIDER_TROUBLE].subject == "openai"
    assert found[Kind.PROVIDER_TROUBLE].agent_id is None
    for claimed in claims:
        await noticing.call(claimed, agent, "again, now it answers")
    await noticing.look()
    assert await noticing.up() == {}


async def test_a_second_process_takes_over_and_stands_where_the_first_one_stood(
    world: World, noticing: Noticing
) -> None:
    agent, _ = await world.agent(), await world.task()
    claimed = await world.claimed(agent)
    await loop(noticing, claimed, agent, 4)
    await noticing.look()
    second = Noticing(world, noticing.ledger, noticing.clock)
    await loop(noticing, claimed, agent, 3)
    await noticing.watcher._has_lease()
    await second.look()
    assert await noticing.up() == {}  # the first one holds the lease
    noticing.clock.advance(20)
    await second.look()
    assert (await noticing.up())[Kind.LOOPING].figures["requests"] == 7


async def test_what_is_usual_is_learned_from_runs_that_succeeded(world: World, noticing: Noticing) -> None:
    agent = await world.agent(capacity=20)
    for _ in range(8):
        await world.task()
        claimed = await world.claimed(agent)
        for word in ("one", "two", "three"):
            await noticing.call(claimed, agent, word)
        await noticing.look()
        await world.finish(claimed.run)
        await noticing.look()
    async with world.db.read() as tx:
        silences = await usual.silences(tx, world.workspace_id, [agent.id])
        costs = await usual.of(tx, world.workspace_id, What.COST, [f"agent:{agent.id}"])
    assert 3 * SECOND <= silences[agent.id] <= 5 * SECOND
    cost = costs[f"agent:{agent.id}"].quantile(0.5)
    assert cost is not None
    assert 180_000_000 <= cost <= 220_000_000


async def test_a_request_that_grows_towards_the_models_window_is_noticed(world: World, noticing: Noticing) -> None:
    agent, _ = await world.agent(), await world.task()
    claimed = await world.claimed(agent)
    for n, said in enumerate(
        ("List the harbours.", "Which ships are largest?", "When is high tide in Malmö tomorrow?")
    ):
        await noticing.call(claimed, agent, said, usage=Usage(input_total=105_000 + 5_000 * n, output_total=10))
    await noticing.look()
    signal = (await noticing.up())[Kind.CONTEXT_PRESSURE]
    assert signal.words == "context 90% full: 115,000 of 128,000 tokens, about 3 turns left"
    assert signal.run_id == claimed.run.id and len(signal.call_ids) >= 3


async def test_what_could_not_be_noted_is_noted_at_the_next_look_and_once(
    world: World, noticing: Noticing, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def learned() -> int:
        async with world.db.read() as tx:
            known = await usual.of(tx, world.workspace_id, What.COST, [f"agent:{agent.id}"])
            return sum(each.total for each in known.values())

    agent, _ = await world.agent(), await world.task()
    claimed = await world.claimed(agent)
    await noticing.call(claimed, agent, "one")
    await world.finish(claimed.run)
    with monkeypatch.context() as broken:
        broken.setattr(learning, "learn_from", _away)
        with pytest.raises(OSError, match="away"):
            await noticing.look()
    assert await learned() == 0
    await noticing.look()
    assert await learned() == 1
    clock.advance(lease.LASTS / SECOND + 1)
    other = SignalWatcher(world.db, noticing.feed, noticing.gate, Wire(), lambda _provider, _model: 128_000)
    await other.look()
    assert await learned() == 1


async def _away(*_: object) -> None:
    raise OSError("away")


async def test_a_run_that_costs_many_times_the_usual_is_noticed(world: World, noticing: Noticing) -> None:
    agent = await world.agent(capacity=20)
    for _ in range(8):
        await world.task()
        claimed = await world.claimed(agent)
        await noticing.call(claimed, agent, "one")
        await noticing.look()
        await world.finish(claimed.run)
        await noticing.look()
    await world.task()
    dear = await world.claimed(agent)
    ids = [await noticing.call(dear, agent, word, cost=400_000_000) for word in ("harbours", "ships")]
    await noticing.look()
    signal = (await noticing.up())[Kind.COST_ANOMALY]
    assert signal.words.startswith("cost $0.80, ")
    assert (signal.figures["cost_nano"], list(signal.call_ids)) == (800_000_000, ids)


async def test_a_budget_that_will_break_is_forecast_with_the_hour(world: World, noticing: Noticing) -> None:
    agent, _ = await world.agent(), await world.task(budget=1_000_000_000)
    claimed = await world.claimed(agent)
    for word in ("harbours", "ships", "tides"):
        noticing.clock.advance(300)
        await noticing.call(claimed, agent, f"Write about {word}, in three lines.", cost=200_000_000)
    await noticing.look()
    signal = (await noticing.up())[Kind.FORECAST]
    assert re.fullmatch(r"forecast: breaks its budget of \$1\.00 at about \d\d:\d\d", signal.words), signal.words
    breaks = signal.figures["budget_breaks_at"]
    assert isinstance(breaks, int)
    # Sixty cents in fifteen minutes: forty more take ten.
    assert 9 * MINUTE < breaks - noticing.clock.now() < 11 * MINUTE


async def test_two_agents_that_answer_each_other_and_bring_nothing_are_noticed(
    world: World, noticing: Noticing
) -> None:
    agent, other, task = await world.agent(), await world.agent("drafting"), await world.task()
    claimed = await world.claimed(agent)
    await noticing.call(claimed, agent, "What do you think of it?")
    async with world.db.transaction() as tx:
        for n in range(6):
            said = {
                "workspace_id": world.workspace_id,
                "id": new_id("cmt"),
                "task_id": task.id,
                "author_id": (agent, other)[n % 2].id,
                "by_agent": True,
                "body": f"No, you ({n}).",
                "mentions": [],
                "to_agents": True,
                "held": False,
                "created_at": tx.now + n,
            }
            await tx.execute(comments.insert().values(**said))
    noticing.clock.advance(5)
    await noticing.look()
    signal = (await noticing.up())[Kind.PING_PONG]
    talk = f"ping-pong: drafting and research answered each other 6 times on {task.ref}, $0.06, nothing came of it"
    assert (signal.words, signal.task_id) == (talk, task.id)


async def test_the_store_keeps_one_signal_of_a_kind_up_for_a_subject(db: Database, world: World) -> None:
    finding = Finding(Kind.STUCK, "run_1", "stuck", 0, 0.5)
    async with db.transaction() as tx:
        await store.insert(tx, world.workspace_id, finding, Response.NOTIFY)
    with pytest.raises(Changed):
        async with db.transaction() as tx:
            await store.insert(tx, world.workspace_id, finding, Response.NOTIFY)

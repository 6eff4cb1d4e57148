"""Replays as rows: who works on one, what may be sent, and sums that hold on every store."""

from quarterdeck.control.replays import actions, store
from quarterdeck.control.replays.model import Change, Figures, Plan, Replay, ReplayState, Step, StepState, Target
from quarterdeck.db import Database
from quarterdeck.kernel.clock import SECOND, FakeClock

TARGET = Target(model="gpt-4o", system="Be brief.", params={"seed": 1})
PLAN = Plan("openai", "gpt-4o", 350, False, (Change("model", "a", "b"),), (("config", "the first"),), "anthropic", 900)


def replay(name: str = "rep_1", state: ReplayState = ReplayState.RUNNING) -> Replay:
    cap = None if state is ReplayState.DRY else 10**9
    return Replay(
        name, "ws_1", "run", "run_1", None, None, TARGET, state, None, cap, 2, "agt_1", None, b"sealed", "mem_1", 1,
        None, cap is not None,
    )  # fmt: skip


def step(number: int, name: str = "rep_1", state: StepState = StepState.PENDING) -> Step:
    return Step(
        "ws_1", name, number, f"call_{number}", "conv_1", state, None, "openai", "gpt-4o-mini", "ok",
        Figures(100, 10, 21, 90), PLAN, None, None, None, None, Figures(), None, None, 1,
    )  # fmt: skip


async def test_what_is_written_is_read_back(db: Database) -> None:
    async with db.transaction() as tx:
        await store.insert(tx, replay(), [step(1), step(2)])
    async with db.read() as tx:
        assert await store.find(tx, "ws_1", "rep_1") == replay()
        assert await store.find(tx, "ws_2", "rep_1") is None
        rows, more = await store.steps_page(tx, "ws_1", "rep_1", limit=1)
        assert (rows, more) == ([step(1)], 1)
        assert await store.agent_of(tx, "ws_1") == "agt_1"


async def test_one_process_works_on_it_and_another_takes_over_when_it_falls_silent(
    db: Database, clock: FakeClock
) -> None:
    async with db.transaction() as tx:
        await store.insert(tx, replay(), [step(1), step(2)])
        assert await store.take(tx, replay(), "one", 15 * SECOND)
        assert not await store.take(tx, replay(), "other", 15 * SECOND)
        assert await store.begin(tx, step(1), "one")
        assert not await store.begin(tx, step(1), "one")  # never twice
        assert not await store.begin(tx, step(2), "other")
    clock.advance(16)
    async with db.transaction() as tx:
        assert await store.take(tx, replay(), "other", 15 * SECOND)
        [(found, holder, _)] = await store.open_ones(tx)
        assert (found.id, holder) == ("rep_1", "other")
        assert await store.change(tx, replay(), ReplayState.RUNNING, state="cancelled", ended_at=1) is not None
        assert await store.change(tx, replay(), ReplayState.RUNNING, state="done", ended_at=1) is None
        assert not await store.begin(tx, step(2), "other")  # it runs no more
        assert await store.close(tx, replay())
        assert not await store.close(tx, replay())
        assert await store.open_ones(tx) == []


async def test_sums_are_of_each_replay_by_itself(db: Database) -> None:
    async with db.transaction() as tx:
        await store.insert(tx, replay(), [step(1), step(2), step(3)])
        await store.insert(tx, replay("rep_2", ReplayState.DRY), [step(1, "rep_2", StepState.PLANNED)])
        done = {"cost": 350, "input": 100, "output": 12, "duration": 40, "outcome": "ok"}
        assert await store.move(tx, step(1), [StepState.PENDING], StepState.DONE, **done, same=True)
        assert await store.move(tx, step(2), [StepState.PENDING], StepState.DONE, **{**done, "cost": None}, same=False)
        assert await store.move_all(tx, replay(), StepState.PENDING, StepState.NOT_SENT) == 1
        found = await store.totals(tx, "ws_1", ["rep_1", "rep_2"])
    real, dry = found["rep_1"], found["rep_2"]
    assert (real.steps, real.by_state) == (3, {"done": 2, "not_sent": 1})
    assert (real.cost, real.cost_unpriced, real.done_was_cost, real.was_cost) == (350, 1, 42, 63)
    assert (real.same, real.different, real.input, real.duration) == (1, 1, 200, 80)
    assert (dry.steps, dry.estimate, dry.cost) == (1, 350, 0)


async def test_a_call_that_was_put_back_after_the_end_is_not_left_waiting_for_a_turn(db: Database) -> None:
    async with db.transaction() as tx:
        await store.insert(tx, replay(), [step(1, state=StepState.SENDING), step(2)])
        assert await actions.end(tx, replay(), ReplayState.CANCELLED, None) is not None
        # It was refused for the cap, and is to be tried again alone.
        assert await store.move(tx, step(1), [StepState.SENDING], StepState.PENDING)
        await actions.close(tx, replay())
        rows, _ = await store.steps_page(tx, "ws_1", "rep_1", limit=5)
    assert [each.state for each in rows] == [StepState.NOT_SENT, StepState.NOT_SENT]

"""What agents ask, and the inbox that the answers come to, on both stores."""

import asyncio

import pytest
from work_world import World

from quarterdeck.control.inbox import store as inbox
from quarterdeck.control.inbox.store import Item
from quarterdeck.control.questions import actions
from quarterdeck.control.questions.model import NewQuestion, Question, QuestionState
from quarterdeck.control.runs.model import Run
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.kernel.errors import Changed, Invalid


async def _run(world: World) -> Run:
    await world.task()
    return (await world.claimed(await world.agent())).run


async def _ask(world: World, run: Run, text: str = "Which?", **fields: object) -> Question:
    async with world.db.transaction() as tx:
        return await actions.ask(tx, world.as_run(run), run.id, NewQuestion(text, **fields))  # type: ignore[arg-type]


async def _answer(world: World, question: Question, text: str) -> Question:
    async with world.db.transaction() as tx:
        return await actions.answer(tx, world.workspace_id, question.id, text, actor=world.owner.id)


async def _inbox(world: World, run: Run, after: int = 0) -> list[Item]:
    async with world.db.read() as tx:
        return await inbox.unread(tx, world.workspace_id, run.agent_id, after, limit=100)


async def test_an_answer_comes_to_the_agents_inbox_until_it_is_acknowledged(world: World) -> None:
    run = await _run(world)
    question = await _ask(world, run, options=("Red", "Blue"), free_text=False)
    answered = await _answer(world, question, " Blue ")
    assert (answered.state, answered.answer, answered.answered_by) == (
        QuestionState.ANSWERED,
        "Blue",
        world.owner.id,
    )
    [item] = await _inbox(world, run)
    assert (item.kind, item.subject_id, item.body, item.task_id) == ("answer", question.id, "Blue", run.task_id)
    assert await _inbox(world, run) == [item]
    async with world.db.transaction() as tx:
        assert await inbox.acknowledge(tx, world.workspace_id, run.agent_id, item.seq)
    assert await _inbox(world, run) == []
    assert await world.told(question.id) == ["question.asked", "question.answered"]


async def test_the_deadline_answers_by_default_once(world: World, clock: FakeClock) -> None:
    run = await _run(world)
    with_default = await _ask(world, run, default_answer="Blue", deadline_s=60)
    without = await _ask(world, run, deadline_s=60)
    assert await actions.apply_deadlines(world.db) == 0
    clock.advance(60)
    assert sum(await asyncio.gather(*[actions.apply_deadlines(world.db) for _ in range(2)])) == 2
    assert sorted(item.body for item in await _inbox(world, run)) == [
        "Blue",
        "Nobody answered in time, and there was no default.",
    ]
    assert await world.told(with_default.id) == ["question.asked", "question.defaulted"]
    assert await world.told(without.id) == ["question.asked", "question.expired"]
    with pytest.raises(Changed) as late:
        await _answer(world, with_default, "Red")
    assert (late.value.code, late.value.extra["answer"]) == ("question_closed", "Blue")


async def test_an_answer_is_given_once(world: World) -> None:
    question = await _ask(world, await _run(world))
    outcomes = await asyncio.gather(
        _answer(world, question, "Red"), _answer(world, question, "Blue"), return_exceptions=True
    )
    assert sum(isinstance(outcome, Changed) for outcome in outcomes) == 1
    held = next(outcome for outcome in outcomes if isinstance(outcome, Question))
    assert await _answer(world, question, held.answer or "") == held


async def test_what_fits_no_option_is_no_answer(world: World) -> None:
    run = await _run(world)
    question = await _ask(world, run, options=("Red",), free_text=False)
    with pytest.raises(Invalid):
        await _answer(world, question, "Green")
    with pytest.raises(Invalid):
        await _ask(world, run, options=("Red",), free_text=False, default_answer="Green")
    with pytest.raises(Invalid):
        await _ask(world, run, " ")


async def test_a_stale_worker_asks_nothing(world: World) -> None:
    run = await _run(world)
    await world.cancel(run)
    with pytest.raises(Changed) as refused:
        await _ask(world, run)
    assert refused.value.code == "lease_lost"


async def test_what_comes_at_once_is_numbered_without_holes(world: World) -> None:
    run = await _run(world)
    questions = [await _ask(world, run) for _ in range(6)]
    await asyncio.gather(*[_answer(world, question, "Yes") for question in questions])
    assert [item.seq for item in await _inbox(world, run)] == [1, 2, 3, 4, 5, 6]
    async with world.db.transaction() as tx:
        assert not await inbox.acknowledge(tx, world.workspace_id, run.agent_id, 7)

"""Talk about the work, on both stores."""

import pytest
from work_world import World

from quarterdeck.access.actors import Actor
from quarterdeck.control.comments import actions
from quarterdeck.control.comments.model import LOOP_LIMIT, Anchor, Comment
from quarterdeck.control.inbox import store as inbox
from quarterdeck.control.tasks.model import Task
from quarterdeck.kernel.errors import Invalid, NotFound


async def _write(
    world: World, task: Task, body: str, *, by: Actor | None = None, anchor: Anchor | None = None
) -> Comment:
    async with world.db.transaction() as tx:
        return await actions.write(tx, by or world.member, task.id, body, anchor or Anchor())


async def _inbox(world: World, recipient_id: str) -> list[str]:
    async with world.db.read() as tx:
        return [item.body for item in await inbox.unread(tx, world.workspace_id, recipient_id, 0, limit=100)]


async def test_a_comment_comes_to_everybody_it_mentions(world: World) -> None:
    task, agent = await world.task(), await world.agent("research")
    comment = await _write(world, task, "@research ask @Sam", by=world.as_agent(await world.agent("qa")))
    assert set(comment.mentions) == {agent.id, world.owner.id}
    assert await _inbox(world, agent.id) == await _inbox(world, world.owner.id) == ["@research ask @Sam"]
    assert await world.told(comment.id) == ["comment.written"]


async def test_two_agents_that_only_answer_each_other_are_stopped(world: World) -> None:
    task = await world.task()
    pair = [await world.agent(name) for name in ("ping", "pong")]
    for turn in range(LOOP_LIMIT + 2):
        said = await _write(world, task, f"@{pair[1 - turn % 2].name} thanks", by=world.as_agent(pair[turn % 2]))
        assert said.held == (turn >= LOOP_LIMIT)
    assert len(await _inbox(world, pair[0].id)) + len(await _inbox(world, pair[1].id)) == LOOP_LIMIT
    assert (await world.told(task.id)).count("comments.loop_stopped") == 1
    await _write(world, task, "Go on.")
    assert not (await _write(world, task, "@pong thanks", by=world.as_agent(pair[0]))).held


async def test_a_comment_stands_on_something_of_its_task(world: World) -> None:
    task = await world.task()
    run = (await world.claimed(await world.agent())).run
    await _write(world, task, "Slow.", anchor=Anchor(run_id=run.id))
    other = await world.task("Other")
    for anchor, error in (
        (Anchor(run_id=run.id), Invalid),
        (Anchor(deliverable_id="dlv_x", version=1), NotFound),
        (Anchor(line_from=3), Invalid),
    ):
        with pytest.raises(error):
            await _write(world, other, "x", anchor=anchor)


async def test_nobody_is_told_of_their_own_comment(world: World) -> None:
    await _write(world, await world.task(), "@Sam note to self")
    assert await _inbox(world, world.owner.id) == []


async def test_a_reaction_is_given_once(world: World) -> None:
    comment = await _write(world, await world.task(), "Done?")
    for _ in range(2):
        async with world.db.transaction() as tx:
            await actions.react(tx, world.member, comment.id, "👍")
    async with world.db.read() as tx:
        assert await actions.store.reactions_of(tx, world.workspace_id, [comment.id]) == {comment.id: {"👍": 1}}

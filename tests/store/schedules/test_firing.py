"""Firings make tasks: once each, by policy, whatever clocks and processes do. On both stores."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from work_world import World

from quarterdeck.access.actors import Role
from quarterdeck.control.agents.model import Desired
from quarterdeck.control.goals import actions as goals
from quarterdeck.control.projects import actions as projects
from quarterdeck.control.projects.model import ProjectChange
from quarterdeck.control.runs.model import Outcome as RunOutcome
from quarterdeck.control.schedules import actions, jobs, store
from quarterdeck.control.schedules.actions import Wanted
from quarterdeck.control.schedules.model import CatchUp, Firing, Outcome, Overlap, Schedule, ScheduleState, Trigger
from quarterdeck.control.tasks.lists import TaskFilter, page
from quarterdeck.control.tasks.model import Task, TaskState
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.control.templates import actions as templates
from quarterdeck.control.templates.model import Draft, Variable
from quarterdeck.db import Database
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.kernel.errors import Changed, Forbidden, Invalid

HOURLY = "0 * * * *"


async def _schedule(world: World, **fields: Any) -> Schedule:
    wanted = Wanted("hourly", Trigger.CRON, cron=HOURLY, draft=Draft("Look at {{date}} {{time}}"))
    async with world.db.transaction() as tx:
        return await actions.create(tx, world.workspace_id, replace(wanted, **fields), actor=world.owner.id)


async def _see(world: World, schedule: Schedule) -> Schedule:
    async with world.db.read() as tx:
        return await actions.get(tx, world.workspace_id, schedule.id)


async def _tasks(world: World, schedule: Schedule) -> list[Task]:
    async with world.db.read() as tx:
        found = await page(tx, world.workspace_id, TaskFilter(schedule_id=schedule.id), limit=500)
    return found.items[::-1]


async def _firings(world: World, schedule: Schedule) -> list[Firing]:
    async with world.db.read() as tx:
        return (await store.firing_page(tx, world.workspace_id, schedule.id, limit=500)).items[::-1]


async def _close(world: World, task: Task) -> None:
    await world.move(task, TaskState.CANCELLED)


async def test_it_fires_at_its_time_and_fills_in_the_date(world: World, clock: FakeClock) -> None:
    schedule = await _schedule(world, zone="Asia/Kathmandu")
    assert await jobs.fire_all_due(world.db) == 0
    clock.advance(3_600)
    assert await jobs.fire_all_due(world.db) == 1
    assert await jobs.fire_all_due(world.db) == 0
    (task,) = await _tasks(world, schedule)
    # 08:00 UTC at the start of the test; the whole hours of Kathmandu are at :15 of UTC's.
    assert task.title == "Look at 2027-01-15 14:00"
    assert (task.accountable_id, task.schedule_id, task.state) == (world.owner.id, schedule.id, TaskState.READY)
    (firing,) = await _firings(world, schedule)
    assert (firing.outcome, firing.task_id) == (Outcome.CREATED, task.id)
    assert "schedule.fired" in await world.told(schedule.id)


async def test_many_processes_make_one_task_per_firing(world: World, clock: FakeClock) -> None:
    schedule = await _schedule(world, overlap=Overlap.PARALLEL)
    others = [Database(world.db.url, clock) for _ in range(6)]
    try:
        for hour in range(1, 4):
            clock.advance(3_600)
            await asyncio.gather(*[jobs.fire_all_due(db) for db in [world.db, *others] for _ in range(3)])
            assert len(await _tasks(world, schedule)) == hour
    finally:
        for db in others:
            await db.close()


@pytest.mark.parametrize(
    ("catch_up", "limit", "made"),
    [(CatchUp.NONE, 1, 1), (CatchUp.LAST, 1, 1), (CatchUp.ALL, 25, 25), (CatchUp.ALL, 300, 300)],
)
async def test_ten_thousand_missed_firings_give_the_policys_number_at_once(
    world: World, clock: FakeClock, catch_up: CatchUp, limit: int, made: int
) -> None:
    schedule = await _schedule(
        world, cron="* * * * *", catch_up=catch_up, catch_up_limit=limit, overlap=Overlap.PARALLEL
    )
    clock.advance(10_000 * 60 + 30)
    assert await jobs.fire_all_due(world.db) == made
    tasks = await _tasks(world, schedule)
    assert len(tasks) == made
    assert [task.title for task in tasks] == sorted(task.title for task in tasks)
    assert await jobs.fire_all_due(world.db) == 0
    assert "schedule.missed" in await world.told(schedule.id)


async def test_without_catching_up_only_what_is_on_time_fires(world: World, clock: FakeClock) -> None:
    schedule = await _schedule(world, catch_up=CatchUp.NONE)
    clock.advance(5 * 3_600 + 61)
    await jobs.fire_all_due(world.db)
    assert await _tasks(world, schedule) == []
    clock.advance(3_600 - 30)
    await jobs.fire_all_due(world.db)
    assert [task.title for task in await _tasks(world, schedule)] == ["Look at 2027-01-15 14:00"]


async def test_skip_leaves_out_what_comes_while_its_task_is_open(world: World, clock: FakeClock) -> None:
    schedule = await _schedule(world, overlap=Overlap.SKIP)
    for _ in range(3):
        clock.advance(3_600)
        await jobs.fire_all_due(world.db)
    (first,) = await _tasks(world, schedule)
    assert [one.outcome for one in await _firings(world, schedule)] == [
        Outcome.CREATED,
        Outcome.SKIPPED,
        Outcome.SKIPPED,
    ]
    await _close(world, first)
    clock.advance(3_600)
    await jobs.fire_all_due(world.db)
    assert len(await _tasks(world, schedule)) == 2


async def test_queue_makes_each_task_when_the_one_before_is_closed(world: World, clock: FakeClock) -> None:
    schedule = await _schedule(world, overlap=Overlap.QUEUE)
    for _ in range(3):
        clock.advance(3_600)
        await jobs.fire_all_due(world.db)
    for number in range(1, 4):
        tasks = await _tasks(world, schedule)
        assert len(tasks) == number
        await _close(world, tasks[-1])
        await jobs.fire_all_due(world.db)
    titles = [task.title for task in await _tasks(world, schedule)]
    assert titles == [f"Look at 2027-01-15 {hour:02d}:00" for hour in (9, 10, 11)]
    assert all(one.outcome is Outcome.CREATED for one in await _firings(world, schedule))


async def test_it_pauses_itself_when_it_cannot_make_its_task_again_and_again(world: World, clock: FakeClock) -> None:
    agent = await world.agent()
    schedule = await _schedule(world, draft=Draft("Work", agent_id=agent.id), pause_after=3)
    await world.want(agent, Desired.RETIRED)
    for _ in range(5):
        clock.advance(3_600)
        await jobs.fire_all_due(world.db)
    after = await _see(world, schedule)
    assert (after.state, after.next_at, after.failures) == (ScheduleState.PAUSED, None, 3)
    assert after.paused_reason is not None and "retired" in after.paused_reason
    firings = await _firings(world, schedule)
    assert [one.outcome for one in firings] == [Outcome.FAILED] * 3
    assert await _tasks(world, schedule) == []
    assert (await world.told(schedule.id))[-1] == "schedule.paused"
    assert "task.created" not in await world.told(schedule.id)
    await world.want(agent, Desired.ENABLED)
    async with world.db.transaction() as tx:
        resumed = await actions.resume(tx, world.workspace_id, schedule.id)
    assert (resumed.state, resumed.failures) == (ScheduleState.ACTIVE, 0)
    clock.advance(3_600)
    await jobs.fire_all_due(world.db)
    assert len(await _tasks(world, schedule)) == 1


async def test_it_pauses_itself_when_its_tasks_come_to_nothing(world: World, clock: FakeClock) -> None:
    agent = await world.agent()
    draft = Draft("Work", attempt_limit=1)
    schedule = await _schedule(world, draft=draft, pause_after=2, overlap=Overlap.PARALLEL)
    for _ in range(2):
        clock.advance(3_600)
        await jobs.fire_all_due(world.db)
        await world.finish((await world.claimed(agent)).run, RunOutcome.FAILED, reason="no idea")
    clock.advance(3_600)
    await jobs.fire_all_due(world.db)
    after = await _see(world, schedule)
    assert (after.state, after.paused_reason) == (ScheduleState.PAUSED, "Its last 2 tasks came to nothing.")
    assert len(await _tasks(world, schedule)) == 2
    async with world.db.transaction() as tx:
        await actions.resume(tx, world.workspace_id, schedule.id)
    clock.advance(3_600)
    await jobs.fire_all_due(world.db)
    assert len(await _tasks(world, schedule)) == 3, "what was looked at is forgiven"


async def test_a_clock_that_was_a_year_ahead_stops_no_schedule(world: World, clock: FakeClock) -> None:
    year = 365 * 86_400
    schedule = await _schedule(world, overlap=Overlap.PARALLEL)
    clock.advance(year)
    await jobs.fire_all_due(world.db)
    clock.advance(-year)
    for count in range(2, 4):
        await jobs.fire_all_due(world.db)
        clock.advance(3_600)
        await jobs.fire_all_due(world.db)
        assert len(await _tasks(world, schedule)) == count


async def test_a_firing_that_waits_keeps_the_values_that_it_was_given(world: World) -> None:
    async with world.db.transaction() as tx:
        template = await templates.create(
            tx, world.workspace_id, name="Release", draft=Draft("Release {{v}}"), variables=(Variable("v"),)
        )
    by_hand = {"trigger": Trigger.API, "cron": None, "draft": None, "template_id": template.id}
    schedule = await _schedule(world, overlap=Overlap.QUEUE, **by_hand)
    async with world.db.transaction() as tx:
        for version in ("1.0", "1.1"):
            await actions.fire(tx, world.workspace_id, schedule.id, given={"v": version})
    await _close(world, (await _tasks(world, schedule))[0])
    await jobs.fire_all_due(world.db)
    assert [task.title for task in await _tasks(world, schedule)] == ["Release 1.0", "Release 1.1"]


async def test_what_it_makes_is_reviewed_no_less_than_its_owner_may_ask_for(world: World) -> None:
    operator = await world.colleague(Role.OPERATOR, "bo")
    async with world.db.transaction() as tx:
        project = await projects.create(tx, world.workspace_id, name="P", review=ReviewPolicy("role:admin"))
    draft = Draft("Slips through", project_id=project.id, review="none")
    wanted = Wanted("slips", Trigger.CRON, cron=HOURLY, draft=draft)
    for made in (
        lambda tx: actions.create(tx, world.workspace_id, wanted, actor=operator.id),
        lambda tx: templates.create(tx, world.workspace_id, name="T", draft=draft, actor=operator.id),
    ):
        with pytest.raises(Forbidden, match="Only an admin"):
            async with world.db.transaction() as tx:
                await made(tx)
    with pytest.raises(Invalid, match="review is none, one"):
        await _schedule(world, draft=Draft("x", review="two of three"))
    assert (await _schedule(world, draft=draft)).draft == draft


async def test_what_it_makes_serves_its_goal_as_long_as_that_is_there(world: World, clock: FakeClock) -> None:
    async with world.db.transaction() as tx:
        goal = await goals.create(tx, world.workspace_id, name="Faster", accountable_id=world.owner.id)
        template = await templates.create(tx, world.workspace_id, name="T", draft=Draft("t", goal_id=goal.id))
        used = await templates.use(tx, world.workspace_id, template.id, {}, actor=world.member)
    assert used.goal_id == goal.id
    schedule = await _schedule(world, draft=None, template_id=template.id, overlap=Overlap.PARALLEL)
    clock.advance(3_600)
    await jobs.fire_all_due(world.db)
    assert [task.goal_id for task in await _tasks(world, schedule)] == [goal.id]
    async with world.db.transaction() as tx:
        await goals.delete(tx, world.workspace_id, goal.id)
    clock.advance(3_600)
    await jobs.fire_all_due(world.db)
    assert [task.goal_id for task in await _tasks(world, schedule)] == [None, None], "tasks stay, without it"
    with pytest.raises(Invalid, match="goal_id"):
        await _schedule(world, name="other", draft=Draft("t", goal_id=goal.id))


async def test_a_clock_that_goes_back_fires_nothing_twice(world: World, clock: FakeClock) -> None:
    schedule = await _schedule(world, overlap=Overlap.PARALLEL)
    clock.advance(3_600)
    await jobs.fire_all_due(world.db)
    clock.advance(-1_800)
    await jobs.fire_all_due(world.db)
    clock.advance(1_800)
    await jobs.fire_all_due(world.db)
    assert len(await _tasks(world, schedule)) == 1
    clock.advance(3_600)
    await jobs.fire_all_due(world.db)
    assert len(await _tasks(world, schedule)) == 2


async def test_the_same_key_fires_once_and_answers_the_same(world: World) -> None:
    schedule = await _schedule(world, overlap=Overlap.PARALLEL)

    async def fire(key: str | None) -> Firing:
        async with world.db.transaction() as tx:
            return await actions.fire(tx, world.workspace_id, schedule.id, key=key)

    first = await fire("release-7")
    assert [(await fire("release-7")).task_id for _ in range(3)] == [first.task_id] * 3
    raced = await asyncio.gather(*[fire("release-8") for _ in range(10)])
    assert len({one.task_id for one in raced}) == 1
    assert (await fire(None)).task_id != (await fire(None)).task_id
    assert len(await _tasks(world, schedule)) == 4


async def test_a_paused_schedule_fires_for_nobody(world: World, clock: FakeClock) -> None:
    schedule = await _schedule(world)
    async with world.db.transaction() as tx:
        await actions.pause(tx, world.workspace_id, schedule.id, reason="Holiday.")
    clock.advance(3_600)
    assert await jobs.fire_all_due(world.db) == 0
    async with world.db.transaction() as tx:
        with pytest.raises(Changed) as refused:
            await actions.fire(tx, world.workspace_id, schedule.id)
    assert refused.value.code == "schedule_paused"
    async with world.db.transaction() as tx:
        await actions.resume(tx, world.workspace_id, schedule.id)
    assert await jobs.fire_all_due(world.db) == 0, "what came while it was paused is not caught up"


async def test_a_template_says_what_it_makes_and_a_missing_value_is_seen_at_once(
    world: World, clock: FakeClock
) -> None:
    async with world.db.transaction() as tx:
        template = await templates.create(
            tx,
            world.workspace_id,
            name="Report",
            draft=Draft("{{kind}} report of {{week}}", brief="For {{who}}", review=ReviewPolicy.NONE),
            variables=(Variable("kind"), Variable("who", "everybody")),
        )
    with pytest.raises(Invalid) as refused:
        await _schedule(world, draft=None, template_id=template.id)
    assert refused.value.extra["missing"] == ["kind"]
    schedule = await _schedule(world, draft=None, template_id=template.id, variables={"kind": "Sales"})
    clock.advance(3_600)
    await jobs.fire_all_due(world.db)
    (task,) = await _tasks(world, schedule)
    assert (task.title, task.brief, task.review) == ("Sales report of 2027-W02", "For everybody", ReviewPolicy.NONE)
    async with world.db.transaction() as tx:
        used_by = await store.names_using(tx, world.workspace_id, template.id)
        with pytest.raises(Changed) as in_use:
            await templates.delete(tx, world.workspace_id, template.id, used_by=used_by)
    assert in_use.value.code == "template_in_use"


async def test_a_firing_that_cannot_make_its_task_keeps_no_other_schedule_from_it(
    world: World, clock: FakeClock
) -> None:
    async with world.db.transaction() as tx:
        project = await projects.create(tx, world.workspace_id, name="P")
    broken = await _schedule(world, name="broken", draft=Draft("x", project_id=project.id))
    sound = await _schedule(world, name="sound")
    async with world.db.transaction() as tx:
        await projects.change(tx, world.workspace_id, project.id, ProjectChange(archived=True))
    clock.advance(3_600)
    await jobs.fire_all_due(world.db)
    (failed,) = await _firings(world, broken)
    assert failed.outcome is Outcome.FAILED and failed.note is not None and "archived" in failed.note
    assert len(await _tasks(world, sound)) == 1
    numbers = [task.number for task in await _tasks(world, sound)]
    assert numbers == [1], "what failed took no number"


async def test_a_new_time_counts_from_now_on(world: World, clock: FakeClock) -> None:
    schedule = await _schedule(world)
    clock.advance(1_800)
    async with world.db.transaction() as tx:
        changed = await actions.change(
            tx, world.workspace_id, schedule.id, {"trigger": Trigger.INTERVAL, "every_s": 3_600}
        )
    assert changed.next_at == clock.now() + 3_600 * 1_000_000
    assert changed.cron is None

"""From what happened to who hears of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from work_world import World

from quarterdeck.access import members
from quarterdeck.access.actors import Actor, ActorKind, Role
from quarterdeck.access.vault import Vault
from quarterdeck.control.channels import actions as channel_actions
from quarterdeck.control.channels import store as channels
from quarterdeck.control.channels.actions import Wanted
from quarterdeck.control.channels.model import Channel, ChannelKind, Delivery
from quarterdeck.control.comments import actions as comments
from quarterdeck.control.comments.model import Anchor
from quarterdeck.control.notifications import store
from quarterdeck.control.notifications.fan_out import fan_out
from quarterdeck.control.notifications.model import How, Item, Preferences, Quiet, Rule
from quarterdeck.control.tasks.model import TaskState
from quarterdeck.db import Database
from quarterdeck.kernel.clock import MINUTE, SECOND, FakeClock
from quarterdeck.kernel.events import Event
from quarterdeck.worker.deliveries import as_text

URL = "http://q"


@pytest.fixture
async def world(db: Database) -> World:
    made = await World.make(db)
    assert await fan_out(db, URL) == 0  # begins here
    return made


async def _all(world: World) -> None:
    while await fan_out(world.db, URL):
        pass


async def _person(world: World, name: str, role: Role = Role.REVIEWER) -> Actor:
    async with world.db.transaction() as tx:
        made = await members.create(tx, world.workspace_id, email=f"{name.lower()}@example.com", name=name, role=role)
    return Actor(world.workspace_id, ActorKind.MEMBER, made.id, role)


async def _items(world: World, member_id: str) -> list[Item]:
    async with world.db.read() as tx:
        page = await store.page(tx, world.workspace_id, member_id, unread=False, after=None, limit=100)
    return page.items


async def _comment(world: World, who: Actor, task_id: str, body: str) -> None:
    async with world.db.transaction() as tx:
        await comments.write(tx, who, task_id, body, Anchor())


async def _channel(world: World, tmp_path: Path, who: Actor, **fields: Any) -> Channel:
    async with world.db.transaction() as tx:
        kind = fields.pop("kind", ChannelKind.APPRISE)
        url = "https://example.com/hook" if kind is ChannelKind.WEBHOOK else "json://example.com/x"
        shared = fields.pop("shared", False)
        wanted = Wanted(fields.pop("name", f"{who.id} mail"), url, **fields)
        added = await channel_actions.add(tx, Vault.open(tmp_path), who, kind, wanted, shared=shared, service="JSON")
    return added.channel


async def _queue(world: World, channel: Channel) -> list[Delivery]:
    async with world.db.read() as tx:
        page = await channels.page(tx, world.workspace_id, channel.id, state=None, after=None, limit=100)
    return page.items[::-1]


async def _prefer(world: World, who: Actor, wanted: Preferences) -> None:
    async with world.db.transaction() as tx:
        assert await store.set_preferences(tx, world.workspace_id, who.id, wanted, None)


async def test_who_is_mentioned_hears_of_it_and_who_wrote_does_not(world: World) -> None:
    ana = await _person(world, "Ana")
    task = await world.task()
    await _comment(world, ana, task.id, "@Sam please look, and @Ana too")
    await _all(world)
    (item,) = await _items(world, world.owner.id)
    assert (item.title, item.body, item.task_id) == (
        f"Ana mentioned you on {task.ref}",
        "@Sam please look, and @Ana too",
        task.id,
    )
    assert await _items(world, ana.id) == []


async def test_ten_of_a_kind_on_one_task_are_one_that_counts(world: World) -> None:
    ana = await _person(world, "Ana")
    task = await world.task()
    for number in range(10):
        await _comment(world, ana, task.id, f"@Sam {number}")
    await _all(world)
    (item,) = await _items(world, world.owner.id)
    assert (item.count, item.body) == (10, "@Sam 9")
    async with world.db.transaction() as tx:
        assert await store.read(tx, world.workspace_id, world.owner.id, None) == 1
    await _comment(world, ana, task.id, "@Sam again")
    await _all(world)
    assert [each.count for each in await _items(world, world.owner.id)] == [1, 10]


async def test_reviewers_hear_of_what_waits_for_them(world: World) -> None:
    ana = await _person(world, "Ana")
    agent = await world.agent()
    await world.task()
    claimed = await world.claimed(agent)
    await world.finish(claimed.run)
    await _all(world)
    assert "waits for a review" in (await _items(world, world.owner.id))[0].title
    assert await _items(world, ana.id) == []


async def test_each_event_is_handled_once_by_any_number_of_processes(world: World) -> None:
    ana = await _person(world, "Ana")
    tasks = [await world.task(f"Task {number}") for number in range(5)]
    for task in tasks:
        await _comment(world, ana, task.id, "@Sam hi")
    while any(await asyncio.gather(*(fan_out(world.db, URL) for _ in range(4)))):
        pass
    assert sorted(each.count for each in await _items(world, world.owner.id)) == [1] * 5


async def test_a_rule_sends_to_the_members_own_channel_and_coalesces(
    world: World, tmp_path: Path, clock: FakeClock
) -> None:
    ana = await _person(world, "Ana")
    channel = await _channel(world, tmp_path, world.member)
    await _prefer(world, world.member, Preferences(rules=(Rule(channels=(channel.id,)),)))
    task = await world.task()
    for number in range(3):
        await _comment(world, ana, task.id, f"@Sam {number}")
    await _all(world)
    (one,) = await _queue(world, channel)
    assert one.next_at == clock.now() + 30 * SECOND
    title, body = as_text(one)
    assert title == f"Ana mentioned you on {task.ref}"
    assert body.endswith(f"{URL}/tasks/{task.id}")


async def test_quiet_hours_and_digests_gather_into_one_message(world: World, tmp_path: Path, clock: FakeClock) -> None:
    ana = await _person(world, "Ana")
    channel = await _channel(world, tmp_path, world.member)
    rules = (Rule(kinds=("task.*",), channels=(channel.id,), how=How.DIGEST), Rule(channels=(channel.id,)))
    # It is 08:00 UTC by the test's clock.
    await _prefer(world, world.member, Preferences(rules=rules, quiet=Quiet(7 * 60, 9 * 60), digest_at=18 * 60))
    for number in range(2):
        task = await world.task(f"Task {number}")
        await _comment(world, ana, task.id, "@Sam hi")
        async with world.db.transaction() as tx:
            await tx.emit(Event(world.workspace_id, "task.moved", task.id, {"to": "done"}, ana.id))
    await _all(world)
    found = await _queue(world, channel)
    assert sorted(round((each.next_at - clock.now()) / MINUTE) for each in found) == [60, 600]
    assert [len(each.payload["lines"]) for each in found] == [2, 2]
    title, body = as_text(found[0])
    assert title == "2 things happened"
    assert body.count("•") == 2


async def test_a_shared_webhook_follows_kinds_and_gets_the_event_as_it_is(world: World, tmp_path: Path) -> None:
    channel = await _channel(
        world, tmp_path, world.member, kind=ChannelKind.WEBHOOK, shared=True, kinds=("task.*",), name="ops"
    )
    task = await world.task()
    await world.move(task, TaskState.CANCELLED)
    await _all(world)
    found = await _queue(world, channel)
    assert [each.payload["type"] for each in found] == ["task.created", "task.moved"]
    assert found[1].payload["data"]["to"] == "cancelled"
    assert found[1].key == f"evt_{found[1].payload['seq']}"


async def test_nobody_sends_through_anothers_channel(world: World, tmp_path: Path) -> None:
    ana = await _person(world, "Ana")
    channel = await _channel(world, tmp_path, world.member)
    await _prefer(world, ana, Preferences(rules=(Rule(channels=(channel.id,)),)))
    task = await world.task()
    await _comment(world, world.member, task.id, "@Ana hi")
    await _all(world)
    assert len(await _items(world, ana.id)) == 1
    assert await _queue(world, channel) == []


async def test_muted_is_muted(world: World) -> None:
    ana = await _person(world, "Ana")
    await _prefer(world, world.member, Preferences(rules=(Rule(kinds=("comment.*",), how=How.MUTE),)))
    task = await world.task()
    await _comment(world, ana, task.id, "@Sam hi")
    await _all(world)
    assert await _items(world, world.owner.id) == []


async def test_a_channel_that_is_removed_leaves_the_rules_of_everybody(world: World, tmp_path: Path) -> None:
    ada = await _person(world, "Ada")
    shared = await _channel(world, tmp_path, world.member, name="ops", shared=True)
    mine = await _channel(world, tmp_path, world.member, name="mine")
    quiet = Quiet(22 * 60, 7 * 60)
    alone = Rule(("budget.*",), channels=(shared.id,), in_app=False)
    both = Rule(("task.*",), channels=(shared.id, mine.id))
    await _prefer(world, world.member, Preferences(rules=(alone, both), quiet=quiet))
    await _prefer(world, ada, Preferences(rules=(Rule(("*",), channels=(mine.id,)),)))
    async with world.db.transaction() as tx:
        await channel_actions.remove(tx, world.member, shared)
        found = await store.preferences_for(tx, world.workspace_id, [world.owner.id, ada.id])
    in_the_app = Rule(("budget.*",))
    assert found[world.owner.id].rules == (in_the_app, Rule(("task.*",), channels=(mine.id,)))
    assert (found[world.owner.id].quiet, found[world.owner.id].version) == (quiet, 2)
    assert found[ada.id].version == 1, "nothing of hers named it"

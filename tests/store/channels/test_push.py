"""Push to browsers: the same queue as every other channel, read by nobody but the browser."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pushed_browser import PushedBrowser
from webhook_receiver import Receiver
from work_world import World

from quarterdeck.access.vault import Vault
from quarterdeck.control.channels import actions, addresses, push, store, webpush
from quarterdeck.control.channels.actions import Wanted
from quarterdeck.control.channels.model import Channel, ChannelKind, DeliveryState
from quarterdeck.control.notifications import store as preferences
from quarterdeck.control.notifications.kinds import Urgency
from quarterdeck.control.notifications.model import route
from quarterdeck.kernel.errors import Invalid
from quarterdeck.worker.deliveries import Courier

PATIENCE_S = 20


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver(status=201).listening() as made:
        yield made


async def _subscribed(
    world: World, vault: Vault, url: str, browser: PushedBrowser, name: str = "Chrome", *, knows_us: bool = True
) -> Channel:
    hosts = frozenset({url.split("/")[2]}) if url.startswith("http:") else frozenset[str]()
    async with world.db.transaction() as tx:
        if knows_us:
            await push.own_key(tx, vault, world.workspace_id)
        return await push.subscribe(tx, vault, world.member, name=name, endpoint=url, keys=browser.keys, hosts=hosts)


async def _test_through(world: World, courier: Courier, channel: Channel) -> str:
    async with world.db.transaction() as tx:
        sent = await actions.test(tx, world.member, channel)
    assert await courier.deliver_due() == 1
    return sent.id


async def test_only_the_browser_reads_what_comes_and_the_service_learns_who_sends(
    world: World, vault: Vault, receiver: Receiver
) -> None:
    browser = PushedBrowser()
    channel = await _subscribed(world, vault, receiver.url, browser)
    courier = Courier(world.db, vault, push_hosts=frozenset({f"127.0.0.1:{receiver.port}"}))
    delivery_id = await _test_through(world, courier, channel)
    (got,) = receiver.got
    assert "works" in str(browser.read(got.body)["body"]) and b"works" not in got.body
    assert got.header("ttl") == "86400" and got.header("content-encoding") == "aes128gcm"
    async with world.db.transaction() as tx:
        private = await push.own_key(tx, vault, world.workspace_id)
        delivered = await store.delivery(tx, world.workspace_id, delivery_id)
        sealed = await store.push_key(tx, world.workspace_id)
    assert got.header("authorization").endswith(f", k={webpush.encoded(webpush.public_of(private))}")
    assert delivered is not None and delivered.state is DeliveryState.DELIVERED
    assert sealed is not None and private not in sealed


async def test_it_is_sent_while_somebody_else_writes(world: World, vault: Vault, receiver: Receiver) -> None:
    channel = await _subscribed(world, vault, receiver.url, PushedBrowser())
    courier = Courier(world.db, vault, push_hosts=frozenset({f"127.0.0.1:{receiver.port}"}))
    async with world.db.transaction() as tx:
        sent = await actions.test(tx, world.member, channel)
    async with world.db.transaction(), asyncio.timeout(PATIENCE_S):
        assert (await courier._attempt(channel, sent)).ok


async def test_without_the_key_that_browsers_know_nothing_is_sent(
    world: World, vault: Vault, receiver: Receiver
) -> None:
    channel = await _subscribed(world, vault, receiver.url, PushedBrowser(), knows_us=False)
    courier = Courier(world.db, vault, push_hosts=frozenset({f"127.0.0.1:{receiver.port}"}))
    delivery_id = await _test_through(world, courier, channel)
    async with world.db.read() as tx:
        dead = await store.delivery(tx, world.workspace_id, delivery_id)
    assert dead is not None and dead.state is DeliveryState.DEAD
    assert "switch push on again" in str(dead.last_error)
    assert receiver.got == []


async def test_the_rules_of_a_member_send_to_its_browser_from_then_on(world: World, vault: Vault) -> None:
    channel = await _subscribed(world, vault, "https://push.example.com/a", PushedBrowser())
    again = await _subscribed(world, vault, "https://push.example.com/a", PushedBrowser(), "Other name")
    second = await _subscribed(world, vault, "https://push.example.com/b", PushedBrowser())
    assert (again.id, again.version, second.name) == (channel.id, channel.version + 1, "Chrome 2")
    assert channel.shown == "push.example.com"
    async with world.db.read() as tx:
        wanted = (await preferences.preferences_for(tx, world.workspace_id, [world.owner.id]))[world.owner.id]
    assert route(wanted, "task.moved", Urgency.NORMAL, {}).channels == (channel.id, second.id)
    assert route(wanted, "task.moved", Urgency.LOW, {}).channels == ()


async def test_a_browser_that_renews_its_keys_keeps_those_whoever_else_changes_the_channel(
    world: World, vault: Vault
) -> None:
    first = await _subscribed(world, vault, "https://push.example.com/a", PushedBrowser())
    browsers = [PushedBrowser() for _ in range(5)]
    renewed = await asyncio.gather(*(_subscribed(world, vault, "https://push.example.com/a", one) for one in browsers))
    assert [push.keys_of(addresses.opened(each, vault)) for each in renewed] == [one.keys for one in browsers]
    assert {each.id for each in renewed} == {first.id}
    async with world.db.read() as tx:
        (stored,) = await store.all_of(tx, world.workspace_id)
    assert stored.version == first.version + len(browsers)


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_let_go_of_its_subscription_is_forgotten(
    world: World, vault: Vault, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    channel = await _subscribed(world, vault, receiver.url, PushedBrowser())
    courier = Courier(world.db, vault, push_hosts=frozenset({f"127.0.0.1:{receiver.port}"}))
    await _test_through(world, courier, channel)
    async with world.db.read() as tx:
        assert await store.all_of(tx, world.workspace_id) == []
        left = (await preferences.preferences_for(tx, world.workspace_id, [world.owner.id]))[world.owner.id]
    assert left.rules == (), "its rule sent there and nowhere else"


async def test_a_push_service_that_fails_is_tried_again_like_any_other(
    world: World, vault: Vault, receiver: Receiver
) -> None:
    receiver.status = 503
    channel = await _subscribed(world, vault, receiver.url, PushedBrowser())
    courier = Courier(world.db, vault, push_hosts=frozenset({f"127.0.0.1:{receiver.port}"}))
    delivery_id = await _test_through(world, courier, channel)
    async with world.db.read() as tx:
        waiting = await store.delivery(tx, world.workspace_id, delivery_id)
    assert waiting is not None and (waiting.state, waiting.attempts) == (DeliveryState.PENDING, 1)


async def test_a_push_service_in_a_private_network_is_reached_only_where_an_admin_said_so(
    world: World, vault: Vault, receiver: Receiver
) -> None:
    for url in ("http://push.example.com/x", "https://127.0.0.1/x", "https://localhost/x", "ftp://x/y", "https://"):
        with pytest.raises(Invalid) as refused:
            async with world.db.transaction() as tx:
                await push.subscribe(
                    tx, vault, world.member, name="x", endpoint=url, keys=PushedBrowser().keys, hosts=frozenset()
                )
        assert refused.value.extra["field"] == "endpoint"
    channel = await _subscribed(world, vault, receiver.url, PushedBrowser())
    await _test_through(world, Courier(world.db, vault), channel)
    assert receiver.got == []


async def test_push_is_turned_on_in_a_browser_and_nowhere_else(world: World, vault: Vault) -> None:
    channel = await _subscribed(world, vault, "https://push.example.com/a", PushedBrowser())
    async with world.db.transaction() as tx:
        wanted = Wanted("x", "https://push.example.com/b")
        with pytest.raises(Invalid, match="in the browser"):
            await actions.add(tx, vault, world.member, ChannelKind.PUSH, wanted, shared=False, service="")
        with pytest.raises(Invalid, match="anew"):
            await actions.change(tx, vault, world.member, channel, wanted)

"""What is on its way to channels arrives at least once, signed, and nothing but a channel's own fault is in its way."""

import asyncio
import base64
import hashlib
import hmac
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from webhook_receiver import Receiver
from work_world import World

from quarterdeck.access.vault import Vault
from quarterdeck.control.channels import actions, store
from quarterdeck.control.channels.actions import Wanted
from quarterdeck.control.channels.model import (
    RETRY_AFTER,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    next_wait,
)
from quarterdeck.db import Database
from quarterdeck.gateway.transport import Timeouts
from quarterdeck.kernel.clock import DAY, HOUR, SECOND, FakeClock
from quarterdeck.worker.deliveries import Courier

QUICK = Timeouts(connect_s=2.0, first_byte_s=0.5, idle_s=0.5, total_s=2.0)


@pytest.fixture
def courier(db: Database, vault: Vault) -> Courier:
    return Courier(db, vault, timeouts=QUICK)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver().listening() as made:
        yield made


async def _webhook(
    world: World, vault: Vault, url: str, *, name: str = "ops", private: bool = True
) -> tuple[Channel, str]:
    async with world.db.transaction() as tx:
        wanted = Wanted(name, url, allow_private=private)
        added = await actions.add(tx, vault, world.member, ChannelKind.WEBHOOK, wanted, shared=True, service="")
    assert added.secret is not None
    return added.channel, added.secret


async def _put(world: World, channel: Channel, key: str = "evt_1", kind: str = "task.moved") -> Delivery:
    async with world.db.transaction() as tx:
        payload: dict[str, Any] = {"type": kind, "data": {"to": "done"}}
        made = actions.new(channel, key=key, kind=kind, payload=payload, at=tx.now, now=tx.now)
        assert await store.put(tx, made)
    return made


async def _see(world: World, delivery: Delivery) -> Delivery:
    async with world.db.read() as tx:
        found = await store.delivery(tx, world.workspace_id, delivery.id)
    assert found is not None
    return found


async def test_a_webhook_is_signed_so_that_its_receiver_can_tell_it_is_ours(
    world: World, vault: Vault, courier: Courier, receiver: Receiver, clock: FakeClock
) -> None:
    channel, secret = await _webhook(world, vault, receiver.url)
    made = await _put(world, channel)
    assert await courier.deliver_due() == 1
    assert (await _see(world, made)).state is DeliveryState.DELIVERED
    (got,) = receiver.got
    assert got.head.startswith("POST /hook?token=in-the-query HTTP/1.1")
    assert got.header("webhook-id") == "evt_1"
    assert int(got.header("webhook-timestamp")) == clock.now() // SECOND
    signed = f"evt_1.{got.header('webhook-timestamp')}.".encode() + got.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert got.header("webhook-signature") == f"v1,{expected}"
    assert json.loads(got.body)["type"] == "task.moved"


async def test_the_same_key_is_sent_once(world: World, vault: Vault, courier: Courier, receiver: Receiver) -> None:
    channel, _ = await _webhook(world, vault, receiver.url)
    await _put(world, channel)
    async with world.db.transaction() as tx:
        again = actions.new(channel, key="evt_1", kind="task.moved", payload={}, at=tx.now, now=tx.now)
        assert not await store.put(tx, again)
    await courier.deliver_due()
    assert len(receiver.got) == 1


async def test_a_receiver_that_answers_500_for_an_hour_gets_it_after_that(
    world: World, vault: Vault, courier: Courier, receiver: Receiver, clock: FakeClock
) -> None:
    receiver.status = 500
    channel, _ = await _webhook(world, vault, receiver.url)
    made = await _put(world, channel)
    for _ in range(60):
        await courier.deliver_due()
        clock.advance(60)
    failed = await _see(world, made)
    assert (failed.state, failed.last_status) == (DeliveryState.PENDING, 500)
    assert 4 <= len(receiver.got) <= 7  # each try waits longer: it is not hammered
    receiver.status = 200
    clock.advance(HOUR / SECOND * 1.3)
    await courier.deliver_due()
    assert (await _see(world, made)).state is DeliveryState.DELIVERED
    assert {got.header("webhook-id") for got in receiver.got} == {"evt_1"}


async def test_a_receiver_that_hangs_keeps_no_other_channel_waiting(
    world: World, vault: Vault, courier: Courier, receiver: Receiver
) -> None:
    async with Receiver(status=None).listening() as hanging:
        slow, _ = await _webhook(world, vault, hanging.url, name="slow")
        held = [await _put(world, slow, f"evt_{number}") for number in range(20)]
        fast, _ = await _webhook(world, vault, receiver.url, name="fast")
        quick = await _put(world, fast)
        delivering = asyncio.create_task(courier.run())
        while (await _see(world, quick)).state is DeliveryState.PENDING:
            await asyncio.sleep(0.02)
        assert len(hanging.got) <= 2
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)
    assert (await _see(world, quick)).state is DeliveryState.DELIVERED
    assert {(await _see(world, each)).state for each in held} == {DeliveryState.PENDING}


async def test_a_redirect_is_not_followed(world: World, vault: Vault, courier: Courier, receiver: Receiver) -> None:
    async with Receiver(status=307, location=receiver.url).listening() as moved:
        channel, _ = await _webhook(world, vault, moved.url)
        made = await _put(world, channel)
        await courier.deliver_due()
    assert receiver.got == []
    failed = await _see(world, made)
    assert (failed.state, failed.last_status) == (DeliveryState.PENDING, 307)
    assert "redirects are not followed" in (failed.last_error or "")


async def test_what_was_given_up_is_kept_told_and_can_be_replayed(
    world: World, vault: Vault, courier: Courier, receiver: Receiver, clock: FakeClock
) -> None:
    receiver.status = 503
    channel, _ = await _webhook(world, vault, receiver.url)
    made = await _put(world, channel)
    for _ in range(len(RETRY_AFTER) + 1):
        await courier.deliver_due()
        clock.advance(2 * DAY / SECOND)
    dead = await _see(world, made)
    assert (dead.state, dead.attempts) == (DeliveryState.DEAD, len(RETRY_AFTER) + 1)
    assert (await world.told(channel.id))[-1] == "channel.failed"
    assert await courier.deliver_due() == 0
    receiver.status = 204
    async with world.db.transaction() as tx:
        assert await actions.replay(tx, world.member, channel, None) == 1
    await courier.deliver_due()
    assert (await _see(world, made)).state is DeliveryState.DELIVERED
    assert receiver.got[-1].header("webhook-id") == "evt_1"


async def test_a_receiver_that_is_gone_is_not_called_again(
    world: World, vault: Vault, courier: Courier, receiver: Receiver
) -> None:
    receiver.status = 410
    channel, _ = await _webhook(world, vault, receiver.url)
    made = await _put(world, channel)
    await courier.deliver_due()
    async with world.db.read() as tx:
        found = await store.find(tx, world.workspace_id, channel.id)
    assert found is not None
    assert not found.enabled
    assert (await _see(world, made)).state is DeliveryState.DEAD


async def test_a_private_address_is_refused_unless_an_admin_allowed_its_host(
    world: World, vault: Vault, courier: Courier, receiver: Receiver
) -> None:
    # A name that resolves to loopback passes the look at the URL; the connection itself is what is checked.
    async def somewhere(_: str) -> list[str]:
        return ["127.0.0.1"]

    url = f"http://hooks.example.com:{receiver.port}/"
    channel, _ = await _webhook(world, vault, url, private=False)
    made = await _put(world, channel)
    from quarterdeck.kernel import egress  # noqa: PLC0415

    before, egress.system_lookup = egress.system_lookup, somewhere
    try:
        await courier.deliver_due()
    finally:
        egress.system_lookup = before
    assert receiver.got == []
    refused = await _see(world, made)
    assert refused.state is DeliveryState.DEAD
    assert "not a public address" in (refused.last_error or "")


async def test_retry_after_is_heeded(
    world: World, vault: Vault, courier: Courier, receiver: Receiver, clock: FakeClock
) -> None:
    receiver.status, receiver.extra = 429, "retry-after: 7200\r\n"
    channel, _ = await _webhook(world, vault, receiver.url)
    made = await _put(world, channel)
    await courier.deliver_due()
    assert (await _see(world, made)).next_at == clock.now() + 2 * HOUR


async def test_two_processes_send_it_once(world: World, vault: Vault, receiver: Receiver) -> None:
    channel, _ = await _webhook(world, vault, receiver.url)
    for number in range(30):
        await _put(world, channel, f"evt_{number}")
    couriers = [Courier(world.db, vault, timeouts=QUICK) for _ in range(3)]
    while any(await asyncio.gather(*(each.deliver_due() for each in couriers))):
        pass
    assert sorted(got.header("webhook-id") for got in receiver.got) == sorted(f"evt_{number}" for number in range(30))


async def test_what_a_killed_process_had_in_hand_is_sent_by_the_next(
    world: World, vault: Vault, courier: Courier, receiver: Receiver, clock: FakeClock
) -> None:
    channel, _ = await _webhook(world, vault, receiver.url)
    made = await _put(world, channel)
    async with world.db.transaction() as tx:
        assert [each.id for each in await store.take_due(tx, 10, per_channel=2)] == [made.id]
    assert await courier.deliver_due() == 0
    clock.advance(store.LEASE_S + 1)
    assert await courier.deliver_due() == 1
    assert (await _see(world, made)).state is DeliveryState.DELIVERED


async def test_apprise_is_called_under_the_same_guard(
    world: World, vault: Vault, courier: Courier, receiver: Receiver
) -> None:
    made = []
    for name, private in (("closed", False), ("open", True)):
        async with world.db.transaction() as tx:
            url = (
                f"json://localhost:{receiver.port}/x" if private else f"json://127.0.0.1.nip.example:{receiver.port}/x"
            )
            wanted = Wanted(name, url, allow_private=private)
            added = await actions.add(tx, vault, world.member, ChannelKind.APPRISE, wanted, shared=True, service="JSON")
            payload = {"lines": [{"title": "T-1 waits for a review", "body": "See it", "url": "http://q/tasks/1"}]}
            one = actions.new(added.channel, key="k", kind="task.moved", payload=payload, at=tx.now, now=tx.now)
            await store.put(tx, one)
            made.append(one)
    await courier.deliver_due()
    assert (await _see(world, made[0])).state is not DeliveryState.DELIVERED
    assert (await _see(world, made[1])).state is DeliveryState.DELIVERED
    (got,) = receiver.got
    said = json.loads(got.body)
    assert said["title"] == "T-1 waits for a review"
    assert said["message"] == "See it\nhttp://q/tasks/1"


async def test_an_address_is_sealed_and_never_shown(world: World, vault: Vault, receiver: Receiver) -> None:
    channel, secret = await _webhook(world, vault, receiver.url)
    assert channel.shown == f"http://127.0.0.1:{receiver.port}/…"
    assert channel.sealed is not None
    assert secret.encode() not in channel.sealed
    assert b"in-the-query" not in channel.sealed


def test_waits_grow_and_are_jittered() -> None:
    waits = [next_wait(attempt, rng=random.Random(1)) or 0 for attempt in range(1, len(RETRY_AFTER) + 1)]
    assert waits == sorted(waits)
    assert all(0.8 * base <= wait <= 1.2 * base for base, wait in zip(RETRY_AFTER, waits, strict=True))
    assert next_wait(len(RETRY_AFTER) + 1) is None
    assert len({next_wait(1) for _ in range(20)}) > 1

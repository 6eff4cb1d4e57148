"""The loop that empties the channels' queues: at least once, in any number of processes."""

import asyncio
import contextlib
import json
import logging
import ssl
from collections import Counter
from collections.abc import Sequence
from functools import cache
from urllib.parse import urlsplit

from quarterdeck.access.vault import Vault
from quarterdeck.control.channels import addresses, apprise_process, push, signing, store, webpush
from quarterdeck.control.channels.model import (
    Address,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    Outcome,
    allowed_hosts,
    next_wait,
)
from quarterdeck.db import Database
from quarterdeck.db.outbox import wait_up_to
from quarterdeck.gateway.transport import Origin, Request, Timeouts, Transport, UpstreamError
from quarterdeck.kernel.clock import SECOND, iso
from quarterdeck.kernel.egress import Egress, EgressPolicy, EgressRefused, canonical_host
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.kernel.events import Event

LOOK_S = 1.0
RETRY_S = 5.0
AT_ONCE = 16
AT_ONCE_PER_CHANNEL = 2
ANSWER_BYTES = 64 * 1024
TIMEOUTS = Timeouts(connect_s=5.0, first_byte_s=10.0, idle_s=5.0, total_s=15.0)
QUEUED = ("channel.queued", "channel.replayed")
_MOVED = range(300, 400)
GONE = 410
PUSH_GONE = (404, GONE)
log = logging.getLogger("quarterdeck.deliveries")


class Courier:
    """Delivers what is due. One per process."""

    def __init__(
        self, db: Database, vault: Vault, *, timeouts: Timeouts = TIMEOUTS, push_hosts: frozenset[str] = frozenset()
    ) -> None:
        """`push_hosts`: private places that browsers' push services may stand in."""
        self._push_hosts = push_hosts
        self._db = db
        self._vault = vault
        self._timeouts = timeouts
        self._busy: Counter[str] = Counter()
        self._under_way: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        db.on_commit(self._heard)

    def _heard(self, told: Sequence[Event]) -> None:
        """Look at the queue when something was put into it here; what other processes put there is seen in a second."""
        if any(event.kind in QUEUED for event in told):
            self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is tried again by whoever comes next."""
        try:
            while True:
                self._wake.clear()
                wait_s = LOOK_S
                try:
                    await self.start_due()
                except QuarterdeckError as error:
                    log.warning("deliveries_interrupted reason=%s", error.message)
                    wait_s = RETRY_S
                await wait_up_to(self._wake, wait_s)
                await asyncio.sleep(0.05)  # what one commit after the other brings is looked at together
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def deliver_due(self) -> int:
        """Deliver all that is due now and wait until it is done. Returns how many were tried."""
        total = 0
        while started := await self.start_due():
            total += started
            await asyncio.gather(*self._under_way)
        return total

    async def start_due(self) -> int:
        """Begin with as many as there is room for; returns how many."""
        room = AT_ONCE - len(self._under_way)
        if room <= 0:
            return 0
        async with self._db.read() as tx:
            if not await store.is_any_due(tx):
                return 0
        async with self._db.transaction() as tx:
            found = await store.take_due(tx, room, per_channel=AT_ONCE_PER_CHANNEL, busy=self._busy)
        for delivery in found:
            self._busy[delivery.channel_id] += 1
            task = asyncio.create_task(self._deliver(delivery))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return len(found)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            async with self._db.read() as tx:
                channel = await store.find(tx, delivery.workspace_id, delivery.channel_id)
            if channel is not None:
                await self._settle(channel, delivery, await self._attempt(channel, delivery))
        except QuarterdeckError as error:
            # Its lease runs out, and it is tried again.
            log.warning("delivery_not_settled id=%s reason=%s", delivery.id, error.message)
        finally:
            self._busy[delivery.channel_id] -= 1
            self._busy += Counter()
            self._wake.set()

    async def _attempt(self, channel: Channel, delivery: Delivery) -> Outcome:
        try:
            address = await asyncio.to_thread(addresses.opened, channel, self._vault)
        except addresses.NoAddress as error:
            return Outcome(False, error=error.message)
        if channel.kind is ChannelKind.WEBHOOK:
            return await self._post(channel, address, delivery)
        if channel.kind is ChannelKind.PUSH:
            return await self._push(channel, address, delivery)
        title, body = as_text(delivery)
        return await apprise_process.send(address.url, title, body, allow_private=channel.allow_private)

    async def _post(self, channel: Channel, address: Address, delivery: Delivery) -> Outcome:
        body = json.dumps(_webhook(delivery), ensure_ascii=False, separators=(",", ":")).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"user-agent", b"Quarterdeck-Webhook/1"),
        ]
        if address.secret is not None:
            signed = signing.headers(address.secret, delivery.key, body, self._db.clock.now() // SECOND)
            headers += [(name.encode(), value.encode()) for name, value in signed]
        hosts = allowed_hosts(address.url) if channel.allow_private else frozenset[str]()
        return await post(address.url, headers, body, hosts=hosts, timeouts=self._timeouts)

    async def _push(self, channel: Channel, address: Address, delivery: Delivery) -> Outcome:
        async with self._db.read() as tx:
            private = await push.known_key(tx, self._vault, channel.workspace_id)
            contact = await push.contact_of(tx, channel)
        if private is None:
            # Browsers listen to the key that they were given; they would not hear another.
            return Outcome(False, error="The key of push is gone; switch push on again in the browser.", final=True)
        title, body = as_text(delivery)
        said = webpush.message(delivery.payload["lines"], title, body)
        return await post(
            address.url,
            webpush.headers(address.url, private, contact, self._db.clock.now() // SECOND),
            webpush.encrypted(said, push.keys_of(address)),
            hosts=self._push_hosts,
            timeouts=self._timeouts,
        )

    async def _settle(self, channel: Channel, delivery: Delivery, outcome: Outcome) -> None:
        attempts = delivery.attempts + 1
        if channel.kind is ChannelKind.PUSH and outcome.status in PUSH_GONE:
            # The browser let go of its subscription, or is no more: nothing is ever delivered there again.
            async with self._db.transaction() as tx:
                await push.forget(tx, channel)
            log.info("push_subscription_gone channel=%s", channel.id)
            return
        async with self._db.transaction() as tx:
            common = {"attempts": attempts, "last_status": outcome.status, "last_error": outcome.error}
            if outcome.ok:
                done = {"state": DeliveryState.DELIVERED.value, "done_at": tx.now}
                settled = await store.settle(tx, delivery, {**common, **done})
            else:
                wait = None if outcome.final else next_wait(attempts, outcome.retry_after)
                if wait is not None:
                    settled = await store.settle(tx, delivery, {**common, "next_at": tx.now + wait})
                else:
                    dead = {"state": DeliveryState.DEAD.value, "done_at": tx.now}
                    settled = await store.settle(tx, delivery, {**common, **dead})
            if not settled:
                return
            await store.note(tx, channel, ok=outcome.ok, error=outcome.error)
            if outcome.status == GONE:
                await store.update(tx, channel, {"enabled": False})
            if not outcome.ok and wait is None and not delivery.kind.startswith("channel."):
                # A message about a channel that fails is not told again: two broken channels would talk for ever.
                data = {"name": channel.name, "member_id": channel.member_id, "reason": outcome.error}
                await tx.emit(Event(channel.workspace_id, "channel.failed", channel.id, data))
        log.info("delivery channel=%s ok=%s attempts=%d", channel.id, outcome.ok, attempts)


async def post(
    url: str, headers: list[tuple[bytes, bytes]], body: bytes, *, hosts: frozenset[str], timeouts: Timeouts = TIMEOUTS
) -> Outcome:
    """One attempt to tell a receiver, through guarded egress: of private networks it reaches `hosts` alone."""
    # One transport each: what one receiver may be reached by is no other's business, and receivers are called rarely.
    transport = Transport(Egress(EgressPolicy(hosts)), tls=_tls())
    try:
        origin, target = _split(url)
        answer = await transport.send(origin, Request(b"POST", target, headers, body), timeouts)
        with contextlib.suppress(UpstreamError):
            await answer.read(ANSWER_BYTES)
        answer.abort()
        return _outcome(answer.status, dict(answer.headers))
    except (UpstreamError, QuarterdeckError) as error:
        final = isinstance(error, EgressRefused) or getattr(error, "code", "") == EgressRefused.code
        return Outcome(False, error=str(getattr(error, "message", error))[:500], final=final)
    finally:
        await transport.close()


@cache
def _tls() -> ssl.SSLContext:
    found = ssl.create_default_context()
    found.set_alpn_protocols(["http/1.1"])
    return found


def as_text(delivery: Delivery) -> tuple[str, str]:
    """Title and body of a message made of one or more lines."""
    lines = delivery.payload["lines"]
    if len(lines) == 1:
        body = "\n".join(part for part in (lines[0].get("body"), lines[0].get("url")) if part)
        return lines[0]["title"], body or lines[0]["title"]
    parts = []
    for line in lines:
        times = f" ({line['count']}×)" if line.get("count", 1) > 1 else ""
        parts.append("\n".join(part for part in (f"• {line['title']}{times}", line.get("url")) if part))
    more = delivery.payload.get("left_out", 0)
    if more:
        parts.append(f"… and {more} more")
    return f"{len(lines) + more} things happened", "\n".join(parts)


def _webhook(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.key,
        "at": iso(delivery.created_at),
        "workspace_id": delivery.workspace_id,
        **delivery.payload,
    }


def _split(url: str) -> tuple[Origin, bytes]:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Origin(parts.scheme, canonical_host(parts.hostname or ""), port), target.encode()


def _outcome(status: int, headers: dict[bytes, bytes]) -> Outcome:
    if 200 <= status < 300:
        return Outcome(True, status)
    if status in _MOVED:
        return Outcome(False, status, f"It answered {status}: redirects are not followed; enter the new address.")
    after = headers.get(b"retry-after", b"")
    wait = int(after) * SECOND if after.isdigit() and len(after) < 8 else None
    return Outcome(False, status, f"It answered {status}.", final=status == GONE, retry_after=wait)

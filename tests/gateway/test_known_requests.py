"""A request that comes again byte for byte is answered from the cache without being read, and as if it had been."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from gateway_world import KEY, Gateway, gateway_running, key_entry
from limited_world import limit, limited_running

from quarterdeck.gateway.cache import known
from quarterdeck.kernel.clock import SECOND
from quarterdeck.ledger.journal import Journal, JournalFull
from quarterdeck.ledger.record import CallRecord

BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Name three ports."}]}
TOLD_ANEW = {"x-quarterdeck-call-id", "x-quarterdeck-overhead-ms", "x-portkey-trace-id"}


class Asking:
    """One client, whose requests are the same to the byte."""

    def __init__(self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gateway = gateway
        self.unread = 0
        """Requests that were answered without being read."""
        answer = gateway.known.answer

        def watched(request: bytes) -> bytes | None:
            found = answer(request)
            self.unread += found is not None
            return found

        monkeypatch.setattr(gateway.known, "answer", watched)

    async def __call__(self, body: Any = BODY, **headers: str) -> httpx.Response:
        said = {"x-portkey-cache": "simple", **headers}
        return await self.gateway.post("/v1/chat/completions", body, script={"text": "Bergen, Genoa, Izmir."}, **said)

    async def until_known(self, **headers: str) -> httpx.Response:
        """The last answer to a request that was read."""
        for _ in range(3):
            answer = await self(**headers)
        assert len(self.gateway.known) == 1
        assert self.unread == 0
        return answer


@pytest.fixture
async def asking(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Asking:
    return Asking(gateway, monkeypatch)


async def test_the_answer_is_the_one_that_reading_the_request_gives(asking: Asking) -> None:
    read = await asking.until_known(**{"x-quarterdeck-tags": "team=%b100%", "x-quarterdeck-run": "run_1"})
    unread = await asking(**{"x-quarterdeck-tags": "team=%b100%", "x-quarterdeck-run": "run_1"})
    assert asking.unread == 1
    assert unread.status_code == 200
    assert unread.content == read.content
    assert [(name, value) for name, value in unread.headers.raw if name.decode() not in TOLD_ANEW] == [
        (name, value) for name, value in read.headers.raw if name.decode() not in TOLD_ANEW
    ]
    assert [name for name, _ in unread.headers.raw] == [name for name, _ in read.headers.raw]
    for name in ("x-quarterdeck-call-id", "x-portkey-trace-id"):
        assert unread.headers[name] != read.headers[name]
    assert unread.headers["x-portkey-trace-id"] == unread.headers["x-quarterdeck-call-id"]
    assert float(unread.headers["x-quarterdeck-overhead-ms"]) < 1_000


async def test_its_record_is_the_one_that_reading_the_request_makes(asking: Asking) -> None:
    await asking.until_known(**{"x-quarterdeck-run": "run_1", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    answer = await asking(**{"x-quarterdeck-run": "run_1", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    await asking.gateway.record(4)
    *_, read, unread = asking.gateway.records()
    assert asking.unread == 1
    assert unread.id == answer.headers["x-quarterdeck-call-id"]
    assert unread.started > read.started
    assert unread.ended == unread.overhead == unread.first_byte
    assert _timeless(unread) == _timeless(read)
    assert unread.run_id == "run_1"


async def test_it_is_counted_as_any_other_hit(asking: Asking) -> None:
    await asking.until_known()
    await asking()
    metrics = asking.gateway.parts.metrics
    assert metrics.cache == {"miss": 1, "hit": 3}
    assert sum(metrics.calls.values()) == 4
    metrics.exposition()
    assert sum(metrics.overhead_us.counts) == 4


async def test_a_pause_holds_for_the_next_request(asking: Asking) -> None:
    await asking.until_known()
    gateway = asking.gateway
    gateway.agent = msgspec.structs.replace(gateway.agent, desired="paused")
    gateway.publish()
    refused = await asking()
    assert (refused.status_code, refused.headers["x-quarterdeck-code"]) == (403, "agent_paused")
    assert asking.unread == 0


async def test_a_key_that_was_revoked_or_ran_out_is_refused(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = asking.gateway
    soon = gateway.parts.now() + 3_600 * SECOND
    gateway.keys[KEY] = key_entry(expires_at=soon)
    gateway.publish()
    await asking.until_known()
    monkeypatch.setattr(known.time, "time_ns", lambda: soon * 1_000)
    assert "expired" in (await asking()).text
    monkeypatch.undo()
    gateway.keys[KEY] = key_entry(state="revoked")
    gateway.publish()
    assert "revoked" in (await asking()).text


async def test_an_answer_that_was_replaced_or_is_too_old_is_not_given(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = asking.gateway
    await asking.until_known(**{"x-portkey-cache-ttl": "60"})
    await asking(**{"x-portkey-cache-ttl": "60", "x-portkey-cache-force-refresh": "true"})
    await asking(**{"x-portkey-cache-ttl": "60"})
    assert asking.unread == 0, "the answer is another one now"
    assert len(gateway.known) == 1, "and has been learnt"
    await asking(**{"x-portkey-cache-ttl": "60"})
    assert asking.unread == 1
    later = gateway.parts.now() + 61 * SECOND
    monkeypatch.setattr(known.time, "time_ns", lambda: later * 1_000)
    assert (await asking(**{"x-portkey-cache-ttl": "60"})).headers["x-quarterdeck-cache"] == "miss"


async def test_what_limits_and_budgets_are_about_is_always_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with limited_running(tmp_path) as limited:
        asking = Asking(limited.gateway, monkeypatch)
        await limited.in_force(limits=(limit(4),))
        answers = [await asking() for _ in range(6)]
        assert [each.headers["x-quarterdeck-cache"] for each in answers] == ["miss"] + ["hit"] * 5
        assert asking.unread == 0
        assert len(limited.gateway.known) == 0


async def test_a_journal_without_room_refuses_as_ever(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    await asking.until_known()
    monkeypatch.setattr(Journal, "full", property(lambda _: True))
    assert (await asking()).headers["x-quarterdeck-code"] == "journal_full"
    monkeypatch.undo()

    def fails(_journal: Journal, _payload: bytes) -> None:
        raise JournalFull("The journal's disk has no room.")

    monkeypatch.setattr(Journal, "append", fails)
    assert (await asking()).headers["x-quarterdeck-code"] == "journal_full"


async def test_other_bytes_are_another_request(asking: Asking) -> None:
    await asking.until_known()
    other = {**BODY, "messages": [{"role": "user", "content": "Name three forts."}]}
    answer = await asking(other)
    assert answer.headers["x-quarterdeck-cache"] == "miss"
    assert asking.unread == 0


class Raw:
    """A connection on which a request is written as its test wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        body = msgspec.json.encode(BODY)
        self.head = (
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: here\r\nx-portkey-cache: simple\r\n"
            b"authorization: Bearer %b\r\ncontent-length: %d\r\n\r\n" % (KEY.encode(), len(body))
        )
        self.body = body

    async def ask(self, *pieces: bytes) -> bytes:
        """Write these, each when the one before was read, and return the answer's body."""
        for piece in pieces[:-1]:
            self.writer.write(piece)
            await asyncio.sleep(0.002)
        self.writer.write(pieces[-1])
        return await self.answer()

    async def answer(self) -> bytes:
        async with asyncio.timeout(20):
            head = await self.reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            return await self.reader.readexactly(length)


@pytest.fixture
async def raw(gateway: Gateway) -> AsyncIterator[Raw]:
    port = int(gateway.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    gateway.sandbox_rules([{"script": {"text": "Bergen, Genoa, Izmir."}}])
    yield Raw(reader, writer)
    writer.close()


async def test_a_request_may_come_as_a_head_and_its_body_as_most_clients_send_it(asking: Asking, raw: Raw) -> None:
    answers = [await raw.ask(raw.head, raw.body) for _ in range(6)]
    assert len(set(answers)) == 1
    assert len(await asking.gateway.record(6) and asking.gateway.records()) == 6
    assert asking.unread >= 1


async def test_a_head_whose_body_does_not_follow_is_read_like_any_other(asking: Asking, raw: Raw) -> None:
    answers = [await raw.ask(raw.head, raw.body) for _ in range(4)]
    raw.writer.write(raw.head)
    await asyncio.sleep(0.25)
    answers.append(await raw.ask(raw.body[:9], raw.body[9:]))
    answers.append(await raw.ask(raw.head + raw.body))
    assert len(set(answers)) == 1
    assert len(asking.gateway.seen) == 1


async def test_another_body_behind_a_known_head_is_another_request(asking: Asking, raw: Raw) -> None:
    for _ in range(4):
        await raw.ask(raw.head, raw.body)
    before = asking.unread
    await raw.ask(raw.head, raw.body.replace(b"ports", b"forts"))
    assert asking.unread == before
    assert len(asking.gateway.seen) == 2


async def test_requests_sent_ahead_are_all_answered_in_their_order(asking: Asking, raw: Raw) -> None:
    for _ in range(4):
        await raw.ask(raw.head + raw.body)
    assert asking.unread == 1
    other = raw.body.replace(b"ports", b"forts")
    asking.gateway.sandbox_rules([{"script": {"text": "Akershus, Bergenhus."}}])
    raw.writer.write((raw.head + raw.body) * 2 + raw.head + other + raw.head + raw.body)
    answers = [await raw.answer() for _ in range(4)]
    assert [b"Akershus" in each for each in answers] == [False, False, True, False]


async def test_no_more_is_remembered_than_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "MOST", 2)
    async with gateway_running(tmp_path) as gateway:
        asking = Asking(gateway, monkeypatch)
        for number in range(3):
            for _ in range(3):
                await asking({**BODY, "temperature": number / 10})
            assert len(gateway.known) <= 2
        long = {**BODY, "messages": [{"role": "user", "content": "ports " * 4_000}]}
        kept = len(gateway.known)
        for _ in range(4):
            await asking(long)
        assert len(gateway.known) == kept


def _timeless(record: CallRecord) -> CallRecord:
    return msgspec.structs.replace(record, id="", started=0, first_byte=0, ended=0, overhead=0)

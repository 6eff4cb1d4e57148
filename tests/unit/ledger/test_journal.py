"""What was appended is read back: after a crash at any byte, after damage, with a full disk, by whoever reads when."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.kernel.settings import JournalSettings, OnFull
from quarterdeck.ledger import segments
from quarterdeck.ledger.journal import DIRECT_BYTES, Journal, JournalFull, JournalInUse
from quarterdeck.ledger.reader import START, JournalReader
from quarterdeck.ledger.segments import HEAD, OVERHEAD, Position

DROP = JournalSettings(on_full=OnFull.DROP)
SAFE = JournalSettings(fsync=True)


@asynccontextmanager
async def journal(directory: Path, settings: JournalSettings | None = None, **options: Any) -> AsyncIterator[Journal]:
    made = Journal(directory, settings, **{"min_free_bytes": 0, **options})
    try:
        yield made
    finally:
        await made.close()


async def append(to: Journal, *payloads: bytes) -> None:
    waiting = [done for payload in payloads if (done := to.append(payload)) is not None]
    for done in waiting:
        await asyncio.shield(done)


def everything(directory: Path, start: Position = START) -> list[bytes]:
    return JournalReader(directory).read(start, max_records=1_000_000, max_bytes=1 << 30).payloads


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """A disk that takes so much of a file and no more: short writes first, then errors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    payloads = [b"", b"one", b"x" * 5_000, b"y" * (DIRECT_BYTES + 1), b"after", b"z" * 300_000, b"last"]
    async with journal(tmp_path) as writer:
        await append(writer, *payloads)
        assert everything(tmp_path) == payloads
    assert everything(tmp_path) == payloads


async def test_a_small_record_is_written_when_append_returns(tmp_path: Path) -> None:
    async with journal(tmp_path) as writer:
        assert writer.append(b"small") is None
        assert everything(tmp_path) == [b"small"]


async def test_a_large_record_keeps_its_place_before_small_ones_that_follow(tmp_path: Path) -> None:
    async with journal(tmp_path) as writer:
        large = writer.append(b"L" * 1_000_000)
        small = writer.append(b"s")
        assert large is not None
        assert small is not None
        await asyncio.gather(asyncio.shield(large), asyncio.shield(small))
        assert [payload[:1] for payload in everything(tmp_path)] == [b"L", b"s"]


async def test_with_fsync_many_records_share_one_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (syncs.append(fd), real(fd)))
    async with journal(tmp_path, SAFE) as writer:
        await append(writer, *[b"%d" % n for n in range(200)])
    assert everything(tmp_path) == [b"%d" % n for n in range(200)]
    assert 1 <= len(syncs) <= 5


async def test_a_new_start_begins_a_new_segment(tmp_path: Path) -> None:
    for name in (b"first", b"second"):
        async with journal(tmp_path) as writer:
            await append(writer, name)
    assert segments.numbers(tmp_path) == [1, 2]
    assert everything(tmp_path) == [b"first", b"second"]


async def test_segments_rotate_by_size(tmp_path: Path) -> None:
    payloads = [os.urandom(400) for _ in range(20)]
    async with journal(tmp_path, segment_bytes=1_000) as writer:
        await append(writer, *payloads)
    assert len(segments.numbers(tmp_path)) > 5
    assert everything(tmp_path) == payloads


async def test_a_segment_with_records_is_sealed_when_it_is_old(tmp_path: Path) -> None:
    async with journal(tmp_path, segment_age_s=0.02) as writer:
        await append(writer, b"old")
        async with asyncio.timeout(20):
            while segments.numbers(tmp_path) != [1, 2]:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert segments.numbers(tmp_path) == [1, 2], "an empty segment does not age"


async def test_reading_goes_on_where_it_ended(tmp_path: Path) -> None:
    reader, at, found = JournalReader(tmp_path), START, []
    async with journal(tmp_path, segment_bytes=500) as writer:
        for n in range(30):
            await append(writer, b"%d" % n, b"x" * n)
            batch = reader.read(at, max_records=3)
            found += batch.payloads
            at = batch.next
    while (batch := reader.read(at, max_records=3)).payloads:
        found += batch.payloads
        assert batch.positions[-1] == batch.next or batch.next > batch.positions[-1]
        at = batch.next
    assert found == [part for n in range(30) for part in (b"%d" % n, b"x" * n)]


async def test_read_segments_are_deleted_and_the_last_one_stays(tmp_path: Path) -> None:
    async with journal(tmp_path, segment_bytes=200) as writer:
        await append(writer, *[b"x" * 150] * 4)
        reader = JournalReader(tmp_path)
        at = reader.read(START, max_records=100).next
        assert reader.delete_before(at) == 2
        await append(writer, b"more")
        assert reader.read(at, max_records=100).payloads == [b"more"]


async def test_two_gateways_cannot_share_a_journal(tmp_path: Path) -> None:
    async with journal(tmp_path):
        with pytest.raises(JournalInUse):
            Journal(tmp_path)


async def test_a_torn_tail_is_left_out_at_whatever_byte_it_was_torn(tmp_path: Path) -> None:
    kept, torn = [b"first", b"second"], os.urandom(40)
    async with journal(tmp_path) as writer:
        await append(writer, *kept, torn)
    path = segments.path_of(tmp_path, 1)
    data = path.read_bytes()
    async with journal(tmp_path) as writer:
        await append(writer, b"after the crash")
    for cut in range(len(data) - OVERHEAD - len(torn), len(data)):
        path.write_bytes(data[:cut])
        assert everything(tmp_path) == [*kept, b"after the crash"], cut
    path.write_bytes(data)
    assert everything(tmp_path) == [*kept, torn, b"after the crash"]


async def test_a_record_that_is_half_written_is_waited_for(tmp_path: Path) -> None:
    async with journal(tmp_path) as writer:
        await append(writer, b"first", b"second" * 100)
    path, reader = segments.path_of(tmp_path, 1), JournalReader(tmp_path)
    data = path.read_bytes()
    for cut in range(len(HEAD) + OVERHEAD + 5, len(data)):
        path.write_bytes(data[:cut])
        batch = reader.read(START, max_records=10)
        assert batch.payloads == [b"first"]
        assert batch.damage == []
    path.write_bytes(data)
    assert reader.read(batch.next, max_records=10).payloads == [b"second" * 100]


@pytest.mark.parametrize("last", [True, False], ids=["in the last segment", "in a sealed segment"])
async def test_damage_in_the_middle_is_skipped_and_told(tmp_path: Path, last: bool) -> None:
    payloads = [bytes([n]) * 50 for n in range(5)]
    async with journal(tmp_path) as writer:
        await append(writer, *payloads)
    if not last:
        async with journal(tmp_path):
            pass
    path = segments.path_of(tmp_path, 1)
    data = path.read_bytes()
    record = OVERHEAD + 50
    third = len(HEAD) + 2 * record
    for at in [third, third + 1, third + 9, *range(third + OVERHEAD, third + record)]:
        path.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        batch = JournalReader(tmp_path).read(START, max_records=100)
        assert batch.payloads == [payload for payload in payloads if payload != payloads[2]], at
        assert [(each.at, each.length) for each in batch.damage] == [(Position(1, third), record)]


async def test_a_damaged_length_never_stops_reading_for_good(tmp_path: Path) -> None:
    payloads = [bytes([n]) * 50 for n in range(3)]
    async with journal(tmp_path) as writer:
        await append(writer, *payloads)
    path = segments.path_of(tmp_path, 1)
    data = bytearray(path.read_bytes())
    data[len(HEAD) + 4 : len(HEAD) + 8] = (500_000_000).to_bytes(4, "little")
    path.write_bytes(data)
    async with journal(tmp_path) as writer:
        await append(writer, b"next")
    assert everything(tmp_path) == [*payloads[1:], b"next"]


async def test_damage_larger_than_a_read_is_skipped(tmp_path: Path) -> None:
    async with journal(tmp_path) as writer:
        await append(writer, b"first", b"x" * 900_000, b"last")
    path = segments.path_of(tmp_path, 1)
    data = bytearray(path.read_bytes())
    begin = len(HEAD) + OVERHEAD + 5
    data[begin : begin + OVERHEAD + 10] = bytes(OVERHEAD + 10)
    path.write_bytes(data)
    batch = JournalReader(tmp_path).read(START, max_records=10, max_bytes=1_000)
    assert batch.payloads == [b"first"]
    batch = JournalReader(tmp_path).read(batch.next, max_records=10, max_bytes=1_000)
    assert batch.payloads == [b"last"]


async def test_a_body_that_holds_records_forges_none(tmp_path: Path) -> None:
    forged = b"".join(segments.buffers([b"forged"], 0)) + b"".join(segments.buffers([b"x"], segments.seed_of("id", 1)))
    async with journal(tmp_path) as writer:
        await append(writer, b"true", b"head" + forged + b"tail")
    path = segments.path_of(tmp_path, 1)
    path.write_bytes(path.read_bytes()[:-1])
    async with journal(tmp_path):
        pass
    assert everything(tmp_path) == [b"true"]


async def test_an_offset_in_a_journal_that_was_thrown_away_is_told_by_its_id(tmp_path: Path) -> None:
    names = []
    for each in ("a", "b"):
        async with journal(tmp_path / each):
            names.append(JournalReader(tmp_path / each).id)
    assert names[0] != names[1]


@pytest.mark.parametrize("size", [10, 3_000, 300_000], ids=["small", "middling", "large"])
async def test_a_full_disk_refuses_the_record_and_keeps_the_segment_whole(tmp_path: Path, size: int) -> None:
    async with journal(tmp_path) as writer:
        await append(writer, b"before")
        with largest_file(100 + size // 2), pytest.raises(JournalFull):
            for _ in range(12):
                await append(writer, b"x" * size)
        assert writer.full
        kept = everything(tmp_path)
        assert kept[0] == b"before"
        await append(writer, b"room again")
        batch = JournalReader(tmp_path).read(START, max_records=100)
        assert batch.payloads == [*kept, b"room again"]
        assert batch.damage == []


async def test_a_full_disk_drops_and_counts_when_told_to(tmp_path: Path) -> None:
    async with journal(tmp_path, DROP) as writer:
        await append(writer, b"before")
        with largest_file(500):
            await append(writer, b"x" * 600)
            await append(writer, b"y" * 300_000)
        assert not writer.full, "calls go on"
        assert writer.dropped == 2
        assert everything(tmp_path) == [b"before"]


async def test_it_is_full_before_the_disk_is(tmp_path: Path) -> None:
    async with journal(tmp_path, min_free_bytes=1 << 60) as writer:
        assert writer.full
        assert writer.append(b"a call under way") is None, "there is still room for what has begun"
    async with journal(tmp_path, DROP, min_free_bytes=1 << 60) as writer:
        await append(writer, b"not written")
        assert writer.dropped == 1
    assert everything(tmp_path) == [b"a call under way"]


async def test_a_journal_that_nobody_reads_fills_up_and_empties_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.ledger.journal.LOOK_S", 0.0)
    async with journal(tmp_path, segment_bytes=1_000, max_bytes=5_000) as writer:
        while not writer.full:
            await append(writer, b"x" * 500)
        assert len(everything(tmp_path)) in range(8, 12)
        reader = JournalReader(tmp_path)
        reader.delete_before(reader.read(START, max_records=100).next)
        assert not writer.full


async def test_what_stands_after_a_position_is_counted(tmp_path: Path) -> None:
    async with journal(tmp_path, segment_bytes=300) as writer:
        await append(writer, *[b"%03d" % n for n in range(60)])
        reader = JournalReader(tmp_path)
        batch = reader.read(START, max_records=12)
        backlog = reader.backlog(batch.next)
        assert backlog.records == 48
        assert backlog.size == 48 * (OVERHEAD + 3)
        assert backlog.oldest == b"012"
        while batch.payloads:
            batch = reader.read(batch.next, max_records=100)
        assert reader.backlog(batch.next).records == 0


CHILD = """
import asyncio, sys
from pathlib import Path
from quarterdeck.ledger.journal import Journal

async def main():
    journal = Journal(Path(sys.argv[1]), segment_bytes=100_000, min_free_bytes=0)
    number = 0
    while True:
        number += 1
        size = 200_000 if number % 50 == 0 else 300
        done = journal.append(number.to_bytes(8, "big") + bytes(size))
        if done is not None:
            await asyncio.shield(done)
        sys.stdout.buffer.write(number.to_bytes(8, "big"))
        sys.stdout.buffer.flush()

asyncio.run(main())
"""


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    for again in range(5):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path / str(again))], stdout=subprocess.PIPE)
        assert child.stdout is not None
        acknowledged = child.stdout.read(8 * (50 + 137 * again))
        child.send_signal(signal.SIGKILL)
        acknowledged += child.stdout.read()
        child.stdout.close()
        child.wait()
        last = len(acknowledged) // 8
        found = everything(tmp_path / str(again))
        assert [int.from_bytes(payload[:8], "big") for payload in found][:last] == list(range(1, last + 1))
        assert len(found) <= last + 1

"""The journal's writer: a call's record is on its way to disk before the caller sees the last byte of its answer.

Small records are written at once: a vectored write of 2 KB costs two microseconds, less than asking for it later.
Large ones, and all of them with `fsync`, go through one thread that writes whatever has gathered and syncs once.
"""

import asyncio
import fcntl
import logging
import os
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.kernel.settings import JournalSettings, OnFull
from quarterdeck.ledger import segments
from quarterdeck.ledger.segments import Position

DIRECT_BYTES = 64 << 10
"""Up to this size a record is written on the event loop."""
LOOK_S = 1.0
"""How often the room left is looked at."""
_VECTORS = 512
log = logging.getLogger("quarterdeck.journal")


class JournalFull(QuarterdeckError):
    """There is no room for the record and the policy is to refuse."""

    status = 503
    code = "journal_full"


class JournalInUse(QuarterdeckError):
    """Another process writes this journal; two gateways need two directories."""

    code = "journal_in_use"


class Journal:
    """Appends records to the segments of one directory. One per gateway process, used from its event loop."""

    def __init__(
        self,
        directory: Path,
        settings: JournalSettings | None = None,
        *,
        segment_bytes: int = 64 << 20,
        segment_age_s: float = 300.0,
        max_bytes: int | None = None,
        min_free_bytes: int = 256 << 20,
    ) -> None:
        """Open the journal and begin a new segment; an older one is never written to again.

        When the segments together pass `max_bytes`, or the disk has less than `min_free_bytes` left, the journal is
        full. Raises JournalInUse.
        """
        settings = settings or JournalSettings()
        self.dropped = 0
        """Records that were not written because the journal was full and full means drop."""
        self.observer: Callable[[Position | None], None] | None = None
        """Told once for each record, in the order of `append`, where it ends; None when it could not be written."""
        self._unwritten = 0
        self.directory = directory
        self._fsync = settings.fsync
        self._drop = settings.on_full is OnFull.DROP
        self._segment_bytes = segment_bytes
        self._segment_age_s = segment_age_s
        self._max_bytes = max_bytes
        self._min_free_bytes = min_free_bytes
        self._no_room = False
        self._looked = 0.0
        self._queue: list[bytes] = []
        self._queued: asyncio.Future[None] | None = None
        self._working: asyncio.Future[None] | None = None
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _lock(directory)
        self._id = _identify(directory)
        self._seed = 0
        self._number = max(segments.numbers(directory), default=0)
        self._fd = -1
        self._size = 0
        self._sealing: asyncio.TimerHandle | None = None
        self._rotate()
        self._look()

    @property
    def full(self) -> bool:
        """Whether new calls must be refused. Calls under way are still written while the disk takes them."""
        if self._no_room and time.monotonic() - self._looked > LOOK_S:
            self._look()
        return self._no_room and not self._drop

    @property
    def at_once(self) -> bool:
        """Whether a small record would be written before `append` returns."""
        return self._working is None and not self._fsync

    @property
    def id(self) -> str:
        """The journal's identity, as whoever reads it knows it."""
        return self._id

    @property
    def position(self) -> Position:
        """The place after everything that is written."""
        return Position(self._number, self._size)

    @property
    def unwritten(self) -> int:
        """Records that were taken and are not written yet."""
        return self._unwritten

    async def flushed(self) -> None:
        """Return once all that was taken before this call is written, or could not be."""
        while self._working is not None:
            await asyncio.wait([self._working])
            await asyncio.sleep(0)

    def append(self, payload: bytes) -> "asyncio.Future[None] | None":
        """Write a record. None: it is written. Else a future, shared with others, so shield it: done when written.

        Written means that it survives the end of this process; with `fsync` also that of the machine.
        Raises JournalFull, here or through the future.
        """
        if time.monotonic() - self._looked > LOOK_S:
            self._look()
        if self._no_room and self._drop and self._working is None:
            self.dropped += 1
            self._observe(None)
            return None
        if self.at_once and len(payload) <= DIRECT_BYTES:
            self._write_now(payload)
            return None
        return self._write_soon(payload)

    async def close(self) -> None:
        """Write what has gathered, then stop."""
        self._closed = True
        while self._working is not None:
            await asyncio.wait([self._working])
            await asyncio.sleep(0)
        if self._sealing is not None:
            self._sealing.cancel()
        self._thread.shutdown()
        if self._fd >= 0:
            os.close(self._fd)
        os.close(self._lock)

    def _write_now(self, payload: bytes) -> None:
        try:
            self._size += _write_all(self._fd, segments.record(payload, self._seed))
        except OSError as error:
            self._cut_back()
            self._failed(error)
            self._observe(None)
            if not self._drop:
                raise self._full_error() from error
            self.dropped += 1
        else:
            if self.observer is not None:
                self.observer(Position(self._number, self._size))
        if self._sealing is None or self._size >= self._segment_bytes:
            self._written()

    def _write_soon(self, payload: bytes) -> "asyncio.Future[None]":
        if self._queued is None:
            self._queued = asyncio.get_running_loop().create_future()
            # Whoever waits hears of a failure; that nobody may be left to wait is no error of its own.
            self._queued.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._queue.append(payload)
        self._unwritten += 1
        queued = self._queued
        if self._working is None:
            self._start_writing()
        return queued

    def _start_writing(self) -> None:
        payloads, promise = self._queue, self._queued
        assert promise is not None
        self._queue, self._queued = [], None
        working = self._working = asyncio.get_running_loop().run_in_executor(self._thread, self._write, payloads)

        def finished(done: "asyncio.Future[None]") -> None:
            self._working = None
            error = done.exception()
            self._observe_all(payloads, written=error is None)
            if error is not None:
                self._failed(error)
                if self._drop and isinstance(error, OSError):
                    self.dropped += len(payloads)
                    error = None
            if not promise.done():
                if error is None:
                    promise.set_result(None)
                else:
                    promise.set_exception(self._full_error())
            self._written()
            if self._queue:
                self._start_writing()

        working.add_done_callback(finished)

    def _observe(self, end: Position | None) -> None:
        if self.observer is not None:
            self.observer(end)

    def _observe_all(self, payloads: Sequence[bytes], *, written: bool) -> None:
        """Say of each record of a batch where it ended."""
        self._unwritten -= len(payloads)
        if self.observer is None:
            return
        end = self._size - sum(segments.OVERHEAD + len(payload) for payload in payloads)
        for payload in payloads:
            end += segments.OVERHEAD + len(payload)
            self.observer(Position(self._number, end) if written else None)

    def _write(self, payloads: Sequence[bytes]) -> None:
        """Write whole records, or leave the segment as it was. Runs on the loop or in the thread, never on both."""
        parts = segments.buffers(payloads, self._seed)
        try:
            written = 0
            for start in range(0, len(parts), _VECTORS):
                written += _write_all(self._fd, parts[start : start + _VECTORS])
            if self._fsync:
                os.fdatasync(self._fd)
        except OSError:
            self._cut_back()
            raise
        self._size += written

    def _cut_back(self) -> None:
        """Take away what a write that failed left of its records."""
        os.ftruncate(self._fd, self._size)

    def _written(self) -> None:
        """After a write, on the loop: begin a new segment when this one is large, or plan to when it gets old."""
        if self._size >= self._segment_bytes:
            self._rotate()
        elif self._sealing is None and not self._closed and self._size > len(segments.HEAD):
            self._sealing = asyncio.get_running_loop().call_later(self._segment_age_s, self._grew_old)

    def _grew_old(self) -> None:
        self._sealing = None
        if self._working is not None:
            self._sealing = asyncio.get_running_loop().call_later(LOOK_S, self._grew_old)
        else:
            self._rotate()

    def _rotate(self) -> None:
        """Begin the next segment. That it exists says that the one before is complete."""
        if self._sealing is not None:
            self._sealing.cancel()
            self._sealing = None
        number = self._number + 1
        try:
            fd = self._begin(segments.path_of(self.directory, number))
        except OSError as error:
            # The old segment still takes records, if anything does.
            self._failed(error)
            return
        if self._fd >= 0:
            os.close(self._fd)
        self._number, self._fd, self._size = number, fd, len(segments.HEAD)
        self._seed = segments.seed_of(self._id, number)

    def _begin(self, path: Path) -> int:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            _write_all(fd, [segments.HEAD])
            if self._fsync:
                os.fsync(fd)
                _sync_directory(self.directory)
        except OSError:
            os.close(fd)
            path.unlink()
            raise
        return fd

    def _failed(self, error: BaseException) -> None:
        log.error("journal_write_failed segment=%d error=%s", self._number, error)
        self._looked = time.monotonic()
        self._no_room = True

    def _full_error(self) -> JournalFull:
        return JournalFull("The journal's disk has no room for the record of this call; free some space.")

    def _look(self) -> None:
        """See whether there is room."""
        self._looked = time.monotonic()
        try:
            disk = os.statvfs(self.directory)
            had_room, free = not self._no_room, disk.f_bavail * disk.f_frsize
            self._no_room = free < self._min_free_bytes or (
                self._max_bytes is not None and size_of(self.directory) > self._max_bytes
            )
        except OSError as error:
            self._failed(error)
            return
        if had_room == self._no_room:
            log.warning("journal_%s free_bytes=%d", "full" if self._no_room else "has_room", free)
        if self._fd < 0 and not self._no_room:
            self._rotate()


def size_of(directory: Path) -> int:
    """Bytes of all segments of a journal."""
    total = 0
    for number in segments.numbers(directory):
        try:
            total += segments.path_of(directory, number).stat().st_size
        except FileNotFoundError:
            continue  # the ingester was done with it
    return total


def _write_all(fd: int, parts: Sequence[bytes]) -> int:
    """A vectored write that goes on where a short one stopped. Raises OSError."""
    total = sum(map(len, parts))
    written = os.writev(fd, parts)
    if written < total:
        rest = memoryview(b"".join(parts))
        while written < total:
            written += os.write(fd, rest[written:])
    return total


def _lock(directory: Path) -> int:
    fd = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        raise JournalInUse(f"Another process writes the journal in {directory}.") from error
    return fd


def _identify(directory: Path) -> str:
    """The journal's identity: an offset in one that was thrown away is never taken for one in its successor."""
    path = directory / segments.ID_FILE
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.write_text(uuid.uuid4().hex)
        fresh.replace(path)
    return path.read_text()


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

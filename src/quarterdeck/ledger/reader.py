"""The journal's reader: records in the order they were written, from a position on, in whatever state the files are."""

import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

from quarterdeck.ledger import segments
from quarterdeck.ledger.segments import Damage, Position

START = Position(0, 0)
COUNTED = 100_000
PIECE = 64 << 10
log = logging.getLogger("quarterdeck.journal")


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records, and the position after them."""

    payloads: list[bytes]
    positions: list[Position]
    """The position after each."""
    next: Position
    damage: list[Damage]


@dataclass(frozen=True, slots=True)
class Backlog:
    """What has been written and not been read yet. `oldest` is the first such record's payload."""

    records: int
    size: int
    oldest: bytes | None


class JournalReader:
    """Reads one journal, whether its writer is running or not. Every method is blocking."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def id(self) -> str:
        """The journal's identity; a journal that was thrown away and begun anew has another."""
        try:
            return (self.directory / segments.ID_FILE).read_text().strip()
        except FileNotFoundError:
            return self.directory.name

    def holds(self, position: Position) -> bool:
        """Whether everything written behind a position is still here: its segment is, or nothing behind it ever was."""
        found = segments.numbers(self.directory)
        return position.segment in found or not found or position.segment > found[-1]

    def read(self, position: Position, *, max_records: int, max_bytes: int = 16 << 20) -> Batch:
        """Whole records from `position` on, about `max_bytes` of them at the most; no payloads when nothing is new.

        A tail that is not whole is waited for while its segment is the last, and left out once there is a later one.
        """
        journal_id = self.id
        payloads: list[bytes] = []
        positions: list[Position] = []
        damage: list[Damage] = []
        numbers = [number for number in segments.numbers(self.directory) if number >= position.segment]
        for number in numbers:
            if number != position.segment:
                position = Position(number, 0)
            start = position.offset
            # Only what was read after its successor existed is complete: the list came before the file.
            sealed = number != numbers[-1]
            found, ended = self._scan(journal_id, position, sealed, max_records - len(payloads), max_bytes)
            payloads += found.payloads
            positions += [Position(number, end) for end in found.ends]
            damage += [Damage(Position(number, at), length) for at, length in found.damage]
            position = Position(number, found.next)
            max_bytes -= found.next - start
            if not (found.exhausted and sealed) or max_bytes <= 0:
                break
            if found.next < ended:
                log.warning("journal_torn_tail journal=%s segment=%d offset=%d", self.directory, number, found.next)
        return Batch(payloads, positions, position, damage)

    def _scan(
        self, journal_id: str, position: Position, sealed: bool, max_records: int, max_bytes: int
    ) -> tuple[segments.Scan, int]:
        """Scan a piece of one segment; also says where the segment ends, or -1 when the piece does not reach it.

        A piece in which nothing but damage begins is enlarged until something is found or the segment ends.
        """
        path, seed = segments.path_of(self.directory, position.segment), segments.seed_of(journal_id, position.segment)
        while True:
            data, ended = _piece(path, position.offset, max_bytes)
            found = segments.scan(data, seed, base=position.offset, whole=sealed and ended, max_records=max_records)
            if found.payloads or ended or not found.exhausted:
                exhausted = found.exhausted and ended
                end = position.offset + len(data) if ended else -1
                return replace(found, exhausted=exhausted), end
            max_bytes *= 4

    def delete_before(self, position: Position) -> int:
        """Delete the segments that have been read whole; those before the position's. Returns how many."""
        done = [number for number in segments.numbers(self.directory) if number < position.segment]
        for number in done:
            segments.path_of(self.directory, number).unlink(missing_ok=True)
        return len(done)

    def backlog(self, position: Position) -> Backlog:
        """What stands after the position; counting stops at a hundred thousand."""
        records, size, oldest = 0, 0, None
        for number in segments.numbers(self.directory):
            if number < position.segment:
                continue
            path = segments.path_of(self.directory, number)
            start = max(position.offset if number == position.segment else 0, len(segments.HEAD))
            try:
                size += max(0, path.stat().st_size - start)
                records += _count(path, start, COUNTED - records)
            except FileNotFoundError:
                continue
            if oldest is None:
                batch = self.read(Position(number, start), max_records=1, max_bytes=PIECE)
                oldest = next(iter(batch.payloads), None)
        return Backlog(records, size, oldest)


def _piece(path: Path, offset: int, size: int) -> tuple[bytes, bool]:
    """About `size` bytes from `offset` on, at least one record of them; and whether they reach the end of the file.

    Read and not mapped: the writer may cut a failed write off, and touching a mapping beyond the end is fatal.
    """
    try:
        with path.open("rb", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            head = os.pread(file.fileno(), segments.OVERHEAD, offset)
            wanted = max(size, segments.length_at(head) or 0)
            data = os.pread(file.fileno(), wanted, offset)
            return data, offset + len(data) >= end
    except FileNotFoundError:
        return b"", True


def _count(path: Path, offset: int, limit: int) -> int:
    """How many records seem to stand from `offset` on, by their lengths alone; at most `limit`."""
    found = 0
    with path.open("rb", buffering=0) as file:
        while found < limit:
            length = segments.length_at(os.pread(file.fileno(), segments.OVERHEAD, offset))
            if length is None:
                break
            offset += length
            found += 1
    return found

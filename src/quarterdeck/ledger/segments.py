"""The journal's file format. A segment is a head, then records: mark, length, checksum, payload.

A record is whole when its checksum agrees. What is not whole at the end of a segment is a torn tail and is left out;
what is not whole in the middle is damage: reading goes on at the next whole record, and the damage is told.
"""

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

HEAD = b"QDJ\x01\r\n\x1a\n"
MARK = b"\xf7qd\xa3"
RECORD = struct.Struct("<4sII")
OVERHEAD = RECORD.size
MAX_PAYLOAD = 1 << 30
SUFFIX = ".qdj"
ID_FILE = "journal.id"
_NAME = re.compile(r"(\d{8,})\.qdj\Z")


class Position(NamedTuple):
    """A place in a journal: the byte `offset` of segment number `segment`."""

    segment: int
    offset: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a segment that are no record, with a whole record after them."""

    at: Position
    length: int


@dataclass(frozen=True, slots=True)
class Scan:
    """Whole records of one segment, from an offset on."""

    payloads: list[bytes]
    ends: list[int]
    """The offset after each."""
    next: int
    """Where to read on."""
    damage: list[tuple[int, int]]
    """(offset, length)"""
    exhausted: bool
    """No whole record stands at `next` or after it, as of now."""


def path_of(directory: Path, number: int) -> Path:
    return directory / f"{number:08d}{SUFFIX}"


def numbers(directory: Path) -> list[int]:
    """The segments of a journal, oldest first; none when the directory is not there."""
    try:
        names = [path.name for path in directory.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(int(found[1]) for name in names if (found := _NAME.match(name)))


def seed_of(journal_id: str, number: int) -> int:
    """What checksums of a segment begin with: a body that holds a forged record does not know it."""
    return zlib.crc32(f"{journal_id}/{number}".encode())


def buffers(payloads: Sequence[bytes], seed: int) -> list[bytes]:
    """What is written for payloads, as buffers for one vectored write."""
    return [part for payload in payloads for part in record(payload, seed)]


def record(payload: bytes, seed: int) -> tuple[bytes, bytes]:
    """The same for one payload."""
    length = len(payload)
    return RECORD.pack(MARK, length, zlib.crc32(payload, seed ^ length)), payload


def scan(data: bytes, seed: int, *, base: int, whole: bool, max_records: int) -> Scan:
    """Whole records in a piece of a segment that begins at offset `base`.

    `whole` says that the piece reaches the end of a segment that will not grow. Else a record that the piece ends in
    is waited for, and not taken for damage.
    """
    view = memoryview(data)
    payloads: list[bytes] = []
    ends: list[int] = []
    damage: list[tuple[int, int]] = []
    at = len(HEAD) if base == 0 and data[: len(HEAD)] == HEAD else 0
    while len(payloads) < max_records:
        end = _end_of(view, at, seed)
        if end is None:
            if not whole and _goes_on(view, at):
                return Scan(payloads, ends, base + at, damage, exhausted=True)
            found = next((mark for mark in _marks(view, at + 1) if _end_of(view, mark, seed) is not None), None)
            if found is None:
                return Scan(payloads, ends, base + at, damage, exhausted=True)
            damage.append((base + at, found - at))
            at = found
            continue
        payloads.append(data[at + OVERHEAD : end])
        ends.append(base + end)
        at = end
    return Scan(payloads, ends, base + at, damage, exhausted=False)


def length_at(head: bytes) -> int | None:
    """Bytes of the record that begins with `head`, by its own word; None when it is not the beginning of one."""
    if len(head) < OVERHEAD:
        return None
    mark, length, _ = RECORD.unpack_from(head)
    return OVERHEAD + length if mark == MARK and length <= MAX_PAYLOAD else None


def _goes_on(view: memoryview, at: int) -> bool:
    """Whether the piece ends inside of what may be a record."""
    rest = len(view) - at
    if rest < OVERHEAD:
        return bytes(view[at : at + len(MARK)]) == MARK[:rest]
    length = length_at(bytes(view[at : at + OVERHEAD]))
    return length is not None and length > rest


def _end_of(view: memoryview, at: int, seed: int) -> int | None:
    """Where the whole record at `at` ends; None when there is none."""
    if at + OVERHEAD > len(view):
        return None
    mark, length, checksum = RECORD.unpack_from(view, at)
    end: int = at + OVERHEAD + length
    if mark != MARK or end > len(view):
        return None
    return end if zlib.crc32(view[at + OVERHEAD : end], seed ^ length) == checksum else None


def _marks(view: memoryview, start: int) -> Iterator[int]:
    """Where the mark stands from `start` on, searched in pieces so that a large segment is not copied whole."""
    step, reach = 1 << 20, len(MARK) - 1
    for base in range(start, len(view), step):
        piece = bytes(view[base : base + step + reach])
        at = piece.find(MARK)
        while at >= 0:
            yield base + at
            at = piece.find(MARK, at + 1)

"""Where bodies rest: files of compressed blocks, a directory per workspace and week, so that a week goes at once.

A block is one zstd frame that many contents share. It is flushed after each batch and goes on with the next: what was
written can be read at once, and small contents still compress as if they had been written together. Files are only
ever appended to; bytes that no row points to (a crash came between writing and committing) are just never read.
"""

import os
import re
import shutil
import struct
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import zstandard

from quarterdeck.kernel.errors import NotFound

BLOCK_BYTES = 256 << 10
PACK_BYTES = 64 << 20
LEVEL = 1
"""Measured on recorded traffic: a higher level saves 2 % and takes several times as long."""
_KEPT_OPEN = 64
_READ_BYTES = 64 << 10
_PLACE = struct.Struct("<IQII")
_SAFE = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


class BodyGone(NotFound):
    """The content was kept once and is no more, or its file is damaged."""

    code = "body_not_kept"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a content is: `length` bytes from `start` of the unpacked block at offset `block` of file number `pack`."""

    pack: int
    block: int
    start: int
    length: int

    def encode(self) -> bytes:
        return _PLACE.pack(self.pack, self.block, self.start, self.length)

    @classmethod
    def decode(cls, data: bytes) -> "Place":
        """Raises struct.error."""
        return cls(*_PLACE.unpack(data))


class Packs:
    """Reads and writes the packs below one directory. Every method is blocking and may be called from any thread.

    Two processes that write the same week write different files.
    """

    def __init__(
        self, directory: Path, *, sync: bool = True, block_bytes: int = BLOCK_BYTES, pack_bytes: int = PACK_BYTES
    ) -> None:
        """With `sync`, what `add` returned survives the end of the machine and not only that of the process."""
        self._directory = directory
        self._sync = sync
        self._block_bytes = block_bytes
        self._pack_bytes = pack_bytes
        self._open: OrderedDict[tuple[str, int], _Writer] = OrderedDict()
        self._writing = threading.Lock()

    def add(self, workspace_id: str, epoch: int, contents: Sequence[bytes]) -> list[Place]:
        """Write contents and say where they are. Raises OSError; what was half written then is never read."""
        with self._writing:
            writer = self._writer(workspace_id, epoch)
            try:
                return writer.add(contents)
            except OSError:
                # Where its file and its block stand is unknown now: the next batch begins a new file.
                del self._open[(workspace_id, epoch)]
                writer.close()
                raise

    def read(self, workspace_id: str, epoch: int, places: Sequence[Place]) -> list[bytes]:
        """The contents at these places, in their order; each block is unpacked once. Raises BodyGone."""
        wanted: dict[tuple[int, int], int] = defaultdict(int)
        for place in places:
            block = (place.pack, place.block)
            wanted[block] = max(wanted[block], place.start + place.length)
        unpacked = {
            (pack, block): _unpack(self._path(workspace_id, epoch, pack), block, needed)
            for (pack, block), needed in wanted.items()
        }
        return [unpacked[(place.pack, place.block)][place.start : place.start + place.length] for place in places]

    def epochs(self) -> dict[str, list[int]]:
        """The weeks that have files, by workspace."""
        return {
            workspace.name: sorted(int(week.name) for week in workspace.iterdir() if week.name.isdigit())
            for workspace in self._children()
        }

    def drop(self, workspace_id: str, epoch: int) -> int:
        """Delete the files of a week; returns the bytes that this frees."""
        with self._writing:
            writer = self._open.pop((workspace_id, epoch), None)
            if writer is not None:
                writer.close()
        directory = self._week(workspace_id, epoch)
        freed = sum(_sizes(directory))
        shutil.rmtree(directory, ignore_errors=True)
        return freed

    def size(self) -> int:
        """Bytes of all packs."""
        return sum(size for workspace in self._children() for size in _sizes(workspace))

    def close(self) -> None:
        with self._writing:
            while self._open:
                self._open.popitem()[1].close()

    def _children(self) -> list[Path]:
        return [path for path in self._directory.iterdir() if path.is_dir()] if self._directory.is_dir() else []

    def _writer(self, workspace_id: str, epoch: int) -> "_Writer":
        writer = self._open.get((workspace_id, epoch))
        if writer is None or writer.size >= self._pack_bytes:
            if writer is not None:
                writer.close()
            writer = _Writer(self._week(workspace_id, epoch), self._block_bytes, sync=self._sync)
            self._open[(workspace_id, epoch)] = writer
        self._open.move_to_end((workspace_id, epoch))
        while len(self._open) > _KEPT_OPEN:
            self._open.popitem(last=False)[1].close()
        return writer

    def _week(self, workspace_id: str, epoch: int) -> Path:
        if not may_name_directory(workspace_id):
            raise ValueError(f"{workspace_id!r} cannot name a directory")
        return self._directory / workspace_id / str(epoch)

    def _path(self, workspace_id: str, epoch: int, pack: int) -> Path:
        return self._week(workspace_id, epoch) / _name(pack)


class _Writer:
    """Appends to one pack file, which it makes."""

    def __init__(self, directory: Path, block_bytes: int, *, sync: bool) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._block_bytes = block_bytes
        self._sync = sync
        self._number, self._fd = _create(directory)
        self._compressor = zstandard.ZstdCompressor(level=LEVEL)
        self._frame = self._compressor.compressobj()
        self._block = 0
        self._unpacked = 0
        self.size = 0
        if sync:
            _sync(directory)

    def add(self, contents: Sequence[bytes]) -> list[Place]:
        places: list[Place] = []
        packed: list[bytes] = []
        size = self.size
        for content in contents:
            places.append(Place(self._number, self._block, self._unpacked, len(content)))
            packed.append(self._frame.compress(content))
            self._unpacked += len(content)
            size += len(packed[-1])
            if self._unpacked >= self._block_bytes:
                packed.append(self._frame.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH))
                size += len(packed[-1])
                self._frame, self._block, self._unpacked = self._compressor.compressobj(), size, 0
        if self._unpacked:
            packed.append(self._frame.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
            size += len(packed[-1])
        self._write(b"".join(packed))
        self.size = size
        return places

    def close(self) -> None:
        os.close(self._fd)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._fd, rest) :]
        if self._sync:
            os.fdatasync(self._fd)


def may_name_directory(workspace_id: str) -> bool:
    return _SAFE.match(workspace_id) is not None


def _name(pack: int) -> str:
    return f"{pack:06d}.qdp"


def _create(directory: Path) -> tuple[int, int]:
    """A new file after the last one: its number and a descriptor."""
    number = max((int(path.stem) for path in directory.glob("*.qdp")), default=0)
    while True:
        number += 1
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            return number, os.open(directory / _name(number), flags, 0o600)
        except FileExistsError:
            continue  # another process was first


def _unpack(path: Path, block: int, needed: int) -> bytes:
    """The first `needed` bytes, or more, of a block."""
    frame = zstandard.ZstdDecompressor().decompressobj()
    unpacked: list[bytes] = []
    size = 0
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(block)
            while size < needed and not frame.eof:
                data = file.read(_READ_BYTES)
                if not data:
                    break
                unpacked.append(frame.decompress(data))
                size += len(unpacked[-1])
    except FileNotFoundError:
        raise BodyGone("The body was deleted with the others of its week.") from None
    except zstandard.ZstdError as error:
        raise BodyGone(f"The body's file is damaged: {path.name} at {block}: {error}.") from error
    if size < needed:
        raise BodyGone(f"The body's file is damaged: {path.name} at {block} ends early.")
    return b"".join(unpacked)


def _sizes(directory: Path) -> Iterator[int]:
    for path in directory.rglob("*.qdp"):
        yield path.stat().st_size


def _sync(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

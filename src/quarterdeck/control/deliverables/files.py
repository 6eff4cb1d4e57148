"""Files that agents hand in: streamed to disk, named by their hash, in a directory per workspace."""

import asyncio
import errno
import hashlib
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from quarterdeck.control.deliverables.model import HEAD_BYTES, MAX_FILE_BYTES, TEXT_LIKE, DeliverableKind, TextCheck
from quarterdeck.kernel.errors import Invalid, NotFound, TooLarge, Unavailable
from quarterdeck.kernel.ids import new_id

WRITE_BYTES = 1 << 20
SWEPT_AT_ONCE = 500
_SAFE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Received:
    """A file that has arrived whole, and how it begins."""

    sha256: str
    size: int
    head: bytes


class Remote(Protocol):
    """Object storage that several processes share. Keys are `<workspace>/<sha256>`."""

    async def put(self, key: str, path: Path, size: int) -> None:
        """Raises Unavailable."""
        ...

    def get(self, key: str) -> AsyncIterator[bytes]:
        """Raises NotFound; Unavailable."""
        ...

    def older(self, workspace_id: str, before_s: float) -> AsyncIterator[list[str]]:
        """Hashes of a workspace's files that came before an instant, in seconds since the epoch. Raises Unavailable."""
        ...

    async def drop(self, key: str, before_s: float) -> int:
        """Remove what came before that instant; its bytes, 0 when it came since or is gone. Raises Unavailable."""
        ...


class Files:
    """The files below one directory. Equal contents of one workspace are one file; nothing is ever written over.

    With a `remote` every file is kept there too before it counts as received, and the directory is a copy that may be
    lost: what is missing in it is fetched.
    """

    def __init__(self, directory: Path, *, max_bytes: int = MAX_FILE_BYTES, remote: Remote | None = None) -> None:
        self._directory = directory
        self._remote = remote
        self._max_bytes = max_bytes

    async def receive(self, workspace_id: str, pieces: AsyncIterator[bytes], kind: DeliverableKind) -> Received:
        """Write what comes, at most about a megabyte of it in memory, under the name of its hash.

        Raises TooLarge as soon as it is too much; Invalid when it is empty, or no text where `kind` says text;
        Unavailable when there is no room for it, and nothing of it is left then.
        """
        room = self._room(workspace_id)
        with _on_disk():
            await asyncio.to_thread(room.mkdir, 0o700, True, True)
            path = room / f".{new_id('tmp')}"
            file = await asyncio.to_thread(path.open, "xb")
            try:
                received = await self._write(file, pieces, TextCheck() if kind in TEXT_LIKE else None)
                await asyncio.to_thread(_keep, file, path, room / received.sha256)
            finally:
                await asyncio.to_thread(_drop, file, path)
        await self.keep_remotely(workspace_id, received.sha256)
        return received

    async def path(self, workspace_id: str, sha256: str) -> Path:
        """Where a file stands. Raises NotFound when it is not there; Unavailable when its storage is away."""
        if _HASH.fullmatch(sha256) is None:
            raise NotFound("There is no such file.")
        path = self._room(workspace_id) / sha256
        if path.is_file():
            return path
        if self._remote is None:
            raise NotFound("This file is gone from the data directory.", code="file_gone")
        await self._fetch(self._remote, workspace_id, sha256)
        return path

    async def hold(self, workspace_id: str, sha256: str) -> bool:
        """Whether the file is there; if so, it counts as if it had just come, so that no sweep takes it away.

        Raises Unavailable when its storage is away.
        """
        try:
            path = await self.path(workspace_id, sha256)
            await asyncio.to_thread(os.utime, path)
            await self.keep_remotely(workspace_id, sha256)
        except (NotFound, FileNotFoundError):
            return False
        return True

    async def keep_remotely(self, workspace_id: str, sha256: str) -> bool:
        """Send what stands in the directory to the object storage, if there is one; whether it stood there.

        Raises Unavailable.
        """
        path = self._room(workspace_id) / sha256
        if self._remote is None or not path.is_file():
            return False
        await self._remote.put(f"{workspace_id}/{sha256}", path, path.stat().st_size)
        return True

    def older(self, before_s: float) -> Iterator[tuple[str, list[str]]]:
        """(workspace, hashes) of files that came before an instant, in seconds since the epoch; blocks.

        What a crash left half written, and is as old, is removed on the way.
        """
        for room in sorted(self._directory.iterdir()) if self._directory.is_dir() else ():
            if not room.is_dir():
                continue
            found = []
            for path in sorted(room.iterdir()):
                try:
                    if path.stat().st_mtime >= before_s:
                        continue
                except FileNotFoundError:
                    continue  # another sweep was faster
                if _HASH.fullmatch(path.name):
                    found.append(path.name)
                elif path.name.startswith("."):
                    path.unlink(missing_ok=True)
            for start in range(0, len(found), SWEPT_AT_ONCE):
                yield room.name, found[start : start + SWEPT_AT_ONCE]

    def drop(self, workspace_id: str, sha256: str, before_s: float) -> int:
        """Remove a file unless it came again since `before_s`; its bytes, 0 when it stays or is gone. Blocks.

        It is taken aside before its age is looked at: an upload of the same content that ends meanwhile either is
        what was taken, and is put back, or stands in its place untouched.
        """
        path = self._room(workspace_id) / sha256
        aside = path.with_name(f".{new_id('tmp')}")
        try:
            if path.stat().st_mtime >= before_s:
                return 0
            path.rename(aside)
            found = aside.stat()
            if found.st_mtime >= before_s:
                aside.replace(path)
                return 0
            aside.unlink()
        except FileNotFoundError:
            return 0  # another sweep was faster
        return found.st_size

    async def _fetch(self, remote: Remote, workspace_id: str, sha256: str) -> None:
        """Bring a file back into the directory, if it still is what it was."""
        room = self._room(workspace_id)
        with _on_disk():
            await asyncio.to_thread(room.mkdir, 0o700, True, True)
            path = room / f".{new_id('tmp')}"
            file = await asyncio.to_thread(path.open, "xb")
            try:
                received = await self._write(file, remote.get(f"{workspace_id}/{sha256}"), None)
                if received.sha256 != sha256:
                    raise NotFound("What the object storage has is not this file any more.", code="file_gone")
                await asyncio.to_thread(_keep, file, path, room / sha256)
            finally:
                await asyncio.to_thread(_drop, file, path)

    def _room(self, workspace_id: str) -> Path:
        if _SAFE.fullmatch(workspace_id) is None:
            raise NotFound("There is no such workspace.")
        return self._directory / workspace_id

    async def _write(self, file: BinaryIO, pieces: AsyncIterator[bytes], text: TextCheck | None) -> Received:
        digest, size, head = hashlib.sha256(), 0, b""
        waiting = bytearray()
        async for piece in pieces:
            size += len(piece)
            if size > self._max_bytes:
                raise TooLarge(f"A file may have {self._max_bytes} bytes.")
            if len(head) < HEAD_BYTES:
                head = (head + piece)[:HEAD_BYTES]
            if text is not None:
                text.feed(piece)
            waiting += piece
            if len(waiting) >= WRITE_BYTES:
                await asyncio.to_thread(_append, file, digest, bytes(waiting))
                waiting.clear()
        if size == 0:
            raise Invalid("The file is empty.", field="body")
        if text is not None:
            text.feed(b"", last=True)
        await asyncio.to_thread(_append, file, digest, bytes(waiting))
        return Received(digest.hexdigest(), size, head)


@contextmanager
def _on_disk() -> Iterator[None]:
    """A disk that is full, or takes nothing for another reason, is no mistake of the program. Raises Unavailable."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            words = "The server has no room on its disk for this file: make room there, then send it again."
            raise Unavailable(words, code="disk_full") from error
        raise Unavailable(f"The server cannot keep files now: {error.strerror or error}.") from error


def _append(file: BinaryIO, digest: "hashlib._Hash", data: bytes) -> None:
    digest.update(data)
    file.write(data)


def _keep(file: BinaryIO, path: Path, final: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    path.replace(final)


def _drop(file: BinaryIO, path: Path) -> None:
    # What is left to write fails once more where there is no room.
    with suppress(OSError):
        file.close()
    path.unlink(missing_ok=True)

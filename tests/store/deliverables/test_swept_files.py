"""Bytes that nothing names any more go; what is named, or has just come, stays."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from work_world import World

from quarterdeck.control.attachments import actions as attachments
from quarterdeck.control.deliverables import actions
from quarterdeck.control.deliverables.files import Files, Received
from quarterdeck.control.deliverables.model import DeliverableKind, HandIn
from quarterdeck.worker.sweeping import SPARED_S, sweep

LONG_AGO_S = 2 * SPARED_S


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")


async def _came(files: Files, world: World, content: bytes) -> Received:
    async def pieces() -> AsyncIterator[bytes]:
        yield content

    return await files.receive(world.workspace_id, pieces(), DeliverableKind.FILE)


def _age(tmp_path: Path) -> None:
    """Everything there is came two days ago."""
    then = time.time() - LONG_AGO_S
    for path in (tmp_path / "files").rglob("*"):
        os.utime(path, (then, then))


async def test_what_no_version_and_no_attachment_names_is_removed(world: World, files: Files, tmp_path: Path) -> None:
    agent, task = await world.agent(), await world.task()
    run = (await world.claimed(agent)).run
    scan, data, removed, never = [await _came(files, world, content) for content in (b"scan", b"data", b"old", b"no")]
    async with world.db.transaction() as tx:
        content = actions.file_content(scan, DeliverableKind.FILE, None)
        await actions.hand_in(tx, world.as_agent(agent), run.id, HandIn("Scan", DeliverableKind.FILE), content)
        await attachments.add(tx, world.workspace_id, task.id, "data.csv", data, actor=agent.id)
        gone = await attachments.add(tx, world.workspace_id, task.id, "old.txt", removed, actor=agent.id)
        await attachments.remove(tx, world.workspace_id, gone.id, actor=agent.id)
    assert await sweep(world.db, files) == 0
    (tmp_path / "files" / world.workspace_id / ".tmp_crashed").write_bytes(b"half")
    _age(tmp_path)
    fresh = await _came(files, world, b"just came")
    assert await sweep(world.db, files) == removed.size + never.size
    kept = {path.name for path in (tmp_path / "files" / world.workspace_id).iterdir()}
    assert kept == {scan.sha256, data.sha256, fresh.sha256}


async def test_a_file_that_comes_again_while_it_is_swept_stays(world: World, files: Files, tmp_path: Path) -> None:
    first = await _came(files, world, b"the same")
    _age(tmp_path)
    before = time.time() - SPARED_S
    assert list(files.older(before)) == [(world.workspace_id, [first.sha256])]
    # It comes again after the sweep has listed it and found no row: the row is still to be written.
    await _came(files, world, b"the same")
    assert files.drop(world.workspace_id, first.sha256, before) == 0
    assert (await files.path(world.workspace_id, first.sha256)).read_bytes() == b"the same"
    _age(tmp_path)
    assert await files.hold(world.workspace_id, first.sha256)
    assert await sweep(world.db, files) == 0
    assert not await files.hold(world.workspace_id, "0" * 64)


async def test_uploads_and_sweeps_at_once_lose_nothing(world: World, files: Files, tmp_path: Path) -> None:
    over = threading.Event()

    def sweeping() -> None:
        while not over.is_set():
            before = time.time() - SPARED_S
            for workspace_id, hashes in files.older(before):
                for sha256 in hashes:
                    files.drop(workspace_id, sha256, before)

    broom = threading.Thread(target=sweeping)
    broom.start()
    try:
        for _ in range(60):
            came = await _came(files, world, b"again and again")
            path = tmp_path / "files" / world.workspace_id / came.sha256
            # It may be looked at just now, aside; it comes back.
            until = time.monotonic() + 30
            while not path.is_file() and time.monotonic() < until:
                await asyncio.sleep(0.001)
            assert path.read_bytes() == b"again and again"
            then = time.time() - LONG_AGO_S
            os.utime(path, (then, then))
    finally:
        over.set()
        broom.join()

"""Verbs on deliverables. What is handed in belongs to a run that is open and held by who hands it in."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from quarterdeck.access.actors import Actor
from quarterdeck.control.deliverables import store
from quarterdeck.control.deliverables.diff import Hunk, hunks
from quarterdeck.control.deliverables.files import Files, Received
from quarterdeck.control.deliverables.model import (
    NOTE_LENGTH,
    TEXT_IN_ROW_BYTES,
    TEXT_LIKE,
    Content,
    Deliverable,
    DeliverableKind,
    HandIn,
    Version,
    a_deliverable_name,
    a_file_name,
    a_url,
    media_type_of,
    must_be,
)
from quarterdeck.control.runs import actions as run_actions
from quarterdeck.control.runs.model import Run
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_text

DIFF_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class HandedIn:
    deliverable: Deliverable
    version: Version
    fresh: bool
    """False when the same had been handed in already."""


async def text_content(files: Files, workspace_id: str, kind: DeliverableKind, text: str) -> Content:
    """Small text for the row, larger text in a file. Raises Invalid."""
    if kind is DeliverableKind.LINK:
        text = a_url(text)
    elif kind not in TEXT_LIKE:
        raise Invalid(f"A {kind} is sent as a file.", field="kind")
    data = a_text(text, "text", len(text)).encode()
    if not data:
        raise Invalid("The text is empty.", field="text")
    must_be(kind, text)
    media_type = media_type_of(kind, b"", None)
    if len(data) <= TEXT_IN_ROW_BYTES:
        return Content(hashlib.sha256(data).hexdigest(), len(data), media_type, text)

    async def pieces() -> AsyncIterator[bytes]:
        yield data

    received = await files.receive(workspace_id, pieces(), kind)
    return Content(received.sha256, received.size, media_type, None)


def file_content(received: Received, kind: DeliverableKind, declared: str | None) -> Content:
    """Raises Invalid when it is not of the kind it is said to be."""
    return Content(received.sha256, received.size, media_type_of(kind, received.head, declared), None)


async def hand_in(
    tx: Transaction, actor: Actor, run_id: str, said: HandIn, content: Content, *, fence: int | None = None
) -> HandedIn:
    """Add a version to the task's deliverable of that name, which is made with its first; renews the lease.

    Tells `deliverable.handed_in`. The same content again adds nothing; not a draft any more, it makes the draft final.
    Raises NotFound; Forbidden for the run of another; Invalid; Changed `lease_lost`, and `deliverable_kind` when the
    name belongs to another kind.
    """
    name = a_deliverable_name(said.name)
    note = None if said.note is None else a_text(said.note.strip(), "note", NOTE_LENGTH) or None
    run = await run_actions.own(tx, actor, run_id)
    await task_actions.locked(tx, actor.workspace_id, run.task_id)
    run = await run_actions.sign_of_life(tx, actor, run_id, fence)
    deliverable = await store.by_name(tx, run.workspace_id, run.task_id, name)
    if deliverable is None:
        deliverable = Deliverable(new_id("dlv"), run.workspace_id, run.task_id, name, said.kind, 0, tx.now)
        await store.insert(tx, deliverable)
    elif deliverable.kind is not said.kind:
        raise Changed(
            f"{deliverable.name} is a {deliverable.kind}; hand this in under another name.", code="deliverable_kind"
        )
    last = await store.version(tx, run.workspace_id, deliverable.id, deliverable.latest)
    if last is not None and (last.sha256, last.run_id) == (content.sha256, run.id):
        if said.draft or not last.draft:
            return HandedIn(deliverable, last, False)
        await store.make_final(tx, last)
        last = replace(last, draft=False)
        await _tell(tx, deliverable, last)
        return HandedIn(deliverable, last, False)
    version = await _version(tx, run, deliverable, said, content, note)
    if not await store.add_version(tx, version, content.text):
        raise Changed("Another version came first; hand it in again.")
    deliverable = replace(deliverable, latest=version.number)
    await _tell(tx, deliverable, version)
    return HandedIn(deliverable, version, True)


async def get(tx: Transaction, workspace_id: str, deliverable_id: str) -> Deliverable:
    """Raises NotFound."""
    found = await store.find(tx, workspace_id, deliverable_id)
    if found is None:
        raise NotFound("There is no such deliverable in this workspace.")
    return found


async def get_version(tx: Transaction, workspace_id: str, deliverable_id: str, number: int) -> Version:
    """Raises NotFound."""
    found = await store.version(tx, workspace_id, deliverable_id, number) if 0 < number < 2**31 else None
    if found is None:
        raise NotFound("There is no such version.")
    return found


async def read_text(files: Files, version: Version, content: Content) -> str:
    """The whole text of a version. Raises NotFound when its file is gone, Invalid when it is no text or too long."""
    if content.text is not None:
        return content.text
    if version.size > DIFF_BYTES:
        raise Invalid(f"Texts of more than {DIFF_BYTES} bytes are not compared.", code="too_large_to_compare")
    path = await files.path(version.workspace_id, version.sha256)
    return (await asyncio.to_thread(path.read_bytes)).decode()


async def differences(before: str, after: str) -> list[Hunk]:
    """Raises Invalid when too much differs to be compared."""
    found = await asyncio.to_thread(hunks, before, after)
    if found is None:
        raise Invalid("Too many lines differ to compare these.", code="too_large_to_compare")
    return found


async def _version(
    tx: Transaction, run: Run, deliverable: Deliverable, said: HandIn, content: Content, note: str | None
) -> Version:
    before = await store.last_of_run(tx, run.workspace_id, run.id)
    return Version(
        workspace_id=run.workspace_id,
        deliverable_id=deliverable.id,
        number=deliverable.latest + 1,
        task_id=run.task_id,
        run_id=run.id,
        author_id=run.agent_id,
        draft=said.draft,
        sha256=content.sha256,
        size=content.size,
        media_type=content.media_type,
        file_name=a_file_name(said.file_name, deliverable.name, content.media_type),
        note=note,
        made_from=run.created_at - 1 if before is None else before,
        created_at=tx.now,
    )


async def _tell(tx: Transaction, deliverable: Deliverable, version: Version) -> None:
    data = {
        "task_id": deliverable.task_id,
        "run_id": version.run_id,
        "agent_id": version.author_id,
        "name": deliverable.name,
        "deliverable_kind": deliverable.kind.value,
        "version": version.number,
        "draft": version.draft,
        "size": version.size,
    }
    await tx.emit(Event(deliverable.workspace_id, "deliverable.handed_in", deliverable.id, data, version.author_id))

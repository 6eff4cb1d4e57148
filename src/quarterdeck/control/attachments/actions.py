"""Verbs on attachments. The bytes are in place before the row that names them."""

from quarterdeck.control.attachments import store
from quarterdeck.control.attachments.model import MAX_PER_TASK, Attachment, a_file_name, media_type
from quarterdeck.control.deliverables.files import Received
from quarterdeck.control.tasks import actions as tasks
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id


async def add(
    tx: Transaction,
    workspace_id: str,
    task_id: str,
    name: str,
    received: Received,
    *,
    declared: str | None = None,
    actor: str,
) -> Attachment:
    """Attach a file that has arrived and tell `attachment.added`. The same file by the same name again changes nothing.

    Raises NotFound; Invalid; Changed `too_many_attachments`.
    """
    task = await tasks.locked(tx, workspace_id, task_id)
    name = a_file_name(name)
    there = await store.of_task(tx, workspace_id, task_id)
    for one in there:
        if (one.name, one.sha256) == (name, received.sha256):
            return one
    if len(there) >= MAX_PER_TASK:
        raise Changed(f"A task has at most {MAX_PER_TASK} attachments.", code="too_many_attachments")
    attachment = Attachment(
        id=new_id("att"),
        workspace_id=workspace_id,
        task_id=task.id,
        name=name,
        media_type=media_type(received.head, declared),
        size=received.size,
        sha256=received.sha256,
        created_by=actor,
        created_at=tx.now,
    )
    await store.insert(tx, attachment)
    await _tell(tx, "attachment.added", attachment, task.ref, actor)
    return attachment


async def remove(tx: Transaction, workspace_id: str, attachment_id: str, *, actor: str) -> None:
    """Take an attachment off its task. Its bytes stay while anything of the workspace has the same. Raises NotFound."""
    attachment = await get(tx, workspace_id, attachment_id)
    task = await tasks.locked(tx, workspace_id, attachment.task_id)
    if await store.delete(tx, attachment):
        await _tell(tx, "attachment.removed", attachment, task.ref, actor)


async def get(tx: Transaction, workspace_id: str, attachment_id: str) -> Attachment:
    """Raises NotFound."""
    attachment = await store.find(tx, workspace_id, attachment_id)
    if attachment is None:
        raise NotFound("There is no such attachment in this workspace.")
    return attachment


async def _tell(tx: Transaction, kind: str, attachment: Attachment, ref: str, actor: str) -> None:
    data = {"task_id": attachment.task_id, "ref": ref, "name": attachment.name, "size": attachment.size}
    await tx.emit(Event(attachment.workspace_id, kind, attachment.id, data, actor))

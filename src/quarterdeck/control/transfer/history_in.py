"""Bringing in what happened to a task elsewhere: as history, with ids of its own, of which nothing can be claimed."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import AsyncIterator, Collection

from quarterdeck.access.actors import Actor
from quarterdeck.control.agents import actions as agent_actions
from quarterdeck.control.agents import store as agents
from quarterdeck.control.agents.model import AgentChange, Desired
from quarterdeck.control.attachments import store as attachments
from quarterdeck.control.attachments.model import Attachment
from quarterdeck.control.attachments.model import a_file_name as an_attachment_name
from quarterdeck.control.comments import store as comments
from quarterdeck.control.comments.model import BODY_LENGTH, Anchor, Comment
from quarterdeck.control.deliverables import store as deliverables
from quarterdeck.control.deliverables.files import Files
from quarterdeck.control.deliverables.model import (
    Deliverable,
    DeliverableKind,
    Version,
    a_deliverable_name,
    a_file_name,
)
from quarterdeck.control.runs import store as runs
from quarterdeck.control.runs.model import DEFAULT_LEASE_S, OPEN, Run, RunState
from quarterdeck.control.shapes import instant_in
from quarterdeck.control.tasks import creating
from quarterdeck.control.tasks.model import Task
from quarterdeck.control.transfer.document import Document
from quarterdeck.control.transfer.history_doc import (
    AttachmentDoc,
    CommentDoc,
    ContentDoc,
    DeliverableDoc,
    HistoryDoc,
    PlaceDoc,
    RunDoc,
    VersionDoc,
)
from quarterdeck.control.transfer.who import Who
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_text

IMPORTED = "imported"
"""Why a run that was open where it was exported is over here."""
NOTE = "Imported: its calls and what they cost are in the workspace where it ran."


async def receive(files: Files, workspace_id: str, document: Document) -> set[str]:
    """Put the bytes that a document carries into the workspace's files. Raises Invalid for what is not what it says.

    Answers the hashes of those of its files that are there now.
    """
    found: set[str] = set()
    for task in document.tasks:
        versions = [version for one in task.deliverables for version in one.versions]
        for doc in [*versions, *task.attachments]:
            if doc.base64 is not None:
                await _receive(files, workspace_id, doc)
            elif doc.text is None and not await files.hold(workspace_id, doc.sha256):
                continue
            found.add(doc.sha256)
    return found


class Historian:
    """Writes the histories of one import. `there`: hashes of the files that are in the workspace."""

    def __init__(self, tx: Transaction, actor: Actor, who: Who, there: Collection[str]) -> None:
        self._tx = tx
        self._actor = actor
        self._who = who
        self._there = there
        self._agents: dict[str, str] = {}

    async def write(self, task: Task, doc: HistoryDoc) -> None:
        """Raises Invalid for what does not belong together."""
        if len({run.attempt for run in doc.runs}) < len(doc.runs):
            raise Invalid("Two runs have the same attempt.", field="runs")
        attempts = {run.attempt: await self._run(task, run) for run in doc.runs}
        if attempts:
            await creating.count_attempts(self._tx, task.workspace_id, task.id, max(attempts))
        named = {one.name: await self._deliverable(task, one, attempts) for one in doc.deliverables}
        for comment in doc.comments:
            await self._comment(task, comment, attempts, named)
        for attachment in doc.attachments:
            await self._attachment(task, attachment)

    async def _run(self, task: Task, doc: RunDoc) -> Run:
        began = self._past(doc.started_at, "started_at")
        ended = self._tx.now if doc.ended_at is None else self._past(doc.ended_at, "ended_at")
        was_open = doc.state in OPEN
        run = Run(
            id=new_id("run"),
            workspace_id=task.workspace_id,
            task_id=task.id,
            agent_id=await self._agent(doc.agent),
            attempt=doc.attempt,
            state=RunState.CANCELLED if was_open else doc.state,
            reason=IMPORTED if was_open else doc.reason,
            summary=doc.summary,
            verdict=doc.verdict,
            note=NOTE,
            percent=None,
            fence=doc.attempt,
            lease_s=DEFAULT_LEASE_S,
            lease_expires_at=max(began, ended),
            trace_id=secrets.token_hex(16),
            session=None,
            created_at=began,
            started_at=began,
            ended_at=max(began, ended),
        )
        await runs.insert(self._tx, run)
        return run

    async def _deliverable(self, task: Task, doc: DeliverableDoc, attempts: dict[int, Run]) -> Deliverable:
        made = Deliverable(
            id=new_id("dlv"),
            workspace_id=task.workspace_id,
            task_id=task.id,
            name=a_deliverable_name(doc.name),
            kind=doc.kind,
            latest=0,
            created_at=self._past(doc.versions[0].created_at, "created_at"),
        )
        if await deliverables.by_name(self._tx, task.workspace_id, task.id, made.name) is not None:
            raise Invalid(f"Two deliverables have the name {made.name}.", field="deliverables")
        await deliverables.insert(self._tx, made)
        for number, version in enumerate(doc.versions, start=1):
            await self._version(made, number, version, attempts)
        return made

    async def _version(self, made: Deliverable, number: int, doc: VersionDoc, attempts: dict[int, Run]) -> None:
        run = attempts.get(doc.run)
        if run is None:
            raise Invalid(f"{made.name} names run {doc.run}, which is not in the document.", field="run")
        self._check(made.name, doc)
        at = self._past(doc.created_at, "created_at")
        version = Version(
            workspace_id=made.workspace_id,
            deliverable_id=made.id,
            number=number,
            task_id=made.task_id,
            run_id=run.id,
            author_id=run.agent_id,
            draft=doc.draft,
            sha256=doc.sha256,
            size=doc.size,
            media_type=doc.media_type,
            file_name=a_file_name(doc.file_name, made.name, doc.media_type),
            note=None if doc.note is None else a_text(doc.note, "note", len(doc.note)),
            made_from=at,
            created_at=at,
        )
        if made.kind is DeliverableKind.LINK and doc.text is None:
            raise Invalid(f"{made.name} is a link without an address.", field="text")
        await deliverables.add_version(self._tx, version, doc.text)

    async def _attachment(self, task: Task, doc: AttachmentDoc) -> None:
        self._check(doc.name, doc)
        await attachments.insert(
            self._tx,
            Attachment(
                id=new_id("att"),
                workspace_id=task.workspace_id,
                task_id=task.id,
                name=an_attachment_name(doc.name),
                media_type=doc.media_type,
                size=doc.size,
                sha256=doc.sha256,
                created_by=self._actor.id,
                created_at=self._tx.now,
            ),
        )

    async def _comment(
        self, task: Task, doc: CommentDoc, attempts: dict[int, Run], named: dict[str, Deliverable]
    ) -> None:
        author, body = await self._author(doc)
        await comments.insert(
            self._tx,
            Comment(
                id=new_id("cmt"),
                workspace_id=task.workspace_id,
                task_id=task.id,
                anchor=_anchor(doc.on or PlaceDoc(), attempts, named),
                author_id=author or self._actor.id,
                by_agent=doc.by_agent and author is not None,
                body=body,
                # It woke whom it mentioned where it was written, and wakes nobody again.
                mentions=(),
                to_agents=False,
                held=False,
                created_at=self._past(doc.created_at, "created_at"),
            ),
        )

    async def _author(self, doc: CommentDoc) -> tuple[str | None, str]:
        """Who said it, if that one is here; else the importer repeats it and names whose words they are."""
        body = a_text(doc.body, "body", BODY_LENGTH)
        if doc.by_agent and doc.author:
            return await self._agent(doc.author), body
        found = await self._who.member(doc.author, "wrote comments on")
        if found is not None:
            return found, body
        said = f"*{doc.author or 'Somebody who is gone'} wrote:*\n\n"
        return None, said + body[: BODY_LENGTH - len(said)]

    async def _agent(self, name: str) -> str:
        """The agent of that name; one that is not here is registered as retired, without a key, for history to name."""
        if name not in self._agents:
            found = await agents.by_name(self._tx, self._actor.workspace_id, name)
            if found is None:
                made = await agent_actions.create(
                    self._tx, self._actor.workspace_id, name=name, owner_id=self._actor.id, actor=self._actor.id
                )
                change = AgentChange(desired=Desired.RETIRED)
                found = await agent_actions.change(
                    self._tx, self._actor.workspace_id, made.id, change, actor=self._actor.id
                )
                self._who.warn(f"There is no agent {name} here; it is registered as retired, for what it did before.")
            self._agents[name] = found.id
        return self._agents[name]

    def _check(self, name: str, doc: ContentDoc) -> None:
        if doc.text is not None:
            data = a_text(doc.text, "text", len(doc.text)).encode()
            if hashlib.sha256(data).hexdigest() != doc.sha256 or len(data) != doc.size:
                raise Invalid(f"The text of {name} is not what its hash says.", field="sha256")
        elif doc.sha256 not in self._there:
            self._who.warn(f"Of {name} only the hash came: its bytes are not here. Export with files=true brings them.")

    def _past(self, text: str, name: str) -> int:
        at = instant_in(text, name)
        if at > self._tx.now:
            raise Invalid(f"{name} is still to come; history is what has been.", field=name)
        return at


def _anchor(place: PlaceDoc, attempts: dict[int, Run], named: dict[str, Deliverable]) -> Anchor:
    """Raises Invalid for a run or deliverable that is not in the document."""
    if place.run is not None and place.run not in attempts:
        raise Invalid(f"A comment names run {place.run}, which is not in the document.", field="comments")
    if place.deliverable is not None and place.deliverable not in named:
        raise Invalid(f"A comment names {place.deliverable}, which is not in the document.", field="comments")
    return Anchor(
        deliverable_id=None if place.deliverable is None else named[place.deliverable].id,
        version=place.version,
        line_from=place.line_from,
        line_to=place.line_to,
        run_id=None if place.run is None else attempts[place.run].id,
        region=place.region,
    )


async def _receive(files: Files, workspace_id: str, doc: ContentDoc) -> None:
    try:
        data = base64.b64decode(doc.base64 or "", validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("base64 is not base64.", field="base64") from None

    async def pieces() -> AsyncIterator[bytes]:
        yield data

    if hashlib.sha256(data).hexdigest() != doc.sha256 or len(data) != doc.size:
        raise Invalid("A file is not what its hash says.", field="sha256")
    await files.receive(workspace_id, pieces(), DeliverableKind.FILE)

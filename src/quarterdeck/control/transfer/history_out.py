"""Writing what happened to tasks into the portable export."""

import asyncio
import base64
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from quarterdeck.control.agents import store as agents
from quarterdeck.control.attachments import store as attachments
from quarterdeck.control.attachments.model import Attachment
from quarterdeck.control.comments import store as comments
from quarterdeck.control.comments.model import Comment
from quarterdeck.control.deliverables import store as deliverables
from quarterdeck.control.deliverables.files import Files
from quarterdeck.control.deliverables.model import Deliverable, Version
from quarterdeck.control.runs import store as runs
from quarterdeck.control.runs.model import Run
from quarterdeck.control.tasks.model import Task
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso
from quarterdeck.kernel.errors import NotFound
from quarterdeck.ledger import rollups
from quarterdeck.ledger.rollups import Figures

EMBEDDED_BYTES = 8 << 20
"""Larger files are named by their hash alone."""


class Histories:
    """The history of a page of tasks, loaded at once; texts and files are read one by one as they are written."""

    def __init__(self, tx: Transaction, workspace_id: str, people: dict[str, str], files: Files | None) -> None:
        self._tx = tx
        self._workspace_id = workspace_id
        self._people = people
        self._files = files
        """None: files are named by their hash, and their bytes are left out."""
        self._runs: dict[str, list[Run]] = defaultdict(list)
        self._made: dict[str, list[Deliverable]] = defaultdict(list)
        self._versions: dict[str, list[Version]] = defaultdict(list)
        self._said: dict[str, list[Comment]] = defaultdict(list)
        self._given: dict[str, list[Attachment]] = defaultdict(list)
        self._figures: dict[str, Figures] = {}
        self._names: dict[str, str] = {}

    async def load(self, tasks: Sequence[Task]) -> None:
        tx, workspace_id, ids = self._tx, self._workspace_id, [task.id for task in tasks]
        made = await deliverables.of_tasks(tx, workspace_id, ids)
        _group(self._runs, await runs.of_tasks(tx, workspace_id, ids))
        _group(self._made, made)
        _group(self._said, await comments.of_tasks(tx, workspace_id, ids))
        _group(self._given, await attachments.of_tasks(tx, workspace_id, ids))
        for version in await deliverables.versions_of(tx, workspace_id, [one.id for one in made]):
            self._versions[version.deliverable_id].append(version)
        all_runs = [run for some in self._runs.values() for run in some]
        self._figures = await rollups.figures(tx, workspace_id, "run", [run.id for run in all_runs])
        speakers = {one.author_id for some in self._said.values() for one in some if one.by_agent}
        self._names = await agents.named(tx, workspace_id, speakers | {run.agent_id for run in all_runs})

    async def of(self, task: Task) -> dict[str, Any]:
        """What a `HistoryDoc` holds, as JSON values. Whatever there is none of is left out."""
        attempts = {run.id: run.attempt for run in self._runs[task.id]}
        named = {one.id: one.name for one in self._made[task.id]}
        found = {
            "runs": [self._run(run) for run in self._runs[task.id]],
            "deliverables": [await self._deliverable(one, attempts) for one in self._made[task.id]],
            "comments": [self._comment(one, attempts, named) for one in self._said[task.id]],
            "attachments": [await self._attachment(one) for one in self._given[task.id]],
        }
        return {name: value for name, value in found.items() if value}

    def _run(self, run: Run) -> dict[str, Any]:
        spent = self._figures[run.id]
        return {
            "attempt": run.attempt,
            "agent": self._names[run.agent_id],
            "state": run.state.value,
            "reason": run.reason,
            "verdict": None if run.verdict is None else run.verdict.value,
            "summary": run.summary,
            "started_at": iso(run.started_at or run.created_at),
            "ended_at": None if run.ended_at is None else iso(run.ended_at),
            "calls": spent.calls,
            "cost_nano": spent.cost,
            "unpriced_calls": spent.unpriced_calls,
        }

    async def _deliverable(self, made: Deliverable, attempts: dict[str, int]) -> dict[str, Any]:
        versions = []
        for version in sorted(self._versions[made.id], key=lambda each: each.number):
            text = (await deliverables.content(self._tx, version)).text
            versions.append(
                {
                    "run": attempts[version.run_id],
                    "draft": version.draft,
                    "file_name": version.file_name,
                    "note": version.note,
                    "created_at": iso(version.created_at),
                    **await self._content(version, text),
                }
            )
        return {"name": made.name, "kind": made.kind.value, "versions": versions}

    async def _attachment(self, one: Attachment) -> dict[str, Any]:
        return {"name": one.name, **await self._content(one, None)}

    async def _content(self, what: Version | Attachment, text: str | None) -> dict[str, Any]:
        said = {"sha256": what.sha256, "size": what.size, "media_type": what.media_type}
        if text is not None:
            return {**said, "text": text}
        if self._files is None or what.size > EMBEDDED_BYTES:
            return said
        try:
            path = await self._files.path(self._workspace_id, what.sha256)
        except NotFound:
            return said
        return {**said, "base64": base64.b64encode(await asyncio.to_thread(path.read_bytes)).decode()}

    def _comment(self, one: Comment, attempts: dict[str, int], named: dict[str, str]) -> dict[str, Any]:
        anchor = one.anchor
        place = {
            "run": attempts.get(anchor.run_id or ""),
            "deliverable": named.get(anchor.deliverable_id or ""),
            "version": anchor.version,
            "line_from": anchor.line_from,
            "line_to": anchor.line_to,
            "region": anchor.region,
        }
        place = {name: value for name, value in place.items() if value is not None}
        author = self._names.get(one.author_id) if one.by_agent else self._people.get(one.author_id)
        said = {"author": author, "by_agent": one.by_agent, "body": one.body, "created_at": iso(one.created_at)}
        return {**said, "on": place} if place else said


def _group(into: dict[str, list[Any]], rows: Collection[Any]) -> None:
    for row in rows:
        into[row.task_id].append(row)

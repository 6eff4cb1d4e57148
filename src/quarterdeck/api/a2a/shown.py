"""A task in A2A's shapes."""

import json
from dataclasses import dataclass
from typing import Any

from a2a.helpers import new_data_part, new_text_part, new_url_part
from a2a.types import a2a_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.approvals import store as approvals
from quarterdeck.control.approvals.model import ApprovalState
from quarterdeck.control.comments import store as comment_store
from quarterdeck.control.deliverables import store as deliverable_store
from quarterdeck.control.deliverables.model import Deliverable, DeliverableKind, Version
from quarterdeck.control.dependencies import store as dependency_store
from quarterdeck.control.dependencies.model import blocked_since, reason
from quarterdeck.control.peers import actions, store
from quarterdeck.control.peers.model import PeerState, peer_state
from quarterdeck.control.questions.model import Question
from quarterdeck.control.tasks.model import Task
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import SECOND
from quarterdeck.ledger import rollups

HISTORY = 50
_STATES = {
    PeerState.SUBMITTED: pb.TASK_STATE_SUBMITTED,
    PeerState.WORKING: pb.TASK_STATE_WORKING,
    PeerState.INPUT_REQUIRED: pb.TASK_STATE_INPUT_REQUIRED,
    PeerState.AUTH_REQUIRED: pb.TASK_STATE_AUTH_REQUIRED,
    PeerState.COMPLETED: pb.TASK_STATE_COMPLETED,
    PeerState.FAILED: pb.TASK_STATE_FAILED,
    PeerState.CANCELED: pb.TASK_STATE_CANCELED,
}
STATE_OF = {value: state for state, value in _STATES.items()}


@dataclass(frozen=True, slots=True)
class Shown:
    """A task, where it stands, and what it is in A2A's words."""

    task: Task
    state: PeerState
    message: pb.Task


async def shown(
    tx: Transaction, task: Task, base_url: str, *, history: int | None = None, artifacts: bool = True
) -> Shown:
    """`history` is how many of the newest messages to show; None shows up to fifty."""
    question = await actions.open_question(tx, task)
    waiting = await approvals.page(
        tx, task.workspace_id, state=ApprovalState.PENDING, task_id=task.id, after=None, limit=1
    )
    state = peer_state(task, asked=question is not None, held=bool(waiting.items))
    context = (await store.contexts(tx, task.workspace_id, [task.id])).get(task.id, task.id)
    made = pb.Task(id=task.id, context_id=context)
    wanted = f"A person has to approve: {waiting.items[0].action}" if waiting.items else None
    made.status.CopyFrom(await _status(tx, task, state, question, context, wanted))
    if artifacts:
        made.artifacts.extend(await _artifacts(tx, task, base_url))
    if history != 0:
        made.history.extend(await _history(tx, task, context, HISTORY if history is None else min(history, HISTORY)))
    made.metadata.update(await _metadata(tx, task))
    return Shown(task, state, made)


async def _status(
    tx: Transaction, task: Task, state: PeerState, question: Question | None, context: str, wanted: str | None
) -> pb.TaskStatus:
    status = pb.TaskStatus(state=_STATES[state], timestamp=_instant(task.state_since))
    words = wanted if state is PeerState.AUTH_REQUIRED else await _words(tx, task, state, question)
    if words is not None:
        message_id = question.id if question is not None else f"{task.id}-{task.version}"
        status.message.CopyFrom(_said(message_id, pb.ROLE_AGENT, words, task.id, context))
    return status


async def _words(tx: Transaction, task: Task, state: PeerState, question: Question | None) -> str | None:
    """Why it stands where it does, in plain words."""
    if question is not None and state is PeerState.INPUT_REQUIRED:
        choices = f"\n\nAnswer with one of: {', '.join(question.options)}." if question.options else ""
        return f"{question.text}{choices}"
    waits = (await dependency_store.waits(tx, task.workspace_id, [task.id]))[task.id]
    if blocked_since(task.state, waits) is not None:
        return f"{task.ref} {reason([wait.node for wait in waits if wait.met_at is None])}."
    if state is PeerState.WORKING and task.run_id is None:
        return f"{task.ref} is in review." if task.state == "in_review" else f"{task.ref} was sent back by a review."
    return task.note


async def _history(tx: Transaction, task: Task, context: str, limit: int) -> list[pb.Message]:
    first = _said(f"{task.id}-brief", pb.ROLE_USER, task.brief or task.title, task.id, context)
    comments = (await comment_store.latest(tx, task.workspace_id, task.id, limit))[::-1]
    said = [
        _said(one.id, pb.ROLE_AGENT if one.by_agent else pb.ROLE_USER, one.body, task.id, context) for one in comments
    ]
    return [first, *said][-limit:]


async def _artifacts(tx: Transaction, task: Task, base_url: str) -> list[pb.Artifact]:
    """The newest version of each deliverable, drafts too: metadata says which."""
    found = await deliverable_store.of_task(tx, task.workspace_id, task.id)
    versions = await deliverable_store.versions_of(tx, task.workspace_id, [one.id for one in found])
    newest = {version.deliverable_id: version for version in sorted(versions, key=lambda each: each.number)}
    return [await _artifact(tx, one, newest[one.id], base_url) for one in found if one.id in newest]


async def _artifact(tx: Transaction, made: Deliverable, version: Version, base_url: str) -> pb.Artifact:
    artifact = pb.Artifact(artifact_id=made.id, name=made.name)
    if version.note:
        artifact.description = version.note
    artifact.metadata.update({"version": version.number, "draft": version.draft, "sha256": version.sha256})
    text = (await deliverable_store.content(tx, version)).text
    if text is None:
        address = f"{base_url}/api/v1/deliverables/{made.id}/versions/{version.number}/content"
        part = new_url_part(address, media_type=version.media_type, filename=version.file_name)
    elif made.kind is DeliverableKind.LINK:
        part = new_url_part(text)
    elif made.kind is DeliverableKind.JSON and isinstance(value := json.loads(text), dict | list):
        part = new_data_part(value)
    else:
        part = new_text_part(text, media_type=version.media_type)
    artifact.parts.append(part)
    return artifact


async def _metadata(tx: Transaction, task: Task) -> dict[str, Any]:
    spent = (await rollups.figures(tx, task.workspace_id, "task", [task.id]))[task.id]
    agent = None
    if task.agent_id is not None:
        agent = (await agent_store.named(tx, task.workspace_id, [task.agent_id])).get(task.agent_id)
    return {
        "quarterdeck.ref": task.ref,
        "quarterdeck.state": task.state.value,
        "quarterdeck.agent": agent,
        "quarterdeck.attempts": task.attempts,
        # As text: A2A's numbers are floats, and money is exact.
        "quarterdeck.cost_nano": str(spent.cost),
    }


def _said(message_id: str, role: pb.Role, text: str, task_id: str, context_id: str) -> pb.Message:
    return pb.Message(
        message_id=message_id, role=role, parts=[new_text_part(text)], task_id=task_id, context_id=context_id
    )


def _instant(micros: int) -> Timestamp:
    return Timestamp(seconds=micros // SECOND, nanos=micros % SECOND * 1_000)

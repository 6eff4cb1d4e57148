"""The queue of a member: reviews, questions and mentions that wait for it, and putting them off or handing them on."""

from dataclasses import dataclass
from enum import StrEnum

from quarterdeck.access.actors import Actor, Permission, allows
from quarterdeck.control.agents import people
from quarterdeck.control.inbox import store as inbox
from quarterdeck.control.needs import store
from quarterdeck.control.needs.store import Mark
from quarterdeck.control.questions import store as questions
from quarterdeck.control.questions.model import QuestionState
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Invalid, NotFound
from quarterdeck.kernel.events import Event

MAX_OF_A_KIND = 500


class NeedKind(StrEnum):
    QUESTION = "question"
    REVIEW = "review"
    MENTION = "mention"


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits. `key` names it for snoozing and handing on; `since` is an instant."""

    key: str
    kind: NeedKind
    subject_id: str
    task_id: str | None
    text: str
    since: int


async def queue(tx: Transaction, actor: Actor, *, snoozed: bool = False) -> list[Need]:
    """All that waits for the member now, longest waiting first; with `snoozed`, what it has put off as well."""
    marks = await store.marks_of(tx, actor.workspace_id, actor.id)
    found = []
    for need in await _open(tx, actor):
        mark = marks.get(need.key)
        if mark is None or (mark.delegated_to_id is None and (snoozed or (mark.snoozed_until or 0) <= tx.now)):
            found.append(need)
    return sorted(found, key=lambda need: (need.since, need.key))


async def snooze(tx: Transaction, actor: Actor, key: str, until: int) -> None:
    """Put it off until that instant. Raises NotFound when it does not wait for the member; Invalid for the past."""
    await _must_wait(tx, actor, key)
    if until <= tx.now:
        raise Invalid("until must be in the future.", field="until")
    await store.mark(tx, actor.workspace_id, actor.id, key, Mark(until, None))


async def delegate(tx: Transaction, actor: Actor, key: str, member_id: str) -> None:
    """Hand a review or a question on to another member; tells `need.delegated`. Raises NotFound; Invalid."""
    need = await _must_wait(tx, actor, key)
    if need.kind is NeedKind.MENTION or member_id == actor.id:
        raise Invalid("A review or a question is handed on, and to somebody else.", field="member_id")
    await people.must_exist(tx, actor.workspace_id, member_id, "member_id")
    await store.mark(tx, actor.workspace_id, actor.id, key, Mark(None, member_id))
    data = {"key": key, "task_id": need.task_id, "member_id": member_id}
    await tx.emit(Event(actor.workspace_id, "need.delegated", need.subject_id, data, actor.id))


async def seen(tx: Transaction, actor: Actor, upto: int) -> None:
    """The member has seen its mentions up to that number."""
    await inbox.acknowledge(tx, actor.workspace_id, actor.id, upto)


async def _must_wait(tx: Transaction, actor: Actor, key: str) -> Need:
    for need in await _open(tx, actor):
        if need.key == key:
            return need
    raise NotFound("Nothing of that key waits for you.")


async def _open(tx: Transaction, actor: Actor) -> list[Need]:
    handed = await store.handed_to(tx, actor.workspace_id, actor.id)
    found = [
        Need(f"mention:{item.seq}", NeedKind.MENTION, item.subject_id, item.task_id, item.body, item.created_at)
        for item in await inbox.unread(tx, actor.workspace_id, actor.id, 0, limit=MAX_OF_A_KIND)
    ]
    if actor.role is not None and allows(actor, Permission.REVIEW):
        for waiting in await store.reviews_for(tx, actor.workspace_id, actor.id, actor.role):
            key = f"review:{waiting.task_id}"
            if waiting.mine or key in handed:
                found.append(Need(key, NeedKind.REVIEW, waiting.task_id, waiting.task_id, waiting.title, waiting.since))
    asked = {one.id: one for one in await questions.open_for(tx, actor.workspace_id, actor.id, MAX_OF_A_KIND)}
    for key in handed:
        if key.startswith("question:"):
            other = await questions.find(tx, actor.workspace_id, key.removeprefix("question:"))
            if other is not None and other.state is QuestionState.OPEN:
                asked[other.id] = other
    found += [
        Need(f"question:{one.id}", NeedKind.QUESTION, one.id, one.task_id, one.text, one.created_at)
        for one in asked.values()
    ]
    return found

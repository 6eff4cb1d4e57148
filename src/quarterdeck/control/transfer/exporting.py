"""Writing the portable export, piece by piece: however much there is, little of it is in memory."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from quarterdeck.access import members
from quarterdeck.control.agents import store as agents
from quarterdeck.control.deliverables.files import Files
from quarterdeck.control.dependencies import store as dependencies
from quarterdeck.control.goals import store as goals
from quarterdeck.control.goals.store import GoalFilter
from quarterdeck.control.projects import store as projects
from quarterdeck.control.projects.model import Project
from quarterdeck.control.squads import store as squads
from quarterdeck.control.tasks import lists, store
from quarterdeck.control.tasks.lists import TaskFilter
from quarterdeck.control.tasks.model import Task, name_of
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.control.templates import store as templates
from quarterdeck.control.templates.bodies import DraftBody, VariableBody
from quarterdeck.control.transfer.document import VERSION
from quarterdeck.control.transfer.history_out import Histories
from quarterdeck.control.transfer.who import of_people
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.clock import iso

PAGE = 200


async def document(
    db: Database, workspace_id: str, *, project_id: str | None = None, files: Files | None = None
) -> AsyncIterator[bytes]:
    """The document, as bytes to be sent. With `project_id` only that project; with `files` the bytes of files too."""
    async with db.read() as tx:
        people = await _emails(tx, workspace_id)
        head = {"quarterdeck_export": VERSION, "exported_at": iso(tx.now)}
        yield json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "projects": ['
        async for piece in _separated(_projects(tx, workspace_id, project_id, people)):
            yield piece
        yield b'], "goals": ['
        async for piece in _separated(_goals(tx, workspace_id, project_id, people)):
            yield piece
        yield b'], "templates": ['
        if project_id is None:
            async for piece in _separated(_templates(tx, workspace_id, people)):
                yield piece
        yield b'], "tasks": ['
        async for piece in _separated(_tasks(tx, workspace_id, project_id, people, files)):
            yield piece
        yield b"]}\n"


async def _separated(found: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    comma = b"\n"
    async for each in found:
        yield comma + json.dumps(each, ensure_ascii=False).encode()
        comma = b",\n"


async def _projects(
    tx: Transaction, workspace_id: str, project_id: str | None, people: dict[str, str]
) -> AsyncIterator[dict[str, Any]]:
    after = None
    while True:
        page = await projects.page(tx, workspace_id, limit=PAGE, after=after)
        named = {each for one in page.items for each in (one.lead_agent_id, one.review.agent_id) if each}
        workers = await agents.named(tx, workspace_id, named)
        for one in page.items:
            if project_id in (None, one.id):
                yield _project(one, workers, people)
        after = page.next
        if after is None:
            return


def _project(one: Project, workers: dict[str, str], people: dict[str, str]) -> dict[str, Any]:
    return {
        "name": one.name,
        "description": one.description,
        "lead_agent": None if one.lead_agent_id is None else workers[one.lead_agent_id],
        "review": review_out(one.review, people, workers),
        "archived": one.archived_at is not None,
        "hold": None if one.held_at is None else {"reason": one.hold_reason},
    }


async def _goals(
    tx: Transaction, workspace_id: str, project_id: str | None, people: dict[str, str]
) -> AsyncIterator[dict[str, Any]]:
    """With `project_id` those that its tasks serve, and its own."""
    after = None
    while True:
        page = await goals.page(tx, workspace_id, GoalFilter(serving_project_id=project_id), limit=PAGE, after=after)
        owned = await projects.named(tx, workspace_id, {one.project_id for one in page.items if one.project_id})
        for one in page.items:
            inside = one.project_id is not None and project_id in (None, one.project_id)
            yield {
                "name": one.name,
                "statement": one.statement,
                "project": owned[one.project_id] if inside and one.project_id else None,
                "accountable": people.get(one.accountable_id),
                "due_at": None if one.due_at is None else iso(one.due_at),
            }
        after = page.next
        if after is None:
            return


async def _templates(tx: Transaction, workspace_id: str, people: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
    after = None
    while True:
        page = await templates.page(tx, workspace_id, limit=PAGE, after=after)
        drafts = [one.draft for one in page.items]
        reviews = [None if each.review is None else ReviewPolicy(each.review) for each in drafts]
        named = {each.agent_id for each in drafts if each.agent_id} | {r.agent_id for r in reviews if r and r.agent_id}
        workers = await agents.named(tx, workspace_id, named)
        owned = await projects.named(tx, workspace_id, {each.project_id for each in drafts if each.project_id})
        aims = await goals.named(tx, workspace_id, {each.goal_id for each in drafts if each.goal_id})
        crews = await squads.named(tx, workspace_id, {each.squad_id for each in drafts if each.squad_id})
        for one, review in zip(page.items, reviews, strict=True):
            draft = one.draft
            bare = dict.fromkeys(("agent_id", "squad_id", "accountable_id", "project_id", "goal_id", "review"))
            yield {
                "name": one.name,
                "description": one.description,
                "task": DraftBody.of(draft).model_copy(update={**bare, "watchers": []}).model_dump(),
                "project": owned.get(draft.project_id or ""),
                "goal": aims.get(draft.goal_id or ""),
                "agent": workers.get(draft.agent_id or ""),
                "squad": crews.get(draft.squad_id or ""),
                "accountable": people.get(draft.accountable_id or ""),
                "watchers": [people[each] for each in draft.watchers if each in people],
                "review": None if review is None else review_out(review, people, workers),
                "variables": [VariableBody.of(each).model_dump() for each in one.variables],
            }
        after = page.next
        if after is None:
            return


async def _tasks(
    tx: Transaction, workspace_id: str, project_id: str | None, people: dict[str, str], files: Files | None
) -> AsyncIterator[dict[str, Any]]:
    """Oldest first, so that parents mostly come before their parts."""
    after = 0
    while True:
        found = await lists.oldest(tx, workspace_id, TaskFilter(project_id=project_id), after=after, limit=PAGE)
        histories = Histories(tx, workspace_id, people, files)
        await histories.load(found)
        shown = await _shown(tx, workspace_id, found, project_id, people)
        for task, each in zip(found, shown, strict=True):
            yield {**each, **await histories.of(task)}
        if len(found) < PAGE:
            return
        after = found[-1].number


async def _shown(
    tx: Transaction, workspace_id: str, found: Sequence[Task], project_id: str | None, people: dict[str, str]
) -> list[dict[str, Any]]:
    ids = [task.id for task in found]
    named = {each for task in found for each in (task.agent_id, task.review.agent_id) if each}
    names = await agents.named(tx, workspace_id, named)
    owned = await projects.named(tx, workspace_id, {task.project_id for task in found if task.project_id})
    aims = await goals.named(tx, workspace_id, {task.goal_id for task in found if task.goal_id})
    crews = await squads.named(tx, workspace_id, {task.squad_id for task in found if task.squad_id})
    parents = await store.briefly(tx, workspace_id, {task.parent_id for task in found if task.parent_id})
    watchers = await store.watchers_of(tx, workspace_id, ids)
    waits = await dependencies.waits(tx, workspace_id, ids)
    blockers = await store.briefly(tx, workspace_id, {wait.node.id for each in waits.values() for wait in each})
    shown = []
    for task in found:
        parent = None if task.parent_id is None else parents[task.parent_id]
        # Whatever stands outside of what is exported, nobody could find again.
        inside = parent is not None and project_id in (None, parent.project_id)
        shown.append(
            {
                "key": task.ref,
                "title": task.title,
                "brief": task.brief,
                "acceptance": [
                    {"text": one.text, "met": one.met, "deliverable": one.deliverable} for one in task.acceptance
                ],
                "state": task.state.value,
                "priority": name_of(task.priority),
                "labels": list(task.labels),
                "project": None if task.project_id is None else owned[task.project_id],
                "parent": parent.ref if parent is not None and inside else None,
                "goal": None if task.goal_id is None else aims[task.goal_id],
                "waits_for": [
                    blockers[wait.node.id].ref
                    for wait in waits[task.id]
                    if project_id in (None, blockers[wait.node.id].project_id)
                ],
                "agent": None if task.agent_id is None or task.taken else names[task.agent_id],
                "squad": crews.get(task.squad_id or ""),
                "accountable": people.get(task.accountable_id),
                "watchers": [people[one] for one in watchers[task.id] if one in people],
                "due_at": None if task.due_at is None else iso(task.due_at),
                "review": review_out(task.review, people, names),
                "attempt_limit": task.attempt_limit,
                "budget_nano": task.budget,
                "note": task.note,
                "hold": None if task.held_at is None else {"reason": task.hold_reason},
            }
        )
    return shown


def review_out(review: ReviewPolicy, people: Mapping[str, str], workers: Mapping[str, str]) -> str:
    """The policy, with members' e-mails and the agent's name in place of ids; who is gone is left out."""
    emails = [people[each] for each in review.named if each in people]
    persons = review.persons
    if review.named:
        persons = of_people("of" if review.member_id is None else "member", str(review.approvals), emails)
    agent = workers.get(review.agent_id or "")
    return persons if agent is None else f"agent:{agent}+{persons}"


async def _emails(tx: Transaction, workspace_id: str) -> dict[str, str]:
    found: dict[str, str] = {}
    after = None
    while True:
        page = await members.page(tx, workspace_id, after=after, limit=PAGE)
        found |= {member.id: member.email for member in page.items}
        after = page.next
        if after is None:
            return found

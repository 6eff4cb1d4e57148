"""Bringing a document in: all of it in one transaction, or nothing and what is wrong with it."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from quarterdeck.access.actors import Actor
from quarterdeck.control.dependencies import actions as dependencies
from quarterdeck.control.goals import actions as goals
from quarterdeck.control.goals import store as goal_store
from quarterdeck.control.projects import actions as projects
from quarterdeck.control.projects import store as project_store
from quarterdeck.control.projects.model import ProjectChange
from quarterdeck.control.shapes import instant_in
from quarterdeck.control.tasks import creating, holding
from quarterdeck.control.tasks.model import CLOSED, NewTask, Task, TaskState, priority_of
from quarterdeck.control.templates import actions as templates
from quarterdeck.control.templates import store as template_store
from quarterdeck.control.transfer import history_in
from quarterdeck.control.transfer.document import Document, GoalDoc, ProjectDoc, TaskDoc, TemplateDoc
from quarterdeck.control.transfer.who import Who
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Invalid, QuarterdeckError

MAX_WARNINGS = 200


@dataclass(slots=True)
class Report:
    """What an import made, and what it could not keep as it was."""

    projects: list[str] = field(default_factory=list)
    goals: list[str] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=dict)
    """By the key that they have in the document."""
    warnings: list[str] = field(default_factory=list)

    def warn(self, words: str) -> None:
        if len(self.warnings) < MAX_WARNINGS and words not in self.warnings:
            self.warnings.append(words)


async def bring(tx: Transaction, actor: Actor, document: Document, there: Collection[str] = ()) -> Report:
    """Make what the document says. Projects that are there by name are used; whoever is not here is warned of.

    `there`: hashes of those of its files that are in the workspace.

    Raises Invalid naming the task whose fields or relations cannot be.
    """
    report = Report()
    who = Who(tx, actor.workspace_id, report)
    ordered = _parents_first(document.tasks)
    for project in document.projects:
        await _project(tx, actor, project, who, report)
    for goal in document.goals:
        await _goal(tx, actor, goal, who, report)
    for template in document.templates:
        if await template_store.by_name(tx, actor.workspace_id, template.name) is not None:
            report.warn(f"There is a template {template.name} already; it was left as it is.")
            continue
        await _template(tx, actor, template, who)
        report.templates.append(template.name)
    for doc in ordered:
        with _about(doc):
            report.tasks[doc.key] = await _task(tx, actor, doc, who, report)
    for doc in ordered:
        with _about(doc):
            for key in doc.waits_for:
                mine, other = report.tasks[doc.key].id, report.tasks[key].id
                await dependencies.add(tx, actor.workspace_id, mine, other, actor=actor.id)
    historian = history_in.Historian(tx, actor, who, there)
    for doc in ordered:
        with _about(doc):
            await historian.write(report.tasks[doc.key], doc)
    # Last, because nothing is added to what is closed.
    for doc in ordered:
        if doc.state not in (TaskState.BACKLOG, TaskState.READY):
            report.tasks[doc.key] = await creating.restore(
                tx, actor.workspace_id, report.tasks[doc.key].id, _restored(doc.state), actor=actor.id
            )
    await _hold(tx, actor, document, who, report)
    await _archive(tx, actor, document)
    return report


def _restored(state: TaskState) -> TaskState:
    """Work that was going on goes on nowhere: it is ready."""
    return TaskState.READY if state is TaskState.IN_PROGRESS else state


async def _project(tx: Transaction, actor: Actor, doc: ProjectDoc, who: Who, report: Report) -> None:
    if await project_store.by_name(tx, actor.workspace_id, doc.name) is not None:
        report.warn(f"There is a project {doc.name} already; its tasks join it and it was left as it is.")
        return
    await projects.create(
        tx,
        actor.workspace_id,
        name=doc.name,
        description=doc.description,
        lead_agent_id=await who.agent(doc.lead_agent),
        review=await who.review(doc.review),
        actor=actor.id,
    )
    report.projects.append(doc.name)


async def _goal(tx: Transaction, actor: Actor, doc: GoalDoc, who: Who, report: Report) -> None:
    if await goal_store.by_name(tx, actor.workspace_id, doc.name) is not None:
        report.warn(f"There is a goal {doc.name} already; its tasks serve it and it was left as it is.")
        return
    project = await who.project(doc.project)
    await goals.create(
        tx,
        actor.workspace_id,
        name=doc.name,
        statement=doc.statement,
        project_id=project,
        accountable_id=await who.member(doc.accountable, "answers for") or actor.id,
        due_at=None if doc.due_at is None else instant_in(doc.due_at, "due_at"),
        actor=actor.id,
    )
    report.goals.append(doc.name)


async def _template(tx: Transaction, actor: Actor, doc: TemplateDoc, who: Who) -> None:
    found = [await who.member(email, "watches") for email in doc.watchers]
    review = doc.review or doc.task.review
    draft = replace(
        doc.task.to_draft(),
        project_id=await who.project(doc.project),
        goal_id=await who.goal(doc.goal),
        agent_id=await who.agent(doc.agent),
        squad_id=await who.squad(doc.squad),
        accountable_id=await who.member(doc.accountable, "answers for"),
        watchers=tuple(one for one in found if one is not None),
        review=None if review is None else await who.review(review),
    )
    await templates.create(
        tx,
        actor.workspace_id,
        name=doc.name,
        description=doc.description,
        draft=draft,
        variables=tuple(one.to_variable() for one in doc.variables),
        actor=actor.id,
    )


async def _hold(tx: Transaction, actor: Actor, document: Document, who: Who, report: Report) -> None:
    """What a person held is held here too, unless it is closed or was here before."""
    for doc in document.tasks:
        task = report.tasks[doc.key]
        if doc.hold is not None and task.state not in CLOSED:
            await holding.hold(tx, actor.workspace_id, task.id, reason=doc.hold.reason, actor=actor.id)
    for each in document.projects:
        if each.hold is not None and each.name in report.projects and (project_id := await who.project(each.name)):
            await projects.hold(tx, actor.workspace_id, project_id, reason=each.hold.reason, actor=actor.id)


async def _archive(tx: Transaction, actor: Actor, document: Document) -> None:
    """Last of all: an archived project takes no tasks."""
    for doc in document.projects:
        project = await project_store.by_name(tx, actor.workspace_id, doc.name)
        if doc.archived and project is not None and project.created_at == tx.now:
            change = ProjectChange(archived=True)
            await projects.change(tx, actor.workspace_id, project.id, change, actor=actor.id)


async def _task(tx: Transaction, actor: Actor, doc: TaskDoc, who: Who, report: Report) -> Task:
    accountable = await who.member(doc.accountable, "answers for") or actor.id
    found = [await who.member(email, "watches") for email in doc.watchers]
    new = NewTask(
        title=doc.title,
        brief=doc.brief,
        acceptance=tuple(one.to_criterion() for one in doc.acceptance),
        state=TaskState.READY if doc.state is TaskState.READY else TaskState.BACKLOG,
        priority=priority_of(doc.priority),
        labels=tuple(doc.labels),
        agent_id=await who.agent(doc.agent),
        squad_id=await who.squad(doc.squad),
        accountable_id=accountable,
        due_at=None if doc.due_at is None else instant_in(doc.due_at, "due_at"),
        review=None if doc.review is None else await who.review(doc.review),
        attempt_limit=doc.attempt_limit,
        project_id=await who.project(doc.project),
        goal_id=await who.goal(doc.goal),
        parent_id=None if doc.parent is None else report.tasks[doc.parent].id,
        budget=doc.budget_nano,
        watchers=tuple(one for one in found if one is not None),
        note=doc.note,
    )
    return await creating.create(tx, actor.workspace_id, new, actor=actor)


def _parents_first(docs: list[TaskDoc]) -> list[TaskDoc]:
    """In their order, a parent before its parts. Raises Invalid for a key that is not there, and for circles."""
    by_key: dict[str, TaskDoc] = {}
    for doc in docs:
        if doc.key in by_key:
            raise Invalid(f"Two tasks have the key {doc.key}.", field="key")
        by_key[doc.key] = doc
    for doc in docs:
        for key in [*doc.waits_for, *([] if doc.parent is None else [doc.parent])]:
            if key not in by_key:
                raise Invalid(f"{doc.key} names {key}, which is not in the document.", field="key")
    done: dict[str, TaskDoc] = {}
    for doc in docs:
        chain, here = [], doc
        while here.key not in done:
            if here in chain:
                raise Invalid(f"{here.key} is a part of itself.", field="parent")
            chain.append(here)
            if here.parent is None:
                break
            here = by_key[here.parent]
        done |= {each.key: each for each in reversed(chain)}
    return list(done.values())


class _about:
    """What a verb refuses in this block is wrong with that task of the document."""

    def __init__(self, doc: TaskDoc) -> None:
        self._doc = doc

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, QuarterdeckError) and error.status < 500:
            message = f"{self._doc.key} ({self._doc.title[:60]}): {error.message}"
            raise Invalid(message, **{**error.extra, "key": self._doc.key}) from None

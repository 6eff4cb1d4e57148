"""Schedules in quarterdeck.toml: reading `[[schedules]]`, and applying what they say."""

from dataclasses import fields
from typing import Any

from quarterdeck.access import members
from quarterdeck.control.agents import store as agents
from quarterdeck.control.declared.applying import Applying
from quarterdeck.control.declared.fields import Table
from quarterdeck.control.declared.model import DeclaredSchedule
from quarterdeck.control.goals import store as goals
from quarterdeck.control.projects import store as projects
from quarterdeck.control.schedules import actions, store
from quarterdeck.control.schedules.actions import Wanted
from quarterdeck.control.schedules.model import (
    DEFAULT_PAUSE_AFTER,
    MAX_CATCH_UP,
    MAX_PAUSE_AFTER,
    CatchUp,
    Overlap,
    Schedule,
    Trigger,
)
from quarterdeck.control.schedules.signing import bound_to
from quarterdeck.control.schedules.timing import MAX_INTERVAL_S, MIN_INTERVAL_S
from quarterdeck.control.squads import store as squads
from quarterdeck.control.tasks.model import Criterion, Priority
from quarterdeck.control.templates import store as templates
from quarterdeck.control.templates.model import Draft
from quarterdeck.kernel.errors import Invalid

PRIORITIES = tuple(priority.name.lower() for priority in Priority)


def read(table: Table, secret: str | None) -> DeclaredSchedule:
    """One `[[schedules]]`; what is wrong with it is noted."""
    cron, every_s = table.text("cron"), table.whole("every_s", MIN_INTERVAL_S, MAX_INTERVAL_S)
    trigger = table.one_of("trigger", [trigger.value for trigger in Trigger])
    if trigger is None:
        trigger = "cron" if cron is not None else "interval"
        if (cron is None) == (every_s is None):
            table.wrong("cron", 'needs one of cron = "0 9 * * *", every_s = 3600, trigger = "webhook" or "api"')
    title, template = table.text("title"), table.text("template")
    if (title is None) == (template is None):
        table.wrong("title", "needs either title, for the task it makes, or template, the name of one")
    wanted = Wanted(
        name=table.required("name"),
        trigger=Trigger(trigger),
        cron=cron,
        zone=table.text("zone") or "UTC",
        every_s=every_s,
        draft=_draft(table, title),
        variables=table.text_map("variables"),
        overlap=Overlap(table.one_of("overlap", [each.value for each in Overlap]) or Overlap.SKIP),
        catch_up=CatchUp(table.one_of("catch_up", [each.value for each in CatchUp]) or CatchUp.LAST),
        catch_up_limit=table.whole("catch_up_limit", 1, MAX_CATCH_UP) or 1,
        pause_after=table.whole("pause_after", 1, MAX_PAUSE_AFTER) or DEFAULT_PAUSE_AFTER,
    )
    schedule = DeclaredSchedule(
        where=table.where,
        wanted=wanted,
        owner=table.required("owner"),
        agent=table.text("agent"),
        squad=table.text("squad"),
        project=table.text("project"),
        goal=table.text("goal"),
        template=template,
        secret=secret,
    )
    if wanted.trigger is Trigger.WEBHOOK and secret is None:
        table.wrong("secret", 'needs secret = "env:NAME", by which the sender signs')
    table.done()
    return schedule


def _draft(table: Table, title: str | None) -> Draft | None:
    draft = Draft(
        title=title or "",
        brief=table.text("brief") or "",
        acceptance=tuple(Criterion(text) for text in table.texts("acceptance") or ()),
        priority=Priority[(table.one_of("priority", PRIORITIES) or "normal").upper()],
        labels=tuple(table.texts("labels") or ()),
        review=table.text("review"),
        due_in_s=table.whole("due_in_s", 1, 10 * MAX_INTERVAL_S),
    )
    return None if title is None else draft


async def apply_schedules(on: Applying, declared: list[DeclaredSchedule]) -> None:
    """A declared schedule the file names no more is removed; the tasks that it made stay."""
    kept = set()
    for each in declared:
        with on.at(each.where):
            kept.add((await _apply(on, each)).id)
    for schedule in await store.declared_of(on.tx, on.workspace_id):
        if schedule.id not in kept:
            await actions.delete(on.tx, on.workspace_id, schedule.id, declared=True)
            on.note("removed", f"schedule {schedule.name}", "its tasks stay")


async def _apply(on: Applying, declared: DeclaredSchedule) -> Schedule:
    wanted = await _looked_up(on, declared)
    before = await store.by_name(on.tx, on.workspace_id, wanted.name)
    if before is None:
        schedule = await actions.create(on.tx, on.workspace_id, wanted, declared=True)
        on.note("added", f"schedule {schedule.name}", schedule.cron or schedule.trigger.value)
    else:
        values: dict[str, Any] = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
        schedule = await actions.change(on.tx, on.workspace_id, before.id, values, declared=True)
        if not before.declared:
            schedule = await store.update(on.tx, schedule, {"declared": True})
        if schedule.version != before.version:
            changed = [name for name in values if getattr(schedule, name) != getattr(before, name)]
            on.note("changed", f"schedule {schedule.name}", ", ".join(changed) or "declared")
    if declared.secret is not None:
        with on.at((*declared.where, "secret")):
            await _keep_secret(on, schedule, on.secret_at(declared.secret))
    return schedule


async def _keep_secret(on: Applying, schedule: Schedule, secret: str) -> None:
    bound = bound_to(schedule.id)
    if schedule.sealed_secret is not None and on.vault.unseal(schedule.sealed_secret, bound).decode() == secret:
        return
    await actions.set_secret(on.tx, on.workspace_id, schedule.id, on.vault.seal(secret.encode(), bound))
    on.note("changed", f"secret of schedule {schedule.name}")


async def _looked_up(on: Applying, declared: DeclaredSchedule) -> Wanted:
    """With ids in place of names. Raises Invalid naming the field that names nobody."""
    owner = await members.by_email(on.tx, on.workspace_id, declared.owner)
    if owner is None:
        raise Invalid(f"no member has the e-mail {declared.owner}", field="owner")
    values: dict[str, Any] = {field.name: getattr(declared.wanted, field.name) for field in fields(declared.wanted)}
    values["owner_id"] = owner.id
    if declared.template is not None:
        found = await templates.by_name(on.tx, on.workspace_id, declared.template)
        if found is None:
            raise Invalid(f"there is no task template called {declared.template}", field="template")
        values["template_id"] = found.id
    draft: Draft | None = values["draft"]
    if draft is not None:
        values["draft"] = await _placed(on, declared, draft)
    return Wanted(**values)


async def _placed(on: Applying, declared: DeclaredSchedule, draft: Draft) -> Draft:
    given = {field.name: getattr(draft, field.name) for field in fields(draft)}
    if declared.agent is not None:
        agent = await agents.by_name(on.tx, on.workspace_id, declared.agent)
        if agent is None:
            raise Invalid(f"there is no agent called {declared.agent}", field="agent")
        given["agent_id"] = agent.id
    if declared.squad is not None:
        squad_id = await squads.by_name(on.tx, on.workspace_id, declared.squad)
        if squad_id is None:
            raise Invalid(f"there is no squad called {declared.squad}", field="squad")
        given["squad_id"] = squad_id
    if declared.project is not None:
        project = await projects.by_name(on.tx, on.workspace_id, declared.project)
        if project is None:
            raise Invalid(f"there is no project called {declared.project}", field="project")
        given["project_id"] = project.id
    if declared.goal is not None:
        goal = await goals.by_name(on.tx, on.workspace_id, declared.goal)
        if goal is None:
            raise Invalid(f"there is no goal called {declared.goal}", field="goal")
        given["goal_id"] = goal.id
    return Draft(**given)

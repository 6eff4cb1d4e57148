"""Gathering what the shown status is a function of, for a page of agents, runs or tasks in a handful of queries."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.access.tables import keys
from quarterdeck.access.wire import OpenCall
from quarterdeck.control.agents import people
from quarterdeck.control.agents.model import Agent
from quarterdeck.control.dependencies import store as dependency_store
from quarterdeck.control.dependencies.model import Wait, blocked_since
from quarterdeck.control.lever import store as lever_store
from quarterdeck.control.lever.cover import Cover
from quarterdeck.control.questions.store import questions
from quarterdeck.control.runs import store as run_store
from quarterdeck.control.runs.model import Run
from quarterdeck.control.seats import store as seats
from quarterdeck.control.signals import store as signal_store
from quarterdeck.control.signals import usual
from quarterdeck.control.signals.model import Kind, Signal
from quarterdeck.control.status import model, takers, wire
from quarterdeck.control.status.model import Waiting, WaitsFor
from quarterdeck.control.tasks.model import Task, TaskState
from quarterdeck.control.tasks.tables import tasks as task_table
from quarterdeck.db import Prepared, Transaction, one_of
from quarterdeck.kernel.clock import DAY
from quarterdeck.kernel.ids import lowest_id
from quarterdeck.ledger.calls import cost_since
from quarterdeck.ledger.derived_tables import call_marks, wire_activity, work_costs
from quarterdeck.ledger.work_costs import Fact

_CHAIN_SHOWN = 5
_LAST = Prepared(
    sa.select(wire_activity).where(
        wire_activity.c.workspace_id == sa.bindparam("workspace_id"), one_of(wire_activity.c.subject_id, "ids")
    )
)
_SPENT_BLOCKED = Prepared(
    sa.select(work_costs.c.task_id, work_costs.c.agent_id)
    .distinct()
    .where(
        work_costs.c.workspace_id == sa.bindparam("workspace_id"),
        one_of(work_costs.c.task_id, "ids"),
        work_costs.c.day > sa.bindparam("since", type_=sa.BigInteger),
        work_costs.c.fact == Fact.BLOCKED.value,
        work_costs.c.cost > 0,
    )
)
_ASSIGNED = Prepared(
    sa.select(task_table.c.id, task_table.c.agent_id).where(
        task_table.c.workspace_id == sa.bindparam("workspace_id"), one_of(task_table.c.id, "ids")
    )
)
_BLOCKED_SINCE = Prepared(
    sa.select(call_marks.c.call_id).where(
        call_marks.c.workspace_id == sa.bindparam("workspace_id"),
        one_of(call_marks.c.subject, "subjects"),
        call_marks.c.fact == Fact.BLOCKED.value,
        call_marks.c.call_id >= sa.bindparam("first"),
    )
)
_SEEN = Prepared(
    sa.select(keys.c.agent_id, sa.func.max(keys.c.last_used_at).label("at"))
    .where(keys.c.workspace_id == sa.bindparam("workspace_id"), one_of(keys.c.agent_id, "ids"))
    .group_by(keys.c.agent_id)
)
_TO_DO = Prepared(
    sa.select(task_table.c.id, task_table.c.agent_id, task_table.c.state)
    .where(
        task_table.c.workspace_id == sa.bindparam("workspace_id"),
        one_of(task_table.c.agent_id, "ids"),
        sa.text("tasks.state IN ('ready', 'in_progress')"),
    )
    .order_by(task_table.c.priority, task_table.c.due_order, task_table.c.number)
)
_ASKED = Prepared(
    sa.select(questions.c.id, questions.c.run_id, questions.c.text, questions.c.created_at, task_table.c.accountable_id)
    .join(
        task_table,
        sa.and_(task_table.c.workspace_id == questions.c.workspace_id, task_table.c.id == questions.c.task_id),
    )
    .where(
        questions.c.workspace_id == sa.bindparam("workspace_id"),
        sa.text("questions.state = 'open'"),
        one_of(questions.c.run_id, "ids"),
    )
    .order_by(questions.c.created_at.desc())
)


async def of_agents(
    tx: Transaction, workspace_id: str, agents: Sequence[Agent], *, open_runs: Mapping[str, list[Run]] | None = None
) -> dict[str, model.Agent]:
    """The facts about each of these agents, by id. `open_runs` by agent are looked up where they are not known yet."""
    ids = [agent.id for agent in agents]
    if open_runs is None:
        open_runs = await run_store.open_of_agents(tx, workspace_id, ids)
    signals = await signal_store.up_of_agents(tx, workspace_id, ids)
    runs = await _runs(tx, workspace_id, [run for each in open_runs.values() for run in each], signals)
    last = await _last(tx, workspace_id, ids)
    seen = await _seen(tx, workspace_id, ids)
    # Of no run that is open: no run's at all, one's that is over, or a replay's.
    loose = _by(wire.current().open_calls(workspace_id), lambda call: None if call.run_id in runs else call.agent_id)
    blocked = await blocked_of_agents(tx, workspace_id, [each for each in ids if not open_runs[each]])
    troubles = await troubles_of(tx, workspace_id)
    cover = Cover(await lever_store.standing(tx, workspace_id), tx.now)
    found = {}
    for agent in agents:
        latest = last.get(agent.id)
        heard = [at for at in (seen.get(agent.id), None if latest is None else latest.ended) if at is not None]
        pause = cover.of_agent(agent.id)
        found[agent.id] = model.Agent(
            desired=agent.desired.value,
            desired_since=None,
            runs=tuple(runs[run.id] for run in open_runs[agent.id]),
            open_calls=tuple(_open(call) for call in loose.get(agent.id, ())),
            last=latest,
            signals=tuple(_noticed(each) for each in signals[agent.id] if each.run_id is None),
            last_seen=max(heard, default=None),
            troubles=troubles,
            blocked=blocked.get(agent.id),
            held=None if pause is None else model.Held(pause.what, pause.from_at, pause.reason),
        )
    return found


async def of_runs(tx: Transaction, workspace_id: str, runs: Sequence[Run]) -> dict[str, model.Run]:
    """The facts about each of these open runs, by id."""
    return await _runs(tx, workspace_id, [run for run in runs if run.open])


@dataclass(frozen=True, slots=True)
class Known:
    """What whoever shows a page of tasks has looked up of them already: open runs and names of agents, by id, and
    what each waits for."""

    runs: Mapping[str, Run]
    agents: Mapping[str, str]
    waits: Mapping[str, list[Wait]]
    squads: Mapping[str, str]
    """Names of squads, by id."""


async def of_tasks(tx: Transaction, workspace_id: str, tasks: Sequence[Task], known: Known) -> dict[str, model.Task]:
    """The facts about each of these tasks, by id."""
    ids = [task.id for task in tasks]
    runs = await _runs(tx, workspace_id, list(known.runs.values()))
    blocked = await _blocked(tx, workspace_id, {task.id: (task.state, known.waits[task.id]) for task in tasks})
    reviewers = await people.named(
        tx, workspace_id, {_reviewer_of(task) for task in tasks if task.state is TaskState.IN_REVIEW}
    )
    troubles = await troubles_of(tx, workspace_id)
    cover = await _cover(tx, workspace_id, ids)
    looking = await takers.looking_first(tx, workspace_id, tasks)
    idle = await takers.not_enabled(tx, workspace_id, {task.agent_id for task in tasks if task.run_id is None})
    found = {}
    for task in tasks:
        who_id = _reviewer_of(task) if task.state is TaskState.IN_REVIEW else ""
        found[task.id] = model.Task(
            state=task.state.value,
            state_since=task.state_since,
            agent_name=None if task.agent_id is None else known.agents[task.agent_id],
            squad_name=None if task.squad_id is None else known.squads[task.squad_id],
            agent_desired=idle.get(task.agent_id or "", "enabled"),
            run=None if task.run_id is None else runs.get(task.run_id),
            blocked=blocked.get(task.id),
            review=model.Asked(task.id, "to be reviewed", reviewers[who_id], who_id, task.state_since)
            if who_id in reviewers
            else None,
            looks_first=looking.get(task.id),
            held=_held(task, cover),
            troubles=troubles,
        )
    return found


async def troubles_of(tx: Transaction, workspace_id: str) -> tuple[model.Trouble, ...]:
    """Providers that are in trouble for everybody: as signals say, and as the gateways see it this moment."""
    noticed = tuple(
        model.Trouble(signal.subject, signal.words, signal.since)
        for signal in await signal_store.up_of_kind(tx, workspace_id, Kind.PROVIDER_TROUBLE)
    )
    names = {trouble.provider for trouble in noticed}
    seen = tuple(
        model.Trouble(state.provider, f"fails for everybody ({state.last_error})", state.since or tx.now)
        for state in wire.current().provider_states(workspace_id)
        if state.state in ("out", "probing") and state.provider not in names
    )
    return noticed + seen


def _reviewer_of(task: Task) -> str:
    return task.review.member_id or task.accountable_id


async def _runs(
    tx: Transaction, workspace_id: str, runs: Sequence[Run], signals: Mapping[str, list[Signal]] | None = None
) -> dict[str, model.Run]:
    """`signals` are those that are up of the runs' agents, where they are known already."""
    if not runs:
        return {}
    ids = [run.id for run in runs]
    last = await _last(tx, workspace_id, ids)
    open_calls = _by(wire.current().open_calls(workspace_id), lambda call: call.run_id)
    if signals is None:
        signals = await signal_store.up_of_agents(tx, workspace_id, {run.agent_id for run in runs})
    asked = await _asked(tx, workspace_id, ids)
    cover = await _cover(tx, workspace_id, {run.task_id for run in runs})
    silences = await usual.silences(tx, workspace_id, {run.agent_id for run in runs})
    found = {}
    for run in runs:
        pause = cover.of_run(run.id, run.task_id)
        found[run.id] = model.Run(
            id=run.id,
            began=run.started_at or run.created_at,
            open_calls=tuple(_open(call) for call in open_calls.get(run.id, ())),
            last=last.get(run.id),
            signals=tuple(_noticed(each) for each in signals[run.agent_id] if each.run_id == run.id),
            asked=asked.get(run.id),
            held=None if pause is None else model.Held(pause.what, pause.from_at, pause.reason),
            usual_silence=silences.get(run.agent_id),
        )
    return found


async def _last(tx: Transaction, workspace_id: str, subject_ids: Collection[str]) -> dict[str, model.Last]:
    if not subject_ids:
        return {}
    rows = await tx.fetch_named(_LAST, workspace_id=workspace_id, ids=sorted(subject_ids))
    return {
        row["subject_id"]: model.Last(
            call_id=row["last_call_id"],
            ended=row["ended"],
            outcome=row["outcome"],
            status=row["status"],
            provider=row["provider"],
            model=row["model"],
            error_code=row["error_code"],
            tools=tuple(json.loads(row["tools"])) if row["tools"] else (),
        )
        for row in rows
    }


async def _seen(tx: Transaction, workspace_id: str, agent_ids: Collection[str]) -> dict[str, int]:
    """When a key of each agent was last used on the control API."""
    if not agent_ids:
        return {}
    rows = await tx.fetch(_SEEN, workspace_id=workspace_id, ids=sorted(agent_ids))
    return {agent_id: at for agent_id, at in rows if at is not None}


async def _asked(tx: Transaction, workspace_id: str, run_ids: Collection[str]) -> dict[str, model.Asked]:
    """The oldest open question of each run, and who is to answer it."""
    rows = await tx.fetch_named(_ASKED, workspace_id=workspace_id, ids=sorted(run_ids))
    names = await people.named(tx, workspace_id, {row["accountable_id"] for row in rows})
    return {
        row["run_id"]: model.Asked(
            row["id"],
            "to answer a question",
            names.get(row["accountable_id"], "a person"),
            row["accountable_id"],
            row["created_at"],
        )
        for row in rows
    }


async def blocked_of_agents(tx: Transaction, workspace_id: str, agent_ids: Collection[str]) -> dict[str, model.Blocked]:
    """The most urgent task that is assigned to each of these agents and waits for another."""
    if not agent_ids:
        return {}
    rows = await tx.fetch_named(_TO_DO, workspace_id=workspace_id, ids=sorted(agent_ids))
    waits = await dependency_store.waits(tx, workspace_id, [row["id"] for row in rows])
    blocked = await _blocked(tx, workspace_id, {row["id"]: (row["state"], waits[row["id"]]) for row in rows})
    first: dict[str, str] = {}
    free = set()
    for row in rows:
        if row["id"] in blocked:
            first.setdefault(row["agent_id"], row["id"])
        else:
            free.add(row["agent_id"])
    return {agent_id: blocked[task_id] for agent_id, task_id in first.items() if agent_id not in free}


async def _blocked(
    tx: Transaction, workspace_id: str, waiting: dict[str, tuple[str, list[Wait]]]
) -> dict[str, model.Blocked]:
    """Which of these tasks are blocked, and by what, with what stands behind that."""
    found: dict[str, model.Blocked] = {}
    still = {task_id: [one for one in waits if one.met_at is None] for task_id, (_, waits) in waiting.items()}
    begun = {task_id: blocked_since(state, waits) for task_id, (state, waits) in waiting.items()}  # type: ignore[arg-type]
    blocked = {task_id: since for task_id, since in begun.items() if since is not None}
    behind = await _behind(tx, workspace_id, {one.node.id for waits in still.values() for one in waits})
    idle = await _idle(tx, workspace_id, blocked)
    for task_id, since in blocked.items():
        first = still[task_id][0].node
        name = f"{first.ref} {first.title}"
        gone = first.state is TaskState.CANCELLED
        target = Waiting(WaitsFor.TASK, first.id, name, behind.get(first.id, ()), gone)
        found[task_id] = model.Blocked(since, target, len(still[task_id]) - 1, idle.get(task_id, 0), task_id)
    return found


async def _idle(tx: Transaction, workspace_id: str, blocked: Mapping[str, int]) -> dict[str, int]:
    """What was spent since each of these tasks began to wait, by whoever is to do it, and what their seats cost."""
    if not blocked:
        return {}
    idle = await seats.idle_since(tx, workspace_id, blocked)
    first = min(blocked.values())
    # Only few make calls while they wait, for the task or for none: those alone are worth a look at each call.
    spent = await tx.fetch(_SPENT_BLOCKED, workspace_id=workspace_id, ids=["", *sorted(blocked)], since=first - DAY)
    if not spent:
        return idle
    loose = {agent_id for task_id, agent_id in spent if not task_id}
    named = {task_id for task_id, _ in spent}
    for task_id, agent_id in await tx.fetch(_ASSIGNED, workspace_id=workspace_id, ids=sorted(blocked)):
        if task_id not in named and agent_id not in loose:
            continue
        subjects = [each for each in (task_id, agent_id) if each is not None]
        marked = await tx.fetch(
            _BLOCKED_SINCE, workspace_id=workspace_id, subjects=subjects, first=lowest_id("call", blocked[task_id])
        )
        idle[task_id] = idle.get(task_id, 0) + await cost_since(
            tx, workspace_id, [row[0] for row in marked], blocked[task_id]
        )
    return idle


async def _behind(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """What each of these waits for in turn, nearest first, as far as is shown."""
    chains: dict[str, list[str]] = {task_id: [] for task_id in task_ids}
    heads = {task_id: task_id for task_id in task_ids}
    for _ in range(_CHAIN_SHOWN):
        if not heads:
            break
        waits = await dependency_store.waits(tx, workspace_id, set(heads.values()))
        further = {}
        for task_id, head in heads.items():
            nearest = next((one.node for one in waits[head] if one.met_at is None), None)
            if nearest is not None:
                chains[task_id].append(f"{nearest.ref} {nearest.title}")
                further[task_id] = nearest.id
        heads = further
    return {task_id: tuple(chain) for task_id, chain in chains.items()}


async def _cover(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> Cover:
    """The pauses in force, and what of these tasks they cover."""
    orders = [order for order in await lever_store.standing(tx, workspace_id) if order.in_force(tx.now)]
    above = await lever_store.above(tx, workspace_id, task_ids) if orders else {}
    return Cover(orders, tx.now, above)


def _held(task: Task, cover: Cover) -> model.Held | None:
    pause = cover.of_task(task.id)
    if pause is not None:
        return model.Held(pause.what, pause.from_at, pause.reason)
    return model.Held("this task", task.held_at or task.updated_at, task.hold_reason) if task.held else None


def _by(calls: Sequence[OpenCall], key) -> dict[str, list[OpenCall]]:  # type: ignore[no-untyped-def]
    found: dict[str, list[OpenCall]] = defaultdict(list)
    for call in calls:
        if (name := key(call)) is not None:
            found[name].append(call)
    return found


def _open(call: OpenCall) -> model.Open:
    return model.Open(call.id, call.provider, call.model, call.started, call.first_byte, call.last_byte, call.held)


def _noticed(signal: Signal) -> model.Noticed:
    return model.Noticed(signal.id, signal.kind.value, signal.words, signal.since, signal.call_ids)

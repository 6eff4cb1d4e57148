"""The facts of open runs that the rules look at, from the board, from what is remembered and from the wire."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.control.comments.store import comments
from quarterdeck.control.deliverables.store import versions
from quarterdeck.control.lever import store as lever_store
from quarterdeck.control.lever.cover import Cover
from quarterdeck.control.questions.store import questions
from quarterdeck.control.runs.store import runs
from quarterdeck.control.signals import usual
from quarterdeck.control.signals.rules import RunFacts
from quarterdeck.control.signals.usual import Histogram, What
from quarterdeck.control.signals.watch import Watch
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Prepared, Transaction, one_of
from quarterdeck.kernel.clock import HOUR
from quarterdeck.ledger import rollups

Windows = Callable[[str | None, str | None], int | None]
"""Tokens that a provider's model can read."""
_COMMENTS_READ = 2_000
_CHUNK = 400
_LATELY = 12 * HOUR
_WORKSPACE: sa.BindParameter[str] = sa.bindparam("workspace_id")
_OPEN_RUNS = Prepared(
    sa.select(
        runs.c.id,
        runs.c.agent_id,
        runs.c.task_id,
        runs.c.created_at,
        runs.c.started_at,
        tasks.c.project_id,
        tasks.c.schedule_id,
        tasks.c.budget,
        tasks.c.due_order,
    )
    .join(tasks, sa.and_(tasks.c.workspace_id == runs.c.workspace_id, tasks.c.id == runs.c.task_id))
    .where(runs.c.workspace_id == _WORKSPACE, sa.text("runs.state IN ('queued', 'running')"))
)
_TALK = Prepared(
    sa.select(comments.c.task_id, comments.c.author_id, comments.c.created_at)
    .where(
        comments.c.workspace_id == _WORKSPACE,
        one_of(comments.c.task_id, "ids"),
        comments.c.created_at > sa.bindparam("since", type_=sa.BigInteger),
    )
    .order_by(comments.c.created_at.desc(), comments.c.id.desc())
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_HANDED_IN = Prepared(
    sa.select(versions.c.run_id, sa.func.max(versions.c.created_at).label("at"))
    .where(versions.c.workspace_id == _WORKSPACE, one_of(versions.c.run_id, "ids"))
    .group_by(versions.c.run_id)
)
_MADE = Prepared(
    sa.select(tasks.c.origin_run_id, sa.func.max(tasks.c.created_at).label("at"))
    .where(tasks.c.workspace_id == _WORKSPACE, one_of(tasks.c.origin_run_id, "ids"))
    .group_by(tasks.c.origin_run_id)
)
_ASKED = Prepared(
    sa.select(questions.c.run_id).where(
        questions.c.workspace_id == _WORKSPACE,
        sa.text("questions.state = 'open'"),
        one_of(questions.c.run_id, "ids"),
    )
)


@dataclass(frozen=True, slots=True)
class OpenRun:
    """An open run with what its task says."""

    id: str
    agent_id: str
    task_id: str
    began: int
    project_id: str | None
    template: str | None
    budget: int | None
    due_at: int | None


async def open_runs(tx: Transaction, workspace_id: str, never_due: int) -> list[OpenRun]:
    rows = await tx.fetch_named(_OPEN_RUNS, workspace_id=workspace_id)
    return [
        OpenRun(
            row["id"],
            row["agent_id"],
            row["task_id"],
            row["started_at"] or row["created_at"],
            row["project_id"],
            row["schedule_id"],
            row["budget"],
            None if row["due_order"] == never_due else row["due_order"],
        )
        for row in rows
    ]


async def facts_of(
    tx: Transaction,
    workspace_id: str,
    found: Sequence[OpenRun],
    watch: Watch,
    calling: Collection[str],
    in_trouble: Collection[str],
    windows: Windows,
    since_last: int,
) -> list[RunFacts]:
    """`calling` are runs with an open call; `since_last` is how long ago the last look was, in microseconds."""
    ids = [run.id for run in found]
    outputs = await _outputs(tx, workspace_id, found)
    asked = await _asked(tx, workspace_id, ids)
    orders = [order for order in await lever_store.standing(tx, workspace_id) if order.in_force(tx.now)]
    above = await lever_store.above(tx, workspace_id, {run.task_id for run in found}) if orders else {}
    cover = Cover(orders, tx.now, above)
    spent = await rollups.figures(tx, workspace_id, "run", ids)
    task_spent = await rollups.figures(tx, workspace_id, "task", {run.task_id for run in found if run.budget})
    known = await _usual(tx, workspace_id, found, watch)
    facts = []
    for run in found:
        track = watch.track(workspace_id, run.id, run.agent_id, run.id, run.task_id)
        version, other = outputs.get(run.id, (None, None))
        output = max((each for each in (version, other) if each is not None), default=None)
        if output is not None:
            track.progressed(output)
        last = track.recent[-1] if track.recent else None
        blamed = last is not None and last.blames_provider and last.provider in in_trouble
        waits = run.id in asked or blamed or cover.of_run(run.id, run.task_id) is not None
        if waits:
            track.stood_still += since_last
        facts.append(
            RunFacts(
                run_id=run.id,
                agent_id=run.agent_id,
                task_id=run.task_id,
                began=run.began,
                last_output=output,
                last_draft=version,
                last_seen=max(run.began, track.last_ended),
                calls_since=track.calls_since,
                cost_since=track.cost_since,
                call_ids_since=tuple(track.ids_since),
                recent=tuple(track.recent),
                tools=track.tools,
                calling=run.id in calling,
                waits=waits,
                stood_still=track.stood_still,
                cost=spent[run.id].cost,
                window=None if last is None else windows(last.provider, last.model),
                budget=run.budget,
                task_cost=task_spent[run.task_id].cost if run.budget else 0,
                due_at=run.due_at,
                **known[run.id],
            )
        )
    return facts


async def talk(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, list[tuple[str, int]]]:
    """What was said lately about each task: (author, when), oldest first."""
    found: dict[str, list[tuple[str, int]]] = {task_id: [] for task_id in task_ids}
    wanted = sorted(found)
    for at in range(0, len(wanted), _CHUNK):
        some = wanted[at : at + _CHUNK]
        rows = await tx.fetch(_TALK, workspace_id=workspace_id, ids=some, since=tx.now - _LATELY, limit=_COMMENTS_READ)
        for task_id, author_id, created_at in reversed(rows):
            found[task_id].append((author_id, created_at))
    return found


async def _outputs(
    tx: Transaction, workspace_id: str, found: Sequence[OpenRun]
) -> Mapping[str, tuple[int | None, int | None]]:
    """When each run last handed something in, and when it last made a subtask."""
    ids = [run.id for run in found]
    first = dict((row[0], row[1]) for row in await tx.fetch(_HANDED_IN, workspace_id=workspace_id, ids=ids))
    second = dict((row[0], row[1]) for row in await tx.fetch(_MADE, workspace_id=workspace_id, ids=ids))
    return {run_id: (first.get(run_id), second.get(run_id)) for run_id in ids}


async def _asked(tx: Transaction, workspace_id: str, run_ids: Collection[str]) -> set[str]:
    return {row[0] for row in await tx.fetch(_ASKED, workspace_id=workspace_id, ids=sorted(run_ids))}


def keys_of(agent_id: str, model: str | None, template: str | None) -> list[str]:
    """What something is learned under, from the most to the least particular."""
    named = [f"template:{template}" if template else None, f"agent:{agent_id}", f"model:{model}" if model else None]
    return [each for each in named if each is not None]


async def _usual(
    tx: Transaction, workspace_id: str, found: Sequence[OpenRun], watch: Watch
) -> dict[str, dict[str, int | None]]:
    """What is usual for each run: by its template, else its agent, else its model."""
    keys: dict[str, list[str]] = {}
    for run in found:
        track = watch.tracks.get((workspace_id, run.id))
        model = track.recent[-1].model if track is not None and track.recent else None
        keys[run.id] = keys_of(run.agent_id, model, run.template)
    wanted = {key for each in keys.values() for key in each}
    known = {what: await usual.of(tx, workspace_id, what, wanted) for what in What}
    return {
        run_id: {
            "usual_output": _first(known[What.OUTPUT], some, 0.5),
            "usual_silence": _first(known[What.SILENCE], some, 0.95),
            "usual_cost": _first(known[What.COST], some, 0.5),
            "usual_length": _first(known[What.LENGTH], some, 0.5),
        }
        for run_id, some in keys.items()
    }


def _first(known: Mapping[str, Histogram], keys: Sequence[str], share: float) -> int | None:
    for key in keys:
        value = known[key].quantile(share) if key in known else None
        if value is not None:
            return value
    return None

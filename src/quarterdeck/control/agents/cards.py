"""What is shown of an agent, as plain values ready to be written as JSON; `api.AgentOut` documents their shape.

Pages of hundreds are asked for, so no model is made of each on the way. A test holds the two to one shape.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.control.agents import people, profiles, store
from quarterdeck.control.agents.model import Agent
from quarterdeck.control.runs import store as run_store
from quarterdeck.control.runs.model import Run
from quarterdeck.control.shapes import shown
from quarterdeck.control.status import facts
from quarterdeck.control.status.model import Status
from quarterdeck.control.status.saying import said
from quarterdeck.control.status.shown import of_agent
from quarterdeck.control.tasks import store as task_store
from quarterdeck.control.tasks.store import TaskName
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY, floor_to, iso
from quarterdeck.ledger import rollups
from quarterdeck.ledger.rollups import Figures

Card = dict[str, Any]


async def of_agents(
    tx: Transaction,
    workspace_id: str,
    agents: Sequence[Agent],
    *,
    statuses: Mapping[str, Status] | None = None,
    today: Mapping[str, Figures] | None = None,
    open_runs: Mapping[str, list[Run]] | None = None,
) -> list[Card]:
    """A page of agents with everything their rows mention, in a handful of queries however long the page.

    `statuses`, `today` and `open_runs`, by agent, are looked up where they are not known already.
    """
    ids = [agent.id for agent in agents]
    owners = await people.named(tx, workspace_id, {agent.owner_id for agent in agents})
    if open_runs is None:
        open_runs = await run_store.open_of_agents(tx, workspace_id, ids)
    tasks = await task_store.named(tx, workspace_id, {run.task_id for runs in open_runs.values() for run in runs})
    if today is None:
        today = await rollups.figures(tx, workspace_id, "agent", ids, since=floor_to(tx.now, DAY))
    last_calls = await rollups.last_calls(tx, workspace_id, ids)
    if statuses is None:
        known_of = await facts.of_agents(tx, workspace_id, agents, open_runs=open_runs)
        statuses = {agent_id: of_agent(each, tx.now) for agent_id, each in known_of.items()}
    known = await profiles.of_agents(tx, workspace_id, ids)
    above = await store.named(tx, workspace_id, {each.reports_to_id for each in known.values() if each.reports_to_id})
    seen = await profiles.seen_of(tx, workspace_id, ids)
    items = []
    for agent in agents:
        last = last_calls.get(agent.id)
        sums = today[agent.id]
        profile = known[agent.id]
        doors = {**seen[agent.id], **({} if last is None else {"gateway": last.at})}
        items.append(
            {
                "id": agent.id,
                "name": agent.name,
                "description": agent.description,
                "owner": _named(agent.owner_id, owners[agent.owner_id]),
                "desired": agent.desired,
                "capacity": agent.capacity,
                "body_mode": agent.body_mode,
                "route": agent.route,
                "declared": agent.declared,
                "created_at": iso(agent.created_at),
                "last_call_at": None if last is None else iso(last.at),
                "version": agent.version,
                "open_runs": [_open_run(run, tasks) for run in open_runs[agent.id]],
                "today": {
                    "calls": sums.calls,
                    "errors": sums.errors,
                    "cost_nano": sums.cost,
                    "unpriced_calls": sums.unpriced_calls,
                },
                "last_call": None
                if last is None
                else {"at": iso(last.at), "model": last.model, "outcome": last.outcome},
                "skills": list(profile.skills),
                "labels": list(profile.labels),
                "reports_to": None
                if profile.reports_to_id is None
                else _named(profile.reports_to_id, above[profile.reports_to_id]),
                "instructions": profile.instructions,
                "connections": [
                    {"via": via, "last_at": iso(at)} for via, at in sorted(doors.items(), key=lambda door: -door[1])
                ],
                "last_seen_at": shown(max(doors.values(), default=None)),
                "status": said(statuses[agent.id]),
            }
        )
    return items


def _named(id: str, name: str) -> Card:
    return {"id": id, "name": name}


def _open_run(run: Run, tasks: Mapping[str, TaskName]) -> Card:
    return {
        "id": run.id,
        "task_id": run.task_id,
        "task_title": tasks[run.task_id].title,
        "started_at": shown(run.started_at),
    }

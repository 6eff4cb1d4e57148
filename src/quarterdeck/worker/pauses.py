"""The stop lever in the picture that gateways hold: agents and runs that a pause covers are paused in it."""

from collections import defaultdict
from collections.abc import Mapping

import msgspec

from quarterdeck.access.snapshot import AgentEntry, RunEntry
from quarterdeck.control.lever import store
from quarterdeck.control.lever.cover import Cover
from quarterdeck.control.lever.model import Order
from quarterdeck.db import Transaction

Agents = dict[str, dict[str, AgentEntry]]
Runs = dict[str, dict[str, RunEntry]]
"""By workspace and id."""


async def put_into(
    tx: Transaction, agents: Agents, runs: Runs, loose: Mapping[str, set[str]]
) -> dict[str, dict[str, int]]:
    """Change the entries of what is paused now, in place. Of the `loose` tasks, which have calls without a run, by
    workspace: those that are paused, and for how many seconds their calls are held."""
    tasks: dict[str, dict[str, int]] = defaultdict(dict)
    by_workspace: dict[str, list[Order]] = defaultdict(list)
    for order in await store.standing(tx):
        if order.in_force(tx.now):
            by_workspace[order.workspace_id].append(order)
    for workspace_id, orders in by_workspace.items():
        here = runs.get(workspace_id, {})
        open_runs = [run for run in here.values() if run.state == "open"]
        own = loose.get(workspace_id, set())
        concerned = own | {run.task_id for run in open_runs if run.task_id is not None}
        above = await store.above(tx, workspace_id, concerned)
        cover = Cover(orders, tx.now, above)
        for run in open_runs:
            pause = cover.of_run(run.id, run.task_id)
            if pause is not None:
                here[run.id] = msgspec.structs.replace(run, state="paused", hold_s=pause.hold_s)
        for task_id in own:
            pause = cover.of_task(task_id)
            if pause is not None:
                tasks[workspace_id][task_id] = pause.hold_s
        for agent in list(agents.get(workspace_id, {}).values()):
            pause = cover.of_agent(agent.id)
            if pause is not None and agent.desired == "enabled":
                agents[workspace_id][agent.id] = msgspec.structs.replace(agent, desired="paused", hold_s=pause.hold_s)
    return tasks

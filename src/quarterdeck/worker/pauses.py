"""The stop lever in the picture that gateways hold: agents and runs that a pause covers are paused in it."""

from collections import defaultdict

import msgspec

from quarterdeck.access.snapshot import AgentEntry, RunEntry
from quarterdeck.control.lever import store
from quarterdeck.control.lever.cover import Cover
from quarterdeck.control.lever.model import Order
from quarterdeck.db import Transaction

Agents = dict[str, dict[str, AgentEntry]]
Runs = dict[str, dict[str, RunEntry]]
"""By workspace and id."""


async def put_into(tx: Transaction, agents: Agents, runs: Runs) -> None:
    """Change the entries of what is paused now, in place."""
    by_workspace: dict[str, list[Order]] = defaultdict(list)
    for order in await store.standing(tx):
        if order.in_force(tx.now):
            by_workspace[order.workspace_id].append(order)
    for workspace_id, orders in by_workspace.items():
        here = runs.get(workspace_id, {})
        open_runs = [run for run in here.values() if run.state == "open"]
        above = await store.above(tx, workspace_id, {run.task_id for run in open_runs if run.task_id is not None})
        cover = Cover(orders, tx.now, above)
        for run in open_runs:
            pause = cover.of_run(run.id, run.task_id)
            if pause is not None:
                here[run.id] = msgspec.structs.replace(run, state="paused", hold_s=pause.hold_s)
        for agent in list(agents.get(workspace_id, {}).values()):
            pause = cover.of_agent(agent.id)
            if pause is not None and agent.desired == "enabled":
                agents[workspace_id][agent.id] = msgspec.structs.replace(agent, desired="paused", hold_s=pause.hold_s)

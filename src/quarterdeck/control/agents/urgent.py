"""The agents that need somebody first, and how all of them stand: what one look at everything asks for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck.control.agents import cards, store
from quarterdeck.control.agents.cards import Card
from quarterdeck.control.runs import store as run_store
from quarterdeck.control.runs.left import caps
from quarterdeck.control.runs.model import Run
from quarterdeck.control.status import facts
from quarterdeck.control.status.model import State, Status
from quarterdeck.control.status.shown import of_agent
from quarterdeck.control.tasks import store as task_store
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY, floor_to
from quarterdeck.ledger import rollups

MOST = 5_000
"""So many agents are looked at."""

_ORDER = {
    state: place
    for place, state in enumerate(
        (
            State.OVER_BUDGET,
            State.LOOPING,
            State.STUCK,
            State.SILENT,
            State.WAITING_PERSON,
            State.WAITING_PROVIDER,
            State.STREAMING,
            State.THINKING,
            State.TOOL,
            State.WORKING,
            State.WAITING_AGENT,
            State.PAUSED,
            State.IDLE,
            State.OFFLINE,
            State.NEVER_CONNECTED,
        )
    )
}
"""What is wrong comes first, then what waits for somebody, then work, then rest."""


@dataclass(frozen=True, slots=True)
class Stand:
    """So many agents are shown to be in one state, waiting for the same."""

    state: State
    waits_for: tuple[str, str] | None
    """Id and name."""
    count: int


@dataclass(frozen=True, slots=True)
class Look:
    items: list[Card]
    runs: list[Card]
    """The open runs of those that are shown, with what each has cost and what caps it."""
    present: int
    """All that are not retired."""
    stands: list[Stand]
    cost: int
    """Nano-dollars that all of them spent since midnight, UTC."""
    unpriced_calls: int


async def look(tx: Transaction, workspace_id: str, limit: int) -> Look:
    """Cards of the first `limit`, and sums over all that are not retired."""
    agents = await store.present(tx, workspace_id, MOST)
    ids = [agent.id for agent in agents]
    open_runs = await run_store.open_of_agents(tx, workspace_id, ids)
    known = await facts.of_agents(tx, workspace_id, agents, open_runs=open_runs)
    statuses = {agent_id: of_agent(each, tx.now) for agent_id, each in known.items()}
    today = await rollups.figures(tx, workspace_id, "agent", ids, since=floor_to(tx.now, DAY))
    # They come by name: of those in the same state the first by name is first.
    first = sorted(agents, key=lambda agent: _ORDER.get(statuses[agent.id].state, len(_ORDER)))[:limit]
    return Look(
        runs=await _runs(tx, workspace_id, [run for agent in first for run in open_runs[agent.id]]),
        items=await cards.of_agents(tx, workspace_id, first, statuses=statuses, today=today, open_runs=open_runs),
        present=await store.count(tx, workspace_id),
        stands=_stands(list(statuses.values())),
        cost=sum(each.cost for each in today.values()),
        unpriced_calls=sum(each.unpriced_calls for each in today.values()),
    )


async def _runs(tx: Transaction, workspace_id: str, runs: Sequence[Run]) -> list[Card]:
    tasks = await task_store.named(tx, workspace_id, {run.task_id for run in runs})
    sums = await rollups.figures(tx, workspace_id, "run", [run.id for run in runs])
    capped = await caps(tx, workspace_id, runs)
    return [
        {
            "id": run.id,
            "agent_id": run.agent_id,
            "state": run.state,
            "task": {"id": run.task_id, "ref": tasks[run.task_id].ref, "title": tasks[run.task_id].title},
            "cost_nano": sums[run.id].cost,
            "unpriced_calls": sums[run.id].unpriced_calls,
            "cap": None
            if (cap := capped.get(run.id)) is None
            else {"budget_id": cap.budget_id, "spent_nano": cap.spent, "amount_nano": cap.amount},
        }
        for run in runs
    ]


def _stands(statuses: Sequence[Status]) -> list[Stand]:
    counted = Counter(
        (each.state, None if each.waits_for is None else (each.waits_for.id, each.waits_for.name)) for each in statuses
    )
    return [Stand(state, waits_for, count) for (state, waits_for), count in counted.items()]

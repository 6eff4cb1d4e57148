"""The shown status in answers and events."""

from collections.abc import Sequence

from pydantic import BaseModel

from quarterdeck.control.agents.model import Agent
from quarterdeck.control.runs.model import Run
from quarterdeck.control.shapes import Instant
from quarterdeck.control.status import facts
from quarterdeck.control.status.model import State, Status, WaitsFor
from quarterdeck.control.status.saying import said
from quarterdeck.control.status.shown import of_agent, of_run
from quarterdeck.db import Transaction


class WaitsForOut(BaseModel):
    """What is waited for."""

    kind: WaitsFor
    id: str
    name: str
    chain: list[str]
    """For a task: what it waits for in turn, nearest first."""


class EvidenceOut(BaseModel):
    """What the status was computed from."""

    call_ids: list[str]
    signal_id: str | None
    run_id: str | None


class StatusOut(BaseModel):
    """What is shown, computed from traffic, leases and dependencies."""

    state: State
    words: str
    """Plain words, complete in themselves."""
    verb: str | None
    """What happens on the wire just now, whatever else is the matter."""
    since: Instant | None
    reason: str | None
    waits_for: WaitsForOut | None
    idle_nano: int
    """What was spent while it waits for another task."""
    evidence: EvidenceOut

    @classmethod
    def of(cls, status: Status) -> "StatusOut":
        return cls.model_validate(said(status))


async def of_agents(tx: Transaction, workspace_id: str, agents: Sequence[Agent]) -> dict[str, StatusOut]:
    """The status of each of a page of agents, by id."""
    found = await facts.of_agents(tx, workspace_id, agents)
    return {agent_id: StatusOut.of(of_agent(each, tx.now)) for agent_id, each in found.items()}


async def of_runs(tx: Transaction, workspace_id: str, runs: Sequence[Run]) -> dict[str, StatusOut]:
    """The status of each of a page of runs, by id; of those that have ended, that they have."""
    found = await facts.of_runs(tx, workspace_id, runs)
    troubles = await facts.troubles_of(tx, workspace_id)
    shown_of = {run_id: of_run(each, tx.now, troubles) for run_id, each in found.items()}
    over = {run.id: Status(State.OVER, run.state.value, run.ended_at, run.reason, run_id=run.id) for run in runs}
    return {run.id: StatusOut.of(shown_of.get(run.id) or over[run.id]) for run in runs}

"""Under which value money is counted, and what people call it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from fastapi import Query

from quarterdeck.control.agents import people
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.costs.work_store import TaskRow
from quarterdeck.control.projects import store as project_store
from quarterdeck.control.shapes import instant_in
from quarterdeck.control.tasks import store as task_store
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY, floor_to, iso
from quarterdeck.ledger.work_costs import Spent

By = Literal["total", "agent", "task", "run", "model", "project", "person", "schedule", "day", "instructions"]
From = Annotated[str | None, Query(alias="from", description="An instant; 30 days ago when absent. Whole days, UTC.")]
To = Annotated[str | None, Query(alias="to", description="An instant, exclusive; now when absent.")]
_DAYS_SHOWN = 30


def days(tx: Transaction, begin: str | None, end: str | None) -> tuple[int, int]:
    """Whole days that hold what is asked for."""
    until = tx.now if end is None else instant_in(end, "to")
    since = floor_to(until, DAY) - (_DAYS_SHOWN - 1) * DAY if begin is None else instant_in(begin, "from")
    return floor_to(since, DAY), floor_to(until + DAY - 1, DAY)


def values(
    by: By, known: Mapping[str, TaskRow], instructions: Mapping[str, str] = MappingProxyType({})
) -> Callable[[Spent], str]:
    """Under which value a row is counted. `instructions` are told by run, where it is by them."""
    if by in ("project", "person", "schedule"):
        name = {"project": "project_id", "person": "accountable_id", "schedule": "schedule_id"}[by]
        return lambda spent: getattr(known[spent.task_id], name) or "" if spent.task_id in known else ""
    if by == "day":
        return lambda spent: iso(spent.day)
    if by == "total":
        return lambda _: ""
    if by == "instructions":
        return lambda spent: instructions.get(spent.run_id, "")
    name = {"agent": "agent_id", "task": "task_id", "run": "run_id", "model": "model"}[by]
    return lambda spent: str(getattr(spent, name))


def mostly(spent: list[Spent], value_of: Callable[[Spent], str]) -> dict[str, str]:
    """By task: who, or what, most of its calls are of."""
    counts: dict[str, dict[str, int]] = {}
    for each in spent:
        if each.task_id:
            mine = counts.setdefault(each.task_id, {})
            mine[value_of(each)] = mine.get(value_of(each), 0) + each.calls
    return {task_id: max(mine, key=lambda value: (mine[value], value)) for task_id, mine in counts.items()}


async def labels(tx: Transaction, workspace_id: str, by: str, found: set[str]) -> dict[str, str]:
    wanted = {value for value in found if value}
    if by == "instructions":
        agents = await agent_store.named(tx, workspace_id, {value.partition("@")[0] for value in wanted})
        return {value: _version_words(value, agents) for value in wanted}
    if by == "agent":
        return await agent_store.named(tx, workspace_id, wanted)
    if by == "project":
        return await project_store.named(tx, workspace_id, wanted)
    if by == "person":
        return await people.named(tx, workspace_id, wanted)
    if by == "task":
        named = await task_store.named(tx, workspace_id, wanted)
        return {task_id: f"{task.ref} {task.title}" for task_id, task in named.items()}
    return {}


def _version_words(value: str, agents: Mapping[str, str]) -> str:
    """`agt_1@3` as people read it."""
    agent_id, _, number = value.partition("@")
    told = f"instructions {number}" if number else "no instructions"
    return f"{agents.get(agent_id, agent_id)}, {told}"

"""A budget that stopped, where it waits for a person: raise it, let the work run on, or end the work."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from quarterdeck.access.actors import Actor
from quarterdeck.access.budgets.model import Mode, Window
from quarterdeck.access.scopes import Scope, ScopeKind
from quarterdeck.control.budgets import actions as budgets
from quarterdeck.control.budgets import store as budget_store
from quarterdeck.control.budgets.model import Budget
from quarterdeck.control.lever import actions as lever
from quarterdeck.control.lever.actions import Effect
from quarterdeck.control.lever.model import Scope as Reach
from quarterdeck.control.lever.model import Verb
from quarterdeck.control.needs import items
from quarterdeck.control.needs.model import Need, NeedKind
from quarterdeck.control.tasks import actions as tasks
from quarterdeck.control.tasks import store as task_store
from quarterdeck.control.tasks.model import TaskChange
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Invalid
from quarterdeck.kernel.events import Event

REASON = "its budget was used up"
_REACH = {
    ScopeKind.RUN: Reach.RUN,
    ScopeKind.TASK: Reach.TASK,
    ScopeKind.AGENT: Reach.AGENT,
    ScopeKind.PROJECT: Reach.PROJECT,
}


class Act(StrEnum):
    """What a person does about it."""

    RAISE = "raise"
    """A larger amount; the next call goes through."""
    LET_RUN = "let_run"
    """Nothing is stopped any more: a budget only warns, a task has none."""
    STOP = "stop"
    """Open runs that it holds up are ended; their tasks are ready again."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The budget behind a need, whether it is a row or what a task may cost. `amount` is nano-dollars."""

    subject_id: str
    scope: Scope
    amount: int
    window: Window
    mode: Mode
    declared: bool
    row: Budget | None

    @property
    def acts(self) -> list[Act]:
        """What is declared in quarterdeck.toml is changed there."""
        return [Act.STOP] if self.declared else [Act.RAISE, Act.LET_RUN, Act.STOP]


async def behind(tx: Transaction, workspace_id: str, needs: Collection[Need]) -> dict[str, Stopped]:
    """By key, of the needs that are budgets that stopped. One that was taken away meanwhile is left out."""
    wanted = {need.key: need.subject_id for need in needs if need.kind is NeedKind.BUDGET}
    if not wanted:
        return {}
    rows = {row.id: row for row in await budget_store.all_of(tx, workspace_id)}
    of_tasks = await task_store.budgets_of(tx, workspace_id, set(wanted.values()) - rows.keys())
    found = {}
    for key, subject_id in wanted.items():
        row = rows.get(subject_id)
        if row is not None:
            found[key] = Stopped(row.id, row.scope, row.amount, row.window, row.mode, row.declared, row)
        elif subject_id in of_tasks:
            scope = Scope(ScopeKind.TASK.value, subject_id)
            found[key] = Stopped(subject_id, scope, of_tasks[subject_id], Window.TOTAL, Mode.HARD, False, None)
    return found


async def act(tx: Transaction, actor: Actor, need: Need, what: Act, amount: int | None) -> Effect:
    """Do it, and be done with the need; tells `budget.released`. The effect is for the gateways, after the commit.

    Raises Invalid when the need is no budget, for an amount that is not larger, or when there is nothing to end;
    Changed when the budget is gone, or `declared`.
    """
    if need.kind is not NeedKind.BUDGET:
        raise Invalid(f"A {need.kind} is no budget that stopped.", field="key")
    stopped = (await behind(tx, actor.workspace_id, [need])).get(need.key)
    if stopped is None:
        raise Changed("That budget was taken away meanwhile; dismiss this.", code="budget_gone")
    if stopped.declared and what is not Act.STOP:
        raise Changed("This budget is declared in quarterdeck.toml; change it there.", code="declared")
    effect = Effect()
    if what is Act.STOP:
        effect = await _end(tx, actor, need, stopped)
    elif what is Act.RAISE:
        if amount is None or amount <= stopped.amount:
            raise Invalid(f"amount_nano must be more than the {stopped.amount} of now.", field="amount_nano")
        await _change(tx, actor, stopped, amount)
    else:
        await _change(tx, actor, stopped, None)
    await items.close(tx, actor.workspace_id, need.key)
    data = {"what": what.value, "key": need.key, "task_id": need.task_id, "amount_nano": amount}
    await tx.emit(Event(actor.workspace_id, "budget.released", need.subject_id, data, actor.id))
    return effect


async def _change(tx: Transaction, actor: Actor, stopped: Stopped, amount: int | None) -> None:
    """With None it stops nothing any more."""
    if stopped.row is None:
        change = TaskChange(no_budget=True) if amount is None else TaskChange(budget=amount)
        await tasks.change(tx, actor.workspace_id, stopped.subject_id, change, actor=actor.id)
        return
    row = stopped.row
    wanted = replace(row.wanted, mode=Mode.WARN) if amount is None else replace(row.wanted, amount=amount)
    await budgets.change(tx, row, wanted, actor=actor.id)


async def _end(tx: Transaction, actor: Actor, need: Need, stopped: Stopped) -> Effect:
    """End the runs below the budget; of a budget on no piece of work, the run of the task that it stopped."""
    reach, subject_id = _REACH.get(ScopeKind(stopped.scope.kind)), stopped.scope.value
    if reach is None or stopped.scope.each:
        if need.task_id is None:
            raise Invalid("This budget stopped no run that could be ended: raise it, let it run or dismiss this.")
        reach, subject_id = Reach.TASK, need.task_id
    return await lever.give(tx, actor.workspace_id, lever.Wanted(Verb.KILL, reach, subject_id, REASON), actor=actor.id)

"""Replays as the API shows them."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from quarterdeck.control.agents import people
from quarterdeck.control.replays import store
from quarterdeck.control.replays.comparing import ToolPairing
from quarterdeck.control.replays.model import Figures, Plan, Replay, ReplayState, Step, StepState, Totals
from quarterdeck.control.shapes import Instant, Named, TaskNamed, shown
from quarterdeck.control.tasks import store as task_store
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import MS, iso


class ReplayTargetOut(BaseModel):
    """What is other than it was recorded. null: as it was."""

    model: str | None
    route: str | None
    route_version: int | None
    system_replaced: bool
    params: list[str]
    """Members of the body that are changed."""


class ReplayTotalsOut(BaseModel):
    """Sums over the calls. `was_*` is of what was recorded; money is nano-dollars."""

    calls: int
    by_state: dict[StepState, int]
    was_cost_nano: int
    was_unpriced: int
    was_input_tokens: int
    was_output_tokens: int
    was_duration_ms: float
    estimate_nano: int
    """The recorded usage at the target's prices, of the calls for which both are known."""
    unpriced: int
    """Calls to a model without a price: they are not in the estimate, and refused when it is not dry."""
    without_usage: int
    """Calls of whose recorded usage nothing is known: they are not in the estimate either."""
    cost_nano: int
    cost_unpriced: int
    input_tokens: int
    output_tokens: int
    duration_ms: float
    done_was_cost_nano: int
    """What the recorded calls cost that have been asked again: to be compared with `cost_nano`."""
    done_was_duration_ms: float
    same: int
    different: int


class ReplayOut(BaseModel):
    id: str
    source: str
    """run or call: of what it is a replay."""
    run_id: str | None
    call_id: str | None
    task: TaskNamed | None
    target: ReplayTargetOut
    state: ReplayState
    reason: str | None
    cap_nano: int | None
    """What it may spend; null: it is dry, and sends nothing."""
    at_once: int
    budget_id: str | None
    agent_id: str | None
    """By which it calls."""
    created_by: Named | None
    created_at: Instant
    ended_at: Instant | None
    settled: bool
    """Nothing is to be done for it any more, and its figures are final."""
    totals: ReplayTotalsOut


class ReplaysOut(BaseModel):
    items: list[ReplayOut]
    next: str | None


class FiguresOut(BaseModel):
    input_tokens: int | None
    output_tokens: int | None
    cost_nano: int | None
    duration_ms: float | None

    @classmethod
    def of(cls, found: Figures) -> "FiguresOut":
        lasted = None if found.duration is None else found.duration / MS
        return cls(input_tokens=found.input, output_tokens=found.output, cost_nano=found.cost, duration_ms=lasted)


class ReplayChangeOut(BaseModel):
    field: str
    before: str | None
    after: str | None


class ReplayPlanOut(BaseModel):
    """What is sent, and where."""

    provider: str | None
    model: str | None
    estimate_nano: int | None = Field(description="null: the model has no price, or no usage was recorded.")
    hold_nano: int | None
    """About what a budget holds for it while it is in flight; a cap below that sends nothing."""
    unpriced: bool
    changes: list[ReplayChangeOut]
    decisions: list[str]
    """What the route decides, and why."""
    translated: str | None
    """The dialect that the provider is spoken to in, where it is not the recorded one."""

    @classmethod
    def of(cls, plan: Plan) -> "ReplayPlanOut":
        return cls(
            provider=plan.provider,
            model=plan.model,
            estimate_nano=plan.estimate,
            hold_nano=plan.hold,
            unpriced=plan.unpriced,
            changes=[ReplayChangeOut(field=each.field, before=each.before, after=each.after) for each in plan.changes],
            decisions=[f"{place}: {words}" for place, words in plan.decisions],
            translated=plan.translated,
        )


class ToolPairOut(BaseModel):
    pairing: ToolPairing
    name: str
    before: str | None
    now: str | None


class ComparisonOut(BaseModel):
    stop_before: str | None
    stop_now: str | None
    likeness: float
    """Of the words, from 0 to 1."""
    same_text: bool
    same_tools: bool
    tools: list[ToolPairOut]
    same: bool = False
    """Whether an agent would have gone on in the same way."""


class ReplayStepOut(BaseModel):
    """One recorded call, what was planned for it, and what came of it."""

    number: int
    call_id: str
    conversation_id: str | None
    state: StepState
    reason: str | None
    was_provider: str | None
    was_model: str | None
    was_outcome: str
    was: FiguresOut
    plan: ReplayPlanOut | None
    new_call_id: str | None
    provider: str | None
    model: str | None
    outcome: str | None
    found: FiguresOut
    compared: ComparisonOut | None
    """null: one of the two has no answer."""


class ReplayStepsOut(BaseModel):
    items: list[ReplayStepOut]
    next: str | None


async def shown_replays(tx: Transaction, workspace_id: str, found: Sequence[Replay]) -> list[ReplayOut]:
    sums = await store.totals(tx, workspace_id, [each.id for each in found])
    names = await people.named(tx, workspace_id, {each.created_by for each in found if each.created_by})
    tasks = await task_store.named(tx, workspace_id, {each.task_id for each in found if each.task_id})
    items = []
    for each in found:
        task = tasks.get(each.task_id or "")
        by = each.created_by
        items.append(
            ReplayOut(
                id=each.id,
                source=each.source,
                run_id=each.run_id,
                call_id=each.call_id,
                task=None if task is None else TaskNamed(id=task.id, ref=task.ref, title=task.title),
                target=_target(each),
                state=each.state,
                reason=each.reason,
                cap_nano=each.cap,
                at_once=each.at_once,
                budget_id=each.budget_id,
                agent_id=each.agent_id,
                created_by=None if by is None else Named(id=by, name=names.get(by, by)),
                created_at=iso(each.created_at),
                ended_at=shown(each.ended_at),
                settled=not each.open,
                totals=_totals(sums[each.id]),
            )
        )
    return items


def shown_step(step: Step) -> ReplayStepOut:
    compared = None if step.compared is None else ComparisonOut(**step.compared, same=bool(step.same))
    return ReplayStepOut(
        number=step.number,
        call_id=step.call_id,
        conversation_id=step.conversation_id,
        state=step.state,
        reason=step.reason,
        was_provider=step.was_provider,
        was_model=step.was_model,
        was_outcome=step.was_outcome,
        was=FiguresOut.of(step.was),
        plan=None if step.plan is None else ReplayPlanOut.of(step.plan),
        new_call_id=step.new_call_id,
        provider=step.provider,
        model=step.model,
        outcome=step.outcome,
        found=FiguresOut.of(step.found),
        compared=compared,
    )


def _target(replay: Replay) -> ReplayTargetOut:
    target = replay.target
    return ReplayTargetOut(
        model=target.model,
        route=target.route,
        route_version=target.route_version,
        system_replaced=target.system is not None,
        params=sorted(target.params),
    )


def _totals(sums: Totals) -> ReplayTotalsOut:
    return ReplayTotalsOut(
        calls=sums.steps,
        by_state={StepState(state): count for state, count in sums.by_state.items()},
        was_cost_nano=sums.was_cost,
        was_unpriced=sums.was_unpriced,
        was_input_tokens=sums.was_input,
        was_output_tokens=sums.was_output,
        was_duration_ms=sums.was_duration / MS,
        estimate_nano=sums.estimate,
        unpriced=sums.unpriced,
        without_usage=sums.without_usage,
        cost_nano=sums.cost,
        cost_unpriced=sums.cost_unpriced,
        input_tokens=sums.input,
        output_tokens=sums.output,
        duration_ms=sums.duration / MS,
        done_was_cost_nano=sums.done_was_cost,
        done_was_duration_ms=sums.done_was_duration / MS,
        same=sums.same,
        different=sums.different,
    )

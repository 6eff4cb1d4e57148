"""Verbs on signals: what is found goes up, what is found no more ends by itself, a person may say that it is fine."""

from collections.abc import Mapping, Sequence

from quarterdeck.control.lever import actions as lever
from quarterdeck.control.lever.actions import Effect, Wanted
from quarterdeck.control.lever.model import REASON_LENGTH, Scope, Verb
from quarterdeck.control.signals import policy, store
from quarterdeck.control.signals.model import Finding, Kind, Response, Signal, SignalState
from quarterdeck.control.signals.policy import Policies
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.ledger import work_costs

_TOLD = frozenset({Response.NOTIFY, Response.PAUSE, Response.KILL})
_STOPS = {Response.PAUSE: Verb.PAUSE, Response.KILL: Verb.KILL}


async def reconcile(
    tx: Transaction,
    workspace_id: str,
    findings: Sequence[Finding],
    policies: Policies,
    projects: Mapping[str, str | None],
) -> list[Effect]:
    """Make what is up equal to what is found; what policies had the stop lever do, for the gateways to carry out.

    `projects` names each task's project. Tells `signal.raised` (or `signal.observed` where nobody is to be told),
    `signal.cleared`.
    """
    up = {(signal.kind, signal.subject): signal for signal in await store.up(tx, workspace_id)}
    effects: list[Effect] = []
    for finding in findings:
        response = policies.response(finding, projects.get(finding.task_id or ""))
        if response is Response.OFF:
            continue
        if finding.kind is Kind.LOOPING:
            await work_costs.mark(tx, workspace_id, finding.call_ids, work_costs.Fact.LOOPED, finding.subject)
        signal = up.pop((finding.kind, finding.subject), None)
        if signal is None:
            effects += await _raise(tx, workspace_id, finding, response)
        elif _differs(signal, finding):
            await store.refresh(tx, signal, finding)
    for signal in up.values():
        if await store.end(tx, signal, SignalState.OVER) and signal.response in _TOLD:
            await _tell(tx, "signal.cleared", signal)
    return effects


async def dismiss(
    tx: Transaction, workspace_id: str, signal_id: str, *, fine: bool, actor: str | None = None
) -> Signal:
    """Put a signal away; `fine` teaches that this is so for its task. Tells `signal.dismissed`.

    Raises NotFound; Changed `signal_over` when it has ended.
    """
    signal = await get(tx, workspace_id, signal_id)
    if fine:
        await policy.teach(tx, workspace_id, signal.kind, subject_of(signal), actor=actor)
        if signal.kind is Kind.LOOPING:
            await work_costs.unmark(tx, workspace_id, signal.subject, work_costs.Fact.LOOPED)
    if not await store.end(tx, signal, SignalState.DISMISSED, by=actor) and not fine:
        raise Changed("This signal is over.", code="signal_over", state=signal.state)
    await _tell(tx, "signal.dismissed", signal, actor, fine=fine)
    return await get(tx, workspace_id, signal_id)


async def forget(tx: Transaction, workspace_id: str, signal_id: str, *, actor: str | None = None) -> Signal:
    """Take back what was taught by a signal: the next like it goes up again. Raises NotFound."""
    signal = await get(tx, workspace_id, signal_id)
    if await policy.forget(tx, workspace_id, signal.kind, subject_of(signal)):
        await _tell(tx, "signal.unlearned", signal, actor)
    return signal


async def get(tx: Transaction, workspace_id: str, signal_id: str) -> Signal:
    """Raises NotFound."""
    signal = await store.find(tx, workspace_id, signal_id)
    if signal is None:
        raise NotFound("There is no such signal in this workspace.")
    return signal


def subject_of(signal: Signal) -> str:
    """What a lesson from it is remembered for."""
    return signal.task_id or signal.agent_id or signal.subject


async def _raise(tx: Transaction, workspace_id: str, finding: Finding, response: Response) -> list[Effect]:
    signal = await store.insert(tx, workspace_id, finding, response)
    await _tell(tx, "signal.raised" if response in _TOLD else "signal.observed", signal)
    verb = _STOPS.get(response)
    if verb is None:
        return []
    scope, subject = (Scope.RUN, signal.run_id) if signal.run_id is not None else (Scope.AGENT, signal.agent_id)
    if subject is None:
        return []
    reason = f"policy: {signal.words}"[:REASON_LENGTH]
    try:
        return [await lever.give(tx, workspace_id, Wanted(verb, scope, subject, reason))]
    except (Changed, NotFound):
        # It ended by itself in this moment.
        return []


def _differs(signal: Signal, finding: Finding) -> bool:
    return (signal.words, signal.call_ids) != (finding.words, finding.call_ids[-len(signal.call_ids) or None :])


async def _tell(tx: Transaction, kind: str, signal: Signal, actor: str | None = None, **more: object) -> None:
    data = {
        "kind": signal.kind.value,
        "text": signal.words,
        "agent_id": signal.agent_id,
        "task_id": signal.task_id,
        "run_id": signal.run_id,
        "subject": signal.subject,
        "response": signal.response.value,
    }
    await tx.emit(Event(signal.workspace_id, kind, signal.id, {**data, **more}, actor))

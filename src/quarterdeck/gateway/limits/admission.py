"""Limits and budgets on the way of a call, kept in this process's memory. Takes part by gateway/hooks.py."""

from collections.abc import Awaitable, Sequence
from pathlib import Path

from quarterdeck.access import wire
from quarterdeck.access.budgets.model import Mode
from quarterdeck.access.scopes import Facts, may_concern
from quarterdeck.access.snapshot import KeyEntry, RunEntry, Snapshot, WorkspaceEntry
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.endpoints import Billing
from quarterdeck.gateway.hooks import Hooks
from quarterdeck.gateway.limits import rates, worst
from quarterdeck.gateway.limits.heard import Heard
from quarterdeck.gateway.limits.holds import Hold
from quarterdeck.gateway.limits.kept import KeptRates
from quarterdeck.gateway.limits.learned import Learned
from quarterdeck.gateway.limits.plans import Plan, Plans, TargetPlan
from quarterdeck.gateway.limits.rates import Rates, now_us
from quarterdeck.gateway.limits.reserving import Reserving
from quarterdeck.gateway.limits.spending import Settled, Spending
from quarterdeck.gateway.limits.stops import Stops
from quarterdeck.gateway.limits.turns import Ask, Gate
from quarterdeck.gateway.limits.worst import Estimator, Seen
from quarterdeck.gateway.targets import Target
from quarterdeck.ledger.prices import PriceBook

ASSUMED_TOKENS = 1_024
"""Output that a token limit expects of a call that names no maximum."""
NORMAL = 2
HEDGE = "hedge"
"""Why a draft's try is made, when the one before still runs."""


class Admission:
    """One per gateway process. It is in the hooks only while somebody has a limit or a budget."""

    _together = False
    """Whether other gateways take from the same limits."""

    def __init__(self, hooks: Hooks, prices: PriceBook, spending: Spending, kept: Path | None = None) -> None:
        """`kept` is where what was used of limits is kept, for the next start."""
        self._hooks = hooks
        self._spending = spending
        self._rates = Rates()
        self._kept = KeptRates(kept, self._rates) if kept is not None else None
        self._estimator = Estimator()
        self._plans = Plans(self._rates, spending.counters, self._estimator)
        self._stops = Stops()
        self._reserving = Reserving(prices, spending, self._stops)
        self._gates: dict[tuple[str, str], Gate] = {}
        self._heard = Heard()
        self._turns = False
        """Whether there are gates or a provider said a word: else only a limit on where calls go makes any wait."""
        self._concerned: set[str] = set()
        """Keys whose calls a limit or budget of the current snapshot can be about."""
        self._free: set[str] = set()
        """Keys whose calls none can be about."""
        self._stopped = self._stops.add
        hooks.throttled = self.throttled

    async def run(self) -> None:
        """What is to be done beside calls, until cancelled."""
        if self._kept is not None:
            await self._kept.run()

    def troubles(self) -> list[str]:
        """What keeps limits and budgets from being exact, in words."""
        return []

    @property
    def spending(self) -> Spending:
        return self._spending

    def swapped(self, snapshot: Snapshot) -> None:
        """Limits and budgets as the snapshot has them, from the next call on."""
        self._concerned.clear()
        self._free.clear()
        self._spending.swapped(snapshot)
        self._rates.set_rules({each.id: each.limits for each in snapshot.workspaces.values()})
        self._plans.swapped(snapshot.workspaces)
        if self._spending.active or any(each.limits for each in snapshot.workspaces.values()):
            self._hooks.limits = self
        for gate in self._gates.values():
            gate.changed()

    def throttled(self, draft: Draft) -> None:
        """A provider said 429 while nothing here was in force: from now on its word is heeded."""
        if draft.workspace is not None and draft.target is not None:
            self._hooks.limits = self
            self._hear(draft)

    def admit(self, draft: Draft) -> Awaitable[None] | None:
        """Limits on who calls."""
        key = draft.key
        if key is not None and key.id not in self._concerned and (key.id in self._free or not self._concerns(key)):
            return None
        plan = self._plans.of(draft)
        # Made here, so that the tries of a route share it.
        hold = draft.hold = Hold(self._stopped, plan)
        if not plan.rates:
            return None
        if plan.counts_tokens:
            hold.tokens = _tokens(draft, self._estimator.of(draft.target))
        if self._together:
            return self._enter(draft, hold, plan)
        left = rates.enter(plan.rates, plan.takes, hold.tokens)
        hold.entered = plan
        draft.told = plan.words % left if plan.words is not None else rates.tightest(plan.rates, left)
        return None

    def _enter(self, draft: Draft, hold: Hold, plan: Plan) -> Awaitable[None]:
        """Take from all limits on who calls, where other gateways do too. Raises Refusal."""
        raise NotImplementedError

    def attempt(self, draft: Draft, target: Target) -> Awaitable[None] | None:
        """A turn at the provider, and room in every budget for what the call may cost there."""
        hold: Hold | None = draft.hold
        if hold is None:
            key = draft.key
            if (
                key is not None
                and key.id not in self._concerned
                # What a provider said of itself holds for everybody.
                and not self._heard
                and (key.id in self._free or not self._concerns(key))
            ):
                return None
            hold = draft.hold = Hold(self._stopped, self._plans.of(draft))
        plan = hold.caller.at.get(target.place)
        if plan is None or not plan.begin <= draft.started < plan.end:
            plan = self._plans.at(draft, target)
        hold.plan, first = plan, hold.target is None
        hold.target = target
        # For a try that comes first nothing is held yet.
        if (
            first
            and not (plan.turns or self._turns)
            and (not plan.binding or self._reserving.reserve_at_once(draft, plan, hold))
        ):
            return None
        return self._wait_for_room(draft, target, plan, hold)

    async def _wait_for_room(self, draft: Draft, target: Target, plan: TargetPlan, hold: Hold) -> None:
        """The same where something may have to be waited for."""
        workspace = draft.workspace
        assert workspace is not None
        if draft.why != HEDGE and (hold.lines or hold.turns or hold.learned):
            self._end_try_before(draft, hold)
        learned = self._heard.of(workspace.id, target)
        if plan.turns or learned is not None or self._gates:
            await self._take_turn(draft, workspace, target, plan, hold, learned)
            plan = hold.plan = self._plans.at(draft, target)
        if plan.binding and draft.endpoint.billing is not Billing.FREE:
            quote = await self._reserving.quoted(draft, target, plan.binding)
            if plan.since is not self._plans.since:
                plan = hold.plan = self._plans.at(draft, target)
            await self._reserving.reserve(draft, target, plan, hold, quote)

    def budget_left(self, draft: Draft) -> int | None:
        """Of the hard budgets that hold for the call wherever it goes, the least, in nano-dollars."""
        if draft.workspace is None or not self._spending.active:
            return None
        lines = self._plans.at(draft, None).budgets
        left = [entry.amount - counter.spent - counter.held for entry, counter in lines if entry.mode == Mode.HARD]
        return max(0, min(left)) if left else None

    def settled(self, draft: Draft) -> None:
        """Charge what the call cost, then let go of what it held."""
        target = draft.target
        hold: Hold | None = draft.hold
        plan = None
        if hold is not None:
            if hold.target is target:
                plan = hold.plan
        elif draft.workspace is None:
            return
        elif (
            (key := draft.key) is not None
            and key.id not in self._concerned
            and (key.id in self._free or not self._concerns(key))
        ):
            if self._spending.active:
                self._spending.passed()
            if draft.upstream_status == 429 or self._turns:
                self._hear(draft)
            return
        if plan is None or plan.since is not self._plans.since:
            plan = self._plans.at(draft, target)
        if self._spending.active:
            cost = draft.cost
            each = Settled(draft.id, plan, draft.started, cost or 0)
            if cost is None:
                each.amount = self._ceiling_cost(draft, plan)
            elif draft.tries:
                each.tries = self._spent_elsewhere(draft)
            self._spending.settled(each)
        plan.seen.note(draft)
        if draft.upstream_status == 429 or self._turns:
            self._hear(draft)
        if hold is not None:
            self._end(draft, hold)

    def _hear(self, draft: Draft) -> None:
        """What the provider said of its own limits is kept from its first 429 on, or where it has limits."""
        self._heard.hear(draft)
        self._turns = self._turns or bool(self._heard)

    def _ceiling_cost(self, draft: Draft, plan: TargetPlan) -> int:
        """What a call without a price counts as."""
        amount = worst.charged(draft, [entry for entry, _ in plan.budgets])
        draft.ceiling_cost = amount or None
        return amount

    def _spent_elsewhere(self, draft: Draft) -> list[tuple[Facts, int]]:
        """What a try cost that did not answer is spent where it was made."""
        return [(self._plans.at(draft, each.target).facts, each.cost) for each in draft.tries if each.cost]

    def _end_try_before(self, draft: Draft, hold: Hold) -> None:
        """A try that did not answer is over. What it may have been billed stays held until the call is settled."""
        if hold.lines and not (draft.tries and draft.tries[-1].usage_source in ("provider", "estimated")):
            hold.let_go()
        self._leave(hold, used=0, sent=True)

    def _leave(self, hold: Hold, *, used: int | None, sent: bool) -> None:
        """Give back the turn at the provider; who waits for one may come."""
        turns, learned = hold.turns, hold.learned
        if not turns and not learned:
            return
        hold.turns = hold.learned = ()
        self._give_back(turns, used_tokens=used, sent=sent)
        for each in learned:
            each.done(hold.gate_tokens)
        for gate in hold.gates:
            gate.changed()
        hold.gates = ()

    def release(self, draft: Draft) -> None:
        if draft.hold is not None:
            self._end(draft, draft.hold)

    def _end(self, draft: Draft, hold: Hold) -> None:
        draft.hold = draft.meter = None
        if hold.lines:
            hold.let_go()
        entered = hold.entered
        if entered is not None:
            if draft.sent_at is None or entered.counts_tokens:
                rates.leave(entered.rates, hold.tokens, used_tokens=_used_tokens(draft), sent=draft.sent_at is not None)
            else:
                for slots in entered.slots:
                    slots.taken -= 1
        elif hold.shared:
            self._give_back(hold.shared, used_tokens=_used_tokens(draft), sent=draft.sent_at is not None)
        if hold.gates:
            self._leave(hold, used=_used_tokens(draft), sent=draft.sent_at is not None)

    def report(self) -> tuple[list[wire.BudgetState], list[wire.LimitState], list[wire.Stop]]:
        """What control is told: each window as it stands here, each limit in use, and whom budgets stopped since."""
        budgets = [
            wire.BudgetState(each.workspace_id, *each.key, each.spent, each.held, each.tail)
            for each in self._spending.counters
            if each.spent or each.held
        ]
        limits = [
            wire.LimitState(self._rates.workspaces[entry.id], entry.id, value, left, self._waiting_at(entry.id), taken)
            for entry, value, left, taken in self._rates.states()
        ]
        return budgets, limits, self._stops.told()

    def _give_back(self, lines: Sequence[rates.Line], *, used_tokens: int | None, sent: bool) -> None:
        rates.give_back(lines, used_tokens=used_tokens, sent=sent)

    def _new_gate(self, _workspace_id: str, provider: str) -> Gate:
        return Gate(provider)

    def _waiting_at(self, limit_id: str) -> int:
        workspace_id = self._rates.workspaces[limit_id]
        return sum(gate.waiting for (owner, _), gate in self._gates.items() if owner == workspace_id)

    async def _take_turn(
        self,
        draft: Draft,
        workspace: WorkspaceEntry,
        target: Target,
        plan: TargetPlan,
        hold: Hold,
        learned: Learned | None,
    ) -> None:
        key = (workspace.id, target.provider.name)
        gate = self._gates.get(key)
        if not plan.turns and learned is None and (gate is None or not gate.waiting):
            return
        if gate is None:
            gate = self._gates[key] = self._new_gate(*key)
            self._turns = True
        lines = rates.lines_of(plan.turns)
        tokens = _tokens(draft, plan.seen) if learned is not None or plan.counts_tokens else 0
        run = _run(draft, workspace)
        ask = Ask(
            lines,
            tokens,
            learned,
            agent=draft.agent.id if draft.agent is not None else "",
            level=run.priority if run is not None and run.priority is not None else NORMAL,
            due=run.due_at if run is not None else None,
            flight=draft.flight,
        )
        await gate.enter(ask)
        hold.turns = [*hold.turns, *lines]
        hold.gates = [*hold.gates, gate]
        if learned is not None:
            hold.learned = [*hold.learned, learned]
            hold.gate_tokens = tokens
        if lines:
            entered = rates.lines_of(hold.entered.rates) if hold.entered is not None else ()
            draft.told = rates.remaining([*entered, *hold.shared, *hold.turns], now_us())

    def _concerns(self, key: KeyEntry) -> bool:
        """Whether any limit or budget can be about calls with this key; most keys of a workspace have none."""
        scopes = [each.scope for each in self._rates.rules(key.workspace_id)]
        scopes += [each.scope for each in self._spending.counters.rules(key.workspace_id)]
        found = any(may_concern(scope, key.agent_id, key.id) for scope in scopes)
        (self._concerned if found else self._free).add(key.id)
        return found


def _run(draft: Draft, workspace: WorkspaceEntry) -> RunEntry | None:
    attribution = draft.attribution
    return workspace.runs.get(attribution.run_id) if attribution is not None and attribution.run_id else None


def _tokens(draft: Draft, seen: Seen) -> int:
    return sum(worst.tokens(draft, seen, ASSUMED_TOKENS, None))


def _used_tokens(draft: Draft) -> int | None:
    """None: nobody knows."""
    usage = draft.usage
    if usage is None:
        return 0 if draft.status >= 400 else None
    return usage.input_total + usage.output_total

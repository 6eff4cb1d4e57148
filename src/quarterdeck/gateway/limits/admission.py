"""Limits and budgets on the way of a call, kept in this process's memory. Takes part by gateway/hooks.py."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from quarterdeck.access import wire
from quarterdeck.access.budgets.model import BudgetEntry, Mode
from quarterdeck.access.limits.model import Measure
from quarterdeck.access.scopes import Facts, may_concern
from quarterdeck.access.snapshot import KeyEntry, RunEntry, Snapshot, WorkspaceEntry
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.endpoints import Billing
from quarterdeck.gateway.hooks import Hooks
from quarterdeck.gateway.limits import clamp, rates, refusals, worst
from quarterdeck.gateway.limits.counters import Counter, Line
from quarterdeck.gateway.limits.holds import Claiming, Hold
from quarterdeck.gateway.limits.kept import KeptRates
from quarterdeck.gateway.limits.learned import Learned
from quarterdeck.gateway.limits.rates import Blocked, Rates, now_us
from quarterdeck.gateway.limits.spending import Spending
from quarterdeck.gateway.limits.turns import Ask, Gate
from quarterdeck.gateway.limits.worst import Estimator, Price
from quarterdeck.gateway.targets import Target
from quarterdeck.kernel.money import format_usd
from quarterdeck.ledger.prices import MISSING, PriceBook
from quarterdeck.ledger.quotes import Quote

READY_WAIT_S = 10.0
ASSUMED_TOKENS = 1_024
"""Output that a token limit expects of a call that names no maximum."""
NORMAL = 2
HEDGE = "hedge"
"""Why a draft's try is made, when the one before still runs."""
_LEARNED_KEPT = 4_096
_REMAINING = {measure.value: b"x-quarterdeck-remaining-" + measure.encode() for measure in Measure}


class Admission:
    """One per gateway process. It is in the hooks only while somebody has a limit or a budget."""

    def __init__(self, hooks: Hooks, prices: PriceBook, spending: Spending, kept: Path | None = None) -> None:
        """`kept` is where what was used of limits is kept, for the next start."""
        self._hooks = hooks
        self._prices = prices
        self._spending = spending
        self._rates = Rates()
        self._kept = KeptRates(kept, self._rates) if kept is not None else None
        self._gates: dict[tuple[str, str], Gate] = {}
        self._learned: dict[tuple[str, str, str], Learned] = {}
        self._estimator = Estimator()
        self._stops: dict[tuple[str, str, str, str, int], wire.Stop] = {}
        self._told: set[tuple[str, str, str, str, int]] = set()
        self._concerned: dict[str, bool] = {}
        """Key → whether any limit or budget of the current snapshot can be about its calls."""
        self._facts_known: dict[tuple[object, ...], Facts] = {}
        """The same facts are the same object, call after call, and need to be hashed only once."""
        self.claims: Claiming | None = None
        """Where budgets are shared with other gateways."""
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
        self._facts_known.clear()
        self._spending.swapped(snapshot)
        self._rates.set_rules({each.id: each.limits for each in snapshot.workspaces.values()})
        if self._spending.active or any(each.limits for each in snapshot.workspaces.values()):
            self._hooks.limits = self
        for gate in self._gates.values():
            gate.changed()

    def throttled(self, draft: Draft) -> None:
        """A provider said 429 while nothing here was in force: from now on its word is heeded."""
        if draft.workspace is not None and draft.target is not None:
            self._hooks.limits = self
            self._hear(draft)

    async def admit(self, draft: Draft) -> None:
        """Limits on who calls."""
        workspace, key = draft.workspace, draft.key
        assert workspace is not None
        if key is not None and not self._concerns(key):
            return
        # Made here, so that the tries of a route share it.
        hold = draft.hold = Hold(Facts(), self._stopped)
        if not self._rates.has(workspace.id):
            return
        hold.facts = self._facts(draft, workspace, draft.target)
        lines = self._rates.lines(workspace.id, hold.facts, at_target=False)
        if not lines:
            return
        hold.tokens = self._tokens(draft) if _counts_tokens(lines) else 0
        blocked = await self._take(lines, hold.tokens)
        if blocked is not None:
            assert blocked.line is not None
            raise refusals.rate_limited(blocked.line.entry, blocked.wait, blocked.left)
        hold.rates = lines
        draft.told = _remaining(lines, now_us())

    async def attempt(self, draft: Draft, target: Target) -> None:
        """A turn at the provider, and room in every budget for what the call may cost there."""
        workspace, hold = draft.workspace, draft.hold
        assert workspace is not None
        if not isinstance(hold, Hold):
            # What a provider said of itself holds for everybody.
            if draft.key is not None and not self._learned and not self._concerns(draft.key):
                return
            hold = draft.hold = Hold(Facts(), self._stopped)
        if _differs(hold.facts, target):
            hold.facts = self._facts(draft, workspace, target)
        if draft.why != HEDGE and (hold.lines or hold.turns or hold.learned):
            self._end_try_before(draft, hold)
        learned = self._learned.get((workspace.id, target.provider.name, target.model))
        if learned is not None or self._rates.has(workspace.id):
            await self._take_turn(draft, workspace, target, hold, learned)
        if self._spending.active:
            await self._reserve(draft, workspace, target, hold)

    def budget_left(self, draft: Draft) -> int | None:
        """Of the hard budgets that hold for the call wherever it goes, the least, in nano-dollars."""
        workspace = draft.workspace
        if workspace is None or not self._spending.active:
            return None
        lines = self._spending.counters.lines(workspace.id, self._facts(draft, workspace, None), draft.started)
        left = [entry.amount - counter.spent - counter.held for entry, counter in lines if entry.mode == Mode.HARD]
        return max(0, min(left)) if left else None

    def settled(self, draft: Draft) -> None:
        """Charge what the call cost, then let go of what it held."""
        hold, workspace = draft.hold, draft.workspace
        if workspace is None:
            return
        spending = self._spending
        if hold is None and draft.key is not None and not self._concerns(draft.key):
            if spending.active:
                spending.passed()
            if draft.upstream_status == 429 or self._learned:
                self._hear(draft)
            return
        if spending.active:
            facts = hold.facts if isinstance(hold, Hold) and hold.facts.provider else None
            target = draft.target
            if facts is None or (target is not None and _differs(facts, target)):
                facts = self._facts(draft, workspace, draft.target)
            amount = draft.cost
            if amount is None:
                lines = spending.counters.lines(workspace.id, facts, draft.started)
                amount = worst.charged(draft, [entry for entry, _ in lines])
                draft.ceiling_cost = amount or None
            # What a try cost that did not answer is spent where it was made.
            tries = (
                [(self._facts(draft, workspace, each.target), each.cost) for each in draft.tries if each.cost]
                if draft.tries and draft.cost is not None
                else ()
            )
            spending.settled(draft.id, workspace.id, facts, draft.started, amount, tries)
        self._estimator.note(draft)
        self._hear(draft)
        self.release(draft)

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
        hold.turns, hold.learned = [], []
        self._give_back(turns, used_tokens=used, sent=sent)
        for each in learned:
            each.done(hold.gate_tokens)
        for gate in hold.gates:
            gate.changed()
        hold.gates = []

    def release(self, draft: Draft) -> None:
        hold = draft.hold
        if not isinstance(hold, Hold):
            return
        draft.hold = None
        draft.meter = None
        hold.let_go()
        usage = draft.usage
        used = usage.input_total + usage.output_total if usage is not None else None
        if draft.status >= 400 and used is None:
            used = 0
        sent = draft.sent_at is not None
        self._give_back(hold.rates, used_tokens=used, sent=sent)
        self._leave(hold, used=used, sent=sent)

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
        stops = list(self._stops.values())
        self._stops.clear()
        return budgets, limits, stops

    async def _take(self, lines: list[rates.Line], tokens: int) -> Blocked | None:
        """From all limits or from none."""
        return rates.take(lines, tokens, now_us())

    def _give_back(self, lines: list[rates.Line], *, used_tokens: int | None, sent: bool) -> None:
        rates.give_back(lines, used_tokens=used_tokens, sent=sent)

    def _new_gate(self, _workspace_id: str, provider: str) -> Gate:
        return Gate(provider)

    def _waiting_at(self, limit_id: str) -> int:
        workspace_id = self._rates.workspaces[limit_id]
        return sum(gate.waiting for (owner, _), gate in self._gates.items() if owner == workspace_id)

    async def _take_turn(
        self, draft: Draft, workspace: WorkspaceEntry, target: Target, hold: Hold, learned: Learned | None
    ) -> None:
        lines = self._rates.lines(workspace.id, hold.facts, at_target=True)
        key = (workspace.id, target.provider.name)
        gate = self._gates.get(key)
        if not lines and learned is None and (gate is None or not gate.waiting):
            return
        if gate is None:
            gate = self._gates[key] = self._new_gate(*key)
        tokens = self._tokens(draft) if learned is not None or _counts_tokens(lines) else 0
        run = self._run(draft, workspace)
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
        hold.turns += lines
        hold.gates.append(gate)
        if learned is not None:
            hold.learned.append(learned)
            hold.gate_tokens = tokens
        if lines:
            draft.told = _remaining(hold.rates + hold.turns, now_us())

    async def _reserve(self, draft: Draft, workspace: WorkspaceEntry, target: Target, hold: Hold) -> None:
        spending = self._spending
        lines = _binding(spending.counters.lines(workspace.id, hold.facts, draft.started))
        if not lines or draft.endpoint.billing is Billing.FREE:
            return
        if not spending.ready.is_set():
            await self._wait_until_exact(lines)
        quote: Any = None
        if draft.endpoint.billing is Billing.TOKENS:
            quote = self._prices.cached(target.provider.kind, target.model, provider=target.provider.name)
            if quote is MISSING:
                quote = await self._looked_up(target)
        window = quote.context_window if quote is not None else None
        size = self._estimator.input_tokens(draft, window)
        priced, prices = self._priced(draft, target, lines, quote, size)
        if not priced:
            return
        output = draft.facts.max_output if draft.facts is not None else None
        if output is None or output < 0:
            assumed = max(entry.assumed_output for entry, _ in priced)
            output = self._estimator.output_tokens(draft, assumed, window)
        fits = await hold.reserve(draft, priced, prices, output, self.claims)
        stream = draft.facts is not None and draft.facts.stream
        if fits < output and not stream and not clamp.output(draft, target, fits):
            hold.let_go()
            raise refusals.over_budget(priced[0][0], draft.headers)
        if stream:
            hold.follow(draft)
        left = _left(priced)
        if left is not None:
            draft.told = (*draft.told, (b"x-quarterdeck-budget-left-usd", format_usd(max(0, left)).encode()))

    def _priced(
        self, draft: Draft, target: Target, lines: list[Line], quote: Quote | None, size: int
    ) -> tuple[list[Line], list[Price]]:
        """What the call may cost in each budget. Raises Refusal when a hard one has no price to go by."""
        if quote is not None:
            price = Price(quote, None, draft.request_body, size)
            return lines, [price] * len(lines)
        priced: list[Line] = []
        prices: list[Price] = []
        for entry, counter in lines:
            ceiling = entry.ceiling
            if ceiling is None or (draft.endpoint.billing is Billing.UNKNOWN and not ceiling.request):
                self._stopped(entry, counter, draft)
                if entry.mode == Mode.HARD:
                    raise refusals.unpriced(f"{target.provider.name}/{target.model}" if target.model else draft.path)
                continue
            priced.append((entry, counter))
            prices.append(Price(None, ceiling, b"", size))
        return priced, prices

    async def _wait_until_exact(self, lines: Iterable[Line]) -> None:
        """What was spent before is being read back. Only a hard budget has to wait for it."""
        if not any(entry.mode == Mode.HARD for entry, _ in lines):
            return
        try:
            async with asyncio.timeout(READY_WAIT_S):
                await self._spending.ready.wait()
        except TimeoutError:
            raise refusals.not_exact_yet() from None

    async def _looked_up(self, target: Target) -> Quote | None:
        provider = target.provider
        return await asyncio.to_thread(self._prices.resolve, provider.kind, target.model, provider=provider.name)

    def _concerns(self, key: KeyEntry) -> bool:
        """Whether any limit or budget can be about calls with this key; most keys of a workspace have none."""
        found = self._concerned.get(key.id)
        if found is None:
            scopes = [each.scope for each in self._rates.rules(key.workspace_id)]
            scopes += [each.scope for each in self._spending.counters.rules(key.workspace_id)]
            found = any(may_concern(scope, key.agent_id, key.id) for scope in scopes)
            self._concerned[key.id] = found
        return found

    def _facts(self, draft: Draft, workspace: WorkspaceEntry, target: Target | None) -> Facts:
        attribution, key = draft.attribution, draft.key
        run_id = attribution.run_id if attribution is not None else None
        task_id = attribution.task_id if attribution is not None else None
        key_id = key.id if key is not None else None
        route = draft.route.name if draft.route is not None else None
        tagged = self._spending.counters.looks_at_tags(workspace.id) or self._rates.looks_at_tags(workspace.id)
        tags = tuple(draft.tags()) if tagged else ()
        provider, model = (target.provider, target.model) if target is not None else (None, None)
        told = (key_id, run_id, task_id, route, provider.name if provider is not None else None, model, tags)
        facts = self._facts_known.get(told)
        if facts is None:
            run = workspace.runs.get(run_id) if run_id is not None else None
            facts = Facts(
                draft.agent.id if draft.agent is not None else None,
                task_id,
                run_id,
                run.project_id if run is not None else None,
                key_id,
                route,
                provider.name if provider is not None else None,
                provider.credential if provider is not None else None,
                model,
                tags,
            )
            if len(self._facts_known) >= rates.MEMO:
                self._facts_known.clear()
            self._facts_known[told] = facts
        return facts

    def _run(self, draft: Draft, workspace: WorkspaceEntry) -> RunEntry | None:
        attribution = draft.attribution
        return workspace.runs.get(attribution.run_id) if attribution is not None and attribution.run_id else None

    def _tokens(self, draft: Draft) -> int:
        return self._estimator.input_tokens(draft, None) + self._estimator.output_tokens(draft, ASSUMED_TOKENS, None)

    def _hear(self, draft: Draft) -> None:
        """What the provider said of its own limits. Its word is kept from its first 429 on, or where it has limits."""
        workspace, target = draft.workspace, draft.target
        if workspace is None or target is None or draft.upstream_status is None:
            return
        key = (workspace.id, target.provider.name, target.model)
        learned = self._learned.get(key)
        if learned is None:
            hold = draft.hold
            if draft.upstream_status != 429 and not (isinstance(hold, Hold) and hold.turns):
                return
            while len(self._learned) >= _LEARNED_KEPT:
                self._learned.pop(next(iter(self._learned)))
            learned = self._learned[key] = Learned()
        learned.heard(now_us(), draft.upstream_status, draft.answer_headers)

    def _stopped(self, entry: BudgetEntry, counter: Counter, draft: Draft) -> None:
        key = (*counter.key, entry.mode, entry.amount)
        if key in self._told or draft.workspace is None:
            return
        if len(self._told) >= worst.KEPT:
            self._told.clear()
        self._told.add(key)
        attribution = draft.attribution
        self._stops[key] = wire.Stop(
            draft.workspace.id,
            *counter.key,
            entry.mode,
            draft.agent.id if draft.agent is not None else None,
            attribution.task_id if attribution is not None else None,
            attribution.run_id if attribution is not None else None,
        )


def _binding(lines: list[Line]) -> list[Line]:
    """Those that can stop a call; the same list where all can."""
    for entry, _ in lines:
        if entry.mode == Mode.WARN:
            return [line for line in lines if line[0].mode != Mode.WARN]
    return lines


def _left(lines: list[Line]) -> int | None:
    """Nano-dollars that the tightest hard budget leaves."""
    left: int | None = None
    for entry, counter in lines:
        if entry.mode == Mode.HARD:
            here = entry.amount - counter.base - counter.tail - counter.held
            left = here if left is None or here < left else left
    return left


def _differs(facts: Facts, target: Target) -> bool:
    """Whether another target than the last that was asked gave the answer."""
    return facts.model != target.model or facts.provider != target.provider.name


def _counts_tokens(lines: list[rates.Line]) -> bool:
    return any(line.entry.measure == "tokens" for line in lines)


def _remaining(lines: list[rates.Line], now: int) -> list[tuple[bytes, bytes]]:
    """What is left of the tightest limit of each measure."""
    found: dict[str, int] = {}
    for line in lines:
        left = line.remaining(now)
        measure = line.entry.measure
        if measure not in found or left < found[measure]:
            found[measure] = left
    return [(_REMAINING[measure], b"%d" % left) for measure, left in found.items()]


__all__ = ["Admission"]

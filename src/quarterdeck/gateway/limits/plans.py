"""Which limits and budgets are about a call: worked out once for a caller and each of its targets, and remembered.

A plan holds the very buckets and counters that are counted in. So plans are forgotten when the rules change, and when
buckets or counters that nobody uses are.
"""

from collections.abc import Mapping

import msgspec

from quarterdeck.access.budgets.model import Mode
from quarterdeck.access.scopes import Facts
from quarterdeck.access.snapshot import WorkspaceEntry
from quarterdeck.gateway.attribution import UNCLAIMED
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.limits import counters, rates
from quarterdeck.gateway.limits.counters import Counters
from quarterdeck.gateway.limits.rates import Rates, Slots
from quarterdeck.gateway.limits.worst import Estimator, Seen
from quarterdeck.gateway.targets import Target

MEMO = 8_192
_Who = tuple[str | None, str | None, str | None, str | None, tuple[tuple[str, str], ...]]
_There = tuple[str, str | None, str] | None
"""A target's place: a call may end by the credential that was there before the last change."""


class TargetPlan:
    """Of one caller at one target."""

    __slots__ = (
        "all_hard",
        "assumed_output",
        "begin",
        "binding",
        "budgets",
        "counts_tokens",
        "end",
        "facts",
        "hard",
        "seen",
        "since",
        "turns",
        "workspace_id",
    )

    def __init__(
        self,
        since: object,
        workspace_id: str,
        facts: Facts,
        turns: tuple[rates.Rule, ...],
        budgets: counters.Within,
        seen: Seen,
    ) -> None:
        self.since = since
        """It may be used while that of all plans is the same."""
        self.begin, self.end, self.budgets = budgets
        """The windows of these budgets are those of calls that begin in between, in microseconds since the epoch."""
        self.binding = [line for line in self.budgets if line[0].mode != Mode.WARN]
        """Budgets that can stop a call."""
        self.hard = [line for line in self.budgets if line[0].mode == Mode.HARD]
        self.all_hard = len(self.hard) == len(self.binding)
        self.assumed_output = max((entry.assumed_output for entry, _ in self.binding), default=0)
        self.workspace_id = workspace_id
        self.facts = facts
        self.turns = turns
        """Limits on where the call goes."""
        self.counts_tokens = rates.count_tokens(turns)
        self.seen = seen
        """What calls to the model have needed."""


class Plan:
    """Of one caller, wherever its calls go: agent, key, run, task, route and tags."""

    __slots__ = ("at", "counts_tokens", "facts", "rates", "slots", "takes", "words")

    def __init__(self, facts: Facts, found: tuple[rates.Rule, ...]) -> None:
        self.facts = facts
        self.rates = found
        """Limits on who calls."""
        self.takes = [rule.bucket.take for rule in found]
        self.counts_tokens = rates.count_tokens(found)
        self.slots = [rule.bucket for rule in found if isinstance(rule.bucket, Slots)]
        """All that goes back when a call is over that was sent, where no tokens are counted."""
        self.at: dict[_There, TargetPlan] = {}
        """Emptied when all plans are forgotten: a call under way finds nothing here then."""
        measures = [rule.entry.measure for rule in found]
        self.words = rates.words(measures) if len(set(measures)) == len(measures) else None
        """Lines of an answer's head, with a place for what each leaves; None where some are of the same measure."""


class Plans:
    """Those of one gateway."""

    def __init__(self, of_rates: Rates, of_budgets: Counters, estimator: Estimator) -> None:
        self._rates = of_rates
        self._budgets = of_budgets
        self._estimator = estimator
        self._current: Mapping[str, WorkspaceEntry] = {}
        self._known: dict[_Who, Plan] = {}
        self._tagged: set[str] = set()
        """Workspaces with rules that look at tags."""
        self._count = 0
        self.since = object()
        """Another one each time that all plans are forgotten."""
        of_rates.forgot = of_budgets.forgot = self.forget

    def of(self, draft: Draft) -> Plan:
        """The plan of the call's caller."""
        key, attribution, route = draft.key, draft.attribution, draft.route
        if attribution is None:
            attribution = UNCLAIMED
        who = (
            key.id if key is not None else None,
            attribution.run_id,
            attribution.task_id,
            route.name if route is not None else None,
            self._tags(draft) if self._tagged else (),
        )
        return self._known.get(who) or self._planned(who, draft)

    def at(self, draft: Draft, target: Target | None) -> TargetPlan:
        """The same at a target; None: what holds wherever the call goes."""
        plan = self.of(draft)
        there = plan.at.get(target.place if target is not None else None)
        if there is None or not there.begin <= draft.started < there.end:
            there = self._planned_at(plan, draft, target)
        return there

    def _tags(self, draft: Draft) -> tuple[tuple[str, str], ...]:
        """Where somebody's rules look at them."""
        return tuple(draft.tags()) if draft.workspace is not None and draft.workspace.id in self._tagged else ()

    def swapped(self, workspaces: Mapping[str, WorkspaceEntry]) -> None:
        """From now on only these say whose a run is; a call under way may still know another picture of them."""
        self._current = workspaces
        self.forget()

    def forget(self) -> None:
        """Those that calls under way have are not used again either."""
        for plan in self._known.values():
            plan.at.clear()
        self._known.clear()
        self._tagged = self._budgets.tagged | self._rates.tagged
        self._count = 0
        self.since = object()

    def _planned(self, who: _Who, draft: Draft) -> Plan:
        workspace = draft.workspace
        assert workspace is not None
        key_id, run_id, task_id, route, tags = who
        run = workspace.runs.get(run_id) if run_id is not None else None
        facts = Facts(
            draft.agent.id if draft.agent is not None else None,
            task_id,
            run_id,
            run.project_id if run is not None else None,
            key_id,
            route,
            tags=tags,
        )
        self._make_room()
        since = self.since
        plan = Plan(facts, self._rates.rules_of(workspace.id, facts, at_target=False))
        if since is self.since and self._current.get(workspace.id) is workspace:
            self._known[who] = plan
        return plan

    def _planned_at(self, plan: Plan, draft: Draft, target: Target | None) -> TargetPlan:
        workspace = draft.workspace
        assert workspace is not None
        facts, seen = plan.facts, self._estimator.of(target)
        if target is not None:
            provider = target.provider
            facts = msgspec.structs.replace(
                facts, provider=provider.name, credential=provider.credential, model=target.model
            )
        self._make_room()
        since = self.since
        turns = self._rates.rules_of(workspace.id, facts, at_target=True)
        budgets = self._budgets.within(workspace.id, facts, draft.started)
        there = TargetPlan(since, workspace.id, facts, turns, budgets, seen)
        if since is self.since:
            plan.at[target.place if target is not None else None] = there
        return there

    def _make_room(self) -> None:
        """Callers make up models and tags."""
        self._count += 1
        if self._count > MEMO:
            self.forget()

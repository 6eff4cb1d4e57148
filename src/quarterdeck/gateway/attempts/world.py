"""What a walk through a route knows of one call, live."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from quarterdeck.access.routing.conditions import ABSENT
from quarterdeck.access.routing.config import Branch, Leaf
from quarterdeck.gateway.attempts.binding import Binding, Bound
from quarterdeck.gateway.attempts.shot import Before
from quarterdeck.gateway.attribution import json_object
from quarterdeck.gateway.dialects.base import UNREADABLE
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.headers import SECRET
from quarterdeck.gateway.hooks import Limits
from quarterdeck.gateway.routing.compiled import CompiledRoute
from quarterdeck.kernel.clock import SECOND
from quarterdeck.ledger.prices import MISSING, PriceBook
from quarterdeck.ledger.record import Usage

CHARS_PER_TOKEN = 4
USUAL_OUTPUT = 1_000
"""Tokens that a call without a cap is taken to write, to compare prices."""
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class CallWorld:
    """One per routed call. See access/routing/world.py for what each answer means."""

    def __init__(
        self,
        draft: Draft,
        before: Before,
        compiled: CompiledRoute,
        binding: Binding,
        prices: PriceBook,
        limits: Limits | None,
        random: Callable[[], float],
        now: Callable[[], float],
        until: float | None,
    ) -> None:
        """`now` is seconds on a clock that never steps; `until`, on it, is the deadline of all attempts."""
        self.trace: list[tuple[str, str]] | None = None
        self._draft = draft
        self._body, self._facts = before.request_body, before.facts
        """As the caller sent it, whatever a try makes of it."""
        self._compiled = compiled
        self._binding = binding
        self._prices = prices
        self._limits = limits
        self._now = now
        self._until = until
        self._members: Mapping[str, msgspec.Raw] | None = None
        self._metadata: dict[str, object] | None = None
        self.random = random

    @property
    def calm(self) -> bool:
        return self._binding.calm

    def available(self, leaf: Leaf) -> bool:
        bound = self._binding[leaf.path]
        if not isinstance(bound, Bound) or bound.target.provider.problem is not None:
            return False
        now = self._now()
        if bound.breaker is not None and not bound.breaker.allows(now):
            return False
        return bound.health.provider.outage.allows(now)

    def latency(self, leaf: Leaf) -> float | None:
        bound = self._binding[leaf.path]
        return bound.health.load_ms() if isinstance(bound, Bound) else None

    def busy(self, leaf: Leaf) -> int:
        bound = self._binding[leaf.path]
        return bound.health.busy if isinstance(bound, Bound) else 0

    def cost(self, leaf: Leaf) -> int | None:
        bound = self._binding[leaf.path]
        if not isinstance(bound, Bound):
            return None
        provider, facts = bound.target.provider, self._facts
        quote = self._prices.cached(provider.kind, bound.target.model, provider=provider.name)
        if quote is None or quote is MISSING or facts is None:
            return None
        read = len(self._body) // CHARS_PER_TOKEN
        return quote.cost(Usage(input_total=read, output_total=facts.max_output or USUAL_OUTPUT))[0]

    def remaining(self, leaf: Leaf) -> float | None:
        bound = self._binding[leaf.path]
        if not isinstance(bound, Bound):
            return 0.0
        now = self._now()
        if bound.health.provider.limited_until > now:
            return 0.0
        return bound.health.remaining if bound.health.remaining_until > now else None

    def slow_after_ms(self, leaf: Leaf, percentile: float) -> float | None:
        bound = self._binding[leaf.path]
        return bound.health.percentile_ms(percentile) if isinstance(bound, Bound) else None

    def turns(self, branch: Branch) -> list[float]:
        found = self._compiled.turns.get(branch.path)
        if found is None:
            found = self._compiled.turns[branch.path] = [0.0] * len(branch.children)
        return found

    def stuck_to(self, branch: Branch, key: bytes, choose: Callable[[], int]) -> int:
        return self._compiled.stuck_to(branch, key, choose)

    def canary_share(self, branch: Branch) -> float:
        return self._compiled.trial(branch).share

    def left_ms(self) -> float:
        return float("inf") if self._until is None else (self._until - self._now()) * 1_000.0

    def value(self, field: str) -> Any:
        root, _, rest = field.partition(".")
        read = _FIELDS.get(root)
        return ABSENT if read is None else read(self, rest)

    def _param(self, path: str) -> Any:
        facts = self._facts
        if path == "model":
            return facts.model if facts is not None and facts.model else ABSENT
        if path == "stream" and facts is not None:
            return facts.stream
        if self._members is None:
            try:
                self._members = _members.decode(self._body)
            except UNREADABLE:
                self._members = {}
        name, _, rest = path.partition(".")
        raw = self._members.get(name)
        if raw is None:
            return ABSENT
        value = msgspec.json.decode(raw)
        for step in rest.split(".") if rest else ():
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                return ABSENT
        return value

    def _meta(self, name: str) -> Any:
        if self._metadata is None:
            told = json_object(self._draft.headers.get(b"x-portkey-metadata", b"{}"))
            self._metadata = {**dict(self._draft.tags()), **told}
            if self._compiled.route.metadata:
                self._metadata = {**self._compiled.route.metadata, **self._metadata}
        return self._metadata.get(name, ABSENT)

    def _header(self, name: str) -> Any:
        key = name.lower().encode("latin-1", "replace")
        value = self._draft.headers.get(key) if key not in SECRET else None
        return ABSENT if value is None else value.decode("latin-1")

    def _url(self, name: str) -> Any:
        return self._draft.path if name == "pathname" else ABSENT

    def _agent(self, name: str) -> Any:
        agent = self._draft.agent
        return ABSENT if agent is None or name not in ("id", "name") else getattr(agent, name)

    def _key(self, name: str) -> Any:
        key = self._draft.key
        return key.id if key is not None and name == "id" else ABSENT

    def _task(self, name: str) -> Any:
        """`task.id`, `.priority` (0 the most urgent), `.attempt` (of the run, from 1), `.due_in_s`."""
        attribution, workspace = self._draft.attribution, self._draft.workspace
        if attribution is None or workspace is None:
            return ABSENT
        if name == "id":
            return attribution.task_id or ABSENT
        run = workspace.runs.get(attribution.run_id) if attribution.run_id is not None else None
        if run is None:
            return ABSENT
        if name == "due_in_s":
            return ABSENT if run.due_at is None else (run.due_at - self._draft.started) / SECOND
        value = {"priority": run.priority, "attempt": run.attempt}.get(name)
        return ABSENT if value is None else value

    def _budget(self, name: str) -> Any:
        left = self._limits.budget_left(self._draft) if self._limits is not None else None
        return left / 1e9 if name == "left_usd" and left is not None else ABSENT

    def _attempt(self, _name: str) -> Any:
        return len(self._draft.tries) + 1

    def _deadline(self, _name: str) -> Any:
        return ABSENT if self._until is None else self.left_ms()

    def _model(self, _name: str) -> Any:
        return self._param("model")


_FIELDS: Mapping[str, Callable[[CallWorld, str], Any]] = {
    "params": CallWorld._param,
    "metadata": CallWorld._meta,
    "headers": CallWorld._header,
    "url": CallWorld._url,
    "agent": CallWorld._agent,
    "key": CallWorld._key,
    "task": CallWorld._task,
    "budget": CallWorld._budget,
    "attempt": CallWorld._attempt,
    "deadline_ms": CallWorld._deadline,
    "model": CallWorld._model,
}

"""Where a route would send a call, and why: the gateway's own walk, over what is known here. Nothing is sent."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.access.routing.choice import called
from quarterdeck.access.routing.conditions import ABSENT
from quarterdeck.access.routing.config import Branch, Leaf, Node, Route
from quarterdeck.access.routing.walk import Walk
from quarterdeck.access.routing.world import Mirror, Outcome, Race, Try
from quarterdeck.access.wire import ProviderState

MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class Pretended:
    """The call to try out, and what its targets would answer."""

    model: str = ""
    path: str = "/v1/chat/completions"
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    agent: str | None = None
    task: Mapping[str, Any] = field(default_factory=dict)
    """`priority`, `attempt`, `due_in_s`."""
    budget_left_usd: float | None = None
    deadline_ms: float | None = None
    answers: Mapping[str, int] = field(default_factory=dict)
    """Target's name, provider or place in the config → the status it would answer; 200 for whoever is not named."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One request that would be made."""

    option: str
    """Its place in the config."""
    name: str
    """What the route calls the target, else its provider and model."""
    provider: str | None
    model: str | None
    why: str
    """first, retry, fallback, hedge or shadow."""
    wait_ms: float
    answers: int | None
    """The status it is taken to answer; None where nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Found:
    steps: list[Step]
    decisions: list[tuple[str, str]]
    """(name of the node, or place in the config where it has none; what was decided there and why), in their order."""
    status: int
    """What the caller would get."""


def dry_run(
    route: Route,
    call: Pretended,
    states: Mapping[str, ProviderState],
    cost: Callable[[str | None, str], int | None],
) -> Found:
    """`states` is how providers do now; `cost` is what (provider, model) would about cost, in nano-dollars."""
    world = PretendedWorld(call, states, cost)
    steps: list[Step] = []
    walk = Walk(route, world)
    outcome: Outcome | None = None
    made = walk.begin()
    while made is not None and len(steps) < MOST_STEPS:
        outcome = None
        match made:
            case Try(leaf, number, wait):
                outcome = call_answer(leaf, call)
                why = "retry" if number else "fallback" if world.tries else "first"
                steps.append(_step(leaf, call, why, wait, outcome.status))
                world.tries += 1
            case Race(first, second, after):
                outcome = call_answer(first, call)
                steps.append(_step(first, call, "fallback" if world.tries else "first", 0.0, outcome.status))
                steps.append(_step(second, call, "hedge", after, None))
                world.tries += 1
                if not outcome.ok:
                    outcome = call_answer(second, call)
            case Mirror(leaf):
                steps.append(_step(leaf, call, "shadow", 0.0, None))
        made = walk.after(outcome)
    assert world.trace is not None
    ended = walk.outcome if made is None or outcome is None else outcome
    names = dict(_names(route.root))
    return Found(steps, [(names.get(path, path), words) for path, words in world.trace], ended.status)


def _names(node: Node) -> Iterator[tuple[str, str]]:
    """(place in the config, name) of every node that has one."""
    if node.name is not None:
        yield node.path, node.name
    for child in node.children if isinstance(node, Branch) else ():
        yield from _names(child)


def call_answer(leaf: Leaf, call: Pretended) -> Outcome:
    named = (each for each in (leaf.path, leaf.name, leaf.provider) if each in call.answers)
    status = next((call.answers[each] for each in named if each is not None), 200)
    return Outcome(200 <= status < 300, status, None if status < 300 else f"status_{status}")


def _step(leaf: Leaf, call: Pretended, why: str, wait_ms: float, answers: int | None) -> Step:
    model = leaf.model or call.model or None
    return Step(leaf.path, called(leaf), leaf.provider, model, why, round(wait_ms, 1), answers)


class PretendedWorld:
    """What a walk knows of a call that is not made."""

    calm = False

    def __init__(
        self, call: Pretended, states: Mapping[str, ProviderState], cost: Callable[[str | None, str], int | None]
    ) -> None:
        self.trace: list[tuple[str, str]] | None = []
        self.tries = 0
        self._call = call
        self._states = states
        self._cost = cost
        self.random = random.Random(call.seed).random  # noqa: S311 - spreads load, guards nothing

    def available(self, leaf: Leaf) -> bool:
        state = self._states.get(leaf.provider or "")
        return state is None or state.state not in ("out", "probing")

    def latency(self, leaf: Leaf) -> float | None:
        state = self._states.get(leaf.provider or "")
        return None if state is None or state.latency_ms is None else state.latency_ms * (state.busy + 1)

    def busy(self, leaf: Leaf) -> int:
        state = self._states.get(leaf.provider or "")
        return 0 if state is None else state.busy

    def cost(self, leaf: Leaf) -> int | None:
        return self._cost(leaf.provider, leaf.model or self._call.model)

    def remaining(self, leaf: Leaf) -> float | None:
        state = self._states.get(leaf.provider or "")
        return 0.0 if state is not None and state.state == "limited" else None

    def slow_after_ms(self, leaf: Leaf, percentile: float) -> float | None:
        return None

    def turns(self, branch: Branch) -> list[float]:
        return [0.0] * len(branch.children)

    def stuck_to(self, branch: Branch, key: bytes, choose: Callable[[], int]) -> int:
        return choose()

    def canary_share(self, branch: Branch) -> float:
        return branch.canary.share

    def left_ms(self) -> float:
        return float("inf") if self._call.deadline_ms is None else self._call.deadline_ms

    def value(self, field: str) -> Any:
        root, _, rest = field.partition(".")
        call = self._call
        if root == "headers":
            return {name.lower(): value for name, value in call.headers.items()}.get(rest.lower(), ABSENT)
        if root == "params":
            return _inside({"model": call.model, **call.body} if call.model else call.body, rest)
        mapped = {"metadata": call.metadata, "task": call.task, "url": {"pathname": call.path}}.get(root)
        return self._own(root, rest) if mapped is None else mapped.get(rest, ABSENT)

    def _own(self, root: str, rest: str) -> Any:
        call = self._call
        if root == "agent":
            return call.agent if rest == "name" and call.agent is not None else ABSENT
        if root == "budget":
            return call.budget_left_usd if rest == "left_usd" and call.budget_left_usd is not None else ABSENT
        if root == "attempt":
            return self.tries + 1
        if root == "model":
            return call.model or ABSENT
        if root == "deadline_ms":
            return ABSENT if call.deadline_ms is None else call.deadline_ms
        return ABSENT


def _inside(value: Any, path: str) -> Any:
    for step in path.split("."):
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return ABSENT
    return value

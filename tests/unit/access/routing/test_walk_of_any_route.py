"""Properties of the walk: it ends, asks only what is there, keeps to weights, sticks, and waits as it should."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.access.routing.config import Branch, Leaf, Retry, Route
from quarterdeck.access.routing.odds import odds
from quarterdeck.access.routing.parse import read
from quarterdeck.access.routing.waits import backoff_ms, retry_after_ms
from quarterdeck.access.routing.walk import Walk
from quarterdeck.access.routing.world import Mirror, Outcome, Race, Step, Try

CHOOSING = ["loadbalance", "round_robin", "least_latency", "least_cost", "least_busy", "usage_aware"]


class PlainWorld:
    """Knows nothing but chance, unless told."""

    calm = False

    def __init__(self, seed: int = 0, out: frozenset[str] = frozenset(), left_ms: float = float("inf")) -> None:
        self.trace: list[tuple[str, str]] | None = []
        self.random: Callable[[], float] = random.Random(seed).random
        self.out = out
        self.left = left_ms
        self.known_latency: dict[str, float] = {}
        self.stuck: dict[bytes, int] = {}
        self.turning: dict[str, list[float]] = {}
        self.values: dict[str, Any] = {}
        self.shares: dict[str, float] = {}

    def value(self, field: str) -> Any:
        return self.values.get(field, "x")

    def available(self, leaf: Leaf) -> bool:
        return leaf.provider not in self.out

    def latency(self, leaf: Leaf) -> float | None:
        return self.known_latency.get(leaf.provider or "")

    def busy(self, leaf: Leaf) -> int:
        return 0

    def cost(self, leaf: Leaf) -> int | None:
        return None

    def remaining(self, leaf: Leaf) -> float | None:
        return None

    def slow_after_ms(self, leaf: Leaf, percentile: float) -> float | None:
        return 5.0

    def turns(self, branch: Branch) -> list[float]:
        return self.turning.setdefault(branch.path, [0.0] * len(branch.children))

    def stuck_to(self, branch: Branch, key: bytes, choose: Callable[[], int]) -> int:
        return self.stuck.setdefault(key, -1) if self.stuck.get(key, -1) >= 0 else self._stick(key, choose())

    def _stick(self, key: bytes, index: int) -> int:
        self.stuck[key] = index
        return index

    def canary_share(self, branch: Branch) -> float:
        return self.shares.get(branch.path, branch.canary.share)

    def left_ms(self) -> float:
        return self.left


def steps_of(route: Route, world: PlainWorld, answers: Callable[[Leaf], Outcome]) -> tuple[list[Step], Outcome]:
    made: list[Step] = []
    walk = Walk(route, world)
    step = walk.begin()
    while step is not None:
        made.append(step)
        assert len(made) < 100_000
        match step:
            case Try(leaf):
                step = walk.after(answers(leaf))
            case Race(first, second):
                one = answers(first)
                step = walk.after(one if one.ok else answers(second))
            case Mirror():
                step = walk.after(None)
    return made, walk.outcome


def first_provider(config: Any, world: PlainWorld) -> str:
    (step, *_), _ = steps_of(read(config), world, lambda leaf: Outcome(True, 200))
    assert isinstance(step, Try)
    return step.leaf.provider or ""


leaves = st.builds(
    lambda number, retries, weight: {"provider": f"p{number}", "retry": {"attempts": retries}, "weight": weight},
    st.integers(0, 5),
    st.integers(0, 3),
    st.integers(1, 5),
)


def branches(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def made(mode: str, targets: list[Any], codes: list[int] | None) -> Any:
        strategy: dict[str, Any] = {"mode": mode}
        if codes is not None and mode in ("fallback", *CHOOSING):
            strategy["on_status_codes"] = codes
        if mode in ("canary", "shadow"):
            targets = [targets[0], targets[-1]]
        if mode == "hedge":
            targets = targets[:2]
        if mode == "conditional":
            targets = [{**target, "name": f"t{index}"} for index, target in enumerate(targets)]
            strategy |= {
                "conditions": [{"query": {"metadata.a": "x"}, "then": "t0"}],
                "default": f"t{len(targets) - 1}",
            }
        return {"strategy": strategy, "targets": targets}

    modes = ["single", "fallback", "conditional", "canary", "shadow", "hedge", *CHOOSING]
    return st.builds(
        made, st.sampled_from(modes), st.lists(children, min_size=1, max_size=4), st.none() | st.just([429, 500])
    )


configs = st.recursive(leaves, branches, max_leaves=12)
answered = st.lists(st.sampled_from([200, 400, 429, 500, 0]), min_size=1, max_size=8)
"""Statuses in turn; 0 is no answer at all."""
outages = st.sets(st.sampled_from(["p0", "p1", "p2"]))


@given(configs, st.integers(0, 2**32), answered, outages)
@settings(max_examples=300, deadline=None)
def test_every_walk_ends_and_asks_only_what_is_there(
    config: Any, seed: int, statuses: list[int], out: set[str]
) -> None:
    route = read(config)
    count = 0

    def answers(leaf: Leaf) -> Outcome:
        nonlocal count
        status = statuses[count % len(statuses)]
        count += 1
        return Outcome(status == 200, status or 503, no_answer=status == 0)

    made, outcome = steps_of(route, PlainWorld(seed, frozenset(out)), answers)
    most = sum(1 + leaf.retry.attempts for leaf in route.leaves)
    tries = [step for step in made if isinstance(step, Try)]
    races = [step for step in made if isinstance(step, Race)]
    assert len(tries) + len(races) <= most
    assert tries or races, "where there is a target, it is asked"
    paths = {leaf.path for leaf in route.leaves}
    assert {step.leaf.path for step in tries} <= paths
    well = [step for step in made if not isinstance(step, Mirror)]
    if outcome.ok:
        assert outcome.status == 200
    # Nothing is asked after what went well.
    assert well
    assert all(step.wait_ms >= 0 for step in tries)


@given(configs, st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_what_goes_well_is_the_last_thing_asked(config: Any, seed: int) -> None:
    made, outcome = steps_of(read(config), PlainWorld(seed), lambda leaf: Outcome(True, 200))
    assert outcome.ok
    assert len([step for step in made if not isinstance(step, Mirror)]) == 1


@given(st.lists(st.integers(0, 9), min_size=2, max_size=5).filter(any), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_weights_are_kept_within_what_chance_allows(weights: list[int], seed: int) -> None:
    config = {
        "strategy": {"mode": "loadbalance"},
        "targets": [{"provider": f"p{index}", "weight": weight} for index, weight in enumerate(weights)],
    }
    route, world, calls = read(config), PlainWorld(seed), 2_000
    counts: Counter[str] = Counter()
    for _ in range(calls):
        (step, *_), _ = steps_of(route, world, lambda leaf: Outcome(True, 200))
        assert isinstance(step, Try)
        counts[step.leaf.provider or ""] += 1
    for index, weight in enumerate(weights):
        share = weight / sum(weights)
        chance = 5 * (share * (1 - share) / calls) ** 0.5
        assert abs(counts[f"p{index}"] / calls - share) <= chance + 1e-9, "five standard errors"
        assert weight or not counts[f"p{index}"]


plain_configs = st.recursive(
    leaves,
    lambda children: st.builds(
        lambda mode, targets, codes: {"strategy": {"mode": mode} | codes, "targets": targets},
        st.sampled_from(["single", "fallback", "loadbalance"]),
        st.lists(children, min_size=1, max_size=3),
        st.sampled_from([{}, {"on_status_codes": [500]}]),
    ),
    max_leaves=8,
)


@given(plain_configs, st.floats(0, 1, exclude_max=True), st.sampled_from([400, 500, 0]))
@settings(max_examples=100, deadline=None)
def test_a_first_target_found_by_the_odds_is_followed_as_one_that_the_walk_found(
    config: Any, point: float, status: int
) -> None:
    route, world = read(config), PlainWorld()
    world.random = lambda: point
    failed = Outcome(False, status or 503, no_answer=status == 0)
    shares = odds(route.root)
    assert shares is not None
    assert abs(sum(share for share, _ in shares) - 1) < 1e-9
    walked, outcome = steps_of(route, world, lambda leaf: failed)
    first = walked[0]
    assert isinstance(first, Try)
    assert first.leaf in [leaf for _, leaf in shares]
    walk, made = Walk(route, world), [first]
    step = walk.resume(first.leaf, failed)
    while step is not None:
        assert isinstance(step, Try)
        made.append(step)
        step = walk.after(failed)
    assert made == walked
    assert walk.outcome == outcome


def test_odds_are_the_products_of_weights_and_there_are_none_where_more_than_chance_decides() -> None:
    inner = {"strategy": {"mode": "loadbalance"}, "targets": [{"provider": "a"}, {"provider": "b", "weight": 3}]}
    spare = {"provider": "c", "weight": 0}
    config = {"strategy": {"mode": "loadbalance"}, "targets": [inner, {"provider": "d"}, spare]}
    found = odds(read(config).root)
    assert found is not None
    assert [(share, leaf.provider) for share, leaf in found] == [(0.125, "a"), (0.375, "b"), (0.5, "d")]
    assert odds(read(STICKY).root) is None
    assert (
        odds(read({"strategy": {"mode": "least_busy"}, "targets": [{"provider": "a"}, {"provider": "b"}]}).root) is None
    )


def test_round_robin_keeps_weights_exactly_over_each_cycle() -> None:
    config = {"strategy": {"mode": "round_robin"}, "targets": [{"provider": "a", "weight": 3}, {"provider": "b"}]}
    route, world = read(config), PlainWorld()
    used = []
    for _ in range(40):
        (step, *_), _ = steps_of(route, world, lambda leaf: Outcome(True, 200))
        assert isinstance(step, Try)
        used.append(step.leaf.provider)
    for start in range(0, 40, 4):
        assert Counter(used[start : start + 4]) == {"a": 3, "b": 1}


STICKY = {
    "strategy": {"mode": "loadbalance", "sticky": {"enabled": True, "hash_fields": ["metadata.user"], "ttl": 60}},
    "targets": [{"provider": "a"}, {"provider": "b"}, {"provider": "c", "weight": 2}],
}


@given(st.text(max_size=20), st.integers(0, 2**32), st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_calls_alike_go_alike_in_any_process(user: str, one_seed: int, other_seed: int) -> None:
    one, other = PlainWorld(one_seed), PlainWorld(other_seed)
    one.values["metadata.user"] = other.values["metadata.user"] = user
    used = {first_provider(STICKY, one) for _ in range(5)} | {first_provider(STICKY, other)}
    assert len(used) == 1


def test_sticky_choices_follow_the_weights() -> None:
    counts: Counter[str] = Counter()
    for number in range(2_000):
        world = PlainWorld()
        world.values["metadata.user"] = f"user-{number}"
        counts[first_provider(STICKY, world)] += 1
    assert abs(counts["c"] - 1_000) < 150
    assert abs(counts["a"] - 500) < 120


def test_who_is_out_is_passed_over_while_somebody_is_there() -> None:
    config = {"strategy": {"mode": "fallback"}, "targets": [{"provider": "a"}, {"provider": "b"}]}
    assert first_provider(config, PlainWorld(out=frozenset({"a"}))) == "b"
    assert first_provider(config, PlainWorld(out=frozenset({"a", "b"}))) == "a"
    stuck = PlainWorld()
    stuck.values["metadata.user"] = "ann"
    home = first_provider(STICKY, stuck)
    stuck.out = frozenset({home})
    assert first_provider(STICKY, stuck) != home
    stuck.out = frozenset()
    assert first_provider(STICKY, stuck) == home


def test_two_drawn_at_random_and_the_faster_of_them() -> None:
    config = {"targets": [{"provider": name} for name in ("a", "b", "c")]}
    world = PlainWorld()
    world.known_latency = {"a": 10.0, "b": 20.0, "c": 900.0}
    counts = Counter(first_provider(config, world) for _ in range(600))
    assert counts["c"] == 0, "of any two it is never the faster"
    assert counts["a"] > counts["b"] > 100


@given(st.integers(1, 20), st.floats(0, 0.999), st.floats(0, 10_000), st.floats(0, 60_000))
def test_waits_grow_are_jittered_and_bounded(number: int, chance: float, base: float, most: float) -> None:
    retry = Retry(attempts=20, backoff_ms=base, max_backoff_ms=most)
    wait = backoff_ms(retry, number, chance)
    full = min(base * 2 ** (number - 1), most)
    assert full / 2 <= wait <= full


def test_retry_after_is_read_in_all_its_forms() -> None:
    date = b"Wed, 21 Oct 2026 07:28:00 GMT"
    assert retry_after_ms({b"retry-after": b"7"}) == 7_000
    assert retry_after_ms({b"retry-after": b"0.5"}) == 500
    assert retry_after_ms({b"retry-after-ms": b"250", b"retry-after": b"7"}) == 250
    assert retry_after_ms({b"x-ms-retry-after-ms": b"120", b"retry-after": b"7"}) == 120
    assert retry_after_ms({b"retry-after": date, b"date": b"Wed, 21 Oct 2026 07:27:30 GMT"}) == 30_000
    assert retry_after_ms({b"retry-after": date}, now_s=1_792_567_670.0) == 10_000
    assert retry_after_ms({b"retry-after": date, b"date": b"Wed, 21 Oct 2026 08:00:00 GMT"}) == 0
    for nonsense in (b"", b"soon", b"-3", b"nan", b"inf", b"1e400", b"Wed, 99 Oct"):
        assert retry_after_ms({b"retry-after": nonsense}) is None, nonsense
    assert retry_after_ms({}) is None


def test_no_try_begins_after_the_deadline() -> None:
    config = {"provider": "a", "retry": {"attempts": 5, "backoff_ms": 1_000}}
    made, _ = steps_of(read(config), PlainWorld(left_ms=400.0), lambda leaf: Outcome(False, 500))
    assert len(made) == 1
    fallback = {"strategy": {"mode": "fallback"}, "targets": [{"provider": "a"}, {"provider": "b"}]}
    made, _ = steps_of(read(fallback), PlainWorld(left_ms=0.0), lambda leaf: Outcome(False, 500))
    assert len(made) == 1

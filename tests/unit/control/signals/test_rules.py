"""What is noticed beside loops: each rule as a table of when it speaks and when it keeps still."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from quarterdeck.control.signals import rules
from quarterdeck.control.signals.model import Finding, Kind
from quarterdeck.control.signals.rules import Ended, Floors, RunFacts
from quarterdeck.control.signals.usual import FEW, Histogram, step_of, top_of
from quarterdeck.kernel.clock import HOUR, MINUTE, SECOND
from quarterdeck.kernel.money import NANO

NOW = 1_800_000_000 * SECOND
FLOORS = Floors()
NOBODY: frozenset[str] = frozenset()


def call(n: int, **changes: Any) -> Ended:
    made = Ended(f"call_{n}", NOW - (20 - n) * SECOND, "ok", 200, None, "openai", "gpt-4o", 1_000 * n, 1_000_000)
    return msgspec.structs.replace(made, **changes)


def bad(n: int, code: str = "status_400", status: int = 400, **changes: Any) -> Ended:
    return call(n, **{"outcome": "error", "status": status, "error_code": code, **changes})


RUN = RunFacts(
    "run_1",
    "agt_1",
    "tsk_1",
    NOW - HOUR,
    NOW - 40 * MINUTE,
    NOW - 40 * MINUTE,
    NOW - 10 * SECOND,
    31,
    NANO // 5,
    ("c",),
    (),
)

STUCK: dict[str, tuple[RunFacts, bool]] = {
    "no new draft for long": (RUN, True),
    "nothing handed in at all": (replace(RUN, last_output=None, last_draft=None), True),
    "a draft lately": (replace(RUN, last_output=NOW - 10 * MINUTE), False),
    "usually slower": (replace(RUN, usual_output=15 * MINUTE), False),
    "usually quicker": (replace(RUN, usual_output=10 * MINUTE), True),
    "waits for a person or its provider": (replace(RUN, waits=True), False),
    "its clock stood still meanwhile": (replace(RUN, stood_still=25 * MINUTE), False),
}


@pytest.mark.parametrize("name", STUCK)
def test_stuck(name: str) -> None:
    run, is_so = STUCK[name]
    assert (rules.stuck(run, NOW, FLOORS) is not None) is is_so


def test_stuck_tells_activity_without_change_apart_from_no_activity() -> None:
    busy, idle = rules.stuck(RUN, NOW, FLOORS), rules.stuck(replace(RUN, calls_since=0), NOW, FLOORS)
    assert busy is not None
    assert idle is not None
    assert busy.words == "stuck 40 min, last draft 07:20, 31 calls since, $0.20"
    assert idle.words == "stuck 40 min, last draft 07:20, no calls since"
    assert busy.confidence < rules.stuck(replace(RUN, usual_output=5 * MINUTE), NOW, FLOORS).confidence  # type: ignore[union-attr]


SILENT: dict[str, tuple[RunFacts, bool]] = {
    "nothing for long": (replace(RUN, last_seen=NOW - 6 * MINUTE), True),
    "a call just now": (RUN, False),
    "a call is open": (replace(RUN, last_seen=NOW - HOUR, calling=True), False),
    "usually quiet": (replace(RUN, last_seen=NOW - 6 * MINUTE, usual_silence=3 * MINUTE), False),
    "a tool runs": (replace(RUN, last_seen=NOW - 6 * MINUTE, tools=("pytest",)), False),
    "a tool runs for very long": (replace(RUN, last_seen=NOW - 16 * MINUTE, tools=("pytest",)), True),
    "waits": (replace(RUN, last_seen=NOW - HOUR, waits=True), False),
}


@pytest.mark.parametrize("name", SILENT)
def test_silent(name: str) -> None:
    run, is_so = SILENT[name]
    assert (rules.silent(run, NOW, FLOORS) is not None) is is_so


FIVE = tuple(bad(n) for n in range(5))
FAILING: dict[str, tuple[tuple[Ended, ...], bool]] = {
    "five of one kind in a row": ((call(0), *FIVE), True),
    "four": (FIVE[:4], False),
    "it worked since": ((*FIVE, call(9)), False),
    "of different kinds": ((*FIVE[:4], bad(8, "status_404", 404)), False),
    "refused on purpose": (tuple(bad(n, "task_paused", 400, outcome="refused") for n in range(6)), False),
    "not allowed, over and over": (tuple(bad(n, "model_not_allowed", 403, outcome="refused") for n in range(5)), True),
    "its own rate, nobody else's": (tuple(bad(n, "status_429", 429, blames_provider=True) for n in range(5)), True),
}


@pytest.mark.parametrize("name", FAILING)
def test_failing(name: str) -> None:
    calls, is_so = FAILING[name]
    assert (rules.failing(replace(RUN, recent=calls), NOBODY) is not None) is is_so


def test_an_outage_is_not_the_runs_failure() -> None:
    calls = tuple(bad(n, "status_503", 503, blames_provider=True) for n in range(6))
    run = replace(RUN, recent=calls)
    assert rules.failing(run, frozenset({"openai"})) is None
    found = rules.failing(run, NOBODY)
    assert found is not None
    assert found.words == "failing: 6 calls in a row, status_503"


def test_context_pressure_is_near_the_window_and_growing() -> None:
    grown = tuple(call(n, input_tokens=100_000 + 4_000 * n) for n in range(4))
    found = rules.context_pressure(replace(RUN, recent=grown, window=128_000))
    assert found is not None
    assert found.words == "context 88% full: 112,000 of 128,000 tokens, about 4 turns left"
    flat = tuple(call(n, input_tokens=112_000) for n in range(4))
    assert rules.context_pressure(replace(RUN, recent=flat, window=128_000)) is None
    assert rules.context_pressure(replace(RUN, recent=grown, window=1_000_000)) is None
    assert rules.context_pressure(replace(RUN, recent=grown)) is None


def test_a_cost_anomaly_is_many_times_the_usual() -> None:
    found = rules.cost_anomaly(replace(RUN, cost=NANO, usual_cost=NANO // 10), NOW)
    assert found is not None
    assert found.words == "cost $1.00, 10 times the usual $0.10"
    assert rules.cost_anomaly(replace(RUN, cost=NANO // 5, usual_cost=NANO // 10), NOW) is None
    assert rules.cost_anomaly(replace(RUN, cost=1_000, usual_cost=10), NOW) is None
    assert rules.cost_anomaly(replace(RUN, cost=NANO), NOW) is None


def test_a_forecast_names_the_hour() -> None:
    found = rules.forecast(replace(RUN, cost=NANO, task_cost=NANO, budget=2 * NANO), NOW)
    assert found is not None
    assert found.words == "forecast: breaks its budget of $2.00 at about 09:00"
    late = rules.forecast(replace(RUN, due_at=NOW + HOUR, usual_length=3 * HOUR), NOW)
    assert late is not None
    assert late.words == "forecast: ready at about 10:00, due 09:00"
    assert rules.forecast(replace(RUN, cost=NANO, task_cost=NANO, budget=2 * NANO, usual_length=HOUR), NOW) is None
    assert rules.forecast(RUN, NOW) is None


def trouble(*calls: tuple[str, Ended]) -> Finding | None:
    return rules.provider_trouble("openai", calls, NOW)


def test_provider_trouble_is_shared_and_ends_when_it_answers() -> None:
    failing = [(f"run_{n % 3}", bad(n, "status_503", 503, blames_provider=True)) for n in range(6)]
    found = trouble(*failing)
    assert found is not None
    assert (found.kind, found.subject, found.agent_id) == (Kind.PROVIDER_TROUBLE, "openai", None)
    assert found.words == "openai fails for 3 runs: 6 of 6 calls, status_503"
    assert trouble(*failing, *[("run_0", call(n)) for n in (10, 11, 12)]) is None
    assert trouble(*[("run_0", each) for _, each in failing]) is None
    assert trouble(*failing[:3]) is None
    assert rules.provider_trouble("openai", failing, NOW + 10 * MINUTE) is None


def test_unclaimed_traffic_is_an_hours_worth() -> None:
    few = [call(n, cost=1) for n in range(5)]
    assert rules.unclaimed("agt_1", few, NOW) is None
    found = rules.unclaimed("agt_1", few * 4, NOW)
    assert found is not None
    assert found.words.startswith("unclaimed traffic: 20 calls without a task in the last hour")
    assert rules.unclaimed("agt_1", few * 4, NOW + 2 * HOUR) is None


A, B, C = ("agt_a", "anna"), ("agt_b", "bert"), ("agt_c", "carl")
PING_PONG: dict[str, tuple[list[tuple[str, str]], bool]] = {
    "six in turn": ([A, B] * 3, True),
    "five": ([A, B, A, B, A], False),
    "one talks to itself": ([A] * 8, False),
    "three who discuss": ([A, B, C] * 3, False),
    "after others spoke": ([C, *[A, B] * 3], True),
}


@pytest.mark.parametrize("name", PING_PONG)
def test_ping_pong(name: str) -> None:
    authors, is_so = PING_PONG[name]
    found = rules.ping_pong("tsk_1", "T-1", authors, NOW, NANO, "agt_a")
    assert (found is not None) is is_so
    if found is not None:
        assert found.words == "ping-pong: anna and bert answered each other 6 times on T-1, $1.00, nothing came of it"


def test_what_is_usual_is_learned_to_a_fifth() -> None:
    histogram = Histogram()
    histogram.add([MINUTE] * (FEW - 1))
    assert histogram.quantile(0.5) is None
    histogram.add([10 * MINUTE] * 3)
    median, most = histogram.quantile(0.5), histogram.quantile(0.95)
    assert median is not None
    assert most is not None
    assert MINUTE <= median <= 1.2 * MINUTE
    assert 10 * MINUTE <= most <= 12 * MINUTE
    for value in (1, 2, 3, 1_000, 10**12):
        assert value <= top_of(step_of(value)) * 1.0001
    assert Histogram({"4": 3}).counts == {4: 3}


def test_it_forgets_so_that_the_usual_may_change() -> None:
    histogram = Histogram()
    for _ in range(5):
        histogram.add([SECOND] * 1_000)
    assert histogram.total <= 2_000

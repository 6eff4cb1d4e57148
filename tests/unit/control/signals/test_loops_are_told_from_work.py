"""Loops are told from work: none among healthy agents' logs, nearly all of those that were made up."""

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[4] / "bench"
sys.path.insert(0, str(BENCH))

import loops as measure  # noqa: E402
from looping_agents import KINDS, Kind, Message  # noqa: E402
from quarterdeck.control.signals.loop_words import finding_of  # noqa: E402
from quarterdeck.control.signals.loops import Loop, Shape, Step, Trail  # noqa: E402
from quarterdeck.control.signals.replaying import first_loop, steps_of, turn_of_messages  # noqa: E402

START: list[Message] = [
    {"role": "system", "content": "You help customers of an airline."},
    {"role": "user", "content": "I want to change my flight."},
    {"role": "assistant", "content": "Which reservation is it?"},
    {"role": "user", "content": "EHGLP3, please."},
]
SEA = ["the", "sea", "was", "grey", "and", "far", "below", "them", "somebody", "sang", "of", "home"]
HEALTHY = measure.logs(measure.corpus())


def steps(kind: Kind, repeats: int, seed: int = 1) -> Iterator[Step]:
    rng, history, now = random.Random(seed), list(START), 0
    for repeat in range(repeats):
        for asked, answer in kind(history, repeat, rng):
            yield Step(f"call_{now}", now, now + 1, 10_000_000, turn_of_messages(asked, answer))
            now += 2


def found(kind: Kind, repeats: int = 8) -> Loop:
    trail = Trail()
    seen = [loop for step in steps(kind, repeats) if (loop := trail.add(step)) is not None]
    assert seen
    return seen[-1]


@pytest.mark.parametrize("name", KINDS)
def test_a_loop_is_seen_within_six_repeats(name: str) -> None:
    at = measure.caught_at(KINDS[name], START, random.Random(3))
    assert at is not None
    assert 2 <= at <= measure.REPEATS


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("identical", Shape.IDENTICAL),
        ("same_call", Shape.SAME_CALL),
        ("polling", Shape.POLLING),
        ("back_and_forth", Shape.CYCLE),
        ("stamped", Shape.NEAR),
        ("other_words_same_result", Shape.SAME_RESULT),
    ],
)
def test_its_shape_is_named(name: str, shape: Shape) -> None:
    assert found(KINDS[name]).shape is shape


def test_it_is_told_in_plain_words_with_its_calls_and_what_they_cost() -> None:
    loop = found(KINDS["stamped"], 7)
    told = finding_of(loop, "run_1", agent_id="agt_1", run_id="run_1", task_id=None)
    assert told.words == "looping: 7 near-identical requests, $0.07"
    assert len(told.call_ids) == 7
    assert told.figures["cost_nano"] == 70_000_000
    cycle = finding_of(found(KINDS["back_and_forth"]), "run_1", agent_id=None, run_id="run_1", task_id=None)
    assert cycle.words.startswith("looping: round the same 2 turns ")


def test_progress_ends_it() -> None:
    trail = Trail()
    for step in steps(KINDS["same_call"], 8):
        trail.add(step)
    assert trail.loop() is not None
    trail.progressed()
    assert trail.loop() is None


def test_a_new_result_ends_it() -> None:
    trail = Trail()
    history = list(START)
    rng = random.Random(2)
    now = 0
    last: Any = None
    for repeat in range(9):
        for asked, answer in KINDS["same_call"](history, repeat, rng):
            if repeat == 8:
                asked[-1] = {**asked[-1], "content": "Something that was never there before, at last."}
            last = trail.add(Step(f"call_{now}", now, now + 1, 1, turn_of_messages(asked, answer)))
            now += 2
    assert last is None


def test_many_asked_at_once_are_no_loop() -> None:
    trail = Trail()
    turn = turn_of_messages(START, {"role": "assistant", "content": "Forty-two."})
    assert not any(trail.add(Step(f"call_{n}", 0, 10, 1, turn)) for n in range(20))


def test_pages_of_a_list_are_no_loop() -> None:
    log = list(START)
    for page in range(20):
        arguments = f'{{"page": {page}}}'
        call = {"id": str(page), "type": "function", "function": {"name": "list_orders", "arguments": arguments}}
        log.append({"role": "assistant", "content": None, "tool_calls": [call]})
        log.append(
            {"role": "tool", "tool_call_id": str(page), "content": f'{{"orders": [{page * 7}, {page * 7 + 3}]}}'}
        )
    assert first_loop(log) is None


def test_a_writer_told_to_go_on_is_no_loop() -> None:
    log, rng = list(START), random.Random(5)
    for _ in range(20):
        words = " ".join(rng.choice(SEA) for _ in range(60))
        log += [{"role": "assistant", "content": words}, {"role": "user", "content": "continue"}]
    assert first_loop(log) is None


def test_memory_stays_bounded() -> None:
    trail = Trail()
    for step in steps(KINDS["with_interludes"], 200):
        trail.add(step)
    assert len(trail.steps) == len(trail.classes) <= 64


@pytest.mark.skipif(not HEALTHY, reason="the recorded agent logs are not on this machine")
def test_no_healthy_log_raises_an_alarm() -> None:
    got = measure.healthy(HEALTHY)
    assert got["logs"] == 100
    assert (got["alarms"], got["alarms as one agent"]) == (0, 0)


@pytest.mark.skipif(not HEALTHY, reason="the recorded agent logs are not on this machine")
def test_of_loops_in_the_half_that_was_not_tuned_on_nearly_all_are_caught() -> None:
    got = measure.looping(HEALTHY[1::10])
    tried, caught = (sum(each[name] for each in got.values()) for name in ("tried", "caught"))
    assert len(got) >= 12
    assert caught / tried >= 0.95
    assert list(steps_of(HEALTHY[0]))

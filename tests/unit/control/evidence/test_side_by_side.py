"""Steps of runs: what repeats what, and two runs side by side."""

from dataclasses import replace

import msgspec
import pytest

from quarterdeck.control.evidence import model
from quarterdeck.control.evidence.model import Pairing, Step, near_duplicates, side_by_side
from quarterdeck.control.signals.loops import alike
from quarterdeck.control.signals.replaying import turn_of_messages

WORDS = {
    "a": "List the harbours on the northern coast with their depths.",
    "b": "Which of these take ships of more than two hundred metres?",
    "c": "Write a letter to the harbour master of the deepest one.",
    "d": "Translate that letter into Norwegian, keeping the figures.",
    "e": "Work out what a week of mooring would cost in each.",
}


def run(name: str, letters: str) -> list[Step]:
    return [
        Step(
            f"call_{name}{at}",
            at,
            1_000,
            "gpt-4o",
            "ok",
            10,
            5,
            None,
            turn_of_messages(
                [{"role": "user", "content": WORDS[letter]}],
                {"role": "assistant", "content": f"Answer: {WORDS[letter][::-1]}"},
            ),
        )
        for at, letter in enumerate(letters)
    ]


def shown(first: str, second: str) -> list[tuple[str, str, str]]:
    found = []
    for pair in side_by_side(run("x", first), run("y", second)):
        one = first[int(pair.first.call_id[6:])] if pair.first else "-"
        other = second[int(pair.second.call_id[6:])] if pair.second else "-"
        found.append((one, other, pair.pairing.value))
    return found


def test_repeats_are_linked_to_the_first_of_their_kind() -> None:
    assert near_duplicates(run("x", "abacab")) == {"call_x2": "call_x0", "call_x4": "call_x0", "call_x5": "call_x1"}
    assert near_duplicates([]) == {}


def test_two_runs_stand_side_by_side() -> None:
    assert shown("abc", "abc") == [("a", "a", "same"), ("b", "b", "same"), ("c", "c", "same")]
    assert shown("abcd", "aecd") == [
        ("a", "a", "same"),
        ("b", "e", "different"),
        ("c", "c", "same"),
        ("d", "d", "same"),
    ]
    assert shown("ab", "aebc")[-1] == ("-", "c", "only_second")
    assert shown("abc", "") == [(letter, "-", "only_first") for letter in "abc"]


def test_every_step_stands_in_exactly_one_pair() -> None:
    pairs = side_by_side(run("x", "abcdeabc"), run("y", "ebcadd"))
    assert [pair.first.call_id for pair in pairs if pair.first] == [f"call_x{at}" for at in range(8)]
    assert [pair.second.call_id for pair in pairs if pair.second] == [f"call_y{at}" for at in range(6)]
    assert {pair.pairing for pair in pairs} <= set(Pairing)


def test_a_step_is_held_only_against_those_that_it_may_say_again(monkeypatch: pytest.MonkeyPatch) -> None:
    [step] = run("x", "a")
    assert step.turn is not None
    asked = [
        msgspec.structs.replace(step.turn, asked=str(number).encode(), asked_sketch=b"s", result=b"r%d" % (number // 2))
        for number in range(600)
    ]
    steps = [replace(step, call_id=f"call_{number}", turn=turn) for number, turn in enumerate(asked)]
    held = []
    monkeypatch.setattr(model, "alike", lambda one, other: held.append(one) or alike(one, other))
    # Of each two, the second asked for nearly the same and got the same.
    assert near_duplicates(steps) == {f"call_{number}": f"call_{number - 1}" for number in range(1, 600, 2)}
    assert all(pair.pairing is Pairing.SAME for pair in side_by_side(steps, steps))
    assert len(held) < 10 * len(steps)

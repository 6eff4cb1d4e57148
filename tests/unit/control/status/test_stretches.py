"""What was shown, as stretches: a lasting state has its own, states that take turns share one, no time is lost."""

import random
from itertools import pairwise

from quarterdeck.control.status.model import State, WaitsFor
from quarterdeck.control.status.stretches import SHORTEST, Seen, Stretch, Stretches, closed
from quarterdeck.kernel.clock import MINUTE, SECOND

A = ("ws_1", "agt_1")
NOON = 1_800_014_400 * SECOND
S = State


def play(*shown: tuple[int, Seen | None]) -> list[Stretch]:
    """What is kept when these are shown at these seconds; None is a look at everybody that shows nothing else."""
    stretches = Stretches()
    for at, seen in shown:
        if seen is None:
            stretches.settle(NOON + at * SECOND)
        else:
            stretches.see(A, seen, NOON + at * SECOND)
    return stretches.written


def test_a_state_that_lasts_is_kept_a_minute_later_and_once_more_when_it_is_over() -> None:
    waiting = Seen(S.WAITING_PERSON, "run_1", WaitsFor.PERSON, "Sam")
    going, over = play((0, waiting), (30, None), (60, None), (120, None), (3_600, Seen(S.IDLE)))
    assert (going.began, going.until, going.shown) == (NOON, None, {S.WAITING_PERSON: 0})
    assert (over.began, over.until) == (NOON, NOON + 3_600 * SECOND)
    assert over.shown == {S.WAITING_PERSON: 3_600 * SECOND}
    assert (over.run_id, over.waits_for, over.waits_name) == ("run_1", WaitsFor.PERSON, "Sam")


def test_states_that_take_turns_share_a_stretch_with_how_long_each_was_shown() -> None:
    (found,) = play(
        (0, Seen(S.THINKING)), (2, Seen(S.STREAMING)), (12, Seen(S.TOOL)), (40, Seen(S.THINKING)),
        (45, Seen(S.STREAMING)), (64, None),
    )  # fmt: skip
    assert (found.began, found.until) == (NOON, NOON + 64 * SECOND)
    seconds = {state: each // SECOND for state, each in found.shown.items()}
    assert seconds == {S.THINKING: 7, S.STREAMING: 29, S.TOOL: 28}


def test_an_agent_that_is_shown_no_more_ends_there() -> None:
    stretches = Stretches()
    stretches.see(A, Seen(S.IDLE), NOON)
    stretches.see(("ws_1", "agt_2"), Seen(S.IDLE), NOON)
    stretches.keep_only([("ws_1", "agt_2")], NOON + 5 * SECOND)
    assert stretches.written == [Stretch(*A, NOON, NOON + 5 * SECOND, {S.IDLE: 5 * SECOND})]


def test_what_nobody_ended_is_over_at_the_last_sign_of_life() -> None:
    going = Stretch(*A, NOON, None, {S.IDLE: 0})
    assert closed(going, NOON + MINUTE).shown == {S.IDLE: MINUTE}
    assert closed(going, NOON - MINUTE).until == NOON


def test_whatever_is_shown_stretches_join_and_their_states_fill_them() -> None:
    chance = random.Random(7)
    for _ in range(40):
        stretches, now, states = Stretches(), NOON, list(S)
        for _ in range(60):
            stretches.see(A, Seen(chance.choice(states)), now)
            now += chance.choice((0, 1, 3, 20, 90, 4_000)) * SECOND
            stretches.settle(now)
        stretches.keep_only([], now)
        kept = {each.began: each for each in stretches.written}  # as the table does: the later replaces
        rows = [kept[began] for began in sorted(kept)]
        assert rows[0].began == NOON
        assert rows[-1].until == now
        for one, after in pairwise(rows):
            assert one.until == after.began
            assert one.until - one.began >= SHORTEST
        for each in rows:
            assert each.until is not None
            assert sum(each.shown.values()) == each.until - each.began

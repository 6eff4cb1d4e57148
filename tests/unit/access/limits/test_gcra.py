"""GCRA against a reference that is plainly right: a bucket of fractions that refills at the steady rate."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.access.limits.gcra import Gcra
from quarterdeck.kernel.clock import HOUR, MINUTE, SECOND

PERIODS = st.sampled_from([SECOND, MINUTE, HOUR])
STEPS = st.lists(
    st.tuples(st.integers(-5 * SECOND, 30 * SECOND), st.integers(1, 8), st.integers(-3, 3)), min_size=1, max_size=60
)


class Bucket:
    """The reference. Time goes on by forward steps only; what is used beyond the burst is a debt."""

    def __init__(self, limit: int, period: int, burst: int) -> None:
        self.rate = Fraction(limit, period)
        self.burst = burst
        self.used = Fraction(0)
        self.seen = 0

    def at(self, now: int) -> None:
        if now > self.seen:
            self.used = max(Fraction(0), self.used - (now - self.seen) * self.rate)
        self.seen = now

    def take(self, now: int, count: int) -> bool:
        self.at(now)
        count = min(count, self.burst)
        if self.used + count > self.burst:
            return False
        self.used += count
        return True


@given(limit=st.integers(1, 50), period=PERIODS, share=st.integers(1, 50), steps=STEPS)
def test_it_lets_through_exactly_what_the_reference_does_whatever_the_clock_does(
    limit: int, period: int, share: int, steps: list[tuple[int, int, int]]
) -> None:
    burst = min(limit, share)
    gcra, bucket = Gcra(limit, period, burst), Bucket(limit, period, burst)
    now = 1_000 * SECOND
    gcra.wait(now)
    bucket.at(now)
    for step, count, corrected in steps:
        now += step
        left = gcra.take(now, count)
        assert (left >= 0) == bucket.take(now, count)
        assert left < 0 or left == gcra.remaining(now)
        if left >= 0 and corrected and bucket.used + corrected >= 0:
            gcra.give_back(-corrected)
            bucket.used += corrected


@given(limit=st.integers(1, 200), period=PERIODS, gaps=st.lists(st.integers(0, SECOND), min_size=1, max_size=400))
def test_in_any_stretch_of_time_no_more_than_a_burst_and_the_steady_rate_pass(
    limit: int, period: int, gaps: list[int]
) -> None:
    gcra = Gcra(limit, period, limit)
    now, passed = 10**9, []
    for gap in gaps:
        now += gap
        if gcra.take(now) >= 0:
            passed.append(now)
    for first, begin in enumerate(passed):
        for last in range(first, len(passed)):
            stretch = passed[last] - begin
            assert (last - first + 1 - limit) * period <= stretch * limit


@given(limit=st.integers(1, 1_000), period=PERIODS, tries=st.integers(1, 3_000))
def test_at_one_instant_exactly_the_allowed_number_pass(limit: int, period: int, tries: int) -> None:
    gcra = Gcra(limit, period, limit)
    assert sum(gcra.take(5 * HOUR) >= 0 for _ in range(tries)) == min(limit, tries)


def test_there_is_no_double_burst_at_the_edge_of_a_window() -> None:
    gcra = Gcra(100, MINUTE, 100)
    just_before, just_after = 10 * MINUTE - 1, 10 * MINUTE
    assert sum(gcra.take(just_before) >= 0 for _ in range(200)) == 100
    assert sum(gcra.take(just_after) >= 0 for _ in range(200)) == 0


@given(limit=st.integers(1, 500), period=PERIODS, count=st.integers(1, 100))
def test_the_wait_it_names_is_the_shortest_that_helps(limit: int, period: int, count: int) -> None:
    gcra = Gcra(limit, period, limit)
    now = 7 * HOUR
    while gcra.take(now, min(count, limit)) >= 0:
        pass
    wait = gcra.wait(now, count)
    assert gcra.wait(now + wait - 1, count) == 1
    assert gcra.take(now + wait, count) >= 0


def test_a_clock_set_back_neither_locks_out_nor_lets_more_through() -> None:
    gcra = Gcra(10, MINUTE, 10)
    now = 100 * HOUR
    for _ in range(10):
        assert gcra.take(now) >= 0
    back = now - 24 * HOUR
    assert gcra.take(back) < 0
    assert gcra.take(back + MINUTE) >= 0


def test_what_remains_is_told_and_a_changed_limit_keeps_what_was_used() -> None:
    gcra = Gcra(10, MINUTE, 10)
    now = HOUR
    for _ in range(4):
        gcra.take(now)
    assert gcra.remaining(now) == 6
    assert gcra.full_in(now) == 24 * SECOND
    gcra.resize(20, MINUTE, 20, now)
    assert gcra.remaining(now) == 16
    gcra.resize(2, MINUTE, 2, now)
    assert gcra.remaining(now) == 0

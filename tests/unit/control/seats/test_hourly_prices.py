"""What a stretch of waiting costs, and which stretch a moment belongs to."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.control.seats.model import SeatPrice, Stretch, Waits, by_day, cost_of, next_stretch
from quarterdeck.kernel.clock import DAY, HOUR, MINUTE

_price = st.tuples(st.integers(0, 3 * DAY), st.integers(0, 10**13))
_prices = st.lists(_price, max_size=5, unique_by=lambda pair: pair[0]).map(
    lambda pairs: [SeatPrice(since, nano) for since, nano in sorted(pairs)]
)
_instants = st.lists(st.integers(0, 5 * DAY), min_size=2, max_size=8, unique=True).map(sorted)


def test_thirty_eight_minutes_of_a_seat_of_seventeen_cents_an_hour() -> None:
    prices = [SeatPrice(0, 173_684_210)]
    assert cost_of(prices, 0, 38 * MINUTE) == 110_000_000


def test_each_part_costs_what_was_valid_then_and_nothing_before() -> None:
    prices = [SeatPrice(HOUR, 100), SeatPrice(2 * HOUR, 300), SeatPrice(3 * HOUR, 0)]
    assert cost_of(prices, 0, 9 * HOUR) == 400
    assert cost_of(prices, HOUR + HOUR // 2, 2 * HOUR + HOUR // 2) == 200
    assert cost_of([], 0, DAY) == 0


@given(_prices, _instants)
def test_parts_cost_what_the_whole_costs_but_for_one_rounding_each(prices: list[SeatPrice], cuts: list[int]) -> None:
    parts = [cost_of(prices, begin, end) for begin, end in pairwise(cuts)]
    assert abs(sum(parts) - cost_of(prices, cuts[0], cuts[-1])) <= len(parts)


@given(st.integers(0, 9 * DAY), st.integers(0, 9 * DAY))
def test_days_cover_a_stretch_without_gap_or_overlap(begin: int, end: int) -> None:
    parts = list(by_day(begin, end))
    assert sum(until - since for _, since, until in parts) == max(0, end - begin)
    assert all(day <= since < until <= day + DAY and day % DAY == 0 for day, since, until in parts)


_looks = st.lists(
    st.tuples(
        st.integers(1, HOUR), st.sampled_from(["t1", "t2"]), st.integers(0, 3 * HOUR), st.none() | st.integers(0, HOUR)
    )
)


@given(_looks)
def test_no_moment_is_counted_twice(looks: list[tuple[int, str, int, int | None]]) -> None:
    now, last, counted = 4 * HOUR, None, []
    for step, task_id, ago, worked_ago in looks:
        now += step
        worked = None if worked_ago is None else now - worked_ago
        found = next_stretch(last, Waits(task_id, now - ago), worked, now)
        assert found.began <= found.until == now
        if counted and counted[-1].began == found.began and last is not None and last.task_id == task_id:
            counted[-1] = found
        else:
            counted.append(found)
        last = found
    spans = sorted((each.began, each.until) for each in counted if each.until > each.began)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_a_stretch_goes_on_until_its_agent_worked_or_waits_with_another_task() -> None:
    last = Stretch("t1", 100, 200)
    assert next_stretch(last, Waits("t1", 50), None, 300) == Stretch("t1", 100, 300)
    assert next_stretch(last, Waits("t1", 50), 250, 300) == Stretch("t1", 250, 300)
    assert next_stretch(last, Waits("t2", 50), None, 300) == Stretch("t2", 200, 300)
    closed = Stretch("t1", 100, 200, open=False)
    assert next_stretch(closed, Waits("t1", 50), None, 300) == Stretch("t1", 200, 300)

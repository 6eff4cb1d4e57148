"""When schedules fire: zones, the days on which clocks change, long absences."""

import time
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.control.schedules.timing import Timer, a_cron, a_zone, due, next_after, upcoming
from quarterdeck.kernel.clock import DAY, HOUR, MINUTE, SECOND, parse_iso
from quarterdeck.kernel.errors import Invalid

BERLIN = "Europe/Berlin"


def _local(instants: list[int], zone: str = BERLIN) -> list[str]:
    return [datetime.fromtimestamp(one // SECOND, ZoneInfo(zone)).isoformat() for one in instants]


def _after(cron: str, instant: str, count: int, zone: str = BERLIN) -> list[str]:
    return _local(upcoming(Timer(cron, None, zone), parse_iso(instant), count), zone)


def test_a_fixed_time_fires_by_the_clock_on_the_wall() -> None:
    assert _after("0 9 * * MON-FRI", "2027-03-26T12:00:00Z", 2) == [
        "2027-03-29T09:00:00+02:00",  # after the change, an hour less in UTC
        "2027-03-30T09:00:00+02:00",
    ]


def test_a_fixed_time_in_the_gap_fires_right_after_it() -> None:
    assert _after("30 2 * * *", "2027-03-27T12:00:00Z", 2) == [
        "2027-03-28T03:00:00+02:00",
        "2027-03-29T02:30:00+02:00",
    ]


def test_a_fixed_time_that_comes_twice_fires_once() -> None:
    assert _after("30 2 * * *", "2027-10-30T12:00:00Z", 2) == [
        "2027-10-31T02:30:00+02:00",
        "2027-11-01T02:30:00+01:00",
    ]


def test_every_half_hour_follows_the_real_hours_over_both_changes() -> None:
    spring = upcoming(Timer("*/30 * * * *", None, BERLIN), parse_iso("2027-03-28T00:00:00Z"), 8)
    autumn = upcoming(Timer("*/30 * * * *", None, BERLIN), parse_iso("2027-10-31T00:00:00Z"), 8)
    for instants in (spring, autumn):
        assert [b - a for a, b in pairwise(instants)] == [30 * MINUTE] * 7


def test_what_is_due_is_what_would_have_come_also_over_the_changes() -> None:
    for day in ("2027-03-28T00:00:00Z", "2027-10-31T00:00:00Z"):
        since = parse_iso(day) - DAY
        for cron in ("30 2 * * *", "*/30 * * * *", "15 * * * *", "0 */2 * * *"):
            timer = Timer(cron, None, BERLIN)
            forward = [one for one in upcoming(timer, since, 200) if one <= since + 2 * DAY]
            assert due(timer, since, since + 2 * DAY, 1_000) == forward, cron


@given(
    since=st.integers(0, 4_000_000_000),
    length=st.integers(0, 10 * 86_400),
    most=st.integers(1, 20),
    every_s=st.sampled_from([60, 90, 3_600, 86_401]),
    anchor=st.integers(0, 4_000_000_000),
)
def test_what_is_due_of_an_interval_is_the_latest_of_what_would_have_come(
    since: int, length: int, most: int, every_s: int, anchor: int
) -> None:
    timer = Timer(None, every_s, "UTC", anchor * SECOND)
    begin, end = since * SECOND, (since + length) * SECOND
    found = due(timer, begin, end, most)
    assert found == sorted(set(found)) and len(found) <= most
    assert all(begin < one <= end and one > timer.anchor_at for one in found)
    assert all((one - timer.anchor_at) % (every_s * SECOND) == 0 for one in found)
    following = next_after(timer, begin)
    assert following is not None and following > begin
    assert (following <= end) == bool(found)


def test_ten_thousand_missed_minutes_cost_next_to_nothing() -> None:
    timer = Timer("* * * * *", None, BERLIN)
    now = parse_iso("2027-11-07T10:00:00Z")
    began = time.process_time()
    assert len(due(timer, now - 10_000 * MINUTE, now, 25)) == 25
    assert len(due(timer, 0, now, 1_001)) == 1_001
    assert time.process_time() - began < 1.0


def test_an_instant_that_is_due_is_due_once() -> None:
    timer = Timer("0 * * * *", None, "UTC")
    at = parse_iso("2027-01-15T08:00:00Z")
    assert due(timer, at - HOUR, at, 9) == [at]
    assert due(timer, at, at + HOUR - 1, 9) == []
    assert next_after(timer, at) == at + HOUR
    assert next_after(timer, at - 1) == at


@pytest.mark.parametrize(
    "bad", ["", "x", "61 * * * *", "* * * *", "* * * * * *", "0 0 31 2 *", "@reboot", "0 0 * * XYZ"]
)
def test_a_cron_that_is_none_is_refused_with_its_field(bad: str) -> None:
    with pytest.raises(Invalid) as refused:
        a_cron(bad)
    assert refused.value.extra["field"] == "cron"


def test_nicknames_are_written_out() -> None:
    assert a_cron(" @Daily ") == "0 0 * * *"


@pytest.mark.parametrize(
    "bad", ["", "Nowhere/City", "../../etc/passwd", "/etc/localtime", "Europe/Berlin\0", "x" * 999]
)
def test_a_zone_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(Invalid) as refused:
        a_zone(bad)
    assert refused.value.extra["field"] == "zone"


def test_the_instant_is_whole_whatever_the_zone() -> None:
    found = next_after(Timer("0 9 * * *", None, "Asia/Kathmandu"), parse_iso("2027-01-01T00:00:00.5Z"))
    assert found == int(datetime(2027, 1, 1, 3, 15, tzinfo=UTC).timestamp()) * SECOND

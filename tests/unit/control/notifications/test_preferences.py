"""When and where one message goes, by what its member asked for."""

import pytest

from quarterdeck.control.notifications.kinds import KINDS, Urgency, kind_of, titled
from quarterdeck.control.notifications.model import (
    MAX_LINES,
    SOON,
    How,
    Preferences,
    Quiet,
    Rule,
    a_zone,
    digest_after,
    gathered,
    quiet_until,
    route,
    sending,
)
from quarterdeck.kernel.clock import HOUR, parse_iso
from quarterdeck.kernel.errors import Invalid

NIGHT = Quiet(22 * 60, 7 * 60)


def test_without_rules_everything_is_in_the_app_and_nowhere_else() -> None:
    found = route(Preferences(), "task.moved", Urgency.NORMAL, {})
    assert (found.in_app, found.channels, found.how) == (True, (), How.NOW)


def test_the_first_rule_that_fits_decides() -> None:
    preferences = Preferences(
        rules=(
            Rule(kinds=("task.*",), agent_id="agt_1", channels=("chn_1",)),
            Rule(kinds=("task.*",), how=How.MUTE),
            Rule(at_least=Urgency.URGENT, channels=("chn_2",), in_app=False),
        )
    )
    assert route(preferences, "task.moved", Urgency.LOW, {"agent_id": "agt_1"}).channels == ("chn_1",)
    assert route(preferences, "task.moved", Urgency.LOW, {"agent_id": "agt_2"}).how is How.MUTE
    assert route(preferences, "question.asked", Urgency.URGENT, {}).in_app is False
    assert route(preferences, "question.asked", Urgency.NORMAL, {}).in_app is True


@pytest.mark.parametrize(
    ("zone", "now", "until"),
    [
        ("UTC", "2026-11-26T23:00:00Z", "2026-11-27T07:00:00Z"),
        ("UTC", "2026-11-26T06:59:59Z", "2026-11-26T07:00:00Z"),
        ("UTC", "2026-11-26T07:00:00Z", None),
        ("UTC", "2026-11-26T21:59:59Z", None),
        ("Europe/Berlin", "2026-11-26T21:00:00Z", "2026-11-27T06:00:00Z"),
        # The night in which clocks go forward has an hour less, the one in which they go back an hour more.
        ("Europe/Berlin", "2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z"),
        ("Europe/Berlin", "2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z"),
    ],
)
def test_quiet_hours_end_by_the_members_own_clock(zone: str, now: str, until: str | None) -> None:
    assert quiet_until(NIGHT, zone, parse_iso(now)) == (None if until is None else parse_iso(until))


def test_urgent_messages_pass_quiet_hours_unless_the_member_says_no() -> None:
    night = parse_iso("2026-11-26T23:00:00Z")
    passes, silent = Preferences(quiet=NIGHT), Preferences(quiet=Quiet(22 * 60, 7 * 60, urgent_passes=False))
    assert sending(passes, How.NOW, Urgency.URGENT, "mem", "t", night).at == night
    assert sending(silent, How.NOW, Urgency.URGENT, "mem", "t", night).at == parse_iso("2026-11-27T07:00:00Z")
    assert sending(passes, How.NOW, Urgency.NORMAL, "mem", "t", night).at == parse_iso("2026-11-27T07:00:00Z")


def test_what_is_quiet_until_the_same_time_is_one_message() -> None:
    preferences = Preferences(quiet=NIGHT)
    one = sending(preferences, How.NOW, Urgency.NORMAL, "mem", "task a", parse_iso("2026-11-26T23:00:00Z"))
    other = sending(preferences, How.NOW, Urgency.LOW, "mem", "task b", parse_iso("2026-11-27T05:00:00Z"))
    assert one == other


def test_messages_on_one_topic_wait_a_moment_for_each_other() -> None:
    now = parse_iso("2026-11-26T12:00:00Z")
    found = sending(Preferences(), How.NOW, Urgency.NORMAL, "mem", "comment.written:tsk_1", now)
    assert (found.at, found.gathers) == (now + SOON, "soon:mem:comment.written:tsk_1")


def test_a_digest_goes_out_at_the_members_time_or_at_the_full_hour() -> None:
    now = parse_iso("2026-11-26T12:20:00Z")
    assert digest_after(Preferences(), now) == parse_iso("2026-11-26T13:00:00Z")
    morning = Preferences(zone="America/New_York", digest_at=9 * 60)
    assert digest_after(morning, now) == parse_iso("2026-11-26T14:00:00Z")
    assert digest_after(morning, now + 3 * HOUR) == parse_iso("2026-11-27T14:00:00Z")


def test_lines_are_gathered_and_the_same_one_is_counted() -> None:
    payload = gathered({}, {"title": "a", "url": "u"})
    payload = gathered(payload, {"title": "a", "url": "u"})
    payload = gathered(payload, {"title": "b", "url": "u"})
    assert [(line["title"], line.get("count", 1)) for line in payload["lines"]] == [("a", 2), ("b", 1)]
    for number in range(200):
        payload = gathered(payload, {"title": str(number), "url": None})
    assert len(payload["lines"]) == MAX_LINES
    assert payload["left_out"] == 102


def test_a_zone_that_is_none_is_refused() -> None:
    assert a_zone("Asia/Kolkata") == "Asia/Kolkata"
    for wrong in ("Mars/Base", "../etc/passwd", "", "\0"):
        with pytest.raises(Invalid):
            a_zone(wrong)


def test_every_row_has_a_title_even_when_its_event_says_nothing() -> None:
    for kind in KINDS:
        assert titled(kind, {}).strip()
    moved = kind_of("task.moved", {"to": "in_review"})
    assert moved is not None
    assert titled(moved, {"ref": "T-1", "task": "Paint {x}"}) == "T-1 waits for a review: Paint {x}"


def test_why_an_attempt_failed_is_told_in_plain_words_and_a_workers_own_as_they_are() -> None:
    ended = kind_of("run.ended", {"state": "failed"})
    assert ended is not None
    said = {"agent": "research", "ref": "T-1", "reason": "agent_crashed"}
    assert titled(ended, said) == "An attempt of research at T-1 failed: the agent crashed"
    assert titled(ended, {**said, "reason": "no coffee"}).endswith("failed: no coffee")
    assert kind_of("task.moved", {"to": "ready"}) is None

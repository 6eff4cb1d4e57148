"""A member's rules, quiet hours and digest, and what follows from them for one message. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from quarterdeck.control.notifications.kinds import Urgency
from quarterdeck.kernel.clock import HOUR, SECOND
from quarterdeck.kernel.errors import Invalid

MAX_RULES = 50
MAX_LINES = 100
"""Of one message; what comes on top is only counted."""
SOON = 30 * SECOND
"""So long a message that is not urgent waits for others of its kind on the same task."""
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class How(StrEnum):
    NOW = "now"
    DIGEST = "digest"
    """Gathered, and sent at the member's time."""
    MUTE = "mute"
    """Nowhere, not even in the app."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which messages, where, how. The first rule that fits decides. None fits all."""

    kinds: tuple[str, ...] = ("*",)
    agent_id: str | None = None
    task_id: str | None = None
    project_id: str | None = None
    at_least: Urgency = Urgency.LOW
    channels: tuple[str, ...] = ()
    in_app: bool = True
    how: How = How.NOW

    @property
    def is_for_all(self) -> bool:
        """Whether it leaves nothing to a rule behind it but what is not urgent enough."""
        narrowed = (self.agent_id, self.task_id, self.project_id)
        return "*" in self.kinds and self.how is not How.MUTE and not any(narrowed)

    def fits(self, kind: str, urgency: Urgency, scope: Mapping[str, Any]) -> bool:
        narrowed = (
            (self.agent_id, scope.get("agent_id")),
            (self.task_id, scope.get("task_id")),
            (self.project_id, scope.get("project_id")),
        )
        return (
            urgency >= self.at_least
            and any(fnmatchcase(kind, pattern) for pattern in self.kinds)
            and all(wanted is None or wanted == found for wanted, found in narrowed)
        )


@dataclass(frozen=True, slots=True)
class Quiet:
    """Every day from `start` to `end`, in minutes of the day in the member's zone; it may pass midnight."""

    start: int
    end: int
    urgent_passes: bool = True


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a member asked for. `digest_at` is a minute of the day in its zone; None: every hour."""

    zone: str = "UTC"
    rules: tuple[Rule, ...] = ()
    quiet: Quiet | None = None
    digest_at: int | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """Where one message goes for one member."""

    in_app: bool = True
    channels: tuple[str, ...] = ()
    how: How = How.NOW


@dataclass(frozen=True, slots=True)
class Sending:
    """When, and under which word it waits for others; no word: alone."""

    at: int
    gathers: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """What the app shows a member. `count` is how many events it stands for."""

    id: str
    workspace_id: str
    member_id: str
    key: str
    kind: str
    subject_id: str
    task_id: str | None
    actor_id: str | None
    title: str
    body: str | None
    urgency: Urgency
    count: int
    at: int
    read_at: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def with_channel(preferences: Preferences, channel_id: str) -> Preferences:
    """The same, with a channel that gets what no rule sends elsewhere: it joins a last rule for all, or is one."""
    rules = preferences.rules
    if rules and rules[-1].is_for_all:
        last = replace(rules[-1], channels=(*rules[-1].channels, channel_id))
        return replace(preferences, rules=(*rules[:-1], last))
    return replace(preferences, rules=(*rules, Rule(("*",), at_least=Urgency.NORMAL, channels=(channel_id,))))


def without_channel(preferences: Preferences, channel_id: str) -> Preferences:
    """The same, with a channel in no rule. What it alone got is shown in the app: nothing is sent nowhere by that."""
    rules = tuple(_without(rule, channel_id) for rule in preferences.rules)
    while rules != preferences.rules and rules and replace(rules[-1], at_least=Urgency.LOW) == Rule():
        rules = rules[:-1]  # it says no more than holds with no rule
    return replace(preferences, rules=rules)


def _without(rule: Rule, channel_id: str) -> Rule:
    if channel_id not in rule.channels:
        return rule
    left = tuple(each for each in rule.channels if each != channel_id)
    return replace(rule, channels=left) if left or rule.how is How.MUTE else replace(rule, channels=(), in_app=True)


def route(preferences: Preferences, kind: str, urgency: Urgency, scope: Mapping[str, Any]) -> Route:
    """What the first rule that fits says; without one, in the app and nowhere else."""
    for rule in preferences.rules:
        if rule.fits(kind, urgency, scope):
            if rule.how is How.MUTE:
                return Route(in_app=False, how=How.MUTE)
            return Route(rule.in_app, rule.channels, rule.how)
    return Route()


def sending(preferences: Preferences, how: How, urgency: Urgency, member_id: str, topic: str, now: int) -> Sending:
    """When a message leaves. `topic` is what it is about: messages on one topic are sent as one."""
    urgent = urgency is Urgency.URGENT
    if how is How.DIGEST:
        at = digest_after(preferences, now)
        return Sending(at, f"digest:{member_id}:{at}")
    quiet = preferences.quiet
    if quiet is not None and not (urgent and quiet.urgent_passes):
        until = quiet_until(quiet, preferences.zone, now)
        if until is not None:
            return Sending(until, f"quiet:{member_id}:{until}")
    return Sending(now, None) if urgent else Sending(now + SOON, f"soon:{member_id}:{topic}")


def quiet_until(quiet: Quiet, zone: str, now: int) -> int | None:
    """The end of the quiet hours that `now` is in; None when it is in none. Wall clock, whatever the clocks do."""
    local = _local(now, zone)
    minute = local.hour * 60 + local.minute
    through_midnight = quiet.start > quiet.end
    inside = minute >= quiet.start or minute < quiet.end if through_midnight else quiet.start <= minute < quiet.end
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if through_midnight and minute >= quiet.start else 0)
    return _instant(day.year, day.month, day.day, quiet.end, zone)


def digest_after(preferences: Preferences, now: int) -> int:
    """The next time for the member's digest: its minute of the day, or the full hour."""
    if preferences.digest_at is None:
        return now - now % HOUR + HOUR
    local = _local(now, preferences.zone)
    for days in (0, 1, 2):
        day = local.date() + timedelta(days=days)
        at = _instant(day.year, day.month, day.day, preferences.digest_at, preferences.zone)
        if at > now:
            return at
    raise AssertionError("a day has a next one")


def gathered(payload: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    """The payload with one line more; the same line again is counted."""
    lines = [dict(each) for each in payload.get("lines", ())]
    for each in lines:
        if (each["title"], each.get("url")) == (line["title"], line.get("url")):
            each["count"] = each.get("count", 1) + 1
            return {**payload, "lines": lines}
    if len(lines) >= MAX_LINES:
        return {**payload, "left_out": payload.get("left_out", 0) + 1}
    return {**payload, "lines": [*lines, dict(line)]}


def a_zone(name: str) -> str:
    """Raises Invalid when it is no IANA time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(f"{name!r} is no time zone; write it like Europe/Berlin.", field="zone") from None
    return name


def minute_of(text: str, field_name: str) -> int:
    """`22:30` → 1350. Raises Invalid."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise Invalid(f"{field_name} is a time of day such as 22:30.", field=field_name)
    return int(found[1]) * 60 + int(found[2])


def clock_of(minute: int) -> str:
    """1350 → `22:30`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def preferences_of(stored: Mapping[str, Any]) -> Preferences:
    """From the stored row."""
    quiet = stored["quiet"]
    return Preferences(
        zone=stored["zone"],
        rules=tuple(_rule(each) for each in stored["rules"]),
        quiet=None if quiet is None else Quiet(quiet["start"], quiet["end"], quiet["urgent_passes"]),
        digest_at=stored["digest_at"],
        version=stored["version"],
    )


def rules_as_json(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    return [
        {
            "kinds": list(rule.kinds),
            "agent_id": rule.agent_id,
            "task_id": rule.task_id,
            "project_id": rule.project_id,
            "at_least": rule.at_least.name.lower(),
            "channels": list(rule.channels),
            "in_app": rule.in_app,
            "how": rule.how.value,
        }
        for rule in rules
    ]


def _rule(stored: Mapping[str, Any]) -> Rule:
    return Rule(
        kinds=tuple(stored["kinds"]),
        agent_id=stored["agent_id"],
        task_id=stored["task_id"],
        project_id=stored["project_id"],
        at_least=Urgency[stored["at_least"].upper()],
        channels=tuple(stored["channels"]),
        in_app=stored["in_app"],
        how=How(stored["how"]),
    )


def _local(now: int, zone: str) -> datetime:
    return datetime.fromtimestamp(now // SECOND, UTC).astimezone(ZoneInfo(zone))


def _instant(year: int, month: int, day: int, minute: int, zone: str) -> int:
    """A wall clock's time as an instant. One that the clocks skip is as late as they were put forward."""
    moment = datetime(year, month, day, minute // 60, minute % 60, tzinfo=ZoneInfo(zone))
    return int(moment.timestamp()) * SECOND

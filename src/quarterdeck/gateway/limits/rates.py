"""Rate limits in this process's memory: one bucket for each limit and each value it counts apart."""

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from operator import call

import msgspec

from quarterdeck.access.limits.gcra import Gcra
from quarterdeck.access.limits.model import LimitEntry, Measure
from quarterdeck.access.scopes import Facts, ScopeKind, counted_under
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.limits import refusals

AT_TARGET = frozenset({ScopeKind.PROVIDER, ScopeKind.CREDENTIAL, ScopeKind.MODEL})
"""Known only once it is known where the call goes; all others are about who calls."""
MAX_BUCKETS = 100_000
_CONCURRENT_RETRY = 1_000_000
_ONE_EACH = repeat(1)


class Slots:
    """Calls at once."""

    __slots__ = ("amount", "taken")

    def __init__(self, amount: int) -> None:
        self.amount = amount
        self.taken = 0

    def take(self, now: int, count: int = 1) -> int:
        """Let `count` through: how many could come after them. Less than 0: they may not come, and may ask again in so
        many microseconds."""
        taken = self.taken
        left = self.amount - taken - count
        if left < 0:
            if taken:
                return -_CONCURRENT_RETRY
            left = 0
        self.taken = taken + count
        return left

    def wait(self, now: int, count: int = 1) -> int:
        return 0 if self.taken + count <= self.amount or not self.taken else _CONCURRENT_RETRY

    def let(self, now: int, count: int = 1) -> None:
        """Let `count` through that `wait` has just said may pass."""
        self.taken += count

    def give_back(self, count: int) -> None:
        self.taken -= count

    def remaining(self, now: int) -> int:
        left = self.amount - self.taken
        return left if left > 0 else 0

    def full_in(self, now: int) -> int:
        return 0


Bucket = Gcra | Slots
Take = Callable[[int, int], int]
"""A bucket's own: at the instant `now`, so many."""


class Rule(msgspec.Struct, frozen=True, eq=False):
    """A limit, and the bucket that it is counted in for somebody."""

    entry: LimitEntry
    value: str
    bucket: Bucket
    of_tokens: bool
    of_slots: bool

    def counted(self, tokens: int, times: int = 1) -> int:
        """What so many calls of so many tokens take."""
        return min(times * tokens, self.entry.burst) if self.of_tokens else times

    def due_back(self, taken: int, used_tokens: int | None, *, sent: bool) -> int:
        """How much of what was taken is to be given back now that the call is over; less than nothing is charged.

        Slots are free, and tokens that were not used come back (or are charged when more were). `used_tokens` None:
        nobody knows, so what was taken stays taken. A call that was never sent gives all back.
        """
        if self.of_slots or not sent:
            return taken
        return taken - used_tokens if self.of_tokens and used_tokens is not None else 0


class Line(msgspec.Struct, eq=False):
    """One limit that a call falls under."""

    rule: Rule
    bucket: Bucket
    taken: int = 0
    times: int = 1
    """What one counts as: more than one where a gateway keeps to its share of a limit that others use too."""
    shared: bool = False
    """Taken where all gateways see it, and not from the bucket."""
    left: int | None = None
    """What remains, where it was taken there."""

    @property
    def entry(self) -> LimitEntry:
        return self.rule.entry

    @property
    def value(self) -> str:
        return self.rule.value

    def remaining(self, now: int) -> int:
        return self.left if self.left is not None else self.bucket.remaining(now) // self.times


class Blocked(msgspec.Struct, frozen=True):
    """What a call has to wait for: a limit (None: the provider's own word), for how long in microseconds, and what is
    left of it."""

    line: Line | None
    wait: int
    left: int


class Used(msgspec.Struct, frozen=True, array_like=True):
    """What of one rate was let through and is not worked off yet, in microseconds times the limit."""

    limit_id: str
    value: str
    used: int
    limit: int
    period: int
    burst: int

    def after(self, passed: int) -> "Used":
        """So many microseconds later."""
        return msgspec.structs.replace(self, used=max(0, self.used - passed * self.limit))


def now_us() -> int:
    """A clock that is never set back."""
    return time.monotonic_ns() // 1_000


class Rates:
    """All limits of a gateway."""

    def __init__(self) -> None:
        self._rules: dict[str, tuple[tuple[LimitEntry, ...], tuple[LimitEntry, ...]]] = {}
        self.tagged: set[str] = set()
        """Workspaces with rules that look at tags."""
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._entries: dict[str, LimitEntry] = {}
        self._remembered: dict[tuple[str, str], Used] = {}
        self._since = 0
        self.workspaces: dict[str, str] = {}
        """Whose a limit is."""
        self.forgot: Callable[[], None] = _nobody_asks
        """Called when rules that were handed out may not be used again."""

    def rules(self, workspace_id: str) -> tuple[LimitEntry, ...]:
        callers, at_target = self._rules.get(workspace_id, ((), ()))
        return callers + at_target

    def set_rules(self, rules: dict[str, list[LimitEntry]]) -> None:
        """Put other limits in force. What was let through so far counts on under a limit that was changed, and calls
        that wait for one or have taken from it go by what it is now."""
        fresh = {entry.id: entry for some in rules.values() for entry in some}
        now = now_us()
        for key, bucket in list(self._buckets.items()):
            before, entry = self._entries[key[0]], fresh.get(key[0])
            if entry is None or entry.measure != before.measure or entry.scope != before.scope:
                del self._buckets[key]
            elif isinstance(bucket, Slots):
                bucket.amount = entry.amount
            elif (entry.amount, entry.length, entry.burst) != (before.amount, before.length, before.burst):
                bucket.resize(entry.amount, entry.length, entry.burst, now)
        self._entries = fresh
        self._rules = {}
        for workspace_id, some in rules.items():
            if some:
                callers = tuple(each for each in some if each.scope.kind not in AT_TARGET)
                at_target = tuple(each for each in some if each.scope.kind in AT_TARGET)
                self._rules[workspace_id] = callers, at_target
        self.tagged = {
            workspace_id for workspace_id, some in rules.items() if any(each.scope.kind == "tag" for each in some)
        }
        self.workspaces = {entry.id: workspace_id for workspace_id, some in rules.items() for entry in some}
        self.forgot()

    def rules_of(self, workspace_id: str, facts: Facts, *, at_target: bool) -> tuple[Rule, ...]:
        """The limits a call falls under: those on who calls, or those on where it goes. To be used until `forgot`."""
        found = []
        for entry in self._rules.get(workspace_id, ((), ()))[at_target]:
            value = counted_under(entry.scope, facts)
            if value is not None:
                measure, bucket = entry.measure, self._bucket(entry, value)
                found.append(Rule(entry, value, bucket, measure == Measure.TOKENS, measure == Measure.CONCURRENT))
        return tuple(found)

    def states(self) -> list[tuple[LimitEntry, str, int, int]]:
        """Each limit in use, the value it is counted for, what remains of it, and how many calls are at it now."""
        now = now_us()
        return [
            (self._entries[key[0]], key[1], bucket.remaining(now), bucket.taken if isinstance(bucket, Slots) else 0)
            for key, bucket in self._buckets.items()
        ]

    def used(self) -> list[Used]:
        """What of each rate is not worked off yet; what was remembered of earlier and not asked for since included."""
        now = now_us()
        found = [
            Used(*key, *state)
            for key, bucket in self._buckets.items()
            if isinstance(bucket, Gcra) and (state := bucket.state(now))[0]
        ]
        return [*found, *(left for each in self._remembered.values() if (left := each.after(now - self._since)).used)]

    def remember(self, some: Iterable[Used]) -> None:
        """Go on from what was used before this process began."""
        self._since = now_us()
        self._remembered = {(each.limit_id, each.value): each for each in some if each.used}

    def _bucket(self, entry: LimitEntry, value: str) -> Bucket:
        bucket = self._buckets.get((entry.id, value))
        if bucket is None:
            if len(self._buckets) >= MAX_BUCKETS:
                self._forget_idle()
            bucket = Slots(entry.amount) if entry.measure == Measure.CONCURRENT else self._gcra(entry, value)
            self._buckets[entry.id, value] = bucket
        return bucket

    def _gcra(self, entry: LimitEntry, value: str) -> Gcra:
        before = self._remembered.pop((entry.id, value), None)
        if before is None:
            return Gcra(entry.amount, entry.length, entry.burst)
        now = now_us()
        used = before.after(now - self._since).used
        bucket = Gcra.resumed(before.limit, before.period, before.burst, used, now)
        if (entry.amount, entry.length, entry.burst) != (before.limit, before.period, before.burst):
            bucket.resize(entry.amount, entry.length, entry.burst, now)
        return bucket

    def _forget_idle(self) -> None:
        now = now_us()
        for key, bucket in list(self._buckets.items()):
            idle = bucket.taken == 0 if isinstance(bucket, Slots) else bucket.full_in(now) == 0
            if idle:
                del self._buckets[key]
        self.forgot()


def enter(rules: Sequence[Rule], takes: Sequence[Take], tokens: int) -> tuple[int, ...]:
    """Take from all of them or from none, in this process's memory alone; what each leaves. Raises Refusal, by the one
    to wait longest for.

    `takes` are those of their buckets; `tokens` is 0 where none of them counts tokens.
    """
    now = time.monotonic_ns() // 1_000
    counts = [tokens if rule.of_tokens else 1 for rule in rules] if tokens else _ONE_EACH
    left = tuple(map(call, takes, repeat(now), counts))
    if min(left) >= 0:
        return left
    for rule, each in zip(rules, left, strict=True):
        if each >= 0:
            rule.bucket.give_back(rule.counted(tokens))
    blocked = take(lines_of(rules), tokens, now)
    if blocked is not None:
        raise limited(blocked)
    return tuple(rule.bucket.remaining(now) for rule in rules)


def leave(rules: Sequence[Rule], tokens: int, *, used_tokens: int | None, sent: bool) -> None:
    """The call is over: what `enter` took and is not used up goes back."""
    for rule in rules:
        count = rule.due_back(rule.counted(tokens), used_tokens, sent=sent)
        if count:
            rule.bucket.give_back(count)


def limited(blocked: Blocked) -> Refusal:
    """What a caller is told who has to wait."""
    assert blocked.line is not None
    return refusals.rate_limited(blocked.line.entry, blocked.wait, blocked.left)


def lines_of(rules: Iterable[Rule]) -> list[Line]:
    """For one call."""
    return [Line(rule, rule.bucket) for rule in rules]


def count_tokens(rules: Iterable[Rule]) -> bool:
    return any(rule.of_tokens for rule in rules)


def take(lines: list[Line], tokens: int, now: int, *, times: int = 1) -> Blocked | None:
    """Take from all of them or from none; then the one to wait longest for."""
    blocked: Line | None = None
    longest = 0
    for line in lines:
        wait = line.bucket.wait(now, times * tokens if line.rule.of_tokens else times)
        if wait > longest:
            blocked, longest = line, wait
    if blocked is not None:
        return Blocked(blocked, longest, blocked.bucket.remaining(now) // times)
    for line in lines:
        line.times = times
        line.taken = line.rule.counted(tokens, times)
        line.bucket.let(now, line.taken)
    return None


def due_back(line: Line, *, used_tokens: int | None, sent: bool) -> int:
    """As Rule.due_back; nothing where nothing was taken."""
    if not line.taken:
        return 0
    return line.rule.due_back(line.taken, None if used_tokens is None else used_tokens * line.times, sent=sent)


def give_back(lines: Sequence[Line], *, used_tokens: int | None, sent: bool) -> None:
    """The call is over."""
    for line in lines:
        count = due_back(line, used_tokens=used_tokens, sent=sent)
        line.taken = 0
        if count:
            line.bucket.give_back(count)


def words(measures: Iterable[str]) -> bytes:
    """Lines of an answer's head, with a place for what is left of each."""
    return b"".join([b"x-quarterdeck-remaining-%b: %%d\r\n" % measure.encode() for measure in measures])


def remaining(lines: Sequence[Line], now: int) -> bytes:
    """What is left of the tightest limit of each measure, as lines of an answer's head."""
    return tightest([line.rule for line in lines], [line.remaining(now) for line in lines])


def tightest(rules: Sequence[Rule], left: Sequence[int]) -> bytes:
    """The same, where it is known what each leaves."""
    found: dict[str, int] = {}
    for rule, each in zip(rules, left, strict=True):
        found[rule.entry.measure] = min(each, found.get(rule.entry.measure, each))
    return words(found) % tuple(found.values())


def _nobody_asks() -> None:
    return

"""The breaker as a state machine, against a model of what was promised, under any order of events and times."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from quarterdeck.access.routing.config import Breaker as Rules
from quarterdeck.gateway.resilience.breaker import Breaker, State

COOLDOWN_S = 10.0


def breaker(**rules: object) -> Breaker:
    return Breaker(Rules(**{"cooldown_ms": COOLDOWN_S * 1_000, **rules}))  # type: ignore[arg-type]


def test_it_opens_after_so_many_failures_in_a_row_and_a_success_between_starts_anew() -> None:
    one = breaker(failures=3)
    for outcome in (False, False, True, False, False):
        one.succeeded() if outcome else one.failed(0.0)
    assert one.state is State.CLOSED
    one.failed(0.0)
    assert one.state is State.OPEN
    assert not one.allows(COOLDOWN_S - 0.001)
    assert one.allows(COOLDOWN_S)


def test_a_share_of_failures_opens_it_once_there_are_enough_requests() -> None:
    one = breaker(percentage=50.0, minimum=6)
    for _ in range(3):
        one.succeeded()
    one.failed(0.0)
    one.failed(0.0)
    assert one.state is State.CLOSED
    one.failed(0.0)
    assert one.state is State.OPEN


def test_half_open_lets_one_call_through_which_decides() -> None:
    one = breaker(failures=1)
    one.failed(0.0)
    one.asked(COOLDOWN_S)
    assert one.state is State.HALF_OPEN
    assert not one.allows(COOLDOWN_S + 1)
    one.failed(COOLDOWN_S + 2)
    assert one.state is State.OPEN
    assert not one.allows(COOLDOWN_S * 2)
    one.asked(COOLDOWN_S * 2 + 2)
    one.succeeded()
    assert one.state is State.CLOSED
    assert one.allows(COOLDOWN_S * 2 + 2)


def test_a_probe_that_nobody_answers_for_makes_room_for_another() -> None:
    one = breaker(failures=1)
    one.failed(0.0)
    one.asked(COOLDOWN_S)
    assert not one.allows(COOLDOWN_S + 1)
    one.took_no_side()
    assert one.allows(COOLDOWN_S + 1)
    one.asked(COOLDOWN_S + 1)
    assert one.allows(COOLDOWN_S * 2 + 1), "it was lost: its caller left and nobody said so"


class Machine(RuleBasedStateMachine):
    """The model: in a row, when it opened, whether a probe is out."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = breaker(failures=3)
        self.now = 0.0
        self.in_a_row = 0
        self.opened_at: float | None = None
        self.probing = False

    @rule(seconds=st.floats(0, 30, allow_nan=False))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.breaker.allows(self.now))
    @rule(well=st.booleans())
    def a_call_goes(self, well: bool) -> None:
        if self.opened_at is not None:
            self.probing = True
        self.breaker.asked(self.now)
        self.ends(well)

    @rule(well=st.booleans())
    def a_call_from_before_ends(self, well: bool) -> None:
        self.ends(well)

    def ends(self, well: bool) -> None:
        if well:
            self.breaker.succeeded()
            self.in_a_row, self.opened_at, self.probing = 0, None, False
            return
        self.breaker.failed(self.now)
        if self.probing:
            self.opened_at, self.probing = self.now, False
        elif self.opened_at is None:
            self.in_a_row += 1
            if self.in_a_row >= 3:
                self.opened_at = self.now

    @invariant()
    def it_is_open_exactly_when_it_should_be(self) -> None:
        assert (self.breaker.state is State.CLOSED) == (self.opened_at is None)
        if self.opened_at is None:
            assert self.breaker.allows(self.now)
        elif not self.probing:
            assert self.breaker.allows(self.now) == (self.now - self.opened_at >= COOLDOWN_S)


TestBreaker = Machine.TestCase
TestBreaker.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)

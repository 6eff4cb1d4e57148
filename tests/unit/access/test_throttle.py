import pytest

from quarterdeck.access.throttle import FREE_TRIES, MAX_TRACKED, MAX_WAIT_S, Throttle, TooManyTries
from quarterdeck.kernel.clock import FakeClock


def fail(throttle: Throttle, times: int, subject: str = "sam 10.0.0.1") -> None:
    for _ in range(times):
        throttle.failed(subject)


def wait_of(throttle: Throttle, subject: str = "sam 10.0.0.1") -> int:
    with pytest.raises(TooManyTries) as caught:
        throttle.check(subject)
    seconds: int = caught.value.extra["retry_after_s"]
    return seconds


def test_a_few_failures_cost_nothing() -> None:
    throttle = Throttle(FakeClock())
    fail(throttle, FREE_TRIES - 1)
    throttle.check("sam 10.0.0.1")


def test_each_further_failure_doubles_the_wait_up_to_a_limit() -> None:
    throttle = Throttle(FakeClock())
    fail(throttle, FREE_TRIES)
    waits = []
    for _ in range(12):
        waits.append(wait_of(throttle))
        fail(throttle, 1)
    assert waits[:4] == [2, 3, 5, 9]
    assert waits[-1] == MAX_WAIT_S + 1


def test_the_wait_passes() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    fail(throttle, FREE_TRIES)
    clock.advance(1.1)
    throttle.check("sam 10.0.0.1")


def test_success_forgets_and_so_does_an_hour() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    fail(throttle, FREE_TRIES + 3)
    throttle.succeeded("sam 10.0.0.1")
    throttle.check("sam 10.0.0.1")
    fail(throttle, FREE_TRIES + 3)
    clock.advance(3601)
    fail(throttle, 1)
    throttle.check("sam 10.0.0.1")


def test_one_address_does_not_hold_up_another() -> None:
    throttle = Throttle(FakeClock())
    fail(throttle, FREE_TRIES)
    throttle.check("sam 10.0.0.2")


def test_memory_is_bounded() -> None:
    throttle = Throttle(FakeClock())
    for number in range(MAX_TRACKED + 10):
        throttle.failed(str(number))
    assert len(throttle._failures) == MAX_TRACKED

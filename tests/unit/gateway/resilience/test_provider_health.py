"""Health from passive observation: latency, failures, outages, what is forgotten."""

from quarterdeck.gateway.resilience.health import HealthBook, ProviderHealth, TargetHealth
from quarterdeck.gateway.resilience.rates import remaining


def test_a_slow_answer_counts_at_once_and_is_forgotten_slowly() -> None:
    one = TargetHealth(ProviderHealth("p", set()))
    one.first_byte(0.0, 100.0)
    one.first_byte(0.1, 900.0)
    assert one.latency_ms == 900.0
    one.first_byte(0.2, 100.0)
    assert 850 < (one.latency_ms or 0) <= 900
    for second in range(1, 120):
        one.first_byte(float(second), 100.0)
    assert (one.latency_ms or 0) < 110


def test_load_grows_with_whoever_waits_already() -> None:
    one = TargetHealth(ProviderHealth("p", set()))
    assert one.load_ms() is None
    one.first_byte(0.0, 100.0)
    one.busy = 3
    assert one.load_ms() == 400.0


def test_a_percentile_is_told_only_of_enough_calls() -> None:
    one = TargetHealth(ProviderHealth("p", set()))
    for number in range(19):
        one.first_byte(float(number), float(number))
    assert one.percentile_ms(0.95) is None
    for number in range(19, 100):
        one.first_byte(float(number), float(number))
    assert one.percentile_ms(0.95) == 94.0


def test_an_outage_begins_with_its_first_failure_and_ends_with_one_good_answer() -> None:
    outages: set[ProviderHealth] = set()
    one = ProviderHealth("p", outages)
    for number in range(5):
        assert not outages
        one.failed(float(number), "status_503", 1_000 + number)
    assert (one.out, one.since, one.last_error, outages) == (True, 1_000, "status_503", {one})
    one.answered(6.0)
    assert (one.out, one.since, outages) == (False, None, set())


def test_failures_of_long_ago_hardly_count() -> None:
    one = ProviderHealth("p", set())
    one.failed(0.0, "status_500", 1)
    one.answered(1.0)
    assert one.error_rate(1.0) == 0.5
    for _ in range(9):
        one.answered(120.0)
    rate = one.error_rate(120.0)
    assert rate is not None and rate < 0.02
    assert one.error_rate(1_000.0) is None


def test_what_callers_make_up_as_models_does_not_fill_the_memory() -> None:
    book = HealthBook()
    for number in range(10_000):
        book.of("ws", "openai", f"model-{number}")
    assert len(book._targets) <= 4_096
    assert len(book.shown(0.0)) == 1
    for _ in range(5):
        book.providers["ws", "openai"].failed(0.0, "status_503", 1)
    book.keep(set())
    assert (book.shown(0.0), book.outages) == ([], set())


def test_the_nearest_limit_is_what_is_left() -> None:
    assert remaining({}) is None
    headers = {
        b"x-ratelimit-remaining-requests": b"90",
        b"x-ratelimit-limit-requests": b"100",
        b"x-ratelimit-remaining-tokens": b"1000",
        b"x-ratelimit-limit-tokens": b"10000",
    }
    assert remaining(headers) == 0.1
    assert remaining({b"anthropic-ratelimit-requests-remaining": b"soon"}) is None

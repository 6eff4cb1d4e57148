"""Histograms of the model path: what waits to be counted is counted as if it had been at once."""

from quarterdeck.gateway.metrics import Histogram

BOUNDS = (100, 250, 1_000)


def test_a_histogram_counts_each_value_once_under_the_first_bound_that_holds_it() -> None:
    histogram = Histogram(BOUNDS)
    for value in (1_000, 99, 250, 100, 1_001):
        histogram.add(value)
    histogram.count()
    assert histogram.counts == [2, 1, 1, 1]
    for value in (0, 5_000, 101):
        histogram.add(value)
    histogram.count()
    assert histogram.counts == [3, 2, 1, 2]
    assert histogram.total == 2_450 + 5_101
    histogram.count()
    assert sum(histogram.counts) == 8

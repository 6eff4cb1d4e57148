"""Bins of latency: where a duration falls, and what quantiles say of many."""

import random

import pytest

from quarterdeck.ledger import latency
from quarterdeck.ledger.stop_reasons import stop_reason
from store.ledger.ledger_world import record


def test_a_duration_falls_into_the_bin_that_holds_it() -> None:
    for duration in (0, 1, 99, 100, 119, 5_000, 1_234_567, 10**9):
        place = latency.bin_of(duration)
        assert latency.begins(place) <= duration <= latency.begins(place + 1) + 1, duration
    assert latency.bin_of(10**15) == latency.BINS - 1


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_a_quantile_is_right_to_a_tenth_of_itself(share: float) -> None:
    made = random.Random(7)
    durations = sorted(round(made.lognormvariate(13, 1)) for _ in range(5_000))
    bins: latency.Bins = {}
    for each in durations:
        bins[latency.bin_of(each)] = bins.get(latency.bin_of(each), 0) + 1
    true = durations[int(share * len(durations))]
    assert latency.quantile(bins, share) == pytest.approx(true, rel=0.1)


def test_no_call_has_no_quantile() -> None:
    assert latency.quantile({}, 0.5) is None


def test_answers_count_for_who_gave_them_and_failures_and_hits_for_nobody() -> None:
    hit = {"cache": {"status": "hit", "of": "call_1", "saved": 1}}
    rows = latency.add_up([record(), record(outcome="error"), record(extra=hit), record(first_byte=None)])
    counts: dict[tuple[str, str, int], int] = {}
    for _, grain, dim, _, value, measure, _, count in rows:
        if grain == 60:
            counts[dim, value, measure] = counts.get((dim, value, measure), 0) + count
    assert [counts["total", "", measure] for measure in latency.Measure] == [4, 3, 4]
    for whose in (("provider", "openai"), ("model", "gpt-4o-mini"), ("target", "openai/gpt-4o-mini")):
        assert [counts[*whose, measure] for measure in latency.Measure] == [2, 1, 2]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'{"choices":[{"message":{"content":"x"},"finish_reason": "length"}]}', "length"),
        (b'data: {"choices":[{"finish_reason":null}]}\n\ndata: {"choices":[{"finish_reason":"stop"}]}\n\n', "stop"),
        (b'{"content":[],"stop_reason":"end_turn","usage":{}}', "end_turn"),
        (b'{"candidates":[{"finishReason": "MAX_TOKENS"}]}', "MAX_TOKENS"),
        (b'{"choices":[{"message":{"content":"\\"finish_reason\\":\\"stop\\""}}]}', None),
        (b"", None),
    ],
)
def test_why_a_model_stopped_is_read_from_the_end_of_its_answer(answer: bytes, said: str | None) -> None:
    assert stop_reason(record(response_body=answer)) == said


def test_an_answer_of_the_responses_dialect_says_only_why_it_is_incomplete() -> None:
    cut = b'{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}'
    assert stop_reason(record(dialect="openai_responses", response_body=cut)) == "max_output_tokens"
    assert stop_reason(record(dialect="openai_responses", response_body=b'{"incomplete_details":null}')) is None

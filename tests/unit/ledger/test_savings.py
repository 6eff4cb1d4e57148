"""What caches saved, from the prices a call was billed by."""

from typing import Any

import pytest

from quarterdeck.ledger.record import CallRecord, PriceNote, Usage
from quarterdeck.ledger.savings import cache_saved, cache_status, is_hit, prompt_saved

CLAUDE = {
    "input_tokens": 3_000_000_000,
    "cache_read_tokens": 300_000_000,
    "cache_write_5m_tokens": 3_750_000_000,
    "cache_write_1h_tokens": 6_000_000_000,
    "output_tokens": 15_000_000_000,
}


def call(usage: Usage | None = None, units: dict[str, int] | None = None, **extra: Any) -> CallRecord:
    fields: dict[str, Any] = dict.fromkeys(CallRecord.__struct_fields__)
    price = None if units is None else PriceNote("genai-prices", "1", units)
    return CallRecord(**{**fields, "usage": usage, "price": price, "extra": extra})


@pytest.mark.parametrize(
    ("usage", "units", "nano"),
    [
        (Usage(input_total=1_000, cache_read=900), CLAUDE, 900 * 2_700),
        (Usage(input_total=1_000, cache_write_5m=900), CLAUDE, -900 * 750),
        (Usage(input_total=1_000, cache_write_1h=900), CLAUDE, -900 * 3_000),
        (Usage(input_total=1_000, cache_read=500, cache_write_5m=100), CLAUDE, 500 * 2_700 - 100 * 750),
        (Usage(input_total=1_000), CLAUDE, 0),
        (Usage(input_total=1_000, cache_read=900), {"input_tokens": 1_000_000}, 0),
        (Usage(input_total=10, cache_read=9), {"input_tokens per 3": 10_000_000, "cache_read_tokens": 3_000_000}, 3),
        (Usage(input_total=1_000, cache_read=900), None, 0),
        (None, CLAUDE, 0),
    ],
)
def test_a_cached_prompt_saves_the_difference_to_the_inputs_price_less_what_writing_cost(
    usage: Usage | None, units: dict[str, int] | None, nano: int
) -> None:
    assert prompt_saved(call(usage, units)) == nano


def test_a_hit_saves_what_the_answer_had_cost() -> None:
    hit = call(cache={"status": "semantic-hit", "of": "call_1", "saved": 42})
    assert (is_hit(hit), cache_status(hit), cache_saved(hit)) == (True, "semantic-hit", 42)


@pytest.mark.parametrize("extra", [{}, {"cache": {"status": "miss"}}, {"cache": None}, {"cache": {"saved": "much"}}])
def test_whatever_is_no_hit_saves_nothing(extra: dict[str, Any]) -> None:
    record = call(**extra)
    assert not is_hit(record)
    assert cache_saved(record) is None

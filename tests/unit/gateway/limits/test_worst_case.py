"""What a call is held for covers what it costs, and is the same whichever way it is worked out."""

import json
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.gateway.dialects.registry import BY_NAME
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.limits import worst
from quarterdeck.ledger.prices import PriceBook
from quarterdeck.ledger.quotes import Quote
from quarterdeck.ledger.record import Usage

MODELS = [
    ("openai", "gpt-4o-mini", "openai_chat"),
    ("openai", "gpt-5", "openai_responses"),
    ("anthropic", "claude-haiku-4-5", "anthropic"),
    ("gemini", "gemini-2.5-pro", "gemini"),
]
"""With tiers; with dear writes to the cache; with prices that step with the input."""
PLAIN: dict[str, Any] = {"model": "m", "messages": [], "max_tokens": 9, "input": "hi", "contents": []}
MORE: list[dict[str, Any]] = [{}, {"service_tier": "priority"}, {"system": [{"cache_control": {"type": "ephemeral"}}]}]


@cache
def quoted(kind: str, model: str) -> Quote:
    quote = PriceBook().resolve(kind, model)
    assert quote is not None
    return quote


@given(
    st.sampled_from(MODELS),
    st.sampled_from(MORE),
    st.integers(0, 1_000_000),
    st.integers(0, 100_000),
    st.sampled_from([None, "priority", "flex", "batch"]),
    st.booleans(),
)
def test_no_call_costs_more_than_it_was_held_for(
    model: tuple[str, str, str], more: dict[str, Any], read: int, wrote: int, tier: str | None, writes: bool
) -> None:
    kind, name, dialect = model
    quote, body = quoted(kind, name), json.dumps(PLAIN | more).encode()
    draft = cast(Draft, SimpleNamespace(request_body=body, facts=BY_NAME[dialect].read_request(body)))
    held = worst.cost(draft, quote, read, wrote)
    assert held == worst.Price(quote, None, body, read).of(wrote)
    usage = Usage(
        input_total=read,
        output_total=wrote,
        reasoning=wrote // 2,
        cache_write_1h=read if writes and "system" in more else 0,
        service_tier=tier if "service_tier" in more else None,
    )
    assert quote.cost(usage)[0] <= held


def test_a_body_nobody_read_is_held_for_at_the_price_of_its_dearest_tier() -> None:
    quote = quoted("openai", "gpt-4o-mini")
    asked, plain = b'{"service_tier":"priority"}', b"{}"
    drafts = [cast(Draft, SimpleNamespace(request_body=body, facts=None)) for body in (asked, plain)]
    assert worst.cost(drafts[0], quote, 1_000, 1_000) > worst.cost(drafts[1], quote, 1_000, 1_000)

"""Usage as each provider spells it, in the ledger's one form."""

from typing import Any

import msgspec
import pytest

from quarterdeck.gateway.dialects.openai_chat.wire import DIALECT
from quarterdeck.gateway.dialects.usage import from_anthropic, from_openai, reported_cost
from quarterdeck.ledger.record import Usage

PLAIN = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (PLAIN, Usage(input_total=100, output_total=20)),
        (
            {**PLAIN, "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30, "audio_tokens": 5}},
            Usage(input_total=100, output_total=20, cache_read=60, cache_write_5m=30, audio_in=5),
        ),
        (
            {**PLAIN, "completion_tokens_details": {"reasoning_tokens": 8, "audio_tokens": 2}},
            Usage(input_total=100, output_total=20, reasoning=8, audio_out=2),
        ),
        # DeepSeek
        ({**PLAIN, "prompt_cache_hit_tokens": 64}, Usage(input_total=100, output_total=20, cache_read=64)),
        # Moonshot
        ({**PLAIN, "cached_tokens": 64}, Usage(input_total=100, output_total=20, cache_read=64)),
        # xAI counts reasoning beside completion
        (
            {**PLAIN, "total_tokens": 150, "completion_tokens_details": {"reasoning_tokens": 30}},
            Usage(input_total=100, output_total=50, reasoning=30),
        ),
        # Perplexity
        (
            {**PLAIN, "num_search_queries": 3},
            Usage(input_total=100, output_total=20, server_tools={"web_search_requests": 3}),
        ),
        # OpenRouter
        (
            {**PLAIN, "server_tool_use": {"web_search_requests": 2}},
            Usage(input_total=100, output_total=20, server_tools={"web_search_requests": 2}),
        ),
        ({"prompt_tokens": -4, "completion_tokens": "x", "prompt_tokens_details": 7}, Usage()),
        (None, None),
        ({}, None),
        ("many", None),
    ],
)
def test_openai_like_usage(told: Any, expected: Usage | None) -> None:
    assert from_openai(told) == expected
    answer = {"model": "m", "usage": told, "choices": [{"finish_reason": "stop"}], "service_tier": "flex"}
    facts = DIALECT.read_answer(msgspec.json.encode(answer))
    assert facts == DIALECT.read_any_answer(msgspec.json.encode(answer))
    assert facts.stop == "stop"


@pytest.mark.parametrize(
    "odd",
    [
        {"error": {"message": "no"}},
        {"model": None},
        {"choices": None},
        {"choices": []},
        {"choices": [{"finish_reason": 3}]},
        {"service_tier": 3},
        {"usage": {**PLAIN, "prompt_tokens": 1 << 60}},
        {"usage": {**PLAIN, "prompt_tokens": 2.0, "prompt_tokens_details": None}},
        {"usage": {**PLAIN, "cost": 0.5}},
    ],
)
def test_an_odd_answer_is_read_field_by_field(odd: dict[str, Any]) -> None:
    body = msgspec.json.encode({"model": "m", "usage": PLAIN, "choices": [{"finish_reason": "stop"}], **odd})
    assert DIALECT.read_answer(body) == DIALECT.read_any_answer(body)


@pytest.mark.parametrize(
    ("tier", "kept"),
    [("default", None), ("on_demand", None), ("flex", "flex"), ("priority", "priority"), (None, None), (3, None)],
)
def test_only_a_tier_with_its_own_price_is_kept(tier: Any, kept: str | None) -> None:
    counted = from_openai(PLAIN, service_tier=tier)
    assert counted is not None
    assert counted.service_tier == kept


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            {"input_tokens": 10, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 50, "output_tokens": 5},
            Usage(input_total=160, cache_read=100, cache_write_5m=50, output_total=5),
        ),
        (
            {
                "input_tokens": 10,
                "cache_creation_input_tokens": 50,
                "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
            },
            Usage(input_total=60, cache_write_5m=20, cache_write_1h=30),
        ),
        # A stream's last total is more than its first breakdown: the rest is of the kind in use.
        (
            {"cache_creation_input_tokens": 70, "cache_creation": {"ephemeral_1h_input_tokens": 30}},
            Usage(input_total=70, cache_write_1h=70),
        ),
        (
            {
                "input_tokens": 1,
                "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
                "service_tier": "batch",
            },
            Usage(input_total=1, server_tools={"web_search_requests": 2}, service_tier="batch"),
        ),
        (
            {"input_tokens": 1, "output_tokens_details": {"thinking_tokens": 4}, "speed": "fast"},
            Usage(input_total=1, reasoning=4, service_tier="fast"),
        ),
        (None, None),
    ],
)
def test_anthropic_usage(told: Any, expected: Usage | None) -> None:
    assert from_anthropic(told) == expected


@pytest.mark.parametrize(
    ("told", "nano"),
    [
        ({"cost": 0.000123}, 123_000),
        ({"cost": 1.5e-9}, 2),
        ({"cost": 0}, 0),
        ({"cost": "0.1"}, 100_000_000),
        ({"cost": -1}, None),
        ({"cost": "x"}, None),
        ({"cost": float("nan")}, None),
        ({"cost": True}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_cost_the_provider_names_is_kept_in_nano_dollars(told: Any, nano: int | None) -> None:
    assert reported_cost(told) == nano

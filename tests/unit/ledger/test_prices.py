"""Costs are those of genai-prices, to the nano-dollar, and what has no price says so."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.data_units import unit_data
from genai_prices.types import TieredPrices
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.kernel.clock import DAY, HOUR, SECOND, parse_iso
from quarterdeck.ledger.prices import MISSING, PriceBook
from quarterdeck.ledger.quotes import MEASURED
from quarterdeck.ledger.record import Usage

NOW = parse_iso("2026-11-23T12:00:00Z")


@dataclass(frozen=True)
class Row:
    """An override."""

    provider: str
    model: str
    valid_from: int
    units: dict[str, int]


def corpus() -> Path:
    named = os.environ.get("QUARTERDECK_CORPUS")
    return Path(named) if named else Path(__file__).parents[4] / "shared" / "corpus"


def rows(provider: str) -> list[dict[str, Any]]:
    found = []
    for kind in ("json", "stream"):
        path = corpus() / "provider_traffic" / f"{provider}.{kind}.jsonl"
        if path.exists():
            found += [json.loads(line) for line in path.read_text().splitlines()]
    return found


def answers(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The JSON objects of an answer that may carry usage: the body, or each event of a stream."""
    if row["response_kind"] == "json":
        return [row["response"]]
    if row["response_kind"] != "text":
        return []
    found = []
    for line in row["response"].splitlines():
        if line.startswith("data:") and line[5:].strip() not in ("", "[DONE]"):
            event = json.loads(line[5:])
            found += [event, event.get("response"), event.get("message")]
    return [each for each in found if isinstance(each, dict)]


def independent_usage(provider: str, answer: dict[str, Any]) -> genai_prices.types.ExtractedUsage | None:
    for flavor in ("default", "chat", "responses", "embeddings", "tokens"):
        try:
            found = genai_prices.extract_usage(answer, provider_id=provider, api_flavor=flavor)
        except (ValueError, LookupError):
            continue
        if found.model is not None:
            return found
    return None


def ours(usage: genai_prices.Usage, tier: str | None = None) -> Usage:
    values = usage._reported_values()
    short = values.get("cache_write_5m_tokens", 0)
    long = values.get("cache_write_1h_tokens", 0)
    return Usage(
        input_total=values.get("input_tokens", 0),
        cache_read=values.get("cache_read_tokens", 0),
        cache_write_5m=short + max(0, values.get("cache_write_tokens", 0) - short - long),
        cache_write_1h=long,
        output_total=values.get("output_tokens", 0),
        reasoning=values.get("output_reasoning_tokens", 0),
        audio_in=values.get("input_audio_tokens", 0),
        audio_out=values.get("output_audio_tokens", 0),
        cache_audio_read=values.get("cache_audio_read_tokens", 0),
        server_tools={"web_search_requests": values["web_searches"]} if values.get("web_searches") else {},
        service_tier=tier,
    )


def theirs(usage: Usage) -> genai_prices.Usage:
    values = {
        "input_tokens": usage.input_total,
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "cache_write_5m_tokens": usage.cache_write_5m,
        "cache_write_1h_tokens": usage.cache_write_1h,
        "output_tokens": usage.output_total,
        "output_reasoning_tokens": usage.reasoning,
        "input_audio_tokens": usage.audio_in,
        "output_audio_tokens": usage.audio_out,
        "cache_audio_read_tokens": usage.cache_audio_read,
        "web_searches": usage.server_tools.get("web_search_requests", 0),
        "storage_searches": usage.server_tools.get("file_search_requests", 0),
    }
    return genai_prices.Usage(**values)


def nano(dollars: Decimal) -> int:
    return int(dollars.scaleb(9).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / SECOND, UTC)


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook()


@pytest.mark.parametrize(
    ("provider", "least"),
    [("openai", 120), ("anthropic", 150), ("deepseek", 5), ("groq", 5), ("cerebras", 3), ("openrouter", 1)],
)
def test_recorded_answers_cost_what_genai_prices_says(book: PriceBook, provider: str, least: int) -> None:
    compared = 0
    for row in rows(provider):
        for answer in answers(row):
            found = independent_usage(provider, answer)
            if found is None or found.model is None:
                continue
            expected = found.calc_price(genai_request_timestamp=moment(NOW))
            quote = book.resolve(provider, answer["model"], NOW)
            assert quote is not None, answer["model"]
            cost, note = quote.cost(ours(found.usage))
            assert cost == nano(expected.total_price), row["id"]
            assert note.source == "genai-prices"
            compared += 1
    assert compared >= least


PRICED = sorted(
    (provider.id, model.id)
    for provider in get_snapshot().providers
    for model in provider.models
    if provider.id not in {"openrouter", "cloudflare"}
)


def counts(draw: st.DrawFn) -> Usage:
    parts = [draw(st.integers(0, 300_000)) for _ in range(5)]
    cached_audio = draw(st.integers(0, 1_000))
    outs = [draw(st.integers(0, 60_000)) for _ in range(3)]
    return Usage(
        input_total=sum(parts) + cached_audio,
        cache_read=parts[0] + cached_audio,
        cache_write_5m=parts[1],
        cache_write_1h=parts[2],
        audio_in=parts[3] + cached_audio,
        cache_audio_read=cached_audio,
        output_total=sum(outs),
        reasoning=outs[0],
        audio_out=outs[1],
        server_tools=draw(
            st.sampled_from([{}, {"web_search_requests": 3}, {"file_search_requests": 2, "unheard_of": 1}])
        ),
    )


usages = st.composite(counts)()


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PRICED), usages, st.integers(parse_iso("2024-01-01T00:00:00Z") // HOUR, NOW // HOUR))
def test_any_usage_of_any_model_at_any_hour_costs_what_genai_prices_says(
    model: tuple[str, str], usage: Usage, hour: int
) -> None:
    book, at = PriceBook(), hour * HOUR
    quote = book.resolve(*model, at)
    try:
        expected = genai_prices.calc_price(
            theirs(usage), model[1], provider_id=model[0], genai_request_timestamp=moment(at)
        )
    except LookupError:
        assert quote is None  # an id of the table that its own patterns do not match
        return
    if quote is None:
        assert not set(vars(expected.model_price)) & {"input_mtok", "output_mtok"}
    else:
        assert quote.cost(usage)[0] == nano(expected.total_price)


@pytest.mark.parametrize(
    ("provider", "model", "tier", "context"),
    [
        ("openai", "gpt-4o-mini", "priority", {"service_tier": "priority"}),
        ("openai", "gpt-4o-mini", "batch", {"processing": "batch"}),
        ("openai", "gpt-5", "flex", {"service_tier": "flex"}),
        ("anthropic", "claude-sonnet-4-5", "batch", {"processing": "batch"}),
    ],
)
def test_a_service_tier_has_its_own_price(
    book: PriceBook, provider: str, model: str, tier: str, context: dict[str, str]
) -> None:
    usage = Usage(input_total=10_000, cache_read=4_000, output_total=900, service_tier=tier)
    expected = genai_prices.calc_price(
        theirs(usage), model, provider_id=provider, genai_request_timestamp=moment(NOW), price_context=context
    )
    quote = book.resolve(provider, model, NOW)
    assert quote is not None
    assert quote.cost(usage)[0] == nano(expected.total_price)
    assert quote.cost(usage)[0] != quote.cost(Usage(input_total=10_000, cache_read=4_000, output_total=900))[0]


def test_a_long_input_is_priced_by_its_step(book: PriceBook) -> None:
    provider, model = next(
        (provider.id, model.id)
        for provider in get_snapshot().providers
        for model in provider.models
        if isinstance(getattr(model.prices, "input_mtok", None), TieredPrices)
    )
    quote = book.resolve(provider, model, NOW)
    assert quote is not None
    for size in (0, 1, 200_000, 200_001, 272_000, 272_001, 900_000):
        usage = Usage(input_total=size, output_total=10)
        expected = genai_prices.calc_price(
            theirs(usage), model, provider_id=provider, genai_request_timestamp=moment(NOW)
        )
        assert quote.cost(usage)[0] == nano(expected.total_price)


def test_a_price_keeps_what_it_was_made_of(book: PriceBook) -> None:
    quote = book.resolve("openai", "gpt-4o-mini", NOW)
    assert quote is not None
    cost, note = quote.cost(Usage(input_total=1_000, cache_read=400, output_total=10))
    assert cost == 600 * 150 + 400 * 75 + 10 * 600
    assert note.units["input_tokens"] == 150_000_000
    assert note.units["cache_read_tokens"] == 75_000_000
    assert note.version == book.version


def test_an_unknown_model_has_no_price(book: PriceBook) -> None:
    assert book.resolve("openai", "nobody-knows-this", NOW) is None
    assert book.resolve("openai-compatible", "gpt-4o-mini", NOW) is None
    assert book.resolve("no-such-kind", "gpt-4o-mini", NOW) is None


def test_a_model_that_is_not_billed_by_tokens_has_no_price(book: PriceBook) -> None:
    assert book.resolve("openai", "whisper-1", NOW) is None


def test_the_sandbox_is_priced_as_the_models_it_plays(book: PriceBook) -> None:
    played, real = (
        book.resolve("sandbox", "claude-sonnet-4-5", NOW),
        book.resolve("anthropic", "claude-sonnet-4-5", NOW),
    )
    assert played is not None
    assert real is not None
    assert played.units == real.units
    assert book.resolve("sandbox", "sandbox-echo", NOW) is None


def test_a_lookup_is_remembered_and_told_apart_from_no_price() -> None:
    book = PriceBook()
    assert book.cached("openai", "gpt-4o-mini", NOW) is MISSING
    assert book.cached("openai", "nobody-knows-this", NOW) is MISSING
    quote = book.resolve("openai", "gpt-4o-mini", NOW)
    book.resolve("openai", "nobody-knows-this", NOW)
    assert book.cached("openai", "gpt-4o-mini", NOW) is quote
    assert book.cached("openai", "nobody-knows-this", NOW) is None


def test_a_price_that_changes_by_the_hour_is_looked_up_anew() -> None:
    book = PriceBook()
    night, day = parse_iso("2025-05-01T17:00:00Z"), parse_iso("2025-05-01T12:00:00Z")
    cheap = book.resolve("deepseek", "deepseek-chat", night)
    assert cheap is not None
    assert book.cached("deepseek", "deepseek-chat", day) is MISSING
    dear = book.resolve("deepseek", "deepseek-chat", day)
    assert dear is not None
    for at, quote in ((night, cheap), (day, dear)):
        usage = Usage(input_total=10_000, output_total=500)
        expected = genai_prices.calc_price(
            theirs(usage), "deepseek-chat", provider_id="deepseek", genai_request_timestamp=moment(at)
        )
        assert quote.cost(usage)[0] == nano(expected.total_price)


def test_an_override_wins_from_its_day_on() -> None:
    row = Row("openai", "gpt-4o*", NOW, {"input_tokens": 7_000_000, "output_tokens": 11_000_000})
    book = PriceBook([row])
    usage = Usage(input_total=1_000, cache_read=900, output_total=1)
    before, after = book.resolve("openai", "gpt-4o-mini", NOW - 1), book.resolve("openai", "gpt-4o-mini", NOW)
    assert before is not None
    assert after is not None
    assert before.source == "genai-prices"
    assert after.cost(usage)[0] == 7_000 + 11
    assert after.cost(usage)[1].source == "override"


def test_the_newest_override_that_has_begun_wins() -> None:
    book = PriceBook([Row("*", "m", NOW - DAY, {"input_tokens": 1}), Row("*", "m", NOW, {"input_tokens": 2_000_000})])
    quote = book.resolve("openai-compatible", "m", NOW)
    assert quote is not None
    assert quote.cost(Usage(input_total=3))[0] == 6


def test_an_override_may_name_the_configured_provider() -> None:
    book = PriceBook([Row("our-vllm", "*", 0, {"input_tokens": 1_000_000})])
    assert book.resolve("openai-compatible", "llama", NOW) is None
    quote = book.resolve("openai-compatible", "llama", NOW, provider="our-vllm")
    assert quote is not None
    assert quote.cost(Usage(input_total=5))[0] == 5


def test_replacing_overrides_forgets_what_was_looked_up() -> None:
    book = PriceBook()
    book.resolve("openai", "gpt-4o-mini", NOW)
    book.override([Row("openai", "*", 0, {"input_tokens": 1})])
    assert book.cached("openai", "gpt-4o-mini", NOW) is MISSING


def test_a_cached_price_ends_where_a_coming_override_begins() -> None:
    book = PriceBook([Row("openai", "*", NOW + HOUR, {"input_tokens": 1})])
    book.resolve("openai", "gpt-4o-mini", NOW)
    assert book.cached("openai", "gpt-4o-mini", NOW + HOUR - 1) is not MISSING
    assert book.cached("openai", "gpt-4o-mini", NOW + HOUR) is MISSING


def test_counts_that_contradict_each_other_never_make_a_cost_negative(book: PriceBook) -> None:
    quote = book.resolve("openai", "gpt-4o-mini", NOW)
    assert quote is not None
    assert quote.cost(Usage(input_total=10, cache_read=400, output_total=0))[0] == 400 * 75
    assert quote.cost(Usage(input_total=0, output_total=0, reasoning=99, audio_out=50))[0] >= 0


def test_every_cost_is_rounded_once_half_to_even() -> None:
    book = PriceBook([Row("*", "*", 0, {"input_tokens": 500_000})])
    quote = book.resolve("openai", "m", NOW)
    assert quote is not None
    assert [quote.cost(Usage(input_total=n))[0] for n in (1, 2, 3, 4, 5)] == [0, 1, 2, 2, 2]


def test_it_says_which_models_a_kind_of_provider_serves(book: PriceBook) -> None:
    offers = {offer.id: offer for offer in book.models("openai")}
    assert offers["gpt-4o-mini"].context_window == 128_000
    assert (offers["gpt-4o-mini"].units or {})["input_tokens"] == 150_000_000
    assert book.models("openai-compatible") == []
    assert book.knows("openai", "gpt-4o-mini-2024-07-18")
    assert not book.knows("openai", "claude-sonnet-4-5")


def test_every_unit_it_can_measure_exists_in_the_table() -> None:
    assert set(unit_data) >= MEASURED

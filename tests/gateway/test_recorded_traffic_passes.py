"""Every recorded OpenAI and Anthropic exchange, played through the gateway: same bytes both ways, true price."""

from collections.abc import AsyncIterator
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import genai_prices
import httpx
import msgspec
import pytest
from gateway_world import KEY, Gateway, gateway_running
from recorded_traffic import Row, corpus_dir, rows

from quarterdeck.ledger.record import CallRecord
from quarterdeck.sandbox.replay import body_of

FILES = ("openai.json", "openai.stream", "anthropic.json", "anthropic.stream")
EXCHANGES = [(name, row) for name in FILES for row in rows(name)]
BATCH = 50
_USAGE_FIELDS = {
    "input_tokens": lambda usage: usage.input_total,
    "cache_read_tokens": lambda usage: usage.cache_read,
    "output_tokens": lambda usage: usage.output_total,
}

pytestmark = pytest.mark.skipif(not EXCHANGES, reason="the recorded traffic is not beside this repository")


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway_running(tmp_path, corpus=corpus_dir() / "provider_traffic") as made:
        yield made


async def exchange(gateway: Gateway, name: str, row: Row, body: bytes, **more: str) -> httpx.Response:
    script = {"replay": {"file": f"{name}.jsonl", "id": row.id}}
    headers = more | ({"anthropic-version": "2023-06-01"} if name.startswith("anthropic") else {})
    return await gateway.post(row.path, body, key=KEY, script=script, **headers)


@pytest.mark.parametrize("start", range(0, len(EXCHANGES), BATCH))
async def test_recorded_exchanges_pass_unchanged_and_cost_what_they_cost(gateway: Gateway, start: int) -> None:
    """In batches, because starting a gateway takes longer than a hundred calls."""
    for number, (name, row) in enumerate(EXCHANGES[start : start + BATCH], 1):
        body = msgspec.json.encode(row.request)
        answer = await exchange(gateway, name, row, body)
        wire = body_of({"response_kind": row.kind, "response": row.answer})
        assert answer.status_code == row.status
        record = await gateway.record(number)
        assert record.response_body == wire, row
        if _asks_usage_itself(row):
            assert gateway.seen[-1].body == body, row
            assert answer.content == wire, row
        else:
            _check_only_usage_was_added(gateway.seen[-1].body, row.request)
        assert record.request_body == body, row
        assert record.outcome == "ok", (row, record.error_message)
        if not row.path.endswith("count_tokens"):
            _check_price(name, row, record)


@pytest.mark.parametrize("name", FILES)
async def test_the_cache_gives_recorded_answers_again_byte_for_byte(gateway: Gateway, name: str) -> None:
    """The first of each file: what a caller got is what the next one gets, streams and their ends included."""
    for row in [row for row in rows(name) if row.status == 200][:12]:
        # A field of ours keeps requests apart that differ only in what models do not see.
        body = msgspec.json.encode({**row.request, "x_row": row.id})
        first, second = [await exchange(gateway, name, row, body, **{"x-portkey-cache": "simple"}) for _ in range(2)]
        assert first.headers["x-quarterdeck-cache"] == "miss", row
        if row.request.get("background") or row.request.get("conversation"):
            continue
        assert second.headers["x-quarterdeck-cache"] == "hit", row
        assert second.content == first.content, row


def _asks_usage_itself(row: Row) -> bool:
    """Whether the request passes without our asking for usage on top."""
    if not row.path.endswith("chat/completions") or not row.request.get("stream"):
        return True
    return bool((row.request.get("stream_options") or {}).get("include_usage"))


def _check_only_usage_was_added(sent: bytes, request: dict[str, Any]) -> None:
    options = {**(request.get("stream_options") or {}), "include_usage": True}
    assert msgspec.json.decode(sent) == {**request, "stream_options": options}


def _check_price(name: str, row: Row, record: CallRecord) -> None:
    """Against genai-prices' own reading of the provider's answer, which shares no code with ours."""
    provider = name.partition(".")[0]
    flavor = {"/v1/chat/completions": "chat", "/v1/responses": "responses", "/v1/embeddings": "embeddings"}
    final = row.answer if row.kind == "json" else _final_answer(provider, row.answer)
    if final is None:
        assert record.usage_source == "estimated", row
        return
    extracted = genai_prices.extract_usage(final, provider_id=provider, api_flavor=flavor.get(row.path, "default"))
    assert record.usage_source == "provider", row
    assert record.usage is not None
    for field, read in _USAGE_FIELDS.items():
        expected = getattr(extracted.usage, field)
        if expected is not None:
            assert read(record.usage) == expected, (row, field)
    try:
        expected_price = extracted.calc_price()
    except (LookupError, ValueError):
        assert record.cost is None, row
        return
    nano = (expected_price.total_price * Decimal(10**9)).to_integral_value(ROUND_HALF_EVEN)
    assert record.cost == int(nano), row


def _final_answer(provider: str, stream: str) -> dict[str, Any] | None:
    """The event or events of a stream that carry its usage, as a whole answer would; None when none does."""
    events = [
        msgspec.json.decode(line[5:].strip())
        for line in stream.splitlines()
        if line.startswith("data:") and line[5:].strip() != "[DONE]"
    ]
    if provider == "anthropic":
        started = next(event["message"] for event in events if event["type"] == "message_start")
        usage = dict(started["usage"])
        for event in events:
            if event["type"] == "message_delta":
                usage |= {key: value for key, value in (event.get("usage") or {}).items() if value is not None}
        return {**started, "usage": usage}
    for event in reversed(events):
        response = event.get("response", event)
        if response.get("usage"):
            return dict(response)
    return None

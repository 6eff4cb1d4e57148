"""Recorded OpenAI and Anthropic traffic through the same-dialect path: right usage, untouched bytes."""

import itertools
import json
import random
from typing import Any

import genai_prices
import pytest
from recorded_traffic import Row, rows

from quarterdeck.gateway.dialects.base import Dialect, StreamReader
from quarterdeck.gateway.dialects.registry import BY_NAME
from quarterdeck.ledger.record import Usage

BY_PATH = {
    "/v1/chat/completions": ("openai_chat", "chat"),
    "/openai/v1/chat/completions": ("openai_chat", "chat"),
    "/api/v1/chat/completions": ("openai_chat", "chat"),
    "/chat/completions": ("openai_chat", "chat"),
    "/v1/responses": ("openai_responses", "responses"),
    "/openai/v1/responses": ("openai_responses", "responses"),
    "/responses": ("openai_responses", "responses"),
    "/v1/embeddings": ("openai_embeddings", "embeddings"),
    "/v1/messages": ("anthropic", "default"),
    "/v1/messages/count_tokens": ("anthropic_count_tokens", "default"),
}
LIKES = ("openai", "anthropic", "deepseek", "groq", "cerebras", "mistral", "openrouter", "bedrock_mantle")


def dialect_of(row: Row) -> Dialect:
    return BY_NAME[BY_PATH[row.path][0]]


def of(kind: str, *names: str) -> list[Any]:
    return [pytest.param(name, row, id=f"{name}-{row.id}") for name in names for row in rows(f"{name}.{kind}")]


def dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def independent_usage(answer: Any, dialect: str) -> Usage | None:
    """Straight from the field names of the providers' documentation, sharing no code with what is tested."""
    told = answer.get("usage")
    if not told:
        return None
    if dialect == "anthropic":
        ages = told.get("cache_creation") or {}
        read, written = told.get("cache_read_input_tokens") or 0, told.get("cache_creation_input_tokens") or 0
        long = ages.get("ephemeral_1h_input_tokens") or 0
        used = {name: n for name, n in (told.get("server_tool_use") or {}).items() if n}
        return Usage(
            input_total=told["input_tokens"] + read + written,
            cache_read=read,
            cache_write_5m=written - long,
            cache_write_1h=long,
            output_total=told["output_tokens"],
            reasoning=(told.get("output_tokens_details") or {}).get("thinking_tokens") or 0,
            server_tools=used,
        )
    read = told.get("prompt_tokens_details") or told.get("input_tokens_details") or {}
    wrote = told.get("completion_tokens_details") or told.get("output_tokens_details") or {}
    kinds = {"web_search_call": "web_search_items", "code_interpreter_call": "code_interpreter_items"}
    tools: dict[str, int] = {}
    for item in answer.get("output") or []:
        if item["type"] in kinds and (item.get("action") or {}).get("type", "search") == "search":
            tools[kinds[item["type"]]] = tools.get(kinds[item["type"]], 0) + 1
    return Usage(
        input_total=told.get("prompt_tokens", told.get("input_tokens", 0)),
        cache_read=read.get("cached_tokens") or 0,
        cache_write_5m=read.get("cache_write_tokens") or 0,
        output_total=told.get("completion_tokens", told.get("output_tokens", 0)),
        reasoning=wrote.get("reasoning_tokens") or 0,
        audio_in=read.get("audio_tokens") or 0,
        audio_out=wrote.get("audio_tokens") or 0,
        server_tools=tools,
    )


def final_answer(text: str, dialect: str) -> dict[str, Any]:
    """What a stream's events add up to, as far as usage is concerned."""
    found = [
        json.loads(line[5:])
        for line in text.splitlines()
        if line.startswith("data:") and line[5:].strip() not in ("", "[DONE]")
    ]
    if dialect == "openai_responses":
        return next(event["response"] for event in reversed(found) if "response" in event)
    if dialect == "openai_chat":
        return next(event for event in reversed(found) if event.get("usage"))
    told: dict[str, Any] = {}
    for event in found:
        told.update((event.get("message") or {}).get("usage") or event.get("usage") or {})
    return {"usage": told}


@pytest.mark.parametrize(("provider", "row"), of("json", *LIKES))
def test_usage_of_an_answer_is_the_providers_own(provider: str, row: Row) -> None:
    dialect = dialect_of(row)
    facts = dialect.read_answer(dumps(row.answer))
    if dialect.name == "anthropic_count_tokens":
        assert facts.usage == Usage()
        return
    assert facts.usage == independent_usage(row.answer, dialect.name)
    assert facts.model == row.answer["model"]
    assert facts.error is None


@pytest.mark.parametrize(("provider", "row"), of("json", "openai", "anthropic"))
def test_usage_of_an_answer_agrees_with_genai_prices(provider: str, row: Row) -> None:
    dialect = dialect_of(row)
    if dialect.name == "anthropic_count_tokens":
        return
    theirs = genai_prices.extract_usage(row.answer, provider_id=provider, api_flavor=BY_PATH[row.path][1]).usage
    ours = dialect.read_answer(dumps(row.answer)).usage
    assert ours is not None
    assert ours.input_total == theirs.input_tokens
    assert ours.output_total == (theirs.output_tokens or 0)
    assert ours.cache_read == (theirs.cache_read_tokens or 0)
    assert ours.cache_write_5m + ours.cache_write_1h == (theirs.cache_write_tokens or 0)


@pytest.mark.parametrize(("provider", "row"), of("error", "openai", "anthropic", "groq"))
def test_the_words_of_an_error_are_read_and_it_has_no_usage(provider: str, row: Row) -> None:
    facts = dialect_of(row).read_answer(dumps(row.answer))
    assert facts.error == row.answer["error"]["message"]
    assert facts.usage is None


@pytest.mark.parametrize(("provider", "row"), of("json", *LIKES) + of("stream", *LIKES))
def test_a_recorded_request_is_understood_and_patched_in_one_place_only(provider: str, row: Row) -> None:
    dialect = dialect_of(row)
    body = dumps(row.request)
    facts = dialect.read_request(body)
    assert facts.model == row.request["model"]
    assert facts.stream is bool(row.request.get("stream"))
    patched = dialect.patch(body, model='an "other" model')
    assert json.loads(patched) == {**row.request, "model": 'an "other" model'}
    before, after = dumps(facts.model), dumps('an "other" model')
    assert patched.replace(after, before, 1) == body


STREAMS = of("stream", "openai", "anthropic", "deepseek")


def read_in(reader: StreamReader, data: bytes, cuts: list[int]) -> bytes:
    edges = [0, *cuts, len(data)]
    shown = [reader.feed(data[a:b]) for a, b in itertools.pairwise(edges)]
    return b"".join(shown) + reader.end()


@pytest.mark.parametrize(("provider", "row"), STREAMS)
def test_a_recorded_stream_gives_the_same_usage_and_bytes_however_it_is_cut(provider: str, row: Row) -> None:
    dialect = dialect_of(row)
    data = row.answer.encode()
    expected = independent_usage(final_answer(row.answer, dialect.name), dialect.name)
    chance = random.Random(row.id)
    cuttings = [[], list(range(1, len(data))), sorted(chance.sample(range(1, len(data)), 20))]
    for cuts in cuttings:
        reader = dialect.reader()
        assert read_in(reader, data, cuts) == data
        assert reader.usage == expected
        assert reader.finished
        assert reader.content_seen
        assert reader.error is None
        assert reader.model
        assert reader.stop


@pytest.mark.parametrize(("provider", "row"), STREAMS)
def test_a_chunk_that_is_relayed_is_the_very_object_that_came(provider: str, row: Row) -> None:
    data = row.answer.encode()
    reader = dialect_of(row).reader()
    for at in range(0, len(data), 1000):
        chunk = data[at : at + 1000]
        assert reader.feed(chunk) is chunk


@pytest.mark.parametrize(("provider", "row"), [p for p in of("stream", "openai") if "chat" in p.values[1].path])
def test_a_client_that_did_not_ask_for_usage_misses_that_chunk_and_no_other(provider: str, row: Row) -> None:
    data = row.answer.encode()
    pieces = data.split(b"\n\n")
    wanted = b"\n\n".join(piece for piece in pieces if b'"choices":[]' not in piece)
    assert wanted != data
    chance = random.Random(row.id)
    for cuts in ([], list(range(1, len(data))), sorted(chance.sample(range(1, len(data)), 20))):
        reader = dialect_of(row).reader(withhold_usage=True)
        assert read_in(reader, data, cuts) == wanted
        assert reader.usage is not None
        assert reader.finished

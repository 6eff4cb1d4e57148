"""One model call through the whole gateway: what passes, what is recorded, what it cost."""

import msgspec
import pytest
from gateway_world import KEY, RUN_KEY, Gateway, key_entry

from quarterdeck.access.snapshot import ProviderEntry
from quarterdeck.ledger import intake
from quarterdeck.ledger.intake import BodyForm
from quarterdeck.ledger.record import CallRecord, encode

ASK = [{"role": "user", "content": "Hello"}]
USAGE = {"input": 1200, "output": 300, "cache_read": 1000}


async def test_it_answers_with_the_providers_bytes_and_the_calls_cost(gateway: Gateway) -> None:
    answer = await gateway.chat(script={"text": "Hi.", "usage": USAGE})
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == "Hi."
    # 200 input at $0.15, 1000 cached at $0.075, 300 output at $0.60 a million tokens.
    assert answer.headers["x-quarterdeck-cost-usd"] == "0.000285000"
    assert answer.headers["x-quarterdeck-provider"] == "openai"
    assert answer.headers["x-quarterdeck-attempts"] == "1"
    record = await gateway.record()
    assert record.id == answer.headers["x-quarterdeck-call-id"]
    assert record.response_body == answer.content
    assert (record.cost, record.usage_source, record.outcome) == (285_000, "provider", "ok")
    assert record.price is not None
    assert record.price.source == "genai-prices"


async def test_the_request_reaches_the_provider_byte_for_byte(gateway: Gateway) -> None:
    body = b'{ "model":"gpt-4o-mini",\n "messages" : [{"role":"user","content":"\\u00e9 \xc3\xa9"}], "x_new": 1.0 }'
    await gateway.post("/v1/chat/completions", body)
    (seen,) = gateway.seen
    assert seen.body == body
    assert (await gateway.record()).request_body == body


async def test_the_providers_key_replaces_the_callers(gateway: Gateway) -> None:
    await gateway.post("/v1/chat/completions", {"model": "gpt-4o-mini", "messages": ASK}, cookie="a=b")
    (seen,) = gateway.seen
    headers = dict(seen.headers)
    assert headers[b"authorization"] == b"Bearer sk-upstream"
    assert b"cookie" not in headers
    record = await gateway.record()
    assert KEY not in repr(record)
    assert "sk-upstream" not in repr(record)


async def test_a_model_written_with_its_provider_is_sent_plain(gateway: Gateway) -> None:
    for written in ("openai/gpt-4o-mini", "@openai/gpt-4o-mini"):
        answer = await gateway.chat(model=written)
        assert answer.status_code == 200
    assert {msgspec.json.decode(seen.body)["model"] for seen in gateway.seen} == {"gpt-4o-mini"}
    assert (await gateway.record(2)).model_asked == "@openai/gpt-4o-mini"


async def test_a_run_key_joins_the_call_to_its_run_and_task(gateway: Gateway) -> None:
    answer = await gateway.post("/v1/chat/completions", {"model": "gpt-4o-mini", "messages": ASK}, key=RUN_KEY)
    assert answer.headers["x-quarterdeck-run"] == "run_1"
    record = await gateway.record()
    assert (record.run_id, record.task_id, record.attribution) == ("run_1", "tsk_1", "run_key")


async def test_anthropic_messages_and_token_counts_pass(gateway: Gateway) -> None:
    body = {"model": "claude-haiku-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"anthropic-version": "2023-06-01"}
    usage = {"input": 4000, "output": 10, "cache_read": 1000, "cache_write_5m": 2000}
    answer = await gateway.post("/v1/messages", body, script={"text": "Hi.", "usage": usage}, **headers)
    assert answer.status_code == 200
    count = await gateway.post("/anthropic/v1/messages/count_tokens", body, **headers)
    assert count.json()["input_tokens"] > 0
    assert dict(gateway.seen[0].headers)[b"x-api-key"] == b"sk-ant-upstream"
    call, counting = gateway.records()
    # 1000 plain at $1, 1000 cached at $0.10, 2000 written at $1.25, 10 out at $5 a million tokens.
    assert call.cost == 1_000_000 + 100_000 + 2_500_000 + 50_000
    assert counting.cost == 0


async def test_the_new_anthropic_version_gets_a_bearer_key(gateway: Gateway) -> None:
    body = {"model": "claude-haiku-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]}
    await gateway.post("/v1/messages", body, **{"anthropic-version": "2026-10-21"})
    (seen,) = gateway.seen
    assert dict(seen.headers)[b"authorization"] == b"Bearer sk-ant-upstream"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/responses", {"model": "gpt-4o-mini", "input": "Hi"}),
        ("/v1/embeddings", {"model": "text-embedding-3-small", "input": "Hi"}),
    ],
)
async def test_the_other_openai_endpoints_pass_and_are_priced(
    gateway: Gateway, path: str, body: dict[str, str]
) -> None:
    answer = await gateway.post(path, body)
    assert answer.status_code == 200
    record = await gateway.record()
    assert record.usage is not None
    assert record.usage.input_total > 0
    assert record.cost is not None


async def test_a_call_without_usage_is_estimated_and_says_so(gateway: Gateway) -> None:
    await gateway.chat(script={"text": "Who counts?", "usage": {"omit": True}})
    record = await gateway.record()
    assert record.usage_source == "estimated"
    assert record.usage is not None
    assert record.usage.output_total == 3
    assert record.cost is not None


async def test_a_model_without_a_price_is_unpriced_and_says_so(gateway: Gateway) -> None:
    answer = await gateway.chat(model="openai/nobody-sells-this")
    assert answer.headers["x-quarterdeck-cost-usd"] == "unpriced"
    record = await gateway.record()
    assert (record.cost, record.price) == (None, None)


async def test_an_error_of_the_provider_passes_as_it_is(gateway: Gateway) -> None:
    answer = await gateway.chat(script={"fault": {"kind": "status", "status": 429, "retry_after_s": 7}})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "7"
    record = await gateway.record()
    assert (record.outcome, record.error_code, record.cost) == ("error", "status_429", 0)
    assert record.attempts[0].error == "status_429"


async def test_an_error_inside_a_200_answer_is_recorded_as_one(gateway: Gateway) -> None:
    answer = await gateway.chat(script={"fault": {"kind": "error_body"}})
    assert answer.status_code == 200
    record = await gateway.record()
    assert (record.outcome, record.error_code) == ("error", "error_in_answer")


async def test_garbage_with_a_200_passes_and_its_usage_is_a_guess(gateway: Gateway) -> None:
    answer = await gateway.chat(script={"fault": {"kind": "malformed_json"}})
    assert answer.status_code == 200
    assert (await gateway.record()).usage_source == "estimated"


async def test_an_encoded_answer_passes_encoded_and_is_read(gateway: Gateway) -> None:
    answer = await gateway.post(
        "/v1/chat/completions",
        {"model": "gpt-4o-mini", "messages": ASK},
        script={"text": "Small.", "encoding": "gzip", "usage": USAGE},
        **{"accept-encoding": "gzip"},
    )
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["choices"][0]["message"]["content"] == "Small."
    assert (await gateway.record()).cost == 285_000


@pytest.mark.parametrize(
    ("mode", "headers", "kept"),
    [
        ("full", {}, "full"),
        ("none", {}, "none"),
        ("full", {"x-quarterdeck-bodies": "none"}, "none"),
        ("full", {"x-portkey-debug": "false"}, "none"),
        ("none", {"x-quarterdeck-bodies": "full"}, "none"),
        ("redacted", {"x-quarterdeck-bodies": "full"}, "redacted"),
    ],
)
async def test_a_request_may_ask_for_less_to_be_kept_never_for_more(
    gateway: Gateway, mode: str, headers: dict[str, str], kept: str
) -> None:
    gateway.agent = msgspec.structs.replace(gateway.agent, body_mode=mode)
    gateway.publish()
    await gateway.post("/v1/chat/completions", {"model": "gpt-4o-mini", "messages": ASK}, **headers)
    record = await gateway.record()
    assert record.body_mode == kept
    assert bool(record.request_body) == bool(record.response_body) == (kept != "none")
    assert record.usage is not None


async def test_without_bodies_signals_still_have_what_they_go_by_and_no_word_is_written(gateway: Gateway) -> None:
    asked = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Where is the harbour?"}]}
    script = {"tools": [{"name": "search", "arguments": {"for": "the harbour"}}]}
    for mode in ("full", "none"):
        await gateway.post("/v1/chat/completions", asked, script=script, **{"x-quarterdeck-bodies": mode})
    await gateway.record(2)
    full, none = (intake.read(encode(each), lambda record: record) for each in gateway.records())
    assert full.turn is not None and full.turn == none.turn
    assert none.turn is not None and none.turn.tools == ("search",)
    assert (none.form, none.request, none.nodes, none.contents) == (BodyForm.NONE, None, [], {})
    assert b"harbour" not in encode(gateway.records()[1])
    assert b"harbour" in encode(gateway.records()[0])


async def test_tags_come_from_key_header_and_metadata(gateway: Gateway) -> None:
    gateway.keys[KEY] = key_entry(tags={"team": "growth"})
    gateway.publish()
    await gateway.post(
        "/v1/chat/completions",
        {"model": "gpt-4o-mini", "messages": ASK, "metadata": {"customer": "acme", "team": "not this"}},
        **{"x-quarterdeck-tags": "env=prod, broken", "x-portkey-metadata": '{"_user": "sam", "n": 7}'},
    )
    assert dict((await gateway.record()).tags) == {
        "team": "growth",
        "env": "prod",
        "_user": "sam",
        "customer": "acme",
    }


async def test_the_list_of_models_holds_what_the_key_may_use(gateway: Gateway) -> None:
    gateway.keys[KEY] = key_entry(models=["openai/gpt-4o*"])
    gateway.publish()
    answer = await gateway.client.get("/v1/models", headers={"authorization": f"Bearer {KEY}"})
    names = {row["id"] for row in answer.json()["data"]}
    assert "openai/gpt-4o-mini" in names
    assert all(name.startswith("openai/gpt-4o") for name in names)


async def test_a_model_is_listed_with_what_the_price_table_knows_of_it(gateway: Gateway) -> None:
    gateway.providers.append(ProviderEntry("own", "vllm", "http://127.0.0.1:8000/v1", None, models=["llama-x", "q*"]))
    gateway.publish()
    answer = await gateway.client.get("/v1/models", headers={"authorization": f"Bearer {KEY}"})
    rows = {row["id"]: row for row in answer.json()["data"]}
    mini = rows["openai/gpt-4o-mini"]
    assert mini["context_window"] == 128_000
    assert (mini["pricing"]["input"], mini["pricing"]["output"]) == ("0.15", "0.6")
    assert mini["modalities"] == {"input": ["text"], "output": ["text"]}
    assert "audio" in rows["openai/gpt-realtime"]["modalities"]["output"]
    # Callers of OpenAI's API reach those too, translated.
    assert "anthropic/claude-haiku-4-5" in rows
    # Nothing is known of this one, and nothing is said.
    assert rows["own/llama-x"].keys() & {"pricing", "context_window", "modalities"} == set()
    assert "own/q*" not in rows


async def test_anthropics_clients_get_the_list_in_their_shape(gateway: Gateway) -> None:
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    page = (await gateway.client.get("/v1/models", headers=headers)).json()
    assert page["has_more"] is False
    assert {"anthropic/claude-haiku-4-5", "openai/gpt-4o-mini"} <= {row["id"] for row in page["data"]}
    assert page["first_id"] == page["data"][0]["id"]


def overhead_ms(record: CallRecord) -> float:
    return record.overhead / 1000


async def test_the_providers_time_is_not_counted_as_ours(gateway: Gateway) -> None:
    await gateway.chat()
    await gateway.chat(script={"text": "Hi.", "timing": {"first_byte_ms": 1_000}})
    record = await gateway.record(2)
    assert record.ended >= 1_000_000
    assert overhead_ms(record) < 900
    assert record.first_byte is not None
    assert record.first_byte >= 1_000_000

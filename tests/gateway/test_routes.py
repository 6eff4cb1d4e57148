"""Routes through the whole gateway: where calls go, what falls back and when, and what is recorded of it."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest
from gateway_world import KEY, PATIENCE_S, Gateway, key_entry, until

from quarterdeck.access.snapshot import AgentEntry, ProviderEntry, RunEntry
from quarterdeck.gateway.attempts.binding import Binding
from quarterdeck.ledger.record import CallRecord

HAIKU = {"provider": "anthropic", "override_params": {"model": "claude-haiku-4-5"}}
TWO = {"strategy": {"mode": "fallback"}, "targets": [{"provider": "openai"}, HAIKU]}
FAST = {"attempts": 2, "backoff_ms": 5}


def once(**fault: Any) -> dict[str, Any]:
    """A script whose first request goes wrong."""
    return {"text": "Hi.", "fault": {**fault, "times": 1}}


def always(**fault: Any) -> dict[str, Any]:
    return {"text": "Hi.", "fault": fault}


async def ask(
    gateway: Gateway,
    config: Any = None,
    *,
    script: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    **body: Any,
) -> httpx.Response:
    sent = dict(headers or {})
    if config is not None:
        sent["x-portkey-config"] = config if isinstance(config, str) else msgspec.json.encode(config).decode()
    asked = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}], **body}
    return await gateway.post("/v1/chat/completions", asked, script=script, **sent)


async def test_it_falls_back_to_the_next_target_across_dialects(gateway: Gateway) -> None:
    answer = await ask(gateway, TWO, script=once(kind="status", status=500))
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == "Hi."
    assert answer.headers["x-quarterdeck-provider"] == "anthropic"
    assert answer.headers["x-quarterdeck-attempts"] == "2"
    assert answer.headers["x-portkey-last-used-option-index"] == "config.targets[1]"
    assert [seen.target for seen in gateway.seen] == ["/v1/chat/completions", "/v1/messages"]
    record = await gateway.record()
    first, second = record.attempts
    assert (first.provider, first.status, first.error, first.option) == (
        "openai",
        500,
        "status_500",
        "config.targets[0]",
    )
    assert (second.provider, second.why, second.option) == ("anthropic", "fallback", "config.targets[1]")
    assert (record.provider, record.model, record.outcome) == ("anthropic", "claude-haiku-4-5", "ok")


async def test_only_the_named_statuses_let_it_fall_back(gateway: Gateway) -> None:
    config = {**TWO, "strategy": {"mode": "fallback", "on_status_codes": [429]}}
    stays = await ask(gateway, config, script=once(kind="status", status=500))
    goes = await ask(gateway, config, script=once(kind="status", status=429))
    assert (stays.status_code, goes.status_code) == (500, 200)


async def test_a_provider_that_does_not_answer_at_all_falls_back_whatever_the_list_says(gateway: Gateway) -> None:
    gateway.providers[0] = msgspec.structs.replace(gateway.providers[0], base_url="http://127.0.0.1:1/v1")
    gateway.publish()
    answer = await ask(gateway, {**TWO, "strategy": {"mode": "fallback", "on_status_codes": [429]}})
    assert answer.status_code == 200


async def test_when_all_fail_the_last_answer_is_the_callers(gateway: Gateway) -> None:
    answer = await ask(gateway, TWO, script=always(kind="status", status=429, retry_after_s=7))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["error"]["type"] == "rate_limit_error"
    assert [attempt.status for attempt in (await gateway.record()).attempts] == [429, 429]


async def test_an_overload_in_the_first_event_of_a_stream_falls_back(gateway: Gateway) -> None:
    config = {"strategy": {"mode": "fallback", "on_status_codes": [529]}, "targets": [HAIKU, {"provider": "openai"}]}
    answer = await ask(gateway, config, script=once(kind="error_event", after=1), stream=True)
    assert answer.headers["x-quarterdeck-provider"] == "openai"
    assert b"Hi." in answer.content and b"overloaded" not in answer.content
    assert answer.content.endswith(b"data: [DONE]\n\n")
    record = await gateway.record()
    assert [attempt.error for attempt in record.attempts] == ["error_in_stream", None]
    # A stream that began was billed, whatever became of it.
    assert record.attempts[0].cost
    assert record.cost is not None and record.cost > record.attempts[0].cost


async def test_a_stream_cut_or_empty_before_its_first_word_falls_back(gateway: Gateway) -> None:
    for fault in ({"kind": "cut", "after": 1}, {"kind": "empty"}, {"kind": "reset", "after": 1}):
        answer = await ask(gateway, TWO, script=once(**fault), stream=True)
        assert answer.headers["x-quarterdeck-provider"] == "anthropic", fault
        assert answer.content.endswith(b"data: [DONE]\n\n")


async def test_a_stream_that_breaks_after_its_first_word_does_not(gateway: Gateway) -> None:
    answer = await ask(
        gateway, TWO, script={"words": 20, "fault": {"kind": "cut", "after": 5, "times": 1}}, stream=True
    )
    assert answer.headers["x-quarterdeck-provider"] == "openai"
    assert b'"error"' in answer.content
    assert len(gateway.seen) == 1


async def test_an_error_in_a_200_and_an_answer_that_is_no_answer_fall_back(gateway: Gateway) -> None:
    for fault in ({"kind": "error_body"}, {"kind": "malformed_json"}, {"kind": "empty"}):
        answer = await ask(gateway, TWO, script=once(**fault))
        assert (answer.status_code, answer.headers["x-quarterdeck-provider"]) == (200, "anthropic"), fault


OF_ONE_CALL = {"x-quarterdeck-call-id", "x-quarterdeck-overhead-ms", "x-portkey-trace-id", "x-request-id"}
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 400},
    {"kind": "status", "status": 429, "retry_after_ms": 1},
    {"kind": "status", "status": 503},
    {"kind": "empty"},
    {"kind": "error_body"},
    {"kind": "error_event", "after": 1},
    {"kind": "malformed_json"},
    {"kind": "malformed_sse"},
    {"kind": "cut"},
    {"kind": "cut", "after": 2},
    {"kind": "reset", "after": 1},
    {"kind": "wrong_length"},
    {"kind": "bad_chunk"},
    {"kind": "status", "status": 503, "rate": 0.0},
)
"""The last never happens."""


def said(answer: httpx.Response) -> tuple[Any, ...]:
    told = [pair for pair in answer.headers.items() if pair[0].startswith("x-") and pair[0] not in OF_ONE_CALL]
    return answer.status_code, sorted(told)


def noted(record: CallRecord) -> tuple[Any, ...]:
    tries = [(each.provider, each.status, each.error, each.option, each.why) for each in record.attempts]
    billed = [(each.usage_source, each.usage, each.cost) for each in record.attempts]
    return tries, billed, record.outcome, record.status, record.error_code, record.usage_source, record.cost


@pytest.mark.parametrize("stream", [False, True])
async def test_a_first_try_that_takes_no_walk_is_told_and_recorded_like_one_that_does(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    config = {**TWO, "retry": {**FAST, "attempts": 1, "on_status_codes": [429]}}

    async def outcomes(word: str) -> list[Any]:
        text = f"{word} two three four."
        faults = [{"times": 1, **fault} for fault in FAULTS]
        answers = [await ask(gateway, config, script={"text": text, "fault": each}, stream=stream) for each in faults]
        await until(lambda: len(records := gateway.records()) >= len(FAULTS) and len(records) % len(FAULTS) == 0)
        records = gateway.records()[-len(FAULTS) :]
        return [
            (fault, said(answer), noted(record)) for fault, answer, record in zip(FAULTS, answers, records, strict=True)
        ]

    straight = await outcomes("one")
    monkeypatch.setattr(Binding, "begin", lambda *_: None)
    assert await outcomes("six") == straight


async def test_a_healthy_stream_is_not_held_back(gateway: Gateway) -> None:
    script = {"words": 4, "chunks": 4, "timing": {"chunk_ms": 200}}
    config = msgspec.json.encode(TWO).decode()
    headers = {
        "authorization": f"Bearer {KEY}",
        "x-portkey-config": config,
        "x-sandbox-script": msgspec.json.encode(script).decode(),
    }
    body = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    came: list[float] = []
    async with gateway.client.stream("POST", "/v1/chat/completions", json=body, headers=headers) as answer:
        async for _ in answer.aiter_bytes():
            came.append(time.monotonic())
    assert came[-1] - came[0] > 0.3, "the first word waits for no other"


async def test_it_retries_with_growing_waits_and_says_how_often(gateway: Gateway) -> None:
    config = {"provider": "openai", "retry": {"attempts": 3, "backoff_ms": 40}}
    began = time.monotonic()
    answer = await ask(gateway, config, script={"text": "Hi.", "fault": {"kind": "status", "status": 503, "times": 2}})
    assert answer.status_code == 200
    assert time.monotonic() - began >= 0.06
    assert answer.headers["x-portkey-retry-attempt-count"] == "2"
    assert answer.headers["x-quarterdeck-attempts"] == "3"
    record = await gateway.record()
    assert [attempt.why for attempt in record.attempts] == [None, "retry", "retry"]
    assert record.overhead <= record.ended - 60_000, "waiting for a provider is no overhead of ours"


async def test_retries_used_up_are_told_as_minus_one(gateway: Gateway) -> None:
    answer = await ask(gateway, {"provider": "openai", "retry": FAST}, script=always(kind="status", status=500))
    assert (answer.status_code, answer.headers["x-portkey-retry-attempt-count"]) == (500, "-1")
    assert len(gateway.seen) == 3


async def test_what_retrying_cannot_mend_is_not_retried(gateway: Gateway) -> None:
    answer = await ask(gateway, {"provider": "openai", "retry": FAST}, script=always(kind="status", status=400))
    assert (answer.status_code, len(gateway.seen)) == (400, 1)


async def test_it_waits_as_long_as_the_provider_asks(gateway: Gateway) -> None:
    config = {"provider": "openai", "retry": {"attempts": 1, "use_retry_after_headers": True, "backoff_ms": 0}}
    began = time.monotonic()
    answer = await ask(gateway, config, script=once(kind="status", status=429, retry_after_ms=300))
    assert answer.status_code == 200
    assert time.monotonic() - began >= 0.3


async def test_it_does_not_wait_longer_than_it_may(gateway: Gateway) -> None:
    config = {"provider": "openai", "retry": {"attempts": 1, "use_retry_after_header": True}}
    async with asyncio.timeout(PATIENCE_S):
        answer = await ask(gateway, config, script=always(kind="status", status=429, retry_after_s=90))
    assert (answer.status_code, len(gateway.seen)) == (429, 1)


async def test_a_deadline_ends_all_attempts(gateway: Gateway) -> None:
    config = {"provider": "openai", "retry": {"attempts": 20, "backoff_ms": 60_000}, "deadline_ms": 1_000}
    async with asyncio.timeout(PATIENCE_S):
        answer = await ask(gateway, config, script=always(kind="status", status=500))
    assert answer.status_code == 500
    hung = await ask(gateway, TWO, script=always(kind="hang"), headers={"x-quarterdeck-deadline-ms": "300"})
    assert hung.status_code == 408


async def test_a_request_timeout_is_408_and_lets_it_fall_back(gateway: Gateway) -> None:
    alone = await ask(gateway, {"provider": "openai", "request_timeout": 150}, script=always(kind="hang"))
    assert alone.status_code == 408
    assert alone.json() == {
        "error": {
            "message": "Request exceeded the timeout sent in the request: 150ms",
            "type": "timeout_error",
            "param": None,
            "code": None,
        }
    }
    patient = [{"provider": "openai"}, {**HAIKU, "request_timeout": 30_000}]
    rescued = await ask(gateway, {**TWO, "targets": patient, "request_timeout": 150}, script=once(kind="hang"))
    assert rescued.headers["x-quarterdeck-provider"] == "anthropic"
    by_header = await ask(
        gateway,
        script=always(kind="hang"),
        headers={"x-portkey-provider": "openai", "x-portkey-request-timeout": "100"},
    )
    assert by_header.status_code == 408


async def test_each_timeout_can_be_set_by_route_and_header(gateway: Gateway) -> None:
    config = {"provider": "openai", "timeouts": {"first_byte_ms": 120}}
    answer = await ask(gateway, config, script=always(kind="hang"))
    assert answer.status_code == 504
    stalls = {"words": 20, "chunks": 20, "fault": {"kind": "hang", "after": 3}}
    headers = {"x-portkey-provider": "openai", "x-quarterdeck-timeouts": "idle=150, first-byte=5000"}
    async with asyncio.timeout(PATIENCE_S):
        stalled = await ask(gateway, script=stalls, headers=headers, stream=True)
    assert b'"error"' in stalled.content


async def test_weights_decide_and_zero_drains(gateway: Gateway) -> None:
    config = {
        "strategy": {"mode": "loadbalance"},
        "targets": [{"provider": "openai", "weight": 0}, {**HAIKU, "weight": 1}],
    }
    for _ in range(8):
        assert (await ask(gateway, config)).headers["x-quarterdeck-provider"] == "anthropic"


async def test_calls_alike_stick_to_one_target(gateway: Gateway) -> None:
    config = {
        "strategy": {"mode": "loadbalance", "sticky": {"enabled": True, "hash_fields": ["metadata.user"], "ttl": 600}},
        "targets": [{"provider": "openai"}, HAIKU],
    }
    used: dict[str, set[str]] = {}
    for number in range(24):
        user = f"user-{number % 8}"
        headers = {"x-portkey-metadata": msgspec.json.encode({"user": user}).decode()}
        answer = await ask(gateway, config, headers=headers)
        used.setdefault(user, set()).add(answer.headers["x-quarterdeck-provider"])
    assert all(len(providers) == 1 for providers in used.values())
    assert len(set.union(*used.values())) == 2


async def test_conditions_look_at_the_call(gateway: Gateway) -> None:
    gateway.runs["run_1"] = RunEntry("run_1", "agt_1", "tsk_1", "open", None, attempt=2, priority=0)
    gateway.agent = AgentEntry("agt_1", "research", "enabled", None, [("run_1", "tsk_1")])
    gateway.publish()

    async def option(query: dict[str, Any], **more: Any) -> str:
        config = {
            "strategy": {"mode": "conditional", "conditions": [{"query": query, "then": "yes"}], "default": "no"},
            "targets": [{"name": "yes", "provider": "openai"}, {"name": "no", **HAIKU}],
        }
        answer = await ask(gateway, config, **more)
        return "yes" if answer.headers["x-quarterdeck-provider"] == "openai" else "no"

    paid = {"x-portkey-metadata": '{"plan": "paid", "seats": "12"}'}
    assert await option({"metadata.plan": {"$eq": "paid"}}, headers=paid) == "yes"
    assert await option({"metadata.plan": {"$eq": "paid"}}) == "no"
    assert await option({"metadata.seats": {"$gt": 10}}, headers=paid) == "yes"
    assert await option({"params.temperature": {"$lte": 0.5}}, temperature=0.2) == "yes"
    assert await option({"params.messages.0.role": "user"}) == "yes"
    assert await option({"url.pathname": {"$regex": "^/v1/chat"}}) == "yes"
    assert await option({"headers.x-team": "red"}, headers={"x-team": "red"}) == "yes"
    assert await option({"headers.authorization": {"$exists": True}}) == "no"
    assert await option({"agent.name": {"$in": ["research", "qa"]}}) == "yes"
    assert await option({"task.attempt": {"$gte": 2}, "task.priority": {"$lte": 1}}) == "yes"
    assert await option({"budget.left_usd": {"$lt": 1}}) == "no"


async def test_no_condition_and_no_default_is_a_400(gateway: Gateway) -> None:
    config = {
        "strategy": {"mode": "conditional", "conditions": [{"query": {"metadata.a": 1}, "then": "x"}]},
        "targets": [{"name": "x", "provider": "openai"}],
    }
    answer = await ask(gateway, config)
    assert (answer.status_code, answer.json()["status"]) == (400, "failure")
    assert not gateway.seen


async def test_strategies_nest(gateway: Gateway) -> None:
    config = {
        "strategy": {"mode": "fallback"},
        "targets": [
            {"strategy": {"mode": "loadbalance"}, "targets": [{"provider": "openai"}, {"provider": "openai"}]},
            {"strategy": {"mode": "single"}, "targets": [HAIKU]},
        ],
    }
    answer = await ask(gateway, config, script=once(kind="status", status=500))
    assert answer.headers["x-portkey-last-used-option-index"] == "config.targets[1].targets[0]"


async def test_parameters_are_patched_and_all_else_keeps_its_bytes(gateway: Gateway) -> None:
    config = {
        "provider": "openai",
        "override_params": {"temperature": 0.5, "model": "gpt-4o"},
        "default_params": {"top_p": 0.9, "n": 2},
        "drop_params": ["logit_bias", "tools[*].function.strict"],
    }
    tools = [{"type": "function", "function": {"name": "f", "strict": True, "parameters": {}}}]
    body = (
        b'{ "model":"gpt-4o-mini",\n "messages" : [{"role":"user","content":"\xc3\xa9"}], "n": 1, '
        b'"logit_bias": {"1": 2}, "temperature":1, "x_new": 1.0, "tools": ' + msgspec.json.encode(tools) + b"}"
    )
    await gateway.post("/v1/chat/completions", body, **{"x-portkey-config": msgspec.json.encode(config).decode()})
    (seen,) = gateway.seen
    assert b'\n "messages" : [{"role":"user","content":"\xc3\xa9"}]' in seen.body
    assert b'"x_new": 1.0' in seen.body
    got = msgspec.json.decode(seen.body)
    assert (got["model"], got["temperature"], got["top_p"], got["n"]) == ("gpt-4o", 0.5, 0.9, 1)
    assert "logit_bias" not in got
    assert "strict" not in got["tools"][0]["function"]
    assert (await gateway.record()).request_body == body


async def test_a_hedge_answers_from_whoever_is_first_and_prices_both(gateway: Gateway) -> None:
    config = {
        "strategy": {"mode": "hedge", "hedge": {"after_ms": 60}},
        "targets": [{"provider": "openai"}, {"provider": "openai", "override_params": {"model": "gpt-4o"}}],
    }
    async with asyncio.timeout(PATIENCE_S):
        answer = await ask(gateway, config, script=once(kind="hang"))
    assert (answer.status_code, answer.headers["x-quarterdeck-model"]) == (200, "gpt-4o")
    record = await gateway.record()
    lost, won = record.attempts
    assert (lost.error, lost.usage_source, won.why) == ("hedge_lost", "estimated", "hedge")
    assert lost.cost is not None and record.cost is not None and record.cost > lost.cost > 0


async def test_a_fast_first_target_is_not_hedged(gateway: Gateway) -> None:
    config = {
        "strategy": {"mode": "hedge", "hedge": {"after_ms": 60_000}},
        "targets": [{"provider": "openai"}, HAIKU],
    }
    assert (await ask(gateway, config)).headers["x-quarterdeck-attempts"] == "1"
    assert len(gateway.seen) == 1


async def test_a_shadow_is_sent_priced_marked_and_never_seen(gateway: Gateway) -> None:
    config = {"strategy": {"mode": "shadow"}, "targets": [{"provider": "openai"}, HAIKU]}
    for stream in (False, True):
        answer = await ask(gateway, config, script={"text": "Hi."}, stream=stream)
        assert answer.headers["x-quarterdeck-provider"] == "openai"
    await gateway.record(4)
    main = [record for record in gateway.records() if "shadow_of" not in record.extra]
    mirrored = [record for record in gateway.records() if "shadow_of" in record.extra]
    assert {record.extra["shadow_of"] for record in mirrored} == {record.id for record in main}
    for record in mirrored:
        assert (record.provider, record.agent_id, record.outcome) == ("anthropic", "agt_1", "ok")
        assert record.cost is not None and record.cost > 0
        assert record.usage_source == "provider"
        assert record.response_body == b""


async def test_a_slow_or_broken_shadow_harms_nobody(gateway: Gateway) -> None:
    gateway.providers[1] = msgspec.structs.replace(gateway.providers[1], base_url="http://127.0.0.1:1")
    gateway.publish()
    config = {"strategy": {"mode": "shadow"}, "targets": [{"provider": "openai"}, HAIKU]}
    assert (await ask(gateway, config)).status_code == 200
    await gateway.record(2)
    assert {record.outcome for record in gateway.records()} == {"ok", "error"}


async def test_a_canary_that_fails_is_rolled_back_and_its_callers_are_rescued(gateway: Gateway) -> None:
    gateway.routes["try"] = {
        "strategy": {"mode": "canary", "canary": {"share": 1.0, "minimum": 5, "requests": 50}},
        "targets": [{"provider": "openai"}, {"provider": "openai", "override_params": {"model": "gpt-broken"}}],
    }
    gateway.publish()
    gateway.sandbox_rules([{"when": {"model": "gpt-broken"}, "script": always(kind="status", status=500)}])
    used = []
    for _ in range(12):
        answer = await ask(gateway, "try")
        assert (answer.status_code, answer.headers["x-quarterdeck-model"]) == (200, "gpt-4o-mini")
        used.append(answer.headers["x-quarterdeck-attempts"])
    assert used == ["2"] * 5 + ["1"] * 7


async def test_a_breaker_opens_passes_over_and_lets_one_call_find_out(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.routes["guarded"] = {
        "strategy": {"mode": "fallback", "cb_config": {"failure_threshold": 2, "cooldown_interval": 60_000}},
        "targets": [{"provider": "openai"}, HAIKU],
    }
    gateway.publish()
    rule = {"when": {"path": "/v1/chat"}, "script": always(kind="status", status=500)}
    gateway.sandbox_rules([rule])
    attempts = [(await ask(gateway, "guarded")).headers["x-quarterdeck-attempts"] for _ in range(4)]
    assert attempts == ["2", "2", "1", "1"]
    gateway.sandbox_rules([])
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + 61)
    for module in ("attempts.routed", "attempts.shooting", "resilience.watching"):
        monkeypatch.setattr(f"quarterdeck.gateway.{module}.time", later)
    assert (await ask(gateway, "guarded")).headers["x-quarterdeck-provider"] == "openai"


async def test_a_provider_found_out_of_service_by_one_agent_is_passed_over_by_all(gateway: Gateway) -> None:
    gateway.sandbox_rules([{"when": {"path": "/v1/chat"}, "script": always(kind="status", status=500)}])
    for _ in range(5):
        assert (await gateway.chat()).status_code == 500
    answer = await ask(gateway, TWO)
    assert (answer.headers["x-quarterdeck-provider"], answer.headers["x-quarterdeck-attempts"]) == ("anthropic", "1")
    (state,) = [each for each in gateway.parts.health.shown(time.monotonic()) if each.provider == "openai"]
    assert (state.state, state.last_error, state.error_rate) == ("out", "status_500", 1.0)


async def test_the_least_busy_and_the_fastest_are_chosen_by_what_was_seen(gateway: Gateway) -> None:
    slow = {"timing": {"first_byte_ms": 600}}
    gateway.sandbox_rules([{"when": {"model": "gpt-4o"}, "script": slow}])
    targets = [{"provider": "openai", "override_params": {"model": "gpt-4o"}}, {"provider": "openai"}]
    fastest = {"targets": targets}
    used = [(await ask(gateway, fastest)).headers["x-quarterdeck-model"] for _ in range(8)]
    assert used[2:] == ["gpt-4o-mini"] * 6
    busy = {"strategy": {"mode": "least_busy"}, "targets": targets}
    gateway.sandbox_rules([{"when": {"model": "gpt-4o"}, "script": {"timing": {"first_byte_ms": 120_000}}}])
    waiting = asyncio.create_task(ask(gateway, {"provider": "openai"}, model="gpt-4o"))
    await until(lambda: len(gateway.seen) == 9)
    assert (await ask(gateway, busy)).headers["x-quarterdeck-model"] == "gpt-4o-mini"
    waiting.cancel()


async def test_the_cheapest_target_is_chosen_and_an_unknown_price_is_no_low_price(gateway: Gateway) -> None:
    targets = [
        {"provider": "openai", "override_params": {"model": name}}
        for name in ("made-up-model", "gpt-4o", "gpt-4o-mini")
    ]
    config = {"strategy": {"mode": "least_cost", "on_status_codes": [500]}, "targets": targets}
    answer = await ask(gateway, config, script={"text": "Hi.", "fault": {"kind": "status", "status": 500, "times": 2}})
    assert answer.status_code == 200
    assert [msgspec.json.decode(seen.body)["model"] for seen in gateway.seen] == [
        "gpt-4o-mini",
        "gpt-4o",
        "made-up-model",
    ]


async def test_what_is_left_of_a_rate_limit_decides(gateway: Gateway) -> None:
    spent = {"text": "Hi.", "headers": {"x-ratelimit-limit-requests": "1000", "x-ratelimit-remaining-requests": "0"}}
    gateway.sandbox_rules([{"when": {"model": "gpt-4o"}, "script": spent}])
    targets = [{"provider": "openai", "override_params": {"model": "gpt-4o"}}, {"provider": "openai"}]
    config = {"strategy": {"mode": "usage_aware"}, "targets": targets}
    used = [(await ask(gateway, config)).headers["x-quarterdeck-model"] for _ in range(20)]
    assert used.count("gpt-4o") <= 1


async def test_round_robin_takes_turns(gateway: Gateway) -> None:
    config = {"strategy": {"mode": "round_robin"}, "targets": [{"provider": "openai", "weight": 2}, HAIKU]}
    used = [(await ask(gateway, config)).headers["x-quarterdeck-provider"] for _ in range(6)]
    assert used == ["openai", "anthropic", "openai"] * 2


async def test_a_saved_route_is_named_by_header_model_key_agent_or_by_being_the_default(gateway: Gateway) -> None:
    gateway.routes["cheap"] = HAIKU
    gateway.publish()

    async def provider(**how: Any) -> str:
        return str((await ask(gateway, **how)).headers["x-quarterdeck-provider"])

    assert await provider() == "openai"
    assert await provider(config="cheap") == "anthropic"
    assert await provider(headers={"x-quarterdeck-route": "cheap"}) == "anthropic"
    assert await provider(model="route/cheap") == "anthropic"
    gateway.keys[KEY] = key_entry(route="cheap")
    gateway.publish()
    assert await provider() == "anthropic"
    assert await provider(model="openai/gpt-4o-mini") == "openai"
    gateway.keys[KEY] = key_entry()
    gateway.agent = msgspec.structs.replace(gateway.agent, route="cheap")
    gateway.publish()
    assert await provider() == "anthropic"
    gateway.agent = msgspec.structs.replace(gateway.agent, route=None)
    gateway.routes["default"] = gateway.routes.pop("cheap")
    gateway.publish()
    assert await provider() == "anthropic"
    assert (await gateway.record(8)).extra["route"] == "default"


async def test_a_saved_route_that_was_changed_or_deleted_is_no_longer_followed_as_it_was(gateway: Gateway) -> None:
    for config, expected in ((HAIKU, "anthropic"), ({"provider": "openai"}, "openai")):
        gateway.routes["cheap"] = config
        gateway.publish()
        answers = [await ask(gateway, config="cheap") for _ in range(2)]
        assert [each.headers["x-quarterdeck-provider"] for each in answers] == [expected] * 2
    del gateway.routes["cheap"]
    gateway.publish()
    assert (await ask(gateway, config="cheap")).status_code == 400


async def test_a_route_may_take_the_model_written_after_its_name(gateway: Gateway) -> None:
    gateway.routes["any"] = {"provider": "openai"}
    gateway.publish()
    answer = await ask(gateway, model="route/any/gpt-4o")
    assert answer.headers["x-quarterdeck-model"] == "gpt-4o"
    assert msgspec.json.decode(gateway.seen[0].body)["model"] == "gpt-4o"


async def test_an_unknown_route_and_a_broken_config_are_refused_with_what_to_do(gateway: Gateway) -> None:
    unknown = await ask(gateway, "nowhere")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (400, "route_unknown")
    broken = await ask(gateway, {"strategy": {"mode": "fallback"}, "targets": [{"provder": "openai"}]})
    assert broken.status_code == 400
    assert broken.json()["status"] == "failure"
    assert "config.targets[0].provder" in broken.json()["errors"][0]
    assert (await ask(gateway, "{not json")).status_code == 400
    assert (await ask(gateway, headers={"x-portkey-request-timeout": "soon"})).status_code == 400
    assert not gateway.seen


async def test_a_key_limited_to_models_is_limited_in_routes_too(gateway: Gateway) -> None:
    gateway.keys[KEY] = key_entry(models=["anthropic/*"])
    gateway.publish()
    answer = await ask(gateway, TWO)
    assert answer.headers["x-quarterdeck-provider"] == "anthropic"
    refused = await ask(gateway, {"provider": "openai"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "model_not_allowed")
    assert [seen.target for seen in gateway.seen] == ["/v1/messages"]


async def test_a_stored_key_is_never_sent_to_a_host_that_a_request_names(gateway: Gateway) -> None:
    elsewhere = {"provider": "openai", "custom_host": "http://198.51.100.9/v1"}
    refused = await ask(gateway, elsewhere)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "custom_host_not_allowed")
    own = await ask(gateway, {**elsewhere, "api_key": "sk-mine", "request_timeout": 1000})
    assert own.status_code == 503, "the egress guard lets nobody call a private address"
    assert not gateway.seen


async def test_a_custom_host_takes_the_callers_own_key(gateway: Gateway) -> None:
    host = gateway.providers[0].base_url
    gateway.providers[0] = msgspec.structs.replace(gateway.providers[0], base_url="http://127.0.0.1:1/v1")
    gateway.publish()
    answer = await ask(gateway, {"provider": "openai", "custom_host": host, "api_key": "sk-mine"})
    assert answer.status_code == 200
    assert dict(gateway.seen[0].headers)[b"authorization"] == b"Bearer sk-mine"
    assert "sk-mine" not in repr((await gateway.record()).attempts)


async def test_named_headers_are_passed_on_but_never_our_key(gateway: Gateway) -> None:
    config = {"provider": "openai", "forward_headers": ["x-portkey-trace-id", "cookie", "authorization"]}
    headers = {"x-portkey-trace-id": "t-1", "cookie": "a=b"}
    await ask(gateway, config, headers=headers)
    seen = dict(gateway.seen[0].headers)
    assert (seen[b"x-portkey-trace-id"], seen[b"cookie"]) == (b"t-1", b"a=b")
    assert seen[b"authorization"] == b"Bearer sk-upstream"


async def test_stopping_a_call_between_two_tries_ends_it(gateway: Gateway) -> None:
    config = {"provider": "openai", "retry": {"attempts": 5, "backoff_ms": 60_000, "max_backoff_ms": 60_000}}
    waiting = asyncio.create_task(ask(gateway, config, script=always(kind="status", status=500)))
    await until(lambda: gateway.seen)
    await asyncio.sleep(0.1)
    assert await gateway.open_calls.end("agent", ["agt_1"], "run_stopped", "Stop here.") == 1
    answer = await waiting
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "run_stopped")
    assert len((await gateway.record()).attempts) == 1


async def test_nothing_in_flight_is_left_counted(gateway: Gateway) -> None:
    for script in (None, always(kind="status", status=500), always(kind="reset"), once(kind="hang")):
        await ask(gateway, {**TWO, "request_timeout": 300}, script=script)
        await ask(gateway, {**TWO, "request_timeout": 300}, script=script, stream=True)
    assert len(gateway.open_calls) == 0
    assert all(state.busy == 0 for state in gateway.parts.health.shown(time.monotonic()))


async def test_a_try_is_counted_once_where_it_was_made_and_its_latency_noted_once(gateway: Gateway) -> None:
    for stream in (False, True):
        for script in (None, always(kind="status", status=500), once(kind="status", status=529 if stream else 503)):
            await ask(gateway, TWO, script=script, stream=stream)
    openai = gateway.parts.health.of("ws_1", "openai", "gpt-4o-mini")
    assert (openai.busy, len(openai._samples)) == (0, 2)
    haiku = gateway.parts.health.of("ws_1", "anthropic", "claude-haiku-4-5")
    assert (haiku.busy, len(haiku._samples)) == (0, 2)


async def test_a_provider_named_by_header_with_no_key_stored_takes_the_one_in_authorization(gateway: Gateway) -> None:
    gateway.providers.append(
        ProviderEntry("mine", "openai", gateway.providers[0].base_url, None, allow_private=True, problem="no key")
    )
    gateway.publish()
    headers = {"x-portkey-provider": "mine", "x-portkey-api-key": KEY}
    answer = await gateway.post(
        "/v1/chat/completions",
        {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]},
        key="sk-callers-own",
        **headers,
    )
    assert answer.status_code == 200
    assert dict(gateway.seen[0].headers)[b"authorization"] == b"Bearer sk-callers-own"

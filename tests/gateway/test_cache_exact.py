"""The exact cache: the same request is answered again, for nothing, and nothing else is."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest
from gateway_world import KEY, RUN_KEY, Gateway, gateway_running, key_entry, until

from quarterdeck.access.snapshot import AgentEntry
from quarterdeck.gateway import reading
from quarterdeck.gateway.open_calls import InFlight

ASK: list[dict[str, Any]] = [{"role": "user", "content": "Name three ports."}]
SAY = {"text": "Bergen, Genoa, Izmir.", "usage": {"input": 1000, "output": 100}}
CACHED = {"x-portkey-cache": "simple"}
STREAM = {"text": "One two three four.", "usage": {"input": 1000, "output": 100}}


async def ask(gateway: Gateway, script: dict[str, Any] = SAY, key: str = KEY, **changes: Any) -> httpx.Response:
    headers = {**CACHED, **changes.pop("headers", {})}
    body = {"model": "gpt-4o-mini", "messages": ASK, **changes}
    return await gateway.post("/v1/chat/completions", body, key=key, script=script, **headers)


def statuses(*answers: httpx.Response) -> list[tuple[str, str]]:
    return [(each.headers["x-quarterdeck-cache"], each.headers["x-portkey-cache-status"]) for each in answers]


HIT, MISS, REFRESH, OFF = ("hit", "HIT"), ("miss", "MISS"), ("refresh", "REFRESH"), ("off", "DISABLED")


async def test_the_same_request_is_answered_again_for_nothing_and_says_so(gateway: Gateway) -> None:
    first, second = await ask(gateway), await ask(gateway)
    assert statuses(first, second) == [MISS, HIT]
    assert second.content == first.content
    assert len(gateway.seen) == 1
    assert first.headers["x-quarterdeck-cost-usd"] == "0.000210000"
    assert second.headers["x-quarterdeck-cost-usd"] == "0.000000000"
    assert second.headers["x-quarterdeck-attempts"] == "0"
    assert second.headers["x-quarterdeck-call-id"] != first.headers["x-quarterdeck-call-id"]
    assert (second.headers["x-quarterdeck-provider"], second.headers["x-quarterdeck-model"]) == (
        "openai",
        "gpt-4o-mini",
    )


async def test_a_hit_is_a_call_of_its_own_with_cost_0_and_what_it_saved(gateway: Gateway) -> None:
    await ask(gateway)
    second = await ask(gateway)
    hit = await gateway.record(2)
    miss = gateway.records()[0]
    assert hit.id == second.headers["x-quarterdeck-call-id"]
    assert (hit.cost, hit.usage, hit.attempts, hit.outcome, hit.status) == (0, None, [], "ok", 200)
    assert (hit.provider, hit.model) == ("openai", "gpt-4o-mini")
    assert hit.extra["cache"] == {"status": "hit", "of": miss.id, "saved": 210_000}
    assert miss.extra["cache"] == {"status": "miss"}
    assert hit.response_body == miss.response_body == second.content


async def test_nothing_is_cached_unless_it_is_asked_for(gateway: Gateway) -> None:
    answers = [await gateway.chat(script=SAY) for _ in range(2)]
    assert statuses(*answers) == [OFF, OFF]
    assert len(gateway.seen) == 2
    assert "cache" not in (await gateway.record(2)).extra


async def test_white_space_the_order_of_members_and_the_users_name_do_not_matter(gateway: Gateway) -> None:
    await ask(gateway)
    turn = b'{"content":"Name three p\\u006frts.", "role":"user"}'
    body = b'{ "user":"somebody", "messages":[ ' + turn + b' ],"model":"gpt-4o-mini"}'
    answer = await gateway.post("/v1/chat/completions", body, script=SAY, **CACHED)
    assert statuses(answer) == [HIT]


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": [{"role": "user", "content": "Name four ports."}]},
        {"model": "gpt-4o"},
        {"temperature": 0.5},
        {"tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]},
        {"messages": [{"role": "system", "content": "Be brief."}, *ASK]},
        {"stream": True},
        {"headers": {"x-portkey-cache-namespace": "other"}},
        {"headers": {"x-portkey-metadata": '{"_user":"ann"}'}},
        {"headers": {"openai-beta": "something=v2"}},
        {"x_unknown": 1},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_whatever_may_change_the_answer_makes_it_another_request(
    gateway: Gateway, changes: dict[str, Any]
) -> None:
    await ask(gateway)
    assert statuses(await ask(gateway, **dict(changes))) == [MISS]
    assert len(gateway.seen) == 2


async def test_a_namespace_is_a_cache_of_its_own(gateway: Gateway) -> None:
    named = {"x-portkey-cache-namespace": "ports"}
    answers = [
        await ask(gateway, headers=named),
        await ask(gateway, headers={**named, "x-portkey-metadata": '{"_user":"ann"}'}),
        await ask(gateway, headers={"x-portkey-cache-namespace": "ports2"}),
    ]
    assert statuses(*answers) == [MISS, HIT, MISS]


async def test_the_same_body_in_another_dialect_is_another_request(gateway: Gateway) -> None:
    body = {"model": "anthropic/claude-haiku-4-5", "max_tokens": 50, "messages": ASK}
    answers = [
        await gateway.post(path, body, script=SAY, **CACHED)
        for path in ("/v1/messages", "/v1/chat/completions", "/v1/messages", "/anthropic/v1/messages")
    ]
    assert statuses(*answers) == [MISS, MISS, HIT, HIT]
    assert answers[0].json()["type"] == "message"
    assert answers[1].json()["object"] == "chat.completion"
    assert answers[2].content == answers[0].content


async def test_a_forced_refresh_asks_again_and_keeps_the_new_answer(gateway: Gateway) -> None:
    await gateway.post("/v1/chat/completions", {"model": "gpt-4o-mini", "messages": ASK}, **CACHED)
    force = {"x-portkey-cache-force-refresh": "true", **CACHED}
    fresh = await gateway.post("/v1/chat/completions", {"model": "gpt-4o-mini", "messages": ASK}, **force)
    again = await gateway.post("/v1/chat/completions", {"model": "gpt-4o-mini", "messages": ASK}, **CACHED)
    assert statuses(fresh, again) == [REFRESH, HIT]
    assert again.content == fresh.content
    assert len(gateway.seen) == 2
    assert (await gateway.record(3)).extra["cache"]["of"] == fresh.headers["x-quarterdeck-call-id"]


def come_later(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """Calls arrive so much later from now on."""
    later = SimpleNamespace(time_ns=lambda: time.time_ns() + seconds * 10**9, perf_counter_ns=time.perf_counter_ns)
    monkeypatch.setattr("quarterdeck.gateway.draft.time", later)


async def test_an_answer_is_kept_for_max_age_seconds_and_no_longer(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    minute = {"x-portkey-cache-ttl": "60"}
    await ask(gateway, headers=minute)
    assert statuses(await ask(gateway, headers=minute)) == [HIT]
    come_later(monkeypatch, 61)
    assert statuses(await ask(gateway)) == [MISS]


async def test_a_reader_may_want_a_younger_answer_than_the_writer_allowed(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask(gateway)
    come_later(monkeypatch, 61)
    assert statuses(await ask(gateway, headers={"x-portkey-cache-ttl": "60"})) == [MISS]
    assert statuses(await ask(gateway)) == [HIT]


FAULTS: list[tuple[dict[str, Any], bool]] = [
    *(({"kind": "status", "status": status}, stream) for status in (429, 500) for stream in (False, True)),
    *(({"kind": kind}, False) for kind in ("cut", "empty", "error_body", "malformed_json")),
    *(({"kind": kind, "after": 2}, True) for kind in ("cut", "error_event")),
    ({"kind": "empty"}, True),
    ({"kind": "no_end"}, True),
]


@pytest.mark.parametrize(("fault", "stream"), FAULTS, ids=str)
async def test_only_complete_successes_are_kept(gateway: Gateway, fault: dict[str, Any], stream: bool) -> None:
    for _ in range(2):
        await ask(gateway, script={"text": "Never whole at all.", "fault": fault}, stream=stream)
    await gateway.record(2)
    assert [record.extra["cache"]["status"] for record in gateway.records()] == ["miss", "miss"]


async def test_a_stream_is_replayed_as_a_stream_byte_for_byte(gateway: Gateway) -> None:
    first, second = await ask(gateway, script=STREAM, stream=True), await ask(gateway, script=STREAM, stream=True)
    assert statuses(first, second) == [MISS, HIT]
    assert second.headers["content-type"].startswith("text/event-stream")
    assert second.content == first.content
    assert b"[DONE]" in second.content
    # The provider was asked for usage that the caller did not want: it is in neither answer.
    assert b'"usage":{' not in second.content
    assert (await gateway.record(2)).extra["cache"]["saved"] == 210_000


async def test_a_stream_never_answers_for_a_whole_answer_nor_the_other_way_round(gateway: Gateway) -> None:
    streams = [await ask(gateway, script=STREAM, stream=stream) for stream in (True, False, True, False)]
    assert statuses(*streams) == [MISS, MISS, HIT, HIT]
    assert streams[3].json()["choices"][0]["message"]["content"] == STREAM["text"]


async def test_a_stream_can_be_replayed_with_the_pauses_it_came_with(gateway: Gateway) -> None:
    script = {**STREAM, "timing": {"chunk_ms": 60}}
    first = await ask(gateway, script=script, stream=True)
    paced = {"x-quarterdeck-cache-pace": "original"}
    began = time.perf_counter()
    slow = await ask(gateway, script=script, stream=True, headers=paced)
    took = time.perf_counter() - began
    assert statuses(slow) == [HIT]
    assert slow.content == first.content
    assert took > 0.1
    record = await gateway.record(2)
    assert (record.cost, record.outcome, record.response_body) == (0, "ok", slow.content)


async def test_a_paced_replay_is_a_call_in_flight_that_can_be_stopped(gateway: Gateway) -> None:
    script = {**STREAM, "timing": {"chunk_ms": 400}}
    await ask(gateway, script=script, stream=True)
    paced = {"x-quarterdeck-cache-pace": "original"}
    await until(lambda: not len(gateway.open_calls))
    asking = asyncio.create_task(ask(gateway, script=script, stream=True, headers=paced))
    await until(lambda: len(gateway.open_calls))
    assert await gateway.open_calls.end("agent", ["agt_1"], "agent_paused", "Paused.") == 1
    assert b"agent_paused" in (await asking).content
    record = await gateway.record(2)
    assert (record.outcome, record.error_code, record.cost) == ("cut", "agent_paused", 0)


async def test_a_caller_who_leaves_a_paced_replay_leaves_a_record(gateway: Gateway) -> None:
    script = {**STREAM, "timing": {"chunk_ms": 400}}
    await ask(gateway, script=script, stream=True)
    body = {"model": "gpt-4o-mini", "messages": ASK, "stream": True}
    headers = {
        "authorization": f"Bearer {KEY}",
        "x-sandbox-script": msgspec.json.encode(script).decode(),
        "x-quarterdeck-cache-pace": "original",
        **CACHED,
    }
    async with gateway.client.stream("POST", "/v1/chat/completions", json=body, headers=headers) as answer:
        async for _ in answer.aiter_bytes():
            break
    record = await gateway.record(2)
    assert (record.outcome, record.status, record.cost) == ("cancelled", 499, 0)
    assert not len(gateway.open_calls)


async def test_a_translated_answer_is_replayed_in_the_callers_dialect(gateway: Gateway) -> None:
    for stream in (False, True):
        changes = {"model": "anthropic/claude-haiku-4-5", "stream": stream}
        first, second = await ask(gateway, **changes), await ask(gateway, **changes)
        assert statuses(first, second) == [MISS, HIT]
        assert second.content == first.content
        assert second.headers["x-quarterdeck-provider"] == "anthropic"


async def test_another_workspace_never_sees_an_answer(gateway: Gateway) -> None:
    other = "qd-a-of-another-workspace"
    gateway.keys[other] = key_entry(id="key_9", workspace_id="ws_2", agent_id="agt_9")
    gateway.publish_also("ws_2", AgentEntry("agt_9", "stranger", "enabled", None, []))
    await ask(gateway)
    assert statuses(await ask(gateway, key=other)) == [MISS]
    assert statuses(await ask(gateway), await ask(gateway, key=other)) == [HIT, HIT]
    assert len(gateway.seen) == 2


async def test_agents_of_a_workspace_share_answers_to_the_same_request(gateway: Gateway) -> None:
    await ask(gateway)
    assert statuses(await ask(gateway, key=RUN_KEY)) == [HIT]
    assert (await gateway.record(2)).run_id == "run_1"


async def test_a_key_gets_no_answer_of_a_model_it_may_not_use(gateway: Gateway) -> None:
    narrow = "qd-a-narrow"
    gateway.keys[narrow] = key_entry(id="key_8", models=["openai/gpt-4o"])
    gateway.publish()
    await ask(gateway)
    answer = await ask(gateway, key=narrow)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "model_not_allowed")


async def test_what_may_not_be_kept_is_not_cached(gateway: Gateway) -> None:
    answers = [await ask(gateway, headers={"x-portkey-debug": "false"}) for _ in range(2)]
    assert statuses(*answers) == [OFF, OFF]
    assert len(gateway.seen) == 2


async def test_of_what_may_not_be_kept_no_reading_is_remembered_either(gateway: Gateway) -> None:
    for word, headers in (("apricot", {"x-portkey-debug": "false"}), ("quince", {})):
        await ask(gateway, headers=headers, messages=[{"role": "user", "content": word}])
    words = b"".join(body for _, body in reading.remembered)
    assert b"quince" in words
    assert b"apricot" not in words


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"A","content":"B"}]}',
        b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"A"}],"temperature":0,"temperature":1}',
    ],
)
async def test_a_body_that_names_a_member_twice_is_not_cached(gateway: Gateway, body: bytes) -> None:
    answers = [await gateway.post("/v1/chat/completions", body, script=SAY, **CACHED) for _ in range(2)]
    assert statuses(*answers) == [OFF, OFF]


async def test_a_header_that_cannot_be_read_changes_nothing(gateway: Gateway) -> None:
    odd = {
        "x-portkey-cache-ttl": "soon",
        "x-portkey-cache-force-refresh": "perhaps",
        "x-quarterdeck-cache-pace": "warp",
    }
    assert statuses(*[await ask(gateway, headers=odd) for _ in range(2)]) == [MISS, HIT]


@pytest.fixture
async def cramped(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway_running(tmp_path, cache_bytes=16_384) as made:
        yield made


async def test_the_least_recently_asked_for_goes_first_when_there_is_no_room(cramped: Gateway) -> None:
    def numbered(number: int) -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": f"Say {number}."}]}

    async def hit(number: int) -> bool:
        return statuses(await ask(cramped, **numbered(number))) == [HIT]

    for number in range(8):
        await hit(number)
        assert await hit(0), "it was asked for all the time"
    for number in range(8, 30):
        await hit(number)
    assert not await hit(1)


async def test_an_answer_too_big_for_its_share_of_the_room_is_not_kept(cramped: Gateway) -> None:
    script = {"text": "word " * 1_000}
    assert statuses(*[await ask(cramped, script=script) for _ in range(2)]) == [MISS, MISS]


async def test_a_compressed_answer_is_kept_plain(gateway: Gateway) -> None:
    script = {**SAY, "encoding": "gzip"}
    first, second = await ask(gateway, script=script), await ask(gateway, script=script)
    assert statuses(first, second) == [MISS, HIT]
    assert "content-encoding" not in second.headers
    assert second.json() == first.json()


async def by_config(gateway: Gateway, config: dict[str, Any], script: dict[str, Any] = SAY, **changes: Any) -> Any:
    headers = {"x-portkey-config": msgspec.json.encode(config).decode()}
    body = {"model": "gpt-4o-mini", "messages": ASK, **changes}
    return await gateway.post("/v1/chat/completions", body, script=script, **headers)


async def test_a_target_may_have_a_cache_of_its_own(gateway: Gateway) -> None:
    config = {
        "strategy": {"mode": "fallback"},
        "targets": [
            {"provider": "openai", "cache": {"mode": "simple"}},
            {"provider": "openai", "override_params": {"model": "gpt-4o"}},
        ],
    }
    first, second = await by_config(gateway, config), await by_config(gateway, config)
    assert statuses(first, second) == [MISS, HIT]
    assert second.content == first.content
    assert (second.headers["x-quarterdeck-attempts"], second.headers["x-quarterdeck-cost-usd"]) == ("0", "0.000000000")
    assert second.headers["x-portkey-last-used-option-index"] == first.headers["x-portkey-last-used-option-index"]
    assert len(gateway.seen) == 1
    hit = await gateway.record(2)
    assert (hit.provider, hit.model, hit.attempts, hit.cost) == ("openai", "gpt-4o-mini", [], 0)
    # The other target has none, and gets none of the first's answers.
    only_second = {**config, "targets": config["targets"][1:]}
    assert statuses(await by_config(gateway, only_second)) == [OFF]


async def test_a_target_may_stay_out_of_its_routes_cache(gateway: Gateway) -> None:
    config = {
        "cache": {"mode": "simple"},
        "strategy": {"mode": "single"},
        "targets": [{"provider": "openai", "cache": False}],
    }
    answers = [await by_config(gateway, config) for _ in range(2)]
    assert statuses(*answers) == [OFF, OFF]
    assert len(gateway.seen) == 2


async def test_a_targets_cache_is_found_behind_a_failing_one_and_replays_streams(gateway: Gateway) -> None:
    config = {
        "strategy": {"mode": "fallback"},
        "targets": [
            {"provider": "anthropic", "override_params": {"model": "claude-haiku-4-5"}},
            {"targets": [{"provider": "openai"}], "cache": {"mode": "simple", "pace": "original"}},
        ],
    }
    script = {**STREAM, "timing": {"chunk_ms": 5}}
    headers = {"x-portkey-config": msgspec.json.encode(config).decode()}
    body = {"model": "gpt-4o-mini", "messages": ASK, "stream": True}
    answers = []
    for _ in range(2):
        gateway.sandbox_rules(
            [
                {"when": {"path": "/v1/messages"}, "script": {"fault": {"kind": "status", "status": 503}}},
                {"script": script},
            ]
        )
        answers.append(await gateway.post("/v1/chat/completions", body, **headers))
    assert statuses(*answers) == [MISS, HIT]
    assert answers[1].content == answers[0].content
    assert answers[1].headers["x-quarterdeck-attempts"] == "1"
    assert [record.attempts[0].provider for record in gateway.records()] == ["anthropic", "anthropic"]
    assert len(gateway.open_calls) == 0


async def test_a_replay_from_a_targets_own_cache_is_one_call_in_flight(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = {**STREAM, "timing": {"chunk_ms": 400}}
    config = {"targets": [{"provider": "openai", "cache": {"mode": "simple", "pace": "original"}}]}
    await by_config(gateway, config, script, stream=True)
    table, entered = gateway.open_calls, []
    add = table.add

    def noted(call: InFlight) -> None:
        entered.append(call)
        add(call)

    monkeypatch.setattr(table, "add", noted)
    asking = asyncio.create_task(by_config(gateway, config, script, stream=True))
    await until(lambda: entered and entered[0].last_byte())
    assert [(call.provider, call.model) for call in table.traffic()[1]] == [("openai", "gpt-4o-mini")]
    assert await table.end("agent", ["agt_1"], "agent_paused", "Paused.") == 1
    stopped = await asking
    assert statuses(stopped) == [HIT]
    assert b"agent_paused" in stopped.content
    assert [call.id for call in entered] == [stopped.headers["x-quarterdeck-call-id"]]
    assert not len(table)


async def test_a_race_is_won_by_a_target_whose_cache_has_the_answer(gateway: Gateway) -> None:
    config = {
        "strategy": {"mode": "hedge", "hedge": {"after_ms": 60_000}},
        "targets": [{"provider": "openai", "cache": "simple"}, {"provider": "openai"}],
    }
    first, second = await by_config(gateway, config), await by_config(gateway, config)
    assert statuses(first, second) == [MISS, HIT]
    assert len(gateway.seen) == 1


async def test_a_targets_cache_that_cannot_be_is_refused_by_name(gateway: Gateway) -> None:
    config = {"targets": [{"provider": "openai", "cache": {"mode": "simple", "max_age": -1}}]}
    refused = await by_config(gateway, config)
    assert (refused.status_code, refused.headers["x-quarterdeck-code"]) == (400, "invalid_config")
    assert "config.targets[0].cache.max_age" in refused.text

"""What the gateway refuses, in which words, and that a refusal is recorded when we know whose it is."""

import json

import msgspec
import pytest
from gateway_world import BODY_LIMIT, KEY, RUN_KEY, Gateway, key_entry

from quarterdeck.access.snapshot import EMPTY

BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}


async def refusal(gateway: Gateway, status: int, code: str, *, key: str = KEY, body: object = BODY) -> str:
    """Send, check status and code, return the message."""
    answer = await gateway.post("/v1/chat/completions", body, key=key)
    assert (answer.status_code, answer.headers["x-quarterdeck-code"]) == (status, code)
    error = answer.json()["error"]
    assert error["code"] == code
    return str(error["message"])


async def test_an_unknown_key_is_refused(gateway: Gateway) -> None:
    assert "not known" in await refusal(gateway, 401, "key_invalid", key="qd-a-unknown")
    assert gateway.records() == []


async def test_a_key_that_nobody_can_check_now_is_not_said_to_be_unknown(gateway: Gateway) -> None:
    gateway.holder.answer_unknown_with(None)
    answer = await gateway.post("/v1/chat/completions", BODY, key="qd-a-unknown")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["error"]["code"] == "key_unchecked"


async def test_no_key_or_one_in_the_wrong_place_is_refused_with_where_it_belongs(gateway: Gateway) -> None:
    for headers in ({}, {"authorization": "Basic abc"}, {"x-key": KEY}):
        answer = await gateway.client.post("/v1/chat/completions", json=BODY, headers=headers)
        assert answer.status_code == 401
        assert "Authorization: Bearer" in answer.json()["error"]["message"]


async def test_a_revoked_key_is_refused_at_the_next_call(gateway: Gateway) -> None:
    assert (await gateway.chat()).status_code == 200
    gateway.keys[KEY] = key_entry(state="revoked")
    gateway.publish()
    assert "revoked" in await refusal(gateway, 401, "key_invalid")
    assert (await gateway.record(2)).outcome == "refused"


async def test_a_paused_agent_is_refused_at_the_next_call(gateway: Gateway) -> None:
    gateway.agent = msgspec.structs.replace(gateway.agent, desired="paused")
    gateway.publish()
    assert "research is paused" in await refusal(gateway, 403, "agent_paused")


async def test_a_run_that_ended_is_told_so_in_neutral_words(gateway: Gateway) -> None:
    gateway.keys[RUN_KEY] = key_entry(kind="run", run_id="run_1", task_id="tsk_1", state="ended")
    gateway.publish()
    words = await refusal(gateway, 400, "run_ended", key=RUN_KEY)
    assert not any(word in words.lower() for word in ("budget", "quota", "credit", "billing"))


async def test_a_held_task_is_told_so(gateway: Gateway) -> None:
    gateway.runs["run_1"] = msgspec.structs.replace(gateway.runs["run_1"], state="paused")
    gateway.publish()
    await refusal(gateway, 400, "task_paused", key=RUN_KEY)


async def test_a_model_the_key_may_not_use_is_refused(gateway: Gateway) -> None:
    gateway.keys[KEY] = key_entry(models=["anthropic/*"])
    gateway.publish()
    await refusal(gateway, 403, "model_not_allowed")


async def test_a_key_limited_to_models_may_not_name_two(gateway: Gateway) -> None:
    gateway.keys[KEY] = key_entry(models=["gpt-4o-mini"])
    gateway.publish()
    body = b'{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}],"model":"gpt-4o-mini"}'
    assert "twice" in await refusal(gateway, 400, "invalid_body", body=body)


async def test_an_unknown_model_is_refused_with_the_providers_there_are(gateway: Gateway) -> None:
    gateway.providers.append(msgspec.structs.replace(gateway.providers[0], name="second"))
    gateway.publish()
    words = await refusal(gateway, 404, "model_not_found", body={**BODY, "model": "no-such-model"})
    assert "openai, second" in words


async def test_a_provider_without_its_secret_says_why(gateway: Gateway) -> None:
    broken = msgspec.structs.replace(gateway.providers[0], problem="the variable OPENAI_API_KEY is not set")
    gateway.providers[0] = broken
    gateway.publish()
    assert "OPENAI_API_KEY" in await refusal(gateway, 503, "provider_unavailable")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"model":"gpt-4o-mini","messages":[',
        b'{"model":"gpt-4o-mini\xff","messages":[]}',
        b"[]",
        b'{"messages":[]}',
        b'{"model":7,"messages":[]}',
        b'{"model":"gpt-4o-mini"}',
        b'{"model":"m","messages":' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
async def test_a_body_that_is_none_is_refused_with_what_to_do(gateway: Gateway, body: bytes) -> None:
    assert await refusal(gateway, 400, "invalid_body", body=body)
    assert gateway.seen == []
    assert (await gateway.record()).outcome == "refused"


async def test_a_body_past_the_limit_is_refused(gateway: Gateway) -> None:
    body = json.dumps({**BODY, "pad": "x" * BODY_LIMIT}).encode()
    assert str(BODY_LIMIT) in await refusal(gateway, 413, "body_too_large", body=body)


async def test_a_compressed_request_is_refused_rather_than_misread(gateway: Gateway) -> None:
    answer = await gateway.post("/v1/chat/completions", b"\x1f\x8b", **{"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_body")


async def test_unknown_paths_and_methods_are_refused_in_the_apis_own_words(gateway: Gateway) -> None:
    missing = await gateway.client.get("/v1/nothing", headers={"authorization": f"Bearer {KEY}"})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "path_unknown")
    wrong = await gateway.client.get("/v1/messages")
    assert (wrong.status_code, wrong.json()["type"], wrong.headers["allow"]) == (405, "error", "POST")


async def test_anthropic_clients_get_anthropic_errors(gateway: Gateway) -> None:
    answer = await gateway.post("/v1/messages", b"{")
    assert answer.json()["type"] == "error"
    assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_before_the_first_snapshot_it_says_that_it_is_starting(gateway: Gateway) -> None:
    gateway.holder.current = EMPTY
    answer = await gateway.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "starting")
    assert answer.headers["retry-after"] == "1"

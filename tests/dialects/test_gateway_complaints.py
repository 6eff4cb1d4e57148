"""What users of other gateways complained about, one test each; the name says where."""

import json
from typing import Any

import pytest
from official_clients import final_message, said, sse_data

from quarterdeck.gateway.dialects.registry import BY_NAME
from quarterdeck.gateway.dialects.translate import Translator


def anthropic_stream(
    *blocks: tuple[dict[str, Any], list[dict[str, Any]]], stop: str = "tool_use", **used: int
) -> bytes:
    events: list[dict[str, Any]] = [
        {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "claude",
                "content": [],
                "usage": {"input_tokens": 3, "output_tokens": 1} | used,
            },
        }
    ]
    for index, (block, deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events.append({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 9}})
    events.append({"type": "message_stop"})
    return b"".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events)


def call(identity: str, name: str, *pieces: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    block = {"type": "tool_use", "id": identity, "name": name, "input": {}}
    return block, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]


TEXT = ({"type": "text", "text": ""}, [{"type": "text_delta", "text": "Hi"}])
TWO_CALLS = anthropic_stream(TEXT, call("a", "f", '{"x":', "1}"), call("b", "g"))


def to_chat(stream: bytes, upstream: str = "anthropic", **wants: Any) -> tuple[bytes, Any]:
    translator = Translator("openai_chat", upstream, call_id="c", now=1)
    body = {"model": "m", "messages": [], "stream": True, "stream_options": {"include_usage": True}} | wants
    translator.request(json.dumps(body).encode(), "m")
    told = translator.stream()
    return told.feed(stream) + told.end(), told


def test_portkey_1797_a_truncated_stream_is_no_clean_end() -> None:
    cut = TWO_CALLS[: TWO_CALLS.index(b"event: message_delta")]
    out, told = to_chat(cut)
    assert told.error and not told.finished
    assert b"[DONE]" not in out
    assert "error" in sse_data(out)[-1]
    reader = BY_NAME["anthropic"].reader()
    reader.feed(cut)
    reader.end()
    assert not reader.finished


def test_portkey_1275_and_1284_parallel_tool_calls_keep_their_index() -> None:
    out, _ = to_chat(TWO_CALLS)
    seen = [c for e in sse_data(out) for ch in e["choices"] for c in ch["delta"].get("tool_calls", [])]
    assert [(c["index"], c.get("id")) for c in seen if "id" in c] == [(0, "a"), (1, "b")]
    assert said("openai_chat", final_message("openai_chat", out))[1] == [("f", {"x": 1}), ("g", {})]


def test_portkey_1000_and_1399_the_first_chunk_names_the_role() -> None:
    out, _ = to_chat(TWO_CALLS)
    assert sse_data(out)[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}


def test_portkey_1534_geminis_stop_with_tool_calls_is_tool_calls() -> None:
    answer = {
        "candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": {}}}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 1},
        "responseId": "r",
    }
    out, _ = Translator("openai_chat", "gemini").answer(json.dumps(answer).encode())
    assert json.loads(out)["choices"][0]["finish_reason"] == "tool_calls"
    streamed, _ = to_chat(b"data: " + json.dumps(answer).encode() + b"\n\n", "gemini")
    assert final_message("openai_chat", streamed)["choices"][0]["finish_reason"] == "tool_calls"


def test_portkey_1579_and_1593_cache_marks_survive_to_providers_that_have_them() -> None:
    mark = {"type": "ephemeral", "ttl": "1h"}
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "long", "cache_control": mark}]}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}, "cache_control": mark}],
    }
    emitted = json.loads(Translator("openai_chat", "anthropic").request(json.dumps(body).encode(), "m").body)
    assert emitted["messages"][0]["content"][0]["cache_control"] == mark
    assert emitted["tools"][0]["cache_control"] == mark
    bedrock = json.loads(Translator("openai_chat", "bedrock").request(json.dumps(body).encode(), "m").body)
    assert {"cachePoint": {"type": "default", "ttl": "1h"}} in bedrock["messages"][0]["content"]


def test_portkey_1570_structured_output_reaches_anthropic_as_its_own() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "x"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
    }
    emitted = json.loads(Translator("openai_chat", "anthropic").request(json.dumps(body).encode(), "m").body)
    assert emitted["output_config"]["format"] == {"type": "json_schema", "schema": schema}


def test_portkey_1112_thinking_keeps_its_signature_in_a_stream() -> None:
    thought = (
        {"type": "thinking", "thinking": "", "signature": ""},
        [{"type": "thinking_delta", "thinking": "hm"}, {"type": "signature_delta", "signature": "sig"}],
    )
    out, _ = to_chat(anthropic_stream(thought, TEXT, stop="end_turn"))
    message = final_message("openai_chat", out)["choices"][0]["message"]
    assert message["reasoning_content"] == "hm"
    assert message["reasoning_details"][0]["signature"] == "sig"


def test_portkey_1442_gemini_thought_signatures_come_back_on_their_call() -> None:
    part = {"functionCall": {"name": "f", "args": {}, "id": "x"}, "thoughtSignature": "c2ln"}
    answer = {"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}]}
    out, _ = Translator("openai_chat", "gemini").answer(json.dumps(answer).encode())
    message = json.loads(out)["choices"][0]["message"]
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "ok"}
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}, message, result]}
    emitted = json.loads(Translator("openai_chat", "gemini").request(json.dumps(body).encode(), "m").body)
    assert emitted["contents"][1]["parts"][0] == part


def test_portkey_1098_new_parameters_pass_through_in_their_own_dialect() -> None:
    body = b'{"model":"old", "brand_new": {"x":[1]},"messages":[]}'
    assert BY_NAME["openai_chat"].patch(body, model="new") == body.replace(b'"old"', b'"new"')


@pytest.mark.parametrize("upstream", ["openai_chat", "anthropic", "gemini", "bedrock", "cohere"])
def test_portkey_1518_and_1527_responses_speak_to_every_provider(upstream: str) -> None:
    body = {"model": "m", "instructions": "be brief", "input": [{"role": "user", "content": "hello"}]}
    emitted = Translator("openai_responses", upstream).request(json.dumps(body).encode(), "m").body
    assert b"be brief" in emitted
    assert b"hello" in emitted


@pytest.mark.parametrize(
    ("name", "told", "expected"),
    [
        ("anthropic", {"input_tokens": 1, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 2}, (8, 5)),
        ("bedrock", {"inputTokens": 1, "cacheReadInputTokens": 5, "cacheWriteInputTokens": 2}, (8, 5)),
        ("gemini", {"promptTokenCount": 8, "cachedContentTokenCount": 5}, (8, 5)),
        ("deepseek", {"prompt_tokens": 8, "prompt_cache_hit_tokens": 5}, (8, 5)),
        ("mistral", {"prompt_tokens": 8, "prompt_tokens_details": {"cached_tokens": 5}}, (8, 5)),
    ],
)
def test_portkey_1754_1210_1180_1259_858_cached_tokens_are_counted_once(
    name: str, told: dict[str, int], expected: tuple[int, int]
) -> None:
    from quarterdeck.gateway.dialects import usage  # noqa: PLC0415

    read = {"anthropic": usage.from_anthropic, "bedrock": usage.from_bedrock, "gemini": usage.from_gemini}
    counted = read.get(name, usage.from_openai)(told)
    assert counted is not None
    assert (counted.input_total, counted.cache_read) == expected


def test_portkey_722_an_error_body_in_place_of_a_stream_is_no_crash() -> None:
    out, told = to_chat(b'{"error":{"message":"no"}}')
    assert told.error
    assert b'"error"' in out


def test_portkey_1286_an_html_error_is_told_in_the_clients_envelope() -> None:
    out, failure = Translator("anthropic", "openai_chat").error(503, b"<html>Service Unavailable</html>")
    assert json.loads(out)["error"]["type"] == "overloaded_error"
    assert failure.status == 503


def test_litellm_36168_cached_tokens_are_not_lost_in_streams() -> None:
    data = anthropic_stream(TEXT, stop="end_turn", cache_read_input_tokens=1000, cache_creation_input_tokens=10)
    reader = BY_NAME["anthropic"].reader()
    reader.feed(data)
    assert reader.usage is not None
    assert (reader.usage.input_total, reader.usage.cache_read, reader.usage.cache_write_5m) == (1013, 1000, 10)
    out, _ = to_chat(data)
    used = final_message("openai_chat", out)["usage"]
    assert (used["prompt_tokens"], used["prompt_tokens_details"]["cached_tokens"]) == (1013, 1000)


def test_litellm_18599_reasoning_tokens_are_a_part_of_completion_and_do_not_replace_it() -> None:
    told = {"prompt_tokens": 1, "completion_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 30}}
    facts = BY_NAME["openai_chat"].read_answer(json.dumps({"usage": told, "choices": []}).encode())
    assert facts.usage is not None
    assert (facts.usage.output_total, facts.usage.reasoning) == (50, 30)


def test_litellm_42663_server_tools_of_a_stream_are_counted() -> None:
    data = anthropic_stream(TEXT, stop="end_turn").replace(
        b'"usage": {"output_tokens": 9}',
        b'"usage": {"input_tokens": 90, "output_tokens": 9, "server_tool_use": {"web_search_requests": 2}}',
    )
    reader = BY_NAME["anthropic"].reader()
    reader.feed(data)
    assert reader.usage is not None
    assert (reader.usage.input_total, reader.usage.server_tools) == (90, {"web_search_requests": 2})


def test_mini_swe_agent_577_usage_is_never_null_when_the_provider_counted() -> None:
    out, _ = to_chat(TWO_CALLS)
    assert final_message("openai_chat", out)["usage"]["completion_tokens"] == 9


def test_the_usage_chunk_is_only_for_clients_that_asked() -> None:
    out, _ = to_chat(TWO_CALLS, stream_options=None)
    assert all(event["choices"] for event in sse_data(out))


def test_litellm_19_the_same_history_is_always_written_the_same_so_that_prompts_stay_cached() -> None:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": []}).encode()
    first = Translator("openai_chat", "anthropic").request(body, "m").body
    longer = json.loads(body)
    longer["messages"] += [{"role": "assistant", "content": "y"}, {"role": "user", "content": "z"}]
    second = Translator("openai_chat", "anthropic").request(json.dumps(longer).encode(), "m").body
    shared = first[: first.index(b'"x"')]
    assert second.startswith(shared)

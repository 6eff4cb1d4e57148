"""A call to each kind of provider arrives on its path, with its key in its header, bent to its quirks."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import msgspec
import pytest
from any_provider import AnyProvider, Seen, any_provider
from gateway_world import KEY, Gateway

from quarterdeck.access.catalogue import SPECS, ProviderSpec

SECRET = "sk-of-the-provider"
MODEL = "maker/the-model"
QUOTED = "maker%2Fthe-model"
ASK = [{"role": "user", "content": "Hello"}]
AUTH = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
CHATTING = [spec for spec in SPECS.values() if spec.chat is not None]


@pytest.fixture
async def provider(gateway: Gateway) -> AsyncIterator[AnyProvider]:
    """All kinds at once, each at the path its own base URL has."""
    kinds = [(kind, kind, _path(spec), SECRET) for kind, spec in SPECS.items()]
    async with any_provider(gateway, *kinds) as made:
        yield made


def _path(spec: ProviderSpec) -> str:
    return urlsplit(re.sub(r"\{[a-z]+\}", "mine", spec.base_url or spec.template or "")).path


def _expected(spec: ProviderSpec, *, stream: bool) -> str:
    """Where chat arrives, written out anew for each dialect."""
    base = _path(spec)
    if spec.kind == "azure-openai-deployments":
        return f"/openai/deployments/{QUOTED}/chat/completions?api-version=2024-10-21"
    if spec.kind == "vertex-anthropic":
        return f"{base}/publishers/anthropic/models/{QUOTED}:{'streamRawPredict' if stream else 'rawPredict'}"
    if spec.kind == "bedrock":
        return f"/model/{QUOTED}/converse{'-stream' if stream else ''}"
    if spec.kind == "vertex":
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return f"{base}/publishers/google/models/{QUOTED}:{verb}"
    if spec.chat == "gemini":
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return f"{base}/v1beta/models/{QUOTED}:{verb}"
    return (
        base
        + {
            "openai_chat": "/chat/completions",
            "openai_responses": "/responses",
            "anthropic": "/v1/messages",
            "cohere": "/v2/chat",
        }[spec.chat or ""]
    )


def _check_auth(spec: ProviderSpec, seen: Seen) -> None:
    value = f"Bearer {SECRET}" if spec.auth_header == "authorization" else SECRET
    assert {name: seen.headers[name] for name in AUTH if name in seen.headers} == {spec.auth_header: value}, spec.kind
    assert KEY not in repr(seen.headers)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_chat_arrives_on_the_path_of_every_kind_with_its_key_alone(
    gateway: Gateway, provider: AnyProvider, stream: bool
) -> None:
    for spec in CHATTING:
        answer = await gateway.chat(model=f"{spec.kind}/{MODEL}", stream=stream)
        assert answer.status_code == 200, (spec.kind, answer.text)
        seen = provider.seen[-1]
        assert seen.target == _expected(spec, stream=stream), spec.kind
        assert "Hi." in answer.text
        assert answer.text.endswith("data: [DONE]\n\n") == stream
        _check_auth(spec, seen)
    records = gateway.records()
    assert [record.provider_kind for record in records] == [spec.kind for spec in CHATTING]
    assert {(record.outcome, record.usage_source) for record in records} == {("ok", "provider")}
    assert {(record.usage.input_total, record.usage.output_total) for record in records if record.usage} == {(7, 2)}


async def test_messages_pass_untouched_to_those_who_speak_them(gateway: Gateway, provider: AnyProvider) -> None:
    for spec in SPECS.values():
        if "anthropic" not in spec.dialects or spec.paths:
            continue
        body = b'{"model":"%b/m", "max_tokens":5,"x":1.0,"messages":[{"role":"user","content":"Hi"}]}'
        headers = {"anthropic-version": "2023-06-01"}
        answer = await gateway.post("/v1/messages", body % spec.kind.encode(), **headers)
        assert answer.status_code == 200, (spec.kind, answer.text)
        seen = provider.seen[-1]
        assert seen.target == _path(spec) + "/v1/messages"
        assert seen.body == (body % spec.kind.encode()).replace(spec.kind.encode() + b"/", b"")
        _check_auth(spec, seen)


async def test_embeddings_arrive_at_every_kind_that_has_them(gateway: Gateway, provider: AnyProvider) -> None:
    for spec in SPECS.values():
        if "openai_embeddings" not in spec.dialects:
            continue
        answer = await gateway.post("/v1/embeddings", {"model": f"{spec.kind}/m", "input": "Hi"})
        assert answer.status_code == 200, (spec.kind, answer.text)
        _check_auth(spec, provider.seen[-1])
        assert provider.seen[-1].target.partition("?")[0].endswith("/embeddings")


async def test_a_kind_without_chat_is_not_asked_to_chat(gateway: Gateway, provider: AnyProvider) -> None:
    answer = await gateway.chat(model="voyage/voyage-3.5")
    assert answer.status_code == 404
    assert provider.seen == []


async def test_a_translated_call_is_bent_to_the_quirks_of_its_provider(gateway: Gateway, provider: AnyProvider) -> None:
    message = {"max_tokens": 50, "messages": ASK, "stream": True, "metadata": {"user_id": "sam"}}
    for kind, field in (("openai", "max_completion_tokens"), ("together", "max_tokens"), ("mistral", "max_tokens")):
        answer = await gateway.post("/v1/messages", {"model": f"{kind}/m", **message})
        assert answer.status_code == 200
        sent = provider.seen[-1].json
        assert sent[field] == 50
        assert len({"max_tokens", "max_completion_tokens"} & sent.keys()) == 1
        assert ("stream_options" in sent) == (kind != "mistral")
        assert "user" not in sent or kind != "mistral"
    assert "message_stop" in answer.text


async def test_gemini_callers_seed_is_told_to_mistral_in_its_word(gateway: Gateway, provider: AnyProvider) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], "generationConfig": {"seed": 7}}
    answer = await gateway.post("/v1beta/models/mistral/m:generateContent", body)
    assert answer.status_code == 200
    assert provider.seen[-1].json["random_seed"] == 7
    assert "seed" not in provider.seen[-1].json


async def test_who_refuses_to_be_asked_for_usage_is_not_asked(gateway: Gateway, provider: AnyProvider) -> None:
    for kind in ("mistral", "together"):
        body = b'{"model":"%b/m","stream":true,"messages":[{"role":"user","content":"Hi"}]}' % kind.encode()
        await gateway.post("/v1/chat/completions", body)
        assert (b"include_usage" in provider.seen[-1].body) == (kind == "together")
    # Mistral tells it unasked, and the caller gets the bytes as they came.
    assert {record.usage_source for record in gateway.records()} == {"provider"}


async def test_thoughts_are_given_back_to_those_who_take_them(gateway: Gateway, provider: AnyProvider) -> None:
    thought = {"type": "thinking", "thinking": "Weigh it.", "signature": ""}
    turns = [*ASK, {"role": "assistant", "content": [thought, {"type": "text", "text": "Ok"}]}, *ASK]
    for kind in ("deepseek", "together"):
        await gateway.post("/v1/messages", {"model": f"{kind}/m", "max_tokens": 9, "messages": turns})
        sent = msgspec.json.encode(provider.seen[-1].json)
        assert (b'"reasoning_content":"Weigh it."' in sent) == (kind == "deepseek")

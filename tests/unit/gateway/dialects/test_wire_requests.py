"""What the gateway reads from a request body, and what it refuses in words that help."""

import contextlib
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.gateway.dialects.base import BadBody
from quarterdeck.gateway.dialects.registry import BY_NAME

NEEDS = {
    "openai_chat": {"messages": []},
    "openai_completions": {"prompt": "once"},
    "openai_responses": {"input": "hi"},
    "openai_embeddings": {"input": "hi"},
    "anthropic": {"messages": [], "max_tokens": 10},
    "anthropic_count_tokens": {"messages": []},
}


OTHERS = {
    # Their requests say the model in the path, or are judged by the provider alone.
    "gemini",
    "gemini_array",
    "gemini_count_tokens",
    "gemini_embeddings",
    "cohere",
    "cohere_embed",
    "cohere_rerank",
    "bedrock",
    "bedrock_invoke",
    "openai_realtime",
    "native",
    "native_free",
    "native_batch",
}


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_every_dialect_is_in_the_registry_under_its_own_name() -> None:
    assert set(BY_NAME) == set(NEEDS) | OTHERS
    assert all(dialect.name == name for name, dialect in BY_NAME.items())


def test_a_chat_request_says_model_stream_usage_cap_session_and_tags() -> None:
    facts = BY_NAME["openai_chat"].read_request(
        body(
            model="gpt-4o",
            messages=[],
            stream=True,
            stream_options={"include_usage": True},
            max_completion_tokens=7,
            max_tokens=9,
            prompt_cache_key="thread-1",
            metadata={"team": "a"},
        )
    )
    assert (facts.model, facts.stream, facts.wants_usage, facts.max_output) == ("gpt-4o", True, True, 7)
    assert (facts.session, facts.tags) == ("thread-1", {"team": "a"})


def test_a_chat_request_that_says_little_is_read_as_saying_little() -> None:
    facts = BY_NAME["openai_chat"].read_request(body(model="m", messages=[]))
    assert (facts.stream, facts.wants_usage, facts.max_output, facts.session, facts.tags) == (
        False,
        False,
        None,
        None,
        {},
    )


@pytest.mark.parametrize(
    ("user", "session"),
    [
        ('{"device_id":"d","account_uuid":"","session_id":"s-1"}', "s-1"),
        ("user_abc_account__session_0b1c", "0b1c"),
        ("somebody", None),
        ("{broken", None),
    ],
)
def test_claude_codes_session_is_found_in_the_user_id(user: str, session: str | None) -> None:
    facts = BY_NAME["anthropic"].read_request(
        body(model="m", messages=[], max_tokens=5, metadata={"user_id": user, "team": "a"})
    )
    assert (facts.session, facts.max_output, facts.wants_usage, facts.tags) == (session, 5, True, {"team": "a"})


def test_a_responses_request_names_its_conversation_before_its_cache_key() -> None:
    read = BY_NAME["openai_responses"].read_request
    assert read(body(model="m", prompt_cache_key="k", conversation={"id": "conv_1"})).session == "conv_1"
    assert read(body(model="m", prompt_cache_key="k", conversation="conv_2")).session == "conv_2"
    assert read(body(model="m", prompt_cache_key="k")).session == "k"
    assert read(body(prompt={"id": "pmpt_1"})).model is None


@pytest.mark.parametrize("odd", [{"metadata": [1]}, {"metadata": {"a": 1}}, {"stream": "yes"}, {"max_tokens": "9"}])
def test_odd_values_of_other_fields_are_for_the_provider_to_judge(odd: dict[str, object]) -> None:
    for name, needs in NEEDS.items():
        facts = BY_NAME[name].read_request(body(model="m", **{**needs, **odd}))
        assert facts.model == "m"
        assert not facts.stream


@pytest.mark.parametrize("name", NEEDS)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "valid JSON"),
        (b"{", "valid JSON"),
        (b'{"model":"m","messages":[1,]}', "valid JSON"),
        (b'{"model":"m","messages":[],"input":"","prompt":""} trailing', "valid JSON"),
        (b"[]", "not a JSON object"),
        (b'"model"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'{"model":7,"messages":[],"input":"","prompt":""}', "`model` has the wrong type"),
        (b'{"model":"","messages":[],"input":"","prompt":""}', "`model`"),
        (b'{"messages":[],"input":"","prompt":""}', "lacks `model`: add it"),
        (b'{"model":"m","messages":[],"input":"","prompt":"","x":"\xff"}', "not UTF-8"),
        (b'{"model":"m","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"model":"m","x":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}", "nested too deeply"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_what_to_do(name: str, text: bytes, words: str) -> None:
    with pytest.raises(BadBody, match=words):
        BY_NAME[name].read_request(text)


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("openai_chat", "messages"),
        ("openai_completions", "prompt"),
        ("openai_embeddings", "input"),
        ("anthropic", "messages"),
        ("anthropic_count_tokens", "messages"),
    ],
)
def test_a_body_without_what_the_dialect_needs_is_refused_by_name(name: str, missing: str) -> None:
    with pytest.raises(BadBody, match=f"lacks `{missing}`: add it"):
        BY_NAME[name].read_request(body(model="m"))


@given(st.sampled_from(sorted(NEEDS)), st.binary(max_size=80))
def test_no_bytes_raise_anything_but_a_refusal(name: str, data: bytes) -> None:
    dialect = BY_NAME[name]
    with contextlib.suppress(BadBody):
        dialect.read_request(data)
    dialect.read_answer(data)


def test_a_deeply_nested_answer_is_an_answer_without_usage() -> None:
    deep = b'{"usage":' + b"[" * (sys.getrecursionlimit() * 4) + b"]" * (sys.getrecursionlimit() * 4) + b"}"
    for dialect in BY_NAME.values():
        assert dialect.read_answer(deep).usage is None


def test_only_a_chat_dialect_asks_for_usage() -> None:
    text = body(model="m", messages=[], prompt="", input="", stream=True)
    for name, dialect in BY_NAME.items():
        patched = dialect.patch(text, model="n", ask_usage=True)
        options = json.loads(patched).get("stream_options")
        assert options == ({"include_usage": True} if name in ("openai_chat", "openai_completions") else None)
        assert dialect.patch(text) is text

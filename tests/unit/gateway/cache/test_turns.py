"""What of a request is its last turn, in every dialect."""

from typing import Any

import pytest

from quarterdeck.gateway.cache.semantic.turns import last_turn

EARLIER = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        ("openai_chat", {"messages": [*EARLIER, {"role": "user", "content": "Ask"}]}),
        ("openai_chat", {"messages": [{"role": "user", "content": [{"type": "text", "text": "Ask"}]}]}),
        ("anthropic", {"system": "S", "messages": [{"role": "user", "content": "Ask"}]}),
        ("cohere", {"messages": [{"role": "user", "content": [{"type": "text", "text": "Ask"}]}]}),
        ("openai_responses", {"input": "Ask"}),
        ("openai_responses", {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Ask"}]}]}),
        ("gemini", {"contents": [{"role": "user", "parts": [{"text": "Ask"}]}]}),
        ("gemini", {"contents": [{"parts": [{"inlineData": {"data": "aa"}}, {"text": "Ask"}]}]}),
    ],
)
def test_the_last_turn_is_one_text_and_the_rest_is_all_else(dialect: str, body: dict[str, Any]) -> None:
    found = last_turn(dialect, body)
    assert found is not None
    text, rest = found
    assert text == "Ask"
    assert "Ask" not in str(rest)
    assert rest.keys() == body.keys()
    assert last_turn(dialect, body) == found, "the request itself is left as it was"


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        ("openai_chat", {"messages": [*EARLIER]}),
        ("openai_chat", {"messages": []}),
        ("openai_chat", {"messages": "Ask"}),
        ("openai_chat", {"messages": [{"role": "user", "content": None}]}),
        ("openai_chat", {"messages": [{"role": "tool", "content": "42", "tool_call_id": "c"}]}),
        ("openai_chat", {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}] * 2}]}),
        ("anthropic", {"messages": [{"role": "user", "content": [{"type": "tool_result", "content": "a"}]}]}),
        ("openai_embeddings", {"input": "Ask"}),
        ("openai_chat", b"too big"),
    ],
)
def test_what_is_no_single_text_of_a_users_has_no_last_turn(dialect: str, body: object) -> None:
    assert last_turn(dialect, body) is None


def test_another_picture_beside_the_same_words_is_another_request() -> None:
    def rest(picture: str) -> object:
        parts = [{"type": "image_url", "image_url": {"url": picture}}, {"type": "text", "text": "What is this?"}]
        found = last_turn("openai_chat", {"messages": [{"role": "user", "content": parts}]})
        assert found is not None
        return found[1]

    assert rest("a") != rest("b")

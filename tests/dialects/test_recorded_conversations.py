"""Recorded traffic through the conversation model and back into the same dialect: equal JSON, equal final answers."""

import json
from typing import Any

import pytest
from recorded_traffic import Row, rows

from quarterdeck.gateway.dialects.conversation import Drops
from quarterdeck.gateway.dialects.grammars import GRAMMARS, Grammar
from quarterdeck.gateway.dialects.target import Target

FILES = (
    "openai",
    "anthropic",
    "gemini",
    "cohere",
    "bedrock",
    "deepseek",
    "groq",
    "cerebras",
    "mistral",
    "openrouter",
    "bedrock_mantle",
)


def grammar_of(row: Row) -> Grammar | None:
    path = row.path.partition("?")[0]
    for ending, name in {
        "/chat/completions": "openai_chat",
        "/responses": "openai_responses",
        "/v1/messages": "anthropic",
        ":generateContent": "gemini",
        ":streamGenerateContent": "gemini",
        "/converse": "bedrock",
        "/converse-stream": "bedrock",
        "/v2/chat": "cohere",
    }.items():
        if path.endswith(ending):
            return GRAMMARS.get(name)
    return None


def of(*kinds: str) -> list[Any]:
    return [
        pytest.param(grammar, row, id=f"{name}-{kind}-{row.id}")
        for name in FILES
        for kind in kinds
        for row in rows(f"{name}.{kind}")
        if (grammar := grammar_of(row)) is not None
    ]


def dumps(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(("grammar", "row"), of("json", "stream", "error"))
def test_a_request_comes_back_as_equal_json(grammar: Grammar, row: Row) -> None:
    conversation = grammar.parse_request(dumps(row.request))
    emitted = grammar.emit_request(conversation, Target(row.request.get("model", "m")))
    assert json.loads(emitted.body) == row.request | ({"model": row.request["model"]} if "model" in row.request else {})
    assert emitted.dropped == ()


@pytest.mark.parametrize(("grammar", "row"), of("json"))
def test_an_answer_comes_back_as_equal_json(grammar: Grammar, row: Row) -> None:
    drops = Drops()
    answer = grammar.parse_answer(dumps(row.answer))
    assert json.loads(grammar.emit_answer(answer, drops)) == row.answer
    assert drops.all() == ()
    assert answer.message.parts or not answer.usage or not answer.usage.output_total or answer.stop
    assert answer.usage is not None
    assert answer.stop not in (None, "other")

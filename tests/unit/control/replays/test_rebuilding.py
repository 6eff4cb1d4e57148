"""A recorded request asked of something else: what is changed, and that nothing else is."""

import json
from typing import Any

import pytest

from quarterdeck.control.replays.model import CannotReplay, Target
from quarterdeck.control.replays.rebuilding import DIALECTS, Rebuilt, merged, rebuild
from quarterdeck.kernel.errors import Invalid

CHAT = "/v1/chat/completions"
ODD = b'{"model": "gpt-4o-mini",  "messages":[{"role":"user","content":"\\u00e9\\n"}], "temperature": 1.0, "seed":1e3}'


def rebuilt(dialect: str, path: str, body: Any, target: Target, model: str | None = None) -> Rebuilt:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return rebuild(dialect, path, written, target, model)


def test_what_stays_keeps_its_bytes() -> None:
    made = rebuilt("openai_chat", CHAT, ODD, Target(), "anthropic/claude-haiku-4-5")
    for piece in (b'[{"role":"user","content":"\\u00e9\\n"}]', b'"temperature":1.0', b'"seed":1e3'):
        assert piece in made.body
    assert json.loads(made.body)["model"] == "anthropic/claude-haiku-4-5"
    assert [(each.field, each.before, each.after) for each in made.changes] == [
        ("model", "gpt-4o-mini", "anthropic/claude-haiku-4-5")
    ]


def test_a_replay_of_the_same_changes_nothing() -> None:
    made = rebuilt("openai_chat", CHAT, ODD, Target())
    assert (json.loads(made.body), made.changes) == (json.loads(ODD), ())


@pytest.mark.parametrize(
    ("dialect", "path", "body", "expected"),
    [
        (
            "openai_chat",
            CHAT,
            {"messages": [{"role": "developer", "content": "Old."}, {"role": "user", "content": "Hi"}]},
            {"messages": [{"role": "developer", "content": "New."}, {"role": "user", "content": "Hi"}]},
        ),
        (
            "cohere",
            "/v2/chat",
            {"messages": [{"role": "user", "content": "Hi"}]},
            {"messages": [{"role": "system", "content": "New."}, {"role": "user", "content": "Hi"}]},
        ),
        (
            "anthropic",
            "/v1/messages",
            {"system": [{"type": "text", "text": "Old."}], "messages": []},
            {"messages": [], "system": "New."},
        ),
        (
            "openai_responses",
            "/v1/responses",
            {"input": [{"role": "system", "content": "Old."}, {"role": "user", "content": "Hi"}]},
            {"input": [{"role": "user", "content": "Hi"}], "instructions": "New."},
        ),
        (
            "gemini",
            "/v1beta/models/gemini-2.5-flash:generateContent",
            {"system_instruction": {"parts": [{"text": "Old."}]}, "contents": []},
            {"contents": [], "systemInstruction": {"parts": [{"text": "New."}]}},
        ),
        (
            "bedrock",
            "/model/anthropic.claude-v1/converse",
            {"system": [{"text": "Old."}], "messages": []},
            {"messages": [], "system": [{"text": "New."}]},
        ),
    ],
)
def test_instructions_are_replaced_where_the_dialect_has_them(
    dialect: str, path: str, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    made = rebuilt(dialect, path, body, Target(system="New."))
    assert json.loads(made.body) == expected
    assert [(each.field, each.after) for each in made.changes] == [("system", "New.")]
    assert dialect in DIALECTS


def test_empty_instructions_take_them_away() -> None:
    body = {"system": "Old.", "messages": []}
    assert json.loads(rebuilt("anthropic", "/v1/messages", body, Target(system="")).body) == {"messages": []}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1beta/models/gemini-2.5-flash:streamGenerateContent", "/v1beta/models/openai/gpt-4o:streamGenerateContent"),
        ("/model/eu.amazon.nova-lite-v1:0/converse", "/model/openai/gpt-4o/converse"),
    ],
)
def test_a_model_in_the_path_is_replaced_there(path: str, expected: str) -> None:
    dialect = "gemini" if "gemini" in path else "bedrock"
    made = rebuilt(dialect, path, {"contents": [], "messages": []}, Target(), "openai/gpt-4o")
    assert made.path == expected
    assert "model" not in json.loads(made.body)


def test_params_are_a_merge_patch() -> None:
    body = {"messages": [], "temperature": 1, "top_p": 0.5, "metadata": {"a": 1, "b": 2}}
    target = Target(params={"temperature": 0, "top_p": None, "metadata": {"b": None, "c": 3}})
    made = rebuilt("openai_chat", CHAT, body, target)
    assert json.loads(made.body) == {"messages": [], "temperature": 0, "metadata": {"a": 1, "c": 3}}
    assert [each.field for each in made.changes] == ["temperature", "top_p", "metadata"]
    assert merged([1], {"a": {"b": None}}) == {"a": {}}


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"messages": []}, "stays as it was recorded"),
        ({"system": "x"}, "use the field `system`"),
        ({"model": "x"}, "use the field `model`"),
        ({"stream": True}, "streamed as it was recorded"),
    ],
)
def test_what_was_asked_cannot_be_changed(params: dict[str, Any], told: str) -> None:
    with pytest.raises(Invalid, match=told):
        Target(params=params).checked()


def test_a_version_of_no_route_is_refused() -> None:
    with pytest.raises(Invalid, match="name the route"):
        Target(route_version=2).checked()
    with pytest.raises(Invalid, match="in `route`"):
        Target(model="route/cheap").checked()


@pytest.mark.parametrize(
    ("dialect", "path", "body", "told"),
    [
        ("openai_embeddings", "/v1/embeddings", {"input": "x"}, "openai_embeddings on /v1/embeddings"),
        ("openai_chat", "/proxy/openai/chat/completions", {"messages": []}, "/proxy/openai"),
        ("openai_responses", "/v1/responses", {"input": "x", "previous_response_id": "resp_1"}, "only its provider"),
        ("openai_chat", CHAT, b"[1]", "no JSON object"),
        ("openai_chat", CHAT, b"\xff", "no JSON object"),
    ],
)
def test_a_call_that_is_not_whole_or_no_conversation_says_so(dialect: str, path: str, body: Any, told: str) -> None:
    with pytest.raises(CannotReplay, match=told):
        rebuilt(dialect, path, body, Target(system="x"))

"""Each client dialect to each provider dialect, a feature at a time, and the rules for what cannot be said."""

import json
from dataclasses import replace
from typing import Any

import pytest
from official_clients import read_answer, said

from quarterdeck.gateway.dialects.conversation import (
    Answer,
    CannotExpress,
    Conversation,
    Drops,
    Media,
    Message,
    OutputFormat,
    Reasoning,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from quarterdeck.gateway.dialects.grammars import GRAMMARS
from quarterdeck.gateway.dialects.target import Target
from quarterdeck.gateway.dialects.translate import Translator, carries_foreign
from quarterdeck.ledger.record import Usage

ALL = sorted(GRAMMARS)
PIXEL = "iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
HELLO = Message("user", (Text("hello"),))
BASE = Conversation("neutral", (HELLO,), max_output=100)
WEATHER = Tool("weather", "The weather.", SCHEMA)
CALLED = (
    HELLO,
    Message(
        "assistant",
        (Text("Looking."), ToolCall("c1", "weather", '{"city":"Oslo"}'), ToolCall("c2", "weather", '{"city":"Rome"}')),
    ),
    Message("tool", (ToolResult("c1", (Text("cold"),)),)),
    Message("tool", (ToolResult("c2", (Text("hot"),), is_error=False),)),
)
FEATURES: dict[str, Conversation] = {
    "text": BASE,
    "system": replace(BASE, system=(Text("Be brief."),)),
    "image": replace(
        BASE, messages=(Message("user", (Text("see"), Media("image", data=PIXEL, media_type="image/png"))),)
    ),
    "tools": replace(BASE, tools=(WEATHER,), tool_choice=ToolChoice("required")),
    "tool_results": replace(BASE, messages=CALLED, tools=(WEATHER,)),
    "structured_output": replace(BASE, output=OutputFormat("schema", SCHEMA, "place")),
    "sampling": replace(BASE, sampling=Sampling(temperature=0.5, top_p=0.9)),
    "stop": replace(BASE, stop=("END",)),
    "reasoning": replace(BASE, thinking=Thinking(effort="low")),
}
HOLES = {
    ("openai_responses", "stop"): "Responses have no stop sequences",
}
"""What a dialect has no words for, and what it says then."""


def through(feature: str, dialect: str) -> Conversation:
    """The feature as a client of the dialect would say it."""
    emitted = GRAMMARS[dialect].emit_request(FEATURES[feature], Target("some-model"))
    return GRAMMARS[dialect].parse_request(emitted.body)


def meaning(conversation: Conversation) -> dict[str, Any]:
    """What must arrive, whatever the spelling."""
    turns: list[Any] = []
    system = [part.text for part in conversation.system if isinstance(part, Text)]
    for message in conversation.messages:
        if message.role in ("system", "developer"):
            system += [part.text for part in message.parts if isinstance(part, Text)]
            continue
        for part in message.parts:
            match part:
                case Text(text=words):
                    turns.append(words)
                case Media(data=data, media_type=kind):
                    turns.append((kind, data))
                case ToolCall(id=call, name=name, arguments=arguments):
                    turns.append(("call", call, name, json.loads(arguments)))
                case ToolResult(call_id=call, parts=parts):
                    turns.append(("result", call, "".join(p.text for p in parts if isinstance(p, Text))))
                case Media(text=str(words)):
                    turns.append(words)
    return {
        "system": system,
        "turns": turns,
        "tools": [(t.name, t.description, t.schema) for t in conversation.tools if isinstance(t, Tool)],
        "choice": conversation.tool_choice.mode if conversation.tool_choice else None,
        "output": conversation.output.schema if conversation.output else None,
        "temperature": conversation.sampling.temperature,
        "top_p": conversation.sampling.top_p,
        "stop": conversation.stop,
        "max_output": conversation.max_output,
    }


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("upstream", ALL)
@pytest.mark.parametrize("client", ALL)
def test_a_feature_arrives_with_its_meaning(client: str, upstream: str, feature: str) -> None:
    if (client, feature) in HOLES:
        with pytest.raises(CannotExpress, match=HOLES[client, feature]):
            through(feature, client)
        return
    asked = through(feature, client)
    if (upstream, feature) in HOLES and upstream != client:
        with pytest.raises(CannotExpress, match=HOLES[upstream, feature]):
            GRAMMARS[upstream].emit_request(asked, Target("some-model"))
        return
    emitted = GRAMMARS[upstream].emit_request(asked, Target("some-model"))
    arrived = GRAMMARS[upstream].parse_request(emitted.body)
    expected = meaning(FEATURES[feature])
    found = meaning(arrived)
    if feature == "reasoning":
        # A budget may widen the cap; thinking itself must be asked for where the dialect has words for it.
        expected["max_output"] = found["max_output"]
        reported = any("reasoning" in words for words in emitted.dropped)
        assert arrived.thinking is not None or reported or asked.thinking is None
    assert found == expected


ANSWER = Answer(
    "neutral",
    Message("assistant", (Reasoning("hm"), Text("Hi."), ToolCall("c1", "weather", '{"city":"Oslo"}'))),
    id="a-1",
    model="some-model",
    stop="tool_calls",
    usage=Usage(input_total=100, output_total=20, cache_read=40, reasoning=5),
)


@pytest.mark.parametrize("upstream", ALL)
@pytest.mark.parametrize("client", ALL)
def test_an_answer_arrives_with_words_calls_thoughts_and_usage(client: str, upstream: str) -> None:
    given = GRAMMARS[upstream].emit_answer(ANSWER, Drops())
    translator = Translator(client, upstream, call_id="x", now=1)
    out, facts = translator.answer(given)
    assert said(client, read_answer(client, out)) == ("Hi.", [("weather", {"city": "Oslo"})], "hm")
    back = GRAMMARS[client].parse_answer(out)
    assert back.stop == "tool_calls"
    assert back.usage is not None
    assert facts.usage is not None
    assert (back.usage.input_total, back.usage.output_total, back.usage.cache_read) == (100, 20, 40)


@pytest.mark.parametrize("upstream", ALL)
@pytest.mark.parametrize("client", ALL)
def test_a_providers_error_arrives_in_words(client: str, upstream: str) -> None:
    from quarterdeck.gateway.dialects.conversation import Failure  # noqa: PLC0415

    given = GRAMMARS[upstream].emit_error(Failure(429, "Slow down.", "rate_limited"))
    out, failure = Translator(client, upstream).error(429, given)
    assert failure.message == "Slow down."
    assert GRAMMARS[client].parse_error(429, out).message == "Slow down."


def test_an_error_that_cannot_be_read_is_told_by_its_status() -> None:
    for name in ALL:
        assert "502" in GRAMMARS[name].parse_error(502, b"<html>bad gateway</html>").message


SIGNED = {
    "anthropic": Reasoning("deep", "sig+/=.1", minted_by="anthropic"),
    "openai_responses": Reasoning("deep", encrypted="enc+/=.2", minted_by="openai", id="rs_1"),
    "gemini": Reasoning("deep", "c2ln", minted_by="gemini"),
}


@pytest.mark.parametrize("upstream", SIGNED)
@pytest.mark.parametrize("client", ["anthropic", "openai_responses", "gemini", "openai_chat", "bedrock"])
def test_a_signed_thought_returns_to_its_provider_through_a_client_of_another_dialect(
    client: str, upstream: str
) -> None:
    thought = SIGNED[upstream]
    spoken = GRAMMARS[client].emit_answer(
        Answer("neutral", Message("assistant", (thought, Text("So."))), stop="end"), Drops()
    )
    heard = GRAMMARS[client].parse_answer(spoken)
    # The client sends its history back in its own dialect.
    history = replace(BASE, messages=(HELLO, replace(heard.message, form=None), HELLO))
    again = GRAMMARS[upstream].emit_request(history, Target("claude-x" if upstream == "anthropic" else "m"))
    arrived = GRAMMARS[upstream].parse_request(again.body)
    found = [part for message in arrived.messages for part in message.parts if isinstance(part, Reasoning)]
    assert [(t.signature, t.encrypted, t.minted_by) for t in found] == [
        (thought.signature, thought.encrypted, thought.minted_by)
    ]
    assert "".join(t.text for t in found) == "deep"


def test_a_thought_of_another_provider_is_dropped_by_rule_and_said_so() -> None:
    for name in ALL:
        history = replace(BASE, messages=(HELLO, Message("assistant", (SIGNED["gemini"], Text("So."))), HELLO))
        emitted = GRAMMARS[name].emit_request(history, Target("m"))
        if name != "gemini":
            assert any("reasoning" in words for words in emitted.dropped), name
            assert b"c2ln" not in emitted.body


def test_a_carried_token_never_reaches_a_provider_that_did_not_make_it() -> None:
    spoken = GRAMMARS["anthropic"].emit_answer(
        Answer("neutral", Message("assistant", (SIGNED["openai_responses"], Text("So.")))), Drops()
    )
    content = json.loads(spoken)["content"]
    body = json.dumps({"model": "m", "max_tokens": 5, "messages": [{"role": "assistant", "content": content}]}).encode()
    assert carries_foreign(body)
    emitted = Translator("anthropic", "anthropic").request(body, "m")
    assert not carries_foreign(emitted.body)
    assert emitted.dropped == ("reasoning (made by another provider)",)


def ask(
    client: str, upstream: str, target: Target | str = "m", **fields: Any
) -> tuple[dict[str, Any], tuple[str, ...]]:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]} | fields
    emitted = Translator(client, upstream).request(json.dumps(body).encode(), target)
    return json.loads(emitted.body), emitted.dropped


def test_the_newer_anthropic_version_gets_no_sampling_and_the_older_does() -> None:
    new, dropped = ask("openai_chat", "anthropic", Target("m", "2026-10-21"), temperature=0.5, top_p=0.5)
    assert not {"temperature", "top_p"} & set(new)
    assert any(words.startswith("temperature") for words in dropped)
    old, dropped = ask("openai_chat", "anthropic", Target("m", "2023-06-01"), temperature=0.5, top_p=0.5)
    assert (old["temperature"], old["top_p"], dropped) == (0.5, 0.5, ())


def test_what_a_target_has_no_word_for_is_dropped_by_name() -> None:
    _, dropped = ask(
        "openai_chat", "anthropic", seed=1, logit_bias={"1": 1}, prediction={"type": "content"}, store=True
    )
    assert set(dropped) == {"seed", "logit_bias", "prediction"}


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 2},
        {"logprobs": True},
        {"modalities": ["audio"]},
        {"functions": [{"name": "f"}]},
        {"web_search_options": {}},
    ],
)
def test_what_would_change_the_meaning_is_refused(fields: dict[str, Any]) -> None:
    name = next(iter(fields))
    if fields == {"web_search_options": {}}:
        fields = {"web_search_options": {"search_context_size": "low"}}
    with pytest.raises(CannotExpress, match=name):
        ask("openai_chat", "anthropic", **fields)


def test_harmless_values_of_the_same_settings_are_not_refused() -> None:
    _, dropped = ask("openai_chat", "anthropic", n=1, logprobs=False, modalities=["text"], stream_options=None)
    assert dropped == ()


def test_a_responses_request_that_leans_on_the_providers_memory_is_refused() -> None:
    body = json.dumps({"model": "m", "input": "x", "previous_response_id": "resp_1"}).encode()
    with pytest.raises(CannotExpress, match="previous_response_id"):
        Translator("openai_responses", "anthropic").request(body, "m")


def test_anthropic_gets_a_cap_when_the_caller_set_none() -> None:
    body, _ = ask("openai_chat", "anthropic", Target("m", default_max_output=77))
    assert body["max_tokens"] == 77


def test_the_path_says_the_model_where_the_body_does_not() -> None:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True}).encode()
    assert Translator("openai_chat", "gemini").request(body, "gem").path == "models/gem:streamGenerateContent?alt=sse"
    assert Translator("openai_chat", "bedrock").request(body, "a.b:0").path == "model/a.b%3A0/converse-stream"
    assert Translator("openai_chat", "anthropic").request(body, "m").path is None

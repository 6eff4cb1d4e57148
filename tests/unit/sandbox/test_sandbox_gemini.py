"""Gemini's three ways to answer."""

import json
from typing import Any

ASK = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def path(model: str, verb: str = "generateContent", query: str = "") -> str:
    return f"/v1beta/models/{model}:{verb}{query}"


def test_content_is_generated(sandbox: Any) -> None:
    answer = sandbox.raw(path("sandbox-echo"), ASK).json
    assert answer["candidates"] == [
        {"content": {"parts": [{"text": "hi"}], "role": "model"}, "index": 0, "finishReason": "STOP"}
    ]
    assert answer["modelVersion"] == "sandbox-echo"


def test_thoughts_are_counted_apart(sandbox: Any) -> None:
    usage = sandbox.raw(path("sandbox-reasoning"), ASK).json["usageMetadata"]
    assert (usage["candidatesTokenCount"], usage["thoughtsTokenCount"]) == (10, 80)
    assert (usage["promptTokenCount"], usage["totalTokenCount"]) == (20, 110)


def test_a_stream_is_events_or_one_array_that_say_the_same(sandbox: Any) -> None:
    events = sandbox.raw(path("sandbox-reasoning", "streamGenerateContent", "?alt=sse"), ASK)
    assert events.headers["content-type"] == "text/event-stream"
    responses = [json.loads(part.removeprefix(b"data: ")) for part in events.parts if part]
    array = sandbox.raw(path("sandbox-reasoning", "streamGenerateContent"), ASK)
    assert array.headers["content-type"] == "application/json; charset=UTF-8"
    assert array.json == responses
    parts = [response["candidates"][0]["content"]["parts"][0] for response in responses]
    assert "".join(part["text"] for part in parts if part.get("thought")) == "Six times seven is forty-two."
    assert "".join(part["text"] for part in parts if not part.get("thought")) == "Forty-two."
    assert [response["candidates"][0].get("finishReason") for response in responses[-2:]] == [None, "STOP"] or len(
        responses
    ) == len(set(map(str, responses)))


def test_tools_are_called_by_turn(sandbox: Any) -> None:
    (part,) = sandbox.raw(path("sandbox-tools"), ASK).json["candidates"][0]["content"]["parts"]
    assert part["functionCall"] == {"name": "get_weather", "args": {"city": "Oslo"}}
    history = [*ASK["contents"], {"role": "model", "parts": [part]}, {"role": "user", "parts": [{"text": "12"}]}]
    (part,) = sandbox.raw(path("sandbox-tools"), {"contents": history}).json["candidates"][0]["content"]["parts"]
    assert part == {"text": "It is 12 degrees in Oslo."}


def test_an_error_has_googles_shape(sandbox: Any) -> None:
    answer = sandbox.raw(path("sandbox-429"), ASK)
    assert answer.status == 429
    assert answer.json["error"] | {"message": ""} == {"code": 429, "message": "", "status": "RESOURCE_EXHAUSTED"}
    assert sandbox.raw(path("m"), {"contents": []}).status == 400

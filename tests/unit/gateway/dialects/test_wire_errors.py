"""Our refusals as the official SDKs raise them."""

from collections.abc import Callable

import anthropic
import httpx2
import openai
import pytest

from quarterdeck.gateway.dialects.registry import BY_NAME


def answering(status: int, body: bytes, kind: str = "application/json") -> httpx2.MockTransport:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, headers={"content-type": kind}, content=body)

    return httpx2.MockTransport(answer)


def openai_client(status: int, body: bytes, kind: str = "application/json") -> openai.OpenAI:
    return openai.OpenAI(
        api_key="k",
        base_url="http://x/v1",
        max_retries=0,
        http_client=httpx2.Client(transport=answering(status, body, kind)),
    )


def anthropic_client(status: int, body: bytes, kind: str = "application/json") -> anthropic.Anthropic:
    return anthropic.Anthropic(
        api_key="k",
        base_url="http://x",
        max_retries=0,
        http_client=httpx2.Client(transport=answering(status, body, kind)),
    )


def ask_chat(client: openai.OpenAI) -> object:
    return client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])


def ask_responses(client: openai.OpenAI) -> object:
    return client.responses.create(model="m", input="x")


def ask_embeddings(client: openai.OpenAI) -> object:
    return client.embeddings.create(model="m", input="x")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (402, openai.APIStatusError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (413, openai.APIStatusError),
        (429, openai.RateLimitError),
        (446, openai.APIStatusError),
        (503, openai.InternalServerError),
    ],
)
@pytest.mark.parametrize(
    ("name", "ask"),
    [("openai_chat", ask_chat), ("openai_responses", ask_responses), ("openai_embeddings", ask_embeddings)],
)
def test_the_openai_sdk_raises_our_refusal_as_its_own_class(
    name: str, ask: Callable[[openai.OpenAI], object], status: int, kind: type[openai.APIStatusError]
) -> None:
    body = BY_NAME[name].error(status, "our_code", "Our words.")
    with pytest.raises(kind) as raised:
        ask(openai_client(status, body))
    assert raised.value.status_code == status
    assert raised.value.code == "our_code"
    assert "Our words." in str(raised.value)


@pytest.mark.parametrize(
    ("status", "kind", "error_type"),
    [
        (400, anthropic.BadRequestError, "invalid_request_error"),
        (401, anthropic.AuthenticationError, "authentication_error"),
        (402, anthropic.APIStatusError, "billing_error"),
        (403, anthropic.PermissionDeniedError, "permission_error"),
        (404, anthropic.NotFoundError, "not_found_error"),
        (413, anthropic.APIStatusError, "request_too_large"),
        (429, anthropic.RateLimitError, "rate_limit_error"),
        (446, anthropic.APIStatusError, "invalid_request_error"),
        (500, anthropic.InternalServerError, "api_error"),
        (503, anthropic.APIStatusError, "overloaded_error"),
    ],
)
def test_the_anthropic_sdk_raises_our_refusal_as_its_own_class(
    status: int, kind: type[anthropic.APIStatusError], error_type: str
) -> None:
    client = anthropic_client(status, BY_NAME["anthropic"].error(status, "our_code", "Our words."))
    with pytest.raises(kind) as raised:
        client.messages.create(model="m", max_tokens=1, messages=[{"role": "user", "content": "x"}])
    assert raised.value.body == {
        "type": "error",
        "error": {"type": error_type, "message": "Our words.", "code": "our_code"},
    }


def test_the_openai_sdk_raises_on_our_error_inside_a_chat_stream() -> None:
    body = b'data: {"id":"1","choices":[],"created":1,"model":"m","object":"chat.completion.chunk"}\n\n'
    body += BY_NAME["openai_chat"].stream_error("run_stopped", "The run was stopped.")
    client = openai_client(200, body, "text/event-stream")
    stream = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True)
    with pytest.raises(openai.APIError, match="The run was stopped") as raised:
        list(stream)
    assert raised.value.code == "run_stopped"


def test_the_openai_sdk_raises_on_our_error_inside_a_responses_stream() -> None:
    body = BY_NAME["openai_responses"].stream_error("run_stopped", "The run was stopped.")
    stream = openai_client(200, body, "text/event-stream").responses.create(model="m", input="x", stream=True)
    with pytest.raises(openai.APIError, match="The run was stopped") as raised:
        list(stream)
    assert raised.value.code == "run_stopped"


def test_the_anthropic_sdk_raises_on_our_error_inside_a_stream() -> None:
    body = BY_NAME["anthropic"].stream_error("provider_unavailable", "OpenAI is away.")
    client = anthropic_client(200, body, "text/event-stream")
    stream = client.messages.create(model="m", max_tokens=1, messages=[{"role": "user", "content": "x"}], stream=True)
    with pytest.raises(anthropic.APIStatusError, match="OpenAI is away"):
        list(stream)


@pytest.mark.parametrize("name", ["openai_chat", "openai_responses", "anthropic"])
def test_our_own_stream_error_is_read_as_an_error(name: str) -> None:
    reader = BY_NAME[name].reader()
    reader.feed(BY_NAME[name].stream_error("run_stopped", "The run was stopped."))
    assert reader.error == "The run was stopped."

"""Bedrock, Vertex AI and Azure: requests signed, tokens bought once, bodies and paths as those clouds want them."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import jwt
import msgspec
import pytest
from any_provider import MESSAGE, AnyProvider, Seen, any_provider, event_frame
from botocore.config import Config
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from gateway_world import KEY, Gateway

from quarterdeck.access.snapshot import ProviderEntry

AWS = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "so/very+secret"}
MODEL = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
QUOTED = "eu.anthropic.claude-haiku-4-5-20251001-v1%3A0"
ASK = [{"role": "user", "content": "Hello"}]
TURNS = [{"role": "user", "content": [{"text": "Hello"}]}]
ROLE = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>of the role</SecretAccessKey><SessionToken>token==</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""


@pytest.fixture
async def provider(gateway: Gateway) -> AsyncIterator[AnyProvider]:
    async with any_provider(gateway) as made:
        yield made


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def use(gateway: Gateway, provider: AnyProvider, kind: str, secret: Any, path: str = "") -> None:
    """Make the provider the only one, of that kind."""
    text = secret if isinstance(secret, str) else json.dumps(secret)
    gateway.providers[:] = [ProviderEntry(kind, kind, provider.url + path, text, allow_private=True)]
    gateway.publish()


def signed_as(seen: Seen, access_key: str, secret_key: str, service: str, token: str | None = None) -> str:
    """The authorization that AWS's own SDK computes for a request as it arrived."""
    request = botocore.awsrequest.AWSRequest(
        method=seen.method,
        url=f"http://{seen.headers['host']}{seen.target}",
        data=seen.body,
        headers={name: seen.headers[name] for name in ("x-amz-content-sha256", "x-amz-date")},
    )
    request.context["timestamp"] = seen.headers["x-amz-date"]
    if token is not None:
        request.headers["x-amz-security-token"] = token
    keys = botocore.credentials.Credentials(access_key, secret_key)
    signer = botocore.auth.SigV4Auth(keys, service, "us-east-1")
    text = signer.string_to_sign(request, signer.canonical_request(request))
    names = signer.signed_headers(signer.headers_to_sign(request))
    signature = signer.signature(text, request)
    return f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, Signature={signature}"


async def test_a_call_to_bedrock_is_signed_as_awss_own_sdk_signs_it(gateway: Gateway, provider: AnyProvider) -> None:
    use(gateway, provider, "bedrock", AWS)
    for stream in (False, True):
        answer = await gateway.chat(model=f"bedrock/{MODEL}", stream=stream)
        assert answer.status_code == 200, answer.text
        seen = provider.seen[-1]
        assert seen.target == f"/model/{QUOTED}/converse{'-stream' if stream else ''}"
        assert seen.headers["authorization"] == signed_as(seen, "AKIAEXAMPLE", "so/very+secret", "bedrock")
        assert seen.json["messages"] == TURNS
        assert "Hi." in answer.text
    record = await gateway.record(2)
    assert record.usage is not None
    assert (record.usage.input_total, record.usage.output_total, record.usage_source) == (7, 2, "provider")
    assert record.cost is not None and record.cost > 0
    assert "secret" not in repr(record)


async def test_keys_that_expire_go_with_their_token(gateway: Gateway, provider: AnyProvider) -> None:
    use(gateway, provider, "bedrock", {**AWS, "session_token": "of=the/session"})
    await gateway.chat(model=f"bedrock/{MODEL}")
    seen = provider.seen[-1]
    assert seen.headers["x-amz-security-token"] == "of=the/session"
    expected = signed_as(seen, "AKIAEXAMPLE", "so/very+secret", "bedrock", "of=the/session")
    assert seen.headers["authorization"] == expected


async def test_a_bedrock_api_key_is_a_bearer_token(gateway: Gateway, provider: AnyProvider) -> None:
    use(gateway, provider, "bedrock", "ABSK-key")
    await gateway.chat(model=f"bedrock/{MODEL}")
    assert provider.seen[-1].headers["authorization"] == "Bearer ABSK-key"


async def test_a_role_is_taken_on_once_for_many_calls(gateway: Gateway, provider: AnyProvider) -> None:
    provider.answers["/sts"] = (200, "text/xml", ROLE.encode())
    secret = {**AWS, "role_arn": "arn:aws:iam::1:role/r", "external_id": "x", "sts_url": f"{provider.url}/sts"}
    use(gateway, provider, "bedrock", secret)
    answers = await asyncio.gather(*(gateway.chat(model=f"bedrock/{MODEL}") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    asked = [seen for seen in provider.seen if seen.target == "/sts"]
    assert len(asked) == 1
    form = parse_qs(asked[0].body.decode())
    assert (form["Action"], form["RoleArn"], form["ExternalId"]) == (["AssumeRole"], ["arn:aws:iam::1:role/r"], ["x"])
    assert asked[0].headers["authorization"] == signed_as(asked[0], "AKIAEXAMPLE", "so/very+secret", "sts")
    for seen in provider.seen:
        if seen.target != "/sts":
            assert seen.headers["authorization"] == signed_as(seen, "ASIAROLE", "of the role", "bedrock", "token==")


async def test_a_role_that_is_refused_is_told_with_awss_reason(gateway: Gateway, provider: AnyProvider) -> None:
    refusal = b"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Code>AccessDenied</Code>
<Message>not authorized to perform sts:AssumeRole</Message></Error></ErrorResponse>"""
    provider.answers["/sts"] = (403, "text/xml", refusal)
    use(gateway, provider, "bedrock", {**AWS, "role_arn": "arn:aws:iam::1:role/r", "sts_url": f"{provider.url}/sts"})
    answer = await gateway.chat(model=f"bedrock/{MODEL}")
    assert answer.status_code == 503
    assert "not authorized to perform sts:AssumeRole" in answer.json()["error"]["message"]
    assert "secret" not in answer.text


def boto(gateway: Gateway, key: str = KEY) -> Any:
    """AWS's client, with our key where its access key id stands; it signs with a secret that nobody has."""
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=gateway.url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key="unused",
        aws_session_token="unused too",
        config=Config(retries={"max_attempts": 0}),
    )


async def test_boto3_converses_byte_for_byte_and_streams(gateway: Gateway, provider: AnyProvider) -> None:
    use(gateway, provider, "bedrock", AWS)
    client = boto(gateway)
    answer = await asyncio.to_thread(
        client.converse, modelId=MODEL, messages=TURNS, inferenceConfig={"maxTokens": 50}, requestMetadata={"team": "a"}
    )
    assert answer["output"]["message"]["content"] == [{"text": "Hi."}]
    seen = provider.seen[-1]
    assert seen.headers["authorization"] == signed_as(seen, "AKIAEXAMPLE", "so/very+secret", "bedrock")
    assert "x-amz-security-token" not in seen.headers
    assert KEY not in repr(seen.headers)

    def stream() -> list[Any]:
        return list(client.converse_stream(modelId=MODEL, messages=TURNS)["stream"])

    events = await asyncio.to_thread(stream)
    assert [next(iter(event)) for event in events] == [
        "messageStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    first, second = gateway.records()
    assert (first.model, first.dialect, first.stream, dict(first.tags)) == (MODEL, "bedrock", False, {"team": "a"})
    assert second.stream
    for record in (first, second):
        assert record.usage is not None and record.usage.input_total == 7


async def test_boto3_talks_to_a_provider_of_another_dialect(gateway: Gateway, provider: AnyProvider) -> None:
    use(gateway, provider, "openai", "sk-1", "/v1")
    client = boto(gateway)
    answer = await asyncio.to_thread(client.converse, modelId="openai/gpt-4o-mini", messages=TURNS)
    assert answer["output"]["message"]["content"] == [{"text": "Hi."}]
    assert answer["usage"]["inputTokens"] == 7

    def stream() -> list[Any]:
        return list(client.converse_stream(modelId="openai/gpt-4o-mini", messages=TURNS)["stream"])

    events = await asyncio.to_thread(stream)
    text = "".join(event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event)
    assert text == "Hi."
    assert events[-1]["metadata"]["usage"]["outputTokens"] == 2


async def test_boto3_reads_our_refusals(gateway: Gateway, provider: AnyProvider) -> None:
    use(gateway, provider, "bedrock", AWS)
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        await asyncio.to_thread(boto(gateway, "qd-a-nobody").converse, modelId=MODEL, messages=TURNS)
    assert refused.value.response["Error"]["Code"] == "key_invalid"
    assert "not known here" in refused.value.response["Error"]["Message"]


async def test_an_invoked_models_usage_is_read_from_body_headers_and_stream(
    gateway: Gateway, provider: AnyProvider
) -> None:
    use(gateway, provider, "bedrock", AWS)
    client = boto(gateway)
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 5, "messages": ASK})
    path = f"/model/{MODEL}/invoke"
    provider.answers[path] = (200, "application/json", msgspec.json.encode(MESSAGE))
    answer = await asyncio.to_thread(client.invoke_model, modelId=MODEL, body=body)
    assert json.loads(answer["body"].read())["content"][0]["text"] == "Hi."
    assert provider.seen[-1].body == body.encode()
    wrapped = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 7, "output_tokens": 1}}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 7, "outputTokenCount": 2}},
    ]
    frames = b"".join(event_frame("chunk", {"bytes": _base64(each)}) for each in wrapped)
    provider.answers[f"{path}-with-response-stream"] = (200, "application/vnd.amazon.eventstream", frames)

    def stream() -> int:
        return len(list(client.invoke_model_with_response_stream(modelId=MODEL, body=body)["body"]))

    assert await asyncio.to_thread(stream) == 3
    for record in gateway.records():
        assert record.usage is not None
        assert (record.usage.input_total, record.usage.output_total, record.usage_source) == (7, 2, "provider")


async def test_a_service_account_buys_one_token_with_a_claim_google_would_accept(
    gateway: Gateway, provider: AnyProvider, private_key: rsa.RSAPrivateKey
) -> None:
    provider.answers["/token"] = (200, "application/json", b'{"access_token":"ya29.x","expires_in":3599}')
    use(gateway, provider, "vertex", _account(provider, private_key), "/v1/projects/p/locations/l")
    for _ in range(3):
        assert (await gateway.chat(model="vertex/gemini-2.5-flash")).status_code == 200
    assert [seen.target for seen in provider.seen].count("/token") == 1
    bought = next(seen for seen in provider.seen if seen.target == "/token")
    form = parse_qs(bought.body.decode())
    claim = jwt.decode(
        form["assertion"][0], private_key.public_key(), algorithms=["RS256"], audience=f"{provider.url}/token"
    )
    assert claim["iss"] == "sa@p.iam.gserviceaccount.com"
    assert claim["exp"] - claim["iat"] == 3600
    assert provider.seen[-1].headers["authorization"] == "Bearer ya29.x"
    assert "x-goog-api-key" not in provider.seen[-1].headers


async def test_claude_in_vertex_gets_its_version_in_the_body_and_its_model_in_the_path(
    gateway: Gateway, provider: AnyProvider
) -> None:
    use(gateway, provider, "vertex-anthropic", "express-key", "/v1/projects/p/locations/l")
    body = b'{"model": "claude-haiku-4-5", "max_tokens":5,"x":1.0,"messages":[{"role":"user","content":"Hi"}]}'
    answer = await gateway.post("/v1/messages", body, **{"anthropic-version": "2023-06-01"})
    assert answer.status_code == 200, answer.text
    seen = provider.seen[-1]
    assert seen.target == "/v1/projects/p/locations/l/publishers/anthropic/models/claude-haiku-4-5:rawPredict"
    assert seen.body == (
        b'{"anthropic_version":"vertex-2023-10-16","max_tokens":5,"x":1.0,"messages":[{"role":"user","content":"Hi"}]}'
    )
    streamed = await gateway.chat(model="vertex-anthropic/claude-haiku-4-5", stream=True)
    assert "Hi." in streamed.text
    assert provider.seen[-1].target.endswith("claude-haiku-4-5:streamRawPredict")
    assert "model" not in provider.seen[-1].json


async def test_an_entra_application_buys_a_token_for_azure(gateway: Gateway, provider: AnyProvider) -> None:
    provider.answers["/t-1/oauth2/v2.0/token"] = (
        200,
        "application/json",
        b'{"access_token":"eyJ","expires_in":"3599"}',
    )
    secret = {"tenant_id": "t-1", "client_id": "c", "client_secret": "s", "authority": provider.url}
    use(gateway, provider, "azure-openai", secret, "/openai/v1")
    assert (await gateway.chat(model="azure-openai/my-deployment")).status_code == 200
    form = parse_qs(provider.seen[0].body.decode())
    assert form["scope"] == ["https://cognitiveservices.azure.com/.default"]
    assert form["client_secret"] == ["s"]
    assert provider.seen[-1].headers["authorization"] == "Bearer eyJ"
    assert "api-key" not in provider.seen[-1].headers


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, "application/json", b'{"error":"invalid_client","error_description":"bad secret"}'), "bad secret"),
        ((200, "application/json", b"{}"), "answered 200"),
        ((200, "text/html", b"<html>"), "answered 200"),
    ],
)
async def test_a_token_that_is_not_to_be_had_is_told_and_tried_again(
    gateway: Gateway, provider: AnyProvider, answer: tuple[int, str, bytes], words: str
) -> None:
    path = "/t-1/oauth2/v2.0/token"
    provider.answers[path] = answer
    secret = {"tenant_id": "t-1", "client_id": "c", "client_secret": "hush", "authority": provider.url}
    use(gateway, provider, "azure-openai", secret, "/openai/v1")
    refused = await gateway.chat(model="azure-openai/m")
    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "provider_unavailable"
    assert words in refused.text
    assert "hush" not in refused.text
    provider.answers[path] = (200, "application/json", b'{"access_token":"eyJ"}')
    assert (await gateway.chat(model="azure-openai/m")).status_code == 200


async def test_a_broken_private_key_is_told_without_showing_it(gateway: Gateway, provider: AnyProvider) -> None:
    secret = {"client_email": "sa@p", "private_key": "-----BEGIN nonsense", "token_uri": f"{provider.url}/token"}
    use(gateway, provider, "vertex", secret)
    refused = await gateway.chat(model="vertex/gemini-2.5-flash")
    assert refused.status_code == 503
    assert "private key cannot be used" in refused.text
    assert "nonsense" not in refused.text


def _account(provider: AnyProvider, key: rsa.RSAPrivateKey) -> dict[str, str]:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return {
        "type": "service_account",
        "client_email": "sa@p.iam.gserviceaccount.com",
        "private_key": pem,
        "token_uri": f"{provider.url}/token",
    }


def _base64(event: dict[str, Any]) -> str:
    return base64.b64encode(msgspec.json.encode(event)).decode()

"""Secrets do not reach the store, whole or in pieces; everything else does, as it was."""

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.ledger.record import CallRecord
from quarterdeck.ledger.redact import DEFAULT, EMAIL, MARK, Redactor, Redactors

KEY = "sk-proj-abcdefghijklmnop1234567890"
SECRETS = {
    "api_key": [
        KEY,
        "qd-a-0123456789abcdefghij",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "AKIAIOSFODNN7EXAMPLE",
        "AIzaSyA-1234567890abcdefghijklmnopqrstu",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    ],
    "bearer": ["dGhpcyBpcyBhIHRva2VuIG9mIHNvcnRz"],
    "card": ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"],
    "private_key": ["-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"],
}
FLAT = [(name, secret) for name, secrets in SECRETS.items() for secret in secrets]
redact = Redactor()


def record(**changes: Any) -> CallRecord:
    fields: dict[str, Any] = dict.fromkeys(CallRecord.__struct_fields__)
    fields |= {"request_body": b"", "response_body": b"", "request_headers": [], "response_headers": [], "extra": {}}
    return CallRecord(**{**fields, **changes})


def request(body: bytes, redactor: Redactor = redact) -> bytes:
    return redactor(record(request_body=body)).request_body


def sse(*events: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + b"data: [DONE]\n\n"


def spelled(body: bytes) -> str:
    """What a stream of chat deltas says."""
    text = ""
    for line in body.splitlines():
        if line.startswith(b"data: {"):
            text += json.loads(line[6:])["choices"][0]["delta"]["content"]
    return text


@pytest.mark.parametrize(("name", "secret"), FLAT)
def test_a_secret_in_a_message_is_taken_out(name: str, secret: str) -> None:
    prefix = "Bearer " if name == "bearer" else "use "
    body = json.dumps({"messages": [{"role": "user", "content": f"{prefix}{secret} please"}]}).encode()
    cleaned = json.loads(request(body))
    assert cleaned["messages"][0]["content"] == f"{prefix}[redacted:{name}] please"


@pytest.mark.parametrize(
    "text",
    [
        "task-force-1234567890123456 and sketch",
        "order 1234 5678 9012 3456",
        "0000 0000 0000 0000",
        "1700000000000000",
        "a@b",
        "the bearer of bad news",
        "call_01k9abcdefghijklmnopqrstuv",
    ],
)
def test_what_only_looks_a_little_like_a_secret_stays(text: str) -> None:
    body = json.dumps({"content": text}).encode()
    assert request(body) == body


def test_every_other_byte_stays_as_it_was() -> None:
    body = b'{ "a" : "caf\\u00e9" ,\r\n "b":"x %s y", "n": 1.50, "a": "again" }'
    assert request(body % KEY.encode()) == body % b"[redacted:api_key]"


def test_an_escaped_secret_is_found() -> None:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
    assert b"[redacted:api_key]" in request(f'{{"content":"{escaped}"}}'.encode())


def test_a_secret_in_a_tool_calls_arguments_is_found() -> None:
    body = json.dumps({"arguments": json.dumps({"token": KEY})}).encode()
    assert KEY not in request(body).decode()
    assert json.loads(json.loads(request(body))["arguments"]) == {"token": "[redacted:api_key]"}


@pytest.mark.parametrize(("name", "secret"), FLAT)
@pytest.mark.parametrize("step", [1, 3, 7])
def test_a_secret_that_is_streamed_in_pieces_is_found(name: str, secret: str, step: int) -> None:
    text = f"{'Bearer ' if name == 'bearer' else 'the key: '}{secret} is yours"
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    body = sse(*({"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces))
    cleaned = redact(record(response_body=body)).response_body
    assert spelled(cleaned) == text.replace(secret, f"[redacted:{name}]")


def test_two_secrets_in_one_stream_are_found() -> None:
    text = f"first {KEY} then {KEY}9 end"
    body = sse(*({"choices": [{"index": 0, "delta": {"content": text[at : at + 4]}}]} for at in range(0, len(text), 4)))
    cleaned = redact(record(response_body=body))
    assert spelled(cleaned.response_body) == "first [redacted:api_key] then [redacted:api_key] end"
    assert cleaned.extra == {MARK: 2}


def test_streams_that_run_side_by_side_are_read_apart() -> None:
    def delta(index: int, text: str) -> dict[str, Any]:
        return {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text}}

    half = len(KEY) // 2
    body = sse(delta(0, KEY[:half]), delta(1, "other "), delta(0, KEY[half:]), delta(1, "words"))
    cleaned = redact(record(response_body=body)).response_body
    assert KEY[half:].encode() not in cleaned
    assert b"other " in cleaned
    assert b"words" in cleaned


def test_events_without_secrets_keep_their_bytes() -> None:
    body = b'event: x\r\ndata: { "a" : "caf\\u00e9" }\r\n\r\n: comment\ndata:[DONE]\n\n'
    assert redact(record(response_body=body)).response_body == body


def test_headers_and_error_messages_are_cleaned_too() -> None:
    cleaned = redact(record(request_headers=[("x-a", KEY)], response_headers=[("x-b", f"v {KEY}")], error_message=KEY))
    assert cleaned.request_headers == [("x-a", "[redacted:api_key]")]
    assert cleaned.response_headers == [("x-b", "v [redacted:api_key]")]
    assert cleaned.error_message == "[redacted:api_key]"


def test_what_cannot_be_read_is_not_kept() -> None:
    cleaned = redact(record(request_body=b"\x89PNG\xff", response_body=f"plain {KEY}".encode()))
    assert cleaned.request_body == b"[redacted:binary]"
    assert cleaned.response_body == b"plain [redacted:api_key]"


def test_a_record_says_that_it_was_redacted_and_is_not_redacted_again() -> None:
    once = redact(record(request_body=json.dumps({"a": KEY}).encode()))
    assert once.extra == {MARK: 1}
    assert redact(once) is once
    assert redact(record()).extra == {MARK: 0}


def test_each_workspace_may_say_what_is_taken_out() -> None:
    redactors = Redactors()
    redactors.configure({"ws_1": {"patterns": [r"project \w+"], "fields": ["user"], "emails": True}})
    body = b'{"user":"u","content":"project moon, a@example.com"}'
    ours = redactors(record(workspace_id="ws_1", request_body=body)).request_body
    assert json.loads(ours) == {"user": "[redacted]", "content": "[redacted:pattern], [redacted:email]"}
    assert redactors(record(workspace_id="ws_2", request_body=body)).request_body == body
    with pytest.raises(re.error):
        redactors.configure({"ws_1": {"patterns": ["("]}})
    assert redactors(record(workspace_id="ws_1", request_body=body)).request_body == ours


def test_mail_addresses_are_taken_out_when_asked() -> None:
    body = b'{"content":"write to sam@example.com"}'
    assert request(body) == body
    assert request(body, Redactor((*DEFAULT, EMAIL))) == b'{"content":"write to [redacted:email]"}'


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "metadata.user",
            {"metadata": {"user": "[redacted]", "x": 1}, "messages": [{"content": "a"}, {"content": "b"}]},
        ),
        ("messages.*.content", {"metadata": {"user": "u", "x": 1}, "messages": [{"content": "[redacted]"}] * 2}),
        ("messages.1", {"metadata": {"user": "u", "x": 1}, "messages": [{"content": "a"}, "[redacted]"]}),
        ("**.content", {"metadata": {"user": "u", "x": 1}, "messages": [{"content": "[redacted]"}] * 2}),
        ("nothing.here", {"metadata": {"user": "u", "x": 1}, "messages": [{"content": "a"}, {"content": "b"}]}),
    ],
)
def test_fields_are_taken_out_by_their_path(path: str, expected: Any) -> None:
    body = {"metadata": {"user": "u", "x": 1}, "messages": [{"content": "a"}, {"content": "b"}]}
    assert json.loads(request(json.dumps(body).encode(), Redactor((), [path]))) == expected


def test_fields_are_taken_out_of_streams() -> None:
    body = sse({"user": {"name": "sam"}, "n": 1})
    cleaned = Redactor((), ["user.name"])(record(response_body=body)).response_body
    assert json.loads(cleaned.splitlines()[0][6:]) == {"user": {"name": "[redacted]"}, "n": 1}


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=20) | st.sampled_from([secret for _, secret in FLAT]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_json_stays_json_and_no_key_of_ours_survives(value: Any) -> None:
    body = json.dumps({"a": value}).encode()
    cleaned = request(body)
    json.loads(cleaned)
    assert not re.search(rb"sk-[A-Za-z0-9_-]{16,}", cleaned)
    assert redact(record(request_body=cleaned)).request_body == cleaned


def test_it_stays_quick_on_long_bodies() -> None:
    body = msgspec.json.encode({"messages": [{"content": "a-" * 2_000 + "1 " * 2_000} for _ in range(50)]})
    assert request(body) == body

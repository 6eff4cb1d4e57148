"""Calls as spans: where in which trace they stand, and what they say."""

from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace.status import StatusCode

from quarterdeck.ledger.record import Attempt, CallRecord, Usage
from quarterdeck.worker.telemetry.names import number, place
from quarterdeck.worker.telemetry.spans import spans_of

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
STARTED = 1_800_000_000_000_000


def call(**changes: Any) -> CallRecord:
    fields: dict[str, Any] = dict.fromkeys(CallRecord.__struct_fields__)
    fields |= {
        "id": "call_1",
        "workspace_id": "ws_1",
        "dialect": "openai_chat",
        "endpoint": "/v1/chat/completions",
        "model_asked": "gpt-4o-mini",
        "provider": "mine",
        "provider_kind": "openai",
        "model": "gpt-4o-mini",
        "stream": False,
        "status": 200,
        "outcome": "ok",
        "attempts": [Attempt("mine", "gpt-4o-mini", 200, None, 1_000, 40_000, 90_000)],
        "started": STARTED,
        "ended": 100_000,
        "overhead": 250,
        "usage": Usage(input_total=100, cache_read=20, output_total=10),
        "usage_source": "provider",
        "cost": 21_000,
        "tags": [("team", "red")],
        "request_headers": [("x-note", "a header of the caller's")],
        "request_body": b'{"messages":["a secret question"]}',
        "response_body": b"a secret answer",
        "extra": {},
    }
    return CallRecord(**{**fields, **changes})


def test_a_call_continues_the_trace_its_caller_names() -> None:
    span, attempt = spans_of(call(extra={"traceparent": f"00-{TRACE}-{PARENT}-01"}), Resource.get_empty())
    assert span.context is not None and span.parent is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == PARENT
    assert span.parent.is_remote
    assert attempt.parent == span.context


def test_a_trace_that_its_caller_does_not_keep_is_not_kept_here() -> None:
    assert spans_of(call(extra={"traceparent": f"00-{TRACE}-{PARENT}-00"}), Resource.get_empty()) == []


@pytest.mark.parametrize(
    "broken", ["", "00-zz-yy-01", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE}"]
)
def test_a_traceparent_that_is_none_begins_a_trace(broken: str) -> None:
    where = place(call(extra={"traceparent": broken}))
    assert (where.parent_id, where.sampled) == (None, True)
    assert where.trace_id > 0


def test_calls_of_a_run_share_a_trace_and_others_have_their_own() -> None:
    ones = {place(call(id=name, run_id="run_1")).trace_id for name in ("call_1", "call_2")}
    others = {place(call(id=name)).trace_id for name in ("call_1", "call_2")}
    assert (len(ones), len(others)) == (1, 2)
    assert len({place(call(id=name)).span_id for name in ("call_1", "call_2", "call_3")}) == 3


def test_portkeys_spans_find_their_parents() -> None:
    mother = place(call(id="call_1", trace_id="t-1", extra={"span": "s-1"}))
    child = place(call(id="call_2", trace_id="t-1", extra={"parent_span": "s-1"}))
    assert child.parent_id == mother.span_id
    assert child.trace_id == mother.trace_id == number(16, "ws_1", "t-1")


def test_a_span_says_what_the_conventions_name_and_nothing_that_was_said() -> None:
    span, attempt = spans_of(call(session="s1", run_id="run_1"), Resource.get_empty())
    attributes = dict(span.attributes or {})
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 10,
        "gen_ai.usage.cache_read.input_tokens": 20,
        "gen_ai.conversation.id": "s1",
        "http.response.status_code": 200,
        "quarterdeck.call.id": "call_1",
        "quarterdeck.run.id": "run_1",
        "quarterdeck.cost_usd": 0.000021,
        "quarterdeck.tag.team": "red",
    }
    assert expected.items() <= attributes.items()
    assert span.name == "chat gpt-4o-mini"
    assert (span.start_time, span.end_time) == (STARTED * 1_000, (STARTED + 100_000) * 1_000)
    assert attempt.name == "attempt mine"
    everything = f"{span.to_json()}{attempt.to_json()}"
    assert "secret" not in everything
    assert "a header of" not in everything


def test_a_failure_is_an_error_by_its_code_and_not_in_the_providers_words() -> None:
    failed = call(outcome="error", status=500, error_code="status_500", error_message="You said: a secret question")
    span, *_ = spans_of(failed, Resource.get_empty())
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "status_500"
    assert "secret" not in span.to_json()

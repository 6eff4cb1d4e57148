"""Telemetry and logs of a whole installation: they tell what happened, no secret and nothing that was said."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from otlp_receiver import receiving, values
from system_world import KEY, OWNER, PATIENCE_S, System, opened, running

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
QUESTION, ANSWER = "What is the canary's question?", "The canary's answer."
UPSTREAM = "sk-canary-of-the-upstream"


def ask(system: System, script: dict[str, object], path: str = "/v1/chat/completions", **headers: str) -> int:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": QUESTION}]}
    sent = {"authorization": f"Bearer {KEY}", "x-sandbox-script": json.dumps(script), **headers}
    request = urllib.request.Request(system.url + path, data=json.dumps(body).encode(), headers=sent)
    try:
        with opened(request) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture
def said() -> dict[str, object]:
    return {"text": ANSWER, "usage": {"input": 1200, "output": 300, "cache_read": 1000}}


def test_calls_reach_a_collector_as_genai_spans_and_metrics(tmp_path: Path, said: dict[str, object]) -> None:
    with receiving() as receiver:
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-team=harbour",
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
            "OTEL_SERVICE_NAME": "deck-of-the-harbour",
        }
        with running(tmp_path / "data", environment=environment) as system:
            assert ask(system, said, traceparent=f"00-{TRACE}-{PARENT}-01") == 200
            assert ask(system, {"fault": {"kind": "status", "status": 500}}) == 500
            system.wait_until(lambda: len(receiver.spans) >= 4 and "gen_ai.client.token.usage" in receiver.metrics)
        call = next(
            span for span in receiver.spans if span.trace_id.hex() == TRACE and span.parent_span_id.hex() == PARENT
        )
        attempt = next(span for span in receiver.spans if span.parent_span_id == call.span_id)
        failed = next(span for span in receiver.spans if values(span.attributes).get("quarterdeck.outcome") == "error")
        usage = receiver.metrics["gen_ai.client.token.usage"].histogram.data_points
        spent = receiver.metrics["quarterdeck.cost"].sum.data_points
    told = values(call.attributes)
    assert call.name == "chat gpt-4o-mini"
    assert (told["gen_ai.operation.name"], told["gen_ai.provider.name"]) == ("chat", "openai")
    assert (told["gen_ai.usage.input_tokens"], told["gen_ai.usage.cache_read.input_tokens"]) == (1200, 1000)
    assert told["quarterdeck.cost_usd"] == 0.000285
    assert values(attempt.attributes)["http.response.status_code"] == 200
    assert (
        call.start_time_unix_nano
        <= attempt.start_time_unix_nano
        <= attempt.end_time_unix_nano
        <= call.end_time_unix_nano
    )
    assert failed.status.code == 2
    assert {values(point.attributes)["gen_ai.token.type"]: point.sum for point in usage} == {
        "input": 1200,
        "output": 300,
    }
    assert sum(point.as_double for point in spent) == pytest.approx(0.000285)
    assert receiver.services == {"deck-of-the-harbour"}
    assert all(headers["x-team"] == "harbour" for headers in receiver.headers)
    sent = b"".join(receiver.raw)
    for secret in (QUESTION, ANSWER, KEY, OWNER):
        assert secret.encode() not in sent


def test_a_collector_that_is_away_stops_no_call_and_is_counted(tmp_path: Path, said: dict[str, object]) -> None:
    environment = {"QUARTERDECK_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    with running(tmp_path / "data", environment=environment) as system:
        assert ask(system, said) == 200
        system.wait_until(lambda: system.get("/api/v1/calls")["items"])
        system.wait_until(lambda: "quarterdeck_otlp_dropped_calls_total 1" in metrics(system), within_s=120)


def metrics(system: System) -> str:
    with urllib.request.urlopen(f"{system.url}/metrics", timeout=PATIENCE_S) as answer:
        return str(answer.read().decode())


def test_logs_tell_events_and_never_a_secret_or_what_was_said(tmp_path: Path, said: dict[str, object]) -> None:
    data = tmp_path / "data"
    environment = {
        "QUARTERDECK_LOG_FORMAT": "json",
        "QUARTERDECK_LOG_LEVEL": "debug",
        "TEST_UPSTREAM_KEY": UPSTREAM,
        "QUARTERDECK_SECRET_KEY": "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LWNhbmE=",
    }
    with running(data, environment=environment) as system:
        assert ask(system, said) == 200
        assert ask(system, {"fault": {"kind": "error_body", "message": ANSWER}}) == 200
        assert ask(system, {"fault": {"kind": "status", "status": 500, "message": ANSWER}}) == 500
        assert ask(system, {"fault": {"kind": "reset", "after": 1}}) == 502
        assert ask(system, said, **{"x-portkey-cache": "simple", "x-portkey-metadata": '{"_user":"canary"}'}) == 200
        assert ask(system, said, path="/v1/nothing") == 404
        assert ask(system, said, authorization="Bearer qd-a-canary-unknown") == 401
        system.get("/api/v1/agents")
        system.kill("control")
        system.wait_until(lambda: len(system.get("/api/v1/calls")["items"]) >= 5)
        system.wait_until(lambda: "quarterdeck_ingest_backlog_records 0" in metrics(system))
    written = (data / "output.log").read_text()
    for secret in (QUESTION, ANSWER, KEY, OWNER, UPSTREAM, "qd-a-canary", "Y2FuYXJ5", '"canary"', "Bearer"):
        assert secret not in written, secret
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    assert {line["role"] for line in lines} == {"gateway", "control"}
    assert all(line["at"] and line["level"] for line in lines)
    assert any("event" in line for line in lines)

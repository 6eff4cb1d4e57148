"""Portkey's own SDK against a whole installation: cache modes, feedback, logs, keys and figures, by base URL alone."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from portkey_ai import Portkey
from system_world import KEY, OWNER, System, opened, running

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
"""Portkey's SDK asks pydantic the old way."""
ASK: Any = [{"role": "user", "content": "Name three ports."}]
SPAN: Any = {"time_of_generation_min": "2020-01-01T00:00:00Z", "time_of_generation_max": "2100-01-01T00:00:00Z"}
SAY = json.dumps({"text": "Bergen, Genoa, Izmir.", "usage": {"input": 1000, "output": 100}})


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running(Path(tmp_path_factory.mktemp("portkey")) / "data") as made:
        yield made


_open: list[Portkey] = []


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    yield
    for client in _open:
        client.openai_client.close()
        client.close()
    _open.clear()


def sdk(system: System, key: str = OWNER, **options: Any) -> Portkey:
    made = Portkey(api_key=key, base_url=f"{system.url}/v1", **options)
    _open.append(made)
    return made


def ask(system: System, **options: Any) -> Any:
    return sdk(system, KEY, **options).chat.completions.create(
        model="openai/gpt-4o-mini", messages=ASK, extra_headers={"x-sandbox-script": SAY}
    )


def status_of(answer: Any) -> str:
    return str(answer.get_headers()["cache-status"])


def call_of(system: System, trace_id: str) -> str:
    """The call of a trace, once it is stored."""

    def found() -> list[str]:
        ids = [row["id"] for row in system.get("/api/v1/calls?limit=50")["items"]]
        return [each for each in ids if system.get(f"/api/v1/calls/{each}")["trace_id"] == trace_id]

    system.wait_until(found)
    return found()[0]


def test_the_caches_modes_and_headers_are_portkeys(system: System) -> None:
    simple = {"config": {"cache": {"mode": "simple", "max_age": 600}}, "cache_namespace": "modes"}
    answers = [ask(system, **simple), ask(system, **simple), ask(system, **simple, cache_force_refresh=True)]
    assert [status_of(answer) for answer in answers] == ["MISS", "HIT", "REFRESH"]
    assert status_of(ask(system, **{**simple, "cache_namespace": "another"})) == "MISS"
    semantic = {"config": {"cache": {"mode": "semantic"}}, "cache_namespace": "meaning"}
    assert status_of(ask(system, **semantic)) == "SEMANTIC MISS"
    assert status_of(ask(system)) == "DISABLED"


def test_feedback_is_stored_and_shown_on_the_call(system: System) -> None:
    assert ask(system, trace_id="trace-of-ports").get_headers()["trace-id"] == "trace-of-ports"
    call = call_of(system, "trace-of-ports")
    rated = sdk(system, KEY)
    given = rated.feedback.create(trace_id="trace-of-ports", value=5, weight=0.5, metadata={"why": "short"})
    assert (given.status, len(given.feedback_ids or [])) == ("success", 1)
    assert given.feedback_ids is not None
    rated.feedback.update(feedback_id=given.feedback_ids[0], value=-2)
    several = rated.feedback.bulk_create(feedbacks=[{"trace_id": call, "value": 1}, {"trace_id": "other", "value": 2}])
    assert len(several.feedback_ids or []) == 2
    shown = system.get(f"/api/v1/calls/{call}")["feedback"]
    told = [(each["value"], each["weight"], each["metadata"]) for each in shown]
    assert told == [(-2, 0.5, {"why": "short"}), (1, 1.0, {})]


def test_feedback_out_of_range_and_of_others_is_refused(system: System) -> None:
    with pytest.raises(Exception, match=r"(?i)422|value"):
        sdk(system).feedback.create(trace_id="t", value=11)
    given = sdk(system).feedback.create(trace_id="t", value=1)
    assert given.feedback_ids is not None
    with pytest.raises(Exception, match=r"(?i)404|no feedback"):
        sdk(system, KEY).feedback.update(feedback_id=given.feedback_ids[0], value=-10)


def test_logs_are_exported_as_lines(system: System) -> None:
    ask(system, trace_id="trace-of-export")
    call = call_of(system, "trace-of-export")
    exports = sdk(system).logs.exports
    made = exports.create(filters={**SPAN, "ai_org_model": "openai__gpt-4o-mini"}, requested_data=["id", "cost"])
    assert made.id is not None
    assert exports.retrieve(export_id=made.id).status == "success"
    exports.start(export_id=made.id)
    where = exports.download(export_id=made.id).signed_url
    assert where is not None
    rows = [json.loads(line) for line in fetch(where, OWNER).decode().splitlines()]
    row = next(row for row in rows if row["id"] == call)
    assert (row["ai_org"], row["ai_model"], row["req_units"], row["res_units"]) == ("openai", "gpt-4o-mini", 1000, 100)
    assert row["cost"] == pytest.approx(0.021)
    whole = json.loads(fetch(f"{system.url}/v1/logs/{call}", OWNER))["data"]
    assert "Name three ports." in whole["request"]
    assert "Bergen" in whole["response"]


def test_a_log_is_inserted_marked_as_declared_and_counts_nowhere(system: System) -> None:
    before = system.get("/api/v1/costs?by=total")["totals"]
    request = {"url": "https://api.openai.com/v1/chat/completions", "provider": "openai", "body": {"model": "gpt-4o"}}
    response = {"status": 200, "body": {"usage": {"prompt_tokens": 5, "completion_tokens": 6}}, "response_time": 90}
    made: Any = sdk(system).logs.create(request=request, response=response, metadata={"trace_id": "elsewhere"})
    (log_id,) = made.json()["logIds"]
    shown = json.loads(fetch(f"{system.url}/v1/logs/{log_id}", OWNER))["data"]
    assert (shown["declared"], shown["trace_id"], shown["ai_model"]) == (True, "elsewhere", "gpt-4o")
    assert (shown["req_units"], shown["res_units"], shown["cost"]) == (5, 6, None)
    assert system.get("/api/v1/costs?by=total")["totals"]["cost_nano"] == before["cost_nano"]


def test_figures_are_those_of_the_calls(system: System) -> None:
    simple = {"config": {"cache": {"mode": "simple"}}, "cache_namespace": "figures"}
    for _ in range(2):
        ask(system, **simple, metadata={"team": "red"})
    system.wait_until(system.ingested)
    system.wait_until(lambda: system.get("/api/v1/costs?by=tag")["totals"]["cache_hits"] >= 1)
    analytics = sdk(system).analytics
    costs = system.get("/api/v1/costs?from=2020-01-01T00:00:00Z")["totals"]
    requests: Any = analytics.graphs.requests(**SPAN)
    assert requests.summary["total"] == costs["calls"]
    cost: Any = analytics.graphs.cost(**SPAN)
    assert cost.summary["total"] == pytest.approx(costs["cost_nano"] / 1e7)
    assert cost.object == "analytics-graph"
    models: Any = analytics.groups.ai_models(**SPAN)
    assert next(row for row in models.data if row["name"] == "gpt-4o-mini")["requests"] > 0
    cache: Any = analytics.summary.cache(**SPAN)
    assert cache.data["cache_hits"] == costs["cache_hits"]
    assert costs["cache_saved_nano"] >= 210_000


def test_providers_and_keys_are_managed_by_portkeys_names(system: System) -> None:
    client = sdk(system)
    assert {row["slug"] for row in client.virtual_keys.list().data or []} >= {"openai", "anthropic"}
    assert client.providers.retrieve(slug="openai").slug == "openai"
    made = client.virtual_keys.create(name="My Groq", provider="groq", key="gsk-for-tests-only")
    assert made.slug == "my-groq"
    assert "gsk-for-tests-only" not in str(client.virtual_keys.list())
    client.virtual_keys.update(
        slug="my-groq",
        usage_limits={"credit_limit": 5, "periodic_reset": "weekly"},
        rate_limits=[{"type": "requests", "unit": "rpm", "value": 9}],
    )
    limit = next(row for row in system.get("/api/v1/limits")["items"] if row["scope"] == "provider:my-groq")
    assert (limit["measure"], limit["amount"], limit["per"]) == ("requests", 9, "minute")
    budget = next(row for row in system.get("/api/v1/budgets")["items"] if row["scope"] == "provider:my-groq")
    assert (budget["amount_nano"], budget["window"], budget["mode"]) == (5_000_000_000, "week", "hard")
    client.virtual_keys.delete(slug="my-groq")
    assert not any(row["scope"] == "provider:my-groq" for row in system.get("/api/v1/limits")["items"])
    assert "my-groq" not in {row["slug"] for row in client.virtual_keys.list().data or []}
    key = client.api_keys.create(type="workspace", sub_type="service", name="night-shift", scopes=["completions.write"])
    assert key.key is not None and key.id is not None
    answer = sdk(system, key.key).chat.completions.create(model="openai/gpt-4o-mini", messages=ASK)
    assert answer.choices is not None
    client.api_keys.delete(id=key.id)
    with pytest.raises(Exception, match=r"(?i)401|revoked"):
        sdk(system, key.key).chat.completions.create(model="openai/gpt-4o-mini", messages=ASK)


def test_configs_are_saved_and_calls_go_by_them(system: System) -> None:
    client = sdk(system)
    config = {"provider": "@openai", "cache": {"mode": "simple", "max_age": 60}}
    made = client.configs.create(name="Cached ports", config=config)
    assert (made.slug, made.version_id) == ("cached-ports", "cached-ports@1")
    assert json.loads(str(client.configs.retrieve(slug="cached-ports").config)) == config
    assert "cached-ports" in {row["slug"] for row in client.configs.list().data or []}
    saved = {"config": "cached-ports", "cache_namespace": "saved"}
    assert [status_of(ask(system, **saved)) for _ in range(2)] == ["MISS", "HIT"]
    client.configs.update(slug="cached-ports", config={"provider": "@openai"})
    assert client.configs.retrieve(slug="cached-ports").version_id == "cached-ports@2"
    assert status_of(ask(system, **saved)) == "DISABLED"
    with pytest.raises(Exception, match=r"(?i)400|expected"):
        client.configs.create(name="broken", config={"cache": {"mode": "clever"}})
    client.configs.delete(slug="cached-ports")
    assert "cached-ports" not in {row["slug"] for row in client.configs.list().data or []}


def test_an_agents_key_manages_nothing_and_a_stranger_reads_nothing(system: System) -> None:
    for key, status in ((KEY, 403), ("qd-m-nobody", 401)):
        for path in ("/v1/providers", "/v1/api-keys", "/v1/analytics/graphs/cost", "/v1/logs/call_1"):
            found, body = refused(f"{system.url}{path}", key)
            assert found == status, path
            assert (body["success"], body["data"]["errorCode"]) == (False, {403: "AB03", 401: "AB05"}[status])
            assert body["message"] == body["detail"]


REST = ("/v1/guardrails", "/v1/admin/users", "/v1/prompts/p/render", "/v1/analytics/graphs/x")


@pytest.mark.parametrize("path", REST)
def test_the_rest_of_portkeys_answers_501_with_a_pointer(system: System, path: str) -> None:
    status, body = refused(f"{system.url}{path}", OWNER)
    assert status == 501
    assert body["code"] == "not_implemented"
    assert "/api/v1" in body["detail"] or "quarterdeck.toml" in body["detail"]


def fetch(url: str, key: str) -> bytes:
    request = urllib.request.Request(url, headers={"x-portkey-api-key": key})
    with opened(request) as answer:
        return bytes(answer.read())


def refused(url: str, key: str) -> tuple[int, dict[str, Any]]:
    with pytest.raises(urllib.error.HTTPError) as error:
        fetch(url, key)
    body: dict[str, Any] = json.loads(error.value.read())
    return error.value.code, body

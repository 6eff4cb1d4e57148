"""What a replay would send, where it would go, and what it would cost."""

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from quarterdeck.access.routing.parse import read
from quarterdeck.control.providers.model import Provider
from quarterdeck.control.replays.model import CannotReplay, Plan, Target
from quarterdeck.control.replays.planning import World, check_model, planned
from quarterdeck.control.replays.recorded import in_order
from quarterdeck.kernel.errors import Invalid
from quarterdeck.ledger.calls import StoredCall
from quarterdeck.ledger.intake import BodyForm
from quarterdeck.ledger.quotes import Quote, Steps
from quarterdeck.ledger.record import Usage

USD_PER_MTOK = 10**9
BODY = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}).encode()
CALL = StoredCall(
    workspace_id="ws_1",
    id="call_1",
    started=0,
    duration=90_000,
    first_byte=None,
    overhead=0,
    agent_id="agt_1",
    key_id=None,
    run_id="run_1",
    task_id=None,
    attribution="run_key",
    session=None,
    trace_id=None,
    dialect="openai_chat",
    endpoint="/v1/chat/completions",
    model_asked="gpt-4o-mini",
    provider="openai",
    provider_kind="openai",
    model="gpt-4o-mini",
    model_answered=None,
    stream=False,
    status=200,
    outcome="ok",
    error_code=None,
    error_message=None,
    attempts=[],
    usage=Usage(input_total=1_000, cache_read=400, output_total=100),
    usage_source="provider",
    cost=210_000,
    price_id=None,
    tags={},
    client=None,
    body_mode="full",
    request_size=0,
    response_size=0,
    response_type="application/json",
    epoch=0,
    body_form=BodyForm.CUT,
    request=None,
    tip=None,
    answer=None,
    answer_split=0,
    conversation_id="conv_1",
    cache=None,
    saved=None,
)


def provider(name: str, kind: str, models: list[str] | None = None) -> Provider:
    return Provider(
        id=name,
        workspace_id="ws_1",
        name=name,
        kind=kind,
        base_url="http://127.0.0.1:1/v1",
        models=models,
        allow_private=False,
        headers={},
        timeouts={},
        position=0,
        declared=False,
        created_at=0,
        version=1,
    )


def quote(kind: str, model: str, provider: str) -> Quote | None:
    """gpt-4o at 2 dollars per million tokens in, half of it from the cache, and 8 out; nothing else has a price."""
    if model not in ("gpt-4o", "claude-haiku-4-5"):
        return None
    units = {"input_tokens": 2, "cache_read_tokens": 1, "output_tokens": 8}
    return Quote("test", "1", Steps((), ({name: Fraction(usd * USD_PER_MTOK) for name, usd in units.items()},)), {})


def world(**changes: Any) -> World:
    providers = [
        provider("openai", "openai"),
        provider("anthropic", "anthropic"),
        provider("own", "openai-compatible", ["own-*"]),
    ]
    return replace(World(providers, quote, lambda kind, model: kind == "openai" and model.startswith("gpt")), **changes)


def plan(target: Target, call: StoredCall = CALL, **changes: Any) -> Plan:
    return planned(world(**changes), target, call, BODY).plan


def test_the_recorded_usage_is_priced_at_the_target() -> None:
    found = plan(Target(model="gpt-4o"))
    assert (found.provider, found.model, found.unpriced, found.translated) == ("openai", "gpt-4o", False, None)
    assert found.estimate == 600 * 2_000 + 400 * 1_000 + 100 * 8_000


def test_what_a_budget_would_hold_is_the_longest_answer() -> None:
    assert plan(Target(model="gpt-4o")).hold == 1_000 * 2_000 + 4_096 * 8_000
    assert plan(Target(model="gpt-4o", params={"max_tokens": 10})).hold == 1_000 * 2_000 + 10 * 8_000
    capped = {"generationConfig": {"maxOutputTokens": 20}}
    assert plan(Target(model="gpt-4o", params=capped)).hold == 1_000 * 2_000 + 20 * 8_000
    assert plan(Target(model="own-large")).hold is None


def test_another_dialect_is_said() -> None:
    found = plan(Target(model="anthropic/claude-haiku-4-5"))
    assert (found.provider, found.translated) == ("anthropic", "anthropic")


def test_an_unpriced_model_has_no_estimate_and_says_so() -> None:
    found = plan(Target(model="own-large"))
    assert (found.provider, found.estimate, found.unpriced) == ("own", None, True)


def test_a_call_without_usage_has_no_estimate() -> None:
    found = plan(Target(model="gpt-4o"), replace(CALL, usage=None))
    assert (found.estimate, found.unpriced) == (None, False)


def test_without_a_target_it_goes_where_it_went() -> None:
    found = plan(Target(system="Be brief."))
    assert (found.provider, found.model) == ("openai", "gpt-4o-mini")
    assert [(each.field, each.after) for each in found.changes] == [
        ("model", "openai/gpt-4o-mini"),
        ("system", "Be brief."),
    ]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (replace(CALL, provider=None, model=None), "reached no provider"),
        (replace(CALL, provider="gone"), "'gone' is not set up"),
    ],
)
def test_a_call_that_cannot_go_where_it_went_says_so(call: StoredCall, told: str) -> None:
    with pytest.raises(CannotReplay, match=told):
        plan(Target(), call)


def test_a_model_that_nobody_serves_is_refused_beforehand() -> None:
    with pytest.raises(Invalid, match=r"write it as provider/model\. There are: openai, anthropic, own"):
        check_model(world(), "mystery")


def test_a_route_says_where_it_leads_and_why() -> None:
    config = {
        "strategy": {
            "mode": "conditional",
            "conditions": [{"query": {"params.model": {"$eq": "gpt-4o-mini"}}, "then": "strong"}],
            "default": "strong",
        },
        "targets": [{"name": "strong", "provider": "openai", "override_params": {"model": "gpt-4o"}}],
    }
    found = plan(Target(route="stronger"), route=read(config))
    assert (found.provider, found.model, found.estimate) == ("openai", "gpt-4o", 2_400_000)
    assert found.decisions


def test_conversations_are_asked_one_after_the_other() -> None:
    calls = [replace(CALL, id=f"call_{at}", conversation_id=which) for at, which in enumerate("abab")]
    assert [each.id for each in in_order(calls)] == ["call_0", "call_2", "call_1", "call_3"]

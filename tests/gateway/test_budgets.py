"""Budgets on the model path: held before, settled after, never above."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from gateway_world import RUN_KEY, until
from limited_world import USD, Limited, budget, limited_running

from quarterdeck.access.budgets.model import Ceiling

BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[Limited]:
    async with limited_running(tmp_path) as made:
        yield made


async def test_a_call_within_its_budget_passes_and_is_charged_what_it_cost(limited: Limited) -> None:
    await limited.in_force(budget(1.0, "agent:agt_1"))
    answer = await limited.gateway.chat(max_tokens=100)
    assert answer.status_code == 200
    record = await limited.gateway.record()
    assert limited.spent() == record.cost is not None
    assert record.cost is not None and record.cost > 0
    assert limited.held() == 0
    left = float(answer.headers["x-quarterdeck-budget-left-usd"])
    assert 0.99 < left < 1.0


async def test_it_refuses_when_the_budget_is_spent(limited: Limited) -> None:
    await limited.in_force(budget(0.0, "agent:agt_1"))
    answer = await limited.gateway.chat(max_tokens=100)
    assert (answer.status_code, answer.headers["x-quarterdeck-code"]) == (402, "budget_exceeded")
    assert "agent:agt_1" in answer.json()["error"]["message"]
    assert limited.gateway.seen == []
    assert (await limited.gateway.record()).outcome == "refused"


async def test_a_call_is_held_for_in_every_budget_or_in_none(limited: Limited) -> None:
    await limited.in_force(budget(1.0, id="wide"), budget(0.0, "agent:agt_1", id="spent"), budget(1.0, id="other"))
    assert (await limited.gateway.chat(max_tokens=100)).status_code == 402
    assert limited.held() == 0
    await limited.in_force(budget(1.0, id="wide"), budget(0.5, "agent:agt_1", id="spent"), budget(1.0, id="other"))
    answer = await limited.gateway.chat(max_tokens=100)
    assert 0.49 < float(answer.headers["x-quarterdeck-budget-left-usd"]) < 0.5
    assert limited.held() == 0


async def test_portkeys_clients_get_the_status_they_expect(limited: Limited) -> None:
    await limited.in_force(budget(0.0))
    answer = await limited.gateway.post("/v1/chat/completions", BODY, **{"x-portkey-trace-id": "t"})
    assert (answer.status_code, answer.headers["x-quarterdeck-code"]) == (412, "budget_exceeded")


@pytest.mark.parametrize(("scope", "window"), [("run:run_1", "total"), ("task:tsk_1", "day"), ("workspace", "run")])
async def test_a_stop_of_one_run_is_told_in_neutral_words(limited: Limited, scope: str, window: str) -> None:
    await limited.in_force(budget(0.0, scope, window))
    answer = await limited.gateway.post("/v1/chat/completions", BODY, key=RUN_KEY)
    assert (answer.status_code, answer.headers["x-quarterdeck-code"]) == (400, "run_budget_exceeded")
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert not any(word in error["message"].lower() for word in ("budget", "quota", "credit", "billing"))
    if window == "run":
        assert (await limited.gateway.chat()).status_code == 200


@pytest.mark.parametrize(
    ("scope", "counts"),
    [
        ("workspace", True),
        ("agent:agt_1", True),
        ("agent:agt_2", False),
        ("agent:*", True),
        ("key:key_1", True),
        ("key:key_9", False),
        ("model:gpt-4o*", True),
        ("model:claude-*", False),
        ("provider:openai", True),
        ("provider:anthropic", False),
        ("tag:team=blue", True),
        ("tag:team=*", True),
        ("tag:team=red", False),
    ],
)
async def test_a_budget_counts_the_calls_of_its_scope_and_no_others(limited: Limited, scope: str, counts: bool) -> None:
    await limited.in_force(budget(0.0, scope))
    answer = await limited.gateway.post("/v1/chat/completions", BODY, **{"x-quarterdeck-tags": "team=blue"})
    assert answer.status_code == (402 if counts else 200)


async def test_a_thousand_parallel_calls_never_spend_more_than_a_hard_budget(limited: Limited) -> None:
    cap = 0.002
    await limited.in_force(budget(cap))
    statuses = await limited.many(1_000)
    assert set(statuses) == {200, 402}
    spent = sum(record.cost or 0 for record in limited.records())
    assert 0 < spent <= cap * USD
    assert spent == limited.spent()
    dearest = max(record.cost or 0 for record in limited.records())
    # What is left over is less than the worst case of one more call.
    assert cap * USD - spent < 60 * 600 + 150 * 200 + dearest
    assert statuses.count(200) > 50
    assert limited.held() == 0


async def test_parallel_calls_without_a_maximum_do_not_break_the_cap_either(limited: Limited) -> None:
    cap = 0.001
    await limited.in_force(budget(cap, assumed_output=1_000))
    answers = await asyncio.gather(*(limited.gateway.chat() for _ in range(100)))
    assert {answer.status_code for answer in answers} <= {200, 402}
    assert 0 < sum(record.cost or 0 for record in limited.records()) <= cap * USD


async def test_near_its_end_a_call_without_a_maximum_is_given_one(limited: Limited) -> None:
    await limited.in_force(budget(0.0001))
    answer = await limited.gateway.chat()
    assert answer.status_code == 200
    given = int(answer.headers["x-quarterdeck-max-output"])
    assert 16 <= given < 200
    assert msgspec.json.decode(limited.gateway.seen[-1].body)["max_completion_tokens"] == given


async def test_a_raised_budget_holds_at_the_next_call(limited: Limited) -> None:
    await limited.in_force(budget(0.0))
    assert (await limited.gateway.chat()).status_code == 402
    limited.budgets = [budget(1.0)]
    limited.publish()
    assert (await limited.gateway.chat()).status_code == 200


async def test_a_stream_is_cut_with_an_error_event_when_the_cap_is_reached(limited: Limited) -> None:
    await limited.in_force(budget(0.0001, assumed_output=20))
    script = {"text": "word " * 3_000, "timing": {"chunk_ms": 1}}
    answer = await limited.gateway.chat(stream=True, script=script)
    assert answer.status_code == 200
    events = [line[6:] for line in answer.text.split("\n\n") if line.startswith("data: ")]
    last = msgspec.json.decode(events[-1])
    assert last["error"]["code"] == "budget_exceeded"
    assert "[DONE]" not in answer.text
    record = await limited.gateway.record()
    assert (record.outcome, record.error_code, record.usage_source) == ("cut", "budget_exceeded", "estimated")
    assert record.cost is not None and 0 < record.cost <= 0.0001 * USD
    assert limited.spent() == record.cost
    assert limited.held() == 0


async def test_a_stream_that_fits_is_left_alone(limited: Limited) -> None:
    await limited.in_force(budget(1.0, assumed_output=20))
    answer = await limited.gateway.chat(stream=True, script={"text": "word " * 500})
    assert answer.text.rstrip().endswith("data: [DONE]")
    record = await limited.gateway.record()
    assert limited.spent() == record.cost
    assert limited.held() == 0


async def test_an_unpriced_model_is_refused_under_a_hard_budget(limited: Limited) -> None:
    await limited.in_force(budget(5.0))
    answer = await limited.gateway.chat(model="openai/of-unknown-price")
    assert (answer.status_code, answer.headers["x-quarterdeck-code"]) == (400, "model_unpriced")
    await limited.in_force(budget(5.0, mode="warn"))
    assert (await limited.gateway.chat(model="openai/of-unknown-price")).status_code == 200


async def test_an_unpriced_model_counts_by_the_ceiling_price_where_one_is_set(limited: Limited) -> None:
    await limited.in_force(budget(5.0, ceiling=Ceiling(input=10**10, output=2 * 10**10)))
    answer = await limited.gateway.chat(model="openai/of-unknown-price", max_tokens=50)
    assert answer.status_code == 200
    record = await limited.gateway.record()
    assert record.cost is None and record.usage is not None
    expected = record.usage.input_total * 10_000 + record.usage.output_total * 20_000
    assert limited.spent() == record.extra["ceiling"] == expected


async def test_shadow_stops_nobody_and_says_whom_it_would_have_stopped(limited: Limited) -> None:
    await limited.in_force(budget(0.0, mode="shadow"))
    assert (await limited.gateway.chat()).status_code == 200
    _, _, stops = limited.admission.report()
    assert [(stop.budget_id, stop.mode, stop.agent_id) for stop in stops] == [("b", "shadow", "agt_1")]
    assert limited.admission.report()[2] == []
    assert limited.spent() > 0


async def test_a_failed_call_costs_nothing_and_holds_nothing(limited: Limited) -> None:
    await limited.in_force(budget(1.0))
    answer = await limited.gateway.chat(script={"fault": {"kind": "status", "status": 500}})
    assert answer.status_code >= 500
    assert (limited.spent(), limited.held()) == (0, 0)


async def test_what_was_settled_before_a_budget_existed_counts(limited: Limited) -> None:
    await limited.in_force(budget(1.0, "agent:agt_1"))
    await limited.gateway.chat()
    limited.budgets.append(budget(1.0, "model:gpt-4o-mini", id="m"))
    limited.publish()
    await limited.admission.spending.ready.wait()
    assert limited.spent("m") == limited.spent("b") > 0


async def test_what_was_settled_while_no_budget_was_about_it_counts_once_one_is(limited: Limited) -> None:
    await limited.in_force(budget(1.0, "agent:agt_9"))
    await limited.gateway.chat()
    assert limited.spent() == 0
    limited.budgets.append(budget(1.0, "agent:agt_1", id="m"))
    limited.publish()
    await limited.gateway.chat()
    assert limited.spent("m") == sum(record.cost or 0 for record in limited.records()) > 0
    assert len(limited.records()) == 2


async def test_the_tries_of_a_route_hold_and_let_go_together(limited: Limited) -> None:
    second = msgspec.structs.replace(limited.gateway.providers[0], name="second")
    limited.gateway.providers.append(second)
    await limited.in_force(budget(1.0, "agent:agt_1"))
    config = {"strategy": {"mode": "fallback"}, "targets": [{"provider": "openai"}, {"provider": "second"}]}
    once = {"fault": {"kind": "status", "status": 500, "times": 1}}
    answer = await limited.gateway.post(
        "/v1/chat/completions",
        {**BODY, "max_tokens": 50},
        script=once,
        **{"x-portkey-config": json.dumps(config)},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-quarterdeck-provider"] == "second"
    assert "x-quarterdeck-budget-left-usd" in answer.headers
    record = await limited.gateway.record()
    assert record.cost and limited.spent() == record.cost
    assert limited.held() == 0


async def test_a_stream_of_a_route_is_cut_at_the_cap_too(limited: Limited) -> None:
    await limited.in_force(budget(0.0001, assumed_output=20))
    config = {"strategy": {"mode": "single"}, "targets": [{"provider": "openai"}]}
    answer = await limited.gateway.post(
        "/v1/chat/completions",
        {**BODY, "stream": True},
        script={"text": "word " * 3_000, "timing": {"chunk_ms": 1}},
        **{"x-portkey-config": json.dumps(config)},
    )
    assert "[DONE]" not in answer.text and "budget_exceeded" in answer.text
    record = await limited.gateway.record()
    assert record.outcome == "cut" and 0 < (record.cost or 0) <= 0.0001 * USD
    assert limited.held() == 0


async def test_after_a_change_of_credential_the_new_ones_budget_counts_though_a_call_by_the_old_one_ends_later(
    limited: Limited,
) -> None:
    of_old, of_new = (budget(5.0, f"credential:env:{name}", id=name) for name in ("OLD", "NEW"))
    limited.gateway.providers[0] = msgspec.structs.replace(limited.gateway.providers[0], credential="env:OLD")
    await limited.in_force(of_old, of_new)
    slow = asyncio.create_task(limited.gateway.chat(script={"text": "hi", "timing": {"first_byte_ms": 300}}))
    await until(lambda: limited.gateway.seen)
    limited.gateway.providers[0] = msgspec.structs.replace(limited.gateway.providers[0], credential="env:NEW")
    limited.publish()
    assert (await slow).status_code == 200
    assert (await limited.gateway.chat()).status_code == 200
    await limited.gateway.record(2)
    assert [limited.spent("OLD"), limited.spent("NEW")] == [record.cost for record in limited.records()]
    assert limited.spent("NEW") > 0


async def test_a_run_whose_project_changed_counts_there_though_a_call_from_before_ends_later(limited: Limited) -> None:
    run = limited.gateway.runs["run_1"]
    limited.gateway.runs["run_1"] = msgspec.structs.replace(run, project_id="prj_old")
    await limited.in_force(budget(5.0, "project:prj_old", id="old"), budget(5.0, "project:prj_new", id="new"))
    slow = {"text": "hi", "timing": {"first_byte_ms": 300}}
    before = asyncio.create_task(limited.gateway.post("/v1/chat/completions", BODY, key=RUN_KEY, script=slow))
    await until(lambda: limited.gateway.seen)
    limited.gateway.runs["run_1"] = msgspec.structs.replace(run, project_id="prj_new")
    limited.publish()
    assert (await before).status_code == 200
    assert (await limited.gateway.post("/v1/chat/completions", BODY, key=RUN_KEY)).status_code == 200
    await limited.gateway.record(2)
    assert limited.spent("new") == limited.records()[-1].cost

"""GET /calls by every field a call has, on both stores; and that a rare value is looked for in bounded steps."""

from typing import Any

import pytest
from ledger_api import Api
from ledger_world import NOON

from quarterdeck.control.projects import actions as projects
from quarterdeck.control.tasks import creating as tasks
from quarterdeck.control.tasks.model import NewTask
from quarterdeck.kernel.clock import DAY, HOUR, iso
from quarterdeck.ledger import walking
from quarterdeck.ledger.call_filter import CallFilter
from quarterdeck.ledger.record import Attempt, Usage

FAILED = Attempt("openai", "gpt-4o", 500, "status_500", 1, 2, 3)
FELL_BACK = Attempt("anthropic", "claude", 200, None, 4, 5, 6, "config.targets[1]", "fallback")
HIT = {"cache": {"status": "hit", "of": "call_1", "saved": 21_000}}
ONE_OF_EACH: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    ({"key_id": "key_2"}, [{"key_id": "key_2"}]),
    ({"attribution": "header"}, [{"attribution": "header"}]),
    ({"session": "s-1", "trace_id": "t-1"}, [{"session": "s-1"}, {"trace_id": "t-1"}]),
    ({"dialect": "anthropic", "endpoint": "/v1/messages"}, [{"dialect": "anthropic"}, {"endpoint": "/v1/messages"}]),
    (
        {
            "provider": "vertex",
            "provider_kind": "gemini",
            "model": "pro",
            "model_asked": "p",
            "model_answered": "pro-1",
        },
        [
            {"provider": "vertex"},
            {"provider_kind": "gemini"},
            {"model": "pro"},
            {"model_asked": "p"},
            {"model_answered": "pro-1"},
            {"provider": "vertex", "model": "pro"},
            {"agent_id": "agt_1", "model": "pro"},
        ],
    ),
    ({"stream": True}, [{"stream": "true"}]),
    (
        {"status": 529, "outcome": "error", "error_code": "status_529", "error_message": "Over_loaded, 100%"},
        [
            {"status": 529},
            {"min_status": 500, "max_status": 599},
            {"error_code": "status_529"},
            {"error_message": "over_loaded, 100%"},
            {"outcome": "error", "agent_id": "agt_1"},
            {"outcome": "failed", "max_status": 599},
        ],
    ),
    ({"extra": HIT, "cost": 0}, [{"cache": "hit"}, {"min_saved_nano": 1}, {"max_cost_nano": 0}]),
    ({"usage_source": "estimated"}, [{"usage_source": "estimated"}]),
    ({"cost": None, "price": None}, [{"unpriced": "true"}]),
    ({"body_mode": "redacted"}, [{"body_mode": "redacted"}]),
    ({"client": "claude-cli/2.0 (external)"}, [{"client": "Claude-CLI"}]),
    (
        {"tags": [("team", 'growth "a"'), ("plan", "paid")]},
        [{"tag": 'team=growth "a"'}, {"tag": "plan=paid"}, {"tag": "plan"}],
    ),
    ({"attempts": [FAILED, FELL_BACK]}, [{"tried": "fallback"}, {"min_attempts": 2}]),
    ({"ended": 40_000_000}, [{"min_duration_ms": 40_000, "max_duration_ms": 40_000}]),
    ({"first_byte": 9_000}, [{"max_first_byte_ms": 9.5}]),
    ({"overhead": 7_500}, [{"min_overhead_ms": 7.5}]),
    ({"cost": 5_000_000_000}, [{"min_cost_nano": 5_000_000_000}]),
    (
        {"usage": Usage(9_000, 8_000, 400, 100, 700, 600, service_tier="flex")},
        [
            {"min_input_tokens": 9_000},
            {"min_output_tokens": 500},
            {"min_cache_read_tokens": 8_000},
            {"min_cache_write_tokens": 500, "max_cache_write_tokens": 500},
            {"min_reasoning_tokens": 600},
            {"service_tier": "flex"},
        ],
    ),
    ({"request_size": 9_999}, [{"min_request_size": 9_999}]),
    ({"response_size": 8_888}, [{"min_response_size": 8_888}]),
    ({"response_type": "text/event-stream"}, [{"response_type": "text/event-stream"}]),
]


async def test_calls_are_found_by_each_of_their_fields(api: Api) -> None:
    made = [api.record(NOON + n * HOUR, **fields) for n, (fields, _) in enumerate(ONE_OF_EACH)]
    await api.world.take(api.record(NOON - HOUR), *made)
    for (_, asked), call in zip(ONE_OF_EACH, made, strict=True):
        for params in asked:
            assert await api.ids(**params) == [call.id], params
    assert len(await api.ids(unpriced="false", unclaimed="false", stream="false")) == len(made) - 1


async def test_calls_are_found_by_the_project_and_the_person_of_their_task(api: Api) -> None:
    async with api.world.db.transaction() as tx:
        project = await projects.create(tx, api.owner.workspace_id, name="Umbrellas")
        new = NewTask(title="Count", project_id=project.id, accountable_id=api.owner.id)
        task = await tasks.create(tx, api.owner.workspace_id, new)
    mine = api.record(task_id=task.id)
    await api.world.take(mine, api.record(task_id="tsk_2"), api.record(task_id=None, run_id=None))
    assert await api.ids(project_id=project.id) == [mine.id]
    assert await api.ids(accountable_id=api.owner.id, outcome="ok") == [mine.id]
    assert await api.ids(goal_id="goal_none") == []


async def test_a_filter_that_cannot_be_is_refused_by_its_name_with_what_it_may_be(api: Api) -> None:
    for params, field, said in (
        ({"outcome": "fine"}, "outcome", "'cancelled'"),
        ({"cache": "warm"}, "cache", "'semantic-hit'"),
        ({"agent": "agt_1"}, "agent", "Did you mean agent_id?"),
        ({"min_cost_nano": 2, "max_cost_nano": 1}, "min_cost_nano", "more than max_cost_nano"),
        ({"min_duration_ms": "soon"}, "min_duration_ms", "number"),
        ({"tag": "=blue"}, "tag", "team=growth"),
        ({"from": "yesterday"}, "from", ""),
    ):
        answer = await api.client.get("/api/v1/calls", params=params)
        assert answer.status_code in (400, 422), answer.text
        assert field in answer.text, answer.text
        assert said in answer.json()["detail"], answer.text


async def test_a_rare_value_is_looked_for_in_steps_that_say_how_far_they_came(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "STEPS", (2,))
    monkeypatch.setattr(walking.Patience, "over", True)
    made = [api.record(NOON + n * HOUR, session="rare" if n in (0, 5) else None) for n in range(9)]
    await api.world.take(*made)
    found, after, reached, requests = [], None, [], 0
    while after is not None or not requests:
        page = await api.get("/calls", session="rare", **({"after": after} if after else {}))
        found += [item["id"] for item in page["items"]]
        after, requests = page["next"], requests + 1
        reached += [page["search"]["searched_back_to"]] if "search" in page else []
    assert found == [made[5].id, made[0].id]
    assert reached == [iso(NOON + n * HOUR) for n in (6, 3, 0)][: len(reached)]
    assert (requests, len(reached)) == (4, 3)


async def test_hours_with_few_calls_between_them_are_looked_through_as_one(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.world.take(*(api.record(NOON + n * DAY, stream=n % 2 == 0, tags=[("n", str(n % 2))]) for n in range(9)))
    for which, stretches in ((CallFilter(stream=True), 5), (CallFilter(tag=("n", "1")), 4)):
        for most, expected in ((0, stretches), (1, 1), (500, 1)):
            monkeypatch.setattr(walking, "_GAP", most)
            async with api.world.db.read() as tx:
                steps = [step async for step in walking.steps(tx, api.owner.workspace_id, which)]
            assert len(steps) == expected, (which, most)
    assert len(await api.ids(stream="true")) == 5


async def test_hours_without_such_a_call_are_not_looked_through(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "STEPS", (2,))
    monkeypatch.setattr(walking.Patience, "over", True)
    rare = {
        "key_id": "key_rare",
        "tags": [("team", "blue")],
        "provider": "vertex",
        "extra": HIT,
        "usage_source": "estimated",
    }
    made = [api.record(NOON + n * DAY, **(rare if n == 0 else {})) for n in range(9)]
    await api.world.take(*made)
    for params in (
        {"key_id": "key_rare"},
        {"tag": "team=blue"},
        {"provider": "vertex"},
        {"cache": "hit"},
        {"usage_source": "estimated", "agent_id": "agt_1"},
    ):
        page = await api.get("/calls", **params)
        assert ([item["id"] for item in page["items"]], page["next"]) == ([made[0].id], None), params

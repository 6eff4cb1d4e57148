"""GET /calls, /conversations and /costs: what was ingested, as members see it, on both stores."""

import json
import struct

import pytest
from ledger_api import Api
from ledger_world import NOON, chat, record

from quarterdeck.access.actors import Role
from quarterdeck.control.agents import actions as agents
from quarterdeck.kernel.clock import DAY, HOUR, MINUTE, iso
from quarterdeck.ledger.record import Attempt, Usage


async def test_a_call_is_shown_with_what_it_belongs_to(api: Api) -> None:
    async with api.world.db.transaction() as tx:
        agent = await agents.create(tx, api.owner.workspace_id, name="research", owner_id=api.owner.id)
    made = api.record(
        agent_id=agent.id,
        task_id="tsk_gone",
        usage=Usage(100, 20, 3, 4, 10, 5, server_tools={"web_search_requests": 2}),
        tags=[("team", "blue")],
    )
    await api.world.take(made)
    [call] = (await api.get("/calls"))["items"]
    assert call["id"] == made.id
    assert call["started_at"] == iso(NOON)
    assert call["agent"] == {"id": agent.id, "name": "research"}
    assert call["task"] == {"id": "tsk_gone", "ref": "tsk_gone", "title": "tsk_gone"}
    assert (call["duration_ms"], call["first_byte_ms"], call["overhead_ms"]) == (90.0, 40.0, 0.2)
    assert call["usage"]["input_total"] == 100
    assert call["usage"]["server_tools"] == {"web_search_requests": 2}
    assert (call["cost_nano"], call["unpriced"], call["attempt_count"]) == (21_000, False, 1)
    assert call["tags"] == {"team": "blue"}


async def test_one_call_tells_its_attempts_price_and_headers(api: Api) -> None:
    made = api.record(attempts=[Attempt("a", "m", 500, "status_500", 0, None, 5_000)], trace_id="t1", session="s1")
    await api.world.take(made)
    call = await api.get(f"/calls/{made.id}")
    assert call["attempts"] == [
        {
            "provider": "a",
            "model": "m",
            "status": 500,
            "error": "status_500",
            "began_ms": 0.0,
            "first_byte_ms": None,
            "ended_ms": 5.0,
        }
    ]
    assert call["price"]["source"] == "genai-prices"
    assert call["price"]["units"]["input_tokens"] == 150_000_000
    assert call["request_headers"] == [["content-type", "application/json"]]
    assert (call["trace_id"], call["session"]) == ("t1", "s1")


async def test_a_call_without_a_price_says_so(api: Api) -> None:
    await api.world.take(api.record(cost=None, price=None), api.record(cost=0, price=None, usage=None))
    refused, unpriced = (await api.get("/calls"))["items"]
    assert (unpriced["cost_nano"], unpriced["unpriced"]) == (None, True)
    assert (refused["cost_nano"], refused["unpriced"]) == (0, False)


async def test_calls_are_listed_newest_first_in_pages(api: Api) -> None:
    made = [api.record(NOON + n * 40 * DAY // 10) for n in range(25)]
    await api.world.take(*made)
    found, after, pages = [], None, 0
    while after is not None or not pages:
        page = await api.get("/calls", limit=10, **({"after": after} if after else {}))
        found += [item["id"] for item in page["items"]]
        after, pages = page["next"], pages + 1
    assert found == [each.id for each in reversed(made)]
    assert pages == 3


async def test_calls_are_found_by_what_they_belong_to_and_how_they_went(api: Api) -> None:
    plain = api.record(NOON)
    other = api.record(
        NOON + HOUR,
        agent_id="agt_2",
        run_id="run_2",
        task_id="tsk_2",
        provider="anthropic",
        model="claude",
        status=500,
        outcome="error",
        cost=99_000,
        request_body=chat("another beginning"),
    )
    unclaimed = api.record(NOON + DAY, run_id=None, task_id=None, attribution="unclaimed", cost=None)
    await api.world.take(plain, other, unclaimed)
    conversation = (await api.get(f"/calls/{other.id}"))["conversation_id"]
    for params in (
        {"agent_id": "agt_2"},
        {"run_id": "run_2"},
        {"task_id": "tsk_2"},
        {"provider": "anthropic"},
        {"model": "claude"},
        {"status": 500},
        {"outcome": "error"},
        {"min_cost_nano": 50_000},
        {"conversation_id": conversation},
        {"from": iso(NOON + HOUR), "to": iso(NOON + DAY)},
        {"agent_id": "agt_2", "outcome": "error", "model": "claude"},
    ):
        assert await api.ids(**params) == [other.id], params
    assert await api.ids(unclaimed=True) == [unclaimed.id]
    assert await api.ids(unclaimed=False) == [other.id, plain.id]
    assert await api.ids(outcome="ok", status=200) == [unclaimed.id, plain.id]
    assert await api.ids(agent_id="agt_2", outcome="ok") == []


async def test_a_filter_that_cannot_be_is_refused(api: Api) -> None:
    assert (await api.refused("/calls", after="nonsense"))[0] == 400
    assert (await api.refused("/calls", **{"from": "yesterday"}))[0] == 400
    assert (await api.refused("/calls", outcome="splendid"))[0] in (400, 422)
    assert (await api.refused("/calls", limit=0))[0] in (400, 422)


async def test_calls_of_another_workspace_do_not_exist(api: Api) -> None:
    made = record(NOON, workspace_id="ws_other")
    await api.world.take(made)
    assert await api.ids() == []
    for path in (f"/calls/{made.id}", f"/calls/{made.id}/request", f"/calls/{made.id}/rendered"):
        assert await api.refused(path) == (404, "not_found")


async def test_bodies_come_back_byte_for_byte_as_downloads(api: Api) -> None:
    made = api.record(request_body=b' {"messages" : [ {"role":"user"} ] }', response_body=b"\x00\xff<script>")
    await api.world.take(made)
    for side, body in (("request", made.request_body), ("response", made.response_body)):
        answer = await api.client.get(f"/api/v1/calls/{made.id}/{side}")
        assert answer.content == body
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["content-disposition"] == f'attachment; filename="{made.id}-{side}"'
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("response_type", ["text/html; charset=utf-8", "bad\r\nx: y", None])
async def test_a_provider_cannot_choose_our_headers(api: Api, response_type: str | None) -> None:
    made = api.record(response_type=response_type)
    await api.world.take(made)
    answer = await api.client.get(f"/api/v1/calls/{made.id}/response")
    assert "x" not in answer.headers
    assert "attachment" in answer.headers["content-disposition"]
    if response_type is None or "\r" in response_type:
        assert answer.headers["content-type"] == "application/octet-stream"


async def test_a_body_that_was_not_kept_is_a_reason_and_not_a_failure(api: Api) -> None:
    made = api.record(body_mode="none", request_body=b"", response_body=b"", request_headers=[], response_headers=[])
    await api.world.take(made)
    for side in ("request", "response", "rendered"):
        assert await api.refused(f"/calls/{made.id}/{side}") == (404, "body_not_kept")
    assert (await api.get(f"/calls/{made.id}"))["body_mode"] == "none"


async def test_a_viewer_sees_calls_and_not_what_was_said(api: Api) -> None:
    made = api.record()
    await api.world.take(made)
    await api.as_role(Role.VIEWER)
    assert await api.ids() == [made.id]
    for side in ("request", "response", "rendered"):
        assert (await api.refused(f"/calls/{made.id}/{side}"))[0] == 403


async def test_bodies_are_shown_as_messages_and_what_is_new_is_marked(api: Api) -> None:
    system = {"role": "system", "content": "You help."}

    def body(*contents: str) -> bytes:
        request = json.loads(chat(*contents, temperature=0.5))
        request["messages"].insert(0, system)
        return json.dumps(request).encode()

    first = api.record(NOON, request_body=body("hi"))
    deltas = [{"choices": [{"index": 0, "delta": {"content": each}}]} for each in ("Fi", "ne")]
    stream = "".join(f"data: {json.dumps(each)}\n\n" for each in deltas).encode()
    second = api.record(
        NOON + MINUTE,
        request_body=body("hi", "hello", "how are you?"),
        stream=True,
        response_body=stream,
        chunk_times=struct.pack("<IIII", 0, 300, 57, 350),
    )
    await api.world.take(first, second)
    shown = await api.get(f"/calls/{second.id}/rendered")
    assert [(message["role"], message["new"]) for message in shown["messages"]] == [
        ("system", False),
        ("user", False),
        ("assistant", True),
        ("user", True),
    ]
    assert shown["messages"][3]["parts"][0]["text"] == "how are you?"
    assert shown["answer"][0]["parts"][0]["text"] == "Fine"
    assert shown["params"] == {"model": "gpt-4o-mini", "temperature": 0.5}
    assert shown["timeline"] == [[0, 300], [57, 350]]
    alone = await api.get(f"/calls/{first.id}/rendered")
    assert all(message["new"] for message in alone["messages"])
    assert alone["timeline"] is None


async def test_a_conversation_is_its_calls_and_their_sum(api: Api) -> None:
    turns = ["hi", "hello", "more", "yes", "even more"]
    made = [api.record(NOON + n * MINUTE, request_body=chat(*turns[: 2 * n + 1])) for n in range(3)]
    await api.world.take(*made, api.record(NOON, request_body=chat("other")))
    conversation_id = (await api.get(f"/calls/{made[0].id}"))["conversation_id"]
    shown = await api.get(f"/conversations/{conversation_id}", limit=2)
    assert (shown["calls"], shown["cost_nano"], shown["unpriced_calls"]) == (3, 63_000, 0)
    assert (shown["started_at"], shown["last_at"]) == (iso(NOON), iso(NOON + 2 * MINUTE))
    assert [item["id"] for item in shown["items"]] == [made[2].id, made[1].id]
    rest = await api.get(f"/conversations/{conversation_id}", after=shown["next"])
    assert [item["id"] for item in rest["items"]] == [made[0].id]
    assert await api.refused("/conversations/conv_none") == (404, "not_found")


async def test_costs_are_summed_by_what_is_asked_for(api: Api) -> None:
    async with api.world.db.transaction() as tx:
        agent = await agents.create(tx, api.owner.workspace_id, name="research", owner_id=api.owner.id)
    await api.world.take(
        api.record(NOON, agent_id=agent.id, tags=[("team", "red")]),
        api.record(NOON + HOUR, agent_id=agent.id, cost=None, tags=[("team", "red")]),
        api.record(NOON + DAY, task_id=None, outcome="error", usage_source="estimated"),
    )
    span = {"from": iso(NOON - DAY), "to": iso(NOON + 2 * DAY)}
    by_agent = await api.get("/costs", by="agent", **span)
    assert [
        (each["label"], each["calls"], each["cost_nano"], each["unpriced_calls"]) for each in by_agent["buckets"]
    ] == [
        ("research", 2, 21_000, 1),
        ("agt_1", 1, 21_000, 0),
    ]
    totals = by_agent["totals"]
    assert (totals["calls"], totals["errors"], totals["estimated_calls"], totals["cost_nano"]) == (3, 1, 1, 42_000)
    for by in ("total", "task", "run", "model", "provider", "key"):
        assert (await api.get("/costs", by=by, **span))["totals"] == totals, by
    by_tag = await api.get("/costs", by="tag", grain="hour", **span)
    assert [(each["at"], each["value"]) for each in by_tag["buckets"]] == [
        (iso(NOON), "team=red"),
        (iso(NOON + HOUR), "team=red"),
    ]
    by_task = await api.get("/costs", by="task", **span)
    assert {each["value"] for each in by_task["buckets"]} == {"tsk_1", ""}
    assert (await api.get("/costs", **{"from": iso(NOON + 5 * DAY), "to": iso(NOON + 6 * DAY)}))["buckets"] == []


async def test_costs_are_refused_when_the_question_makes_no_sense(api: Api) -> None:
    assert (await api.refused("/costs", by="moon"))[0] in (400, 422)
    assert (await api.refused("/costs", **{"from": "noon"}))[0] == 400

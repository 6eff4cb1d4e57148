"""POST /tasks/{id}/adopt and /give-back: unclaimed traffic becomes part of a task, with all it cost."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from api_world import AsAgent, AsRole, elsewhere, ingested
from fastapi import FastAPI

from quarterdeck.access.members import Member
from quarterdeck.db import Database
from quarterdeck.ledger.record import CallRecord
from store.ledger.ledger_world import chat, record

PLAIN: dict[str, Any] = {"run_id": None, "task_id": None, "attribution": "unclaimed"}


class Talk:
    """An agent's conversation that belongs to no work: three calls for 30 nano-dollars, in a session of its client."""

    def __init__(self, client: httpx.AsyncClient, records: list[CallRecord], conversation_id: str) -> None:
        self.client = client
        self.records = records
        self.conversation_id = conversation_id

    async def task(self, **fields: Any) -> dict[str, Any]:
        made = await self.client.post("/api/v1/tasks", json={"title": "Research", "state": "ready", **fields})
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    async def post(self, task: dict[str, Any], verb: str = "adopt", **body: Any) -> httpx.Response:
        return await self.client.post(f"/api/v1/tasks/{task['id']}/{verb}", json=body)

    async def unclaimed(self) -> set[str]:
        found = await self.client.get("/api/v1/calls", params={"unclaimed": True})
        return {row["id"] for row in found.json()["items"]}

    async def waste(self) -> dict[str, int]:
        found = (await self.client.get("/api/v1/costs/waste?by=total")).json()
        assert found["difference_nano"] == 0
        return {name: cost for name, cost in found["totals"]["classes"].items() if cost}


@pytest.fixture
async def talk(client: httpx.AsyncClient, as_agent: AsAgent, db: Database, owner: Member, tmp_path: Path) -> Talk:
    await as_agent("research")
    (agent,) = (await client.get("/api/v1/agents")).json()["items"]
    whose = PLAIN | {"workspace_id": owner.workspace_id, "agent_id": agent["id"], "session": "claude-1"}
    now = db.clock.now()
    records = [record(now + n, cost=10, request_body=chat("Look it up"), **whose) for n in range(3)]
    await ingested(db, tmp_path, *records)
    (item, *_) = (await client.get("/api/v1/calls")).json()["items"]
    return Talk(client, records, item["conversation_id"])


async def test_a_conversation_is_adopted_with_all_it_cost_and_given_back(talk: Talk) -> None:
    assert await talk.waste() == {"unclaimed": 30}
    task = await talk.task()
    done = await talk.post(task, conversation_id=talk.conversation_id)
    assert done.status_code == 200, done.text
    answer = done.json()
    assert (answer["calls"], answer["cost_nano"], answer["unpriced_calls"], answer["more"]) == (3, 30, 0, False)
    assert answer["task"]["ref"] == task["ref"]
    assert await talk.unclaimed() == set()
    assert await talk.waste() == {"in_progress": 30}
    cost = (await talk.client.get(f"/api/v1/costs/tasks/{task['id']}")).json()
    assert (cost["total_nano"], cost["classes"]["in_progress"]) == (30, 30)
    again = await talk.post(task, conversation_id=talk.conversation_id)
    assert (again.status_code, again.json()["calls"]) == (200, 0)

    back = await talk.post(task, "give-back", conversation_id=talk.conversation_id)
    assert (back.status_code, back.json()["calls"]) == (200, 3)
    assert await talk.unclaimed() == {each.id for each in talk.records}
    assert await talk.waste() == {"unclaimed": 30}
    told = [one for one in (await talk.client.get("/api/v1/audit")).json()["items"] if "task." in one["kind"]]
    assert [one["kind"] for one in told] == ["task.gave_back", "task.adopted", "task.created"]
    assert told[1]["subject_id"] == task["id"]


async def test_single_calls_are_adopted_and_the_rest_of_their_conversation_stays(talk: Talk) -> None:
    task, some = await talk.task(), [each.id for each in talk.records[:2]]
    assert (await talk.post(task, call_ids=some)).json()["calls"] == 2
    assert await talk.unclaimed() == {talk.records[2].id}
    (call,) = [row for row in (await talk.client.get("/api/v1/calls")).json()["items"] if row["id"] == some[0]]
    assert (call["attribution"], call["task"]["ref"]) == ("adopted", task["ref"])


async def test_traffic_of_no_task_is_shown_by_agent_and_conversation_with_what_it_cost(
    talk: Talk, db: Database, owner: Member, tmp_path: Path
) -> None:
    of, now = talk.records[0], db.clock.now() + 10
    single = {"workspace_id": owner.workspace_id, "agent_id": of.agent_id, "request_body": b'{"input": "x"}'}
    singles = [record(now + n, cost=cost, **PLAIN | single) for n, cost in enumerate((5, None))]
    claimed = record(now + 9, workspace_id=owner.workspace_id)
    await ingested(db, tmp_path, *singles, claimed)

    async def shown(**params: Any) -> dict[str, Any]:
        found = await talk.client.get("/api/v1/conversations/unclaimed", params=params)
        assert found.status_code == 200, found.text
        answer: dict[str, Any] = found.json()
        return answer

    answer = await shown()
    figures = ("calls", "cost_nano", "unpriced_calls")
    rows = [(row["conversation_id"], *(row[name] for name in figures)) for row in answer["items"]]
    assert rows == [(None, 2, 5, 1), (talk.conversation_id, 3, 30, 0)]
    assert {row["agent"]["name"] for row in answer["items"]} == {"research"}
    assert answer["items"][1]["newest"]["id"] == talk.records[2].id
    assert [answer[name] for name in ("calls", "cost_nano", "agents", "whole")] == [5, 35, 1, True]
    first = await shown(limit=1)
    second = await shown(limit=1, after=first["next"])
    assert [row["calls"] for row in first["items"] + second["items"]] == [2, 3]
    assert second["next"] is None

    task = await talk.task()
    assert (await talk.post(task, agent_id=of.agent_id)).json()["calls"] == 2
    assert [row["calls"] for row in (await shown())["items"]] == [3]
    assert (await talk.post(task, "give-back", agent_id=of.agent_id)).json()["calls"] == 2
    assert (await talk.post(task, agent_id="agt_none")).status_code == 404


async def test_what_belongs_to_other_work_is_refused_with_the_reason(talk: Talk) -> None:
    first, second = await talk.task(), await talk.task()
    taken = talk.records[0].id
    await talk.post(first, call_ids=[taken])
    refused = await talk.post(second, call_ids=[taken, talk.records[1].id])
    assert (refused.status_code, refused.json()["code"]) == (409, "call_claimed")
    assert refused.json()["call_ids"] == [taken]
    assert len(await talk.unclaimed()) == 2  # all or nothing
    await talk.post(first, conversation_id=talk.conversation_id)
    refused = await talk.post(second, conversation_id=talk.conversation_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "call_claimed")


async def test_a_closed_task_adopts_nothing(talk: Talk) -> None:
    task = await talk.task()
    await talk.client.post(f"/api/v1/tasks/{task['id']}/move", json={"to": "cancelled"})
    refused = await talk.post(task, conversation_id=talk.conversation_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "task_closed")
    assert len(await talk.unclaimed()) == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"conversation_id": "conv_none"}, 404),
        ({"call_ids": ["call_none"]}, 404),
        ({"conversation_id": "conv_none", "call_ids": ["call_none"]}, 400),
        ({"call_ids": ["call_none"] * 501}, 422),
    ],
)
async def test_it_says_what_is_wrong_with_a_choice(talk: Talk, body: dict[str, Any], status: int) -> None:
    for verb in ("adopt", "give-back"):
        assert (await talk.post(await talk.task(), verb, **body)).status_code == status
    assert (await talk.post({"id": "tsk_none"}, conversation_id=talk.conversation_id)).status_code == 404


async def test_another_workspace_can_neither_adopt_nor_be_adopted_into(
    talk: Talk, app: FastAPI, db: Database, as_role: AsRole
) -> None:
    task = await talk.task()
    async with await elsewhere(app, db) as other:
        mine = Talk(other, talk.records, talk.conversation_id)
        for body in ({"conversation_id": talk.conversation_id}, {"call_ids": [talk.records[0].id]}):
            assert (await mine.post(await mine.task(), **body)).status_code == 404
            assert (await mine.post(task, **body)).status_code == 404
    viewer = await as_role("viewer")
    refused = await viewer.post(f"/api/v1/tasks/{task['id']}/adopt", json={"conversation_id": talk.conversation_id})
    assert refused.status_code == 403
    assert len(await talk.unclaimed()) == 3

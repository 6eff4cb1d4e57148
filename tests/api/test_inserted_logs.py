"""Logs that Portkey's clients insert: kept and shown as declared, and apart from what was spent."""

import httpx
import sqlalchemy as sa
from api_world import AsAgent

from quarterdeck.access.members import Member
from quarterdeck.access.tables import workspaces
from quarterdeck.control.portkey.inserted.store import inserted_logs
from quarterdeck.db import Database
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.worker import housekeeping

PATH = "/api/v1/portkey/logs"
LOG = {
    "request": {
        "url": "https://api.openai.com/v1/chat/completions",
        "provider": "openai",
        "method": "post",
        "headers": {"Authorization": "Bearer sk-abcdefghijklmnopqrst", "x-team": "blue"},
        "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "My card is 4111 1111 1111 1111"}]},
    },
    "response": {
        "status": 200,
        "headers": {"content-type": "application/json"},
        "body": {"model": "gpt-4o-2024", "usage": {"prompt_tokens": 11, "completion_tokens": 7}},
        "response_time": 420,
    },
    "metadata": {"traceId": "trace-1", "span_id": "span-1", "team": "blue", "depth": 3},
}


async def inserted(client: httpx.AsyncClient, **changes: object) -> dict[str, object]:
    answer = await client.post(PATH, json={**LOG, **changes})
    assert answer.status_code == 200, answer.text
    (log_id,) = answer.json()["logIds"]
    shown = await client.get(f"{PATH}/{log_id}")
    assert shown.status_code == 200
    data: dict[str, object] = shown.json()["data"]
    return data


async def mode(db: Database, owner: Member, **values: object) -> None:
    async with db.transaction() as tx:
        await tx.execute(workspaces.update().where(workspaces.c.id == owner.workspace_id).values(**values))


async def test_an_inserted_log_is_shown_as_declared_and_without_keys(client: httpx.AsyncClient) -> None:
    log = await inserted(client)
    assert log["declared"] is True
    assert (log["trace_id"], log["span_id"], log["metadata"]) == ("trace-1", "span-1", {"team": "blue"})
    assert (log["ai_org"], log["ai_model"], log["response_status_code"]) == ("openai", "gpt-4o-2024", 200)
    assert (log["req_units"], log["res_units"], log["response_time"]) == (11, 7, 420)
    request = log["request"]
    assert isinstance(request, dict)
    assert request["headers"] == {"Authorization": "[redacted]", "x-team": "blue"}
    assert request["body"] == LOG["request"]["body"]  # type: ignore[index]


async def test_an_inserted_log_is_no_call_and_costs_nothing(client: httpx.AsyncClient) -> None:
    log = await inserted(client)
    assert log["cost"] is None
    assert (await client.get("/api/v1/calls")).json()["items"] == []
    totals = (await client.get("/api/v1/costs?by=total")).json()["totals"]
    assert (totals["calls"], totals["cost_nano"]) == (0, 0)


async def test_several_are_inserted_at_once_and_stand_in_exports(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent = await as_agent("research")
    answer = await agent.post(PATH, json=[LOG, {**LOG, "response": {"status": 500}}])
    ids = answer.json()["logIds"]
    assert len(set(ids)) == 2
    export = (await client.post(f"{PATH}/exports", json={"filters": {"status_code": 500}})).json()["id"]
    lines = (await client.get(f"{PATH}/exports/{export}/content")).text.splitlines()
    assert len(lines) == 1
    assert ids[1] in lines[0] and '"declared": true' in lines[0]


async def test_bodies_are_kept_as_the_workspace_says(client: httpx.AsyncClient, db: Database, owner: Member) -> None:
    await mode(db, owner, body_mode="redacted")
    log = await inserted(client)
    assert "4111" not in str(log["request"]) and "My card is" in str(log["request"])
    await mode(db, owner, body_mode="none")
    assert (await inserted(client))["request"] is None


async def test_what_is_no_log_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post(PATH, json={"request": {}})).status_code in (400, 422)
    assert (await client.post(PATH, json=[])).status_code in (400, 422)
    assert (await client.post(PATH, json=[LOG] * 101)).status_code in (400, 422)
    assert (await client.get(f"{PATH}/log_none")).status_code == 404
    odd = await inserted(client, response={"status": "ok", "body": [1], "response_time": -5})
    assert (odd["response_status_code"], odd["response_time"], odd["req_units"]) == (None, None, 0)


async def test_an_inserted_log_goes_when_calls_go(
    client: httpx.AsyncClient, db: Database, owner: Member, clock: FakeClock
) -> None:
    await inserted(client)
    await mode(db, owner, settings={"retention": {"calls_days": 7}})
    clock.advance(6 * 86_400)
    await housekeeping.tidy(db)
    async with db.read() as tx:
        assert (await tx.execute(sa.select(sa.func.count()).select_from(inserted_logs))).scalar_one() == 1
    clock.advance(2 * 86_400)
    await housekeeping.tidy(db)
    async with db.read() as tx:
        assert (await tx.execute(sa.select(sa.func.count()).select_from(inserted_logs))).scalar_one() == 0

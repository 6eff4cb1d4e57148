"""GET /agents/{id}/states: what was shown of an agent, for its ribbon."""

from typing import Any

import httpx
import pytest
from api_world import AsAgent, elsewhere
from fastapi import FastAPI

from quarterdeck.control.status import store
from quarterdeck.control.status.model import State, WaitsFor
from quarterdeck.control.status.stretches import Stretch
from quarterdeck.db import Database
from quarterdeck.kernel.clock import DAY, HOUR, MINUTE, iso


@pytest.fixture
async def states(client: httpx.AsyncClient, as_agent: AsAgent, db: Database) -> str:
    """The path, of an agent that worked, then waited for Sam, then (control was away for an hour) is idle."""
    await as_agent("research")
    (agent,) = (await client.get("/api/v1/agents")).json()["items"]
    session = (await client.get("/api/v1/session")).json()
    whose, now = (session["workspace"]["id"], agent["id"]), db.clock.now()
    worked = Stretch(
        *whose, now - 30 * HOUR, now - 23 * HOUR, {State.TOOL: 2 * HOUR, State.STREAMING: 5 * HOUR}, "run_1"
    )
    waited = Stretch(
        *whose, now - 23 * HOUR, now - 2 * HOUR, {State.WAITING_PERSON: 21 * HOUR}, "run_1", WaitsFor.PERSON, "Sam"
    )
    idle = Stretch(*whose, now - HOUR, None, {State.IDLE: 0})
    async with db.transaction() as tx:
        await store.put(tx, [worked, waited, idle])
    return f"/api/v1/agents/{agent['id']}/states"


async def test_the_last_day_is_told_with_what_had_begun_before_it(
    client: httpx.AsyncClient, states: str, db: Database
) -> None:
    answer = await client.get(states)
    assert answer.status_code == 200, answer.text
    worked, waited, idle = answer.json()["items"]
    assert worked["began_at"] == iso(db.clock.now() - 30 * HOUR)
    assert [(share["state"], share["ms"] * 1_000) for share in worked["shown"]] == [
        ("streaming", 5 * HOUR),
        ("using_tool", 2 * HOUR),
    ]
    assert (waited["waits_for"], waited["waits_name"], waited["run_id"]) == ("person", "Sam", "run_1")
    assert (idle["ended_at"], idle["shown"]) == (None, [{"state": "idle", "ms": 0}])


async def test_a_time_and_pages_of_it_can_be_asked_for(client: httpx.AsyncClient, states: str, db: Database) -> None:
    now = db.clock.now()

    async def began(**params: Any) -> tuple[list[str], str | None]:
        answer = (await client.get(states, params=params)).json()
        return [each["began_at"] for each in answer["items"]], answer["next"]

    every = [iso(now - ago) for ago in (30 * HOUR, 23 * HOUR, HOUR)]
    assert await began(**{"from": iso(now - 20 * HOUR), "to": iso(now - 90 * MINUTE)}) == (every[1:2], None)
    assert await began(**{"from": iso(now - 90 * MINUTE)}) == (every[2:], None)
    assert await began(**{"from": iso(now - 9 * DAY), "to": iso(now - 8 * DAY)}) == ([], None)
    found, after = await began(limit=1)
    while after is not None:
        more, after = await began(limit=1, after=after)
        found += more
    assert found == every


async def test_it_refuses_what_cannot_be_and_knows_no_agent_of_others(
    client: httpx.AsyncClient, states: str, app: FastAPI, db: Database
) -> None:
    for params in ({"from": "yesterday"}, {"to": "x"}, {"after": "x"}, {"after": "9" * 30}):
        assert (await client.get(states, params=params)).status_code == 400
    for params in ({"limit": 0}, {"limit": 2_001}):
        assert (await client.get(states, params=params)).status_code == 422
    async with await elsewhere(app, db) as other:
        assert (await other.get(states)).status_code == 404
    assert (await client.get("/api/v1/agents/agt_none/states")).status_code == 404

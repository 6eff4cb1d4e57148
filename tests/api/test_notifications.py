"""/notifications: what one was told, and how one wants to be told."""

import httpx
from api_world import AsAgent, AsRole

from quarterdeck.control.notifications.fan_out import fan_out
from quarterdeck.db import Database


async def test_what_happened_is_told_and_read(client: httpx.AsyncClient, as_agent: AsAgent, db: Database) -> None:
    await fan_out(db, "http://q")
    agent = await as_agent("research")
    await client.post("/api/v1/tasks", json={"title": "Paint", "state": "ready"})
    run = (await agent.post("/api/v1/agent/claim")).json()["run"]
    await agent.post(f"/api/v1/runs/{run['id']}/questions", json={"text": "Which colour?"})
    while await fan_out(db, "http://q"):
        pass
    found = (await client.get("/api/v1/notifications?unread=true")).json()
    assert found["unread"] == 1
    assert found["items"][0]["title"] == "research asks about T-1"
    assert found["items"][0]["body"] == "Which colour?"
    assert (await client.post("/api/v1/notifications/read", json={})).json() == {"unread": 0}
    assert (await client.get("/api/v1/notifications?unread=true")).json()["items"] == []


async def test_preferences_are_set_whole_and_checked(client: httpx.AsyncClient, as_role: AsRole) -> None:
    path = "/api/v1/notifications/preferences"
    assert (await client.get(path)).json()["version"] == 0
    wanted = {
        "zone": "Europe/Berlin",
        "rules": [{"kinds": ["task.*"], "how": "digest"}],
        "quiet": {"start": "22:00", "end": "07:30"},
        "digest_at": "09:00",
    }
    stored = (await client.put(path, json=wanted)).json()
    assert stored["version"] == 1
    assert stored["quiet"] == {"start": "22:00", "end": "07:30", "urgent_passes": True}
    assert (await client.get(path)).json() == stored
    assert (await client.put(path, json=wanted, headers={"if-match": '"0"'})).status_code == 409
    assert (await client.put(path, json={"zone": "Mars/Base"})).json()["field"] == "zone"
    assert (await client.put(path, json={"quiet": {"start": "25:00", "end": "07:00"}})).status_code == 422
    unknown = {"rules": [{"channels": ["chn_none"]}]}
    assert (await client.put(path, json=unknown)).status_code == 404
    body = {"name": "mine", "kind": "webhook", "url": "https://example.com/hook"}
    theirs = (await (await as_role("viewer")).post("/api/v1/channels", json=body)).json()
    assert (await client.put(path, json={"rules": [{"channels": [theirs["id"]]}]})).status_code == 404


async def test_the_kinds_that_people_hear_of_are_listed(client: httpx.AsyncClient) -> None:
    found = (await client.get("/api/v1/notifications/kinds")).json()["items"]
    assert "question.asked" in {row["kind"] for row in found}

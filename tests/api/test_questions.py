"""Questions of agents, and their inbox."""

import asyncio

import httpx
from api_world import AsAgent


async def test_an_agent_asks_and_hears_the_answer_while_it_waits(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent = await as_agent("research")
    task = (await client.post("/api/v1/tasks", json={"title": "Paint", "state": "ready"})).json()
    run = (await agent.post("/api/v1/agent/claim")).json()["run"]
    body = {"text": "Which colour?", "options": ["Red", "Blue"], "default_answer": "Red", "deadline_s": 600}
    asked = await agent.post(f"/api/v1/runs/{run['id']}/questions", json=body)
    assert asked.status_code == 201, asked.text
    assert asked.json()["deadline_at"] == "2027-01-15T08:10:00.000000Z"
    waiting = asyncio.create_task(agent.get("/api/v1/agent/inbox?wait_s=20"))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await client.post(f"/api/v1/questions/{asked.json()['id']}/answer", json={"answer": "Blue"})
    heard = (await waiting).json()
    assert [(item["kind"], item["body"]) for item in heard["items"]] == [("answer", "Blue")]
    after = await agent.get(f"/api/v1/agent/inbox?after={heard['cursor']}")
    assert after.json() == {"items": [], "cursor": heard["cursor"]}
    assert (await agent.get("/api/v1/agent/inbox")).json()["items"] == []
    listed = (await client.get(f"/api/v1/tasks/{task['id']}/questions")).json()["items"]
    assert [(one["state"], one["answer"]) for one in listed] == [("answered", "Blue")]

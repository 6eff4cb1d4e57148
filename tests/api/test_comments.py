"""Comments, their preview, and messages to agents."""

import httpx
from api_world import AsAgent, AsRole


async def test_people_and_agents_talk_about_a_task(
    client: httpx.AsyncClient, as_agent: AsAgent, as_role: AsRole
) -> None:
    agent = await as_agent("research")
    task = (await client.post("/api/v1/tasks", json={"title": "x", "state": "ready"})).json()
    run = (await agent.post("/api/v1/agent/claim")).json()["run"]
    path = f"/api/v1/tasks/{task['id']}/comments"
    said = await (await as_role("reviewer")).post(path, json={"body": "@research which?"})
    assert said.status_code == 201, said.text
    heard = (await agent.get("/api/v1/agent/inbox")).json()["items"]
    assert [(item["kind"], item["body"]) for item in heard] == [("mention", "@research which?")]
    back = await agent.post(f"/api/v1/runs/{run['id']}/comments", json={"body": "@Reviewer this one"})
    assert back.status_code == 201, back.text
    await client.post(f"/api/v1/comments/{back.json()['id']}/reactions", json={"emoji": "👍"})
    listed = (await client.get(path)).json()["items"]
    assert [(one["author"]["name"], one["author"]["is_agent"]) for one in listed] == [
        ("Reviewer", False),
        ("research", True),
    ]
    assert listed[1]["reactions"] == {"👍": 1}
    preview = (await client.post("/api/v1/comments/preview", json={"body": "@research"})).json()
    assert [(one["name"], one["is_agent"]) for one in preview["mentions"]] == [("research", True)]


async def test_a_message_comes_to_the_agents_inbox(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent = await as_agent("research")
    agent_id = (await client.get("/api/v1/agents")).json()["items"][0]["id"]
    await client.post(f"/api/v1/agents/{agent_id}/messages", json={"body": "Stop there."})
    assert (await agent.get("/api/v1/agent/inbox")).json()["items"][0]["kind"] == "message"


async def test_a_comment_stands_on_a_region_of_an_image(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent = await as_agent("painter")
    task = (await client.post("/api/v1/tasks", json={"title": "x", "state": "ready"})).json()
    run = (await agent.post("/api/v1/agent/claim")).json()["run"]["id"]
    png = b"\x89PNG\r\n\x1a\n" + bytes(64)
    params = {"name": "Logo", "kind": "image"}
    image = (await agent.put(f"/api/v1/runs/{run}/deliverables/content", params=params, content=png)).json()
    text = (await agent.post(f"/api/v1/runs/{run}/deliverables", json={"name": "Text", "text": "a"})).json()
    path = f"/api/v1/tasks/{task['id']}/comments"
    region = {"x": 0.25, "y": 0.5, "width": 0.5, "height": 0.25}
    place = {"deliverable_id": image["deliverable_id"], "version": 1, "region": region}
    said = await client.post(path, json={"body": "Too red", **place})
    assert said.status_code == 201, said.text
    assert (await client.get(path)).json()["items"][0]["region"] == {**region, "page": 1}
    beyond = {**place, "region": {**region, "x": 0.75}}
    on_text = {**place, "deliverable_id": text["deliverable_id"]}
    for wrong in (beyond, on_text, {"region": region}):
        answer = await client.post(path, json={"body": "x", **wrong})
        assert (answer.status_code, answer.json()["field"]) == (400, "region")
    assert (await client.post(path, json={"body": "x", **place, "region": {**region, "x": -1}})).status_code == 422

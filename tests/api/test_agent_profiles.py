"""The registry in depth: skills, reporting lines, instructions with versions, squads, templates, connections."""

from typing import Any

import httpx
import pytest
from api_world import AsAgent
from fastapi import FastAPI

from quarterdeck.api.app import settle


async def _agent(client: httpx.AsyncClient, name: str, **fields: Any) -> dict[str, Any]:
    made = await client.post("/api/v1/agents", json={"name": name, **fields})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def test_an_agent_has_skills_labels_and_somebody_it_reports_to(client: httpx.AsyncClient) -> None:
    lead = await _agent(client, "lead")
    agent = await _agent(
        client, "research", skills=["web search", "Web  Search", "summaries"], labels=["eu"], reports_to_id=lead["id"]
    )
    assert (agent["skills"], agent["labels"]) == (["web search", "summaries"], ["eu"])
    assert agent["reports_to"] == {"id": lead["id"], "name": "lead"}
    path = f"/api/v1/agents/{agent['id']}"
    changed = await client.patch(path, json={"skills": ["pdf"]}, headers={"if-match": f'"{agent["version"]}"'})
    assert changed.json()["skills"] == ["pdf"]
    assert changed.json()["version"] > agent["version"]
    stale = await client.patch(path, json={"skills": ["x"]}, headers={"if-match": f'"{agent["version"]}"'})
    assert stale.status_code == 409
    assert (await client.patch(path, json={"reports_to_id": None})).json()["reports_to"] is None


async def test_a_reporting_line_is_no_circle(client: httpx.AsyncClient) -> None:
    a = await _agent(client, "a")
    b = await _agent(client, "b", reports_to_id=a["id"])
    c = await _agent(client, "c", reports_to_id=b["id"])
    answer = await client.patch(f"/api/v1/agents/{a['id']}", json={"reports_to_id": c["id"]})
    assert (answer.status_code, answer.json()["field"]) == (400, "reports_to_id")
    assert "c → b → a" in answer.json()["detail"]
    own = await client.patch(f"/api/v1/agents/{a['id']}", json={"reports_to_id": a["id"]})
    assert own.status_code == 400
    nobody = await client.post("/api/v1/agents", json={"name": "d", "reports_to_id": "agt_none"})
    assert nobody.status_code == 400


async def test_instructions_have_versions_and_are_rolled_back(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent = await _agent(client, "research")
    path = f"/api/v1/agents/{agent['id']}/instructions"
    await client.post(path, json={"text": "Be brief."})
    second = (await client.post(path, json={"text": "Be thorough.", "note": "They were too brief"})).json()["items"]
    assert [(one["number"], one["holds"]) for one in second] == [(2, True), (1, False)]
    assert second[0]["author"]["name"] == "Owner"
    again = (await client.post(path, json={"text": "Be thorough."})).json()["items"]
    assert len(again) == 2
    own = await as_agent("research")
    assert (await own.get("/api/v1/agent/instructions")).json() == {"number": 2, "text": "Be thorough."}
    back = (await client.post(f"{path}/rollback", json={"number": 1})).json()["items"]
    assert [(one["number"], one["holds"]) for one in back] == [(2, False), (1, True)]
    assert (await own.get("/api/v1/agent/instructions")).json()["text"] == "Be brief."
    third = (await client.post(path, json={"text": "Be kind."})).json()["items"]
    assert third[0]["number"] == 3
    assert (await client.post(f"{path}/rollback", json={"number": 9})).status_code == 404
    shown = (await client.get(f"/api/v1/agents/{agent['id']}")).json()
    assert shown["instructions"] == 3
    assert (await (await as_agent("other")).get("/api/v1/agent/instructions")).json() == {"number": None, "text": ""}


async def test_a_squad_has_a_lead_who_belongs_to_it(client: httpx.AsyncClient) -> None:
    a, b = await _agent(client, "a"), await _agent(client, "b")
    body = {"name": "Writers", "lead_id": a["id"], "agent_ids": [b["id"]]}
    squad = (await client.post("/api/v1/squads", json=body)).json()
    assert [agent["name"] for agent in squad["agents"]] == ["a", "b"]
    path = f"/api/v1/squads/{squad['id']}"
    changed = (await client.patch(path, json={"agent_ids": [], "lead_id": None})).json()
    assert (changed["lead"], changed["agents"]) == (None, [])
    assert (await client.patch(path, json={"name": "x"}, headers={"if-match": '"1"'})).status_code == 409
    assert (await client.post("/api/v1/squads", json={"name": "writers"})).json()["code"] == "name_taken"
    assert (await client.post("/api/v1/squads", json={"name": "y", "agent_ids": ["agt_no"]})).status_code == 400
    assert (await client.delete(path)).status_code == 204
    assert (await client.get("/api/v1/squads")).json()["items"] == []
    assert len((await client.get("/api/v1/agents")).json()["items"]) == 2


async def test_an_agent_begins_as_its_template_says_unless_one_says_otherwise(client: httpx.AsyncClient) -> None:
    body = {"name": "Researcher", "skills": ["search"], "instructions": "Cite.", "capacity": 3, "description": "Finds"}
    template = (await client.post("/api/v1/agent-templates", json=body)).json()
    agent = await _agent(client, "r1", template_id=template["id"], capacity=1)
    assert (agent["skills"], agent["capacity"], agent["description"]) == (["search"], 1, "Finds")
    assert agent["instructions"] == 1
    path = f"/api/v1/agent-templates/{template['id']}"
    assert (await client.put(path, json={**body, "skills": ["x"]}, headers={"if-match": '"1"'})).json()["version"] == 2
    assert (await client.get(f"/api/v1/agents/{agent['id']}")).json()["skills"] == ["search"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.post("/api/v1/agents", json={"name": "x", "template_id": template["id"]})).status_code == 404


async def test_how_an_agent_reaches_us_is_seen_and_not_said(
    client: httpx.AsyncClient, as_agent: AsAgent, app: FastAPI
) -> None:
    agent = await as_agent("research")
    found = (await client.get("/api/v1/agents")).json()["items"][0]
    assert (found["connections"], found["last_seen_at"]) == ([], None)
    await agent.get("/api/v1/agent/inbox")
    await settle(app)
    found = (await client.get("/api/v1/agents")).json()["items"][0]
    assert [door["via"] for door in found["connections"]] == ["api"]
    assert found["last_seen_at"] == found["connections"][0]["last_at"]


@pytest.mark.parametrize("text", ["", "x" * 100_001, "a\0b", "\u202e hidden"])
async def test_bad_instructions_are_refused_and_odd_ones_kept(client: httpx.AsyncClient, text: str) -> None:
    agent = await _agent(client, "research")
    answer = await client.post(f"/api/v1/agents/{agent['id']}/instructions", json={"text": text})
    assert answer.status_code in ((201,) if text.startswith("\u202e") else (400, 422))

"""/agents"""

import httpx
from api_world import AsAgent, AsRole
from spending import spend

from quarterdeck.access import members
from quarterdeck.access.members import Member
from quarterdeck.control.agents import actions
from quarterdeck.control.agents.api import AgentsOut, UrgentAgentsOut
from quarterdeck.db import Database
from quarterdeck.ledger.derived_tables import agent_activity


async def _made(client: httpx.AsyncClient, name: str = "research", **fields: object) -> dict[str, object]:
    answer = await client.post("/api/v1/agents", json={"name": name, **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found


async def test_an_agent_is_created_and_read_back(client: httpx.AsyncClient, owner: Member) -> None:
    made = await _made(client, description="Finds sources.", capacity=2, body_mode="redacted")
    assert made == {
        "id": made["id"],
        "name": "research",
        "description": "Finds sources.",
        "owner": {"id": owner.id, "name": "Owner"},
        "desired": "enabled",
        "capacity": 2,
        "body_mode": "redacted",
        "route": None,
        "declared": False,
        "created_at": "2027-01-15T08:00:00.000000Z",
        "last_call_at": None,
        "version": 1,
        "open_runs": [],
        "today": {"calls": 0, "errors": 0, "cost_nano": 0, "unpriced_calls": 0},
        "last_call": None,
        "skills": [],
        "labels": [],
        "reports_to": None,
        "instructions": None,
        "connections": [],
        "last_seen_at": None,
        "status": {
            "state": "never_connected",
            "words": "never connected",
            "verb": None,
            "since": None,
            "reason": "No call has come with its keys, and no claim.",
            "waits_for": None,
            "evidence": {"call_ids": [], "signal_id": None, "run_id": None},
            "idle_nano": 0,
        },
    }
    assert (await client.get(f"/api/v1/agents/{made['id']}")).json() == made
    assert (await client.get("/api/v1/agents")).json() == {"items": [made], "next": None, "present": 1, "retired": 0}


async def test_how_many_there_are_is_counted_and_not_read_off_a_page(client: httpx.AsyncClient) -> None:
    for name in ("writer", "qa", "research"):
        await _made(client, name)
    gone = await _made(client, "old")
    await client.patch(f"/api/v1/agents/{gone['id']}", json={"desired": "retired"})
    page = (await client.get("/api/v1/agents", params={"limit": 1})).json()
    assert (len(page["items"]), page["present"]) == (1, 3)


async def test_it_lists_by_name_in_pages_and_by_part_of_the_name(client: httpx.AsyncClient) -> None:
    for name in ("writer", "qa", "research"):
        await _made(client, name)
    first = (await client.get("/api/v1/agents?limit=2")).json()
    assert [agent["name"] for agent in first["items"]] == ["qa", "research"]
    rest = (await client.get("/api/v1/agents", params={"limit": 2, "after": first["next"]})).json()
    assert ([agent["name"] for agent in rest["items"]], rest["next"]) == (["writer"], None)
    found = (await client.get("/api/v1/agents", params={"q": "RES"})).json()["items"]
    assert [agent["name"] for agent in found] == ["research"]


async def test_it_shows_the_runs_an_agent_has_open(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent = await as_agent("research")
    await client.post("/api/v1/tasks", json={"title": "Find sources", "state": "ready"})
    claimed = (await agent.post("/api/v1/agent/claim")).json()
    (shown,) = (await client.get("/api/v1/agents")).json()["items"]
    assert shown["open_runs"] == [
        {
            "id": claimed["run"]["id"],
            "task_id": claimed["task"]["id"],
            "task_title": "Find sources",
            "started_at": "2027-01-15T08:00:00.000000Z",
        }
    ]


async def test_it_shows_what_an_agent_did_today_and_last(
    client: httpx.AsyncClient, db: Database, owner: Member
) -> None:
    agent_id = str((await _made(client))["id"])
    await spend(db, owner.workspace_id, "agent", agent_id, days_ago=1, calls=50, cost=50)
    await spend(db, owner.workspace_id, "agent", agent_id, calls=4, errors=1, cost=700, unpriced_calls=2)
    async with db.transaction() as tx:
        await tx.execute(
            agent_activity.insert().values(
                workspace_id=owner.workspace_id,
                agent_id=agent_id,
                last_call_id="call_1",
                last_call_at=db.clock.now(),
                last_model="gpt-4o-mini",
                last_outcome="cut",
            )
        )
    shown = (await client.get(f"/api/v1/agents/{agent_id}")).json()
    assert shown["today"] == {"calls": 4, "errors": 1, "cost_nano": 700, "unpriced_calls": 2}
    assert shown["last_call_at"] == "2027-01-15T08:00:00.000000Z"
    assert shown["last_call"] == {"at": shown["last_call_at"], "model": "gpt-4o-mini", "outcome": "cut"}


async def test_its_rows_are_what_the_api_document_says(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    lead = await _made(client, "lead")
    agent = await as_agent("research")
    await client.post("/api/v1/tasks", json={"title": "Find sources", "state": "ready"})
    assert (await agent.post("/api/v1/agent/claim", json={})).json()["claimed"] is True
    agent_id = {row["name"]: row["id"] for row in (await client.get("/api/v1/agents")).json()["items"]}["research"]
    profile = {"skills": ["search"], "labels": ["a", "ä"], "reports_to_id": lead["id"]}
    assert (await client.patch(f"/api/v1/agents/{agent_id}", json=profile)).status_code == 200
    answer = await client.get("/api/v1/agents")
    assert AgentsOut.model_validate_json(answer.text, extra="forbid").model_dump(mode="json") == answer.json()
    row = next(row for row in answer.json()["items"] if row["id"] == agent_id)
    assert (row["open_runs"][0]["task_title"], row["reports_to"]["name"]) == ("Find sources", "lead")
    assert row == (await client.get(f"/api/v1/agents/{agent_id}")).json()


async def test_it_is_paused_resumed_and_retired(client: httpx.AsyncClient) -> None:
    made = await _made(client)
    for desired in ("paused", "enabled", "retired"):
        answer = await client.patch(f"/api/v1/agents/{made['id']}", json={"desired": desired})
        assert answer.json()["desired"] == desired
    listed = await client.get("/api/v1/agents?desired=retired")
    assert [agent["id"] for agent in listed.json()["items"]] == [made["id"]]


async def test_a_change_that_its_state_does_not_allow_says_what_is_allowed(client: httpx.AsyncClient) -> None:
    made = await _made(client)
    await client.patch(f"/api/v1/agents/{made['id']}", json={"desired": "retired"})
    answer = await client.patch(f"/api/v1/agents/{made['id']}", json={"desired": "paused"})
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["allowed"]) == ("move_not_allowed", ["enabled"])


async def test_a_body_mode_of_its_own_can_be_taken_away(client: httpx.AsyncClient) -> None:
    made = await _made(client, body_mode="none")
    kept = await client.patch(f"/api/v1/agents/{made['id']}", json={"capacity": 3})
    assert kept.json()["body_mode"] == "none"
    taken = await client.patch(f"/api/v1/agents/{made['id']}", json={"body_mode": None})
    assert taken.json()["body_mode"] is None


async def test_it_refuses_a_change_made_from_an_old_version(client: httpx.AsyncClient) -> None:
    made = await _made(client)
    path = f"/api/v1/agents/{made['id']}"
    assert (await client.patch(path, json={"capacity": 2}, headers={"if-match": '"1"'})).status_code == 200
    answer = await client.patch(path, json={"capacity": 3}, headers={"if-match": '"1"'})
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["version"]) == ("changed", 2)


async def test_it_refuses_a_name_that_is_taken(client: httpx.AsyncClient) -> None:
    await _made(client)
    answer = await client.post("/api/v1/agents", json={"name": "Research"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "name_taken"


async def test_it_refuses_fields_that_cannot_be(client: httpx.AsyncClient) -> None:
    for body in (
        {},
        {"name": ""},
        {"name": "a" * 101},
        {"name": "\u202eturned"},
        {"name": "x", "capacity": 0},
        {"name": "x", "capacity": 1_001},
        {"name": "x", "body_mode": "some"},
        {"name": "x", "owner_id": "mem_nobody"},
        {"name": "x", "owner_id": "nul \0"},
        {"name": "x", "description": "nul \0"},
    ):
        answer = await client.post("/api/v1/agents", json=body)
        assert answer.status_code in (400, 422), body
        assert answer.json()["code"] == "invalid"


async def test_it_answers_404_for_an_agent_of_another_workspace(client: httpx.AsyncClient, db: Database) -> None:
    async with db.transaction() as tx:
        there = await members.create_workspace(tx, "there")
        owner = await members.create(tx, there.id, email="x@example.com", name="X", role=members.Role.OWNER)
        agent = await actions.create(tx, there.id, name="theirs", owner_id=owner.id)
    for answer in (
        await client.get(f"/api/v1/agents/{agent.id}"),
        await client.patch(f"/api/v1/agents/{agent.id}", json={"desired": "paused"}),
    ):
        assert answer.status_code == 404
    assert (await client.get("/api/v1/agents")).json()["items"] == []


async def test_viewers_read_and_operators_change(client: httpx.AsyncClient, as_role: AsRole) -> None:
    viewer, operator = await as_role("viewer"), await as_role("operator")
    made = await _made(client)
    assert (await viewer.get("/api/v1/agents")).status_code == 200
    assert (await viewer.post("/api/v1/agents", json={"name": "x"})).status_code == 403
    assert (await viewer.patch(f"/api/v1/agents/{made['id']}", json={"desired": "paused"})).status_code == 403
    assert (await operator.patch(f"/api/v1/agents/{made['id']}", json={"desired": "paused"})).status_code == 200


async def test_agents_do_not_read_the_registry(as_agent: AsAgent) -> None:
    agent = await as_agent("research")
    assert (await agent.get("/api/v1/agents")).status_code == 403
    assert (await agent.post("/api/v1/agents", json={"name": "x"})).status_code == 403


async def test_names_of_all_agents_come_without_all_that_is_shown_of_them(
    client: httpx.AsyncClient, as_agent: AsAgent
) -> None:
    await as_agent("zeta")
    gone = (await client.post("/api/v1/agents", json={"name": "alpha"})).json()
    await client.patch(f"/api/v1/agents/{gone['id']}", json={"desired": "retired"})
    found = (await client.get("/api/v1/agents/names")).json()
    assert [(one["name"], one["desired"]) for one in found["items"]] == [("alpha", "retired"), ("zeta", "enabled")]
    assert (found["present"], len(found["items"][0])) == (1, 3)
    assert len((await client.get("/api/v1/agents/names", params={"limit": 1})).json()["items"]) == 1


async def test_whoever_chooses_an_agent_finds_it_by_a_part_of_its_name(client: httpx.AsyncClient) -> None:
    for name in ("writer 1", "writer 2", "tester"):
        made = (await client.post("/api/v1/agents", json={"name": name})).json()
        if name == "writer 2":
            await client.patch(f"/api/v1/agents/{made['id']}", json={"desired": "retired"})

    async def found(**query: str) -> list[str]:
        return [one["name"] for one in (await client.get("/api/v1/agents/names", params=query)).json()["items"]]

    assert await found(q="WRIT") == ["writer 1", "writer 2"]
    assert await found(q="writ", retired="false") == ["writer 1"]
    assert await found(retired="false") == ["tester", "writer 1"]
    assert await found(q="%") == []


async def test_a_list_without_those_that_are_retired_goes_on_page_by_page_and_counts_both(
    client: httpx.AsyncClient,
) -> None:
    for name in ("a", "b", "c", "d"):
        made = (await client.post("/api/v1/agents", json={"name": name})).json()
        if name == "b":
            await client.patch(f"/api/v1/agents/{made['id']}", json={"desired": "retired"})
    first = (await client.get("/api/v1/agents", params={"retired": "false", "limit": 2})).json()
    assert ([each["name"] for each in first["items"]], first["present"], first["retired"]) == (["a", "c"], 3, 1)
    second = (
        await client.get("/api/v1/agents", params={"retired": "false", "limit": 2, "after": first["next"]})
    ).json()
    assert ([each["name"] for each in second["items"]], second["next"]) == (["d"], None)


async def test_those_that_need_somebody_come_first_and_how_all_of_them_stand_is_counted(
    client: httpx.AsyncClient, as_agent: AsAgent, db: Database, owner: Member
) -> None:
    idle = await _made(client, "archive")
    asking = await as_agent("zeta")
    await client.post("/api/v1/tasks", json={"title": "Find sources", "state": "ready"})
    run = (await asking.post("/api/v1/agent/claim", json={})).json()["run"]["id"]
    await asking.post(f"/api/v1/runs/{run}/questions", json={"text": "Which year?"})
    gone = await _made(client, "old")
    await client.patch(f"/api/v1/agents/{gone['id']}", json={"desired": "retired"})
    await spend(db, owner.workspace_id, "agent", str(idle["id"]), calls=4, cost=700, unpriced_calls=2)
    answer = await client.get("/api/v1/agents/urgent", params={"limit": 1})
    assert UrgentAgentsOut.model_validate_json(answer.text, extra="forbid").model_dump(mode="json") == answer.json()
    found = answer.json()
    assert ([agent["name"] for agent in found["items"]], found["present"]) == (["zeta"], 2)
    assert found["items"][0] == (await client.get("/api/v1/agents", params={"q": "zeta"})).json()["items"][0]
    assert sorted(found["stands"], key=lambda each: each["state"]) == [
        {"state": "never_connected", "waits_for": None, "count": 1},
        {"state": "waiting_person", "waits_for": {"id": owner.id, "name": "Owner"}, "count": 1},
    ]
    (open_run,) = found["runs"]
    assert (open_run["id"], open_run["agent_id"], open_run["task"]["ref"]) == (run, found["items"][0]["id"], "T-1")
    assert (open_run["cost_nano"], open_run["cap"]) == (0, None)
    assert found["today"] == {"cost_nano": 700, "unpriced_calls": 2}
    whole = (await client.get("/api/v1/agents/urgent")).json()["items"]
    assert [agent["name"] for agent in whole] == ["zeta", "archive"]

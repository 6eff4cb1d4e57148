"""/tasks, and the verbs on one task"""

from typing import Any

import httpx
from api_world import AsAgent, AsRole
from spending import spend

from quarterdeck.access import members
from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.access.members import Member
from quarterdeck.control.tasks import creating
from quarterdeck.control.tasks.model import NewTask
from quarterdeck.db import Database


async def _made(client: httpx.AsyncClient, title: str = "Write the report", **fields: object) -> dict[str, Any]:
    answer = await client.post("/api/v1/tasks", json={"title": title, **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _agent(client: httpx.AsyncClient, name: str = "research") -> dict[str, Any]:
    found: dict[str, Any] = (await client.post("/api/v1/agents", json={"name": name})).json()
    return found


async def test_a_task_is_created_and_read_back(client: httpx.AsyncClient, owner: Member) -> None:
    agent = await _agent(client)
    made = await _made(
        client,
        brief="# Why",
        acceptance=["Three sources"],
        priority="high",
        labels=["docs"],
        agent_id=agent["id"],
        due_at="2027-02-01T12:00:00+02:00",
    )
    assert made == {
        "id": made["id"],
        "ref": "T-1",
        "title": "Write the report",
        "brief": "# Why",
        "brief_cut": False,
        "acceptance": [{"text": "Three sources", "met": False, "deliverable": False}],
        "state": "backlog",
        "priority": "high",
        "agent": {"id": agent["id"], "name": "research"},
        "assigned": True,
        "squad": None,
        "accountable": {"id": owner.id, "name": "Owner"},
        "labels": ["docs"],
        "due_at": "2027-02-01T10:00:00.000000Z",
        "review": "one",
        "attempt_limit": 3,
        "attempts": 0,
        "created_at": "2027-01-15T08:00:00.000000Z",
        "updated_at": "2027-01-15T08:00:00.000000Z",
        "state_since": "2027-01-15T08:00:00.000000Z",
        "version": 1,
        "allowed_moves": ["ready", "cancelled"],
        "waits_for": [],
        "blocked_since": None,
        "latest_version": None,
        "failures": 0,
        "last_failure": None,
        "missing_deliverable": False,
        "run": None,
        "project": None,
        "parent": None,
        "goal": None,
        "subtasks": {"total": 0, "closed": 0},
        "watchers": [],
        "attachments": 0,
        "budget_nano": None,
        "hold": None,
        "not_before": None,
        "schedule_id": None,
        "calls": 0,
        "cost_nano": 0,
        "unpriced_calls": 0,
        "note": None,
        "status": made["status"],
    }
    assert (await client.get(f"/api/v1/tasks/{made['id']}")).json() == made


async def test_it_lists_by_state_agent_and_words(client: httpx.AsyncClient) -> None:
    agent = await _agent(client)
    await _made(client, "First", state="ready")
    await _made(client, "Second", agent_id=agent["id"])
    await _made(client, "Third", state="ready", brief="about the first one")

    async def refs(**params: object) -> list[str]:
        answer = await client.get("/api/v1/tasks", params=params)
        assert answer.status_code == 200, answer.text
        return [task["ref"] for task in answer.json()["items"]]

    assert await refs() == ["T-3", "T-2", "T-1"]
    assert await refs(state="ready") == ["T-1", "T-3"]
    assert await refs(state=["ready", "backlog"]) == ["T-3", "T-2", "T-1"]
    assert await refs(agent_id=agent["id"]) == ["T-2"]
    assert await refs(agent_id="none") == ["T-3", "T-1"]
    assert await refs(q="FIRST") == ["T-3", "T-1"]
    assert await refs(q="t-2") == ["T-2"]


async def test_a_task_costs_what_its_calls_cost(client: httpx.AsyncClient, db: Database, owner: Member) -> None:
    dear, free = await _made(client), await _made(client)
    await spend(db, owner.workspace_id, "task", dear["id"], calls=3, cost=2_000, unpriced_calls=1)
    shown = {task["id"]: task for task in (await client.get("/api/v1/tasks")).json()["items"]}
    spent = shown[dear["id"]]
    assert (spent["calls"], spent["cost_nano"], spent["unpriced_calls"]) == (3, 2_000, 1)
    assert shown[free["id"]]["calls"] == 0


async def test_it_lists_in_pages(client: httpx.AsyncClient) -> None:
    for n in range(5):
        await _made(client, str(n))
    seen, after = [], None
    while True:
        params = {"limit": 2, **({} if after is None else {"after": after})}
        page = (await client.get("/api/v1/tasks", params=params)).json()
        seen += [task["ref"] for task in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ["T-5", "T-4", "T-3", "T-2", "T-1"]


async def test_it_changes_what_is_given_and_leaves_the_rest(client: httpx.AsyncClient) -> None:
    made = await _made(client, due_at="2027-02-01T12:00:00Z", labels=["a"])
    path = f"/api/v1/tasks/{made['id']}"
    changed = (await client.patch(path, json={"priority": "urgent", "review": "none", "labels": []})).json()
    assert changed == {
        **made,
        "priority": "urgent",
        "review": "none",
        "labels": [],
        "version": 2,
        "updated_at": changed["updated_at"],
    }
    ticked = (await client.patch(path, json={"acceptance": [{"text": "Read", "met": True}], "due_at": None})).json()
    assert ticked["acceptance"] == [{"text": "Read", "met": True, "deliverable": False}]
    assert ticked["due_at"] is None


async def test_it_moves_as_far_as_the_task_allows(client: httpx.AsyncClient) -> None:
    made = await _made(client)
    path = f"/api/v1/tasks/{made['id']}/move"
    moved = (await client.post(path, json={"to": "ready"})).json()
    assert (moved["state"], moved["allowed_moves"]) == ("ready", ["backlog", "cancelled"])
    refused = await client.post(path, json={"to": "done"})
    assert refused.status_code == 409
    problem = refused.json()
    assert (problem["code"], problem["state"], problem["allowed"]) == (
        "move_not_allowed",
        "ready",
        ["backlog", "cancelled"],
    )
    assert problem["detail"] == "T-1 is ready and cannot move to done. It may move to backlog or cancelled."


async def test_a_person_passes_a_review_or_sends_back_with_a_note(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent = await as_agent("research")
    made = await _made(client, state="ready")
    path = f"/api/v1/tasks/{made['id']}/reviews"
    for verdict, outcome in (("request_changes", "in_progress"), ("approve", "done")):
        claimed = (await agent.post("/api/v1/agent/claim")).json()
        await agent.post(f"/api/v1/runs/{claimed['run']['id']}/finish", json={"outcome": "succeeded"})
        said = {"verdict": verdict, "body": "Name your sources."}
        assert (await client.post(path, json=said)).json()["task"]["state"] == outcome
    assert claimed["task"]["note"] == "Name your sources."
    assert claimed["run"]["attempt"] == 2


async def test_it_assigns_and_takes_the_assignment_away(client: httpx.AsyncClient) -> None:
    agent = await _agent(client)
    made = await _made(client)
    path = f"/api/v1/tasks/{made['id']}/assign"
    assigned = (await client.post(path, json={"agent_id": agent["id"]})).json()
    assert (assigned["agent"], assigned["assigned"]) == ({"id": agent["id"], "name": "research"}, True)
    assert (await client.post(path, json={"agent_id": None})).json()["agent"] is None
    assert (await client.post(path, json={})).status_code == 422


async def test_taking_a_task_off_an_agent_stops_its_run(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent = await as_agent("research")
    made = await _made(client, state="ready")
    claimed = (await agent.post("/api/v1/agent/claim")).json()
    shown = (await client.get(f"/api/v1/tasks/{made['id']}")).json()
    assert shown["run"] == {
        "id": claimed["run"]["id"],
        "state": "running",
        "agent_id": shown["agent"]["id"],
        "agent_name": "research",
        "attempt": 1,
        "started_at": "2027-01-15T08:00:00.000000Z",
        "lease_expires_at": "2027-01-15T08:02:00.000000Z",
    }
    assert shown["allowed_moves"] == ["backlog", "ready", "cancelled"]
    moved = (await client.post(f"/api/v1/tasks/{made['id']}/move", json={"to": "backlog"})).json()
    assert (moved["run"], moved["agent"]) == (None, None)
    late = await agent.post(f"/api/v1/runs/{claimed['run']['id']}/progress", json={"note": "still here"})
    assert late.status_code == 409
    assert (late.json()["code"], late.json()["state"]) == ("lease_lost", "cancelled")


async def test_it_refuses_every_verb_from_an_old_version(client: httpx.AsyncClient) -> None:
    made = await _made(client)
    path = f"/api/v1/tasks/{made['id']}"
    await client.patch(path, json={"title": "Mine"})
    old = {"if-match": '"1"'}
    for answer in (
        await client.patch(path, json={"title": "Yours"}, headers=old),
        await client.post(f"{path}/move", json={"to": "ready"}, headers=old),
        await client.post(f"{path}/assign", json={"agent_id": None}, headers=old),
    ):
        assert answer.status_code == 409
        assert (answer.json()["code"], answer.json()["version"]) == ("changed", 2)


async def test_unicode_of_every_kind_comes_back(client: httpx.AsyncClient) -> None:
    title = "Ελληνικά 報告書 اكتب 👩\u200d👩\u200d👧 \u202eturned\u202c 𐍈"
    brief = "tab\tline\r\n\x1b[31mred\x07 \u2028 \ufeff " + title
    made = await _made(client, title, brief=brief, labels=[title[:40]], acceptance=[brief])
    read = (await client.get(f"/api/v1/tasks/{made['id']}")).json()
    assert (read["title"], read["brief"]) == (title, brief)
    assert (await client.get("/api/v1/tasks", params={"q": title.upper()})).json()["items"] != []


async def test_it_refuses_fields_that_cannot_be(client: httpx.AsyncClient) -> None:
    for body in (
        b"{}",
        b'{"title": ""}',
        b'{"title": "  "}',
        b'{"title": "nul \\u0000"}',
        b'{"title": "half \\ud800"}',
        b'{"title": "x", "brief": "half \\udfff"}',
        b'{"title": "x", "state": "done"}',
        b'{"title": "x", "priority": "asap"}',
        b'{"title": "x", "due_at": "tomorrow"}',
        b'{"title": "x", "due_at": "2027-02-01T12:00:00"}',
        b'{"title": "x", "due_at": "0001-01-01T00:00:00+23:59"}',
        b'{"title": "x", "due_at": "9999-12-31T23:59:59-23:59"}',
        b'{"title": "x", "agent_id": "agt_nobody"}',
        b'{"title": "x", "agent_id": "\\u0000"}',
        b'{"title": "x", "accountable_id": "mem_nobody"}',
        b'{"title": "x", "attempt_limit": 0}',
        b'{"title": "x", "labels": [""]}',
        b'{"title": "x", "acceptance": [""]}',
    ):
        answer = await client.post("/api/v1/tasks", content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 422), body
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.get("/api/v1/tasks")).json()["items"] == []


async def test_it_refuses_a_cursor_of_another_list(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/tasks?state=ready&after=12")
    assert answer.status_code == 400


async def test_it_answers_404_for_a_task_of_another_workspace(client: httpx.AsyncClient, db: Database) -> None:
    async with db.transaction() as tx:
        there = await members.create_workspace(tx, "there")
        owner = await members.create(tx, there.id, email="x@example.com", name="X", role=members.Role.OWNER)
        theirs = await creating.create(
            tx, there.id, NewTask("Theirs"), actor=Actor(there.id, ActorKind.MEMBER, owner.id)
        )
    path = f"/api/v1/tasks/{theirs.id}"
    for answer in (
        await client.get(path),
        await client.patch(path, json={"title": "Mine"}),
        await client.post(f"{path}/move", json={"to": "ready"}),
        await client.post(f"{path}/assign", json={"agent_id": None}),
    ):
        assert answer.status_code == 404


async def test_viewers_read_and_operators_write(client: httpx.AsyncClient, as_role: AsRole) -> None:
    viewer, operator = await as_role("viewer"), await as_role("operator")
    made = await _made(client)
    path = f"/api/v1/tasks/{made['id']}"
    assert (await viewer.get(path)).status_code == 200
    for answer in (
        await viewer.post("/api/v1/tasks", json={"title": "x"}),
        await viewer.patch(path, json={"title": "x"}),
        await viewer.post(f"{path}/move", json={"to": "ready"}),
        await viewer.post(f"{path}/assign", json={"agent_id": None}),
    ):
        assert answer.status_code == 403
    assert (await operator.post(f"{path}/move", json={"to": "ready"})).status_code == 200


async def test_agents_do_not_use_the_peoples_routes(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent = await as_agent("research")
    made = await _made(client)
    for answer in (
        await agent.get("/api/v1/tasks"),
        await agent.get("/api/v1/board"),
        await agent.post(f"/api/v1/tasks/{made['id']}/move", json={"to": "ready"}),
    ):
        assert answer.status_code == 403

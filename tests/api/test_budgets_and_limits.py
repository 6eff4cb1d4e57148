"""/budgets and /limits."""

import httpx
import pytest
from api_world import AsAgent, AsRole
from spending import spend

from quarterdeck.access.members import Member
from quarterdeck.db import Database

USD = 10**9


async def agent_of(client: httpx.AsyncClient, name: str = "research") -> str:
    answer = await client.post("/api/v1/agents", json={"name": name})
    return str(answer.json()["id"])


async def test_a_budget_shows_what_is_spent_and_left(client: httpx.AsyncClient, db: Database, owner: Member) -> None:
    agent = await agent_of(client)
    body = {"scope": "agent:research", "amount_nano": 5 * USD, "window": "day"}
    made = await client.post("/api/v1/budgets", json=body)
    assert made.status_code == 201, made.text
    budget = made.json()
    assert (budget["scope"], budget["scope_value"], budget["mode"]) == ("agent:research", agent, "hard")
    assert budget["warn"] == [50, 80, 100]
    (window,) = budget["windows"]
    assert (window["spent_nano"], window["held_nano"], window["remaining_nano"]) == (0, 0, 5 * USD)
    await spend(db, owner.workspace_id, "agent", agent, cost=2 * USD)
    (shown,) = (await client.get("/api/v1/budgets")).json()["items"]
    (window,) = shown["windows"]
    assert (window["spent_nano"], window["remaining_nano"], window["percent"]) == (2 * USD, 3 * USD, 40)
    assert window["ends_at"] > window["begins_at"]


async def test_each_agent_may_have_a_budget_for_itself(client: httpx.AsyncClient, db: Database, owner: Member) -> None:
    first, second = await agent_of(client, "a"), await agent_of(client, "b")
    await client.post("/api/v1/budgets", json={"scope": "agent:*", "amount_nano": USD, "window": "month"})
    await spend(db, owner.workspace_id, "agent", first, cost=700)
    await spend(db, owner.workspace_id, "agent", second, cost=900)
    (budget,) = (await client.get("/api/v1/budgets")).json()["items"]
    assert [(each["value"], each["spent_nano"]) for each in budget["windows"]] == [(second, 900), (first, 700)]


async def test_raising_keeps_scope_and_window_and_minds_the_version(client: httpx.AsyncClient) -> None:
    made = (
        await client.post("/api/v1/budgets", json={"scope": "workspace", "amount_nano": USD, "window": "week"})
    ).json()
    path = f"/api/v1/budgets/{made['id']}"
    raised = await client.patch(path, json={"amount_nano": 3 * USD}, headers={"if-match": '"1"'})
    assert (raised.json()["amount_nano"], raised.json()["window"], raised.json()["version"]) == (3 * USD, "week", 2)
    late = await client.patch(path, json={"amount_nano": 4 * USD}, headers={"if-match": '"1"'})
    assert late.status_code == 409
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scope": "agent:nobody"}, "no agent 'nobody'"),
        ({"scope": "planet:mars"}, "a scope begins with"),
        ({"scope": "agent"}, "say which agent"),
        ({"scope": "model:gpt-4o", "window": "run"}, "a budget per run"),
        ({"scope": "tag:team"}, "tag:name=value"),
        ({"warn": [0]}, "percents"),
    ],
)
async def test_what_cannot_be_is_refused_with_what_to_do(
    client: httpx.AsyncClient, change: dict[str, object], words: str
) -> None:
    body = {"scope": "workspace", "amount_nano": USD, "window": "day", **change}
    answer = await client.post("/api/v1/budgets", json=body)
    assert answer.status_code == 400
    assert words in answer.text


async def test_the_same_budget_twice_is_refused(client: httpx.AsyncClient) -> None:
    body = {"scope": "workspace", "amount_nano": USD, "window": "day"}
    assert (await client.post("/api/v1/budgets", json=body)).status_code == 201
    again = await client.post("/api/v1/budgets", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "budget_exists")
    assert (await client.post("/api/v1/budgets", json={**body, "mode": "shadow"})).status_code == 201


async def test_operators_raise_budgets_and_admins_set_limits(as_role: AsRole, client: httpx.AsyncClient) -> None:
    operator, viewer = await as_role("operator"), await as_role("viewer")
    budget = {"scope": "workspace", "amount_nano": USD, "window": "day"}
    limit = {"scope": "workspace", "measure": "requests", "amount": 5, "per": "minute"}
    assert (await viewer.post("/api/v1/budgets", json=budget)).status_code == 403
    assert (await operator.post("/api/v1/budgets", json=budget)).status_code == 201
    assert (await operator.post("/api/v1/limits", json=limit)).status_code == 403
    assert (await client.post("/api/v1/limits", json=limit)).status_code == 201
    assert (await viewer.get("/api/v1/limits")).json()["items"][0]["amount"] == 5


async def test_a_limit_is_made_changed_and_removed(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent = await agent_of(client)
    body = {
        "scope": "provider:openai",
        "measure": "tokens",
        "amount": 100_000,
        "per": "minute",
        "weights": {"research": 3},
    }
    made = await client.post("/api/v1/limits", json=body)
    assert made.status_code == 201, made.text
    limit = made.json()
    assert (limit["max_wait_ms"], limit["weights"], limit["burst"]) == (5_000, {agent: 3}, None)
    path = f"/api/v1/limits/{limit['id']}"
    changed = (await client.patch(path, json={"amount": 200_000, "burst": 1_000, "max_wait_ms": 0})).json()
    assert (changed["amount"], changed["burst"], changed["max_wait_ms"], changed["version"]) == (200_000, 1_000, 0, 2)
    assert (await client.delete(path)).status_code == 204
    assert (await client.get("/api/v1/limits")).json()["items"] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"per": None}, "per which period"),
        ({"measure": "concurrent"}, "no period"),
        ({"burst": 50}, "burst"),
        ({"max_wait_ms": 5}, "calls wait only at"),
        ({"scope": "credential"}, "say which credential"),
        ({"weights": {"nobody": 2}}, "no agent 'nobody'"),
    ],
)
async def test_a_limit_that_cannot_be_is_refused_with_what_to_do(
    client: httpx.AsyncClient, change: dict[str, object], words: str
) -> None:
    body = {"scope": "workspace", "measure": "requests", "amount": 5, "per": "minute", **change}
    answer = await client.post("/api/v1/limits", json=body)
    assert answer.status_code == 400
    assert words in answer.text


async def test_a_claim_tells_what_the_tightest_budget_leaves(
    client: httpx.AsyncClient, as_agent: AsAgent, db: Database, owner: Member
) -> None:
    agent = await agent_of(client)
    project = (await client.post("/api/v1/projects", json={"name": "Launch"})).json()
    for scope, amount in (("agent:research", 5 * USD), ("project:Launch", 3 * USD), ("model:gpt-*", 1)):
        body = {"scope": scope, "amount_nano": amount, "window": "month"}
        assert (await client.post("/api/v1/budgets", json=body)).status_code == 201
    task = {"title": "Write", "state": "ready", "project_id": project["id"], "budget_nano": 4 * USD}
    made = (await client.post("/api/v1/tasks", json=task)).json()
    await spend(db, owner.workspace_id, "task", made["id"], cost=2 * USD)
    await spend(db, owner.workspace_id, "agent", agent, cost=2 * USD)
    worker = await as_agent("research")
    claimed = (await worker.post("/api/v1/agent/claim", json={})).json()
    assert claimed["budget_left_nano"] == USD
    shown = {row["scope"]: row["windows"][0] for row in (await client.get("/api/v1/budgets")).json()["items"]}
    assert shown["project:Launch"]["remaining_nano"] == USD


async def test_a_run_shows_the_cap_it_is_nearest_to(
    client: httpx.AsyncClient, as_agent: AsAgent, db: Database, owner: Member
) -> None:
    agent = await as_agent("research")
    await client.post("/api/v1/tasks", json={"title": "Find", "state": "ready", "budget_nano": 10 * USD})
    claimed = (await agent.post("/api/v1/agent/claim")).json()
    run = claimed["run"]["id"]
    shown = (await client.get(f"/api/v1/runs/{run}")).json()["cap"]
    assert shown == {"budget_id": claimed["task"]["id"], "spent_nano": 0, "amount_nano": 10 * USD}
    body = {"scope": "agent:*", "amount_nano": 2 * USD, "window": "run"}
    per_run = (await client.post("/api/v1/budgets", json=body)).json()
    # What the whole day may cost is no cap on one run, and a warning caps nothing.
    await client.post("/api/v1/budgets", json={"scope": "workspace", "amount_nano": 1, "window": "day"})
    await client.post("/api/v1/budgets", json={"scope": "run:*", "amount_nano": 1, "window": "total", "mode": "warn"})
    for dim, value in (("task", claimed["task"]["id"]), ("run", run)):
        await spend(db, owner.workspace_id, dim, value, cost=USD)
    [listed] = (await client.get("/api/v1/runs?state=running")).json()["items"]
    assert listed["cap"] == {"budget_id": per_run["id"], "spent_nano": USD, "amount_nano": 2 * USD}
    await client.post(f"/api/v1/runs/{run}/cancel", json={})
    assert (await client.get(f"/api/v1/runs/{run}")).json()["cap"] is None

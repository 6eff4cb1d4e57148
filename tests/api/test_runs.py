"""/runs for people, and the reports of workers: /runs/{id}/progress and /finish"""

from typing import Any

import httpx
import pytest
from api_world import AsAgent, AsRole, with_key
from fastapi import FastAPI
from spending import spend

from quarterdeck.access.members import Member
from quarterdeck.api.services import Services
from quarterdeck.db import Database
from quarterdeck.kernel.clock import FakeClock


@pytest.fixture
async def agent(as_agent: AsAgent) -> httpx.AsyncClient:
    return await as_agent("research")


@pytest.fixture
async def claimed(client: httpx.AsyncClient, agent: httpx.AsyncClient) -> dict[str, Any]:
    await client.post("/api/v1/tasks", json={"title": "Write it", "state": "ready"})
    found: dict[str, Any] = (await agent.post("/api/v1/agent/claim")).json()
    return found


async def test_a_run_is_read_with_its_task_agent_and_cost(
    client: httpx.AsyncClient, agent: httpx.AsyncClient, claimed: dict[str, Any]
) -> None:
    path = f"/api/v1/runs/{claimed['run']['id']}"
    await agent.post(f"{path}/progress", json={"note": "Reading", "percent": 10})
    shown = (await client.get(path)).json()
    assert (shown["status"]["state"], shown["status"]["words"]) == ("working", "no call yet")
    assert shown == {
        "status": shown["status"],
        "id": claimed["run"]["id"],
        "task": {"id": claimed["task"]["id"], "ref": "T-1", "title": "Write it"},
        "agent": {"id": claimed["task"]["agent"]["id"], "name": "research"},
        "attempt": 1,
        "state": "running",
        "reason": None,
        "failure": None,
        "verdict": None,
        "summary": None,
        "note": "Reading",
        "percent": 10,
        "created_at": "2027-01-15T08:00:00.000000Z",
        "started_at": "2027-01-15T08:00:00.000000Z",
        "ended_at": None,
        "lease_expires_at": "2027-01-15T08:02:00.000000Z",
        "calls": 0,
        "errors": 0,
        "cost_nano": 0,
        "unpriced_calls": 0,
        "cap": None,
    }
    assert (await client.get("/api/v1/runs")).json() == {"items": [shown], "next": None}


async def test_it_costs_what_its_calls_cost(
    client: httpx.AsyncClient, claimed: dict[str, Any], db: Database, owner: Member
) -> None:
    run_id = claimed["run"]["id"]
    await spend(db, owner.workspace_id, "run", run_id, days_ago=1, calls=2, errors=1, cost=1_500)
    await spend(db, owner.workspace_id, "run", run_id, calls=3, cost=500, unpriced_calls=1)
    await spend(db, "ws_other", "run", run_id, calls=99, cost=99)
    (shown,) = (await client.get("/api/v1/runs")).json()["items"]
    assert (shown["calls"], shown["errors"], shown["cost_nano"], shown["unpriced_calls"]) == (5, 1, 2_000, 1)


async def test_it_lists_by_task_agent_and_state(client: httpx.AsyncClient, claimed: dict[str, Any]) -> None:
    async def count(**params: object) -> int:
        return len((await client.get("/api/v1/runs", params=params)).json()["items"])

    assert await count(task_id=claimed["task"]["id"], state="running") == 1
    assert await count(agent_id=claimed["task"]["agent"]["id"]) == 1
    assert await count(state="failed") == 0
    assert await count(task_id="tsk_other") == 0


async def test_progress_renews_the_lease(agent: httpx.AsyncClient, claimed: dict[str, Any], clock: FakeClock) -> None:
    clock.advance(60)
    answer = await agent.post(f"/api/v1/runs/{claimed['run']['id']}/progress")
    assert answer.json() == {"lease_expires_at": "2027-01-15T08:03:00.000000Z", "stop": False, "reason": None}


async def test_progress_of_a_paused_agent_says_stop(
    client: httpx.AsyncClient, agent: httpx.AsyncClient, claimed: dict[str, Any]
) -> None:
    await client.patch(f"/api/v1/agents/{claimed['task']['agent']['id']}", json={"desired": "paused"})
    answer = (await agent.post(f"/api/v1/runs/{claimed['run']['id']}/progress")).json()
    assert (answer["stop"], answer["reason"]) == (True, "agent_paused")


async def test_finish_ends_the_run_and_may_be_repeated(
    client: httpx.AsyncClient, agent: httpx.AsyncClient, claimed: dict[str, Any]
) -> None:
    path = f"/api/v1/runs/{claimed['run']['id']}/finish"
    body = {"outcome": "succeeded", "summary": "Wrote it.", "fence": claimed["run"]["fence"]}
    first, again = await agent.post(path, json=body), await agent.post(path, json=body)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert (first.json()["state"], first.json()["summary"]) == ("succeeded", "Wrote it.")
    assert (await client.get(f"/api/v1/tasks/{claimed['task']['id']}")).json()["state"] == "in_review"


async def test_a_run_key_reports_on_its_run_until_after_the_finish(
    app: FastAPI, agent: httpx.AsyncClient, claimed: dict[str, Any]
) -> None:
    path = f"/api/v1/runs/{claimed['run']['id']}"
    async with with_key(app, claimed["run_key"]) as worker:
        assert (await worker.post(f"{path}/progress", json={"percent": 50})).status_code == 200
        finish = {"outcome": "failed", "reason": "timeout"}
        first, again = (
            await worker.post(f"{path}/finish", json=finish),
            await worker.post(f"{path}/finish", json=finish),
        )
        assert (first.status_code, again.json()) == (200, first.json())
        late = await worker.post(f"{path}/progress", json={"percent": 60})
    assert late.status_code == 409
    assert late.json()["code"] == "lease_lost"


async def test_a_run_key_does_nothing_else(
    client: httpx.AsyncClient, app: FastAPI, agent: httpx.AsyncClient, claimed: dict[str, Any]
) -> None:
    await client.patch(f"/api/v1/agents/{claimed['task']['agent']['id']}", json={"capacity": 2})
    await client.post("/api/v1/tasks", json={"title": "Another", "state": "ready"})
    other = (await agent.post("/api/v1/agent/claim")).json()
    async with with_key(app, claimed["run_key"]) as worker:
        for answer, status in (
            (await worker.post(f"/api/v1/runs/{other['run']['id']}/progress"), 403),
            (await worker.post(f"/api/v1/runs/{other['run']['id']}/finish", json={"outcome": "failed"}), 403),
            (await worker.post("/api/v1/agent/claim"), 403),
            (await worker.get(f"/api/v1/runs/{claimed['run']['id']}"), 403),
            (await worker.get("/api/v1/tasks"), 403),
        ):
            assert answer.status_code == status, answer.text


async def test_an_agent_does_not_report_on_anothers_run(as_agent: AsAgent, claimed: dict[str, Any]) -> None:
    other = await as_agent("drafting")
    path = f"/api/v1/runs/{claimed['run']['id']}"
    assert (await other.post(f"{path}/progress")).status_code == 404
    assert (await other.post(f"{path}/finish", json={"outcome": "succeeded"})).status_code == 404


async def test_a_stale_worker_is_refused(agent: httpx.AsyncClient, claimed: dict[str, Any]) -> None:
    path = f"/api/v1/runs/{claimed['run']['id']}"
    for answer in (
        await agent.post(f"{path}/progress", json={"fence": 7}),
        await agent.post(f"{path}/finish", json={"outcome": "succeeded", "fence": 7}),
    ):
        assert answer.status_code == 409
        assert answer.json()["code"] == "lease_lost"


async def test_a_person_cancels_a_run_and_its_calls_end(
    services: Services, client: httpx.AsyncClient, claimed: dict[str, Any], app: FastAPI
) -> None:
    asked: list[str] = []

    class Listening:
        async def ensure_published(self) -> None:
            asked.append("published")

        async def end_calls(self, *, scope: str, ids: list[str], code: str, message: str) -> int:
            asked.append(f"{scope} {ids[0]} {code}")
            return 1

    app.state.gateways = Listening()
    run_id = claimed["run"]["id"]
    answer = await client.post(f"/api/v1/runs/{run_id}/cancel", json={"reason": "wrong brief"})
    assert (answer.json()["state"], answer.json()["reason"]) == ("cancelled", "wrong brief")
    assert asked == ["published", f"run {run_id} run_stopped"]
    assert (await client.get(f"/api/v1/tasks/{claimed['task']['id']}")).json()["state"] == "ready"
    assert (await client.post(f"/api/v1/runs/{run_id}/cancel")).json() == answer.json()


async def test_a_finished_run_is_not_cancelled(
    client: httpx.AsyncClient, agent: httpx.AsyncClient, claimed: dict[str, Any]
) -> None:
    path = f"/api/v1/runs/{claimed['run']['id']}"
    await agent.post(f"{path}/finish", json={"outcome": "succeeded"})
    answer = await client.post(f"{path}/cancel")
    assert answer.status_code == 409
    assert answer.json()["code"] == "run_over"


async def test_it_refuses_reports_that_cannot_be(agent: httpx.AsyncClient, claimed: dict[str, Any]) -> None:
    path = f"/api/v1/runs/{claimed['run']['id']}"
    for verb, body in (
        ("progress", {"percent": 101}),
        ("progress", {"note": "nul \0"}),
        ("progress", {"fence": 2**31}),
        ("finish", {}),
        ("finish", {"outcome": "expired"}),
        ("finish", {"outcome": "failed", "reason": "a" * 201}),
        ("finish", {"outcome": "failed", "summary": "nul \0"}),
    ):
        assert (await agent.post(f"{path}/{verb}", json=body)).status_code in (400, 422), body


async def test_it_answers_404_for_a_run_that_is_not_there(client: httpx.AsyncClient, agent: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/runs/run_nobody")).status_code == 404
    assert (await client.post("/api/v1/runs/run_nobody/cancel")).status_code == 404
    assert (await agent.post("/api/v1/runs/run_nobody/progress")).status_code == 404


async def test_viewers_read_and_do_not_cancel(as_role: AsRole, claimed: dict[str, Any]) -> None:
    viewer = await as_role("viewer")
    path = f"/api/v1/runs/{claimed['run']['id']}"
    assert (await viewer.get(path)).status_code == 200
    assert (await viewer.post(f"{path}/cancel")).status_code == 403


async def test_people_do_not_report_for_workers(client: httpx.AsyncClient, claimed: dict[str, Any]) -> None:
    path = f"/api/v1/runs/{claimed['run']['id']}"
    assert (await client.post(f"{path}/progress")).status_code == 403
    assert (await client.post(f"{path}/finish", json={"outcome": "succeeded"})).status_code == 403


async def test_a_run_is_failed_for_a_reason_and_its_task_goes_on_by_the_rule(
    client: httpx.AsyncClient, agent: httpx.AsyncClient, claimed: dict[str, Any]
) -> None:
    path = f"/api/v1/runs/{claimed['run']['id']}"
    failed = (await client.post(f"{path}/fail", json={"reason": "timeout", "why": "40 min without output"})).json()
    assert (failed["state"], failed["failure"], failed["verdict"]) == ("failed", "timeout", "no_progress")
    task = (await client.get(f"/api/v1/tasks/{claimed['task']['id']}")).json()
    assert (task["state"], task["last_failure"], task["failures"]) == ("ready", "timeout", 1)
    assert task["not_before"] is not None
    assert "40 min without output" in task["note"]
    nothing = (await agent.post("/api/v1/agent/claim", json={})).json()
    assert nothing["claimed"] is False
    unknown = await client.post(f"{path}/fail", json={"reason": "bad luck"})
    assert unknown.status_code == 422

"""/signals: what was noticed, with its calls; put away, taught, and answered by policy."""

from typing import Any

import httpx
import pytest
from api_world import AsRole

from quarterdeck.access.members import Member
from quarterdeck.control.signals import store
from quarterdeck.control.signals.model import Finding, Kind, Response, Signal
from quarterdeck.db import Database


@pytest.fixture
async def looping(db: Database, owner: Member, claimed: dict[str, Any]) -> Signal:
    agent_id, run_id = claimed["task"]["agent"]["id"], claimed["run"]["id"]
    words = "looping: 7 near-identical requests, $0.42"
    whose = (agent_id, run_id, claimed["task"]["id"])
    finding = Finding(Kind.LOOPING, run_id, words, db.clock.now(), 0.85, ("call_1",), *whose, {"requests": 7})
    async with db.transaction() as tx:
        return await store.insert(tx, owner.workspace_id, finding, Response.NOTIFY)


async def test_a_signal_is_listed_and_shown_on_its_agent_run_and_task(
    client: httpx.AsyncClient, claimed: dict[str, Any], looping: Signal
) -> None:
    [listed] = (await client.get("/api/v1/signals?state=up")).json()["items"]
    assert (listed["words"], listed["confidence"]) == ("looping: 7 near-identical requests, $0.42", 0.85)
    assert (listed["agent"]["name"], listed["task"]["ref"]) == ("research", "T-1")
    shown = (await client.get(f"/api/v1/signals/{looping.id}")).json()
    assert (shown["call_ids"], shown["calls"], shown["figures"]) == (["call_1"], [], {"requests": 7})
    for path in (
        f"/api/v1/agents/{looping.agent_id}",
        f"/api/v1/runs/{looping.run_id}",
        f"/api/v1/tasks/{looping.task_id}",
    ):
        status = (await client.get(path)).json()["status"]
        assert (status["state"], status["words"]) == ("looping", listed["words"])
        assert status["evidence"]["signal_id"] == looping.id
    for wanted in ("kind=stuck", "agent_id=agt_other", "task_id=tsk_other", "run_id=run_other", "state=over"):
        assert (await client.get(f"/api/v1/signals?{wanted}")).json()["items"] == []


async def test_a_signal_is_put_away_and_taught(client: httpx.AsyncClient, looping: Signal) -> None:
    path = f"/api/v1/signals/{looping.id}"
    away = (await client.post(f"{path}/dismiss", json={"fine": True})).json()
    assert away["state"] == "dismissed"
    again = await client.post(f"{path}/dismiss")
    assert (again.status_code, again.json()["code"]) == (409, "signal_over")
    assert (await client.post(f"{path}/unlearn")).status_code == 200
    assert (await client.post("/api/v1/signals/sig_none/dismiss")).status_code == 404


async def test_policies_are_set_and_listed(client: httpx.AsyncClient, looping: Signal) -> None:
    async def put(**body: Any) -> int:
        return (await client.put("/api/v1/signals/policies", json=body)).status_code

    assert await put(scope="agent", subject_id=looping.agent_id, kind="looping", response="pause") == 204
    assert await put(kind="stuck", response="notify", floor_s=600) == 204
    assert await put(kind="stuck", response="observe", floor_s=900) == 204
    assert await put(scope="agent", subject_id="agt_none", kind="looping", response="kill") == 404
    assert await put(kind="forecast", response="kill") == 400
    listed = (await client.get("/api/v1/signals/policies")).json()["items"]
    assert [(each["scope"], each["kind"], each["response"], each["floor_s"]) for each in listed] == [
        ("agent", "looping", "pause", None),
        ("workspace", "stuck", "observe", 900),
    ]


async def test_a_policy_is_taken_back_once_and_audited(client: httpx.AsyncClient, looping: Signal) -> None:
    mine = {"scope": "agent", "subject_id": looping.agent_id, "kind": "looping"}
    for body in ({**mine, "response": "kill"}, {"kind": "looping", "response": "observe"}):
        assert (await client.put("/api/v1/signals/policies", json=body)).status_code == 204
    assert (await client.delete("/api/v1/signals/policies", params=mine)).status_code == 204
    (left,) = (await client.get("/api/v1/signals/policies")).json()["items"]
    assert (left["scope"], left["response"]) == ("workspace", "observe")
    again = await client.delete("/api/v1/signals/policies", params=mine)
    assert (again.status_code, again.json()["code"]) == (404, "not_found")
    assert (await client.delete("/api/v1/signals/policies", params={"kind": "looping"})).status_code == 204
    assert (await client.get("/api/v1/signals/policies")).json()["items"] == []
    assert (await client.delete("/api/v1/signals/policies")).status_code == 422
    logged = (await client.get("/api/v1/audit?kind=signal.policy_removed")).json()["items"]
    assert [each["subject_id"] for each in logged][1] == looping.agent_id and len(logged) == 2


async def test_a_rule_of_the_workspace_names_nobody(client: httpx.AsyncClient) -> None:
    body = {"subject_id": "agt_1", "kind": "looping", "response": "kill"}
    refused = await client.put("/api/v1/signals/policies", json=body)
    assert (refused.status_code, refused.json()["field"]) == (400, "subject_id")


async def test_a_viewer_looks_and_an_operator_sets_no_policy(as_role: AsRole) -> None:
    viewer, operator = await as_role("viewer"), await as_role("operator")
    assert (await viewer.get("/api/v1/signals")).status_code == 200
    body = {"kind": "looping", "response": "off"}
    assert (await operator.put("/api/v1/signals/policies", json=body)).status_code == 403
    assert (await operator.delete("/api/v1/signals/policies?kind=looping")).status_code == 403

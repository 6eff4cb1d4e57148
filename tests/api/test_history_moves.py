"""What happened to a task goes out and comes in again as history: nothing to claim, no money, no new facts."""

import base64
import copy
import json
from typing import Any

import httpx
import pytest
from api_world import AsAgent, browser, elsewhere
from fastapi import FastAPI

from quarterdeck.db import Database
from quarterdeck.kernel.clock import FakeClock

Document = dict[str, Any]


@pytest.fixture
async def document(client: httpx.AsyncClient, as_agent: AsAgent, clock: FakeClock) -> Document:
    """A task that was failed at, drafted, handed in and talked about, with its files; the second is being worked on."""
    writer = await as_agent("writer")
    task = (await client.post("/api/v1/tasks", json={"title": "Report", "state": "ready"})).json()["id"]
    await client.put(f"/api/v1/tasks/{task}/attachments/content?name=data.csv", content=b"a;b")
    first = (await writer.post("/api/v1/agent/claim")).json()["run"]["id"]
    await writer.post(f"/api/v1/runs/{first}/deliverables", json={"name": "Report", "text": "Draft", "draft": True})
    await writer.post(f"/api/v1/runs/{first}/finish", json={"outcome": "failed", "reason": "lease_expired"})
    clock.advance(1)
    second = (await writer.post("/api/v1/agent/claim")).json()["run"]["id"]
    made = await writer.post(f"/api/v1/runs/{second}/deliverables", json={"name": "Report", "text": "Grüße 👩‍👧\n"})
    path = f"/api/v1/runs/{second}/deliverables/content?name=Scan&kind=pdf"
    await writer.put(path, content=b"%PDF-1.7 scan")
    await writer.post(f"/api/v1/runs/{second}/comments", json={"body": "@Owner please look"})
    where = {"deliverable_id": made.json()["deliverable_id"], "version": 2, "line_from": 1, "line_to": 1}
    said = await client.post(f"/api/v1/tasks/{task}/comments", json={"body": "Here", **where})
    assert said.status_code == 201, said.text
    clock.advance(1)
    await writer.post(f"/api/v1/runs/{second}/finish", json={"outcome": "succeeded", "summary": "Written"})
    other = (await client.post("/api/v1/tasks", json={"title": "Next", "state": "ready"})).json()["id"]
    assert (await writer.post("/api/v1/agent/claim", json={"task_id": other})).json()["claimed"]
    clock.advance(1)
    found: Document = (await client.get("/api/v1/export?files=true")).json()
    return found


async def _brought(there: httpx.AsyncClient, document: Document, status: int = 200) -> dict[str, Any]:
    answer = await there.put("/api/v1/import", content=json.dumps(document).encode())
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_runs_versions_comments_and_files_come_back_as_they_were(
    client: httpx.AsyncClient, app: FastAPI, db: Database, document: Document
) -> None:
    me = (await client.get("/api/v1/session")).json()["member"]["email"]
    there = await elsewhere(app, db, "writer", email=me)
    async with there:
        report = await _brought(there, document)
        assert report["warnings"] == []
        task = report["tasks"][0]["id"]
        after = (await there.get("/api/v1/export?files=true")).json()
        want = copy.deepcopy(document["tasks"])
        running = want[1]["runs"][0]
        # What was going on goes on nowhere.
        want[1]["state"] = "ready"
        running |= {"state": "cancelled", "reason": "imported", "ended_at": after["tasks"][1]["runs"][0]["ended_at"]}
        assert after["tasks"] == want
        runs = (await there.get(f"/api/v1/runs?task_id={task}")).json()["items"]
        assert [(run["attempt"], run["state"], run["reason"]) for run in runs] == [
            (2, "succeeded", None),
            (1, "failed", "lease_expired"),
        ]
        assert all("Imported" in run["note"] for run in runs)
        made = (await there.get(f"/api/v1/tasks/{task}/deliverables")).json()["items"]
        here = {run["id"] for run in (await client.get("/api/v1/runs")).json()["items"]}
        assert not here & {run["id"] for run in runs}
        scan = next(one for one in made if one["name"] == "Scan")
        content = await there.get(f"/api/v1/deliverables/{scan['id']}/versions/1/content")
        assert content.content == b"%PDF-1.7 scan"
        # A version names the run that made it here, and a comment the version it stands on.
        assert {version["run_id"] for one in made for version in one["versions"]} <= {run["id"] for run in runs}
        said = (await there.get(f"/api/v1/tasks/{task}/comments")).json()["items"]
        assert [(one["body"], one["author"]["name"]) for one in said] == [
            ("@Owner please look", "writer"),
            ("Here", "Sam"),
        ]
        assert (await there.get("/api/v1/needs")).json()["items"][0]["kind"] == "review"


async def test_history_is_not_claimed_costs_nothing_and_the_next_attempt_comes_after_it(
    app: FastAPI, db: Database, document: Document
) -> None:
    forged = copy.deepcopy(document)
    forged["tasks"][0]["runs"][1] |= {"calls": 7, "cost_nano": 10**12}
    forged["tasks"][0]["state"] = "ready"
    there = await elsewhere(app, db, "writer")
    async with there:
        task = (await _brought(there, forged))["tasks"][0]["id"]
        costs = (await there.get(f"/api/v1/tasks/{task}")).json()
        assert (costs["cost_nano"], costs["attempts"]) == (0, 2)
        assert (await there.get("/api/v1/calls")).json()["items"] == []
        old = (await there.get(f"/api/v1/runs?task_id={task}")).json()["items"][0]["id"]
        agent = next(one for one in (await there.get("/api/v1/agents")).json()["items"] if one["name"] == "writer")
        key = (await there.post(f"/api/v1/agents/{agent['id']}/keys", json={})).json()["secret"]
        async with browser(app) as worker:
            worker.headers["authorization"] = f"Bearer {key}"
            late = await worker.post(f"/api/v1/runs/{old}/progress", json={"note": "still here"})
            assert (late.status_code, late.json()["code"]) == (409, "lease_lost")
            claimed = (await worker.post("/api/v1/agent/claim", json={"task_id": task})).json()
            assert claimed["run"]["attempt"] == 3


async def test_who_worked_and_is_not_here_is_named_without_being_able_to_work(
    app: FastAPI, db: Database, document: Document
) -> None:
    there = await elsewhere(app, db)
    async with there:
        report = await _brought(there, document)
        (agent,) = (await there.get("/api/v1/agents")).json()["items"]
        assert (agent["name"], agent["desired"]) == ("writer", "retired")
        assert (await there.get("/api/v1/keys")).json()["items"] == []
        said = (await there.get(f"/api/v1/tasks/{report['tasks'][0]['id']}/comments")).json()["items"]
    assert any("registered as retired" in one for one in report["warnings"])
    # Nobody is made to say what somebody else said.
    assert said[1]["author"]["name"] == "Sam" and said[1]["body"].startswith("*") and "wrote:*" in said[1]["body"]


async def test_without_its_bytes_a_file_is_a_reference_and_says_so(
    client: httpx.AsyncClient, app: FastAPI, db: Database, document: Document
) -> None:
    bare = (await client.get("/api/v1/export")).json()
    assert "base64" not in json.dumps(bare) and "Grüße" in bare["tasks"][0]["deliverables"][0]["versions"][1]["text"]
    there = await elsewhere(app, db, "writer")
    async with there:
        report = await _brought(there, bare)
        assert any("Of Scan only the hash" in one for one in report["warnings"])
        made = (await there.get(f"/api/v1/tasks/{report['tasks'][0]['id']}/deliverables")).json()["items"]
        scan = next(one for one in made if one["name"] == "Scan")
        gone = await there.get(f"/api/v1/deliverables/{scan['id']}/versions/1/content")
        assert (gone.status_code, gone.json()["code"]) == (404, "file_gone")


async def test_what_does_not_belong_together_is_refused_whole(app: FastAPI, db: Database, document: Document) -> None:
    def wrong(change: Any) -> Document:
        made = copy.deepcopy(document)
        change(made["tasks"][0])
        return made

    there = await elsewhere(app, db, "writer")
    async with there:
        for change, words in [
            (lambda task: task["deliverables"][0]["versions"][0].update(text="Forged"), "not what its hash says"),
            (lambda task: task["deliverables"][1]["versions"][0].update(base64="!"), "base64"),
            (
                lambda task: task["attachments"][0].update(base64=base64.b64encode(b"other").decode()),
                "not what its hash says",
            ),
            (lambda task: task["deliverables"][0]["versions"][0].update(run=9), "run 9"),
            (lambda task: task["comments"][1]["on"].update(deliverable="None"), "None, which is not"),
            (lambda task: task["runs"][1].update(attempt=1), "attempt"),
            (lambda task: task["runs"][0].update(ended_at="2999-01-01T00:00:00Z"), "still to come"),
            (lambda task: task["attachments"][0].update(name="../x"), "plain file name"),
            (lambda task: task["comments"][0].update(colour="red"), "colour"),
        ]:
            refused = await _brought(there, wrong(change), status=400)
            assert words in refused["detail"], (words, refused["detail"])
        assert (await there.get("/api/v1/tasks")).json()["items"] == []

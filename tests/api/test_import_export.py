"""/export and /import: what goes out comes in again; CSV as spreadsheets write it."""

import json
from typing import Any

import httpx
import pytest
from api_world import AsRole, elsewhere
from fastapi import FastAPI

from quarterdeck.db import Database


async def _import(client: httpx.AsyncClient, document: Any, status: int = 200, **params: object) -> dict[str, Any]:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    answer = await client.put("/api/v1/import", content=content, params=params)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _csv(client: httpx.AsyncClient, text: str | bytes, status: int = 200, **params: object) -> dict[str, Any]:
    content = text if isinstance(text, bytes) else text.encode()
    answer = await client.put("/api/v1/import/csv", content=content, params=params)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _exported(client: httpx.AsyncClient, **params: object) -> dict[str, Any]:
    answer = await client.get("/api/v1/export", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _filled(client: httpx.AsyncClient) -> str:
    """Something of everything; the e-mail of who is at work."""
    me = (await client.get("/api/v1/session")).json()["member"]
    agent = (await client.post("/api/v1/agents", json={"name": "writer"})).json()
    project = (
        await client.post(
            "/api/v1/projects",
            json={"name": "Büro 🏢", "description": "# Aim", "lead_agent_id": agent["id"], "review": "n:2"},
        )
    ).json()
    old = (await client.post("/api/v1/projects", json={"name": "Old"})).json()
    aim = {"name": "Lesbarkeit", "statement": "Everybody reads it.", "project_id": project["id"]}
    goal = (await client.post("/api/v1/goals", json={**aim, "due_at": "2027-03-01T12:00:00Z"})).json()
    named = {"project_id": project["id"], "goal_id": goal["id"], "agent_id": agent["id"], "accountable_id": me["id"]}
    note = {"title": "Note of {{date}}", **named, "watchers": [me["id"]], "review": f"agent:{agent['id']}+n:2"}
    made = await client.post("/api/v1/task-templates", json={"name": "Note", "task": note})
    assert made.status_code == 201, made.text

    async def task(**fields: object) -> dict[str, Any]:
        answer = await client.post("/api/v1/tasks", json={"title": "x", **fields})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    whole = await task(
        title="報告書 \u202eturned\u202c",
        brief="\n".join(["# Brief", "with `code` and \t tabs", "naïve 👩\u200d👩\u200d👧"]),
        acceptance=[{"text": "Three sources", "deliverable": True}, "Short"],
        priority="urgent",
        labels=["a", "größe"],
        project_id=project["id"],
        goal_id=goal["id"],
        agent_id=agent["id"],
        due_at="2027-02-01T12:00:00Z",
        budget_nano=5_000_000,
        watchers=[me["id"]],
        attempt_limit=7,
        state="ready",
    )
    first = await task(parent_id=whole["id"], review=f"member:{me['id']}")
    second = await task(parent_id=whole["id"], review=f"agent:{agent['id']}+of:1:{me['id']}", state="ready")
    await client.post(f"/api/v1/tasks/{second['id']}/hold", json={"reason": "Not yet"})
    await client.post(f"/api/v1/projects/{project['id']}/hold", json={})
    await client.post(f"/api/v1/tasks/{second['id']}/dependencies", json={"waits_for": first["id"]})
    done = await task(project_id=old["id"], review="none", state="ready")
    await client.post(f"/api/v1/tasks/{done['id']}/move", json={"to": "cancelled", "note": "Not needed"})
    await client.patch(f"/api/v1/projects/{old['id']}", json={"archived": True})
    email: str = me["email"]
    return email


async def test_what_is_exported_is_imported_elsewhere_and_exports_the_same(
    client: httpx.AsyncClient, app: FastAPI, db: Database
) -> None:
    email = await _filled(client)
    before = await _exported(client)
    assert [task["key"] for task in before["tasks"]] == ["T-1", "T-2", "T-3", "T-4"]
    there = await elsewhere(app, db, "writer", email=email)
    async with there:
        looked = await _import(there, before, dry_run=True)
        assert (await _exported(there))["tasks"] == []
        report = await _import(there, before)
        assert (report["warnings"], report["projects"]) == ([], ["Büro 🏢", "Old"])
        assert report["goals"] == ["Lesbarkeit"]
        assert [one["key"] for one in report["tasks"]] == [one["key"] for one in looked["tasks"]]
        after = await _exported(there)
    assert {**after, "exported_at": None} == {**before, "exported_at": None}
    (note,) = after["templates"]
    assert (note["project"], note["goal"], note["agent"]) == ("Büro 🏢", "Lesbarkeit", "writer")
    assert (note["accountable"], note["watchers"], note["review"]) == (email, [email], "agent:writer+n:2")
    held = after["tasks"][2]
    assert (held["review"], held["hold"]) == (f"agent:writer+of:1:{email}", {"reason": "Not yet"})
    assert [one["hold"] for one in after["projects"]] == [{"reason": None}, None]


async def test_one_project_is_exported_without_what_stands_outside_of_it(client: httpx.AsyncClient) -> None:
    await _filled(client)
    stranger = (await client.post("/api/v1/tasks", json={"title": "Outside"})).json()
    project = (await client.get("/api/v1/projects")).json()["items"][0]
    await client.post("/api/v1/tasks/bulk", json={"task_ids": [stranger["id"]], "add_labels": ["x"]})
    inside = (await client.get("/api/v1/tasks", params={"project_id": project["id"]})).json()["items"][0]
    await client.post(f"/api/v1/tasks/{inside['id']}/dependencies", json={"waits_for": stranger["id"]})
    found = await _exported(client, project_id=project["id"])
    assert [one["name"] for one in found["projects"]] == ["Büro 🏢"]
    assert [one["name"] for one in found["goals"]] == ["Lesbarkeit"]
    assert {task["project"] for task in found["tasks"]} == {"Büro 🏢"}
    assert stranger["ref"] not in json.dumps(found)
    assert (await client.get("/api/v1/export", params={"project_id": "prj_none"})).status_code == 404


async def test_who_is_not_here_is_warned_of_and_the_work_comes_in_all_the_same(
    client: httpx.AsyncClient, app: FastAPI, db: Database
) -> None:
    await _filled(client)
    before = await _exported(client)
    there = await elsewhere(app, db, email="other@example.com")
    async with there:
        report = await _import(there, before)
        shown = (await there.get("/api/v1/tasks")).json()["items"]
    assert len(shown) == 4 and all(task["agent"] is None for task in shown)
    assert any("no agent writer here" in one for one in report["warnings"])
    assert any("no member" in one for one in report["warnings"])
    assert [task["review"] for task in shown if task["hold"] is not None] == ["one"]


async def test_an_import_is_all_or_nothing_and_says_which_task_is_wrong(client: httpx.AsyncClient) -> None:
    sound = {"key": "a", "title": "Sound"}
    for wrong, words in [
        ({"key": "b", "title": "x", "project": "None such"}, "no project None such"),
        ({"key": "b", "title": "x", "goal": "None such"}, "no goal None such"),
        ({"key": "b", "title": "x", "due_at": "soon"}, "due_at"),
        ({"key": "b", "title": "x", "review": "sometimes"}, "review"),
        ({"key": "b", "title": "x", "parent": "c"}, "c, which is not in the document"),
        ({"key": "b", "title": "x", "waits_for": ["b"]}, "wait for itself"),
        ({"key": "a", "title": "x"}, "Two tasks have the key a"),
        ({"key": "b", "title": "x", "parent": "b"}, "part of itself"),
        ({"key": "b", "title": "\ud800"}, "title"),
        ({"key": "b", "title": "x", "colour": "red"}, "colour"),
        ({"key": "b", "title": "x", "budget_nano": -1}, "budget_nano"),
    ]:
        refused = await _import(client, {"quarterdeck_export": 1, "tasks": [sound, wrong]}, status=400)
        assert words in refused["detail"], refused
    cycle = [{"key": k, "title": k, "waits_for": [w]} for k, w in (("a", "b"), ("b", "c"), ("c", "a"))]
    assert "wait" in (await _import(client, {"quarterdeck_export": 1, "tasks": cycle}, status=400))["detail"]
    for body in (b"", b"{", b"[]", b"\xff", b'{"quarterdeck_export": 6}', b"[" * 100_000, b'"\0"'):
        await _import(client, body, status=400)
    assert (await client.get("/api/v1/tasks")).json()["items"] == []
    await _import(client, {"quarterdeck_export": 1, "tasks": [sound]})
    assert [task["ref"] for task in (await client.get("/api/v1/tasks")).json()["items"]] == ["T-1"]


async def test_a_spreadsheet_becomes_tasks(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/agents", json={"name": "writer"})
    text = (
        "\ufeffKey;Title;Brief;Labels;Priority;State;Project;Agent;Waits for;Acceptance;Budget USD;Due at\r\n"
        'one;"Write; it";"Two\nlines";"a; b";High;Ready;Docs;writer;;"Short\nTrue";2.50;2027-02-01T12:00:00Z\r\n'
        ";;;;;;;;;;;\r\n"
        "two;Check it;;;;;Docs;;one;;;\r\n"
    )
    report = await _csv(client, text)
    assert report["projects"] == ["Docs"] and report["warnings"] == []
    second, first = (await client.get("/api/v1/tasks")).json()["items"]
    assert (first["title"], first["brief"], first["labels"]) == ("Write; it", "Two\nlines", ["a", "b"])
    assert (first["priority"], first["state"], first["budget_nano"]) == ("high", "ready", 2_500_000_000)
    assert [one["text"] for one in first["acceptance"]] == ["Short", "True"]
    assert (first["agent"]["name"], first["project"]["name"]) == ("writer", "Docs")
    assert [one["id"] for one in second["waits_for"]] == [first["id"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "first line names the columns"),
        ("name\nx\n", "first line names the columns"),
        ("title,colour\nx,red\n", "no column colour"),
        ("title,title\nx,y\n", "each once"),
        ("title,priority\nx,soon\n", "line 2, priority"),
        ("title,budget_usd\nx,lots\n", "line 2, budget_usd"),
        ("title,brief\nx\n,only a brief\n", "line 3, title"),
        ('title\n"open', "line"),
        ("title\nx,y\n", "more cells"),
        ("title,parent\nx,nobody\n", "nobody, which is not"),
    ],
)
async def test_a_csv_that_cannot_be_says_where(client: httpx.AsyncClient, text: str, words: str) -> None:
    assert words in (await _csv(client, text, status=400))["detail"]
    assert (await client.get("/api/v1/tasks")).json()["items"] == []


async def test_only_who_administers_imports(as_role: AsRole) -> None:
    operator = await as_role("operator")
    for path in ("/api/v1/import", "/api/v1/import/csv"):
        assert (await operator.put(path, content=b"title\nx\n")).status_code == 403
    assert (await operator.get("/api/v1/export")).status_code == 200

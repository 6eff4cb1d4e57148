"""Deliverables: handed in by agents, read by people."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from api_world import AsAgent, AsRole
from fastapi import FastAPI

MB = 1 << 20


@pytest.fixture
async def agent(as_agent: AsAgent) -> httpx.AsyncClient:
    return await as_agent("research")


@pytest.fixture
async def run(client: httpx.AsyncClient, agent: httpx.AsyncClient) -> dict[str, Any]:
    await client.post("/api/v1/tasks", json={"title": "Write it", "state": "ready"})
    claimed: dict[str, Any] = (await agent.post("/api/v1/agent/claim")).json()
    return claimed


def _path(run: dict[str, Any]) -> str:
    return f"/api/v1/runs/{run['run']['id']}/deliverables"


async def test_an_agent_hands_in_and_people_read_it(
    client: httpx.AsyncClient, agent: httpx.AsyncClient, run: dict[str, Any]
) -> None:
    made = await agent.post(_path(run), json={"name": "Report", "text": "one\ntwo", "draft": True, "note": "outline"})
    assert made.status_code == 200, made.text
    await agent.post(_path(run), json={"name": "Report", "text": "one\nthree"})
    listed = (await client.get(f"/api/v1/tasks/{run['task']['id']}/deliverables")).json()["items"]
    assert [(one["name"], one["kind"], one["latest"]) for one in listed] == [("Report", "text", 2)]
    newest, draft = listed[0]["versions"]
    assert (newest["number"], newest["draft"], draft["draft"], draft["note"]) == (2, False, True, "outline")
    assert newest["author"]["name"] == "research"
    assert (newest["calls"], newest["cost_nano"]) == (0, 0)
    one = (await client.get(f"/api/v1/deliverables/{listed[0]['id']}/versions/1")).json()
    assert one["text"] == "one\ntwo"
    diff = (await client.get(f"/api/v1/deliverables/{listed[0]['id']}/diff?from=1&to=2")).json()
    assert [line["sign"] + line["text"] for line in diff["hunks"][0]["lines"]] == [" one", "-two", "+three"]


async def test_what_was_handed_in_never_opens_as_a_page(
    client: httpx.AsyncClient, agent: httpx.AsyncClient, run: dict[str, Any]
) -> None:
    evil = b"<script>fetch('/api/v1/session')</script>"
    put = await agent.put(
        f"{_path(run)}/content",
        params={"name": "page", "file_name": '../"x";.html'},
        content=evil,
        headers={"content-type": "text/html"},
    )
    assert put.status_code == 200, put.text
    content = await client.get(f"/api/v1/deliverables/{put.json()['deliverable_id']}/versions/1/content")
    assert content.content == evil
    assert content.headers["content-disposition"] == "attachment; filename*=UTF-8''_x_%3B.html"
    assert content.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert content.headers["x-content-type-options"] == "nosniff"


async def test_a_file_streams_through_without_being_held_in_memory(
    client: httpx.AsyncClient, agent: httpx.AsyncClient, run: dict[str, Any]
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(24):
            yield bytes(MB)
            await asyncio.sleep(0)

    tracemalloc.start()
    put = await agent.put(f"{_path(run)}/content", params={"name": "disk"}, content=pieces())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (put.status_code, put.json()["size"]) == (200, 24 * MB)
    assert peak < 12 * MB


async def test_a_file_over_the_limit_is_refused(
    agent: httpx.AsyncClient, run: dict[str, Any], monkeypatch: pytest.MonkeyPatch, app: FastAPI
) -> None:
    monkeypatch.setattr("quarterdeck.control.deliverables.files.Files.__init__.__kwdefaults__", {"max_bytes": MB})
    put = await agent.put(f"{_path(run)}/content", params={"name": "disk"}, content=bytes(MB + 1))
    assert (put.status_code, put.json()["code"]) == (413, "too_large")
    left = [path for path in app.state.files.rglob("*") if path.is_file()]
    assert left == []


async def test_a_stale_worker_is_refused_before_its_file_is_taken(
    agent: httpx.AsyncClient, run: dict[str, Any]
) -> None:
    put = await agent.put(f"{_path(run)}/content", params={"name": "x", "fence": 7}, content=b"x")
    assert (put.status_code, put.json()["code"]) == (409, "lease_lost")


async def test_another_agents_run_is_not_there(as_agent: AsAgent, run: dict[str, Any]) -> None:
    other = await as_agent("other")
    assert (await other.post(_path(run), json={"name": "x", "text": "y"})).status_code == 404


async def test_a_viewer_reads_deliverables(as_role: AsRole, agent: httpx.AsyncClient, run: dict[str, Any]) -> None:
    await agent.post(_path(run), json={"name": "x", "kind": "link", "text": "https://example.com/x"})
    viewer = await as_role("viewer")
    found = await viewer.get(f"/api/v1/tasks/{run['task']['id']}/deliverables")
    assert found.json()["items"][0]["kind"] == "link"

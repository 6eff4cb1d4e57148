"""GET /events: what browsers and agents hear, and how they resume."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from api_world import AsAgent
from fastapi import FastAPI

from quarterdeck.access import members
from quarterdeck.access.members import Member
from quarterdeck.api import live
from quarterdeck.db import Database
from quarterdeck.db.outbox import EventFeed, latest_seq, prune
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.kernel.events import Event


class Reader:
    """One open stream. `httpx` over ASGI waits for the end of an answer, so this speaks ASGI itself."""

    def __init__(self, app: FastAPI, headers: dict[str, str], query: str = "") -> None:
        self._app = app
        self._headers = headers
        self._query = query
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._left = asyncio.Event()
        self._buffer = b""
        self.status = 0
        self.blocked = False
        self.task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/api/v1/events",
            "raw_path": b"/api/v1/events",
            "query_string": self._query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in self._headers.items()],
            "scheme": "http",
            "server": ("quarterdeck.test", 80),
            "client": ("127.0.0.1", 1),
            "http_version": "1.1",
            "root_path": "",
        }
        self.task = asyncio.create_task(self._app(scope, self._receive, self._send))
        self.status = (await asyncio.wait_for(self._sent.get(), 20))["status"]
        if self.status == 200:
            assert await self.frame() == {"retry": "1000"}

    async def close(self) -> None:
        self._left.set()
        assert self.task is not None
        await asyncio.wait_for(self.task, 20)

    async def event(self) -> dict[str, Any]:
        """The next event's data, heartbeats left out."""
        while True:
            frame = await self.frame()
            if "data" in frame:
                data: dict[str, Any] = json.loads(frame["data"])
                assert (frame["id"], frame["event"]) == (str(data["seq"]), data["kind"])
                return data

    async def frame(self) -> dict[str, str]:
        while b"\n\n" not in self._buffer:
            message = await asyncio.wait_for(self._sent.get(), 20)
            if not message.get("more_body", False):
                raise EOFError
            self._buffer += message["body"]
        head, _, self._buffer = self._buffer.partition(b"\n\n")
        return dict(line.split(": ", 1) for line in head.decode().split("\n"))

    async def _receive(self) -> dict[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        while self.blocked:
            await asyncio.sleep(0.01)
        self._sent.put_nowait(message)


@asynccontextmanager
async def reading(app: FastAPI, who: httpx.AsyncClient, query: str = "", **headers: str) -> AsyncIterator[Reader]:
    known = {name: who.headers[name] for name in ("authorization",) if name in who.headers}
    cookies = "; ".join(f"{name}={value}" for name, value in who.cookies.items())
    last = {"last-event-id": headers["last"]} if "last" in headers else {}
    reader = Reader(app, {**known, **({"cookie": cookies} if cookies else {}), **last}, query)
    await reader.open()
    try:
        yield reader
    finally:
        await reader.close()


async def happen(db: Database, workspace_id: str, kind: str, subject_id: str = "x_1", **data: object) -> int:
    async with db.transaction() as tx:
        await tx.emit(Event(workspace_id, kind, subject_id, data, actor="mem_1"))
    async with db.read() as tx:
        return await latest_seq(tx)


async def test_a_change_is_heard_as_it_happens(
    app: FastAPI, client: httpx.AsyncClient, db: Database, owner: Member
) -> None:
    async with reading(app, client) as reader:
        seq = await happen(db, owner.workspace_id, "task.moved", "tsk_1", to="done")
        assert await reader.event() == {
            "seq": seq,
            "kind": "task.moved",
            "subject_id": "tsk_1",
            "at": "2027-01-15T08:00:00.000000Z",
            "actor": "mem_1",
            "data": {"to": "done"},
        }


async def test_a_reader_resumes_where_it_was(
    app: FastAPI, client: httpx.AsyncClient, db: Database, owner: Member
) -> None:
    first = await happen(db, owner.workspace_id, "task.created")
    missed = [await happen(db, owner.workspace_id, "task.moved") for _ in range(3)]
    async with reading(app, client, last=str(first)) as reader:
        live_one = await happen(db, owner.workspace_id, "task.moved")
        assert [(await reader.event())["seq"] for _ in range(4)] == [*missed, live_one]


async def test_nothing_is_missed_or_doubled_while_events_pour_in(
    app: FastAPI, client: httpx.AsyncClient, db: Database, owner: Member
) -> None:
    start = await happen(db, owner.workspace_id, "task.created")

    async def pour() -> None:
        for _ in range(200):
            await happen(db, owner.workspace_id, "task.moved")

    pouring = asyncio.create_task(pour())
    await asyncio.sleep(0.05)
    async with reading(app, client, last=str(start)) as reader:
        seen = [(await reader.event())["seq"] for _ in range(200)]
    await pouring
    assert seen == list(range(start + 1, start + 201))


async def test_what_is_no_longer_kept_asks_the_reader_to_load_anew(
    app: FastAPI, client: httpx.AsyncClient, db: Database, owner: Member, clock: FakeClock
) -> None:
    old = await happen(db, owner.workspace_id, "task.created")
    for _ in range(3):
        await happen(db, owner.workspace_id, "task.created")
    clock.advance(3600)
    latest = await happen(db, owner.workspace_id, "task.created")
    async with db.transaction() as tx:
        await prune(tx, tx.now - 1)
    async with reading(app, client, last=str(old)) as reader:
        reset = await reader.event()
        assert (reset["kind"], reset["seq"]) == ("stream.reset", latest)
    async with reading(app, client, last=str(latest + 1000)) as reader:
        assert (await reader.event())["kind"] == "stream.reset"


async def test_a_reader_hears_only_its_workspace_and_what_it_asked_for(
    app: FastAPI, client: httpx.AsyncClient, db: Database, owner: Member
) -> None:
    async with db.transaction() as tx:
        other = await members.create_workspace(tx, "other")
    async with reading(app, client, query="kinds=task.*,run.ended&subject_id=s_1") as reader:
        await happen(db, other.id, "task.moved", "s_1")
        await happen(db, owner.workspace_id, "agent.changed", "s_1")
        await happen(db, owner.workspace_id, "task.moved", "s_2")
        await happen(db, owner.workspace_id, "run.ended", "s_1")
        assert (await reader.event())["kind"] == "run.ended"


async def test_an_agent_hears_what_concerns_itself(
    app: FastAPI, as_agent: AsAgent, db: Database, owner: Member
) -> None:
    agent = await as_agent("research")
    async with db.read() as tx:
        agent_id = str((await tx.connection.exec_driver_sql("SELECT id FROM agents")).scalar())
    async with reading(app, agent) as reader:
        await happen(db, owner.workspace_id, "task.assigned", "tsk_1", agent_id="agt_other")
        await happen(db, owner.workspace_id, "member.changed", owner.id)
        await happen(db, owner.workspace_id, "task.assigned", "tsk_2", agent_id=agent_id)
        await happen(db, owner.workspace_id, "agent.changed", agent_id)
        assert [(await reader.event())["kind"] for _ in range(2)] == ["task.assigned", "agent.changed"]


async def test_a_revoked_key_hears_its_end_and_no_more(app: FastAPI, client: httpx.AsyncClient, db: Database) -> None:
    made = (await client.post("/api/v1/members/me/tokens", json={"name": "script"})).json()
    script = httpx.AsyncClient(headers={"authorization": f"Bearer {made['secret']}"})
    async with script, reading(app, script) as reader:
        await client.post(f"/api/v1/keys/{made['id']}/revoke")
        assert (await reader.event())["kind"] == "key.revoked"
        with pytest.raises(EOFError):
            await reader.event()


async def test_a_reader_that_does_not_read_is_cut_off(
    app: FastAPI, client: httpx.AsyncClient, db: Database, owner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SEND_TIMEOUT_S", 0.1)
    async with reading(app, client) as reader:
        reader.blocked = True
        await happen(db, owner.workspace_id, "task.moved")
        assert reader.task is not None
        done, _ = await asyncio.wait({reader.task}, timeout=20)
        assert done
        reader.blocked = False


async def test_what_waits_for_a_slow_reader_is_bounded(db: Database, owner: Member) -> None:
    feed = EventFeed(db)
    async with feed.running(), feed.subscribe(owner.workspace_id, room=10) as subscription:
        for _ in range(20):
            await happen(db, owner.workspace_id, "task.moved")
        async with asyncio.timeout(20):
            while not subscription.over:
                await asyncio.sleep(0.01)
        assert len(await subscription.next(1)) == 10


async def test_a_quiet_stream_says_that_it_lives(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.05)
    async with reading(app, client) as reader:
        assert await reader.frame() == {"": "still here"}


async def test_a_stream_ends_when_the_feed_closes(app: FastAPI, client: httpx.AsyncClient) -> None:
    async with reading(app, client) as reader:
        app.state.feed.close()
        with pytest.raises(EOFError):
            await reader.event()


async def test_nobody_listens_unasked(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.get("/api/v1/events")).status_code == 401

import asyncio

import httpx
import pytest
from api_world import AsRole
from fastapi import APIRouter

from quarterdeck.access.members import Member
from quarterdeck.api.app import create_app
from quarterdeck.api.services import Services
from quarterdeck.control.http import Self
from quarterdeck.db import Database
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.kernel.events import Event

KEY = {"idempotency-key": "first"}


async def test_a_write_sent_twice_happens_once_and_is_answered_twice(client: httpx.AsyncClient) -> None:
    first = await client.post("/api/v1/agents", json={"name": "research"}, headers=KEY)
    again = await client.post("/api/v1/agents", json={"name": "research"}, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["content-type"] == first.headers["content-type"]
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    assert len((await client.get("/api/v1/agents")).json()["items"]) == 1


async def test_a_key_shown_once_is_shown_again_to_the_same_request_and_rests_sealed(
    client: httpx.AsyncClient, services: Services
) -> None:
    agent = (await client.post("/api/v1/agents", json={"name": "research"})).json()
    path = f"/api/v1/agents/{agent['id']}/keys"
    first = (await client.post(path, json={}, headers=KEY)).json()
    assert (await client.post(path, json={}, headers=KEY)).json()["secret"] == first["secret"]
    async with services.db.read() as tx:
        rows = (await tx.connection.exec_driver_sql("SELECT answer FROM idempotency_keys")).all()
    assert first["secret"].encode() not in rows[0][0]


async def test_a_refusal_is_remembered_too(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/v1/agents", json={"name": ""}, headers=KEY)).status_code == 422
    assert (await client.post("/api/v1/agents", json={"name": ""}, headers=KEY)).status_code == 422


async def test_another_request_under_the_same_key_is_refused(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/agents", json={"name": "research"}, headers=KEY)
    other = await client.post("/api/v1/agents", json={"name": "drafting"}, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


async def test_two_people_may_use_the_same_key(client: httpx.AsyncClient, as_role: AsRole) -> None:
    admin = await as_role("admin")
    assert (await client.post("/api/v1/agents", json={"name": "one"}, headers=KEY)).status_code == 201
    assert (await admin.post("/api/v1/agents", json={"name": "two"}, headers=KEY)).status_code == 201


async def test_a_day_later_the_key_is_free_again(client: httpx.AsyncClient, clock: FakeClock) -> None:
    await client.post("/api/v1/agents", json={"name": "research"}, headers=KEY)
    clock.advance(24 * 3600 + 1)
    again = await client.post("/api/v1/agents", json={"name": "research"}, headers=KEY)
    assert (again.status_code, again.json()["code"]) == (409, "name_taken")


async def test_requests_at_the_same_time_happen_once(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(client.post("/api/v1/agents", json={"name": "research"}, headers=KEY) for _ in range(5))
    )
    assert [answer.status_code for answer in answers] == [201] * 5
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_a_key_that_is_too_long_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/agents", json={"name": "x"}, headers={"idempotency-key": "k" * 256})
    assert (answer.status_code, answer.json()["field"]) == (400, "idempotency-key")


class Once:
    """A route that fails the first time and may be held up."""

    def __init__(self) -> None:
        self.calls = 0
        self.go = asyncio.Event()
        self.go.set()
        self.router = APIRouter()
        self.router.add_api_route("/shaky", self.shaky, methods=["POST"])

    async def shaky(self, _: Self) -> int:
        self.calls = number = self.calls + 1
        if number == 1:
            raise QuarterdeckError("It broke.")
        if number == 2:
            await self.go.wait()
        return number


async def test_what_failed_on_our_side_may_be_tried_again(client: httpx.AsyncClient, services: Services) -> None:
    shaky = Once()
    async with _client_of(client, services, shaky) as other:
        assert (await other.post("/api/v1/shaky", headers=KEY)).status_code == 500
        assert (await other.post("/api/v1/shaky", headers=KEY)).json() == 2
        assert (await other.post("/api/v1/shaky", headers=KEY)).json() == 2
    assert shaky.calls == 2


async def test_a_repetition_that_comes_too_early_is_told_to_wait(
    client: httpx.AsyncClient, services: Services, clock: FakeClock
) -> None:
    shaky = Once()
    shaky.calls = 1
    shaky.go.clear()
    async with _client_of(client, services, shaky) as other:
        first = asyncio.create_task(other.post("/api/v1/shaky", headers=KEY))
        while shaky.calls == 1:
            await asyncio.sleep(0.01)
        second = asyncio.create_task(other.post("/api/v1/shaky", headers=KEY))
        await asyncio.sleep(0.1)
        clock.advance(6)
        early = await second
        assert (early.status_code, early.json()["code"], early.headers["retry-after"]) == (409, "still_running", "1")
        shaky.go.set()
        assert (await first).json() == 2


async def test_a_key_held_by_a_process_that_died_is_free_after_a_while(
    client: httpx.AsyncClient, services: Services, clock: FakeClock
) -> None:
    shaky = Once()
    shaky.calls = 1
    shaky.go.clear()
    async with _client_of(client, services, shaky) as other:
        dead = asyncio.create_task(other.post("/api/v1/shaky", headers=KEY))
        while shaky.calls == 1:
            await asyncio.sleep(0.01)
        clock.advance(121)
        assert (await other.post("/api/v1/shaky", headers=KEY)).json() == 3
        shaky.go.set()
        await dead


class CutOff:
    """A route that writes and never answers, as of a process that dies; or breaks after it wrote."""

    def __init__(self, db: Database, workspace_id: str, *, breaks: bool) -> None:
        self._db = db
        self._event = Event(workspace_id, "thing.made", "thing")
        self._breaks = breaks
        self.writes = 0
        self.written = asyncio.Event()
        self.router = APIRouter()
        self.router.add_api_route("/cut-off", self.cut_off, methods=["POST"])

    async def cut_off(self, _: Self) -> int:
        async with self._db.transaction() as tx:
            await tx.emit(self._event)
        self.writes += 1
        self.written.set()
        if self._breaks:
            raise ZeroDivisionError
        await asyncio.Event().wait()
        return self.writes


@pytest.mark.parametrize("breaks", [False, True])
async def test_what_was_written_by_a_process_that_died_before_its_answer_is_not_written_again(
    client: httpx.AsyncClient, services: Services, clock: FakeClock, owner: Member, breaks: bool
) -> None:
    route = CutOff(services.db, owner.workspace_id, breaks=breaks)
    async with _client_of(client, services, route) as other:
        dead = asyncio.create_task(other.post("/api/v1/cut-off", headers=KEY))
        await route.written.wait()
        if breaks:
            assert (await dead).status_code == 500
        clock.advance(121)
        again = await other.post("/api/v1/cut-off", headers=KEY)
        assert (again.status_code, again.json()["code"]) == (409, "answer_lost")
        assert "new Idempotency-Key" in again.json()["detail"]
        assert route.writes == 1
        dead.cancel()
        await asyncio.wait({dead})
        assert (await other.post("/api/v1/cut-off", headers=KEY)).json()["code"] == "answer_lost"


def _client_of(client: httpx.AsyncClient, services: Services, route: "Once | CutOff") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(services, [route.router]))
    return httpx.AsyncClient(
        transport=transport, base_url=client.base_url, headers=client.headers, cookies=client.cookies
    )

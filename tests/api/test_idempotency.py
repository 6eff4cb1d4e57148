import asyncio
from collections.abc import Collection

import httpx
import pytest
from api_world import AsAgent, AsRole
from fastapi import APIRouter, FastAPI

from quarterdeck.access.members import Member
from quarterdeck.api.app import create_app
from quarterdeck.api.services import NoGateways, Services
from quarterdeck.control.http import Self
from quarterdeck.db import Database
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.kernel.errors import QuarterdeckError, Unavailable
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
        # Its five seconds begin when it has found the key taken, however long that takes; then they are soon over.
        while not second.done():
            await asyncio.sleep(0.05)
            clock.advance(0.9)
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
        else:
            clock.advance(121)
        again = await other.post("/api/v1/cut-off", headers=KEY)
        assert (again.status_code, again.json()["code"]) == (409, "answer_lost")
        assert "new Idempotency-Key" in again.json()["detail"]
        assert route.writes == 1
        dead.cancel()
        await asyncio.wait({dead})
        assert (await other.post("/api/v1/cut-off", headers=KEY)).json()["code"] == "answer_lost"


class Away(NoGateways):
    """Gateways that do not confirm until told to, and what they were asked to end."""

    def __init__(self) -> None:
        self.there = False
        self.ended: list[str] = []

    async def ensure_published(self) -> None:
        if not self.there:
            raise Unavailable("It is saved, but not confirmed yet.", code="not_published", retry_after_s=1)

    async def end_calls(self, *, scope: str, ids: Collection[str], code: str, message: str) -> int:
        self.ended.append(f"{scope} {code}")
        return 0


@pytest.fixture
def away(app: FastAPI) -> Away:
    app.state.gateways = gateways = Away()
    return gateways


async def test_what_gateways_have_not_confirmed_is_answered_once_they_have_and_done_once(
    client: httpx.AsyncClient, away: Away
) -> None:
    body = {"scope": "workspace", "amount_nano": 5_000_000_000, "window": "day"}
    for _ in range(2):
        answer = await client.post("/api/v1/budgets", json=body, headers=KEY)
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "not_published", "1")
        assert "same Idempotency-Key" in answer.json()["detail"]
    away.there = True
    answer = await client.post("/api/v1/budgets", json=body, headers=KEY)
    assert (answer.status_code, answer.headers["idempotency-replayed"]) == (201, "true")
    away.there = False
    assert (await client.post("/api/v1/budgets", json=body, headers=KEY)).json() == answer.json()
    assert [one["id"] for one in (await client.get("/api/v1/budgets")).json()["items"]] == [answer.json()["id"]]


async def test_a_key_rotated_while_gateways_are_away_is_shown_to_the_repetition(
    client: httpx.AsyncClient, away: Away
) -> None:
    agent = (await client.post("/api/v1/agents", json={"name": "research"})).json()
    old = (await client.post(f"/api/v1/agents/{agent['id']}/keys", json={})).json()
    assert (await client.post(f"/api/v1/keys/{old['id']}/rotate", headers=KEY)).status_code == 503
    away.there = True
    answer = await client.post(f"/api/v1/keys/{old['id']}/rotate", headers=KEY)
    assert (answer.status_code, answer.json()["secret"][:5]) == (201, "qd-a-")


async def test_what_was_to_end_is_ended_when_gateways_do_not_confirm_and_again_when_they_do(
    client: httpx.AsyncClient, away: Away
) -> None:
    agent = (await client.post("/api/v1/agents", json={"name": "research"})).json()
    one, two = [(await client.post(f"/api/v1/agents/{agent['id']}/keys", json={})).json()["id"] for _ in range(2)]
    assert (await client.post(f"/api/v1/keys/{one}/revoke")).status_code == 503
    assert away.ended == ["key key_invalid"]
    assert (await client.post(f"/api/v1/keys/{two}/revoke", headers=KEY)).status_code == 503
    away.there, away.ended = True, []
    assert (await client.post(f"/api/v1/keys/{two}/revoke", headers=KEY)).json()["state"] == "revoked"
    assert away.ended == ["key key_invalid"]


async def test_a_claim_is_answered_whether_gateways_have_confirmed_or_not(
    client: httpx.AsyncClient, as_agent: AsAgent, away: Away
) -> None:
    await client.post("/api/v1/tasks", json={"title": "Find sources", "state": "ready"})
    agent = await as_agent("research")
    answer = await agent.post("/api/v1/agent/claim", json={"session": "s-1"}, headers=KEY)
    assert (answer.status_code, answer.json()["claimed"]) == (200, True)


def _client_of(client: httpx.AsyncClient, services: Services, route: "Once | CutOff") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(services, [route.router]))
    return httpx.AsyncClient(
        transport=transport, base_url=client.base_url, headers=client.headers, cookies=client.cookies
    )

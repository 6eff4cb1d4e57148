"""Replays over HTTP: what is planned, what is refused, and what a process that takes over makes of one."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from api_world import AsAgent, AsRole

from quarterdeck.access import keyring
from quarterdeck.access.members import Member
from quarterdeck.access.vault import Vault
from quarterdeck.api.services import Services
from quarterdeck.control.replays import recorded
from quarterdeck.control.replays import store as replay_store
from quarterdeck.control.replays.model import StepState
from quarterdeck.db import Database
from quarterdeck.kernel.clock import SECOND, FakeClock
from quarterdeck.ledger.ingest import Ingester
from quarterdeck.ledger.journal import Journal
from quarterdeck.ledger.packs import Packs
from quarterdeck.ledger.record import CallRecord, Usage, encode
from quarterdeck.worker.replays import Replayer
from store.ledger.ledger_world import chat, record

USD = 10**9
NOWHERE = "http://127.0.0.1:1"
"""No gateway is there."""
ANSWER = b'{"choices":[{"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}'


@pytest.fixture
def packs(tmp_path: Path) -> Any:
    made = Packs(tmp_path / "packs", sync=False)
    yield made
    made.close()


@pytest.fixture
def services(services: Services, packs: Packs) -> Services:
    return replace(services, packs=packs)


class World:
    """A run with recorded calls, and what is needed to have more."""

    def __init__(self, db: Database, packs: Packs, data: Path, claimed: dict[str, Any], workspace_id: str) -> None:
        self.db = db
        self.packs = packs
        self.data = data
        self.run_id: str = claimed["run"]["id"]
        self.task_id: str = claimed["task"]["id"]
        self.agent_id: str = claimed["task"]["agent"]["id"]
        self.workspace_id = workspace_id

    async def take(self, *records: CallRecord) -> list[str]:
        """Have these calls in the ledger; their ids."""
        journal = Journal(self.data / "journal" / "main", min_free_bytes=0)
        for each in records:
            journal.append(encode(each))
        await journal.close()
        await Ingester(self.db, self.data / "journal", self.packs).run_once()
        return [each.id for each in records]

    def call(self, text: str, **changes: Any) -> CallRecord:
        whose = {
            "workspace_id": self.workspace_id,
            "run_id": self.run_id,
            "task_id": self.task_id,
            "agent_id": self.agent_id,
            "request_body": chat(text),
            "response_body": ANSWER,
            "usage": Usage(input_total=1_000, output_total=100),
            "cost": 210_000,
        }
        return record(self.db.clock.now(), **{**whose, **changes})


@pytest.fixture
async def world(
    client: httpx.AsyncClient, as_agent: AsAgent, db: Database, packs: Packs, owner: Member, tmp_path: Path
) -> World:
    agent = await as_agent("research")
    await client.post("/api/v1/tasks", json={"title": "Find sources", "state": "ready"})
    await client.post("/api/v1/providers", json={"name": "openai", "kind": "openai", "secret": "sk"})
    claimed = (await agent.post("/api/v1/agent/claim")).json()
    return World(db, packs, tmp_path, claimed, owner.workspace_id)


@pytest.fixture
async def call_ids(world: World) -> list[str]:
    return await world.take(world.call("one"), world.call("two"))


@pytest.fixture
async def replayer(db: Database, packs: Packs, tmp_path: Path) -> AsyncIterator[Replayer]:
    made = Replayer(db, Vault.open(tmp_path), packs, NOWHERE, holder="here")
    yield made
    await made.close()


async def create(client: httpx.AsyncClient, **body: Any) -> Any:
    answer = await client.post("/api/v1/replays", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def refused(client: httpx.AsyncClient, status: int, **body: Any) -> Any:
    answer = await client.post("/api/v1/replays", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def steps_of(client: httpx.AsyncClient, replay_id: str) -> list[Any]:
    found: list[Any] = (await client.get(f"/api/v1/replays/{replay_id}/steps")).json()["items"]
    return found


async def test_a_replay_is_dry_unless_it_is_said_otherwise(
    client: httpx.AsyncClient, world: World, call_ids: list[str]
) -> None:
    made = await create(client, run_id=world.run_id, model="gpt-4o", system="Be brief.", params={"seed": 7})
    assert (made["state"], made["cap_nano"], made["settled"], made["budget_id"]) == ("dry", None, True, None)
    totals = made["totals"]
    assert (totals["calls"], totals["was_cost_nano"], totals["estimate_nano"]) == (2, 420_000, 7_000_000)
    steps = await steps_of(client, made["id"])
    assert [each["call_id"] for each in steps] == call_ids
    assert [each["state"] for each in steps] == ["planned", "planned"]
    plan = steps[0]["plan"]
    assert (plan["provider"], plan["model"], plan["estimate_nano"]) == ("openai", "gpt-4o", 3_500_000)
    assert [each["field"] for each in plan["changes"]] == ["model", "system", "seed"]
    keys = (await client.get("/api/v1/keys")).json()["items"]
    assert not any((each["run_id"] or "").startswith("rep_") for each in keys)
    assert [each["name"] for each in (await client.get("/api/v1/agents")).json()["items"]] == ["research"]
    assert (await client.get("/api/v1/budgets")).json()["items"] == []


async def test_replays_are_listed_newest_first_and_by_what_they_are_of(
    client: httpx.AsyncClient, world: World, call_ids: list[str]
) -> None:
    made = [(await create(client, call_id=each))["id"] for each in (call_ids[0], call_ids[1], call_ids[0])]
    first = (await client.get("/api/v1/replays?limit=2")).json()
    assert [each["id"] for each in first["items"]] == made[:0:-1]
    rest = (await client.get(f"/api/v1/replays?limit=2&after={first['next']}")).json()
    assert ([each["id"] for each in rest["items"]], rest["next"]) == ([made[0]], None)
    of_one = (await client.get(f"/api/v1/replays?call_id={call_ids[1]}")).json()["items"]
    assert [each["id"] for each in of_one] == [made[1]]
    of_run = (await client.get(f"/api/v1/replays?run_id={world.run_id}&state=dry")).json()["items"]
    assert len(of_run) == 3
    page = (await client.get(f"/api/v1/replays/{made[0]}/steps?limit=1")).json()
    assert (len(page["items"]), page["next"]) == (1, None)


async def test_a_part_of_a_run_is_replayed_by_the_numbers_of_its_calls(
    client: httpx.AsyncClient, world: World, call_ids: list[str]
) -> None:
    made = await create(client, run_id=world.run_id, first_call=2)
    assert [each["call_id"] for each in await steps_of(client, made["id"])] == call_ids[1:]
    told = await refused(client, 400, run_id=world.run_id, first_call=3)
    assert "2 calls, and none of those" in told["detail"]


@pytest.mark.parametrize("mode", ["none", "redacted"])
async def test_a_call_whose_body_is_not_whole_says_what_to_do(
    client: httpx.AsyncClient, world: World, mode: str
) -> None:
    bodies = {"request_body": b"", "response_body": b""} if mode == "none" else {}
    [call_id] = await world.take(world.call("secret", body_mode=mode, **bodies))
    told = await refused(client, 400, call_id=call_id, model="gpt-4o")
    assert (told["code"], "Set the agent's body mode to full" in told["detail"]) == ("not_replayable", True)
    await world.take(world.call("open"))
    made = await create(client, run_id=world.run_id, model="gpt-4o")
    assert made["totals"]["by_state"] == {"left_out": 1, "planned": 1}
    reasons = [each["reason"] for each in await steps_of(client, made["id"]) if each["state"] == "left_out"]
    assert "body mode to full" in reasons[0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "call_id"),
        ({"run_id": "run_x", "call_id": "call_x"}, "call_id"),
        ({"run_id": "rep_x"}, "run_id"),
        ({"run_id": "run_x", "dry": False}, "cap_nano"),
        ({"run_id": "run_x", "dry": False, "cap_nano": 0}, "cap_nano"),
        ({"run_id": "run_x", "cap_nano": 5}, "cap_nano"),
        ({"run_id": "run_x", "route_version": 2}, "route_version"),
        ({"run_id": "run_x", "params": {"messages": []}}, "params"),
        ({"run_id": "run_x", "first_call": 3, "last_call": 2}, "first_call"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(client: httpx.AsyncClient, body: dict[str, Any], field: str) -> None:
    assert (await refused(client, 400, **body))["field"] == field


async def test_what_is_not_there_is_not_replayed(client: httpx.AsyncClient, world: World, call_ids: list[str]) -> None:
    await refused(client, 404, run_id="run_none")
    await refused(client, 404, call_id="call_none")
    await refused(client, 404, run_id=world.run_id, route="none")
    assert (await client.get("/api/v1/replays/rep_none")).status_code == 404
    made = await create(client, call_id=call_ids[0])
    assert (await client.get(f"/api/v1/replays/{made['id']}/steps/2")).status_code == 404


async def test_a_route_is_tried_at_any_of_its_versions(
    client: httpx.AsyncClient, world: World, call_ids: list[str]
) -> None:
    config = {"provider": "openai", "override_params": {"model": "gpt-4o"}}
    await client.post("/api/v1/routes", json={"name": "strong", "config": config})
    newer = {"provider": "openai", "override_params": {"model": "gpt-4.1-nano"}}
    await client.put("/api/v1/routes/strong", json={"config": newer})
    for version, model in ((1, "gpt-4o"), (None, "gpt-4.1-nano")):
        made = await create(client, call_id=call_ids[0], route="strong", route_version=version)
        [step] = await steps_of(client, made["id"])
        assert (step["plan"]["provider"], step["plan"]["model"]) == ("openai", model)
    assert (await refused(client, 400, call_id=call_ids[0], route="strong", route_version=9))["field"] == (
        "route_version"
    )


async def test_one_that_sends_has_a_key_and_a_budget_of_its_own(
    client: httpx.AsyncClient, db: Database, world: World, call_ids: list[str]
) -> None:
    made = await create(client, run_id=world.run_id, model="gpt-4o", dry=False, cap_nano=USD)
    assert (made["state"], made["settled"], made["totals"]["by_state"]) == ("running", False, {"pending": 2})
    [budget] = (await client.get("/api/v1/budgets")).json()["items"]
    assert (budget["id"], budget["amount_nano"], budget["mode"]) == (made["budget_id"], USD, "hard")
    agents = {each["id"]: each["name"] for each in (await client.get("/api/v1/agents")).json()["items"]}
    assert agents[made["agent_id"]] == "replay"
    async with db.read() as tx:
        key = next(
            each for each in (await keyring.page(tx, world.workspace_id, limit=9)).items if each.run_id == made["id"]
        )
    assert (key.agent_id, key.task_id, key.body_mode, key.tags) == (
        made["agent_id"],
        None,
        "full",
        {"replay": made["id"]},
    )
    again = await create(client, run_id=world.run_id, dry=False, cap_nano=USD)
    assert again["agent_id"] == made["agent_id"]
    audit = (await client.get("/api/v1/audit?limit=500")).text
    assert "replay.created" in audit


async def test_the_same_wish_twice_is_one_replay(client: httpx.AsyncClient, world: World, call_ids: list[str]) -> None:
    body = {"run_id": world.run_id, "dry": False, "cap_nano": USD}
    made = [
        (await client.post("/api/v1/replays", json=body, headers={"idempotency-key": "one"})).json()["id"]
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert len((await client.get("/api/v1/replays")).json()["items"]) == 1


async def test_a_cancelled_one_sends_nothing_more(
    client: httpx.AsyncClient, db: Database, world: World, call_ids: list[str], replayer: Replayer
) -> None:
    made = await create(client, run_id=world.run_id, dry=False, cap_nano=USD)
    over = (await client.post(f"/api/v1/replays/{made['id']}/cancel")).json()
    assert (over["state"], over["totals"]["by_state"]) == ("cancelled", {"not_sent": 2})
    again = await client.post(f"/api/v1/replays/{made['id']}/cancel")
    assert (again.status_code, again.json()["state"]) == (409, "cancelled")
    async with db.read() as tx:
        key = next(
            each for each in (await keyring.page(tx, world.workspace_id, limit=9)).items if each.run_id == made["id"]
        )
    assert key.state == "ended"
    assert len((await client.get("/api/v1/budgets")).json()["items"]) == 1
    await replayer.look()
    assert (await client.get(f"/api/v1/replays/{made['id']}")).json()["settled"]
    assert (await client.get("/api/v1/budgets")).json()["items"] == []


async def test_what_calls_are_planned_by_is_read_once_for_those_that_begin_together(
    client: httpx.AsyncClient, world: World, call_ids: list[str], replayer: Replayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await create(client, run_id=world.run_id, dry=False, cap_nano=USD, at_once=2)
    read, world_of = [], recorded.world_of

    async def noted(*args: Any) -> Any:
        read.append(args)
        return await world_of(*args)

    monkeypatch.setattr(recorded, "world_of", noted)
    # A second is how long it is good for: on a busy machine two that begin together may be further apart.
    monkeypatch.setattr("quarterdeck.worker.replays.LOOK_S", 600.0)
    await replayer.look()
    async with asyncio.timeout(30):
        while any(step["state"] == "pending" for step in await steps_of(client, made["id"])) or not read:
            await asyncio.sleep(0.01)
    await replayer.close()
    assert len(read) == 1


async def _begun(db: Database, workspace_id: str, replay_id: str, number: int) -> None:
    """A process marked this step as being sent, and ended."""
    async with db.transaction() as tx:
        await tx.execute(
            replay_store.steps.update()
            .where(replay_store.steps.c.replay_id == replay_id, replay_store.steps.c.number == number)
            .values(state=StepState.SENDING.value, changed_at=tx.now)
        )
        await tx.execute(replay_store.replays.update().values(holder="gone", lease_expires_at=tx.now + 15 * SECOND))


async def test_what_was_under_way_when_a_process_ended_is_found_in_the_ledger_and_never_sent_again(
    client: httpx.AsyncClient, db: Database, clock: FakeClock, world: World, call_ids: list[str], replayer: Replayer
) -> None:
    made = await create(client, run_id=world.run_id, model="gpt-4o", dry=False, cap_nano=USD)
    for number in (1, 2):
        await _begun(db, world.workspace_id, made["id"], number)
    assert await replayer.look() is False  # another process may still be at it
    await world.take(
        world.call(
            "one", run_id=made["id"], task_id=None, agent_id=made["agent_id"], model="gpt-4o", cost=3_500_000,
            tags=[("replay", made["id"]), ("replay_step", "1")],
        )
    )  # fmt: skip
    clock.advance(20)
    for _ in range(3):
        await replayer.look()
    now = (await client.get(f"/api/v1/replays/{made['id']}")).json()
    assert (now["state"], now["settled"], now["totals"]["by_state"]) == ("running", False, {"done": 1, "unsure": 1})
    clock.advance(61)
    for _ in range(2):
        await replayer.look()
    now = (await client.get(f"/api/v1/replays/{made['id']}")).json()
    assert (now["state"], now["settled"], now["totals"]["by_state"]) == ("done", True, {"done": 1, "unknown": 1})
    totals = now["totals"]
    assert (totals["cost_nano"], totals["done_was_cost_nano"], totals["same"]) == (3_500_000, 210_000, 1)
    first, second = await steps_of(client, made["id"])
    assert (first["compared"]["same"], first["compared"]["stop_now"]) == (True, "stop")
    assert "not sent again" in second["reason"]
    detail = (await client.get(f"/api/v1/replays/{made['id']}/steps/1")).json()
    assert (detail["before"]["text"], detail["now"]["text"], detail["hunks"]) == ("Hi", "Hi", [])
    waste = (await client.get("/api/v1/costs/waste")).json()
    assert (waste["totals"]["classes"]["replay"], waste["difference_nano"]) == (3_500_000, 0)
    assert waste["totals"]["classes"]["in_progress"] == 420_000
    task = (await client.get(f"/api/v1/costs/tasks/{world.task_id}")).json()
    assert task["total_nano"] == 420_000
    card = (await client.get("/api/v1/costs/report_card?by=model")).json()["rows"]
    assert {each["value"]: each["cost_nano"] for each in card} == {"gpt-4o-mini": 420_000}


async def test_without_a_budget_nothing_is_sent(
    client: httpx.AsyncClient, world: World, call_ids: list[str], replayer: Replayer
) -> None:
    made = await create(client, run_id=world.run_id, dry=False, cap_nano=USD)
    assert (await client.delete(f"/api/v1/budgets/{made['budget_id']}")).status_code == 204
    for _ in range(2):
        await replayer.look()
    now = (await client.get(f"/api/v1/replays/{made['id']}")).json()
    assert (now["state"], now["settled"], now["totals"]["by_state"]) == ("stopped", True, {"not_sent": 2})
    assert "budget was taken away" in now["reason"]


async def test_the_words_of_calls_are_for_those_who_may_read_bodies(
    client: httpx.AsyncClient, as_role: AsRole, world: World, call_ids: list[str]
) -> None:
    made = await create(client, call_id=call_ids[0], system="Confidential.")
    viewer, reviewer = await as_role("viewer"), await as_role("reviewer")
    shown = await viewer.get(f"/api/v1/replays/{made['id']}")
    assert (shown.json()["target"]["system_replaced"], "Confidential" in shown.text) == (True, False)
    assert (await viewer.get(f"/api/v1/replays/{made['id']}/steps")).status_code == 403
    assert "Confidential" in (await reviewer.get(f"/api/v1/replays/{made['id']}/steps")).text
    assert (await reviewer.post("/api/v1/replays", json={"call_id": call_ids[0]})).status_code == 403


async def test_dry_replays_are_forgotten_in_time(
    client: httpx.AsyncClient, db: Database, world: World, call_ids: list[str]
) -> None:
    await create(client, call_id=call_ids[0])
    await create(client, call_id=call_ids[0], dry=False, cap_nano=USD)
    async with db.transaction() as tx:
        assert await replay_store.forget_dry(tx, tx.now + 1, 100) == 1
        left = await tx.scalar(sa.select(sa.func.count()).select_from(replay_store.steps))
    assert left == 1
    assert len((await client.get("/api/v1/replays")).json()["items"]) == 1

"""The audit log on both stores: every change is in it, in one chain, and whoever touches the chain is found out."""

import asyncio
import json
from typing import Any

import pytest
import sqlalchemy as sa
from work_world import World

from quarterdeck.access import keyring, members
from quarterdeck.access.actors import Role
from quarterdeck.access.keyring import Holder
from quarterdeck.control.agents import actions as agent_actions
from quarterdeck.control.agents.model import Desired
from quarterdeck.control.audit import store, verifying
from quarterdeck.control.audit.recording import install
from quarterdeck.control.audit.verifying import Anchor
from quarterdeck.control.comments import actions as comments
from quarterdeck.control.comments.model import Anchor as Place
from quarterdeck.control.tasks.model import TaskState
from quarterdeck.db import Database
from quarterdeck.kernel.errors import Changed
from quarterdeck.kernel.origin import Origin, acting


@pytest.fixture
async def world(db: Database) -> World:
    return await World.make(install(db))


async def _log(world: World) -> list[dict[str, Any]]:
    async with world.db.read() as tx:
        return [json.loads(entry.body) for entry in await store.after(tx, world.workspace_id, 0, 1_000)]


async def test_a_change_is_written_with_who_on_whose_behalf_before_and_after(world: World) -> None:
    agent = await world.agent()
    task = await world.task()
    with acting(Origin("api", world.owner.id, "req_1")):
        await world.want(agent, Desired.PAUSED)
    paused = (await _log(world))[-1]
    assert (paused["kind"], paused["actor_id"], paused["via"], paused["request_id"]) == (
        "agent.changed",
        world.owner.id,
        "api",
        "req_1",
    )
    assert paused["changes"] == [
        {"table": "agents", "id": agent.id, "before": {"desired": "enabled"}, "after": {"desired": "paused"}}
    ]
    await world.want(agent, Desired.ENABLED)
    claimed = await world.claimed(agent)
    moved = next(entry for entry in reversed(await _log(world)) if entry["kind"] == "task.moved")
    assert (moved["actor_id"], moved["on_behalf_of_id"]) == (agent.id, world.owner.id)
    assert moved["changes"][0]["before"]["state"] == "ready"
    assert moved["changes"][0]["after"]["state"] == "in_progress"
    assert moved["changes"][0]["after"]["run_id"] == claimed.run.id
    assert task.id == moved["subject_id"]


async def test_what_was_undone_or_changed_nothing_leaves_no_entry(world: World) -> None:
    agent = await world.agent()
    before = await _log(world)
    with pytest.raises(RuntimeError):
        async with world.db.transaction() as tx:
            await members.create(tx, world.workspace_id, email="x@example.com", name="x", role=Role.VIEWER)
            raise RuntimeError
    await world.want(agent, Desired.ENABLED)
    assert await _log(world) == before


async def test_a_write_that_no_event_tells_of_is_there_all_the_same(world: World) -> None:
    async with world.db.transaction() as tx:
        workspace = await members.workspace(tx, world.workspace_id)
        await members.change_workspace(tx, workspace, {"body_mode": "none"})
    last = (await _log(world))[-1]
    assert (last["kind"], last["subject_id"]) == ("workspaces.changed", world.workspace_id)
    assert last["changes"][0]["after"] == {"body_mode": "none"}


async def test_no_secret_is_ever_in_it(world: World) -> None:
    agent = await world.agent()
    task = await world.task(brief="use sk-live-abcdefghijklmnopqrstuvwx to call it" + "x" * 3_000)
    claimed = await world.claimed(agent)
    async with world.db.transaction() as tx:
        issued = await keyring.issue(tx, Holder(world.workspace_id, agent_id=agent.id))
        await members.set_password(tx, world.owner, "$argon2id$very-secret-hash", keep_session=None)
        await comments.write(tx, world.member, task.id, f"My key is {issued.secret} and\nBearer {'z' * 40}", Place())
    text = json.dumps(await _log(world))
    async with world.db.read() as tx:
        digest = (await tx.row(sa.select(keyring.keys.c.hash).where(keyring.keys.c.id == issued.key.id)))["hash"]
    for secret in (issued.secret, claimed.run_key, "very-secret-hash", "abcdefghijklmnop", "z" * 40, digest.hex()):
        assert secret not in text
    assert '"password_hash": "[hidden]"' in text
    assert "[redacted:api_key]" in text


async def test_mere_signs_of_life_are_not_changes(world: World) -> None:
    agent = await world.agent()
    await world.task()
    claimed = await world.claimed(agent)
    before = len(await _log(world))
    await world.progress(claimed.run)
    async with world.db.transaction() as tx:
        await keyring.touch(tx, {"key_x": tx.now})
    assert len(await _log(world)) == before


async def test_the_chain_holds_while_many_write_at_once(world: World) -> None:
    await asyncio.gather(*(world.agent(f"agent {number}") for number in range(20)))
    found = await verifying.verify(world.db, world.workspace_id)
    assert found.problem is None
    assert found.entries == len(await _log(world)) >= 20
    assert [entry["seq"] for entry in await _log(world)] == list(range(1, found.entries + 1))
    assert (await verifying.verify(world.db, world.workspace_id, Anchor.of(found.head))).problem is None


async def _filled(world: World) -> verifying.Verdict:
    for number in range(4):
        task = await world.task(f"Task {number}")
        await world.move(task, TaskState.CANCELLED)
    return await verifying.verify(world.db, world.workspace_id)


async def _tamper(world: World, statement: sa.Executable) -> None:
    async with world.db.engine.begin() as connection:
        await connection.execute(statement)


async def test_an_entry_that_was_edited_is_found(world: World) -> None:
    await _filled(world)
    changed = sa.func.replace(store.entries.c.body, "Task 1", "Task 9")
    await _tamper(world, store.entries.update().where(store.entries.c.seq == 5).values(body=changed))
    found = await verifying.verify(world.db, world.workspace_id)
    assert found.problem is not None
    assert found.at_seq == 5


async def test_a_column_that_was_edited_to_hide_an_entry_from_searches_is_found(world: World) -> None:
    await _filled(world)
    await _tamper(world, store.entries.update().where(store.entries.c.seq == 3).values(actor_id="mem_other"))
    found = await verifying.verify(world.db, world.workspace_id)
    assert found.problem == "the column actor_id of entry 3 was changed"


async def test_an_entry_that_was_taken_out_is_found(world: World) -> None:
    await _filled(world)
    await _tamper(world, store.entries.delete().where(store.entries.c.seq == 3))
    assert (await verifying.verify(world.db, world.workspace_id)).problem == "entry 3 is missing"


async def test_entries_cut_off_at_the_end_are_found(world: World) -> None:
    whole = await _filled(world)
    await _tamper(world, store.entries.delete().where(store.entries.c.seq > whole.seq - 2))
    found = await verifying.verify(world.db, world.workspace_id)
    assert found.problem == f"entries after {whole.seq - 2} are gone: there were {whole.seq}"


async def test_entries_that_changed_places_are_found(world: World) -> None:
    await _filled(world)
    for old, new in ((3, 1_000), (4, 3), (1_000, 4)):
        await _tamper(world, store.entries.update().where(store.entries.c.seq == old).values(seq=new))
    assert (await verifying.verify(world.db, world.workspace_id)).at_seq == 3


async def test_a_chain_that_was_computed_anew_is_found_by_a_head_that_was_written_down(world: World) -> None:
    whole = await _filled(world)
    async with world.db.transaction() as tx:
        kept = await store.after(tx, world.workspace_id, 0, whole.seq - 2)
        await tx.execute(store.entries.delete().where(store.entries.c.seq > whole.seq - 2))
        await tx.execute(store.heads.update().values(seq=kept[-1].seq, hash=kept[-1].hash))
    assert (await verifying.verify(world.db, world.workspace_id)).problem is None
    found = await verifying.verify(world.db, world.workspace_id, Anchor.of(whole.head))
    assert found.problem is not None


async def test_what_a_savepoint_undid_is_not_there(world: World) -> None:
    await world.agent("research")
    before = await _log(world)
    async with world.db.transaction() as tx:
        with pytest.raises(Changed):
            await agent_actions.create(tx, world.workspace_id, name="Research", owner_id=world.owner.id)
        await members.create(tx, world.workspace_id, email="x@example.com", name="x", role=Role.VIEWER)
    assert [entry["kind"] for entry in (await _log(world))[len(before) :]] == ["member.changed"]


async def test_a_row_that_is_made_and_changed_in_one_go_is_written_as_it_is_left(world: World) -> None:
    async with world.db.transaction() as tx:
        made = await members.create(tx, world.workspace_id, email="x@example.com", name="x", role=Role.VIEWER)
        await members.change(tx, world.workspace_id, made.id, name="Xenia")
    changes = [change for entry in await _log(world) for change in entry["changes"] if change["id"] == made.id]
    assert [(change["before"], change["after"]["name"]) for change in changes] == [(None, "Xenia")]

import pytest

from quarterdeck.access import keyring
from quarterdeck.access.entries import REMEMBERED, key_entries, key_entry
from quarterdeck.access.keyring import Holder, Scope
from quarterdeck.access.keys import KeyKind, key_hash, make_key, parse_key
from quarterdeck.access.members import FirstBoot
from quarterdeck.db import Database
from quarterdeck.db.outbox import read_after
from quarterdeck.kernel.clock import SECOND, FakeClock
from quarterdeck.kernel.errors import Changed, Invalid, NotFound


@pytest.fixture
def agent(boot: FirstBoot) -> Holder:
    return Holder(boot.workspace.id, agent_id="agt_1")


async def test_an_issued_key_is_found_by_the_hash_of_its_text(db: Database, agent: Holder) -> None:
    async with db.transaction() as tx:
        issued = await keyring.issue(tx, agent, name="laptop", scope=Scope(models=["openai/*"], tags={"team": "a"}))
    async with db.read() as tx:
        found = await keyring.find(tx, key_hash(issued.secret))
        told = (await read_after(tx, 0))[-1]
    assert found == issued.key
    assert (told.kind, told.subject_id, told.data["agent_id"]) == ("key.created", issued.key.id, "agt_1")


async def test_only_the_hash_is_stored(db: Database, agent: Holder) -> None:
    async with db.transaction() as tx:
        issued = await keyring.issue(tx, agent)
    async with db.read() as tx:
        rows = (await tx.connection.exec_driver_sql("SELECT * FROM keys")).all()
        events = (await tx.connection.exec_driver_sql("SELECT * FROM events")).all()
    assert issued.secret not in str(rows) + str(events)


async def test_each_holder_gets_its_kind_of_key(db: Database, boot: FirstBoot) -> None:
    for holder, kind in (
        (Holder(boot.workspace.id, agent_id="agt_1"), KeyKind.AGENT),
        (Holder(boot.workspace.id, agent_id="agt_1", run_id="run_1", task_id="tsk_1"), KeyKind.RUN),
        (Holder(boot.workspace.id, member_id=boot.owner.id), KeyKind.MEMBER),
    ):
        async with db.transaction() as tx:
            issued = await keyring.issue(tx, holder)
        assert parse_key(issued.secret) is issued.key.kind is kind


async def test_a_brought_key_may_be_any_text_that_is_long_enough(db: Database, agent: Holder) -> None:
    async with db.transaction() as tx:
        key = await keyring.bring(tx, agent, "sk-legacy-0123456789")
        assert await keyring.find(tx, key_hash("sk-legacy-0123456789")) == key
        with pytest.raises(Invalid):
            await keyring.bring(tx, agent, "too short")
        with pytest.raises(Changed, match="already in use"):
            await keyring.bring(tx, agent, "sk-legacy-0123456789")


async def test_a_brought_key_with_our_prefix_must_be_one_of_ours(db: Database, agent: Holder) -> None:
    text, _ = make_key(KeyKind.AGENT)
    async with db.transaction() as tx:
        with pytest.raises(Invalid, match="checksum"):
            await keyring.bring(tx, agent, text[:-1] + ("a" if text[-1] != "a" else "b"))
        await keyring.bring(tx, agent, text)


async def test_revoking_twice_is_told_once(db: Database, agent: Holder) -> None:
    async with db.transaction() as tx:
        issued = await keyring.issue(tx, agent)
    for _ in range(2):
        async with db.transaction() as tx:
            assert (await keyring.revoke(tx, agent.workspace_id, issued.key.id)).state == keyring.REVOKED
    async with db.read() as tx:
        kinds = [event.kind for event in await read_after(tx, 0)]
    assert kinds.count("key.revoked") == 1


async def test_a_key_of_another_workspace_is_not_there(db: Database, agent: Holder) -> None:
    async with db.transaction() as tx:
        issued = await keyring.issue(tx, agent)
        for verb in (keyring.get, keyring.revoke, keyring.rotate):
            with pytest.raises(NotFound):
                await verb(tx, "ws_other", issued.key.id)


async def test_a_rotation_keeps_the_scope_and_lets_the_old_key_overlap(
    db: Database, agent: Holder, clock: FakeClock
) -> None:
    async with db.transaction() as tx:
        old = await keyring.issue(tx, agent, name="laptop", scope=Scope(models=["x"], body_mode="none"))
        fresh = await keyring.rotate(tx, agent.workspace_id, old.key.id, overlap_s=60)
        before = await keyring.get(tx, agent.workspace_id, old.key.id)
    assert (fresh.key.models, fresh.key.body_mode, fresh.key.name) == (["x"], "none", "laptop")
    assert (before.state, before.expires_at) == (keyring.ACTIVE, clock.now() + 60 * SECOND)


async def test_a_rotation_never_lengthens_a_life(db: Database, agent: Holder, clock: FakeClock) -> None:
    end = clock.now() + 10 * SECOND
    async with db.transaction() as tx:
        old = await keyring.issue(tx, agent, scope=Scope(expires_at=end))
        fresh = await keyring.rotate(tx, agent.workspace_id, old.key.id, overlap_s=3600)
        assert (await keyring.get(tx, agent.workspace_id, old.key.id)).expires_at == end
    assert fresh.key.expires_at == end


async def test_a_run_key_is_not_rotated_and_ends_with_its_run(db: Database, boot: FirstBoot) -> None:
    async with db.transaction() as tx:
        issued = await keyring.issue(tx, Holder(boot.workspace.id, agent_id="agt_1", run_id="run_1"))
        with pytest.raises(Invalid, match="as long as its run"):
            await keyring.rotate(tx, boot.workspace.id, issued.key.id)
        assert await keyring.end_run_keys(tx, "run_1") == 1
        assert await keyring.end_run_keys(tx, "run_1") == 0
        assert (await keyring.get(tx, boot.workspace.id, issued.key.id)).state == keyring.ENDED


async def test_use_is_noted_and_never_goes_back(db: Database, agent: Holder, clock: FakeClock) -> None:
    async with db.transaction() as tx:
        key = (await keyring.issue(tx, agent)).key
        for at in (clock.now(), clock.now() - 5, clock.now() + 5):
            await keyring.touch(tx, {key.id: at, "key_gone": at})
        assert (await keyring.get(tx, agent.workspace_id, key.id)).last_used_at == clock.now() + 5
        await keyring.touch(tx, {})


async def test_gateways_hold_keys_that_work_and_those_that_ended_lately(
    db: Database, agent: Holder, clock: FakeClock
) -> None:
    async with db.transaction() as tx:
        live = await keyring.issue(tx, agent, scope=Scope(models=["a*"], route="r", tags={"a": "b"}))
        expired = await keyring.issue(tx, agent, scope=Scope(expires_at=clock.now() + SECOND))
        revoked = await keyring.issue(tx, agent)
        await keyring.revoke(tx, agent.workspace_id, revoked.key.id)
    clock.advance(60)
    async with db.read() as tx:
        entries = await key_entries(tx)
        for issued in (live, expired, revoked):
            digest = key_hash(issued.secret)
            assert entries[digest].id == issued.key.id
            assert await key_entry(tx, digest) == entries[digest]
        entry = entries[key_hash(live.secret)]
        assert (entry.kind, entry.models, entry.route, entry.tags) == ("agent", ["a*"], "r", {"a": "b"})
        assert entries[key_hash(revoked.secret)].state == "revoked"
    clock.advance(REMEMBERED / SECOND)
    async with db.read() as tx:
        # The owner's token is the other one.
        assert len(await key_entries(tx)) == 2
        assert await key_entry(tx, key_hash(expired.secret)) is None
        assert await key_entry(tx, key_hash(revoked.secret)) is None
        assert await key_entry(tx, b"\0" * 32) is None

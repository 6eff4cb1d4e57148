import pytest
import sqlalchemy as sa
from replays.test_replay_rows import replay, step

from quarterdeck.access import keyring, members, sessions
from quarterdeck.access.keyring import Holder, Scope
from quarterdeck.access.keys import key_hash
from quarterdeck.access.members import FirstBoot
from quarterdeck.access.sessions import IDLE
from quarterdeck.control.replays import store as replays
from quarterdeck.control.replays.model import ReplayState
from quarterdeck.db import Database
from quarterdeck.db.outbox import read_after
from quarterdeck.kernel.clock import DAY, SECOND, FakeClock
from quarterdeck.kernel.errors import Unauthenticated
from quarterdeck.worker import housekeeping
from quarterdeck.worker.housekeeping import DRY_REPLAYS_KEPT, EVENTS_DAYS, tidy

A_DAY_S = DAY // SECOND


async def test_events_are_kept_for_a_month_or_as_long_as_the_workspace_says(
    db: Database, boot: FirstBoot, clock: FakeClock
) -> None:
    clock.advance((EVENTS_DAYS + 1) * A_DAY_S)
    async with db.transaction() as tx:
        await members.create(tx, boot.workspace.id, email="x@example.com", name="x", role=boot.owner.role)
        await members.change_workspace(tx, boot.workspace, {"settings": {"retention": {"events_days": 60}}})
    await tidy(db)
    async with db.read() as tx:
        assert len(await read_after(tx, 0)) == 3
        workspace = await members.workspace(tx, boot.workspace.id)
    async with db.transaction() as tx:
        await members.change_workspace(tx, workspace, {"settings": {}})
    await tidy(db)
    async with db.read() as tx:
        assert len(await read_after(tx, 0)) == 1


async def test_sessions_and_links_go_when_they_are_over(db: Database, boot: FirstBoot, clock: FakeClock) -> None:
    async with db.transaction() as tx:
        old = await sessions.open_session(tx, boot.owner)
        await sessions.make_link(tx, boot.owner)
    clock.advance(IDLE / SECOND + 1)
    async with db.transaction() as tx:
        fresh = await sessions.open_session(tx, boot.owner)
        link = await sessions.make_link(tx, boot.owner)
    await tidy(db)
    async with db.transaction() as tx:
        assert await sessions.find(tx, old) is None
        assert await sessions.find(tx, fresh) is not None
        assert (await tx.connection.exec_driver_sql("SELECT count(*) FROM sessions")).scalar() == 1
        assert (await tx.connection.exec_driver_sql("SELECT count(*) FROM sign_in_links")).scalar() == 1
        assert (await sessions.use_link(tx, link)).id == boot.owner.id
        with pytest.raises(Unauthenticated):
            await sessions.use_link(tx, link)


async def test_run_keys_and_tokens_long_over_go_and_an_agents_keys_stay(
    db: Database, boot: FirstBoot, clock: FakeClock
) -> None:
    space = boot.workspace.id
    async with db.transaction() as tx:
        run = await keyring.issue(tx, Holder(space, agent_id="agt_1", run_id="run_1"))
        token = await keyring.issue(
            tx, Holder(space, member_id=boot.owner.id), scope=Scope(expires_at=tx.now + 10 * SECOND)
        )
        agent = await keyring.issue(tx, Holder(space, agent_id="agt_1"))
        await keyring.end_run_keys(tx, "run_1")
        await keyring.revoke(tx, space, agent.key.id)
    await tidy(db)
    async with db.read() as tx:
        assert await keyring.find(tx, key_hash(run.secret)) is not None
    clock.advance(31 * A_DAY_S)
    await tidy(db)
    async with db.read() as tx:
        assert await keyring.find(tx, key_hash(run.secret)) is None
        assert await keyring.find(tx, key_hash(token.secret)) is None
        assert await keyring.find(tx, key_hash(agent.secret)) is not None
        assert boot.token is not None
        assert await keyring.find(tx, key_hash(boot.token)) is not None


async def test_dry_replays_go_with_their_steps_a_few_at_a_time(
    db: Database, boot: FirstBoot, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with db.transaction() as tx:
        for number in range(5):
            name = f"rep_{number}"
            await replays.insert(tx, replay(name, ReplayState.DRY), [step(1, name), step(2, name)])
        await replays.insert(tx, replay("rep_kept", ReplayState.DONE), [step(1, "rep_kept")])
    clock.advance(DRY_REPLAYS_KEPT / SECOND + 1)
    monkeypatch.setattr(housekeeping, "REPLAYS_BATCH", 2)
    rounds = []
    forget = replays.forget_dry

    async def noted(*args: int) -> int:
        rounds.append(await forget(*args))
        return rounds[-1]

    monkeypatch.setattr(replays, "forget_dry", noted)
    await tidy(db)
    assert rounds == [2, 2, 1]
    async with db.read() as tx:
        assert [row["id"] for row in await tx.rows(sa.select(replays.replays.c.id))] == ["rep_kept"]
        assert [row["replay_id"] for row in await tx.rows(sa.select(replays.steps.c.replay_id))] == ["rep_kept"]

"""What gateways are told of the world, and when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from quarterdeck.access import keyring, members
from quarterdeck.access.keyring import Holder
from quarterdeck.access.keys import key_hash
from quarterdeck.access.members import FirstBoot
from quarterdeck.access.snapshot import Snapshot, decode, encode
from quarterdeck.access.vault import Vault
from quarterdeck.control.agents import actions as agents
from quarterdeck.control.agents.model import Agent, AgentChange, Desired
from quarterdeck.control.declared.actions import apply
from quarterdeck.control.providers import actions as providers
from quarterdeck.control.providers.model import Wanted
from quarterdeck.db import Database
from quarterdeck.db.outbox import EventFeed
from quarterdeck.kernel import toml
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.kernel.errors import Unavailable
from quarterdeck.worker import snapshots
from quarterdeck.worker.snapshots import Publisher, build_snapshot, lookup


@pytest.fixture
async def agent(db: Database, boot: FirstBoot) -> Agent:
    async with db.transaction() as tx:
        return await agents.create(tx, boot.workspace.id, name="research", owner_id=boot.owner.id)


class Gateway:
    """Stands in for the line to the gateways: keeps what it was given, and may be slow or gone."""

    def __init__(self) -> None:
        self.got: list[Snapshot] = []
        self.arrived = asyncio.Event()
        self.answering = asyncio.Event()
        self.answering.set()

    async def publish(self, snapshot: Snapshot) -> None:
        await self.answering.wait()
        self.got.append(decode(encode(snapshot)))
        self.arrived.set()

    async def next(self) -> Snapshot:
        await asyncio.wait_for(self.arrived.wait(), 20)
        self.arrived.clear()
        return self.got[-1]


@asynccontextmanager
async def publishing(db: Database, vault: Vault, gateway: Gateway) -> AsyncIterator[Publisher]:
    feed = EventFeed(db)
    publisher = Publisher(db, vault, gateway.publish, feed)
    async with feed.running():
        task = asyncio.create_task(publisher.run())
        try:
            yield publisher
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def pause(db: Database, agent: Agent) -> None:
    async with db.transaction() as tx:
        await agents.change(tx, agent.workspace_id, agent.id, AgentChange(desired=Desired.PAUSED))


async def test_a_snapshot_holds_all_that_gateways_act_on(
    db: Database, vault: Vault, boot: FirstBoot, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QD_TEST_KEY", "sk-from-environment")
    text = """
[[providers]]
name = "local"
kind = "openai-compatible"
base_url = "http://127.0.0.1:9001/v1"
credential = "env:QD_TEST_KEY"
headers = { x-team = "a" }
connect_timeout_ms = 500
[[providers]]
name = "absent"
kind = "openai"
credential = "env:QD_TEST_ABSENT"
[workspace]
bodies = "redacted"
[workspace.redaction]
patterns = ["sk-[a-z]+"]
fields = ["password"]
[routes.default]
provider = "local"
[[prices]]
provider = "local"
model = "m"
input_per_mtok = "1"
"""
    await apply(db, vault, boot.workspace.id, toml.parse(text, "q.toml"))
    async with db.transaction() as tx:
        issued = await keyring.issue(tx, Holder(boot.workspace.id, agent_id=agent.id))
        wanted = Wanted("stored", "anthropic", models=["claude-*"])
        await providers.add(tx, vault, boot.workspace.id, wanted, secret="sk-ant-stored")
    snapshot = decode(encode(await build_snapshot(db, vault, 7)))
    assert snapshot.version == 7
    assert snapshot.keys[key_hash(issued.secret)].agent_id == agent.id
    space = snapshot.workspaces[boot.workspace.id]
    assert (space.body_mode, space.agents[agent.id].name) == ("redacted", "research")
    assert (space.redact_patterns, space.redact_fields) == (["sk-[a-z]+"], ["password"])
    local, absent, stored = space.providers
    assert (local.secret, local.allow_private, local.headers) == ("sk-from-environment", True, {"x-team": "a"})
    assert (local.connect_timeout_ms, local.idle_timeout_ms, local.problem) == (500, 120_000, None)
    assert absent.secret is None and absent.problem is not None
    assert "env:QD_TEST_ABSENT" in absent.problem and "not set" in absent.problem
    assert (stored.secret, stored.models) == ("sk-ant-stored", ["claude-*"])
    assert space.routes == {"default": b'{"provider":"local"}'}
    assert [(price.model, price.units) for price in space.prices] == [("m", {"input_tokens": 10**9})]


async def test_a_secret_that_cannot_be_opened_is_a_problem_of_its_provider(
    db: Database, boot: FirstBoot, tmp_path: Path
) -> None:
    async with db.transaction() as tx:
        wanted = Wanted("openai", "openai")
        await providers.add(tx, Vault([b"a" * 32]), boot.workspace.id, wanted, secret="sk-x")
    snapshot = await build_snapshot(db, Vault([b"b" * 32]), 1)
    (provider,) = snapshot.workspaces[boot.workspace.id].providers
    assert provider.secret is None and "does not have" in str(provider.problem)


async def test_a_pause_is_published_without_asking(db: Database, vault: Vault, agent: Agent) -> None:
    gateway = Gateway()
    async with publishing(db, vault, gateway):
        assert (await gateway.next()).workspaces[agent.workspace_id].agents[agent.id].desired == "enabled"
        await pause(db, agent)
        assert (await gateway.next()).workspaces[agent.workspace_id].agents[agent.id].desired == "paused"


async def test_a_verb_waits_until_gateways_act_on_its_change(db: Database, vault: Vault, agent: Agent) -> None:
    gateway = Gateway()
    async with publishing(db, vault, gateway) as publisher:
        await gateway.next()
        await pause(db, agent)
        await publisher.ensure_published()
        assert gateway.got[-1].workspaces[agent.workspace_id].agents[agent.id].desired == "paused"


async def test_a_verb_says_when_gateways_do_not_confirm(
    db: Database, vault: Vault, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "PUBLISH_TIMEOUT_S", 0.2)
    gateway = Gateway()
    async with publishing(db, vault, gateway) as publisher:
        await gateway.next()
        gateway.answering.clear()
        await pause(db, agent)
        with pytest.raises(Unavailable, match="It is saved") as caught:
            await publisher.ensure_published()
        assert caught.value.code == "not_published"
        gateway.answering.set()


async def test_what_gateways_do_not_act_on_is_not_published(db: Database, vault: Vault, boot: FirstBoot) -> None:
    gateway = Gateway()
    async with publishing(db, vault, gateway) as publisher:
        await gateway.next()
        async with db.transaction() as tx:
            await members.create(tx, boot.workspace.id, email="x@example.com", name="x", role=boot.owner.role)
        await publisher.ensure_published()
        assert len(gateway.got) == 1


async def test_a_burst_of_changes_is_published_few_times(db: Database, vault: Vault, agent: Agent) -> None:
    gateway = Gateway()
    async with publishing(db, vault, gateway) as publisher:
        await gateway.next()
        for _ in range(30):
            async with db.transaction() as tx:
                await keyring.issue(tx, Holder(agent.workspace_id, agent_id=agent.id))
        await publisher.ensure_published()
        assert len(gateway.got[-1].keys) == 31
        assert len(gateway.got) < 20


async def test_versions_grow_across_restarts(db: Database, vault: Vault, agent: Agent, clock: FakeClock) -> None:
    seen: list[int] = []
    for _ in range(2):
        gateway = Gateway()
        async with publishing(db, vault, gateway) as publisher:
            await gateway.next()
            await pause(db, agent)
            await publisher.ensure_published()
            seen += [snapshot.version for snapshot in gateway.got]
        async with db.transaction() as tx:
            await agents.change(tx, agent.workspace_id, agent.id, AgentChange(desired=Desired.ENABLED))
        clock.advance(1)
    assert seen == sorted(set(seen)) and len(seen) == 4


async def test_an_unknown_key_is_looked_up_and_then_held(db: Database, vault: Vault, agent: Agent) -> None:
    gateway = Gateway()
    async with publishing(db, vault, gateway) as publisher:
        await gateway.next()
        assert not await publisher.knows(b"\0" * 32)
        async with db.transaction() as tx:
            issued = await keyring.issue(tx, Holder(agent.workspace_id, agent_id=agent.id))
        digest = key_hash(issued.secret)
        found = await lookup(db, digest)
        assert found is not None and found.id == issued.key.id
        assert await publisher.knows(digest)
        assert digest in gateway.got[-1].keys


async def test_a_secret_that_changes_in_its_file_is_published_in_time(
    db: Database, vault: Vault, boot: FirstBoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "REFRESH_S", 0.1)
    secret = tmp_path / "openai"
    secret.write_text("sk-old\n")
    text = f'[[providers]]\nname = "openai"\nkind = "openai"\ncredential = "file:{secret}"\n'
    await apply(db, vault, boot.workspace.id, toml.parse(text, "q.toml"))
    gateway = Gateway()
    async with publishing(db, vault, gateway):
        assert (await gateway.next()).workspaces[boot.workspace.id].providers[0].secret == "sk-old"
        secret.write_text("sk-new\n")
        assert (await gateway.next()).workspaces[boot.workspace.id].providers[0].secret == "sk-new"

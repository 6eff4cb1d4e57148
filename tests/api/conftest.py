"""The control API over SQLite, without a server: `client` is the owner's browser; `as_role`, `as_agent` are others."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from api_world import AsAgent, AsRole, browser, sign_in, with_key
from argon2 import PasswordHasher
from fastapi import FastAPI

from quarterdeck.access import keyring, members, passwords
from quarterdeck.access.actors import Role
from quarterdeck.access.keyring import Holder
from quarterdeck.access.members import Member
from quarterdeck.access.throttle import Throttle
from quarterdeck.access.vault import Vault
from quarterdeck.api.app import create_app, settle
from quarterdeck.api.services import Services
from quarterdeck.bootstrap.tables import import_all
from quarterdeck.control.agents import actions as agents
from quarterdeck.control.audit.recording import install
from quarterdeck.control.settings.model import About
from quarterdeck.db import Database, metadata
from quarterdeck.db.outbox import EventFeed
from quarterdeck.kernel.clock import FakeClock

__all__ = ["AsAgent", "AsRole", "with_key"]


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table and no row, made once and copied for each test."""
    import_all()
    path = tmp_path_factory.mktemp("store") / "empty.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> PasswordHasher:
    """Hashing is meant to be slow; here it need not be. Returns the real hasher, for who wants it back."""
    real = passwords._hasher
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))
    passwords._nobody.cache_clear()
    return real


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def db(empty_store: Path, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Database]:
    shutil.copy(empty_store, tmp_path / "quarterdeck.db")
    database = install(Database.at(tmp_path, clock))
    yield database
    await database.close()


@pytest.fixture
async def owner(db: Database) -> Member:
    async with db.transaction() as tx:
        made = await members.first_boot(tx)
    assert made is not None
    return made.owner


@pytest.fixture
def services(db: Database, tmp_path: Path, clock: FakeClock) -> Services:
    about = About("0.0.0-test", "http://127.0.0.1:8787")
    return Services(db, Vault.open(tmp_path), Throttle(clock), about, EventFeed(db), files=tmp_path / "files")


@pytest.fixture
async def app(services: Services) -> AsyncIterator[FastAPI]:
    async with services.feed.running():
        made = create_app(services)
        yield made
        await settle(made)


@pytest.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app) as made:
        yield made


@pytest.fixture
async def client(app: FastAPI, db: Database, owner: Member) -> AsyncIterator[httpx.AsyncClient]:
    """The owner's browser: a session's cookie and its CSRF token."""
    async with browser(app) as made:
        await sign_in(made, db, owner)
        yield made


@pytest.fixture
async def as_role(app: FastAPI, db: Database, owner: Member) -> AsyncIterator[AsRole]:
    """`await as_role("viewer")`: the browser of a member of that role in the owner's workspace."""
    opened: list[httpx.AsyncClient] = []

    async def make(role: str) -> httpx.AsyncClient:
        async with db.transaction() as tx:
            email = f"{role}{len(opened)}@example.com"
            member = await members.create(tx, owner.workspace_id, email=email, name=role.title(), role=Role(role))
        opened.append(browser(app))
        await sign_in(opened[-1], db, member)
        return opened[-1]

    yield make
    for each in opened:
        await each.aclose()


@pytest.fixture
async def as_agent(app: FastAPI, db: Database, owner: Member) -> AsyncIterator[AsAgent]:
    """`await as_agent("research")`: a client with that agent's key; the agent is made when there is none."""
    opened: list[httpx.AsyncClient] = []

    async def make(name: str) -> httpx.AsyncClient:
        async with db.transaction() as tx:
            agent = await agents.store.by_name(tx, owner.workspace_id, name) or await agents.create(
                tx, owner.workspace_id, name=name, owner_id=owner.id
            )
            issued = await keyring.issue(tx, Holder(owner.workspace_id, agent_id=agent.id))
        opened.append(with_key(app, issued.secret))
        return opened[-1]

    yield make
    for each in opened:
        await each.aclose()


@pytest.fixture
async def claimed(client: httpx.AsyncClient, as_agent: AsAgent) -> dict[str, Any]:
    """What an agent is told that claimed the one task there is."""
    agent = await as_agent("research")
    await client.post("/api/v1/tasks", json={"title": "Find sources", "state": "ready"})
    found: dict[str, Any] = (await agent.post("/api/v1/agent/claim")).json()
    return found

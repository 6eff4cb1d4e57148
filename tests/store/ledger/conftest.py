from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from ledger_api import Api, key_of
from ledger_world import World

from quarterdeck.access import members
from quarterdeck.access.members import Member
from quarterdeck.access.throttle import Throttle
from quarterdeck.access.vault import Vault
from quarterdeck.api.app import create_app
from quarterdeck.api.services import Services
from quarterdeck.control.settings.model import About
from quarterdeck.db import Database
from quarterdeck.db.outbox import EventFeed
from quarterdeck.kernel.clock import FakeClock


@pytest.fixture
def world(db: Database, tmp_path: Path) -> Iterator[World]:
    made = World(db, tmp_path / "data")
    yield made
    made.packs.close()


@pytest.fixture
async def owner(db: Database) -> Member:
    async with db.transaction() as tx:
        made = await members.first_boot(tx)
    assert made is not None
    return made.owner


@pytest.fixture
async def api(world: World, owner: Member, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Api]:
    about = About("0.0.0-test", "http://127.0.0.1:8787")
    services = Services(world.db, Vault.open(tmp_path), Throttle(clock), about, EventFeed(world.db), packs=world.packs)
    async with world.db.transaction() as tx:
        secret = await key_of(tx, owner)
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://quarterdeck.test") as client:
        client.headers["authorization"] = f"Bearer {secret}"
        yield Api(world, owner, client)

"""`quarterdeck signin-link` beside a server that starts for the first time."""

import asyncio
from pathlib import Path

import pytest

from quarterdeck.access import members
from quarterdeck.bootstrap import admin
from quarterdeck.bootstrap.admin import Admin
from quarterdeck.db import Database
from quarterdeck.kernel.errors import NotFound
from quarterdeck.kernel.settings import ADDRESS_FILE, Settings


@pytest.fixture
def installation(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Admin:
    monkeypatch.setattr(admin, "LOOK_AGAIN_S", 0.01)
    return Admin(Settings(tmp_path), db)


async def test_a_link_is_made_as_soon_as_the_first_start_has_made_its_owner(
    installation: Admin, db: Database, tmp_path: Path
) -> None:
    (tmp_path / ADDRESS_FILE).write_text("http://127.0.0.1:8787")
    asked = asyncio.create_task(installation.signin_link(None))
    await asyncio.sleep(0)
    async with db.transaction() as tx:
        await members.first_boot(tx)
    assert (await asked).startswith("http://127.0.0.1:8787/signin?token=")


async def test_where_nothing_was_started_it_says_so_at_once_and_where_the_start_hangs_after_a_while(
    installation: Admin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound, match="start the server once"):
        await installation.signin_link(None)
    (tmp_path / ADDRESS_FILE).write_text("http://127.0.0.1:8787")
    monkeypatch.setattr(admin, "FIRST_START_S", 0.0)
    with pytest.raises(NotFound, match="has made no owner"):
        await installation.signin_link(None)

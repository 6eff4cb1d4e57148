"""`quarterdeck audit verify`, as whoever looks after an installation runs it."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from quarterdeck.access import members
from quarterdeck.access.actors import Role
from quarterdeck.bootstrap.admin import Admin, open_database
from quarterdeck.cli.main import app
from quarterdeck.kernel import settings


@pytest.fixture
def data(tmp_path: Path) -> Path:
    asyncio.run(_some_changes(tmp_path))
    return tmp_path


async def _some_changes(data: Path) -> None:
    chosen = settings.load({"data": str(data)}, {})
    async with Admin.open(chosen, migrated=True):
        db = open_database(chosen)
        async with db.transaction() as tx:
            boot = await members.first_boot(tx)
        assert boot is not None
        for name in ("ana", "bo"):
            async with db.transaction() as tx:
                await members.create(tx, boot.workspace.id, email=f"{name}@example.com", name=name, role=Role.VIEWER)
        await db.close()


def _verify(data: Path, *more: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["audit", "verify", "--data", str(data), *more])
    return done.exit_code, done.output


def test_one_command_says_whether_the_log_is_whole(data: Path) -> None:
    code, said = _verify(data)
    assert (code, "whole" in said) == (0, True)
    head = said.strip().rpartition("head ")[2]
    assert _verify(data, "--head", head)[0] == 0
    with sqlite3.connect(data / "quarterdeck.db") as db:
        assert db.execute("UPDATE audit_entries SET body = replace(body, 'ana', 'eve')").rowcount > 0
    code, said = _verify(data)
    assert code == 1
    assert "was changed" in said


def test_a_head_that_was_written_down_finds_a_log_that_was_cut(data: Path) -> None:
    head = _verify(data)[1].strip().rpartition("head ")[2]
    with sqlite3.connect(data / "quarterdeck.db") as db:
        db.execute("DELETE FROM audit_entries WHERE seq = (SELECT max(seq) FROM audit_entries)")
        db.execute(
            "UPDATE audit_heads SET (seq, hash) = (SELECT seq, hash FROM audit_entries ORDER BY seq DESC LIMIT 1)"
        )
    assert _verify(data)[0] == 0
    code, said = _verify(data, "--head", head)
    assert code == 1
    assert "are gone" in said

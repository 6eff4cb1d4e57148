"""A copy to start from again, and another key for what is sealed."""

import base64
import io
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from quarterdeck.access.members import FirstBoot
from quarterdeck.access.vault import Vault
from quarterdeck.bootstrap import backup, pidfile
from quarterdeck.bootstrap.backup import back_up
from quarterdeck.bootstrap.resealing import SEALED, reseal
from quarterdeck.bootstrap.tables import import_all
from quarterdeck.cli import local
from quarterdeck.control.providers import actions as providers
from quarterdeck.control.providers import credentials
from quarterdeck.control.providers import store as provider_store
from quarterdeck.control.providers.model import Wanted
from quarterdeck.db import Database, metadata
from quarterdeck.kernel.errors import Changed, Invalid, Unavailable
from quarterdeck.kernel.settings import Settings, load

KEY = base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a data directory that has a bit of everything."""
    data = tmp_path / "data"
    for name in ("journal/gateway", "packs/2026", "files"):
        (data / name).mkdir(parents=True)
        (data / name / "one").write_bytes(b"kept")
    (data / "secret.key").write_text(KEY)
    (data / "secret.key").chmod(0o600)
    with closing(sqlite3.connect(data / "quarterdeck.db")) as connection:
        connection.executescript("PRAGMA journal_mode=WAL; CREATE TABLE kept (x); INSERT INTO kept VALUES (7);")
    return load({"data": data}, {})


def test_a_copy_of_a_running_server_has_everything_it_is_made_of(settings: Settings, tmp_path: Path) -> None:
    to = tmp_path / "copies" / "monday"
    with closing(sqlite3.connect(settings.data / "quarterdeck.db", isolation_level=None)) as serving:
        serving.execute("INSERT INTO kept VALUES (8)")
        serving.execute("BEGIN IMMEDIATE")
        serving.execute("INSERT INTO kept VALUES (9)")
        rows = back_up(settings, to)
        serving.execute("COMMIT")
    assert [row["state"] for row in rows] == ["ok"] * 5, rows
    with closing(sqlite3.connect(to / "quarterdeck.db")) as copy:
        assert copy.execute("SELECT x FROM kept").fetchall() == [(7,), (8,)]
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for name in ("journal/gateway/one", "packs/2026/one", "files/one"):
        assert (to / name).read_bytes() == b"kept"
    assert (to / "secret.key").read_text() == KEY
    assert {path.stat().st_mode & 0o077 for path in (to, to / "secret.key", to / "quarterdeck.db")} == {0}


def test_a_segment_that_begins_while_the_database_is_copied_is_in_the_copy(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = backup._sqlite_of

    def begins(those: Settings) -> Path | None:
        (those.data / "journal/gateway/one").unlink()
        (those.data / "journal/gateway/two").write_bytes(b"new")
        return place(those)

    monkeypatch.setattr(backup, "_sqlite_of", begins)
    back_up(settings, tmp_path / "copy")
    found = (tmp_path / "copy/journal/gateway").iterdir()
    assert {path.name: path.read_bytes() for path in found} == {"one": b"kept", "two": b"new"}


def test_nobody_else_reads_a_copy_in_a_directory_that_everybody_reads(settings: Settings, tmp_path: Path) -> None:
    to = tmp_path / "there"
    to.mkdir(mode=0o755)
    back_up(settings, to)
    assert {path.name: path.stat().st_mode & 0o077 for path in to.iterdir()} == dict.fromkeys(
        ("files", "journal", "packs", "quarterdeck.db", "secret.key"), 0
    )


def test_a_database_that_is_elsewhere_is_copied_too(settings: Settings, tmp_path: Path) -> None:
    elsewhere = (settings.data / "quarterdeck.db").rename(tmp_path / "number #1.db")
    back_up(replace(settings, database_url=f"sqlite:///{elsewhere}"), tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy" / "quarterdeck.db")) as copy:
        assert copy.execute("SELECT x FROM kept").fetchall() == [(7,)]


def test_a_copy_goes_nowhere_that_has_something_already(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    for place, words in ((tmp_path / "full", "something"), (settings.data / "copy", "inside")):
        with pytest.raises(Invalid, match=words):
            back_up(settings, place)
    with pytest.raises(Invalid, match="--data"):
        back_up(replace(settings, data=tmp_path / "nowhere"), tmp_path / "copy")


def test_a_copy_that_is_not_whole_is_told(settings: Settings, tmp_path: Path) -> None:
    (settings.data / "quarterdeck.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(Unavailable, match="not whole"):
        back_up(settings, tmp_path / "copy")


def test_of_postgresql_a_dump_is_asked_for(settings: Settings, tmp_path: Path) -> None:
    rows = back_up(replace(settings, database_url="postgresql://x", secret_key=KEY), tmp_path / "copy")
    assert [row["what"] for row in rows if "pg_dump" in row["what"]]
    assert not (tmp_path / "copy" / "quarterdeck.db").exists()
    assert not (tmp_path / "copy" / "secret.key").exists()


def test_everything_sealed_is_sealed_anew() -> None:
    import_all()
    sealed = {
        table.name: column.name
        for table in metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, sa.LargeBinary) and column.name.startswith("sealed")
    }
    # The other sealed column, `idempotency_keys.answer`, is forgotten after a day.
    assert sealed == {name: column for name, (column, _) in SEALED.items()}


def test_nothing_is_moved_below_a_running_server(tmp_path: Path) -> None:
    pidfile.none_runs(tmp_path)
    waits = "import sys; print('started', flush=True); sys.stdin.read()"
    running = subprocess.Popen(
        [sys.executable, "-c", waits, "quarterdeck"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        # A process has no command line for the moment that it takes to become the program.
        assert running.stdout and running.stdout.readline() == "started\n"
        (tmp_path / "control.pid").write_text(f"{running.pid}\n")
        with pytest.raises(Changed, match="stop it first"):
            pidfile.none_runs(tmp_path)
    finally:
        running.communicate()
    pidfile.none_runs(tmp_path)
    (tmp_path / "control.pid").write_text("999999999\n")
    pidfile.none_runs(tmp_path)


def test_where_to_move_is_read_from_standard_input_too_for_it_may_have_a_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("postgresql://qd:hunter2@db/qd\n"))
    assert local.named_database("-") == "postgresql://qd:hunter2@db/qd"
    assert local.named_database("postgresql://qd@db/qd") == "postgresql://qd@db/qd"
    assert capsys.readouterr().err == ""
    assert local.named_database("postgresql://qd:hunter2@db/qd") == "postgresql://qd:hunter2@db/qd"
    said = capsys.readouterr().err
    assert "PGPASSWORD" in said and "hunter2" not in said


def test_the_number_of_a_server_that_was_killed_may_be_ours_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pidfile, "_is_ours", lambda _pid: True)
    (tmp_path / "control.pid").write_text(f"{os.getpid()}\n")
    pidfile.none_runs(tmp_path)
    (tmp_path / "control.pid").write_text(f"{os.getpid() + 1}\n")
    with pytest.raises(Changed, match="stop it first"):
        pidfile.none_runs(tmp_path)


async def test_secrets_are_sealed_with_the_first_key_and_open_with_it_alone(db: Database, boot: FirstBoot) -> None:
    old, new = os.urandom(32), os.urandom(32)
    workspace_id = boot.owner.workspace_id
    async with db.transaction() as tx:
        made = await providers.add(tx, Vault([old]), workspace_id, Wanted(name="mine", kind="openai"), secret="sk-1")
    found = await reseal(db, Vault([new, old]))
    assert (found.done, found.current, found.problems) == (1, 0, [])
    async with db.read() as tx:
        credential = await provider_store.credential_of(tx, made.id)
    assert credential is not None
    assert credentials.resolve(made, credential, Vault([new])).secret == "sk-1"
    again = await reseal(db, Vault([new]))
    assert (again.done, again.current) == (0, 1)
    lost = await reseal(db, Vault([os.urandom(32)]))
    assert (lost.done, len(lost.problems)) == (0, 1)

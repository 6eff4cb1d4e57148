"""A copy of an installation that another can start from, made while the server runs."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from quarterdeck.access.vault import FILE_NAME as SECRET_KEY
from quarterdeck.kernel.errors import Invalid, Unavailable
from quarterdeck.kernel.settings import Settings

DATABASE = "quarterdeck.db"
_JOURNAL = "journal"
"""Copied before the database and again after it, so that the segment its offset is in is there, whichever began or went
meanwhile: a new one of that number would not be read from its beginning. What is in both is not counted twice."""
_AFTER = ("packs", "files")
"""Copied after it: they hold all that its rows point at."""


def back_up(settings: Settings, to: Path) -> list[dict[str, str]]:
    """Copy the data directory to `to`, which is made; rows of state (ok, note) and what.

    Nobody else reads what is in it, whoever may read a directory that was there already.
    Raises Invalid when there is nothing to copy or something at `to`, Unavailable when it cannot be read or written.
    """
    if not settings.data.is_dir():
        raise Invalid(f"There is no data directory at {settings.data}: name it with --data.")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise Invalid(f"There is something at {to} already: name a directory that is empty or not there yet.")
    if to.resolve().is_relative_to(settings.data.resolve()):
        raise Invalid(f"{to} is inside of what it would be a copy of; name another place.")
    try:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _copied(settings, to)
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(f"The copy at {to} is not whole, remove it and try again: {error}.") from error


def _copied(settings: Settings, to: Path) -> list[dict[str, str]]:
    rows = [_row("ok", f"{_copy_tree(settings.data / _JOURNAL, to / _JOURNAL)} files of {_JOURNAL}/")]
    database = _sqlite_of(settings)
    if database is not None:
        (to / DATABASE).touch(0o600)
        with (
            closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(to / DATABASE)) as copy,
        ):
            # In one step: between two the server's writes would make it begin anew.
            source.backup(copy, pages=-1)
        rows.append(_row("ok", f"{DATABASE}, {(to / DATABASE).stat().st_size} bytes"))
    else:
        rows.append(_row("note", "the database is not here: take a dump of it now (pg_dump)"))
    _copy_tree(settings.data / _JOURNAL, to / _JOURNAL)
    rows += [_row("ok", f"{_copy_tree(settings.data / name, to / name)} files of {name}/") for name in _AFTER]
    if settings.secret_key is not None:
        rows.append(_row("note", "the key that seals secrets is in QUARTERDECK_SECRET_KEY: keep it elsewhere"))
    elif (settings.data / SECRET_KEY).exists():
        (to / SECRET_KEY).touch(0o600)
        shutil.copy2(settings.data / SECRET_KEY, to / SECRET_KEY)
        rows.append(_row("ok", f"{SECRET_KEY}: whoever has this copy can open stored secrets"))
    return rows


def _sqlite_of(settings: Settings) -> Path | None:
    """The file of the database; None: it is on a PostgreSQL."""
    if settings.database_url is None:
        return settings.data / DATABASE
    url = sa.make_url(settings.database_url)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _copy_tree(source: Path, to: Path) -> int:
    """How many files were copied. One that retention or ingest removes meanwhile is of no use any more."""
    to.mkdir(mode=0o700, exist_ok=True)
    copied = 0
    for path in sorted(source.rglob("*")):
        target = to / path.relative_to(source)
        if path.is_file() and not path.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copy2(path, target)
            except FileNotFoundError:
                continue
            copied += 1
    return copied


def _row(state: str, what: str) -> dict[str, str]:
    return {"state": state, "what": what}

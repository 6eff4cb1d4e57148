"""A copy of an installation that another can start from, made while the server runs."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from quarterdeck.access.vault import FILE_NAME as SECRET_KEY
from quarterdeck.kernel.errors import Invalid, Unavailable
from quarterdeck.kernel.settings import Settings

DATABASE = "quarterdeck.db"
_BEFORE = ("journal",)
"""Copied before the database: what is taken in meanwhile is in both, and its offset keeps it from counting twice."""
_AFTER = ("packs", "files")
"""Copied after it: they hold all that its rows point at."""


def back_up(settings: Settings, to: Path) -> list[dict[str, str]]:
    """Copy the data directory to `to`, which is made; rows of state (ok, note) and what.

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
    rows = [_row("ok", f"{_copy_tree(settings.data / name, to / name)} files of {name}/") for name in _BEFORE]
    if settings.database_url is None:
        with (
            closing(sqlite3.connect(f"file:{settings.data / DATABASE}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(to / DATABASE)) as copy,
        ):
            # In one step: between two the server's writes would make it begin anew.
            source.backup(copy, pages=-1)
        (to / DATABASE).chmod(0o600)
        rows.append(_row("ok", f"{DATABASE}, {(to / DATABASE).stat().st_size} bytes"))
    else:
        rows.append(_row("note", "the database is not here: take a dump of it now (pg_dump)"))
    rows += [_row("ok", f"{_copy_tree(settings.data / name, to / name)} files of {name}/") for name in _AFTER]
    if settings.secret_key is not None:
        rows.append(_row("note", "the key that seals secrets is in QUARTERDECK_SECRET_KEY: keep it elsewhere"))
    elif (settings.data / SECRET_KEY).exists():
        shutil.copy2(settings.data / SECRET_KEY, to / SECRET_KEY)
        rows.append(_row("ok", f"{SECRET_KEY}: whoever has this copy can open stored secrets"))
    return rows


def _copy_tree(source: Path, to: Path) -> int:
    """How many files were copied. One that retention or ingest removes meanwhile is of no use any more."""
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

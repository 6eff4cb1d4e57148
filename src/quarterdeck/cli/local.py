"""What the commands do on this machine: serve, and what needs the data directory rather than a running server."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from quarterdeck.cli.client import Api, default_url
from quarterdeck.cli.supervisor import listen, supervise
from quarterdeck.kernel.errors import Invalid, QuarterdeckError
from quarterdeck.kernel.settings import ADDRESS_FILE, Settings, load

if TYPE_CHECKING:
    from quarterdeck.bootstrap.admin import Admin

T = TypeVar("T")
CLI_KEY_MINUTES = 10


def settings_for(
    config: Path | None = None,
    data: Path | None = None,
    host: str | None = None,
    port: int | None = None,
    gateways: int | None = None,
) -> Settings:
    """Flags, then `QUARTERDECK_*`, then the file. Raises Invalid."""
    return load({"config": config, "data": data, "host": host, "port": port, "gateways": gateways}, os.environ)


def serve(settings: Settings, *, link: bool) -> int:
    """Run the supervisor until it is told to stop; returns the exit status.

    Raises Invalid when the port is taken, the data directory cannot be used, or gateways share nothing.
    """
    gateway_ids = settings.gateway_ids
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        settings.data.chmod(0o700)
    except OSError as error:
        raise Invalid(f"The data directory {settings.data} cannot be used: {error.strerror}.") from None
    try:
        socks = listen(settings.host, settings.port, len(gateway_ids))
    except OSError as error:
        raise Invalid(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. "
            "Is it running already? Choose another with --port."
        ) from None
    actual = socks[0].getsockname()[1]
    environment = {
        "QUARTERDECK_DATA": str(settings.data),
        "QUARTERDECK_HOST": settings.host,
        "QUARTERDECK_PORT": str(actual),
        "QUARTERDECK_GATEWAYS": str(len(gateway_ids)),
        "QUARTERDECK_LINK": "1" if link else "",
    }
    if settings.config is not None:
        environment["QUARTERDECK_CONFIG"] = str(settings.config)
    with contextlib.ExitStack() as stack:
        for sock in socks:
            stack.enter_context(sock)
        address = settings.data / ADDRESS_FILE
        with contextlib.suppress(OSError):  # only for the convenience of other commands
            address.write_text(replace(settings, port=actual).base_url)
        try:
            return supervise(socks, gateway_ids, settings.data, environment)
        finally:
            address.unlink(missing_ok=True)


def api() -> Api:
    """The running server, as whoever `QUARTERDECK_KEY` says; else as the owner, for whoever may read the data.

    Raises Invalid when there is neither a key nor a data directory.
    """
    key = os.environ.get("QUARTERDECK_KEY")
    if key is None:
        settings = settings_for()
        if not settings.data.is_dir():
            raise Invalid("Set QUARTERDECK_KEY to a member's token, or run this where the data directory is.")
        key = _with_admin(settings, lambda admin: admin.short_lived_key(CLI_KEY_MINUTES))
        return Api(os.environ.get("QUARTERDECK_URL", settings.base_url), key)
    return Api(default_url(), key)


def signin_link(data: Path | None, port: int | None, email: str | None) -> str:
    """A one-time link for the owner or another member, to where the data is served now."""
    settings = settings_for(data=data, port=port)
    address = settings.data / ADDRESS_FILE
    if port is None and address.is_file():
        settings = replace(settings, public_url=address.read_text())
    return _with_admin(settings, lambda admin: admin.signin_link(email))


def apply(config: Path, data: Path | None, *, only_diff: bool) -> list[dict[str, Any]]:
    """What the file changes, or would change: rows of verb, what and detail."""
    settings = settings_for(config=config, data=data)
    return _with_admin(settings, lambda admin: admin.apply(config, only_diff=only_diff))


def verify_audit(data: Path | None, head: str | None) -> list[dict[str, Any]]:
    """A row for each workspace: whether its audit log is whole, and its head."""
    settings = settings_for(data=data)
    return _with_admin(settings, lambda admin: admin.verify_audit(head))


def migrate(data: Path | None) -> str:
    settings = settings_for(data=data)
    settings.data.mkdir(parents=True, exist_ok=True)
    return _with_admin(settings, lambda admin: admin.migrate(), migrated=False)


def back_up(to: Path, data: Path | None) -> list[dict[str, str]]:
    """Rows of what was copied."""
    from quarterdeck.bootstrap.backup import back_up as copied  # noqa: PLC0415 - see _with_admin

    return copied(settings_for(data=data), to)


def reseal(data: Path | None) -> list[dict[str, str]]:
    """Rows of what was sealed anew and what cannot be opened."""
    return _with_admin(settings_for(data=data), lambda admin: admin.reseal())


def move(url: str, data: Path | None) -> list[dict[str, str]]:
    """Rows of what was copied to another database. `-`: its address is the first line of standard input."""
    given = named_database(url)
    return _with_admin(settings_for(data=data), lambda admin: admin.move(given))


def named_database(url: str) -> str:
    """What an argument names, `-` the first line of standard input. Says so when it shows a password to others."""
    if url == "-":
        return sys.stdin.readline().strip()
    with contextlib.suppress(ValueError):  # of what is no address, which is said where it is opened
        if urlsplit(url).password is not None:
            print("quarterdeck: others see a password on the command line; give it in PGPASSWORD", file=sys.stderr)
    return url


def doctor(data: Path | None) -> list[dict[str, str]]:
    """Findings: rows of state (ok, note, wrong) and what."""
    findings: list[dict[str, str]] = []

    def found(state: str, what: str) -> None:
        findings.append({"state": state, "what": what})

    found("ok", f"Python {sys.version.split()[0]}")
    try:
        settings = settings_for(data=data)
    except QuarterdeckError as error:
        found("wrong", error.message)
        return findings
    if not settings.data.is_dir():
        found("note", f"There is no data directory at {settings.data} yet; the first start makes it.")
        return findings
    findings.extend(_with_admin(settings, lambda admin: admin.examine(), migrated=False))
    return findings


def _with_admin(settings: Settings, work: "Callable[[Admin], Awaitable[T]]", *, migrated: bool = True) -> T:
    if settings.database_url is None and not settings.data.is_dir():
        raise Invalid(
            f"There is no data directory at {settings.data}: name it with --data, or make it by 'quarterdeck up'."
        )
    # Imported here: the database and all slices are most of what starting takes, and `serve` needs none of it.
    from quarterdeck.bootstrap.admin import Admin  # noqa: PLC0415

    async def run() -> T:
        async with Admin.open(settings, migrated=migrated) as admin:
            return await work(admin)

    return asyncio.run(run())

"""What the command line does to an installation directly, for whoever may read its data directory."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from quarterdeck.access import binding, keyring, members, sessions
from quarterdeck.access.actors import Role
from quarterdeck.access.members import Member
from quarterdeck.access.tables import members as members_table
from quarterdeck.access.vault import Vault, VaultError
from quarterdeck.bootstrap import moving, pidfile, resealing
from quarterdeck.bootstrap.tables import import_all
from quarterdeck.control.audit import store as audit_store
from quarterdeck.control.audit import verifying
from quarterdeck.control.audit.recording import install
from quarterdeck.control.declared import actions as declared
from quarterdeck.db import Database, migrate
from quarterdeck.kernel.clock import MINUTE
from quarterdeck.kernel.errors import Invalid, NotFound, QuarterdeckError
from quarterdeck.kernel.origin import Origin, acting
from quarterdeck.kernel.settings import ADDRESS_FILE, Settings, database_url_in

FIRST_START_S = 20.0
LOOK_AGAIN_S = 0.1


def open_database(settings: Settings) -> Database:
    """The database of an installation: SQLite in its data directory unless another is set. Its changes are audited."""
    import_all()
    return install(Database(settings.database_url) if settings.database_url else Database.at(settings.data))


def signin_url(settings: Settings, token: str) -> str:
    return f"{settings.base_url}/signin?token={token}"


async def owner_of(db: Database) -> Member:
    """The first owner. Raises NotFound before the first start."""
    async with db.read() as tx:
        found = await tx.row(
            sa.select(members_table)
            .where(members_table.c.role == Role.OWNER.value, members_table.c.removed_at.is_(None))
            .order_by(members_table.c.id)
            .limit(1)
        )
    if found is None:
        raise NotFound("There is no owner yet: start the server once with 'quarterdeck up'.")
    return members.member_of(found)


class Admin:
    """One installation, opened. While its server starts for the first time, it waits for the owner that makes."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self._settings = settings
        self._db = db

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, *, migrated: bool) -> AsyncIterator["Admin"]:
        """Open the database; with `migrated`, bring it to this program's version first."""
        db = open_database(settings)
        try:
            if migrated:
                await migrate.upgrade(db)
            yield cls(settings, db)
        finally:
            await db.close()

    async def short_lived_key(self, minutes: int) -> str:
        """A member's token for the commands of one sitting."""
        owner = await self._owner()
        async with self._db.transaction() as tx:
            scope = keyring.Scope(expires_at=tx.now + minutes * MINUTE)
            holder = keyring.Holder(owner.workspace_id, member_id=owner.id)
            issued = await keyring.issue(tx, holder, name="command line", scope=scope)
        return issued.secret

    async def signin_link(self, email: str | None) -> str:
        """A one-time link for the member with this e-mail, or the owner."""
        member = await self._owner()
        async with self._db.transaction() as tx:
            if email is not None:
                found = await members.by_email(tx, member.workspace_id, email)
                if found is None:
                    raise NotFound(f"No member has the e-mail {email}.")
                member = found
            token = await sessions.make_link(tx, member)
        return signin_url(self._settings, token)

    async def apply(self, config: Path, *, only_diff: bool) -> list[dict[str, Any]]:
        """Apply a file, or only say what it would change."""
        owner = await self._owner()
        vault = Vault.open(self._settings.data, self._settings.secret_key)
        with acting(Origin("file")):
            changes = await declared.apply_file(self._db, vault, owner.workspace_id, config, only_diff=only_diff)
        return [{"verb": change.verb, "what": change.what, "detail": change.detail} for change in changes]

    async def verify_audit(self, head: str | None) -> list[dict[str, Any]]:
        """Whether each workspace's log is whole. `head` is one that was written down earlier, of the only workspace."""
        anchor = None if head is None else verifying.Anchor.of(head)
        async with self._db.read() as tx:
            workspaces = await audit_store.workspaces(tx)
        if anchor is not None and len(workspaces) > 1:
            raise Invalid("There is more than one workspace: give the head to GET /api/v1/audit/verify instead.")
        found = [await verifying.verify(self._db, each, anchor) for each in workspaces]
        return [
            {
                "workspace": each.workspace_id,
                "holds": each.problem is None,
                "entries": each.entries,
                "head": each.head,
                "problem": each.problem,
            }
            for each in found
        ]

    async def migrate(self) -> str:
        return f"The database is at revision {await migrate.upgrade(self._db)}."

    async def reseal(self) -> list[dict[str, str]]:
        """Seal stored secrets with the first key: rows of state and what."""
        vault = Vault.open(self._settings.data, self._settings.secret_key)
        found = await resealing.reseal(self._db, vault)
        done = {"state": "ok", "what": f"{found.done} secrets sealed anew, {found.current} were already"}
        return [done, *({"state": "wrong", "what": each} for each in found.problems)]

    async def move(self, url: str) -> list[dict[str, str]]:
        """Copy all rows to an empty PostgreSQL, with the server stopped: rows of state and what."""
        pidfile.none_runs(self._settings.data)
        try:
            target = Database(database_url_in(url))
        except ValueError:
            raise Invalid("Name the new database as postgresql://USER@HOST/DATABASE.") from None
        try:
            if await migrate.current(target) is not None:
                # Before it is brought to this version: it may be another's, in use by an older program.
                async with target.read() as tx:
                    await moving.must_be_empty(tx)
            await migrate.upgrade(target)
            moved = await moving.move(self._db, target)
        finally:
            await target.close()
        return [
            {"state": "ok", "what": f"{moved} rows copied; quarterdeck.db stays as it was"},
            {"state": "note", "what": "start with QUARTERDECK_DATABASE_URL and the same data directory"},
        ]

    async def examine(self) -> list[dict[str, str]]:
        """What `doctor` finds out about the data: rows of state and what."""
        findings = []
        checks = (self._vault_opens, self._database_answers, self._owner_can_return)
        for check in checks:
            try:
                findings.append({"state": "ok", "what": await check()})
            except (QuarterdeckError, sa.exc.SQLAlchemyError) as error:
                findings.append({"state": "wrong", "what": str(error)})
        return findings

    async def _owner(self) -> Member:
        """The first owner. Raises NotFound where none is there, nor about to be made."""
        deadline = time.monotonic() + FIRST_START_S
        while True:
            try:
                return await owner_of(self._db)
            except NotFound:
                if not (self._settings.data / ADDRESS_FILE).is_file():
                    raise
            if time.monotonic() > deadline:
                raise NotFound(
                    f"The server was started, and has made no owner within {FIRST_START_S:.0f} s: look at what it says,"
                    " and try again."
                )
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _vault_opens(self) -> str:
        try:
            Vault.open(self._settings.data, self._settings.secret_key)
        except VaultError as error:
            raise NotFound(f"Secrets cannot be opened: {error.message}") from None
        return "the key that seals secrets is there"

    async def _database_answers(self) -> str:
        revision = await migrate.current(self._db)
        return f"the database answers, at revision {revision}"

    async def _owner_can_return(self) -> str:
        owner = await owner_of(self._db)
        await binding.check(self._db, self._settings.host)
        how = "a password" if owner.password_hash else "a sign-in link (quarterdeck signin-link)"
        return f"{owner.email} can sign in with {how}"

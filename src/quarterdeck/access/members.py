"""Workspaces and the people in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from quarterdeck.access import keyring
from quarterdeck.access.actors import Role
from quarterdeck.access.keys import key_hash
from quarterdeck.access.tables import keys, members, sessions, sign_in_links, workspaces
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Forbidden, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.pages import MAX_LIMIT, Page
from quarterdeck.kernel.text import comparable, storable

OWNER_EMAIL = "owner@localhost"
OWNER_TOKEN = "owner token"  # noqa: S105 - the name of a key
_REFUSED = "QUARTERDECK_OWNER_TOKEN cannot be the owner's API token."
_A_GOOD_ONE = (
    "A good one is any text of 16 characters or more that nobody guesses and that does not begin with qd-, such as "
    "python3 -c 'import secrets; print(secrets.token_urlsafe(32))' prints; or unset the variable: the first start "
    "makes one and shows it once."
)


@dataclass(frozen=True, slots=True)
class Workspace:
    """The tenant boundary. `settings` holds redaction, retention and the like, as the declared file names them."""

    id: str
    name: str
    body_mode: str
    settings: dict[str, Any]
    created_at: int
    version: int


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a workspace."""

    id: str
    workspace_id: str
    email: str
    name: str
    role: Role
    password_hash: str | None
    declared: bool
    created_at: int
    version: int
    removed_at: int | None = None
    """Since then it is a name in the history and nothing more."""


async def create_workspace(tx: Transaction, name: str) -> Workspace:
    workspace = Workspace(new_id("ws"), name, "full", {}, tx.now, 1)
    await tx.execute(workspaces.insert().values(**_values(workspace)))
    return workspace


async def create(
    tx: Transaction,
    workspace_id: str,
    *,
    email: str,
    name: str,
    role: Role,
    declared: bool = False,
    actor: str | None = None,
) -> Member:
    """Add a person, who cannot sign in before a link was made or a password set.

    Raises Invalid when the e-mail is none, Changed when the workspace has it already.
    """
    email = normal_email(email)
    if await by_email(tx, workspace_id, email) is not None:
        raise Changed(f"{email} is a member already: change their role in place of adding them.", code="member_exists")
    if await _come_back(tx, workspace_id, email, name or email, role, declared=declared):
        back = await by_email(tx, workspace_id, email)
        assert back is not None
        await _tell(tx, back, actor)
        return back
    member = Member(new_id("mem"), workspace_id, email, name or email, role, None, declared, tx.now, 1)
    await tx.execute(members.insert().values(**_values(member)))
    await _tell(tx, member, actor)
    return member


async def change(
    tx: Transaction,
    workspace_id: str,
    member_id: str,
    *,
    name: str | None = None,
    role: Role | None = None,
    declared: bool | None = None,
    expected_version: int | None = None,
    actor: str | None = None,
) -> Member:
    """Rename a member, give it another role, or say whether the file declares it. None keeps what is.

    Raises NotFound; Changed when the version is another by now, or when the last owner would be gone.
    """
    member = await get(tx, workspace_id, member_id)
    if expected_version is not None and member.version != expected_version:
        raise Changed("The member was changed meanwhile; load it again.", version=member.version)
    if role is not None and role is not member.role and member.role is Role.OWNER and await _owners(tx, member) == 1:
        raise Changed("A workspace keeps at least one owner; make somebody else owner first.", code="last_owner")
    new_values: dict[str, Any] = {"version": member.version + 1}
    if name is not None:
        new_values["name"] = name
    if role is not None:
        new_values["role"] = role.value
    if declared is not None:
        new_values["declared"] = declared
    if not await tx.changed(
        members.update().where(members.c.id == member_id, members.c.version == member.version).values(**new_values)
    ):
        raise Changed("The member was changed meanwhile; load it again.")
    fresh = await get(tx, workspace_id, member_id)
    await _tell(tx, fresh, actor)
    return fresh


async def remove(tx: Transaction, member: Member, *, actor: str | None = None) -> None:
    """Take a member out: its tokens, sessions and links end at once, its name stays in the history.

    What it answers for must have been given to others. Tells `member.removed`. Raises Changed `last_owner`.
    """
    if member.role is Role.OWNER and await _owners(tx, member) == 1:
        raise Changed("A workspace keeps at least one owner; make somebody else owner first.", code="last_owner")
    await tx.execute(
        members.update()
        .where(members.c.id == member.id)
        .values(removed_at=tx.now, password_hash=None, version=members.c.version + 1)
    )
    for table in (sessions, sign_in_links):
        await tx.execute(table.delete().where(table.c.member_id == member.id))
    own = sa.select(keys.c.id).where(keys.c.member_id == member.id, keys.c.state == keyring.ACTIVE)
    for row in await tx.rows(own):
        await keyring.revoke(tx, member.workspace_id, row["id"], actor=actor)
    await tx.emit(Event(member.workspace_id, "member.removed", member.id, {"name": member.name}, actor))


def may_grant(giver: Role | None, target: Role, current: Role | None = None) -> None:
    """Raise Forbidden when somebody of role `giver` may not give `target` to a member that has `current`.

    Only an owner makes or unmakes owners.
    """
    if giver is not Role.OWNER and Role.OWNER in (target, current):
        raise Forbidden("Only an owner can make or change an owner.", permission="own")


async def set_password(tx: Transaction, member: Member, password_hash: str, *, keep_session: bytes | None) -> None:
    """Store the password's hash and end every other session of this member."""
    await tx.execute(members.update().where(members.c.id == member.id).values(password_hash=password_hash))
    ended = sessions.delete().where(sessions.c.member_id == member.id)
    if keep_session is not None:
        ended = ended.where(sessions.c.hash != keep_session)
    await tx.execute(ended)
    await _tell(tx, member, member.id)


async def any_password(tx: Transaction) -> bool:
    """Whether any owner or admin could sign in by password: asked before we bind beyond loopback."""
    statement = (
        sa.select(members.c.id)
        .where(members.c.password_hash.is_not(None), members.c.role.in_([Role.OWNER.value, Role.ADMIN.value]))
        .limit(1)
    )
    return await tx.row(statement) is not None


async def get(tx: Transaction, workspace_id: str, member_id: str) -> Member:
    """Raises NotFound."""
    row = await tx.row(
        sa.select(members).where(
            members.c.workspace_id == workspace_id, members.c.id == member_id, members.c.removed_at.is_(None)
        )
    )
    if row is None:
        raise NotFound(f"There is no member {member_id!r} in this workspace.")
    return member_of(row)


async def by_email(tx: Transaction, workspace_id: str, email: str) -> Member | None:
    row = await tx.row(
        sa.select(members).where(
            members.c.workspace_id == workspace_id,
            members.c.email == email.strip().lower(),
            members.c.removed_at.is_(None),
        )
    )
    return None if row is None else member_of(row)


async def everywhere(tx: Transaction, email: str) -> list[Member]:
    """The members with this e-mail in all workspaces, oldest first: who may be signing in."""
    if not storable(email):
        return []
    rows = await tx.rows(
        sa.select(members)
        .where(members.c.email == email.strip().lower(), members.c.removed_at.is_(None))
        .order_by(members.c.created_at, members.c.id)
    )
    return [member_of(row) for row in rows]


async def page(
    tx: Transaction, workspace_id: str, *, q: str | None = None, after: str | None, limit: int
) -> Page[Member]:
    """Oldest first. `q`: a part of the name or the email address; `after`: the id that the page before ended with."""
    statement = (
        sa.select(members)
        .where(members.c.workspace_id == workspace_id, members.c.removed_at.is_(None))
        .order_by(members.c.id)
    )
    if after is not None:
        statement = statement.where(members.c.id > after)
    part = comparable(q or "")
    if part:
        # SQLite levels the case of ASCII letters only, and people are few enough to be looked through here.
        known = [member_of(row) for row in await tx.rows(statement)]
        found = [one for one in known if part in comparable(one.name) or part in one.email][: limit + 1]
    else:
        found = [member_of(row) for row in await tx.rows(statement.limit(limit + 1))]
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


async def workspace(tx: Transaction, workspace_id: str) -> Workspace:
    """Raises NotFound."""
    row = await tx.row(sa.select(workspaces).where(workspaces.c.id == workspace_id))
    if row is None:
        raise NotFound(f"There is no workspace {workspace_id!r}.")
    return Workspace(**{name: row[name] for name in Workspace.__slots__})


async def change_workspace(tx: Transaction, workspace: Workspace, values: Mapping[str, Any]) -> None:
    """Write `name`, `body_mode` or `settings`. Raises Changed when the workspace is no longer as it was read."""
    if not await tx.changed(
        workspaces.update()
        .where(workspaces.c.id == workspace.id, workspaces.c.version == workspace.version)
        .values(**values, version=workspace.version + 1)
    ):
        raise Changed("The workspace was changed meanwhile; load it again.")


def normal_email(email: str) -> str:
    """Raises Invalid when the text cannot be an e-mail address."""
    found = email.strip().lower()
    name, at, host = found.partition("@")
    odd = "@" in host or not found.isprintable() or any(letter.isspace() for letter in found) or len(found) > 254
    if not at or not name or not host or odd:
        raise Invalid(f"{email!r} is not an e-mail address: write it as name@example.com.", field="email")
    return found


def member_of(row: Mapping[str, Any] | sa.RowMapping) -> Member:
    values: dict[str, Any] = {name: row[name] for name in Member.__slots__}
    return Member(**{**values, "role": Role(row["role"])})


@dataclass(frozen=True, slots=True)
class FirstBoot:
    """What the first start made. `token` is to be shown once; None when the owner brought it."""

    workspace: Workspace
    owner: Member
    token: str | None


async def first_boot(tx: Transaction, *, token: str | None = None, email: str = OWNER_EMAIL) -> FirstBoot | None:
    """Make the workspace `default`, its owner and the owner's token; None when there is a workspace already.

    `token` may be any text of 16 characters or more; absent, a random one is made.
    """
    if await tx.row(sa.select(workspaces.c.id).limit(1)) is not None:
        return None
    made = await create_workspace(tx, "default")
    owner = await create(tx, made.id, email=email, name="Owner", role=Role.OWNER)
    holder = keyring.Holder(made.id, member_id=owner.id)
    if token is not None:
        await _bring_owner_token(tx, holder, token)
        return FirstBoot(made, owner, None)
    issued = await keyring.issue(tx, holder, name=OWNER_TOKEN)
    return FirstBoot(made, owner, issued.secret)


async def use_owner_token(tx: Transaction, token: str) -> None:
    """At a later start: the token that was brought is the owner's, and the one before it is revoked.

    Raises Invalid when it is too short, Changed when it was in use before and revoked.
    """
    known = await keyring.find(tx, key_hash(token))
    if known is not None and known.state == keyring.ACTIVE:
        return
    first = sa.select(members).where(members.c.role == Role.OWNER.value, members.c.removed_at.is_(None))
    row = await tx.row(first.order_by(members.c.id).limit(1))
    assert row is not None, "a workspace is made with its owner"
    owner = member_of(row)
    holder = keyring.Holder(owner.workspace_id, member_id=owner.id)
    page = await keyring.page(tx, owner.workspace_id, only_member=owner.id, after=None, limit=MAX_LIMIT)
    for key in page.items:
        if key.member_id == owner.id and key.name == OWNER_TOKEN and key.state == keyring.ACTIVE:
            await keyring.revoke(tx, owner.workspace_id, key.id)
    await _bring_owner_token(tx, holder, token)


async def _bring_owner_token(tx: Transaction, holder: keyring.Holder, token: str) -> None:
    """Raises Invalid, Changed in words for who set the variable."""
    try:
        await keyring.bring(tx, holder, token, name=OWNER_TOKEN)
    except (Invalid, Changed) as error:
        raise type(error)(f"{_REFUSED} {error.message} {_A_GOOD_ONE}", code=error.code) from None


async def _owners(tx: Transaction, member: Member) -> int:
    statement = sa.select(sa.func.count()).where(
        members.c.workspace_id == member.workspace_id,
        members.c.role == Role.OWNER.value,
        members.c.removed_at.is_(None),
    )
    return int(await tx.scalar(statement))


async def _come_back(tx: Transaction, workspace_id: str, email: str, name: str, role: Role, *, declared: bool) -> bool:
    """Whether somebody of that e-mail had been removed and is a member again: the same person, one history."""
    return await tx.changed(
        members.update()
        .where(members.c.workspace_id == workspace_id, members.c.email == email, members.c.removed_at.is_not(None))
        .values(name=name, role=role.value, declared=declared, removed_at=None, version=members.c.version + 1)
    )


def _values(value: Workspace | Member) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


async def _tell(tx: Transaction, member: Member, actor: str | None) -> None:
    data = {"name": member.name, "role": member.role.value}
    await tx.emit(Event(member.workspace_id, "member.changed", member.id, data, actor))

"""/members: the people of a workspace."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from quarterdeck.access import members, sessions
from quarterdeck.access.actors import Role
from quarterdeck.access.members import Member
from quarterdeck.control.http import DEFAULT_LIMIT, Admin, After, Db, IfMatch, Limit, Reader
from quarterdeck.control.members import removing
from quarterdeck.control.shapes import Instant, RequestBody
from quarterdeck.kernel.clock import HOUR, iso
from quarterdeck.kernel.errors import Changed
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.text import a_name

router = APIRouter(tags=["members"])
NAME_LENGTH = 100


class MemberOut(BaseModel):
    id: str
    name: str
    email: str
    role: Role
    created_at: Instant
    password_set: bool
    declared: bool
    """quarterdeck.toml says it: name and role are changed there."""
    version: int

    @classmethod
    def of(cls, member: Member) -> "MemberOut":
        return cls(
            id=member.id,
            name=member.name,
            email=member.email,
            role=member.role,
            created_at=iso(member.created_at),
            password_set=member.password_hash is not None,
            declared=member.declared,
            version=member.version,
        )


class MembersOut(BaseModel):
    items: list[MemberOut]
    next: str | None


class MemberIn(RequestBody):
    name: str = Field(min_length=1, max_length=NAME_LENGTH)
    email: str = Field(min_length=3, max_length=254)
    role: Role = Role.VIEWER


class MemberPatch(RequestBody):
    name: str | None = Field(None, min_length=1, max_length=NAME_LENGTH)
    role: Role | None = None


class DutiesOut(BaseModel):
    """Ids of what a member answers for. `projects` and `reviews` are those whose review policy names it."""

    tasks: list[str]
    reviews: list[str]
    agents: list[str]
    schedules: list[str]
    projects: list[str]
    goals: list[str]


class LinkOut(BaseModel):
    """`token` signs the member in once, until it expires: POST /session/link."""

    token: str
    expires_at: Instant


@router.get("/members")
async def list_members(
    *,
    actor: Reader,
    db: Db,
    q: Annotated[str | None, Query(description="A part of the name or of the email address.")] = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> MembersOut:
    """The people of this workspace, oldest first."""
    async with db.read() as tx:
        page = await members.page(tx, actor.workspace_id, q=q, after=after, limit=limit)
    return MembersOut(items=[MemberOut.of(member) for member in page.items], next=page.next)


@router.post("/members", status_code=201)
async def add_member(body: MemberIn, actor: Admin, db: Db) -> MemberOut:
    """Add a person. They cannot sign in before you made them a link: POST /members/{id}/link."""
    members.may_grant(actor.role, body.role)
    name = a_name(body.name, "name", NAME_LENGTH)
    async with db.transaction() as tx:
        member = await members.create(
            tx, actor.workspace_id, email=body.email, name=name, role=body.role, actor=actor.id
        )
    return MemberOut.of(member)


@router.get("/members/{member_id}", operation_id="get_member")
async def get_member(member_id: str, actor: Reader, db: Db) -> MemberOut:
    """One person."""
    async with db.read() as tx:
        return MemberOut.of(await members.get(tx, actor.workspace_id, member_id))


@router.patch("/members/{member_id}")
async def change_member(member_id: str, body: MemberPatch, actor: Admin, db: Db, version: IfMatch) -> MemberOut:
    """Rename a person or give them another role. Only an owner makes or changes an owner."""
    name = None if body.name is None else a_name(body.name, "name", NAME_LENGTH)
    async with db.transaction() as tx:
        before = await members.get(tx, actor.workspace_id, member_id)
        members.may_grant(actor.role, body.role or before.role, before.role)
        if before.declared:
            raise Changed(f"{before.email} is declared in quarterdeck.toml; change it there.", code="declared")
        member = await members.change(
            tx,
            actor.workspace_id,
            member_id,
            name=name,
            role=body.role,
            expected_version=version,
            actor=actor.id,
        )
    return MemberOut.of(member)


@router.get("/members/{member_id}/duties", operation_id="list_duties")
async def list_duties(member_id: str, actor: Admin, db: Db) -> DutiesOut:
    """What hangs on a person: all of it has to go to somebody before they are removed."""
    async with db.read() as tx:
        member = await members.get(tx, actor.workspace_id, member_id)
        found = await removing.duties_of(tx, actor.workspace_id, member.id)
    return DutiesOut(
        tasks=list(found.tasks),
        reviews=list(found.reviews),
        agents=list(found.agents),
        schedules=list(found.schedules),
        projects=list(found.projects),
        goals=list(found.goals),
    )


@router.delete("/members/{member_id}", status_code=204, operation_id="remove_member")
async def remove_member(
    member_id: str,
    actor: Admin,
    db: Db,
    reassign_to: Annotated[str | None, Query(description="Who takes what the person answers for.")] = None,
) -> None:
    """Remove a person. Sessions and tokens end now, what they answer for goes on, and history keeps the name."""
    async with db.transaction() as tx:
        await removing.remove(tx, actor, member_id, reassign_to=reassign_to)


@router.post("/members/{member_id}/link", status_code=201)
async def make_sign_in_link(
    member_id: str,
    actor: Admin,
    db: Db,
    valid_hours: Annotated[
        int | None, Query(ge=1, le=168, description="An invitation may wait up to a week; 15 minutes when absent.")
    ] = None,
) -> LinkOut:
    """A token that signs the person in once: an invitation, or the way back after losing a password."""
    lifetime = sessions.LINK_LIFETIME if valid_hours is None else valid_hours * HOUR
    async with db.transaction() as tx:
        member = await members.get(tx, actor.workspace_id, member_id)
        members.may_grant(actor.role, member.role, member.role)
        token = await sessions.make_link(tx, member, lifetime=lifetime)
        data = {"name": member.name, "expires_at": iso(tx.now + lifetime)}
        await tx.emit(Event(actor.workspace_id, "member.invited", member.id, data, actor.id))
    return LinkOut(token=token, expires_at=iso(tx.now + lifetime))

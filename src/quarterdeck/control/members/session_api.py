"""/session: signing in and out. The cookie is all the browser holds; the rest is on the server."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from quarterdeck.access import members, passwords, sessions
from quarterdeck.access.actors import Role
from quarterdeck.access.members import Member
from quarterdeck.access.sessions import Session
from quarterdeck.access.throttle import Throttle
from quarterdeck.control.http import Anyone, Db, Self
from quarterdeck.control.shapes import RequestBody
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.errors import Forbidden, Unauthenticated
from quarterdeck.kernel.events import Event

router = APIRouter(tags=["session"])


class WhoOut(BaseModel):
    id: str
    name: str
    email: str
    role: Role


class InWorkspaceOut(BaseModel):
    id: str
    name: str


class SessionOut(BaseModel):
    """`csrf` goes into `x-quarterdeck-csrf` on every write of this browser; null for a member's token."""

    member: WhoOut
    workspace: InWorkspaceOut
    csrf: str | None
    password_set: bool


class SignInLinkIn(RequestBody):
    token: str = Field(min_length=1, max_length=200)


class PasswordIn(RequestBody):
    email: str = Field(max_length=254)
    password: str = Field(max_length=passwords.MAX_LENGTH)


class NewPasswordIn(RequestBody):
    password: str = Field(min_length=passwords.MIN_LENGTH, max_length=passwords.MAX_LENGTH)
    current_password: str | None = Field(None, max_length=passwords.MAX_LENGTH)


@router.get("/session")
async def show_session(actor: Self, db: Db, request: Request) -> SessionOut:
    """Who is signed in."""
    cookie = None if request.state.session is None else request.cookies.get(sessions.COOKIE)
    async with db.read() as tx:
        return await _session_out(tx, await members.get(tx, actor.workspace_id, actor.id), cookie)


@router.post("/session/link")
async def sign_in_by_link(body: SignInLinkIn, _: Anyone, db: Db, request: Request, response: Response) -> SessionOut:
    """Sign in by a one-time link, such as the one printed at start."""
    async with db.transaction() as tx:
        return await _sign_in(tx, await sessions.use_link(tx, body.token), request, response)


@router.post("/session/password")
async def sign_in_by_password(body: PasswordIn, _: Anyone, db: Db, request: Request, response: Response) -> SessionOut:
    """Sign in by e-mail and password. Failed tries make the next one wait."""
    throttle: Throttle = request.app.state.throttle
    email = body.email.strip().lower()
    subject = f"{email} {_address(request)}"
    throttle.check(subject)
    member = await _by_password(db, email, body.password)
    if member is None:
        throttle.failed(subject)
        raise Unauthenticated("E-mail or password is wrong.", code="wrong_password")
    throttle.succeeded(subject)
    async with db.transaction() as tx:
        return await _sign_in(tx, member, request, response)


@router.put("/session/password", status_code=204)
async def set_password(body: NewPasswordIn, actor: Self, db: Db, request: Request) -> None:
    """Set one's own password; the current one is needed when there is one. Other browsers are signed out."""
    throttle: Throttle = request.app.state.throttle
    async with db.read() as tx:
        member = await members.get(tx, actor.workspace_id, actor.id)
    if member.password_hash is not None:
        throttle.check(member.id)
        if not await passwords.verify(body.current_password or "", member.password_hash):
            throttle.failed(member.id)
            raise Forbidden("The current password is wrong: enter the one you sign in with.", code="wrong_password")
        throttle.succeeded(member.id)
    digest = await passwords.hash_password(body.password)
    session: Session | None = request.state.session
    async with db.transaction() as tx:
        await members.set_password(tx, member, digest, keep_session=None if session is None else session.hash)


@router.delete("/session", status_code=204)
async def sign_out(_: Self, db: Db, request: Request, response: Response) -> None:
    """End this browser's session."""
    session: Session | None = request.state.session
    if session is not None:
        async with db.transaction() as tx:
            await sessions.close_session(tx, session.hash)
    response.delete_cookie(sessions.COOKIE, path="/", httponly=True, samesite="strict")


async def _by_password(db: Database, email: str, password: str) -> Member | None:
    async with db.read() as tx:
        candidates = await members.everywhere(tx, email)
    for member in candidates:
        if await passwords.verify(password, member.password_hash):
            return member
    if not candidates:
        # As long as a wrong password takes, so that nobody learns from the clock who has an account.
        await passwords.verify(password, None)
    return None


async def _sign_in(tx: Transaction, member: Member, request: Request, response: Response) -> SessionOut:
    old: Session | None = request.state.session
    token = await sessions.open_session(tx, member, replaces=None if old is None else old.hash)
    await tx.emit(Event(member.workspace_id, "member.signed_in", member.id, {}, member.id))
    response.set_cookie(
        sessions.COOKIE,
        token,
        max_age=sessions.ABSOLUTE // SECOND,
        path="/",
        secure=_came_encrypted(request),
        httponly=True,
        samesite="strict",
    )
    return await _session_out(tx, member, token)


async def _session_out(tx: Transaction, member: Member, cookie: str | None) -> SessionOut:
    workspace = await members.workspace(tx, member.workspace_id)
    return SessionOut(
        member=WhoOut(id=member.id, name=member.name, email=member.email, role=member.role),
        workspace=InWorkspaceOut(id=workspace.id, name=workspace.name),
        csrf=None if cookie is None else sessions.csrf_token(cookie),
        password_set=member.password_hash is not None,
    )


def _came_encrypted(request: Request) -> bool:
    """Whether the browser knows us by https. Behind a proxy that ends TLS only its origin tells, which was checked."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")


def _address(request: Request) -> str:
    return "local" if request.client is None else request.client.host

"""Clients of the control API, for its tests."""

from collections.abc import Awaitable, Callable

import httpx
from fastapi import FastAPI

from quarterdeck.access import sessions
from quarterdeck.access.members import Member
from quarterdeck.db import Database

ORIGIN = "http://quarterdeck.test"
AsRole = Callable[[str], Awaitable[httpx.AsyncClient]]
AsAgent = Callable[[str], Awaitable[httpx.AsyncClient]]


def browser(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN)


def with_key(app: FastAPI, key: str) -> httpx.AsyncClient:
    made = browser(app)
    made.headers["authorization"] = f"Bearer {key}"
    return made


async def sign_in(made: httpx.AsyncClient, db: Database, member: Member) -> None:
    async with db.transaction() as tx:
        token = await sessions.open_session(tx, member)
    made.cookies.set(sessions.COOKIE, token)
    made.headers["x-quarterdeck-csrf"] = sessions.csrf_token(token)

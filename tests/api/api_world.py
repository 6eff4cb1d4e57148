"""Clients of the control API, for its tests."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
from fastapi import FastAPI

from quarterdeck.access import members, sessions
from quarterdeck.access.actors import Role
from quarterdeck.access.members import Member
from quarterdeck.control.agents import actions as agents
from quarterdeck.db import Database
from quarterdeck.ledger.ingest import Ingester
from quarterdeck.ledger.journal import Journal
from quarterdeck.ledger.packs import Packs
from quarterdeck.ledger.record import CallRecord, encode

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


async def elsewhere(app: FastAPI, db: Database, *agent_names: str, email: str = "x@example.com") -> httpx.AsyncClient:
    """Another workspace with agents of these names in it, as its owner sees it."""
    async with db.transaction() as tx:
        workspace = await members.create_workspace(tx, "elsewhere")
        owner = await members.create(tx, workspace.id, email=email, name="Sam", role=Role.OWNER)
        for name in agent_names:
            await agents.create(tx, workspace.id, name=name, owner_id=owner.id)
    made = browser(app)
    await sign_in(made, db, owner)
    return made


async def ingested(db: Database, data: Path, *records: CallRecord) -> None:
    """Have these calls in the ledger, as a gateway that starts and stops wrote them."""
    packs = Packs(data / "packs", sync=False)
    journal = Journal(data / "journal" / "main", min_free_bytes=0)
    for each in records:
        journal.append(encode(each))
    await journal.close()
    await Ingester(db, data / "journal", packs).run_once()
    packs.close()

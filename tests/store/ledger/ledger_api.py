"""Calls of the ledger as members see them, over HTTP."""

from typing import Any

import httpx
from ledger_world import NOON, World, record

from quarterdeck.access import keyring, members
from quarterdeck.access.actors import Role
from quarterdeck.access.keyring import Holder
from quarterdeck.access.members import Member
from quarterdeck.db import Transaction
from quarterdeck.ledger.record import CallRecord


async def key_of(tx: Transaction, member: Member) -> str:
    """A key that was used just now: else its first use is noted in the background, maybe after the test."""
    issued = await keyring.issue(tx, Holder(member.workspace_id, member_id=member.id))
    await keyring.touch(tx, {issued.key.id: tx.now})
    return issued.secret


class Api:
    """A member's view of a workspace, and calls to fill it."""

    def __init__(self, world: World, owner: Member, client: httpx.AsyncClient) -> None:
        self.world = world
        self.owner = owner
        self.client = client

    def record(self, started: int = NOON, **changes: Any) -> CallRecord:
        return record(started, workspace_id=self.owner.workspace_id, **changes)

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.client.get(f"/api/v1{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def ids(self, **params: Any) -> list[str]:
        return [item["id"] for item in (await self.get("/calls", **params))["items"]]

    async def refused(self, path: str, **params: Any) -> tuple[int, str]:
        answer = await self.client.get(f"/api/v1{path}", params=params)
        return answer.status_code, answer.json()["code"]

    async def as_role(self, role: Role) -> httpx.AsyncClient:
        async with self.world.db.transaction() as tx:
            member = await members.create(
                tx, self.owner.workspace_id, email=f"{role}@example.com", name=role, role=role
            )
            secret = await key_of(tx, member)
        self.client.headers["authorization"] = f"Bearer {secret}"
        return self.client

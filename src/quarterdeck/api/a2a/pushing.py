"""The loop that tells peers how their tasks stand: A2A's push notifications, in any number of processes."""

import asyncio
import hashlib
import json
import logging
from typing import Protocol

from quarterdeck.access.vault import Vault
from quarterdeck.control.channels.model import Outcome, allowed_hosts
from quarterdeck.control.peers import pushes
from quarterdeck.control.peers.pushes import Push, Target
from quarterdeck.control.tasks import actions as tasks
from quarterdeck.db import Database
from quarterdeck.kernel.errors import QuarterdeckError

LOOK_S = 1.0
RETRY_S = 5.0
AT_ONCE = 8
MEDIA_TYPE = b"application/a2a+json"
log = logging.getLogger("quarterdeck.a2a")


class Post(Protocol):
    """One POST through guarded egress. `hosts` are those inside private networks that it may reach."""

    async def __call__(
        self, url: str, headers: list[tuple[bytes, bytes]], body: bytes, *, hosts: frozenset[str]
    ) -> Outcome: ...


class Pusher:
    """One per process."""

    def __init__(self, db: Database, vault: Vault, base_url: str, post: Post, hosts: frozenset[str]) -> None:
        self._db = db
        self._vault = vault
        self._base_url = base_url
        self._post = post
        self._hosts = hosts

    async def run(self) -> None:
        """Tell until cancelled; what is under way then is told again by whoever comes next."""
        while True:
            wait_s = LOOK_S
            try:
                if await self.push_due():
                    wait_s = 0.0
            except QuarterdeckError as error:
                log.warning("pushes_interrupted reason=%s", error.message)
                wait_s = RETRY_S
            await asyncio.sleep(wait_s)

    async def push_due(self) -> int:
        """Tell some of those that are due; how many were tried."""
        async with self._db.read() as tx:
            if not await pushes.is_any_due(tx):
                return 0
        async with self._db.transaction() as tx:
            found = await pushes.take_due(tx, AT_ONCE)
        await asyncio.gather(*(self._push(one) for one in found))
        return len(found)

    async def _push(self, push: Push) -> None:
        told, outcome = await self._attempt(push)
        async with self._db.transaction() as tx:
            await pushes.settle(tx, push, outcome, told)
        log.info("push task=%s ok=%s attempts=%d", push.task_id, outcome.ok, push.attempts + 1)

    async def _attempt(self, push: Push) -> tuple[str | None, Outcome]:
        """What is told, by its hash, and how it went. The same as before is not told again."""
        # The SDK, loaded once somebody is to be told.
        from a2a.types import a2a_pb2 as pb  # noqa: PLC0415
        from google.protobuf.json_format import MessageToDict  # noqa: PLC0415

        from quarterdeck.api.a2a.shown import shown  # noqa: PLC0415

        try:
            async with self._db.read() as tx:
                seen = await shown(tx, await tasks.get(tx, push.workspace_id, push.task_id), self._base_url)
            target = push.target(self._vault)
        except QuarterdeckError as error:
            return push.told, Outcome(False, error=error.message, final=True)
        body = json.dumps(MessageToDict(pb.StreamResponse(task=seen.message)), ensure_ascii=False).encode()
        told = hashlib.sha256(body).hexdigest()
        if told == push.told:
            return told, Outcome(True, push.last_status)
        headers = [(b"content-type", MEDIA_TYPE), (b"user-agent", b"Quarterdeck-A2A/1"), *_authorized(target)]
        outcome = await self._post(target.url, headers, body, hosts=self._hosts & allowed_hosts(target.url))
        return (told if outcome.ok else push.told), outcome


def _authorized(target: Target) -> list[tuple[bytes, bytes]]:
    """By which the receiver knows that it is told by whom it asked."""
    found = []
    if target.token:
        found.append((b"x-a2a-notification-token", target.token.encode()))
    if target.scheme and target.credentials:
        found.append((b"authorization", f"{target.scheme} {target.credentials}".encode()))
    return found

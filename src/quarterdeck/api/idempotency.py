"""`Idempotency-Key`: a write sent twice happens once, and is answered twice."""

import asyncio
import hashlib
import json
import logging
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quarterdeck.access.actors import Actor
from quarterdeck.access.vault import Vault, VaultError
from quarterdeck.api.body import is_streamed, read_whole, replay
from quarterdeck.api.confirming import Confirming, confirm
from quarterdeck.api.errors import problem_of
from quarterdeck.api.tables import idempotency_keys as kept
from quarterdeck.db import Database, Transaction, riding
from quarterdeck.kernel.clock import DAY, SECOND
from quarterdeck.kernel.errors import Changed, Invalid, QuarterdeckError, Unavailable

HEADER = "idempotency-key"
MAX_KEY_LENGTH = 255
KEPT_FOR = DAY
HELD_FOR = 120 * SECOND
"""A request that has not ended by then was cut off with its process: the key is free again if it wrote nothing."""
_WRITTEN = b""
"""Stands for an answer from the commit of a write until the answer is kept."""
WAIT_S = 5.0
POLL_S = 0.05
log = logging.getLogger("quarterdeck.api")
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Mismatch(QuarterdeckError):
    """The key was used for another request."""

    status = 422
    code = "idempotency_mismatch"


async def is_first(tx: Transaction, caller: str, key: str, said: str) -> bool:
    """For protocols whose verbs carry their key inside: whether this is said for the first time, as of this
    transaction.

    Raises Mismatch when the same caller used the key to say something else, Invalid for a key that is too long.
    """
    if not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise Invalid(f"An idempotency key has 1 to {MAX_KEY_LENGTH} characters.", field="idempotency_key")
    row = _Row(caller, key, hashlib.sha256(said.encode()).digest())
    if await _insert(tx.connection, row, tx.now):
        return True
    found = await tx.row(sa.select(kept.c.digest).where(row.where))
    if found is not None and found["digest"] != row.digest:
        raise Mismatch("This idempotency_key was used to say something else; take a new one for each.")
    return False


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    unconfirmed: list[dict[str, Any]] | None = None
    """What gateways have not confirmed of it (see `Confirming.left`); nobody has been given it before they did."""


class Idempotency:
    """Remembers the answers to writes that carry a key, per actor, for a day. Anonymous writes are not remembered.

    Answers rest sealed, because some hold a new key's text. What failed on our side (5xx) and wrote nothing is not
    remembered, so that it can be tried again. What was written and not confirmed by the gateways (503 `not_published`)
    has its answer kept: a repetition gets it as soon as they have confirmed.

    An answer is made after its write has committed, of what routes read, publish and end in between, so it cannot be
    kept in that transaction. That there was a write is: a process that dies before it answers leaves a key that says
    so, and a repetition is told (`answer_lost`) instead of writing a second time; so does a route that fails after it
    wrote. A transaction that told no event wrote nothing that a repetition would double.
    """

    def __init__(self, app: ASGIApp, db: Database, vault: Vault) -> None:
        self._app = app
        self._db = db
        self._vault = vault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        actor: Actor | None = scope.get("state", {}).get("actor") if scope["type"] == "http" else None
        key = Headers(scope=scope).get(HEADER) if actor is not None and scope["method"] in _WRITES else None
        # A streamed file is not held in memory to be hashed here: its route is safe to repeat by itself.
        if actor is None or key is None or is_streamed(scope):
            await self._app(scope, receive, send)
            return
        if not 1 <= len(key) <= MAX_KEY_LENGTH:
            raise Invalid(f"An Idempotency-Key has 1 to {MAX_KEY_LENGTH} characters.", field=HEADER)
        body = await read_whole(receive)
        row = _Row(f"{actor.kind}:{actor.id}", key, _digest(scope, body))
        found = await self._hold(row)
        if found is None:
            await self._run(scope, replay(body, receive), send, row)
        else:
            if found.unconfirmed is not None:
                try:
                    await confirm(scope["app"].state.gateways, found.unconfirmed)
                except Unavailable as failure:
                    raise _unconfirmed(failure) from failure
                await self._keep(replace(found, unconfirmed=None), row)
            response = Response(found.body, found.status)
            response.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in found.headers]
            response.headers["idempotency-replayed"] = "true"
            await response(scope, receive, send)

    async def _hold(self, row: "_Row") -> _Answer | None:
        """Take the key for this request: None when it is ours now, the answer when it was given already.

        Raises Mismatch for another request under the same key, Changed when the first is still running, or has written
        and was cut off (`answer_lost`).
        """
        deadline = self._db.clock.monotonic() + WAIT_S
        while True:
            async with self._db.transaction() as tx:
                await tx.execute(kept.delete().where(kept.c.at < tx.now - KEPT_FOR))
                await tx.execute(kept.delete().where(row.where, kept.c.answer.is_(None), kept.c.at < tx.now - HELD_FOR))
                found = await tx.row(sa.select(kept).where(row.where))
                if found is None and await _insert(tx.connection, row, tx.now):
                    return None
            if found is not None:
                if found["digest"] != row.digest:
                    raise Mismatch("This Idempotency-Key was used for another request; take a new one for each.")
                if found["answer"]:
                    return self._opened(found["answer"], row)
                if found["answer"] == _WRITTEN and found["at"] < tx.now - HELD_FOR:
                    raise Changed(
                        "This request was done, but the server failed before its answer was kept. Look at what it"
                        " made; to do it again, take a new Idempotency-Key.",
                        code="answer_lost",
                    )
            if self._db.clock.monotonic() >= deadline:
                raise Changed(
                    "The first request with this Idempotency-Key is still running; ask again.",
                    code="still_running",
                    retry_after_s=1,
                )
            await asyncio.sleep(POLL_S)

    async def _run(self, scope: Scope, receive: Receive, send: Send, row: "_Row") -> None:
        """Do it, remember the answer, then give it: nobody has an answer that a repetition would not get."""
        answered = _Recorder()
        told = Confirming(scope["app"].state.gateways)
        scope["state"]["gateways"] = told
        try:
            with riding(row.note_write):
                await self._app(scope, receive, answered)
        except BaseException:
            await asyncio.shield(self._fail(row))
            raise
        try:
            if answered.status >= 500:
                await self._fail(row)
            else:
                await self._keep(answered.answer(told.left), row)
        except QuarterdeckError as error:
            log.warning("answer_not_remembered key=%s reason=%s", row.key, error.message)
        if told.failure is not None and answered.status < 500:
            await problem_of(_unconfirmed(told.failure), scope["path"])(scope, receive, send)
            return
        for message in answered.messages:
            await send(message)

    async def _keep(self, answer: _Answer, row: "_Row") -> None:
        async with self._db.transaction() as tx:
            await tx.execute(kept.update().where(row.where).values(answer=self._sealed(answer, row)))

    async def _fail(self, row: "_Row") -> None:
        """Give the key back. What has been written by then must not be written again: its repetition is told so."""
        async with self._db.transaction() as tx:
            await tx.execute(kept.delete().where(row.where, kept.c.answer.is_(None)))
            over = kept.c.at - HELD_FOR - 1
            await tx.execute(kept.update().where(row.where, kept.c.answer == _WRITTEN).values(at=over))

    def _sealed(self, answer: _Answer, row: "_Row") -> bytes:
        head = json.dumps([answer.status, answer.headers, answer.unconfirmed]).encode()
        return self._vault.seal(head + b"\n" + answer.body, row.bound)

    def _opened(self, sealed: bytes, row: "_Row") -> _Answer:
        """Raises Changed when the answer was sealed with a key that is gone."""
        try:
            head, _, body = self._vault.unseal(sealed, row.bound).partition(b"\n")
        except VaultError:
            raise Changed("This request was done already, but its answer can no longer be read.") from None
        status, headers, *rest = json.loads(head)
        return _Answer(status, headers, body, *rest)


@dataclass(frozen=True, slots=True)
class _Row:
    actor: str
    key: str
    digest: bytes

    @property
    def where(self) -> sa.ColumnElement[bool]:
        return sa.and_(kept.c.actor == self.actor, kept.c.key == self.key)

    @property
    def bound(self) -> str:
        return f"idempotency_keys/{self.actor}/{self.key}"

    async def note_write(self, tx: Transaction) -> None:
        """Say in the transaction of a write that it was done."""
        if tx.emitted:
            await tx.execute(kept.update().where(self.where, kept.c.answer.is_(None)).values(answer=_WRITTEN))


class _Recorder:
    """Keeps an answer instead of sending it. Answers to writes are small and whole."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        status: int = self.messages[0]["status"]
        return status

    def answer(self, unconfirmed: list[dict[str, Any]] | None) -> _Answer:
        head = self.messages[0].get("headers", [])
        pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head]
        body = b"".join(message.get("body", b"") for message in self.messages[1:])
        return _Answer(self.status, pairs, body, unconfirmed)


def _unconfirmed(failure: Unavailable) -> Unavailable:
    words = f"{failure.message} Ask again with the same Idempotency-Key for the answer: nothing is done twice."
    return Unavailable(words, code=failure.code, **failure.extra)


def _digest(scope: Scope, body: bytes) -> bytes:
    head = f"{scope['method']} {scope['path']}?{scope['query_string'].decode('latin-1')}\n".encode()
    return hashlib.sha256(head + body).digest()


async def _insert(connection: Any, row: _Row, now: int) -> bool:
    """Whether the key is ours; somebody else may have been first by a hair."""
    try:
        async with connection.begin_nested():
            await connection.execute(
                kept.insert().values(actor=row.actor, key=row.key, digest=row.digest, answer=None, at=now)
            )
    except IntegrityError:
        return False
    return True

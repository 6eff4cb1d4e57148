"""Calls as a gateway records them, journals that hold them, and an ingester to read them."""

import asyncio
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from quarterdeck.db import Database
from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.ids import encode as encode_id
from quarterdeck.ledger.ingest import Ingester
from quarterdeck.ledger.journal import Journal
from quarterdeck.ledger.packs import Packs
from quarterdeck.ledger.record import Attempt, CallRecord, PriceNote, Usage, encode
from quarterdeck.ledger.tables import calls

NOON = 1_800_014_400 * SECOND
"""2027-01-15T12:00:00Z, four hours after a FakeClock begins."""
PRICE = PriceNote("genai-prices", "0.0.1", {"input_tokens": 150_000_000, "output_tokens": 600_000_000})
_numbers = itertools.count(1)


def call_id(started: int) -> str:
    return f"call_{encode_id((started // 1_000) << 80 | next(_numbers))}"


def record(started: int = NOON, **changes: Any) -> CallRecord:
    """A plain call that went well."""
    fields: dict[str, Any] = {
        "id": call_id(started),
        "workspace_id": "ws_1",
        "agent_id": "agt_1",
        "key_id": "key_1",
        "run_id": "run_1",
        "task_id": "tsk_1",
        "attribution": "run_key",
        "session": None,
        "trace_id": None,
        "dialect": "openai_chat",
        "endpoint": "/v1/chat/completions",
        "model_asked": "gpt-4o-mini",
        "provider": "openai",
        "provider_kind": "openai",
        "model": "gpt-4o-mini",
        "model_answered": "gpt-4o-mini-2024-07-18",
        "stream": False,
        "status": 200,
        "outcome": "ok",
        "error_code": None,
        "error_message": None,
        "attempts": [Attempt("openai", "gpt-4o-mini", 200, None, 100, 40_000, 90_000)],
        "started": started,
        "first_byte": 40_000,
        "ended": 90_000,
        "overhead": 200,
        "usage": Usage(input_total=100, cache_read=20, output_total=10, reasoning=4),
        "usage_source": "provider",
        "cost": 21_000,
        "price": PRICE,
        "tags": [],
        "client": "openai/3.54.0",
        "request_headers": [("content-type", "application/json")],
        "response_headers": [("x-request-id", "req_1")],
        "body_mode": "full",
        "request_body": chat("Hello"),
        "response_body": b'{"choices":[{"message":{"role":"assistant","content":"Hi"}}]}',
        "response_type": "application/json",
        "chunk_times": b"",
    }
    fields.update(changes)
    fields.setdefault("request_size", len(fields["request_body"]))
    fields.setdefault("response_size", len(fields["response_body"]))
    return CallRecord(**fields)


def chat(*contents: str, **more: Any) -> bytes:
    """A chat request whose messages alternate between user and assistant."""
    roles = itertools.cycle(("user", "assistant"))
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents)]  # noqa: B905
    return json.dumps({"model": "gpt-4o-mini", "messages": messages, **more}).encode()


class World:
    """A database, a data directory, and what runs between them."""

    def __init__(self, db: Database, data: Path) -> None:
        self.db = db
        self.data = data
        self.packs = Packs(data / "packs", sync=False)
        self.ingester = self.new_ingester()

    def new_ingester(self, **options: Any) -> Ingester:
        return Ingester(self.db, self.data / "journal", self.packs, **options)

    async def write(self, records: Sequence[CallRecord], gateway: str = "main", **options: Any) -> None:
        """Append to a gateway's journal, as a gateway that starts and stops."""
        await self.write_raw([encode(each) for each in records], gateway, **options)

    async def write_raw(self, payloads: Sequence[bytes], gateway: str = "main", **options: Any) -> None:
        journal = Journal(self.data / "journal" / gateway, **{"min_free_bytes": 0, **options})
        for payload in payloads:
            done = journal.append(payload)
            if done is not None:
                await asyncio.shield(done)
        await journal.close()

    async def ingest(self, max_records: int = 250) -> int:
        """Ingest until nothing is left."""
        total = 0
        while count := await self.ingester.run_once(max_records):
            total += count
        return total

    async def take(self, *records: CallRecord) -> None:
        await self.write(records)
        await self.ingest()

    async def rows(self, query: Any) -> list[dict[str, Any]]:
        async with self.db.read() as tx:
            return [dict(row) for row in await tx.rows(query)]

    async def calls(self) -> list[dict[str, Any]]:
        return await self.rows(sa.select(calls).order_by(calls.c.id))

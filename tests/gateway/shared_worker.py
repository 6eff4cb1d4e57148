"""One gateway's limits and budgets over a Redis, driven without a network: a process of the tests of several gateways.

`python shared_worker.py URL DIRECTORY WHAT COUNT` prints one JSON object.
"""

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from quarterdeck.access import wire
from quarterdeck.access.budgets.model import BudgetEntry
from quarterdeck.access.limits.model import LimitEntry
from quarterdeck.access.scopes import Scope
from quarterdeck.access.snapshot import AgentEntry, KeyEntry, ProviderEntry, RunEntry, Snapshot, WorkspaceEntry
from quarterdeck.gateway.attribution import Attribution
from quarterdeck.gateway.dialects.base import RequestFacts
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.endpoints import ENDPOINTS
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.hooks import Hooks
from quarterdeck.gateway.limits.shared import store as shared_store
from quarterdeck.gateway.limits.shared.admission import SharedAdmission
from quarterdeck.gateway.limits.shared.store import SharedStore
from quarterdeck.gateway.limits.spending import Spending
from quarterdeck.gateway.targets import Target, pick
from quarterdeck.kernel.ids import new_id
from quarterdeck.ledger.journal import Journal
from quarterdeck.ledger.prices import PriceBook
from quarterdeck.ledger.record import Usage
from undisturbed import Watch

CAP = 2_000_000
BODY = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello"}],"max_tokens":60}'
AGENTS = 200
shared_store.ANSWER_S = 60.0  # five processes and other tests share two cores


class Gateway:
    """As much of one as limits and budgets see."""

    def __init__(self, url: str, directory: Path, budgets: list[BudgetEntry], limits: list[LimitEntry]) -> None:
        self.journal = Journal(directory, min_free_bytes=0)
        self.store = SharedStore(url, self.journal.id)
        self.hooks = Hooks()
        prices = PriceBook()
        self.quote = prices.resolve("openai", "gpt-4o-mini", provider="openai")
        self.admission = SharedAdmission(self.hooks, prices, Spending(self.journal), self.store)
        agents = {f"agt_{n}": AgentEntry(f"agt_{n}", f"agent {n}", "enabled", None, []) for n in range(AGENTS)}
        runs = {
            f"run_{n}": RunEntry(f"run_{n}", f"agt_{n}", None, "open", None, priority=urgency(n)) for n in range(AGENTS)
        }
        provider = ProviderEntry("openai", "openai", "http://127.0.0.1:1/v1", "sk")
        self.workspace = WorkspaceEntry("ws", "w", "full", [provider], agents, runs, budgets=budgets, limits=limits)
        self.target: Target = pick(self.workspace, "openai_chat", "gpt-4o-mini", lambda _kind, _model: True)
        self.admission.swapped(Snapshot(1, 0, {}, {"ws": self.workspace}))
        self.admission.spending.told(wire.Spent(0, {}, []))
        self.tidying = asyncio.create_task(self.admission.run())

    async def call(self, agent: int, *, lasts_s: float) -> tuple[str, int]:
        """(`ok` or the refusal's code, nano-dollars)."""
        entry = self.workspace.agents[f"agt_{agent}"]
        draft = Draft(ENDPOINTS["/v1/chat/completions"], "/v1/chat/completions", [], {}, new_id("call"), now(), 0)
        draft.workspace, draft.agent, draft.request_body, draft.target = self.workspace, entry, BODY, self.target
        draft.key = KeyEntry("key", "ws", "agent", entry.id, None, None, None, "active")
        draft.attribution = Attribution(f"run_{agent}", None, "run_key", None, None)
        draft.quote = self.quote
        draft.facts = RequestFacts("gpt-4o-mini", stream=False, wants_usage=True, max_output=60)
        try:
            for turn in (self.admission.admit, lambda draft: self.admission.attempt(draft, self.target)):
                if (waiting := turn(draft)) is not None:
                    await waiting
            draft.sent_at = 1
            await asyncio.sleep(lasts_s)
            output = random.randint(5, 60)
            draft.usage, draft.usage_source, draft.status = Usage(10, 0, 0, 0, output), "provider", 200
            draft.cost = 10 * 150 + output * 600
            self.admission.settled(draft)
            return "ok", draft.cost
        except Refusal as refusal:
            return refusal.code, 0
        finally:
            self.admission.release(draft)

    async def close(self) -> None:
        self.tidying.cancel()
        await asyncio.sleep(0.05)
        await self.store.close()
        await self.journal.close()


def urgency(agent: int) -> int:
    return 0 if agent < 20 else 2


def now() -> int:
    return time.time_ns() // 1_000


def together() -> None:
    """Say that we are ready, and wait until all are."""
    print("ready", flush=True)
    sys.stdin.readline()


async def spend(url: str, directory: Path, count: int) -> Any:
    """So many calls at once against a hard budget that all gateways share."""
    gateway = Gateway(url, directory, [BudgetEntry("b", Scope("workspace"), CAP, "total", "hard")], [])
    await gateway.admission.spending.ready.wait()
    together()
    answers = await asyncio.gather(*(gateway.call(n % AGENTS, lasts_s=random.uniform(0, 0.02)) for n in range(count)))
    await gateway.close()
    return {"spent": sum(cost for _, cost in answers), "codes": [code for code, _ in answers]}


async def limit(url: str, directory: Path, count: int) -> Any:
    """So many calls at once against a limit that all gateways share."""
    entry = LimitEntry("l", Scope("workspace"), "requests", 100, "day", 100)
    gateway = Gateway(url, directory, [], [entry])
    together()
    answers = await asyncio.gather(*(gateway.call(n % AGENTS, lasts_s=0) for n in range(count)))
    await gateway.close()
    return {"codes": [code for code, _ in answers]}


async def queue(url: str, directory: Path, count: int) -> Any:
    """Agents that keep asking at one provider's limit for some seconds; who was served when."""
    entry = LimitEntry("p", Scope("provider", "openai"), "concurrent", 8, None, 8, max_wait_ms=30_000)
    gateway = Gateway(url, directory, [], [entry])
    served: list[tuple[float, int]] = []

    async def ask(agent: int) -> None:
        for _ in range(4 + agent % 4):
            code, _cost = await gateway.call(agent, lasts_s=0.02)
            assert code == "ok", code
            served.append((time.time(), agent))

    together()
    watch = Watch(0.02)
    watching = asyncio.create_task(watch.run())
    await asyncio.gather(*(ask(agent) for agent in range(AGENTS) if agent % 4 == count))
    watching.cancel()
    await gateway.close()
    return {"served": served, "still_s": watch.longest_s}


async def away(url: str, directory: Path, count: int) -> Any:
    """Calls while Redis goes away; the parent ends it once this has said that it began."""
    budget = BudgetEntry("b", Scope("workspace"), 10**9, "total", "hard")
    entry = LimitEntry("l", Scope("workspace"), "requests", 100, "day", 100)
    gateway = Gateway(url, directory, [budget], [entry])
    await gateway.admission.spending.ready.wait()
    before = [(await gateway.call(n, lasts_s=0))[0] for n in range(3)]
    print("began", flush=True)
    sys.stdin.readline()
    (counter,) = list(gateway.admission.spending.counters)
    claim = counter.claim
    after = [await gateway.call(n % AGENTS, lasts_s=0) for n in range(count)]
    await gateway.close()
    return {
        "before": before,
        "after": [code for code, _ in after],
        "spent": counter.spent,
        "claim": claim,
    }


async def limit_away(url: str, directory: Path, count: int) -> Any:
    """The same with a limit and no budget."""
    gateway = Gateway(url, directory, [], [LimitEntry("l", Scope("workspace"), "requests", 100, "day", 100)])
    before = [(await gateway.call(n, lasts_s=0))[0] for n in range(3)]
    print("began", flush=True)
    sys.stdin.readline()
    after = [(await gateway.call(n % AGENTS, lasts_s=0))[0] for n in range(count)]
    await gateway.close()
    return {"before": before, "after": after}


def main() -> None:
    url, directory, what, count = sys.argv[1:]
    doing = {"spend": spend, "limit": limit, "queue": queue, "away": away, "limit_away": limit_away}[what]
    print(json.dumps(asyncio.run(doing(url, Path(directory), int(count)))))


if __name__ == "__main__":
    main()

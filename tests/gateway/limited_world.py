"""A gateway in this process with limits and budgets in force, told by the test what control would tell."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from gateway_world import KEY, Gateway, gateway_running

from quarterdeck.access import wire
from quarterdeck.access.budgets.model import BudgetEntry
from quarterdeck.access.limits.model import LimitEntry
from quarterdeck.access.scopes import Scope
from quarterdeck.access.snapshot import encode
from quarterdeck.gateway.limits.admission import Admission
from quarterdeck.gateway.limits.spending import Spending
from quarterdeck.ledger.record import CallRecord

USD = 10**9


@dataclass
class Limited:
    """`budgets` and `limits` hold once `publish` is called."""

    gateway: Gateway
    admission: Admission
    budgets: list[BudgetEntry] = field(default_factory=list)
    limits: list[LimitEntry] = field(default_factory=list)

    def publish(self) -> None:
        self.gateway.publish()
        self.publish_rules()

    def publish_rules(self) -> None:
        """Budgets and limits alone, in one step from those before."""
        holder = self.gateway.holder
        workspace = msgspec.structs.replace(
            holder.current.workspaces["ws_1"], budgets=list(self.budgets), limits=list(self.limits)
        )
        snapshot = msgspec.structs.replace(
            holder.current, version=holder.current.version + 1, workspaces={"ws_1": workspace}
        )
        holder.publish(encode(snapshot))

    async def in_force(self, *budgets: BudgetEntry, limits: tuple[LimitEntry, ...] = ()) -> None:
        """Publish these, and tell that nothing was spent before."""
        self.budgets, self.limits = list(budgets), list(limits)
        self.publish()
        self.admission.spending.told(wire.Spent(0, {}, []))
        if budgets:
            await self.admission.spending.ready.wait()

    def spent(self, budget_id: str = "b") -> int:
        return sum(each.spent for each in self.admission.spending.counters if each.key[0] == budget_id)

    def held(self) -> int:
        return sum(each.held for each in self.admission.spending.counters)

    async def many(self, count: int, **changes: object) -> list[int]:
        """So many chat completions at once; their statuses."""
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 60, **changes}
        script = msgspec.json.encode({"text": "word " * 20})
        content = msgspec.json.encode(body)
        request = (
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: here\r\nconnection: close\r\n"
            b"authorization: Bearer %b\r\nx-sandbox-script: %b\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%b" % (KEY.encode(), script, len(content), content)
        )
        port = int(self.gateway.url.rsplit(":", 1)[1])

        async def one() -> int:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            answer = await reader.read()
            writer.close()
            return int(answer.split(b" ", 2)[1])

        return list(await asyncio.gather(*(one() for _ in range(count))))

    def records(self) -> list[CallRecord]:
        return self.gateway.records()


def budget(amount: float, scope: str = "workspace", window: str = "total", **fields: object) -> BudgetEntry:
    kind, _, value = scope.partition(":")
    values = {"id": "b", "mode": "hard", **fields}
    return BudgetEntry(scope=Scope(kind, value), amount=round(amount * USD), window=window, shown=scope, **values)  # type: ignore[arg-type]


def limit(
    amount: int, scope: str = "workspace", measure: str = "requests", per: str | None = "hour", **fields: object
) -> LimitEntry:
    kind, _, value = scope.partition(":")
    values = {"id": "l", "burst": amount, **fields}
    return LimitEntry(scope=Scope(kind, value), measure=measure, amount=amount, period=per, shown=scope, **values)  # type: ignore[arg-type]


@asynccontextmanager
async def limited_running(directory: Path, *, kept: Path | None = None) -> AsyncIterator[Limited]:
    """`kept`: where what was used of limits is kept."""
    async with gateway_running(directory) as gateway:
        settler = gateway.parts.settler
        admission = Admission(settler.hooks, settler.prices, Spending(gateway.journal), kept)
        gateway.holder.on_swap(admission.swapped)
        beside = asyncio.create_task(admission.run())
        yield Limited(gateway, admission)
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)

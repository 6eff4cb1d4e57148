"""Routes and the queue know the task a call belongs to: its attempt, urgency, deadline, and what is left to spend."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from gateway_world import PATIENCE_S, RUN_KEY, key_entry
from limited_world import Limited, budget, limit, limited_running

from quarterdeck.access.snapshot import AgentEntry, RunEntry, encode
from quarterdeck.access.wire import OpenCall
from quarterdeck.kernel.clock import HOUR, MINUTE

DOCS = Path(__file__).parents[2] / "docs" / "routing.md"
BODY = {"model": "route/by-task", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
PLAIN = {**BODY, "model": "gpt-4o-mini"}


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[Limited]:
    async with limited_running(tmp_path) as made:
        yield made


def documented_route() -> Any:
    """The route that docs/routing.md offers to be copied, as it stands there."""
    block = re.search(r"<!-- by-task -->\n+((?:    .*\n)+)", DOCS.read_text())
    assert block is not None
    return msgspec.json.decode(block[1])


def run_of(limited: Limited, **changes: Any) -> None:
    run = RunEntry("run_1", "agt_1", "tsk_1", "open", None, attempt=1, priority=2)
    limited.gateway.runs["run_1"] = msgspec.structs.replace(run, **changes)


async def model_of(limited: Limited, *budgets: Any) -> str:
    """The model that the call of the run was answered by."""
    await limited.in_force(*budgets)
    answer = await limited.gateway.post("/v1/chat/completions", BODY, key=RUN_KEY)
    assert answer.status_code == 200, answer.text
    return str(answer.headers["x-quarterdeck-model"])


async def test_the_documented_route_goes_by_attempt_urgency_deadline_and_budget(limited: Limited) -> None:
    limited.gateway.routes["by-task"] = documented_route()
    cheap, strong = "gpt-4o-mini", "claude-sonnet-4-5"
    run_of(limited)
    assert await model_of(limited, budget(5.0, "agent:agt_1")) == cheap
    run_of(limited, attempt=2)
    assert await model_of(limited, budget(5.0, "agent:agt_1")) == strong
    assert await model_of(limited, budget(0.4, "run:*", window="run", id="near the cap")) == cheap
    assert await model_of(limited) == strong, "without a budget there is no cap to be near"
    run_of(limited, priority=0)
    assert await model_of(limited) == strong
    now = time.time_ns() // 1_000
    run_of(limited, due_at=now + 2 * HOUR)
    assert await model_of(limited) == cheap
    run_of(limited, due_at=now + 5 * MINUTE)
    assert await model_of(limited) == strong


def three_agents(limited: Limited) -> None:
    """Publish what is in force with three agents of one run each; all equally urgent, due at different times."""
    holder, now = limited.gateway.holder, time.time_ns() // 1_000
    due = {"undue": None, "later": now + HOUR, "soon": now + MINUTE}
    agents = {name: AgentEntry(name, name, "enabled", None, []) for name in due}
    runs = {name: RunEntry(name, name, f"tsk_{name}", "open", None, priority=2, due_at=at) for name, at in due.items()}
    for name in due:
        entry = key_entry(id=f"key_{name}", kind="run", agent_id=name, run_id=name, task_id=f"tsk_{name}")
        limited.gateway.keys[name] = entry
    limited.publish()
    workspace = holder.current.workspaces["ws_1"]
    workspace = msgspec.structs.replace(
        workspace, agents={**workspace.agents, **agents}, runs={**workspace.runs, **runs}
    )
    changed = msgspec.structs.replace(
        holder.current, version=holder.current.version + 1, workspaces={"ws_1": workspace}
    )
    holder.publish(encode(changed))


async def open_calls(limited: Limited, holds: Callable[[list[OpenCall]], bool]) -> list[OpenCall]:
    """The calls in flight as control is told of them, as soon as that is true of them."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds(shown := limited.gateway.open_calls.traffic()[1]):
            await asyncio.sleep(0.005)
    return shown


async def test_of_equally_urgent_tasks_the_one_due_first_gets_the_provider_first(limited: Limited) -> None:
    one_at_once = limit(1, "provider:openai", measure="concurrent", per=None, max_wait_ms=60_000)
    await limited.in_force(limits=(one_at_once,))
    three_agents(limited)
    order: list[str] = []

    async def call(key: str, **script: Any) -> None:
        answer = await limited.gateway.post("/v1/chat/completions", PLAIN, key=key, script={"text": "hi", **script})
        assert answer.status_code == 200, answer.text
        order.append(key)

    # It keeps the provider busy until all others stand in the queue.
    first = asyncio.create_task(call(RUN_KEY, timing={"first_byte_ms": 120_000}))
    await open_calls(limited, lambda shown: len(shown) == 1)
    waiting = []
    for number, key in enumerate(("undue", "later", "soon"), 1):
        waiting.append(asyncio.create_task(call(key)))
        await open_calls(limited, lambda shown, n=number: sum(each.held == "queue" for each in shown) == n)
    first.cancel()
    await asyncio.gather(*waiting)
    assert order == ["soon", "later", "undue"]


async def test_a_call_in_the_queue_or_between_tries_says_so_while_it_waits(limited: Limited) -> None:
    one_at_once = limit(1, "provider:openai", measure="concurrent", per=None, max_wait_ms=60_000)
    await limited.in_force(limits=(one_at_once,))
    slow = {"text": "hi", "timing": {"first_byte_ms": 300}}
    calls = [asyncio.create_task(limited.gateway.chat(script=slow)) for _ in range(2)]
    shown = await open_calls(limited, lambda shown: any(each.held for each in shown))
    assert sorted((each.held or "", each.provider) for each in shown) == [("", "openai"), ("queue", "openai")]
    await open_calls(limited, lambda shown: len(shown) == 1 and shown[0].held is None)
    assert [(await call).status_code for call in calls] == [200, 200]

    await limited.in_force()
    retry = {"provider": "openai", "retry": {"attempts": 1, "backoff_ms": 300}}
    failing = {"text": "hi", "fault": {"kind": "status", "status": 503, "times": 1}}
    headers = {"x-portkey-config": msgspec.json.encode(retry).decode()}
    call = asyncio.create_task(limited.gateway.post("/v1/chat/completions", PLAIN, script=failing, **headers))
    shown = await open_calls(limited, lambda shown: any(each.held for each in shown))
    assert [(each.held, each.provider, each.first_byte) for each in shown] == [("retry", "openai", None)]
    assert (await call).status_code == 200

"""Every fault of a provider under every strategy, through a whole gateway: what the caller gets, what is let go.

    cd tests && PYTHONPATH=faults:gateway:../src ../.venv/bin/python -m fault_table > ../docs/faults.md

The faulty provider is always asked first (or the one there is); the other one is well.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
from gateway_world import KEY
from limited_world import Limited, budget, limited_running

FAULTY = {"name": "faulty", "provider": "openai"}
WELL = {"name": "well", "provider": "anthropic", "override_params": {"model": "claude-haiku-4-5"}}
BOUND_S = 20.0
"""No call may take longer; time-outs are set to 0.4 s, and a machine that tests at the same time is slow."""

FAULTS: dict[str, dict[str, Any]] = {
    "connection refused": {},
    "hangs before its headers": {"kind": "hang"},
    "stalls in the middle": {"kind": "hang", "after": 3},
    "reset before its headers": {"kind": "reset"},
    "reset in the middle": {"kind": "reset", "after": 3},
    "half-closed before its headers": {"kind": "cut"},
    "half-closed in the middle": {"kind": "cut", "after": 3},
    "one byte a second": {"kind": "drip", "every_ms": 1000},
    "content-length too large": {"kind": "wrong_length", "by": 50},
    "gzip bomb": {"kind": "gzip_bomb"},
    "invalid chunk": {"kind": "bad_chunk", "after": 3},
    "10 MB line of a stream": {"kind": "long_line", "after": 0},
    "no end of the stream": {"kind": "no_end"},
    "error as first event": {"kind": "error_event", "after": 0},
    "error in a 200": {"kind": "error_body"},
    "malformed JSON": {"kind": "malformed_json"},
    "nothing at all": {"kind": "empty"},
    "429 with retry-after": {"kind": "status", "status": 429, "retry_after_s": 1},
    "429 without": {"kind": "status", "status": 429},
    "500": {"kind": "status", "status": 500},
    "529 overloaded": {"kind": "status", "status": 529},
}
ONLY_STREAMS = {"10 MB line of a stream", "no end of the stream", "error as first event"}
ONLY_WHOLE = {"error in a 200", "malformed JSON"}
AFTER_ITS_FIRST_WORD = {
    "stalls in the middle",
    "reset in the middle",
    "half-closed in the middle",
    "invalid chunk",
    "no end of the stream",
}
"""Of a stream: there is no second answer then."""
PASSED_AS_IT_CAME = {"malformed JSON", "nothing at all"}
"""Without a route a whole answer with status 200 is the caller's, whatever its bytes."""
WHOLE_ALL_THE_SAME = {"content-length too large"}
"""A stream that had come to its dialect's own end before the transfer broke is whole."""


def _choosing(mode: str, **more: Any) -> dict[str, Any]:
    return {"strategy": {"mode": mode, "fallback": True, **more}, "targets": [FAULTY, WELL]}


STRATEGIES: dict[str, dict[str, Any] | None] = {
    "none": None,
    "single": {"strategy": {"mode": "single"}, "targets": [FAULTY]},
    "retry": {"provider": "openai", "retry": {"attempts": 2, "backoff_ms": 5, "use_retry_after_headers": True}},
    "fallback": {"strategy": {"mode": "fallback"}, "targets": [FAULTY, WELL]},
    "loadbalance": _choosing("loadbalance"),
    "round_robin": _choosing("round_robin"),
    "least_latency": _choosing("least_latency"),
    "least_cost": _choosing("least_cost"),
    "least_busy": _choosing("least_busy"),
    "usage_aware": _choosing("usage_aware"),
    "conditional": {
        "strategy": {
            "mode": "conditional",
            "conditions": [{"query": {"url.pathname": {"$regex": "chat"}}, "then": "faulty"}],
            "default": "well",
        },
        "targets": [FAULTY, WELL],
    },
    "canary": {"strategy": {"mode": "canary", "canary": {"share": 1.0}}, "targets": [WELL, FAULTY]},
    "shadow": {"strategy": {"mode": "shadow"}, "targets": [WELL, FAULTY]},
    "hedge": {"strategy": {"mode": "hedge", "hedge": {"after_ms": 120}}, "targets": [FAULTY, WELL]},
}
RESCUES = frozenset(STRATEGIES) - {"none", "single", "retry", "conditional"}
"""Strategies that have somebody else to ask."""


@dataclass(frozen=True)
class Cell:
    """What came of one fault under one strategy."""

    fault: str
    strategy: str
    stream: bool
    shown: str
    wrong: str | None
    """What should not be so; None when all is as it should be."""


@asynccontextmanager
async def world(directory: Path) -> AsyncIterator[Limited]:
    async with limited_running(directory) as limited:
        gateway = limited.gateway
        # The other one is well: where the whole machine is slow, that is not to be its fault.
        gateway.providers[0] = msgspec.structs.replace(
            gateway.providers[0],
            connect_timeout_ms=400,
            first_byte_timeout_ms=400,
            idle_timeout_ms=400,
            total_timeout_ms=3_000,
        )
        await limited.in_force(budget(1_000.0, "agent:agt_1", "total"))
        yield limited


async def tried(limited: Limited, fault: str, strategy: str, *, stream: bool) -> Cell:
    gateway = limited.gateway
    _prepare(limited, fault)
    # Published anew, the budget counts again what was spent before.
    await limited.admission.spending.ready.wait()
    before = len(gateway.records())
    spent = limited.spent()
    headers = {"authorization": f"Bearer {KEY}"}
    config = STRATEGIES[strategy]
    if config is not None:
        headers["x-portkey-config"] = msgspec.json.encode(config).decode()
    asked = {"model": "openai/gpt-4o-mini" if config is None else "gpt-4o-mini", "max_tokens": 50, "stream": stream}
    body = {**asked, "messages": [{"role": "user", "content": "Hello"}]}
    began = time.monotonic()
    content, status, broken = b"", 0, False
    try:
        async with gateway.client.stream("POST", "/v1/chat/completions", json=body, headers=headers) as answer:
            status = answer.status_code
            async for piece in answer.aiter_bytes():
                content += piece
    except httpx.HTTPError:
        broken = True
    took = time.monotonic() - began
    count = 2 if strategy == "shadow" else 1
    until = time.monotonic() + BOUND_S
    while len(gateway.records()) < before + count or len(gateway.open_calls):
        if time.monotonic() > until:
            return Cell(fault, strategy, stream, f"{status}", "no record came, or the call is open still")
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.02)
    wrong = _wrong(limited, fault, strategy, stream, status, content, took, broken, before, spent)
    ends = "rescued" if "claude" in _answered_by(limited, before) else "passed on"
    error = b'"error"' in content
    how = ("cut" if stream else "its error") if error else ends
    shown = f"{status} {how}" if status == 200 else str(status)
    return Cell(fault, strategy, stream, shown, wrong)


def _prepare(limited: Limited, fault: str) -> None:
    """The fault is in force at the first provider, and nobody remembers the one before."""
    gateway = limited.gateway
    script: dict[str, Any] = {"words": 12, "chunks": 12}
    rules = [] if not FAULTS[fault] else [{"when": {"path": "/v1/chat"}, "script": {**script, "fault": FAULTS[fault]}}]
    gateway.sandbox_rules([*rules, {"when": {}, "script": script}])
    port = gateway.sandbox.url.rsplit(":", 1)[1] if FAULTS[fault] else "1"
    gateway.providers[0] = msgspec.structs.replace(gateway.providers[0], base_url=f"http://127.0.0.1:{port}/v1")
    limited.publish()
    gateway.parts.health.keep(set())
    # What was learned of a provider's limits would keep the next call from being sent at all.
    limited.admission._heard.clear()
    limited.admission._gates.clear()
    limited.publish()


def _answered_by(limited: Limited, before: int) -> str:
    main = [record for record in limited.records()[before:] if "shadow_of" not in record.extra]
    return main[-1].model or ""


def _wrong(
    limited: Limited,
    fault: str,
    strategy: str,
    stream: bool,
    status: int,
    content: bytes,
    took: float,
    broken: bool,
    before: int,
    spent: int,
) -> str | None:
    records = limited.records()[before:]
    late = stream and fault in AFTER_ITS_FIRST_WORD
    rescued = strategy == "shadow" or (strategy in RESCUES and not late)
    error = b'"error"' in content
    checks = {
        f"it took {took:.1f} s": took < BOUND_S,
        # An encoded stream takes no error event of ours: it can only break.
        "the connection broke instead of ending": not broken or fault == "gzip bomb",
        f"status {status} where another target could answer": not rescued or (status == 200 and not error),
        f"status {status} looks like a success": rescued
        or status >= 400
        or error
        or b"claude" in content
        or (strategy == "none" and (fault in PASSED_AS_IT_CAME or broken))
        or (stream and fault in WHOLE_ALL_THE_SAME),
        "a slot is still taken": all(state.busy == 0 for state in limited.gateway.parts.health.shown(time.monotonic())),
        "a reservation is still held": limited.held() == 0,
        "what was spent is not what the records say": limited.spent() - spent == sum(r.cost or 0 for r in records),
        "a try is not recorded": all(record.attempts for record in records),
        "a try that may have been billed says nothing of it": all(
            attempt.usage is not None or attempt.usage_source == "unknown" or attempt.cost is None
            for record in records
            for attempt in record.attempts
        ),
        "an error is recorded as a success": all(
            (record.outcome == "ok") == (record.status == 200 and not ((error or broken) and record is records[-1]))
            for record in records
            if "shadow_of" not in record.extra
        ),
    }
    return next((words for words, holds in checks.items() if not holds), None)


def cases(*, trimmed: bool = False) -> list[tuple[str, str, bool]]:
    """(fault, strategy, stream) of the whole table, or of a part that takes seconds."""
    found = []
    for row, fault in enumerate(FAULTS):
        for column, strategy in enumerate(STRATEGIES):
            for stream in (False, True):
                if (fault in ONLY_STREAMS and not stream) or (fault in ONLY_WHOLE and stream):
                    continue
                if trimmed and (row + column + stream) % 6:
                    continue
                found.append((fault, strategy, stream))
    return found


async def _all(*, trimmed: bool) -> list[Cell]:
    cells = []
    with tempfile.TemporaryDirectory() as directory:
        async with world(Path(directory)) as limited:
            for fault, strategy, stream in cases(trimmed=trimmed):
                cells.append(await tried(limited, fault, strategy, stream=stream))
                if cells[-1].wrong is not None:
                    print(
                        f"WRONG: {fault}, {strategy}, stream={stream}: {cells[-1].wrong}", file=sys.stderr, flush=True
                    )
    return cells


def main() -> int:
    trimmed = "--trimmed" in sys.argv
    cells = asyncio.run(_all(trimmed=trimmed))
    by_place = {(cell.fault, cell.strategy, cell.stream): cell for cell in cells}
    print("# Faults of providers, under every strategy\n")
    print("What a caller gets when the provider asked first goes wrong and the other one is well. Written by:\n")
    print("    cd tests && PYTHONPATH=faults:gateway:../src ../.venv/bin/python -m fault_table > ../docs/faults.md\n")
    print("*rescued*: another target answered. *cut*: a stream that had begun ended with an error event. *passed on*: ")
    print("the answer is that of the target asked first. A number alone is the status of an error. Each call ended in")
    print(f"bounded time (under {BOUND_S:.0f} s with time-outs of 0.4 s), left no slot and no reservation behind, and")
    print("what was charged is what its record says; `single` and `retry` are asked to go nowhere else.\n")
    if trimmed:
        print("**A sample, every sixth case**, as CI runs it; without `--trimmed` all are run, which takes minutes.\n")
    for stream in (False, True):
        print(f"## {'Streams' if stream else 'Whole answers'}\n")
        print("| fault | " + " | ".join(STRATEGIES) + " |")
        print("|---" * (len(STRATEGIES) + 1) + "|")
        for fault in FAULTS:
            row = [by_place.get((fault, strategy, stream)) for strategy in STRATEGIES]
            if any(row):
                print(f"| {fault} | " + " | ".join("" if cell is None else cell.shown for cell in row) + " |")
        print()
    wrong = [cell for cell in cells if cell.wrong is not None]
    print(f"{len(cells)} cases, {len(wrong)} not as they should be.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

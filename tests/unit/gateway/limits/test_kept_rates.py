"""What was used of limits is kept in a file that one writer writes."""

import asyncio
import threading
from pathlib import Path

import pytest

from quarterdeck.gateway.limits import kept
from quarterdeck.gateway.limits.rates import Rates, Used


async def test_the_last_write_waits_for_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    seen: list[str] = []

    def put(_path: Path, _data: bytes) -> None:
        seen.append("begin")
        if not begun.is_set():
            begun.set()
            go_on.wait(10)
        seen.append("end")

    monkeypatch.setattr(kept.files, "put", put)
    monkeypatch.setattr(kept, "EVERY_S", 0.001)
    rates = Rates()
    keeping = kept.KeptRates(tmp_path / "limits", rates)
    rates.remember([Used("lim_1", "agent", 10**12, 100, 86_400_000_000, 100)])
    running = asyncio.create_task(keeping.run())
    assert await asyncio.to_thread(begun.wait, 10)
    running.cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    assert seen == ["begin", "end"] * 2

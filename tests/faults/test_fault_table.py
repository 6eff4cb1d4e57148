"""A part of the table of docs/faults.md, another fault for each strategy; the whole is written by fault_table.py."""

from pathlib import Path

import pytest
from fault_table import cases, tried, world


@pytest.mark.timeout(480)
async def test_every_fault_ends_in_time_with_the_right_status_and_lets_everything_go(tmp_path: Path) -> None:
    async with world(tmp_path) as limited:
        cells = [await tried(limited, *case[:2], stream=case[2]) for case in cases(trimmed=True)]
    assert len(cells) > 60
    assert [(cell.fault, cell.strategy, cell.stream, cell.wrong) for cell in cells if cell.wrong is not None] == []

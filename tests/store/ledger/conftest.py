from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_world import World

from quarterdeck.db import Database


@pytest.fixture
def world(db: Database, tmp_path: Path) -> Iterator[World]:
    made = World(db, tmp_path / "data")
    yield made
    made.packs.close()

import pytest
from work_world import World

from quarterdeck.db import Database


@pytest.fixture
async def world(db: Database) -> World:
    return await World.make(db)

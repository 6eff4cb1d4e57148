"""The whole product, started once for all that connect to it as agents do."""

from collections.abc import Iterator

import pytest
from agents_world import CONFIG, AgentKey, Connect, World
from system_world import PATIENCE_S, running

from quarterdeck.client import Quarterdeck


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("agents"), config=CONFIG) as system:
        yield World(system)


@pytest.fixture
def connect(world: World) -> Iterator[Connect]:
    """`connect(agent)`: the Python client as that agent."""
    opened: list[Quarterdeck] = []

    def make(agent: AgentKey) -> Quarterdeck:
        opened.append(Quarterdeck(world.url, agent.key, patience_s=PATIENCE_S))
        return opened[-1]

    yield make
    for each in opened:
        each.close()

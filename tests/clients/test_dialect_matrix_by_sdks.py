"""The whole matrix, each client dialect to each provider dialect; docs/dialects.md holds what it prints."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from clients.matrix.features import FEATURES
from clients.matrix.holes import hole
from clients.matrix.run import CLIENTS, UPSTREAMS, World, table, world_running

DOCUMENT = Path(__file__).parents[2] / "docs/dialects.md"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world_running(tmp_path_factory.mktemp("matrix")) as made:
        yield made


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("client", CLIENTS)
async def test_every_feature_of_a_client_holds_with_a_provider(world: World, client: str, upstream: str) -> None:
    wrong = {
        (feature, stream): problems
        for feature in FEATURES
        for stream in (False, True)
        if (problems := await world.cell(client, upstream, feature, stream))
    }
    assert wrong == {}


def test_the_document_holds_the_matrix_as_it_is() -> None:
    """When this fails: `cd tests && PYTHONPATH=.:gateway python -m clients.matrix.run` prints the table anew."""
    held = {
        (client, upstream, feature, stream): []
        for client in CLIENTS
        for upstream in UPSTREAMS
        for feature in FEATURES
        for stream in (False, True)
    }
    assert any(hole(*cell) for cell in held)
    assert table(held) in DOCUMENT.read_text()

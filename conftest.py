"""What holds for every test."""

import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

WHOLE = ("tests/agents", "tests/browser", "tests/faults")
"""Their tests share an installation, in one order, or kill what others would have to wait for."""
BY_FILE = ("tests/clients", "tests/system", "tests/api/test_any_described_request.py")
"""The tests of a file share what it starts or works out."""


def unit_of(nodeid: str) -> str:
    """What one worker does as a whole: tests of the same unit. Else each test is a unit of its own."""
    path = nodeid.partition("::")[0]
    for folder in WHOLE:
        if path.startswith(folder):
            return folder
    return path if path.startswith(BY_FILE) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "Scheduling | None":
    """By folders and files: marks of groups are lost between these versions of pytest and xdist."""
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - workers need none of it

    class Units(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    return Units(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Iterator[None]:
    """Modules and test items live as long as the run: looking through them for garbage, again and again, would take a
    tenth of its time. What the tests themselves leave behind is collected as ever."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()

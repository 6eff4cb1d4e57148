"""What holds for every test."""

import gc
from collections.abc import Iterator

import pytest


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

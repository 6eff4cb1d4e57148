"""What a process has loaded once it serves stands for good: the collector is to leave it alone."""

import gc

_OBJECTS_A_ROUND = 50_000
"""Calls and pages leave hardly any cycles behind, so rounds may be rare."""


def begin() -> None:
    """While a process starts, nothing is freed: rounds would walk through all that was loaded, again and again."""
    gc.disable()


def serves() -> None:
    """Keep what there is out of the collector's rounds, and let it make them from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_A_ROUND, 20, 100)
    gc.enable()

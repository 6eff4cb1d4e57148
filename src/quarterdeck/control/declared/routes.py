"""Whether a saved route can be one: the same reading that the gateway gives it, with its mistakes where the file has
them."""

import json
import re
from typing import Any

from quarterdeck.access.routing.fields import BadRoute
from quarterdeck.access.routing.parse import read, targets_named
from quarterdeck.control.declared.fields import Problems
from quarterdeck.kernel.toml import Where

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def check_route(config: dict[str, Any], where: Where, problems: Problems) -> None:
    """Note everything that is wrong with it, and values that JSON has not."""
    try:
        json.dumps(config, allow_nan=False)
    except (TypeError, ValueError):
        problems.add(where, "holds a value that JSON has not, such as a date; write it as a text")
        return
    if not config:
        problems.add(where, "needs provider = the name of a provider, or strategy and targets")
        return
    try:
        read(config, keys_allowed=False)
    except BadRoute as bad:
        for path, words in bad.problems:
            problems.add(_place(path, where), words)


def targets_of(config: dict[str, Any], where: Where = ()) -> list[tuple[str, Where]]:
    """Every provider a route names, and where; none for one that cannot be read."""
    try:
        route = read(config, keys_allowed=False)
    except BadRoute:
        return []
    return [(name, _place(path, where)) for name, path in targets_named(route)]


def _place(path: str, where: Where) -> Where:
    """`config.targets[0].provider` → the same below `where`."""
    steps = [int(number) if number else name for number, name in _STEP.findall(path)]
    return (*where, *steps[1:])

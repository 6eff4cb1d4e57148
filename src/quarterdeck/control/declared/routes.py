"""Whether a saved route is a strategy tree that can be stored. What the strategies do is the gateway's matter."""

import json
from typing import Any

from quarterdeck.control.declared.fields import Problems
from quarterdeck.kernel.toml import Where

MODES = ("single", "loadbalance", "fallback", "conditional")
MAX_DEPTH = 10
MAX_TARGETS = 100


def check_route(config: dict[str, Any], where: Where, problems: Problems) -> None:
    """Note what cannot be: no target, an unknown mode, a target that names nothing to send to, values JSON has not."""
    try:
        json.dumps(config, allow_nan=False)
    except (TypeError, ValueError):
        problems.add(where, "holds a value that JSON has not, such as a date; write it as a text")
        return
    _check_node(config, where, problems, depth=0)


def targets_of(config: dict[str, Any], where: Where = ()) -> list[tuple[str, Where]]:
    """Every provider a route names, and where."""
    found = [(config["provider"], (*where, "provider"))] if isinstance(config.get("provider"), str) else []
    for index, target in enumerate(config.get("targets", [])):
        found.extend(targets_of(target, (*where, "targets", index)))
    return found


def _check_node(node: Any, where: Where, problems: Problems, *, depth: int) -> None:
    if not isinstance(node, dict):
        problems.add(where, 'expected a table such as { provider = "openai" }')
    elif depth > MAX_DEPTH:
        problems.add(where, f"is nested deeper than {MAX_DEPTH}")
    elif "strategy" in node or "targets" in node:
        _check_strategy(node.get("strategy"), (*where, "strategy"), problems)
        targets = node.get("targets")
        if not isinstance(targets, list) or not 1 <= len(targets) <= MAX_TARGETS:
            problems.add((*where, "targets"), f"expected a list of 1 to {MAX_TARGETS} targets")
            return
        for index, target in enumerate(targets):
            _check_node(target, (*where, "targets", index), problems, depth=depth + 1)
    elif not isinstance(node.get("provider"), str):
        problems.add(where, "needs provider = the name of a provider, or strategy and targets")


def _check_strategy(strategy: Any, where: Where, problems: Problems) -> None:
    if not isinstance(strategy, dict) or strategy.get("mode") not in MODES:
        problems.add((*where, "mode"), "expected one of " + ", ".join(f'"{mode}"' for mode in MODES))
        return
    codes = strategy.get("on_status_codes", [])
    if not isinstance(codes, list) or not all(type(code) is int and 100 <= code <= 599 for code in codes):
        problems.add((*where, "on_status_codes"), "expected a list of statuses from 100 to 599")

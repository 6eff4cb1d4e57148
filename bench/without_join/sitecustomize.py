"""For bench/join.py alone: takes the join out of a gateway that starts with this folder first on Python's path."""

import sys
from typing import Any


def _none(*_: Any) -> None:
    return None


def _take_out(where: Any, name: str, instead: Any) -> None:
    getattr(where, name)
    setattr(where, name, instead)


if "gateway" in sys.orig_argv:
    try:
        from quarterdeck.gateway import call, open_calls
        from quarterdeck.gateway.attempts import routed

        _take_out(call, "why_paused", _none)
        _take_out(call, "has_changed", _none)
        _take_out(routed, "has_changed", _none)
        _take_out(call.ModelCalls, "_open", _none)
        _take_out(open_calls.OpenCalls, "remove", _none)
        _take_out(open_calls.OpenCalls, "traffic", lambda _: ([], []))
    except (ImportError, AttributeError) as gone:
        # Python goes on after any other error in here, and a join still there would pass for one that costs nothing.
        raise SystemExit(f"without_join is out of date: {gone}") from gone

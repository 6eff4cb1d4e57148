"""For bench/join.py alone: takes the join out of a gateway that starts with this folder first on Python's path."""

import sys
from typing import Any

if "gateway" in sys.orig_argv:
    from quarterdeck.gateway import call, open_calls
    from quarterdeck.gateway.attempts import routed

    async def _may(*_: Any) -> None:
        return None

    def _none(*_: Any) -> None:
        return None

    for _module in (call, routed):
        for _name in ("may_run", "still_may_run"):
            if hasattr(_module, _name):
                setattr(_module, _name, _may)
    call.ModelCalls._open = _none  # type: ignore[method-assign]
    open_calls.OpenCalls.remove = _none  # type: ignore[method-assign]
    open_calls.OpenCalls.traffic = lambda _: ([], [])  # type: ignore[method-assign]

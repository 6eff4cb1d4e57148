"""The shown status as plain values, ready to be written as JSON; `views.StatusOut` documents their shape."""

from typing import Any

from quarterdeck.control.shapes import shown
from quarterdeck.control.status.model import Status, Waiting


def said(status: Status) -> dict[str, Any]:
    return {
        "state": status.state,
        "words": status.words,
        "verb": status.verb,
        "since": shown(status.since),
        "reason": status.reason,
        "waits_for": None if status.waits_for is None else _waiting(status.waits_for),
        "idle_nano": status.idle_cost,
        "evidence": {
            "call_ids": list(status.call_ids),
            "signal_id": status.signal_id,
            "run_id": status.run_id or None,
        },
    }


def _waiting(waiting: Waiting) -> dict[str, Any]:
    return {"kind": waiting.kind, "id": waiting.id, "name": waiting.name, "chain": list(waiting.chain)}

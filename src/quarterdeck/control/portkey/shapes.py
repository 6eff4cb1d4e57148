"""Our rows as Portkey's clients know them."""

from typing import Any

from quarterdeck.control.shapes import instant_in
from quarterdeck.kernel.clock import MS, iso
from quarterdeck.kernel.money import NANO
from quarterdeck.ledger.calls import StoredCall

CENTS = 100
_CACHE = {"hit": "HIT", "semantic-hit": "SEMANTIC HIT", "miss": "MISS", "semantic-miss": "SEMANTIC MISS"}


def log_row(call: StoredCall) -> dict[str, Any]:
    """A call by the names of Portkey's log; `cost` is in cents, null when the model has no price."""
    usage = call.usage
    return {
        "id": call.id,
        "workspace_id": call.workspace_id,
        "trace_id": call.trace_id or call.id,
        "created_at": iso(call.started),
        "is_success": call.outcome == "ok",
        "ai_org": call.provider,
        "ai_model": call.model or call.model_asked,
        "req_units": usage.input_total if usage is not None else 0,
        "res_units": usage.output_total if usage is not None else 0,
        "total_units": usage.input_total + usage.output_total if usage is not None else 0,
        "cost": None if call.cost is None else call.cost * CENTS / NANO,
        "cost_currency": "USD",
        "request_url": call.endpoint,
        "response_status_code": call.status,
        "response_time": call.duration // MS,
        "cache_status": _CACHE.get(call.cache or "", "REFRESH" if call.cache == "refresh" else "DISABLED"),
        "stream_mode": call.stream,
        "retry_success_count": max(0, len(call.attempts) - 1),
        "api_key_id": call.key_id,
        "metadata": call.tags,
    }


def window(least: object, most: object) -> tuple[int | None, int | None]:
    """`time_of_generation_min` and `_max` as instants. Raises Invalid."""
    begin = instant_in(str(least), "time_of_generation_min") if least else None
    end = instant_in(str(most), "time_of_generation_max") if most else None
    return begin, end


def listed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"object": "list", "total": len(rows), "data": rows}

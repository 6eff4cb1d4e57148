"""Gemini's older schemas name types in capitals and mark null apart; JSON Schema does neither."""

from typing import Any

_TYPES = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"})


def lowered(schema: Any) -> Any:
    """The schema as JSON Schema; one that already is comes back equal."""
    if isinstance(schema, list):
        return [lowered(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {name: lowered(value) for name, value in schema.items()}
    kind = out.get("type")
    if isinstance(kind, str) and kind in _TYPES:
        out["type"] = kind.lower()
    if out.get("nullable") is True and isinstance(out.get("type"), str):
        del out["nullable"]
        out["type"] = [out["type"], "null"]
    return out

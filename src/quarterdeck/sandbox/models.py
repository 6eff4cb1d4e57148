"""The lists of models: ours are the scripts one can name."""

from typing import Any

from msgspec.json import encode

from quarterdeck.sandbox.catalogue import NAMED
from quarterdeck.sandbox.openai_chat import CREATED

NAMES = tuple(f"sandbox-{name}" for name in NAMED)


def models_answer(path: str, *, anthropic: bool) -> bytes | None:
    """The answer to GET `/v1/models`, `/v1/models/{id}` or `/v1beta/models`; None for any other path."""
    if path == "/v1beta/models":
        return encode({"models": [{"name": f"models/{name}", "displayName": name} for name in NAMES]})
    base, _, name = path.removeprefix("/v1").removeprefix("/models").partition("/")
    if base or not path.startswith(("/v1/models", "/models")):
        return None
    if name:
        return encode(_model(name, anthropic=anthropic))
    listed = [_model(name, anthropic=anthropic) for name in NAMES]
    if anthropic:
        return encode({"data": listed, "has_more": False, "first_id": NAMES[0], "last_id": NAMES[-1]})
    return encode({"object": "list", "data": listed})


def _model(name: str, *, anthropic: bool) -> dict[str, Any]:
    if anthropic:
        return {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "sandbox"}

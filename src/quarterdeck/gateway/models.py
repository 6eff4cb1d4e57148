"""`GET /v1/models`: what the caller's key can reach, from every provider that speaks its dialect."""

from collections.abc import Iterator
from typing import Any

import msgspec

from quarterdeck.access.catalogue import SPECS
from quarterdeck.access.snapshot import KeyEntry, ProviderEntry, WorkspaceEntry
from quarterdeck.gateway.targets import allowed
from quarterdeck.ledger.prices import PriceBook

_GLOB = frozenset("*?[")


def listing(workspace: WorkspaceEntry, key: KeyEntry, prices: PriceBook, *, anthropic: bool) -> bytes:
    """The list as JSON, in Anthropic's shape or OpenAI's. Ids are `provider/model`, which any path here accepts."""
    rows: list[dict[str, Any]] = []
    for provider in workspace.providers:
        if ("anthropic" if anthropic else "openai_chat") not in SPECS[provider.kind].dialects:
            continue
        for model in _models(provider, prices):
            if allowed(key, provider.name, model):
                rows.append(_row(provider, model, anthropic=anthropic))
    if anthropic:
        ids = [row["id"] for row in rows]
        page = {
            "data": rows,
            "has_more": False,
            "first_id": ids[0] if ids else None,
            "last_id": ids[-1] if ids else None,
        }
        return msgspec.json.encode(page)
    return msgspec.json.encode({"object": "list", "data": rows})


def _models(provider: ProviderEntry, prices: PriceBook) -> Iterator[str]:
    """Names the provider lists outright; where it lists none, those the price table knows for its kind."""
    if provider.models is None:
        yield from (model.id for model in prices.models(provider.kind))
    else:
        yield from (name for name in provider.models if not _GLOB & set(name))


def _row(provider: ProviderEntry, model: str, *, anthropic: bool) -> dict[str, Any]:
    full = f"{provider.name}/{model}"
    if anthropic:
        return {"type": "model", "id": full, "display_name": model, "created_at": "1970-01-01T00:00:00Z"}
    return {"id": full, "object": "model", "created": 0, "owned_by": provider.name}

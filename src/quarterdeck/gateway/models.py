"""`GET /v1/models`: what the caller's key can reach, over every provider it can be served by, translated or not."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from quarterdeck.access.catalogue import SPECS
from quarterdeck.access.snapshot import KeyEntry, ProviderEntry, WorkspaceEntry
from quarterdeck.gateway.targets import allowed
from quarterdeck.ledger.prices import ModelOffer, PriceBook

_GLOB = frozenset("*?[")
_FEMTO_PER_TOKEN_IN_USD_PER_MILLION = Decimal(10) ** 9
_PRICES = {
    "input_tokens": "input",
    "output_tokens": "output",
    "cache_read_tokens": "cache_read",
    "cache_write_tokens": "cache_write",
    "cache_write_5m_tokens": "cache_write_5m",
    "cache_write_1h_tokens": "cache_write_1h",
    "input_audio_tokens": "input_audio",
    "output_audio_tokens": "output_audio",
}


def listing(workspace: WorkspaceEntry, key: KeyEntry, prices: PriceBook, *, anthropic: bool) -> bytes:
    """The list as JSON, in Anthropic's shape or OpenAI's. Ids are `provider/model`, which any path here accepts.

    Blocking: the price table may have to be loaded.
    """
    rows = [
        _anthropic_row(full, offer) if anthropic else _row(full, provider, offer)
        for provider in workspace.providers
        for model, offer in _models(provider, prices)
        if allowed(key, provider.name, model)
        for full in (f"{provider.name}/{model}",)
    ]
    if not anthropic:
        return msgspec.json.encode({"object": "list", "data": rows})
    ids = [row["id"] for row in rows]
    page = {
        "data": rows,
        "has_more": False,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
    }
    return msgspec.json.encode(page)


def _models(provider: ProviderEntry, prices: PriceBook) -> Iterator[tuple[str, ModelOffer | None]]:
    """Names the provider lists outright; where it lists none, those the price table knows for its kind."""
    offers = {offer.id: offer for offer in prices.models(provider.kind)}
    if provider.models is None:
        yield from offers.items()
    else:
        yield from ((name, offers.get(name)) for name in provider.models if not _GLOB & set(name))


def _row(full: str, provider: ProviderEntry, offer: ModelOffer | None) -> dict[str, Any]:
    """OpenAI's members, and beside them what the price table knows; what it does not know is left out."""
    row: dict[str, Any] = {"id": full, "object": "model", "created": 0, "owned_by": provider.name}
    row["provider_kind"] = provider.kind
    row["dialects"] = sorted(SPECS[provider.kind].dialects)
    if offer is None:
        return row
    if offer.context_window is not None:
        row["context_window"] = offer.context_window
    if offer.units is not None:
        told = {name: _usd(offer.units[unit]) for unit, name in _PRICES.items() if unit in offer.units}
        row["pricing"] = {"unit": "USD per million tokens", **told}
        row["modalities"] = _modalities(offer.units)
    return row


def _anthropic_row(full: str, offer: ModelOffer | None) -> dict[str, Any]:
    name = (offer.name if offer is not None else None) or full.partition("/")[2]
    return {"type": "model", "id": full, "display_name": name, "created_at": "1970-01-01T00:00:00Z"}


def _modalities(units: dict[str, int]) -> dict[str, list[str]]:
    """What is priced apart is taken: text, and audio where it has a price. Images are priced as text by most."""
    found = {"input": ["text"], "output": ["text"]}
    for way, kinds in found.items():
        if f"{way}_audio_tokens" in units:
            kinds.append("audio")
    return found


def _usd(femto: int) -> str:
    return format((Decimal(femto) / _FEMTO_PER_TOKEN_IN_USD_PER_MILLION).normalize(), "f")

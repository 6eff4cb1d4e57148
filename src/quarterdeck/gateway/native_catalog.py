"""`GET /v1/catalog`: what a key can reach, for agents that choose from a catalogue with prices, such as OpenClaw."""

from typing import Any

import msgspec

from quarterdeck.access.catalogue import SPECS
from quarterdeck.access.snapshot import KeyEntry, ProviderEntry, WorkspaceEntry
from quarterdeck.gateway.targets import allowed
from quarterdeck.ledger.prices import ModelOffer, PriceBook

_FEMTO_PER_TOKEN_TO_MICROS_PER_MILLION = 1_000
_GLOB = frozenset("*?[")
_ROUTES = {
    "openai_chat": ("/v1/chat/completions", "openai.chat", "llm.chat"),
    "openai_responses": ("/v1/responses", "openai.responses", "llm.responses"),
    "anthropic": ("/v1/messages", "anthropic.messages", "llm.messages"),
    "gemini": ("/v1beta/models/${model}:streamGenerateContent", "google.generate_content", "llm.stream"),
}
"""Path, request format and capability of each dialect that such agents speak."""
_PRICES = {
    "input_tokens": "inputMicrosPerMillion",
    "output_tokens": "outputMicrosPerMillion",
    "cache_read_tokens": "cachedInputMicrosPerMillion",
    "cache_write_5m_tokens": "cacheWrite5mInputMicrosPerMillion",
}


def catalogue(workspace: WorkspaceEntry, key: KeyEntry, prices: PriceBook) -> bytes:
    """The catalogue as JSON. Blocking: the price table may have to be loaded."""
    return msgspec.json.encode({"providers": [_provider(each, key, prices) for each in workspace.providers]})


def _provider(provider: ProviderEntry, key: KeyEntry, prices: PriceBook) -> dict[str, Any]:
    spec = SPECS[provider.kind]
    spoken = [_ROUTES[dialect] for dialect in _ROUTES if dialect in spec.dialects]
    capabilities = [capability for _, _, capability in spoken]
    offers = {offer.id: offer for offer in prices.models(provider.kind)}
    names = list(offers) if provider.models is None else [name for name in provider.models if not _GLOB & set(name)]
    return {
        "id": provider.name,
        "displayName": spec.title,
        "openaiCompatible": "openai_chat" in spec.dialects,
        "nativeBaseUrl": f"/v1/native/{provider.name}",
        "routes": [{"path": path, "requestFormat": form, "methods": ["POST"]} for path, form, _ in spoken],
        "models": [
            _model(provider, name, offers.get(name), capabilities)
            for name in names
            if allowed(key, provider.name, name)
        ],
    }


def _model(provider: ProviderEntry, name: str, offer: ModelOffer | None, capabilities: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": f"{provider.name}/{name}",
        "upstream": name,
        "displayName": (offer.name if offer is not None else None) or name,
        "capabilities": capabilities,
    }
    # A model without a price says none, which is not the same as costing nothing.
    if offer is not None and offer.units is not None:
        units = offer.units
        pricing = {
            told: round(units[unit] / _FEMTO_PER_TOKEN_TO_MICROS_PER_MILLION)
            for unit, told in _PRICES.items()
            if unit in units
        }
        row["pricing"] = pricing | ({"maxInputTokens": offer.context_window} if offer.context_window else {})
    return row

"""Kinds of provider. A provider is a row here until it needs behaviour."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """One kind of upstream API."""

    kind: str
    title: str
    base_url: str | None
    """Where it answers, with the path prefix that its own SDK has in its base URL; None: it must be configured."""
    auth_header: str
    """The header it reads its secret from; `authorization` takes a bearer token."""
    families: frozenset[str]
    """The API families it speaks without translation: openai, anthropic, gemini."""
    needs_secret: bool = True
    allow_private: bool = False
    """Its address may be private without an admin's word: it is part of this program."""


_OPENAI, _ANTHROPIC, _GEMINI = frozenset({"openai"}), frozenset({"anthropic"}), frozenset({"gemini"})

SPECS: dict[str, ProviderSpec] = {
    spec.kind: spec
    for spec in (
        ProviderSpec("openai", "OpenAI", "https://api.openai.com/v1", "authorization", _OPENAI),
        ProviderSpec("anthropic", "Anthropic", "https://api.anthropic.com", "x-api-key", _ANTHROPIC),
        ProviderSpec("gemini", "Google Gemini", "https://generativelanguage.googleapis.com", "x-goog-api-key", _GEMINI),
        ProviderSpec("openai-compatible", "OpenAI-compatible", None, "authorization", _OPENAI, needs_secret=False),
        ProviderSpec("anthropic-compatible", "Anthropic-compatible", None, "x-api-key", _ANTHROPIC, needs_secret=False),
        ProviderSpec(
            "sandbox",
            "Built-in sandbox",
            None,
            "authorization",
            _OPENAI | _ANTHROPIC | _GEMINI,
            needs_secret=False,
            allow_private=True,
        ),
    )
}

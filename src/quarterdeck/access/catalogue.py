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
    dialects: frozenset[str]
    """The dialects it speaks itself, so that a call in one of them passes byte for byte."""
    chat: str
    """The dialect that calls in any other one are translated to."""
    needs_secret: bool = True
    allow_private: bool = False
    """Its address may be private without an admin's word: it is part of this program."""


_OPENAI = frozenset({"openai_chat", "openai_completions", "openai_responses", "openai_embeddings"})
_ANTHROPIC = frozenset({"anthropic", "anthropic_count_tokens"})
_GEMINI = frozenset({"gemini"})

SPECS: dict[str, ProviderSpec] = {
    spec.kind: spec
    for spec in (
        ProviderSpec("openai", "OpenAI", "https://api.openai.com/v1", "authorization", _OPENAI, "openai_chat"),
        ProviderSpec("anthropic", "Anthropic", "https://api.anthropic.com", "x-api-key", _ANTHROPIC, "anthropic"),
        ProviderSpec("gemini", "Google Gemini", "https://generativelanguage.googleapis.com", "x-goog-api-key", _GEMINI, "gemini"),
        ProviderSpec("openai-compatible", "OpenAI-compatible", None, "authorization", _OPENAI, "openai_chat", needs_secret=False),
        ProviderSpec("anthropic-compatible", "Anthropic-compatible", None, "x-api-key", _ANTHROPIC, "anthropic", needs_secret=False),
        ProviderSpec(
            "sandbox",
            "Built-in sandbox",
            None,
            "authorization",
            _OPENAI | _ANTHROPIC | _GEMINI,
            "openai_chat",
            needs_secret=False,
            allow_private=True,
        ),
    )
}

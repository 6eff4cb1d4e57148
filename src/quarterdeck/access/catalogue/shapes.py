"""What rows have in common: groups of dialects, and the shapes most providers come in."""

from typing import Any

from quarterdeck.access.catalogue.spec import ProviderSpec, Quirks

CHAT = frozenset({"openai_chat"})
EMBEDDINGS = frozenset({"openai_embeddings"})
RESPONSES = frozenset({"openai_responses"})
COMPLETIONS = frozenset({"openai_completions"})
OPENAI = CHAT | EMBEDDINGS | RESPONSES | COMPLETIONS
REALTIME = frozenset({"openai_realtime"})
CHAT_EMBEDDINGS = CHAT | EMBEDDINGS
MESSAGES = frozenset({"anthropic"})
ANTHROPIC = MESSAGES | {"anthropic_count_tokens"}
GEMINI = frozenset({"gemini", "gemini_count_tokens", "gemini_embeddings"})

NEW_CAP = Quirks(max_tokens_field="max_completion_tokens")
THOUGHTS = Quirks(reasoning_content=True)


def like_openai(kind: str, title: str, base_url: str, source: str, **facts: Any) -> ProviderSpec:
    """Speaks OpenAI's chat, and what else `dialects` says."""
    facts.setdefault("dialects", CHAT)
    return ProviderSpec(kind, title, base_url, chat="openai_chat", source=source, **facts)


def like_anthropic(kind: str, title: str, base_url: str, source: str, **facts: Any) -> ProviderSpec:
    """Speaks Anthropic's messages; its base URL ends before `/v1`."""
    facts.setdefault("auth_header", "x-api-key")
    return ProviderSpec(kind, title, base_url, dialects=MESSAGES, chat="anthropic", source=source, **facts)


def embedder(kind: str, title: str, base_url: str, source: str, rerank: str, **facts: Any) -> ProviderSpec:
    """Takes OpenAI's embeddings requests, reranks in words of its own and has no chat."""
    return ProviderSpec(kind, title, base_url, dialects=EMBEDDINGS | {rerank}, chat=None, source=source, **facts)


def local(kind: str, title: str, base_url: str, source: str, **facts: Any) -> ProviderSpec:
    """Runs on one's own machine, at its usual port."""
    facts.setdefault("dialects", OPENAI)
    facts |= {"needs_secret": False, "allow_private": True}
    return ProviderSpec(kind, title, base_url, chat="openai_chat", source=source, **facts)

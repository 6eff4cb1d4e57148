"""What OpenTelemetry's GenAI conventions call our dialects and providers."""

import re
from hashlib import blake2b
from typing import NamedTuple

from quarterdeck.ledger.record import CallRecord

_OPERATIONS = {
    "openai_chat": "chat",
    "openai_responses": "chat",
    "anthropic": "chat",
    "cohere": "chat",
    "bedrock": "chat",
    "gemini": "generate_content",
    "openai_completions": "text_completion",
    "openai_embeddings": "embeddings",
    "gemini_embeddings": "embeddings",
    "cohere_embed": "embeddings",
}
_PROVIDERS = {
    "gemini": "gcp.gemini",
    "vertex": "gcp.vertex_ai",
    "bedrock": "aws.bedrock",
    "azure": "azure.ai.openai",
    "azure-openai": "azure.ai.openai",
    "azure-ai": "azure.ai.inference",
    "mistral": "mistral_ai",
    "xai": "x_ai",
    "x-ai": "x_ai",
}
_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_HEX = re.compile(r"[0-9a-f]{32}")


class Place(NamedTuple):
    """Where in which trace a call stands."""

    trace_id: int
    span_id: int
    parent_id: int | None
    sampled: bool
    """Whether the caller's own trace is kept; without one it is."""


def operation(record: CallRecord) -> str:
    """The conventions' name of what was asked for; what they have none for keeps ours."""
    return _OPERATIONS.get(record.dialect, record.dialect)


def provider(record: CallRecord) -> str:
    kind = record.provider_kind or "unknown"
    return _PROVIDERS.get(kind, kind)


def place(record: CallRecord) -> Place:
    """The trace a call continues, or, where its caller names none, that of its run; else one of its own.

    Ids follow from the call, so that a call told twice is the same span.
    """
    span = record.extra.get("span")
    span_id = number(8, record.id) if span is None else number(8, record.workspace_id, str(span))
    given = str(record.extra.get("traceparent", ""))
    match = _PARENT.fullmatch(given)
    if match is not None and int(match[1], 16) and int(match[2], 16):
        return Place(int(match[1], 16), span_id, int(match[2], 16), bool(int(match[3], 16) & 1))
    parent = record.extra.get("parent_span")
    parent_id = number(8, record.workspace_id, str(parent)) if parent is not None else None
    if record.trace_id is not None:
        own = int(record.trace_id, 16) if _HEX.fullmatch(record.trace_id) else 0
        return Place(own or number(16, record.workspace_id, record.trace_id), span_id, parent_id, True)
    return Place(number(16, record.workspace_id, record.run_id or record.id), span_id, parent_id, True)


def number(size: int, *parts: str) -> int:
    """A number of `size` bytes, never 0, that follows from these texts."""
    return int.from_bytes(blake2b("\0".join(parts).encode(), digest_size=size).digest()) or 1

"""Telling a model how much it may write, in a request that named no maximum: only near the end of a hard budget."""

import msgspec

from quarterdeck.gateway.dialects.bytes_patch import set_top_level
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.targets import Target

_FIELDS: dict[str, str | tuple[str, ...]] = {
    "openai_completions": "max_tokens",
    "openai_responses": "max_output_tokens",
    "anthropic": "max_tokens",
    "cohere": "max_tokens",
    "gemini": ("generationConfig", "maxOutputTokens"),
    "bedrock": ("inferenceConfig", "maxTokens"),
}


def output(draft: Draft, target: Target, tokens: int) -> bool:
    """Whether the request could be told. The record keeps it as it was sent on, and the answer says so in a header."""
    dialect = draft.endpoint.dialect
    if dialect == "openai_chat":
        # Newer models of OpenAI know only the one, others only the other.
        name: str | tuple[str, ...] = "max_completion_tokens" if target.spec.kind == "openai" else "max_tokens"
    elif dialect in _FIELDS:
        name = _FIELDS[dialect]
    else:
        return False
    draft.request_body = set_top_level(draft.request_body, name, b"%d" % tokens)
    if draft.facts is not None:
        draft.facts = msgspec.structs.replace(draft.facts, max_output=tokens)
    draft.told += b"x-quarterdeck-max-output: %d\r\n" % tokens
    return True

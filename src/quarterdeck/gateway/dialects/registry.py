"""Every dialect by its name in the call record."""

from quarterdeck.gateway.dialects import (
    anthropic,
    batch_results,
    native,
    openai_chat,
    openai_embeddings,
    openai_realtime,
    openai_responses,
)
from quarterdeck.gateway.dialects.base import Dialect
from quarterdeck.gateway.dialects.bedrock import wire as bedrock
from quarterdeck.gateway.dialects.cohere import wire as cohere
from quarterdeck.gateway.dialects.gemini import wire as gemini
from quarterdeck.gateway.dialects.openai_chat.wire import COMPLETIONS

_ALL: tuple[Dialect, ...] = (
    openai_chat.DIALECT,
    COMPLETIONS,
    openai_responses.DIALECT,
    openai_embeddings.DIALECT,
    openai_realtime.DIALECT,
    anthropic.DIALECT,
    anthropic.COUNT_TOKENS,
    gemini.DIALECT,
    gemini.ARRAY,
    gemini.COUNT_TOKENS,
    gemini.EMBEDDINGS,
    cohere.DIALECT,
    cohere.EMBED,
    cohere.RERANK,
    bedrock.DIALECT,
    bedrock.INVOKE,
    native.DIALECT,
    native.FREE,
    batch_results.DIALECT,
)
BY_NAME: dict[str, Dialect] = {dialect.name: dialect for dialect in _ALL}

"""Which dialect a path speaks."""

from dataclasses import dataclass
from urllib.parse import unquote

from quarterdeck.sandbox.anthropic import AnthropicCount, AnthropicMessages
from quarterdeck.sandbox.asks import Dialect
from quarterdeck.sandbox.gemini import GeminiArray, GeminiSse, GeminiWhole
from quarterdeck.sandbox.openai_chat import OpenAIChat
from quarterdeck.sandbox.openai_embeddings import OpenAIEmbeddings
from quarterdeck.sandbox.openai_responses import OpenAIResponses


@dataclass(frozen=True, slots=True)
class Endpoint:
    dialect: Dialect
    model: str | None = None
    """The model, where the path names it."""


_BY_SUFFIX = {
    "/chat/completions": Endpoint(OpenAIChat()),
    "/responses": Endpoint(OpenAIResponses()),
    "/embeddings": Endpoint(OpenAIEmbeddings()),
    "/messages": Endpoint(AnthropicMessages()),
    "/messages/count_tokens": Endpoint(AnthropicCount()),
}
_PREFIXES = ("/v1", "/anthropic/v1", "")
_PATHS = {prefix + suffix: endpoint for prefix in _PREFIXES for suffix, endpoint in _BY_SUFFIX.items()}


def endpoint_of(path: str, query: str) -> Endpoint | None:
    """`/v1` may be left out, since a base URL may or may not hold it; None for a path of no dialect."""
    known = _PATHS.get(path)
    if known is not None:
        return known
    model, colon, verb = path.rpartition(":")
    if not colon or "/models/" not in model:
        return None
    name = unquote(model.rpartition("/models/")[2])
    if verb == "generateContent":
        return Endpoint(GeminiWhole(), name)
    if verb == "streamGenerateContent":
        return Endpoint(GeminiSse() if "alt=sse" in query.split("&") else GeminiArray(), name)
    return None

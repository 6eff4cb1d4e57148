"""Which path is which model call, and how a provider spells the same path."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model path. `dialect` names its entry in the dialect registry."""

    dialect: str
    provider_path: bytes
    """The path as providers of this family spell it: below `/v1` for OpenAI, from the root for Anthropic."""
    family: str
    """openai or anthropic: which providers speak it without translation, and how a refusal is worded."""
    method: bytes = b"POST"


_CHAT = Endpoint("openai_chat", b"/chat/completions", "openai")
_MESSAGES = Endpoint("anthropic", b"/v1/messages", "anthropic")
_COUNT = Endpoint("anthropic_count_tokens", b"/v1/messages/count_tokens", "anthropic")
MODELS_PATH = "/v1/models"

ENDPOINTS: dict[str, Endpoint] = {
    "/v1/chat/completions": _CHAT,
    "/v1/completions": Endpoint("openai_completions", b"/completions", "openai"),
    "/v1/responses": Endpoint("openai_responses", b"/responses", "openai"),
    "/v1/embeddings": Endpoint("openai_embeddings", b"/embeddings", "openai"),
    "/v1/messages": _MESSAGES,
    "/v1/messages/count_tokens": _COUNT,
    "/anthropic/v1/messages": _MESSAGES,
    "/anthropic/v1/messages/count_tokens": _COUNT,
}

MODEL_PREFIXES = ("/v1/", "/v1beta/", "/v2/", "/anthropic/", "/model/", "/proxy/")
"""Paths that are never the control process's: an unknown one below them is refused in a model API's words."""


def family_of(path: str) -> str:
    """The family whose clients ask for `path`, to word a refusal for them."""
    return "anthropic" if path.startswith(("/v1/messages", "/anthropic/")) else "openai"

"""Which path is which model call, and how a provider spells the same path."""

import re
from dataclasses import dataclass
from enum import Enum

import msgspec

from quarterdeck.gateway.dialects.base import RequestFacts


class Billing(Enum):
    """What may be said of a call's cost when the provider does not report usage."""

    TOKENS = "tokens"
    """Estimated from the words."""
    FREE = "free"
    UNKNOWN = "unknown"
    """Nothing: it is unpriced."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model path. `dialect` names its entry in the dialect registry."""

    dialect: str
    provider_path: bytes
    """The path as providers of this family spell it: below `/v1` for OpenAI, from the root for others. `{model}` stands
    for the model."""
    family: str
    """openai, anthropic, gemini, cohere or bedrock: how a refusal is worded."""
    method: bytes = b"POST"
    billing: Billing = Billing.TOKENS
    model: str | None = None
    """The model, where the path names it."""
    stream: bool | None = None
    """Whether the answer is a stream, where the path says so."""
    form: str | None = None
    """The entry in the dialect registry, where a dialect has several ways to be read."""

    @property
    def reader(self) -> str:
        """The name in the dialect registry."""
        return self.form or self.dialect

    @property
    def stream_type(self) -> str:
        """The content type of a stream in this dialect."""
        if self.family == "bedrock":
            return "application/vnd.amazon.eventstream"
        return "application/json" if self.form == "gemini_array" else "text/event-stream"

    def completed(self, facts: RequestFacts) -> RequestFacts:
        """The facts of a body, with what the path says beyond it."""
        if self.model is None:
            return facts
        return msgspec.structs.replace(facts, model=self.model, stream=bool(self.stream))


_CHAT = Endpoint("openai_chat", b"/chat/completions", "openai")
_MESSAGES = Endpoint("anthropic", b"/v1/messages", "anthropic")
_COUNT = Endpoint("anthropic_count_tokens", b"/v1/messages/count_tokens", "anthropic", billing=Billing.FREE)
MODELS_PATH = "/v1/models"
CATALOGUE_PATH = "/v1/catalog"

ENDPOINTS: dict[str, Endpoint] = {
    "/v1/chat/completions": _CHAT,
    "/v1/completions": Endpoint("openai_completions", b"/completions", "openai"),
    "/v1/responses": Endpoint("openai_responses", b"/responses", "openai"),
    "/v1/embeddings": Endpoint("openai_embeddings", b"/embeddings", "openai"),
    "/v1/messages": _MESSAGES,
    "/v1/messages/count_tokens": _COUNT,
    "/v1/realtime": Endpoint("openai_realtime", b"/realtime", "openai", method=b"GET", billing=Billing.UNKNOWN),
    "/v2/chat": Endpoint("cohere", b"/v2/chat", "cohere"),
    "/v2/embed": Endpoint("cohere_embed", b"/v2/embed", "cohere"),
    "/v2/rerank": Endpoint("cohere_rerank", b"/v2/rerank", "cohere", billing=Billing.UNKNOWN),
    "/anthropic/v1/messages": _MESSAGES,
    "/anthropic/v1/messages/count_tokens": _COUNT,
}

MODEL_PREFIXES = ("/v1/", "/v1beta/", "/v2/", "/anthropic/", "/model/", "/proxy/")
"""Paths that are never the control process's: an unknown one below them is refused in a model API's words."""


_GEMINI = re.compile(r"/(v1beta|v1)/models/(.+):([A-Za-z]+)")
_VERBS = {
    "generateContent": ("gemini", False, Billing.TOKENS),
    "streamGenerateContent": ("gemini", True, Billing.TOKENS),
    "countTokens": ("gemini_count_tokens", False, Billing.FREE),
    "embedContent": ("gemini_embeddings", False, Billing.TOKENS),
    "batchEmbedContents": ("gemini_embeddings", False, Billing.TOKENS),
}
_BEDROCK = re.compile(r"/model/(.+)/(converse|converse-stream|invoke|invoke-with-response-stream)")


def endpoint_of(path: str, query: bytes) -> Endpoint | None:
    """The endpoint a path names; Gemini's and Bedrock's hold the model and what to do with it."""
    found = ENDPOINTS.get(path)
    if found is not None:
        return found
    if path.startswith("/model/"):
        return _bedrock(path)
    if ":" not in path:
        return None
    match = _GEMINI.fullmatch(path)
    known = _VERBS.get(match[3]) if match is not None else None
    if match is None or known is None:
        return None
    dialect, stream, billing = known
    # Without alt=sse a stream is one JSON array that grows.
    form = "gemini_array" if stream and b"alt=sse" not in query.split(b"&") else None
    spelled = f"/{match[1]}/models/{{model}}:{match[3]}".encode()
    return Endpoint(dialect, spelled, "gemini", billing=billing, model=match[2], stream=stream, form=form)


def _bedrock(path: str) -> Endpoint | None:
    match = _BEDROCK.fullmatch(path)
    if match is None:
        return None
    model, verb = match.groups()
    dialect = "bedrock_invoke" if verb.startswith("invoke") else "bedrock"
    spelled = f"/model/{{model}}/{verb}".encode()
    return Endpoint(dialect, spelled, "bedrock", model=model, stream=verb.endswith("stream"))


def family_of(path: str) -> str:
    """The family whose clients ask for `path`, to word a refusal for them."""
    if path.startswith(("/v1beta/", "/v1/models/")):
        return "gemini"
    if path.startswith("/v2/"):
        return "cohere"
    if path.startswith("/model/"):
        return "bedrock"
    return "anthropic" if path.startswith(("/v1/messages", "/anthropic/")) else "openai"

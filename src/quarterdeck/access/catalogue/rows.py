"""The rows: one provider each. A provider is data until it needs behaviour.

A row's `source` names the provider's own page or, where the address was taken from one, a registry or another
gateway's code (models.dev names the page it read). A dialect nobody promises is left out: calls in it are translated.
"""

from collections.abc import Iterator

from quarterdeck.access.catalogue.cloud_rows import azure, bedrock, clouds, vertex
from quarterdeck.access.catalogue.hosts import hosts, regional, routers
from quarterdeck.access.catalogue.shapes import (
    ANTHROPIC,
    CHAT,
    CHAT_EMBEDDINGS,
    COMPLETIONS,
    GEMINI,
    NEW_CAP,
    OPENAI,
    REALTIME,
    RESPONSES,
    THOUGHTS,
    embedder,
    like_anthropic,
    like_openai,
    local,
)
from quarterdeck.access.catalogue.spec import ProviderSpec, Quirks


def rows() -> Iterator[ProviderSpec]:
    """Every kind, in the order the dashboard offers them."""
    yield from _makers()
    yield from azure()
    yield from vertex()
    yield from bedrock()
    yield from clouds()
    yield from hosts()
    yield from routers()
    yield from regional()
    yield from _anthropic_like()
    yield from _embedders()
    yield from _own_machine()
    yield from _generic()


def _makers() -> Iterator[ProviderSpec]:
    yield like_openai(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        "developers.openai.com/api/reference/overview",
        dialects=OPENAI | REALTIME,
        quirks=NEW_CAP,
        price_kind="openai",
    )
    yield ProviderSpec(
        "anthropic",
        "Anthropic",
        "https://api.anthropic.com",
        dialects=ANTHROPIC,
        chat="anthropic",
        source="docs.anthropic.com/en/api/overview",
        auth_header="x-api-key",
        price_kind="anthropic",
    )
    yield ProviderSpec(
        "gemini",
        "Google Gemini",
        "https://generativelanguage.googleapis.com",
        dialects=GEMINI,
        chat="gemini",
        source="ai.google.dev/api",
        auth_header="x-goog-api-key",
        price_kind="google",
    )
    yield like_openai(
        "mistral",
        "Mistral",
        "https://api.mistral.ai/v1",
        "docs.mistral.ai/api; github.com/openai/openai-agents-python/issues/442 (stream_options refused)",
        dialects=CHAT_EMBEDDINGS,
        quirks=Quirks(
            asks_stream_usage=False, rename={"seed": "random_seed"}, drop=frozenset({"stream_options", "user"})
        ),
        price_kind="mistral",
    )
    yield ProviderSpec(
        "cohere",
        "Cohere",
        "https://api.cohere.com",
        dialects=frozenset({"cohere", "cohere_embed", "cohere_rerank"}),
        chat="cohere",
        source="docs.cohere.com/reference/chat; …/embed; …/rerank",
        price_kind="cohere",
    )
    yield like_openai(
        "xai",
        "xAI",
        "https://api.x.ai/v1",
        "docs.x.ai/docs/api-reference",
        dialects=CHAT | RESPONSES,
        quirks=NEW_CAP,
        price_kind="x-ai",
    )
    yield like_openai(
        "deepseek",
        "DeepSeek",
        "https://api.deepseek.com",
        "api-docs.deepseek.com",
        quirks=THOUGHTS,
        price_kind="deepseek",
    )
    yield like_openai(
        "moonshot",
        "Moonshot AI (Kimi)",
        "https://api.moonshot.ai/v1",
        "platform.moonshot.ai/docs/api/chat",
        quirks=THOUGHTS,
        price_kind="moonshotai",
    )
    yield like_openai(
        "zai", "Z.AI", "https://api.z.ai/api/paas/v4", "docs.z.ai/guides/overview", quirks=THOUGHTS, price_kind="zai"
    )
    yield like_openai(
        "minimax",
        "MiniMax",
        "https://api.minimax.io/v1",
        "platform.minimax.io/docs",
        quirks=NEW_CAP,
        price_kind="minimax",
    )
    yield like_openai(
        "perplexity",
        "Perplexity",
        "https://api.perplexity.ai",
        "github.com/Portkey-AI/gateway: src/providers/perplexity-ai",
        price_kind="perplexity",
    )
    yield like_openai(
        "ai21", "AI21", "https://api.ai21.com/studio/v1", "github.com/Portkey-AI/gateway: src/providers/ai21"
    )
    yield like_openai("upstage", "Upstage", "https://api.upstage.ai/v1/solar", "developers.upstage.ai/docs/apis/chat")
    yield like_openai("llama", "Meta Llama API", "https://api.llama.com/compat/v1", "llama.developer.meta.com/docs")
    yield like_openai("inception", "Inception", "https://api.inceptionlabs.ai/v1", "platform.inceptionlabs.ai/docs")
    yield like_openai("morph", "Morph", "https://api.morphllm.com/v1", "docs.morphllm.com/api-reference/introduction")
    yield like_openai("sarvam", "Sarvam AI", "https://api.sarvam.ai/v1", "docs.sarvam.ai/api-reference-docs")
    yield like_openai("nova", "Amazon Nova", "https://api.nova.amazon.com/v1", "nova.amazon.com/dev/documentation")


def _anthropic_like() -> Iterator[ProviderSpec]:
    """Those who answer Anthropic's messages, so that Claude Code passes to them untranslated."""
    yield like_anthropic(
        "deepseek-anthropic",
        "DeepSeek (Anthropic API)",
        "https://api.deepseek.com/anthropic",
        "api-docs.deepseek.com/guides/anthropic_api",
        price_kind="deepseek",
    )
    yield like_anthropic(
        "moonshot-anthropic",
        "Moonshot AI (Anthropic API)",
        "https://api.moonshot.ai/anthropic",
        "platform.moonshot.ai/docs/guide/agent-support",
        price_kind="moonshotai",
    )
    yield like_anthropic(
        "kimi-coding",
        "Kimi For Coding",
        "https://api.kimi.com/coding",
        "www.kimi.com/code/docs/en/third-party-tools",
    )
    yield like_anthropic(
        "zai-anthropic",
        "Z.AI (Anthropic API)",
        "https://api.z.ai/api/anthropic",
        "docs.z.ai/devpack/tool/claude",
        price_kind="zai",
    )
    yield like_anthropic(
        "minimax-anthropic",
        "MiniMax (Anthropic API)",
        "https://api.minimax.io/anthropic",
        "platform.minimax.io/docs/guides/quickstart",
        price_kind="minimax",
    )
    yield like_anthropic(
        "deepinfra-anthropic",
        "DeepInfra (Anthropic API)",
        "https://api.deepinfra.com/anthropic",
        "docs.deepinfra.com/api-reference/chat-completions/anthropic-messages",
        auth_header="authorization",
    )


def _embedders() -> Iterator[ProviderSpec]:
    yield embedder(
        "voyage",
        "Voyage AI",
        "https://api.voyageai.com/v1",
        "docs.voyageai.com/reference: embeddings-api, reranker-api",
        "voyage_rerank",
        quirks=Quirks(rename={"dimensions": "output_dimension"}),
        price_kind="voyageai",
    )
    yield embedder("jina", "Jina AI", "https://api.jina.ai/v1", "jina.ai/embeddings; jina.ai/reranker", "jina_rerank")


def _own_machine() -> Iterator[ProviderSpec]:
    yield local("ollama", "Ollama", "http://127.0.0.1:11434/v1", "docs.ollama.com/api/openai-compatibility")
    yield local(
        "vllm",
        "vLLM",
        "http://127.0.0.1:8000/v1",
        "docs.vllm.ai/en/latest/serving/openai_compatible_server",
    )
    yield local(
        "llama-cpp",
        "llama.cpp",
        "http://127.0.0.1:8080/v1",
        "github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
        dialects=CHAT_EMBEDDINGS | COMPLETIONS,
    )
    yield local("lm-studio", "LM Studio", "http://127.0.0.1:1234/v1", "lmstudio.ai/docs/developer/openai-compat")
    yield local(
        "localai",
        "LocalAI",
        "http://127.0.0.1:8080/v1",
        "localai.io/basics",
        dialects=CHAT_EMBEDDINGS | COMPLETIONS,
    )
    yield local("sglang", "SGLang", "http://127.0.0.1:30000/v1", "docs.sglang.ai", dialects=CHAT_EMBEDDINGS)


def _generic() -> Iterator[ProviderSpec]:
    yield ProviderSpec(
        "openai-compatible",
        "OpenAI-compatible",
        None,
        dialects=OPENAI | REALTIME,
        chat="openai_chat",
        source="developers.openai.com/api/reference/overview",
        needs_secret=False,
    )
    yield ProviderSpec(
        "openai-responses-compatible",
        "OpenAI Responses only",
        None,
        dialects=RESPONSES,
        chat="openai_responses",
        source="developers.openai.com/api/reference/resources/responses",
        needs_secret=False,
    )
    yield ProviderSpec(
        "anthropic-compatible",
        "Anthropic-compatible",
        None,
        dialects=ANTHROPIC,
        chat="anthropic",
        source="docs.anthropic.com/en/api/overview",
        auth_header="x-api-key",
        needs_secret=False,
    )
    yield ProviderSpec(
        "sandbox",
        "Built-in sandbox",
        None,
        dialects=OPENAI | ANTHROPIC | {"gemini"},
        chat="openai_chat",
        source="src/quarterdeck/sandbox/README.md",
        quirks=NEW_CAP,
        price_kind="sandbox",
        needs_secret=False,
        allow_private=True,
    )

"""The rows: one provider each. A provider is data until it needs behaviour.

A row's `source` names the provider's own page or, where the address was taken from one, a registry or another
gateway's code (models.dev names the page it read). A dialect nobody promises is left out: calls in it are translated.
"""

from collections.abc import Iterator

from quarterdeck.access.catalogue.hosts import hosts, regional, routers
from quarterdeck.access.catalogue.shapes import (
    ANTHROPIC,
    CHAT,
    CHAT_EMBEDDINGS,
    COMPLETIONS,
    GEMINI,
    MESSAGES,
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
from quarterdeck.access.catalogue.spec import Auth, ProviderSpec, Quirks


def rows() -> Iterator[ProviderSpec]:
    """Every kind, in the order the dashboard offers them."""
    yield from _makers()
    yield from _azure()
    yield from _vertex()
    yield from _bedrock()
    yield from _clouds()
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


def _azure() -> Iterator[ProviderSpec]:
    """Azure reads keys from `api-key`; its v1 API takes a deployment's name as the model and no api-version.
    An Entra application's tokens are taken in place of keys (learn.microsoft.com/azure/foundry/openai/how-to/
    managed-identity)."""
    yield ProviderSpec(
        "azure-openai",
        "Azure OpenAI",
        None,
        template="https://{resource}.openai.azure.com/openai/v1",
        dialects=OPENAI | REALTIME,
        chat="openai_chat",
        source="learn.microsoft.com/azure/foundry/openai/api-version-lifecycle",
        auth_header="api-key",
        auth=Auth.AZURE,
        quirks=NEW_CAP,
        price_kind="azure",
    )
    deployment = "/openai/deployments/{model}"
    yield ProviderSpec(
        "azure-openai-deployments",
        "Azure OpenAI (deployment paths)",
        None,
        template="https://{resource}.openai.azure.com",
        dialects=CHAT_EMBEDDINGS | COMPLETIONS,
        chat="openai_chat",
        source="learn.microsoft.com/azure/ai-foundry/openai/reference",
        auth_header="api-key",
        auth=Auth.AZURE,
        paths={
            "openai_chat": f"{deployment}/chat/completions",
            "openai_completions": f"{deployment}/completions",
            "openai_embeddings": f"{deployment}/embeddings",
        },
        query="api-version=2024-10-21",
        quirks=NEW_CAP,
        price_kind="azure",
    )
    yield ProviderSpec(
        "azure-foundry",
        "Azure AI Foundry",
        None,
        template="https://{resource}.services.ai.azure.com/openai/v1",
        dialects=OPENAI,
        chat="openai_chat",
        source="learn.microsoft.com/azure/foundry/openai/api-version-lifecycle",
        auth_header="api-key",
        auth=Auth.AZURE,
        price_kind="azure",
    )
    yield ProviderSpec(
        "azure-foundry-anthropic",
        "Claude in Azure AI Foundry",
        None,
        template="https://{resource}.services.ai.azure.com/anthropic",
        dialects=MESSAGES,
        chat="anthropic",
        source="platform.claude.com/docs/en/build-with-claude/claude-in-microsoft-foundry",
        auth_header="x-api-key",
        auth=Auth.AZURE,
        price_kind="anthropic",
    )


def _vertex() -> Iterator[ProviderSpec]:
    """Vertex AI takes a service account's tokens, or an API key in its express mode; its paths name the maker."""
    base = "https://{region}-aiplatform.googleapis.com/v1/projects/{project}/locations/{region}"
    gemini = "/publishers/google/models/{model}:{verb}"
    yield ProviderSpec(
        "vertex",
        "Google Vertex AI (Gemini)",
        None,
        template=base,
        dialects=frozenset({"gemini", "gemini_count_tokens"}),
        chat="gemini",
        source="docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
        auth_header="x-goog-api-key",
        auth=Auth.GOOGLE,
        paths={"gemini": gemini, "gemini_count_tokens": gemini},
        price_kind="google",
    )
    yield ProviderSpec(
        "vertex-anthropic",
        "Claude in Google Vertex AI",
        None,
        template=base,
        dialects=MESSAGES,
        chat="anthropic",
        source="platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai",
        auth_header="x-goog-api-key",
        auth=Auth.GOOGLE,
        paths={"anthropic": "/publishers/anthropic/models/{model}:{predict}"},
        in_body={"anthropic_version": "vertex-2023-10-16"},
        model_in_path=True,
        price_kind="google",
    )
    yield ProviderSpec(
        "vertex-openai",
        "Google Vertex AI (OpenAI-compatible)",
        None,
        template=base + "/endpoints/openapi",
        dialects=CHAT,
        chat="openai_chat",
        source="docs.cloud.google.com/vertex-ai/generative-ai/docs/start/openai",
        auth_header="x-goog-api-key",
        auth=Auth.GOOGLE,
        price_kind="google",
    )


def _bedrock() -> Iterator[ProviderSpec]:
    """Bedrock takes requests signed with AWS keys, or an API key as a bearer token."""
    yield ProviderSpec(
        "bedrock",
        "AWS Bedrock",
        None,
        template="https://bedrock-runtime.{region}.amazonaws.com",
        dialects=frozenset({"bedrock", "bedrock_invoke"}),
        chat="bedrock",
        source="docs.aws.amazon.com/bedrock/latest/APIReference: API_runtime_Converse; …_ConverseStream; …_InvokeModel",
        auth=Auth.AWS,
        price_kind="aws",
    )


def _clouds() -> Iterator[ProviderSpec]:
    yield ProviderSpec(
        "cloudflare",
        "Cloudflare Workers AI",
        None,
        template="https://api.cloudflare.com/client/v4/accounts/{account}/ai/v1",
        dialects=CHAT_EMBEDDINGS | RESPONSES,
        chat="openai_chat",
        source="developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility",
        price_kind="cloudflare",
    )
    yield ProviderSpec(
        "databricks",
        "Databricks",
        None,
        template="https://{workspace}.cloud.databricks.com/serving-endpoints",
        dialects=CHAT_EMBEDDINGS,
        chat="openai_chat",
        source="docs.databricks.com/aws/en/machine-learning/model-serving/score-foundation-models",
        price_kind="databricks",
    )
    yield ProviderSpec(
        "snowflake",
        "Snowflake Cortex",
        None,
        template="https://{account}.snowflakecomputing.com/api/v2/cortex/v1",
        dialects=CHAT,
        chat="openai_chat",
        source="docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api",
        quirks=NEW_CAP,
    )
    yield like_openai(
        "github-models", "GitHub Models", "https://models.github.ai/inference", "docs.github.com/en/github-models"
    )
    yield like_openai(
        "digitalocean",
        "DigitalOcean",
        "https://inference.do-ai.run/v1",
        "docs.digitalocean.com/products/gradient-ai-platform",
    )
    yield like_openai("vultr", "Vultr", "https://api.vultrinference.com/v1", "api.vultrinference.com")
    yield like_openai(
        "scaleway",
        "Scaleway",
        "https://api.scaleway.ai/v1",
        "www.scaleway.com/en/docs/generative-apis",
        dialects=CHAT_EMBEDDINGS,
    )
    yield like_openai(
        "ovhcloud",
        "OVHcloud AI Endpoints",
        "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
        "www.ovhcloud.com/en/public-cloud/ai-endpoints",
        price_kind="ovhcloud",
    )
    yield like_openai(
        "stackit",
        "STACKIT",
        "https://api.openai-compat.model-serving.eu01.onstackit.cloud/v1",
        "docs.stackit.cloud/products/data-and-ai/ai-model-serving",
    )


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

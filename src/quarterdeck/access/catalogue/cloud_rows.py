"""Rows of the clouds: addresses that hold a region, a project or a deployment, and secrets that are more than a key."""

from collections.abc import Iterator

from quarterdeck.access.catalogue.shapes import (
    CHAT,
    CHAT_EMBEDDINGS,
    COMPLETIONS,
    MESSAGES,
    NEW_CAP,
    OPENAI,
    REALTIME,
    RESPONSES,
    like_openai,
)
from quarterdeck.access.catalogue.spec import Auth, ProviderSpec


def azure() -> Iterator[ProviderSpec]:
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


def vertex() -> Iterator[ProviderSpec]:
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


def bedrock() -> Iterator[ProviderSpec]:
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


def clouds() -> Iterator[ProviderSpec]:
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

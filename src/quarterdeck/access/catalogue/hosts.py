"""Rows of those who run or pass on other makers' models."""

from collections.abc import Iterator

from quarterdeck.access.catalogue.shapes import (
    CHAT,
    CHAT_EMBEDDINGS,
    COMPLETIONS,
    NEW_CAP,
    RESPONSES,
    THOUGHTS,
    like_openai,
)
from quarterdeck.access.catalogue.spec import ProviderSpec


def hosts() -> Iterator[ProviderSpec]:
    """Those who run other makers' models."""
    yield like_openai(
        "groq",
        "Groq",
        "https://api.groq.com/openai/v1",
        "console.groq.com/docs/openai; console.groq.com/docs/responses-api",
        dialects=CHAT | RESPONSES,
        quirks=NEW_CAP,
        price_kind="groq",
    )
    yield like_openai(
        "cerebras",
        "Cerebras",
        "https://api.cerebras.ai/v1",
        "inference-docs.cerebras.ai/api-reference/chat-completions",
        quirks=NEW_CAP,
        price_kind="cerebras",
    )
    yield like_openai(
        "together",
        "Together AI",
        "https://api.together.xyz/v1",
        "docs.together.ai/docs/openai-api-compatibility",
        dialects=CHAT_EMBEDDINGS | COMPLETIONS,
        price_kind="together",
    )
    yield like_openai(
        "fireworks",
        "Fireworks AI",
        "https://api.fireworks.ai/inference/v1",
        "fireworks.ai/docs",
        dialects=CHAT_EMBEDDINGS | COMPLETIONS,
        quirks=THOUGHTS,
        price_kind="fireworks",
    )
    yield like_openai(
        "sambanova",
        "SambaNova",
        "https://api.sambanova.ai/v1",
        "github.com/Portkey-AI/gateway: src/providers/sambanova",
    )
    yield like_openai(
        "nebius", "Nebius", "https://api.tokenfactory.nebius.com/v1", "docs.tokenfactory.nebius.com", quirks=THOUGHTS
    )
    yield like_openai(
        "deepinfra",
        "DeepInfra",
        "https://api.deepinfra.com/v1/openai",
        "docs.deepinfra.com/api-reference/chat-completions/openai-chat-completions",
        dialects=CHAT_EMBEDDINGS,
        quirks=THOUGHTS,
    )
    yield like_openai(
        "hyperbolic",
        "Hyperbolic",
        "https://api.hyperbolic.xyz/v1",
        "github.com/Portkey-AI/gateway: src/providers/hyperbolic",
    )
    yield like_openai(
        "nvidia", "NVIDIA NIM", "https://integrate.api.nvidia.com/v1", "docs.api.nvidia.com/nim", dialects=CHAT
    )
    yield like_openai(
        "novita",
        "Novita",
        "https://api.novita.ai/openai",
        "novita.ai/docs/guides/introduction",
        quirks=THOUGHTS,
        price_kind="novita",
    )
    yield like_openai(
        "siliconflow",
        "SiliconFlow",
        "https://api.siliconflow.com/v1",
        "docs.siliconflow.com",
        dialects=CHAT_EMBEDDINGS,
        quirks=THOUGHTS,
    )
    yield like_openai(
        "baseten",
        "Baseten",
        "https://inference.baseten.co/v1",
        "docs.baseten.co/inference/model-apis/overview",
        quirks=THOUGHTS,
        price_kind="baseten",
    )
    yield like_openai(
        "friendli",
        "Friendli",
        "https://api.friendli.ai/serverless/v1",
        "friendli.ai/docs/guides/serverless_endpoints/introduction",
        quirks=THOUGHTS,
    )
    yield like_openai(
        "inference-net",
        "Inference.net",
        "https://api.inference.net/v1",
        "github.com/Portkey-AI/gateway: src/providers/inference-net",
    )
    yield like_openai(
        "featherless",
        "Featherless",
        "https://api.featherless.ai/v1",
        "github.com/Portkey-AI/gateway: src/providers/featherless-ai",
        dialects=CHAT | COMPLETIONS,
    )
    yield like_openai(
        "nscale", "Nscale", "https://inference.api.nscale.com/v1", "github.com/Portkey-AI/gateway: src/providers/nscale"
    )
    yield like_openai(
        "lemonfox",
        "Lemonfox.ai",
        "https://api.lemonfox.ai/v1",
        "github.com/Portkey-AI/gateway: src/providers/lemonfox-ai",
    )
    yield like_openai("chutes", "Chutes", "https://llm.chutes.ai/v1", "chutes.ai/docs", quirks=THOUGHTS)
    yield like_openai(
        "io-net", "io.net", "https://api.intelligence.io.solutions/api/v1", "io.net/docs", dialects=CHAT_EMBEDDINGS
    )
    yield like_openai("gmi-cloud", "GMI Cloud", "https://api.gmi-serving.com/v1", "docs.gmicloud.ai", quirks=THOUGHTS)
    yield like_openai(
        "clarifai",
        "Clarifai",
        "https://api.clarifai.com/v2/ext/openai/v1",
        "docs.clarifai.com/compute/inference",
    )
    yield like_openai(
        "wandb", "W&B Inference", "https://api.inference.wandb.ai/v1", "docs.wandb.ai/guides/integrations/inference"
    )
    yield like_openai("nearai", "NEAR AI Cloud", "https://cloud-api.near.ai/v1", "docs.near.ai")
    yield like_openai("venice", "Venice", "https://api.venice.ai/api/v1", "docs.venice.ai/api-reference")
    yield like_openai("synthetic", "Synthetic", "https://api.synthetic.new/openai/v1", "synthetic.new/pricing")
    yield like_openai("tinfoil", "Tinfoil", "https://inference.tinfoil.sh/v1", "docs.tinfoil.sh")
    yield like_openai("ollama-cloud", "Ollama Cloud", "https://ollama.com/v1", "docs.ollama.com/cloud")
    yield like_openai("hpc-ai", "HPC-AI", "https://api.hpc-ai.com/inference/v1", "www.hpc-ai.com/doc/docs/quickstart")


def routers() -> Iterator[ProviderSpec]:
    """Those who pass a call on to one of many."""
    yield like_openai(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        "openrouter.ai/docs/api-reference",
        price_kind="openrouter",
    )
    yield like_openai(
        "huggingface",
        "Hugging Face",
        "https://router.huggingface.co/v1",
        "huggingface.co/docs/inference-providers",
        quirks=THOUGHTS,
    )
    yield like_openai(
        "vercel",
        "Vercel AI Gateway",
        "https://ai-gateway.vercel.sh/v1",
        "vercel.com/docs/ai-gateway/sdks-and-apis/openai-chat-completions",
    )
    yield like_openai("poe", "Poe", "https://api.poe.com/v1", "creator.poe.com/docs/external-applications")
    yield like_openai("302ai", "302.AI", "https://api.302.ai/v1", "doc.302.ai", quirks=THOUGHTS)
    yield like_openai(
        "cometapi",
        "CometAPI",
        "https://api.cometapi.com/v1",
        "github.com/Portkey-AI/gateway: src/providers/cometapi",
        dialects=CHAT_EMBEDDINGS,
    )
    yield like_openai("requesty", "Requesty", "https://router.requesty.ai/v1", "requesty.ai/solution/llm-routing")
    yield like_openai("helicone", "Helicone", "https://ai-gateway.helicone.ai/v1", "helicone.ai/models")
    yield like_openai("nano-gpt", "NanoGPT", "https://nano-gpt.com/api/v1", "docs.nano-gpt.com")
    yield like_openai("cortecs", "Cortecs", "https://api.cortecs.ai/v1", "api.cortecs.ai/v1/models", quirks=THOUGHTS)


def regional() -> Iterator[ProviderSpec]:
    yield like_openai(
        "zhipu",
        "Zhipu AI",
        "https://open.bigmodel.cn/api/paas/v4",
        "docs.bigmodel.cn",
        dialects=CHAT_EMBEDDINGS,
        quirks=THOUGHTS,
        price_kind="zhipuai",
    )
    yield like_openai(
        "dashscope",
        "Alibaba Model Studio",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "www.alibabacloud.com/help/en/model-studio/models",
        quirks=THOUGHTS,
    )
    yield like_openai(
        "dashscope-cn",
        "Alibaba Model Studio (China)",
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        "www.alibabacloud.com/help/en/model-studio/models",
        quirks=THOUGHTS,
    )
    yield like_openai(
        "moonshot-cn",
        "Moonshot AI (China)",
        "https://api.moonshot.cn/v1",
        "platform.moonshot.cn/docs/api/chat",
        quirks=THOUGHTS,
        price_kind="moonshotai",
    )
    yield like_openai(
        "siliconflow-cn",
        "SiliconFlow (China)",
        "https://api.siliconflow.cn/v1",
        "cloud.siliconflow.com/models",
        dialects=CHAT_EMBEDDINGS,
        quirks=THOUGHTS,
    )
    yield like_openai(
        "modelscope", "ModelScope", "https://api-inference.modelscope.cn/v1", "modelscope.cn/docs/model-service"
    )
    yield like_openai("stepfun", "StepFun", "https://api.stepfun.com/v1", "platform.stepfun.com/docs/zh/overview")
    yield like_openai(
        "xiaomi", "Xiaomi MiMo", "https://api.xiaomimimo.com/v1", "platform.xiaomimimo.com", quirks=THOUGHTS
    )
    yield like_openai(
        "krutrim", "Krutrim", "https://cloud.olakrutrim.com/v1", "github.com/Portkey-AI/gateway: src/providers/krutrim"
    )

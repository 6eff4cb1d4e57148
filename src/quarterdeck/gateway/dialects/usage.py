"""Providers' own usage fields in the ledger's one form. Everything here tolerates missing and odd values."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import msgspec

from quarterdeck.ledger.record import Usage

_DEFAULT_TIERS = frozenset({"", "auto", "default", "standard", "on_demand", "unspecified"})
_TOO_MANY = 1 << 53
_TOOL_FIELDS = frozenset(
    {"server_tool_use", "server_side_tool_usage_details", "num_search_queries", "num_sources_used"}
)
_Tokens = Annotated[int, msgspec.Meta(ge=0, lt=_TOO_MANY)]
Fields = Mapping[str, Any]
_NONE: Fields = {}


def count(fields: Fields, name: str) -> int:
    """A count of tokens or uses: 0 when it is missing or nonsense."""
    value = fields.get(name)
    # Asked a dozen times a call, mostly of counts that are missing or plain; a bool is neither an int nor a float here.
    if value.__class__ is int or value.__class__ is float:
        return int(value) if 0 < value < _TOO_MANY else 0
    return 0


def fields_of(value: Any) -> Fields:
    return value if isinstance(value, dict) else _NONE


def text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def tier(value: Any) -> str | None:
    """The served tier when it is one that is priced differently."""
    return value if isinstance(value, str) and value.lower() not in _DEFAULT_TIERS else None


def reported_cost(usage: Any) -> int | None:
    """OpenRouter's own `usage.cost` (US dollars) in nano-dollars, rounded half to even; None when it names none."""
    value = fields_of(usage).get("cost")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        nano = Decimal(str(value)).scaleb(9)
        return int(nano.to_integral_value()) if nano.is_finite() and 0 <= nano < 1 << 62 else None
    except InvalidOperation:
        return None


class PlainRead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a prompt was made of, in OpenAI's own words."""

    cached_tokens: _Tokens = 0
    audio_tokens: _Tokens = 0


class PlainWrote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an answer was made of."""

    reasoning_tokens: _Tokens = 0
    audio_tokens: _Tokens = 0
    accepted_prediction_tokens: _Tokens = 0
    rejected_prediction_tokens: _Tokens = 0


class PlainUsage(msgspec.Struct, forbid_unknown_fields=True):
    """OpenAI's own usage with no more than these fields; any other form is for `from_openai`."""

    prompt_tokens: _Tokens
    completion_tokens: _Tokens = 0
    total_tokens: _Tokens = 0
    prompt_tokens_details: PlainRead = PlainRead()
    completion_tokens_details: PlainWrote = PlainWrote()


def from_plain(usage: PlainUsage, service_tier: str | None) -> Usage:
    """As `from_openai`, of a usage in this form."""
    read, wrote = usage.prompt_tokens_details, usage.completion_tokens_details
    output, reasoning = usage.completion_tokens, wrote.reasoning_tokens
    if reasoning and usage.total_tokens == usage.prompt_tokens + output + reasoning:
        output += reasoning
    return Usage(
        usage.prompt_tokens,
        read.cached_tokens,
        output_total=output,
        reasoning=reasoning,
        audio_in=read.audio_tokens,
        audio_out=wrote.audio_tokens,
        service_tier=tier(service_tier),
    )


def from_openai(usage: Any, *, service_tier: Any = None, server_tools: dict[str, int] | None = None) -> Usage | None:
    """Usage of OpenAI's chat, completions, responses and embeddings and of the many who speak like it.

    Their totals include cached, cache-written, audio and reasoning tokens. xAI alone leaves reasoning out of
    `completion_tokens`; its own `total_tokens` shows it, so the sum decides and not the provider's name.
    """
    if not isinstance(usage, dict) or not usage:
        return None
    read = fields_of(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"))
    wrote = fields_of(usage.get("completion_tokens_details") or usage.get("output_tokens_details"))
    prompt = count(usage, "prompt_tokens") or count(usage, "input_tokens")
    output = count(usage, "completion_tokens") or count(usage, "output_tokens")
    reasoning = count(wrote, "reasoning_tokens") or count(usage, "reasoning_tokens")
    if reasoning and count(usage, "total_tokens") == prompt + output + reasoning:
        output += reasoning
    tools = dict(server_tools or {})
    tools.update(_openai_like_tools(usage))
    return Usage(
        input_total=prompt,
        # DeepSeek and Moonshot name their cache hits beside the details.
        cache_read=count(read, "cached_tokens")
        or count(usage, "prompt_cache_hit_tokens")
        or count(usage, "cached_tokens"),
        cache_write_5m=count(read, "cache_write_tokens"),
        output_total=output,
        reasoning=reasoning,
        audio_in=count(read, "audio_tokens"),
        audio_out=count(wrote, "audio_tokens"),
        cache_audio_read=count(fields_of(read.get("cached_tokens_details")), "audio_tokens"),
        server_tools=tools,
        service_tier=tier(service_tier) or tier(usage.get("service_tier")),
    )


def _openai_like_tools(usage: Fields) -> dict[str, int]:
    if _TOOL_FIELDS.isdisjoint(usage):
        return {}
    tools = _uses(usage.get("server_tool_use"))
    tools.update(_uses(usage.get("server_side_tool_usage_details")))
    if searches := count(usage, "num_search_queries"):
        tools["web_search_requests"] = searches
    if sources := count(usage, "num_sources_used"):
        tools["sources_used"] = sources
    return tools


def from_anthropic(usage: Any) -> Usage | None:
    """Usage of Anthropic messages. Its `input_tokens` leaves the cache out, so the total is the sum of three."""
    if not isinstance(usage, dict) or not usage:
        return None
    cache_read = count(usage, "cache_read_input_tokens")
    written = count(usage, "cache_creation_input_tokens")
    by_age = fields_of(usage.get("cache_creation"))
    short, long = count(by_age, "ephemeral_5m_input_tokens"), count(by_age, "ephemeral_1h_input_tokens")
    # A stream's last word on cache writes is a bare total: what the breakdown does not explain joins the kind in use.
    if unexplained := max(0, written - short - long):
        if long and not short:
            long += unexplained
        else:
            short += unexplained
    fast = "fast" if usage.get("speed") == "fast" else None
    return Usage(
        input_total=count(usage, "input_tokens") + cache_read + short + long,
        cache_read=cache_read,
        cache_write_5m=short,
        cache_write_1h=long,
        output_total=count(usage, "output_tokens"),
        reasoning=count(fields_of(usage.get("output_tokens_details")), "thinking_tokens"),
        server_tools=_uses(usage.get("server_tool_use")),
        service_tier=tier(usage.get("service_tier")) or fast,
    )


def _uses(value: Any) -> dict[str, int]:
    named = fields_of(value)
    return {name: uses for name in named if (uses := count(named, name))}


def from_gemini(usage: Any) -> Usage | None:
    """Usage of Gemini. Prompts include what was cached; thoughts and tool prompts are counted beside the rest."""
    if not isinstance(usage, dict) or not usage:
        return None
    thoughts = count(usage, "thoughtsTokenCount")
    return Usage(
        input_total=count(usage, "promptTokenCount") + count(usage, "toolUsePromptTokenCount"),
        cache_read=count(usage, "cachedContentTokenCount"),
        output_total=count(usage, "candidatesTokenCount") + thoughts,
        reasoning=thoughts,
        audio_in=_modality(usage.get("promptTokensDetails"), "AUDIO"),
        audio_out=_modality(usage.get("candidatesTokensDetails"), "AUDIO"),
        cache_audio_read=_modality(usage.get("cacheTokensDetails"), "AUDIO"),
        service_tier=tier(usage.get("serviceTier")),
    )


def _modality(details: Any, kind: str) -> int:
    found = details if isinstance(details, list) else []
    return sum(count(item, "tokenCount") for item in found if isinstance(item, dict) and item.get("modality") == kind)


def from_bedrock(usage: Any, *, service_tier: Any = None) -> Usage | None:
    """Usage of Bedrock Converse. Like Anthropic's, its input leaves the cache out."""
    if not isinstance(usage, dict) or not usage:
        return None
    read = count(usage, "cacheReadInputTokens")
    written = count(usage, "cacheWriteInputTokens")
    details = usage.get("cacheDetails")
    long = sum(
        count(item, "inputTokens")
        for item in (details if isinstance(details, list) else [])
        if isinstance(item, dict) and item.get("ttl") == "1h"
    )
    long = min(long, written)
    return Usage(
        input_total=count(usage, "inputTokens") + read + written,
        cache_read=read,
        cache_write_5m=written - long,
        cache_write_1h=long,
        output_total=count(usage, "outputTokens"),
        service_tier=tier(fields_of(service_tier).get("type")),
    )


def from_cohere(usage: Any) -> Usage | None:
    """Usage of Cohere. What is billed counts; `tokens` also holds the provider's own preamble, which is not."""
    if not isinstance(usage, dict) or not usage:
        return None
    billed = fields_of(usage.get("billed_units"))
    counted = billed if count(billed, "input_tokens") or count(billed, "output_tokens") else usage.get("tokens")
    counts = fields_of(counted)
    return Usage(
        input_total=count(counts, "input_tokens"),
        cache_read=min(count(usage, "cached_tokens"), count(counts, "input_tokens")),
        output_total=count(counts, "output_tokens"),
    )

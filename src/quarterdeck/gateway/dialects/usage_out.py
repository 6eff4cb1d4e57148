"""The ledger's usage in each dialect's own fields, for clients of another dialect than the provider's."""

from typing import Any

from quarterdeck.ledger.record import Usage


def to_chat(used: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": used.input_total,
        "completion_tokens": used.output_total,
        "total_tokens": used.input_total + used.output_total,
        "prompt_tokens_details": {"cached_tokens": used.cache_read, "audio_tokens": used.audio_in} | _written(used),
        "completion_tokens_details": {
            "reasoning_tokens": used.reasoning,
            "audio_tokens": used.audio_out,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def to_responses(used: Usage) -> dict[str, Any]:
    return {
        "input_tokens": used.input_total,
        "input_tokens_details": {"cached_tokens": used.cache_read} | _written(used),
        "output_tokens": used.output_total,
        "output_tokens_details": {"reasoning_tokens": used.reasoning},
        "total_tokens": used.input_total + used.output_total,
    }


def _written(used: Usage) -> dict[str, int]:
    return {"cache_write_tokens": used.cache_write_5m + used.cache_write_1h}


def to_anthropic(used: Usage) -> dict[str, Any]:
    out: dict[str, Any] = {
        "input_tokens": max(0, used.input_total - used.cache_read - used.cache_write_5m - used.cache_write_1h),
        "cache_creation_input_tokens": used.cache_write_5m + used.cache_write_1h,
        "cache_read_input_tokens": used.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": used.cache_write_5m,
            "ephemeral_1h_input_tokens": used.cache_write_1h,
        },
        "output_tokens": used.output_total,
    }
    if used.reasoning:
        out["output_tokens_details"] = {"thinking_tokens": used.reasoning}
    return out


def to_gemini(used: Usage) -> dict[str, Any]:
    out = {
        "promptTokenCount": used.input_total,
        "candidatesTokenCount": used.output_total - used.reasoning,
        "totalTokenCount": used.input_total + used.output_total,
    }
    if used.cache_read:
        out["cachedContentTokenCount"] = used.cache_read
    if used.reasoning:
        out["thoughtsTokenCount"] = used.reasoning
    return out


def to_bedrock(used: Usage) -> dict[str, Any]:
    written = used.cache_write_5m + used.cache_write_1h
    return {
        "inputTokens": max(0, used.input_total - used.cache_read - written),
        "outputTokens": used.output_total,
        "totalTokens": used.input_total + used.output_total,
        "cacheReadInputTokens": used.cache_read,
        "cacheWriteInputTokens": written,
    }


def to_cohere(used: Usage) -> dict[str, Any]:
    return {
        "billed_units": {"input_tokens": used.input_total, "output_tokens": used.output_total},
        "tokens": {"input_tokens": used.input_total, "output_tokens": used.output_total},
        "cached_tokens": used.cache_read,
    }

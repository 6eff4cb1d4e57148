"""What an emitter needs to know of the place a request goes to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    model: str
    api_version: str | None = None
    """Anthropic's `anthropic-version`: from 2026-10-21 on it takes no sampling parameters."""
    default_max_output: int = 8192
    """Sent when the caller set none and the dialect demands one."""
    reasoning_content: bool = False
    """Chat providers such as DeepSeek that take their thoughts back in `reasoning_content`."""
    max_tokens_field: str = "max_completion_tokens"
    """What a chat provider calls the output cap; most but OpenAI know only `max_tokens`."""

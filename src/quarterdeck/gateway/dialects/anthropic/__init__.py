"""Anthropic Messages, and its token counting."""

from quarterdeck.gateway.dialects.anthropic.wire import COUNT_TOKENS, DIALECT

__all__ = ["COUNT_TOKENS", "DIALECT"]

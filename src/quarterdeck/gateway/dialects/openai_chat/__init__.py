"""OpenAI Chat Completions, the dialect most providers speak."""

from quarterdeck.gateway.dialects.openai_chat.wire import DIALECT

__all__ = ["DIALECT"]

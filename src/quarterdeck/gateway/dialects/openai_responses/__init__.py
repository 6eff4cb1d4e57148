"""OpenAI Responses."""

from quarterdeck.gateway.dialects.openai_responses.wire import DIALECT

__all__ = ["DIALECT"]

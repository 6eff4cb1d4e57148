"""Quarterdeck: an LLM gateway and an agent control plane, joined on every model call."""

__version__ = "0.1.0"

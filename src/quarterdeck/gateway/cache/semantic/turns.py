"""The last turn of a request: the one part of it that may be put in other words."""

from typing import Any

_MESSAGES = frozenset({"openai_chat", "anthropic", "cohere"})
_TEXTS = frozenset({"text", "input_text"})
_TAKEN = {"": "the last turn"}
"""Stands where the last turn stood; no request can hold it, for no provider takes a member without a name."""


def last_turn(dialect: str, body: object) -> tuple[str, dict[str, Any]] | None:
    """The text of the last turn, and the request without it.

    None when the last turn is not a user's, or is not just one text: then only the same request is the same.
    """
    if not isinstance(body, dict):
        return None
    if dialect in _MESSAGES:
        return _of_list(body, "messages", "content")
    if dialect == "gemini":
        return _of_list(body, "contents", "parts")
    if dialect == "openai_responses":
        asked = body.get("input")
        if isinstance(asked, str):
            return asked, {**body, "input": _TAKEN}
        return _of_list(body, "input", "content")
    return None


def _of_list(body: dict[str, Any], turns_in: str, parts_in: str) -> tuple[str, dict[str, Any]] | None:
    turns = body.get(turns_in)
    if not isinstance(turns, list) or not turns or not isinstance(turns[-1], dict):
        return None
    last = turns[-1]
    if last.get("role", "user") != "user":
        return None
    found = _text(last.get(parts_in))
    if found is None:
        return None
    text, parts = found
    return text, {**body, turns_in: [*turns[:-1], {**last, parts_in: parts}]}


def _text(content: object) -> tuple[str, object] | None:
    """The one text in a turn's content, and the content without it."""
    if isinstance(content, str):
        return content, _TAKEN
    if not isinstance(content, list):
        return None
    texts = [at for at, part in enumerate(content) if _is_text(part)]
    if len(texts) != 1:
        return None
    at = texts[0]
    part = content[at]
    return part["text"], [*content[:at], {**part, "text": _TAKEN}, *content[at + 1 :]]


def _is_text(part: object) -> bool:
    """OpenAI's, Anthropic's and Cohere's parts say their type; Gemini's are what they hold."""
    return isinstance(part, dict) and isinstance(part.get("text"), str) and part.get("type", "text") in _TEXTS

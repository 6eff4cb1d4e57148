"""Tokens of a call whose provider reported none: a rough count from the text, always marked as estimated.

Four characters a token is the usual rule of thumb for English; it is a mark on the page that something was spent,
not a bill. Attachments (data URLs, long base64) are left out: their tokens do not follow their size.
"""

import msgspec

from quarterdeck.gateway.dialects.base import UNREADABLE
from quarterdeck.ledger.record import Usage

CHARS_PER_TOKEN = 4
_ATTACHMENT = 4_096
_TEXT_KEYS = frozenset(
    {
        "content",
        "text",
        "reasoning",
        "reasoning_content",
        "thinking",
        "partial_json",
        "arguments",
        "delta",
        "refusal",
        "input",
    }
)


def estimate(request_body: bytes, answer: bytes, seen: Usage | None) -> Usage:
    """A Usage for a call that was cut or whose answer says nothing. `seen` is what the provider did say, and wins."""
    input_total = (
        seen.input_total if seen is not None and seen.input_total else _tokens(_characters(_json(request_body)))
    )
    output_total = max(_tokens(_answer_characters(answer)), seen.output_total if seen is not None else 0)
    if seen is not None:
        return msgspec.structs.replace(seen, input_total=input_total, output_total=output_total)
    return Usage(input_total=input_total, output_total=output_total)


def _tokens(characters: int) -> int:
    return -(-characters // CHARS_PER_TOKEN)


def _json(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except UNREADABLE:
        return None


def _answer_characters(answer: bytes) -> int:
    """Characters the model wrote: of each event for a stream, of the whole for a plain answer."""
    whole = _json(answer)
    if whole is not None:
        return _characters(whole, only_text=True)
    total = 0
    for line in answer.split(b"\n"):
        if line.startswith(b"data:"):
            total += _characters(_json(line[5:].strip()), only_text=True)
    return total


def _characters(value: object, *, only_text: bool = False, key: str = "") -> int:
    """Length of all strings below `value`; with `only_text`, of those under keys that hold what a model writes."""
    if isinstance(value, str):
        if (only_text and key not in _TEXT_KEYS) or value.startswith("data:") or _looks_encoded(value):
            return 0
        return len(value)
    if isinstance(value, dict):
        return sum(_characters(item, only_text=only_text, key=name) for name, item in value.items())
    if isinstance(value, list):
        return sum(_characters(item, only_text=only_text, key=key) for item in value)
    return 0


def _looks_encoded(value: str) -> bool:
    return len(value) > _ATTACHMENT and " " not in value[:_ATTACHMENT]

"""What came in since the model last spoke: tool results and words of people, from the end of a request's messages."""

from collections.abc import Sequence
from typing import Any

import msgspec

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_OWN_ROLES = frozenset({"assistant", "model"})
_OWN_ITEMS = frozenset({"function_call", "custom_tool_call", "reasoning", "item_reference"})
_LOOKED_AT = 64
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder(order="deterministic").encode


class Heard(msgspec.Struct):
    """`results` are what tools answered, `words` what somebody said; both in the order they stand."""

    results: list[str] = []
    words: list[str] = []


def heard(messages: Sequence[bytes]) -> Heard:
    """From the pieces that a body was cut into. What cannot be read counts as said, as it stands."""
    found: list[Any] = []
    for piece in reversed(messages[-_LOOKED_AT:]):
        try:
            message = _decode(piece.lstrip(b" \t\r\n,"))
        except _UNREADABLE:
            message = {"content": piece.decode("utf-8", "replace")}
        if not isinstance(message, dict) or is_own(message):
            break
        found.append(message)
    new = Heard()
    for message in reversed(found):
        _take(new, message)
    return new


def is_own(message: object) -> bool:
    """Whether the model said this itself."""
    return isinstance(message, dict) and (message.get("role") in _OWN_ROLES or message.get("type") in _OWN_ITEMS)


def _take(new: Heard, message: dict[str, Any]) -> None:
    if message.get("type") in ("function_call_output", "custom_tool_call_output", "computer_call_output"):
        new.results.append(_text(message.get("output")))
        return
    content = message.get("content", message.get("parts"))
    if message.get("role") in ("tool", "function") and not isinstance(message.get("parts"), list):
        new.results.append(_text(content))
    elif isinstance(content, list):
        for block in content:
            _take_block(new, block)
    elif content is not None:
        new.words.append(_text(content))


def _take_block(new: Heard, block: Any) -> None:
    if not isinstance(block, dict):
        new.words.append(_text(block))
    elif block.get("type") == "tool_result":
        new.results.append(_text(block.get("content")))
    elif "toolResult" in block:
        new.results.append(_text(block["toolResult"].get("content")))
    elif "functionResponse" in block:
        new.results.append(_text(block["functionResponse"].get("response")))
    elif "cachePoint" not in block:
        new.words.append(_text(block.get("text", block)))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, dict) and isinstance(one.get("text"), str) for one in value):
        return "\n".join(one["text"] for one in value)
    return "" if value is None else _encode(value).decode()

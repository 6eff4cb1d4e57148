"""What of a call is searched: the words of its new messages and of its answer, whatever dialect. Pure and tolerant."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from quarterdeck.ledger.turns.heard import is_own
from quarterdeck.ledger.turns.said import said

Where = Literal["message", "tool_result", "answer", "tool_call"]
LONGEST = 20_000
"""Characters of one passage; of a longer one its beginning and its end are searched."""
_TAIL = 4_000
MOST = 80_000
"""Characters of one call."""
_RESULTS = frozenset({"function_call_output", "custom_tool_call_output", "computer_call_output", "tool_result"})
_WHOLE = frozenset({"input", "arguments", "args", "response", "json", "tool_calls", "functionCall", "toolUse"})
"""What is no prose but was written by somebody: searched as the JSON it is."""
_TEXTS = frozenset({"content", "text", "parts", "output", "prompt", "message", "toolResult", "thinking", "refusal"})
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of what was said."""

    where: Where
    text: str


def passages(messages: Sequence[bytes], answer: bytes, answer_type: str | None, *, first: bool) -> list[Passage]:
    """Of a call, answer first. `messages` are the last ones of its request, as they were cut; unless it is the `first`
    call of a conversation, those after the model last spoke are new in it.
    """
    spoken = said(answer, answer_type) if answer else None
    found: list[Passage] = []
    if spoken is not None:
        found.append(Passage("answer", _short(spoken.text)))
        found += [Passage("tool_call", _short(f"{name} {arguments}")) for name, arguments in spoken.tools]
    found += _bounded(_new(messages, first=first))
    return [each for each in _bounded(found) if each.text]


def reaches_back(messages: Sequence[bytes]) -> bool:
    """Whether the model spoke in one of them: what is older is not new."""
    return any(is_own(_message(piece)) for piece in messages)


def _new(messages: Sequence[bytes], *, first: bool) -> list[Passage]:
    found: list[list[Passage]] = []
    for piece in reversed(messages):
        message = _message(piece)
        if is_own(message) and not first:
            break
        found.append(list(_of_message(message)))
    return [passage for some in reversed(found) for passage in some]


def _message(piece: bytes) -> Any:
    try:
        return _decode(piece.lstrip(b" \t\r\n,"))
    except _UNREADABLE:
        return {"content": piece.decode("utf-8", "replace")}


def _of_message(message: Any) -> Iterator[Passage]:
    if not isinstance(message, dict):
        yield Passage("message", _short("\n".join(_texts(message))))
        return
    whole: Where = "tool_result" if message.get("role") in ("tool", "function") or _is_result(message) else "message"
    blocks = message.get("content", message.get("parts"))
    if whole == "message" and isinstance(blocks, list):
        for block in blocks:
            yield Passage("tool_result" if _is_result(block) else whole, _short("\n".join(_texts(block))))
        rest = {name: value for name, value in message.items() if name not in ("content", "parts")}
        yield Passage(whole, _short("\n".join(_texts(rest))))
    else:
        yield Passage(whole, _short("\n".join(_texts(message))))


def _is_result(value: Any) -> bool:
    return isinstance(value, dict) and (
        value.get("type") in _RESULTS or "toolResult" in value or "functionResponse" in value
    )


def _texts(value: Any) -> Iterator[str]:
    """Words that people, tools and models wrote; not ids, kinds, addresses of pictures and bytes."""
    if isinstance(value, str):
        if not value.startswith("data:"):
            yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name in _WHOLE:
                yield each if isinstance(each, str) else _encode(each).decode()
            elif name == "functionResponse" and isinstance(each, dict):
                yield _encode(each.get("response")).decode()
            elif name in _TEXTS:
                yield from _texts(each)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - _TAIL]} … {text[-_TAIL:]}"


def _bounded(found: Iterable[Passage]) -> list[Passage]:
    kept: list[Passage] = []
    size = 0
    for passage in found:
        size += len(passage.text)
        if size > MOST:
            break
        kept.append(passage)
    return kept

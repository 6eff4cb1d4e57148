"""A call's bodies as people read them.

Tolerant throughout: what is not understood is shown as it is (kind `other`), and nothing raises.
"""

from collections.abc import Sequence
from dataclasses import replace

from quarterdeck.control.calls import rendered_anthropic, rendered_gemini, rendered_openai
from quarterdeck.control.calls.rendered import Answer, Fields, Message, Reader, Request, events, other, parse

_ODD = (TypeError, ValueError, KeyError, AttributeError, IndexError, RecursionError)
_ANSWERS = frozenset({"choices", "output", "content", "candidates"})


def request(dialect: str, body: bytes) -> Request:
    """What was asked."""
    value = parse(body)
    if not isinstance(value, dict):
        return Request([Message("user", [other(value)])] if body else [])
    try:
        found = _reader(dialect, value).request(value)
    except _ODD:
        return Request([Message("user", [other(value)])])
    return found if _shows(found.messages) else replace(found, messages=[Message("user", [other(value)])])


def answer(dialect: str, body: bytes) -> Answer | None:
    """What was answered, streams put together; None when there is nothing."""
    if not body:
        return None
    value = parse(body)
    try:
        if isinstance(value, dict):
            if "error" in value and _ANSWERS.isdisjoint(value):
                return [Message("error", [other(value["error"])])]
            return _shown(_reader(dialect, value).answer(value), value)
        found = (
            list(events(body)) if not isinstance(value, list) else [each for each in value if isinstance(each, dict)]
        )
        if found:
            return _shown(_reader(dialect, found[0]).stream(found), value)
    except _ODD:
        pass
    return [Message("assistant", [other(value)])]


def _shows(messages: Sequence[Message]) -> bool:
    return any(message.parts for message in messages)


def _shown(found: Answer, value: object) -> Answer:
    """What was read, or the body as it is where nothing in it was found."""
    return found if _shows(found) else [Message("assistant", [other(value)])]


def _reader(dialect: str, value: Fields) -> Reader:
    if "anthropic" in dialect:
        return rendered_anthropic.READER
    if "gemini" in dialect or "contents" in value or "candidates" in value:
        return rendered_gemini.READER
    if "responses" in dialect:
        return rendered_openai.RESPONSES
    return rendered_openai.CHAT

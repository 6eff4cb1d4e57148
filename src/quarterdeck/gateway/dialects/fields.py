"""Taking typed values out of JSON objects, leaving what is not understood where it is."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from quarterdeck.gateway.dialects.base import UNREADABLE, BadBody
from quarterdeck.gateway.dialects.conversation import BadAnswer

T = TypeVar("T")


class Misshapen(ValueError):
    """A value is not of the shape the dialect gives it. Turned into BadBody or BadAnswer at the dialect's door."""


def obj(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Misshapen(f"{what} must be an object")
    return value


def arr(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise Misshapen(f"{what} must be an array")
    return value


def text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise Misshapen(f"{what} must be a string")
    return value


def pull_text(rest: dict[str, Any], name: str) -> str | None:
    """Take a string out of `rest`; anything else stays there."""
    value = rest.get(name)
    if isinstance(value, str):
        del rest[name]
        return value
    return None


def pull_int(rest: dict[str, Any], name: str) -> int | None:
    value = rest.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        del rest[name]
        return value
    return None


def pull_number(rest: dict[str, Any], name: str) -> float | None:
    value = rest.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        del rest[name]
        return value
    return None


def pull_bool(rest: dict[str, Any], name: str) -> bool | None:
    value = rest.get(name)
    if isinstance(value, bool):
        del rest[name]
        return value
    return None


def pull_dict(rest: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = rest.get(name)
    if isinstance(value, dict):
        del rest[name]
        return value
    return None


def put(out: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Set the members that are not None."""
    for name, value in values.items():
        if value is not None:
            out[name] = value
    return out


def request_object(body: bytes) -> dict[str, Any]:
    """Raises BadBody."""
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise BadBody("The body is nested too deeply: send a flatter JSON object.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise BadBody(f"The body is not valid JSON: {problem}. Send one JSON object.") from None
    if not isinstance(value, dict):
        raise BadBody("The body is not a JSON object: send one.")
    return value


def answer_object(body: bytes) -> dict[str, Any]:
    """Raises BadAnswer."""
    try:
        value = msgspec.json.decode(body)
    except UNREADABLE as problem:
        raise BadAnswer(f"The provider's answer is not valid JSON: {problem}.") from None
    if not isinstance(value, dict):
        raise BadAnswer("The provider's answer is not a JSON object.")
    return value


def request_from(parse: Callable[[dict[str, Any]], T], body: bytes) -> T:
    """Run a dialect's parser on a request body. Raises BadBody."""
    value = request_object(body)
    try:
        return parse(value)
    except (Misshapen, RecursionError) as problem:
        raise BadBody(f"The body cannot be read: {problem}.") from None


def answer_from(parse: Callable[[dict[str, Any]], T], body: bytes) -> T:
    """Run a dialect's parser on an answer. Raises BadAnswer."""
    value = answer_object(body)
    try:
        return parse(value)
    except (Misshapen, RecursionError) as problem:
        raise BadAnswer(f"The provider's answer cannot be read: {problem}.") from None


def encode(value: Any) -> bytes:
    """Raises Misshapen for what JSON cannot hold."""
    try:
        return msgspec.json.encode(value)
    except (RecursionError, ValueError, TypeError) as problem:
        raise Misshapen(f"the value cannot be written as JSON ({problem})") from None


def arguments_object(arguments: str) -> dict[str, Any] | None:
    """A tool call's arguments as an object; None when they are broken or something else. Empty text is no arguments."""
    if not arguments.strip():
        return {}
    try:
        value = msgspec.json.decode(arguments)
    except UNREADABLE:
        return None
    return value if isinstance(value, dict) else None


def json_text(value: Any) -> str:
    return encode(value).decode()


def named(value: Any) -> dict[str, Any]:
    """What a `match` left over of a JSON object, which type checkers no longer know to be keyed by strings."""
    found: dict[str, Any] = value
    return found

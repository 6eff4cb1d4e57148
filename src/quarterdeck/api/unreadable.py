"""Bodies that no route could read: what is wrong with them, and what to do."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from quarterdeck.kernel.errors import Invalid

_SUSPECT = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]|NaN|Infinity|[eE]\+?[0-9]{3}|(?<![0-9])[0-9]{300}")
"""What half a surrogate pair and numbers without end look like in JSON; so do the pairs of most emoji, and words.

Digits are counted from the first of them alone: else from each."""


SOUGHT_IN = 256 * 1024
"""Bytes of a body in which the field is looked for that is wrong: value by value, 40 times as slow as reading it."""
_TOO_DEEP = "The body is nested too deeply to be read; send it flatter."


def must_be_sayable(body: bytes) -> None:
    """What the JSON holds can be said again: no text has half a surrogate pair, no number is without end.

    Raises Invalid, which names the field unless the body is so large that looking for it would hold others up.
    """
    if not _SUSPECT.search(body):
        return
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return  # The route says what is wrong with it.
    try:
        json.dumps(read, ensure_ascii=False, allow_nan=False).encode()
        return
    except RecursionError:
        raise Invalid(_TOO_DEEP) from None
    except UnicodeEncodeError:
        wrong = "half of a surrogate pair"
    except ValueError:
        wrong = "a number that JSON has not: NaN, or one too large"
    if len(body) > SOUGHT_IN:
        raise Invalid(f"The body holds {wrong}.")
    for field, value in _values(read):
        where = field or "The body"
        if isinstance(value, float) and not math.isfinite(value):
            raise Invalid(f"{where} holds a number that JSON has not: NaN, or one too large.", field=field)
        try:
            if isinstance(value, str):
                value.encode()
        except UnicodeEncodeError:
            raise Invalid(f"{where} holds half of a surrogate pair.", field=field) from None


def why(error: HTTPException) -> str:
    """In words, where the framework says only that it could not."""
    cause = error.__cause__
    if isinstance(cause, UnicodeDecodeError):
        return f"The body is not UTF-8 (byte {cause.start}); send JSON in UTF-8."
    if isinstance(cause, RecursionError):
        return _TOO_DEEP
    if isinstance(cause, ValueError):
        return f"The body cannot be read as JSON: {cause}."
    return str(error.detail)


def not_json(error: RequestValidationError, media_type: str) -> str | None:
    """What to say of a body that did not come as JSON; None when it did."""
    if not (isinstance(error.body, bytes) and error.body):
        return None
    came = media_type.partition(";")[0] or "nothing"
    return f"Send the body as JSON with the header content-type: application/json; it came as {came}."


def _values(read: Any) -> Iterator[tuple[str, Any]]:
    """Every text and number within, names of fields too, with the path to it. Of a level only one path is held."""
    levels = [iter([("", read)])]
    while levels:
        for path, value in levels[-1]:
            if isinstance(value, list | dict):
                levels.append(_inside(path, value))
                break
            yield path, value
        else:
            levels.pop()


def _inside(path: str, value: list[Any] | dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for at, each in enumerate(value):
            yield f"{path}[{at}]", each
        return
    for name, each in value.items():
        yield path, name
        yield f"{path}.{name}" if path else name, each

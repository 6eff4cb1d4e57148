"""Bodies that no route could read: what is wrong with them, and what to do."""

import json
import re
from collections.abc import Iterator
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from quarterdeck.kernel.errors import Invalid

_HALVES = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
"""What half a surrogate pair looks like in JSON, and so do the whole pairs of most emoji."""


def must_be_whole_characters(body: bytes) -> None:
    """No text of the JSON has half a surrogate pair, which no answer could say again. Raises Invalid."""
    if not _HALVES.search(body):
        return
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return  # The route says what is wrong with it.
    for field, text in _texts(read):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Invalid(f"{field or 'The body'} holds half of a surrogate pair.", field=field) from None


def why(error: HTTPException) -> str:
    """In words, where the framework says only that it could not."""
    cause = error.__cause__
    if isinstance(cause, UnicodeDecodeError):
        return f"The body is not UTF-8 (byte {cause.start}); send JSON in UTF-8."
    if isinstance(cause, RecursionError):
        return "The body is nested too deeply to be read; send it flatter."
    if isinstance(cause, ValueError):
        return f"The body cannot be read as JSON: {cause}."
    return str(error.detail)


def not_json(error: RequestValidationError, media_type: str) -> str | None:
    """What to say of a body that did not come as JSON; None when it did."""
    if not (isinstance(error.body, bytes) and error.body):
        return None
    came = media_type.partition(";")[0] or "nothing"
    return f"Send the body as JSON with the header content-type: application/json; it came as {came}."


def _texts(read: Any) -> Iterator[tuple[str, str]]:
    """Every text within, names of fields too, with the path to it."""
    left = [("", read)]
    while left:
        path, value = left.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, list):
            left += [(f"{path}[{at}]", each) for at, each in enumerate(value)]
        elif isinstance(value, dict):
            for name, each in value.items():
                yield path, name
                left.append((f"{path}.{name}" if path else name, each))

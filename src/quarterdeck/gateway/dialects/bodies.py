"""What reading a request body has in common in every dialect: one decode, and refusals in words that say what to do."""

from typing import Any, TypeVar

import msgspec

from quarterdeck.gateway.dialects.base import BadBody

T = TypeVar("T")


def read(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Decode the fields the decoder asks for. Raises BadBody."""
    try:
        facts = decoder.decode(body)
        # msgspec skips what it is not asked for without looking at its encoding.
        if not body.isascii():
            body.decode()
    except msgspec.ValidationError as problem:
        raise BadBody(_words(str(problem))) from None
    except RecursionError:
        raise BadBody("The body is nested too deeply: send a flatter JSON object.") from None
    except UnicodeDecodeError as problem:
        raise BadBody(f"The body is not UTF-8 (byte {problem.start}): encode it as UTF-8.") from None
    except msgspec.DecodeError as problem:
        raise BadBody(f"The body is not valid JSON: {problem}. Send one JSON object.") from None
    return facts


def _words(problem: str) -> str:
    if "Object missing required field" in problem:
        return f"The body lacks `{problem.split('`')[1]}`: add it."
    if "at `$." in problem:
        field = problem.rpartition("at `$.")[2].rstrip("`")
        return f"`{field}` has the wrong type: {problem.split(' - ', maxsplit=1)[0].lower()}."
    return f"The body is not a JSON object ({problem[:1].lower()}{problem[1:]}): send one."


def check_model(model: str) -> str:
    """Raises BadBody when the model is named by nothing."""
    if not model:
        raise BadBody("`model` is empty: name the model to use.")
    return model


def positive(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def flat_strings(value: Any, *, without: str = "") -> dict[str, str]:
    """The body's `metadata` when it is a flat object of strings, else nothing."""
    if not isinstance(value, dict):
        return {}
    if not all(isinstance(text, str) for text in value.values()):
        return {}
    return {name: text for name, text in value.items() if name != without}

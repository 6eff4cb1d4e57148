"""What is asked, and what must be heard and given back."""

from dataclasses import dataclass, replace

from clients.matrix.heard import Heard

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL = ("weather", "The weather in a city.", SCHEMA)
BRIEF = "Be brief."
CAP = 4000


@dataclass(frozen=True)
class Got:
    """An answer as its SDK gives it."""

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    thought: str = ""
    stop: str = "end"
    usage: tuple[int, int] | None = (7, 5)
    error: tuple[int, str] | None = None


def words(feature: str) -> str:
    """What the user says; the provider plays the feature it names."""
    return f"Please play {feature}."


_BASE = Heard(texts=("Please play text.",))
_CALLS = (("weather", "Oslo"), ("weather", "Rome"))
HEARD: dict[str, Heard] = {
    "text": _BASE,
    "system": replace(_BASE, system=BRIEF),
    "image": replace(_BASE, images=(PIXEL,)),
    "tools": replace(_BASE, tools=("weather",)),
    "tool_results": replace(_BASE, tools=("weather",), calls=_CALLS, results=("cold", "hot")),
    "structured_output": replace(_BASE, schema=True),
    "reasoning": replace(_BASE, thinks=True),
    "stop": replace(_BASE, stop=("END",)),
    "max_tokens": replace(_BASE, cap=CAP),
    "error": _BASE,
}
GOT: dict[str, Got] = {
    "tools": Got(calls=_CALLS, stop="tools"),
    "structured_output": Got(text='{"city":"Oslo"}'),
    "reasoning": Got(text="Hi.", thought="Weigh it."),
    "max_tokens": Got(text="Hi", stop="length"),
    "error": Got(error=(429, "Slow down."), usage=None),
}
FEATURES = tuple(HEARD)


def must_hear(feature: str) -> Heard:
    return replace(HEARD[feature], texts=(words(feature),))


def must_get(feature: str) -> Got:
    return GOT.get(feature, Got(text="Hi."))

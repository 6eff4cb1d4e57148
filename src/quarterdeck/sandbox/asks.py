"""What every dialect has in common: the question the sandbox was asked, and the answer it is going to render."""

import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import msgspec

from quarterdeck.sandbox.scripts import Answer, Script, ScriptedUsage

_SYLLABLES = ["ba", "de", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we", "xi", "yo", "za"]


class BadAsk(ValueError):
    """A request the dialect does not allow; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, read as far as an answer needs it."""

    model: str
    stream: bool
    turn: int
    """How often the model has spoken in this conversation before."""
    last: str
    """The text of the last message: what `echo` answers."""
    size: int
    """Bytes of the body: what input tokens are counted from when the script does not set them."""
    wants_usage: bool = True
    """Whether a stream must carry usage."""
    body: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call of an answer. `arguments` is JSON text, `pieces` the same cut up for a stream."""

    id: str
    name: str
    arguments: str
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens in canonical form: totals include their parts."""

    input: int
    output: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    reasoning: int
    audio_in: int
    audio_out: int
    web_searches: int


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer with everything drawn and counted, ready for any dialect."""

    ident: str
    """32 hex digits that depend on nothing but the request and the script."""
    model: str
    turn: int
    text: str
    pieces: tuple[str, ...]
    reasoning: str
    reasoning_pieces: tuple[str, ...]
    tools: tuple[Called, ...]
    usage: Counts | None
    stop: str
    """stop, length, tool_calls or content_filter."""


class Dialect(Protocol):
    """One file per dialect holds one of these (an endpoint each). Pure: bytes in, bytes out."""

    name: str
    stream_type: str
    """The content type of its streams."""

    def read(self, body: bytes, model: str | None) -> Ask:
        """`model` is the one the path names, for dialects whose paths do. Raises BadAsk."""
        ...

    def whole(self, ask: Ask, answer: Answered) -> bytes: ...

    def events(self, ask: Ask, answer: Answered) -> list[bytes]:
        """The stream, an event each; the last ones say that it ended."""
        ...

    def is_end(self, event: bytes) -> bool:
        """Whether this is one of the events that tell a client the answer is complete."""
        ...

    def error(self, status: int, code: str | None, message: str | None) -> bytes: ...

    def error_event(self, status: int, code: str | None, message: str | None) -> bytes: ...

    def headers(self, ident: str) -> tuple[tuple[str, str], ...]:
        """The provider's own headers, such as its request id."""
        ...


def answered(ask: Ask, script: Script, salt: bytes) -> Answered:
    """Draw the answer of a script to a request. The same arguments give the same answer.

    Ids follow from every byte of the request (`salt`), made-up words only from the turn and its last message, so that
    they are the same streamed or not.
    """
    answer = script.answer_for(ask.turn)
    seed = hashlib.blake2b(salt, digest_size=16, key=str(script.seed).encode()).hexdigest()
    draw = random.Random(f"{script.seed} {ask.turn} {ask.last}")  # noqa: S311 - to be repeatable is the point
    text = _text(answer, ask, draw)
    reasoning = answer.reasoning or ""
    tools = tuple(_called(seed, index, call.name, call.arguments) for index, call in enumerate(answer.tools))
    written = len(text) + len(reasoning) + sum(len(tool.arguments) for tool in tools)
    return Answered(
        ident=seed,
        model=script.model or ask.model,
        turn=ask.turn,
        text=text,
        pieces=cut(text, answer.chunks),
        reasoning=reasoning,
        reasoning_pieces=cut(reasoning, None),
        tools=tools,
        usage=_counts(answer.usage or script.usage, ask, written),
        stop=answer.stop or ("tool_calls" if tools else "stop"),
    )


def cut(text: str, pieces: int | None) -> tuple[str, ...]:
    """Cut a text evenly into so many pieces, or into words that keep the space before them."""
    if not text:
        return ()
    if pieces is None:
        words = text.split(" ")
        return (words[0], *(" " + word for word in words[1:])) if words[0] else tuple(" " + word for word in words[1:])
    pieces = min(pieces, len(text))
    edges = [len(text) * index // pieces for index in range(pieces + 1)]
    return tuple(text[start:end] for start, end in pairwise(edges))


def tokens_of(size: int) -> int:
    """The rough count the sandbox reports when the script sets none: four bytes a token, at least one."""
    return max(1, (size + 3) // 4)


def turns(speakers: Iterable[bool]) -> int:
    """How often the model spoke, given for each item of a history whether it is the model's: adjacent items are one."""
    count, before = 0, False
    for mine in speakers:
        count += mine and not before
        before = mine
    return count


def text_of(content: object) -> str:
    """The text in a message's content: a string, or the `text` of its parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [part.get("text") for part in content if isinstance(part, dict)]
    return "".join(part for part in parts if isinstance(part, str))


def decode(body: bytes) -> dict[str, Any]:
    """Raises BadAsk when the body is no JSON object."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadAsk(f"We could not parse the JSON body of your request: {error}") from error
    if not isinstance(value, dict):
        raise BadAsk("The body of your request must be a JSON object.")
    return value


def items(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A required list of objects. Raises BadAsk."""
    value = body.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        raise BadAsk(f"'{name}' must be a list of objects, and not an empty one.")
    return value


def model_of(body: dict[str, Any]) -> str:
    """Raises BadAsk."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadAsk("you must provide a model parameter")
    return model


def _text(answer: Answer, ask: Ask, draw: random.Random) -> str:
    if answer.echo:
        return ask.last
    if answer.words is not None:
        return " ".join("".join(draw.choices(_SYLLABLES, k=draw.randint(1, 4))) for _ in range(answer.words))
    if answer.text is not None:
        return answer.text
    return "" if answer.tools else "Hello from the sandbox."


def _called(seed: str, index: int, name: str, arguments: dict[str, Any]) -> Called:
    text = msgspec.json.encode(arguments).decode()
    return Called(f"{seed[:20]}{index:04d}", name, text, cut(text, max(1, len(text) // 8)))


def _counts(usage: ScriptedUsage, ask: Ask, written: int) -> Counts | None:
    if usage.omit:
        return None
    parts_in = usage.cache_read + usage.cache_write_5m + usage.cache_write_1h + usage.audio_in
    parts_out = usage.reasoning + usage.audio_out
    return Counts(
        input=usage.input if usage.input is not None else parts_in + tokens_of(ask.size),
        output=usage.output if usage.output is not None else parts_out + tokens_of(written),
        cache_read=usage.cache_read,
        cache_write_5m=usage.cache_write_5m,
        cache_write_1h=usage.cache_write_1h,
        reasoning=usage.reasoning,
        audio_in=usage.audio_in,
        audio_out=usage.audio_out,
        web_searches=usage.web_searches,
    )

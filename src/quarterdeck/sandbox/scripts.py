"""Scripts: what the sandbox answers, how fast, and what goes wrong. Values only.

A script is written as JSON. Its answers may be given as a list (`answers`: answer n for turn n of a conversation,
the last one repeats) or, for one answer, in place: `{"text": "hi", "chunks": 3}`. Durations are milliseconds.
"""

from typing import Annotated, Any, Literal

import msgspec

Ms = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Natural = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class BadScript(ValueError):
    """A script that cannot be played; the message names the field."""


class _Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a script. An unknown field is an error, because a misspelt fault would pass every test."""


class Normal(_Value, frozen=True, tag_field="kind", tag="normal"):
    mean_ms: Ms
    sd_ms: Ms


class Lognormal(_Value, frozen=True, tag_field="kind", tag="lognormal"):
    """What latencies of real providers look like: a median and a long tail. `sigma` 0.5 puts p99 at 3.2 medians."""

    median_ms: Ms
    sigma: Annotated[float, msgspec.Meta(ge=0, le=4)]


class Uniform(_Value, frozen=True, tag_field="kind", tag="uniform"):
    low_ms: Ms
    high_ms: Ms

    def __post_init__(self) -> None:
        if self.high_ms < self.low_ms:
            raise ValueError("`high_ms` is below `low_ms`")


Delay = Ms | Normal | Lognormal | Uniform


class Timing(_Value, frozen=True):
    """When bytes leave."""

    first_byte_ms: Delay = 0.0
    """From the request's last byte to the status line."""
    first_chunk_ms: Delay = 0.0
    """From the headers to the first byte of the body."""
    chunk_ms: Delay = 0.0
    """Between one chunk and the next."""


class ScriptedUsage(_Value, frozen=True):
    """Tokens to report. `input` and `output` are totals that include their parts; left out, they are counted."""

    input: Count | None = None
    output: Count | None = None
    cache_read: Count = 0
    cache_write_5m: Count = 0
    cache_write_1h: Count = 0
    reasoning: Count = 0
    audio_in: Count = 0
    audio_out: Count = 0
    web_searches: Count = 0
    omit: bool = False
    """Answer without any usage, as some providers do."""

    def __post_init__(self) -> None:
        cached = self.cache_read + self.cache_write_5m + self.cache_write_1h
        if self.input is not None and cached + self.audio_in > self.input:
            raise ValueError("`input` is a total: it cannot be less than its cached and audio parts")
        if self.output is not None and self.reasoning + self.audio_out > self.output:
            raise ValueError("`output` is a total: it cannot be less than its reasoning and audio parts")


class ToolCall(_Value, frozen=True):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    arguments: dict[str, Any] = {}


class Answer(_Value, frozen=True):
    """One turn of the model. Text is `text`, or `words` made-up words, or the caller's last message (`echo`)."""

    text: str | None = None
    words: Natural | None = None
    echo: bool = False
    reasoning: str | None = None
    tools: tuple[ToolCall, ...] = ()
    chunks: Natural | None = None
    """Into how many pieces a stream cuts the text; by default one piece a word. Never less than a character each."""
    stop: Literal["stop", "length", "tool_calls", "content_filter"] | None = None
    usage: ScriptedUsage | None = None
    """Instead of the script's usage, for this turn."""

    def __post_init__(self) -> None:
        if (self.text is not None) + (self.words is not None) + self.echo > 1:
            raise ValueError("`text`, `words` and `echo` exclude each other")


class _Fault(_Value, frozen=True, tag_field="kind", kw_only=True):
    """What goes wrong, and how often."""

    times: Natural | None = None
    """Only for the first so many requests that play this script; by default for all."""
    rate: Share = 1.0
    """For this share of them, drawn from the seed."""


class Status(_Fault, frozen=True, tag="status"):
    """An error answer in the dialect's own shape."""

    status: Annotated[int, msgspec.Meta(ge=400, le=599)]
    message: str | None = None
    code: str | None = None
    retry_after_s: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """`retry-after` in seconds."""
    retry_after_date_s: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """`retry-after` as an HTTP date this many seconds ahead."""
    retry_after_ms: Ms | None = None
    """`retry-after-ms`."""


class Hang(_Fault, frozen=True, tag="hang"):
    """Silence: before the headers (`after` null), or after so many chunks; for good, or `for_ms`."""

    after: Count | None = None
    for_ms: Ms | None = None


class Cut(_Fault, frozen=True, tag="cut"):
    """The connection ends politely (FIN) where the answer does not: before the headers, or after so many chunks."""

    after: Count | None = None


class Reset(_Fault, frozen=True, tag="reset"):
    """The connection is reset (RST): before the headers, or after so many chunks."""

    after: Count | None = None


class Drip(_Fault, frozen=True, tag="drip"):
    """The body comes `size` bytes at a time."""

    every_ms: Ms = 1000.0
    size: Natural = 1


class MalformedSse(_Fault, frozen=True, tag="malformed_sse"):
    """After so many good events come bytes that are no event: broken JSON, a line of no field, or not even UTF-8."""

    form: Literal["json", "framing", "binary"] = "json"
    after: Count = 1


class MalformedJson(_Fault, frozen=True, tag="malformed_json"):
    """A complete answer whose JSON stops in the middle, with a content-length that fits."""


class ErrorEvent(_Fault, frozen=True, tag="error_event"):
    """A stream that began with 200 reports an error after so many events and ends."""

    after: Count = 1
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 529
    message: str | None = None
    code: str | None = None


class ErrorBody(_Fault, frozen=True, tag="error_body"):
    """Status 200 with an error as its body."""

    status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 500
    message: str | None = None
    code: str | None = None


class Empty(_Fault, frozen=True, tag="empty"):
    """Status 200, and no byte of body."""


class WrongLength(_Fault, frozen=True, tag="wrong_length"):
    """A content-length that is `by` bytes too large (or, negative, too small); then the connection ends."""

    by: int = 10

    def __post_init__(self) -> None:
        if self.by == 0:
            raise ValueError("`by` 0 would be the right length")


class NoEnd(_Fault, frozen=True, tag="no_end"):
    """A stream whose transfer ends well but whose dialect's own end (`[DONE]`, `message_stop` …) never comes."""


class BadChunk(_Fault, frozen=True, tag="bad_chunk"):
    """After so many good chunks comes one whose size is no number."""

    after: Count = 1


class GzipBomb(_Fault, frozen=True, tag="gzip_bomb"):
    """A small body that says it is gzip and unpacks to so many megabytes of nothing."""

    megabytes: Annotated[int, msgspec.Meta(ge=1, le=1_024)] = 300


class LongLine(_Fault, frozen=True, tag="long_line"):
    """After so many good events a stream sends one line of so many megabytes that never ends."""

    after: Count = 1
    megabytes: Annotated[int, msgspec.Meta(ge=1, le=64)] = 10


Fault = (
    Status
    | Hang
    | Cut
    | Reset
    | Drip
    | MalformedSse
    | MalformedJson
    | ErrorEvent
    | ErrorBody
    | Empty
    | WrongLength
    | NoEnd
    | BadChunk
    | GzipBomb
    | LongLine
)


class Replay(_Value, frozen=True):
    """A recorded answer, byte for byte: the row `id` of `file` in the directory the sandbox was started with."""

    file: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*\.jsonl$")]
    id: str


class Script(_Value, frozen=True):
    answers: Annotated[tuple[Answer, ...], msgspec.Meta(min_length=1)] = (Answer(),)
    usage: ScriptedUsage = ScriptedUsage()
    timing: Timing = Timing()
    fault: Fault | None = None
    replay: Replay | None = None
    seed: int = 0
    encoding: Literal["identity", "gzip", "br"] = "identity"
    model: str | None = None
    """The model the answer names; by default the one that was asked for."""
    headers: dict[str, str] = {}
    """More response headers."""

    def answer_for(self, turn: int) -> Answer:
        return self.answers[min(turn, len(self.answers) - 1)]


_ANSWER_FIELDS = frozenset(Answer.__struct_fields__) - {"usage"}


def script_from(value: object) -> Script:
    """A script from decoded JSON.

    Raises BadScript, which names the field.
    """
    if not isinstance(value, dict):
        raise BadScript("a script is a JSON object")
    fields = dict(value)
    inline = {name: fields.pop(name) for name in _ANSWER_FIELDS & fields.keys()}
    if inline:
        if "answers" in fields:
            raise BadScript(f"`answers` and `{min(inline)}` exclude each other: put it into an answer")
        fields["answers"] = [inline]
    try:
        return msgspec.convert(fields, Script)
    except msgspec.ValidationError as error:
        words = str(error)
        if inline:
            words = words.replace("$.answers[0]", "$.the answer")
        raise BadScript(words.replace("$.", "")) from error


def script_from_json(text: bytes | str) -> Script:
    """Raises BadScript, which names the field."""
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise BadScript(f"a script is JSON, and this is not: {error}") from error
    return script_from(value)

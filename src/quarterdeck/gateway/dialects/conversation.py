"""The neutral form every dialect is parsed into and emitted from.

Values are frozen. What a dialect says and this form has words for is a typed field; everything else stays in `rest`
(untouched members, in the spelling of `origin`) and in `form` (how the origin spelled what is typed: a string or a
list of parts, the old name of a limit). `rest` and `form` speak only to the dialect they came from: emitting to it
again gives equal JSON, emitting to another reports them as dropped or refuses, and never passes them on in silence.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from quarterdeck.ledger.record import Usage

Fields = dict[str, Any]


class CannotExpress(ValueError):
    """The target has no words for something the caller means. The message names it and says what to do; HTTP 400."""


class BadAnswer(ValueError):
    """The provider's answer or stream is not what its dialect says it must be; HTTP 502."""


@dataclass(frozen=True, slots=True)
class CacheMark:
    """The prompt up to here is to be cached. `ttl` is the origin's word, such as `5m` or `1h`."""

    ttl: str | None = None
    rest: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Citation:
    """Where an answer's words come from. `start` and `end` are character offsets in the text part when known."""

    url: str | None = None
    title: str | None = None
    quoted: str | None = None
    start: int | None = None
    end: int | None = None
    raw: Fields = field(default_factory=dict)
    """The citation as the origin wrote it."""


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    citations: tuple[Citation, ...] = ()
    cache: CacheMark | None = None
    signature: str | None = None
    """A Gemini thought signature that rides on this part."""
    rest: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    text: str
    rest: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What the model thought. Only the provider that minted `signature` or `encrypted` accepts it back."""

    text: str = ""
    signature: str | None = None
    encrypted: str | None = None
    minted_by: str | None = None
    """The dialect whose provider made the signature or the encrypted content; None when there is neither."""
    id: str | None = None
    rest: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Media:
    """An image, audio, video or document: by `url`, by `data` (base64), by the provider's `file_id`, or as `text`."""

    kind: Literal["image", "audio", "video", "document"]
    url: str | None = None
    data: str | None = None
    file_id: str | None = None
    text: str | None = None
    media_type: str | None = None
    name: str | None = None
    detail: str | None = None
    cache: CacheMark | None = None
    rest: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    arguments: str
    """JSON text as the model wrote it; it may be broken, and then only a dialect with textual arguments takes it."""
    signature: str | None = None
    """A Gemini thought signature that rides on this call."""
    cache: CacheMark | None = None
    rest: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolResult:
    call_id: str
    parts: tuple["Part", ...] = ()
    name: str | None = None
    is_error: bool | None = None
    cache: CacheMark | None = None
    rest: Fields = field(default_factory=dict)
    form: Any = None


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something only its own dialect knows, whole: `raw` as it stood, `slot` saying where."""

    raw: Any
    slot: str = "content"

    @property
    def label(self) -> str:
        kind = self.raw.get("type") if isinstance(self.raw, dict) else None
        if kind is None and isinstance(self.raw, dict):
            kind = next(iter(self.raw), None)
        return str(kind or self.slot)


Part = Text | Refusal | Reasoning | Media | ToolCall | ToolResult | Opaque
Role = Literal["system", "developer", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    parts: tuple[Part, ...]
    rest: Fields = field(default_factory=dict)
    form: Any = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the client runs. `schema` is JSON Schema."""

    name: str
    description: str | None = None
    schema: Any = None
    strict: bool | None = None
    cache: CacheMark | None = None
    rest: Fields = field(default_factory=dict)
    form: Any = None


@dataclass(frozen=True, slots=True)
class ServerTool:
    """A tool the provider runs, such as web search; `raw` is its declaration in the origin's spelling."""

    kind: str
    raw: Any


@dataclass(frozen=True, slots=True)
class ToolChoice:
    mode: Literal["auto", "none", "required", "tool"]
    name: str | None = None
    form: Any = None


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """Structured output: any JSON object, or one that fits `schema`."""

    kind: Literal["text", "json", "schema"]
    schema: Any = None
    name: str | None = None
    description: str | None = None
    strict: bool | None = None
    rest: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sampling:
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Thinking:
    """How much the model may think: `mode` on, adaptive or off; `effort` in words, `budget` in tokens."""

    mode: Literal["on", "adaptive", "off"] | None = None
    effort: str | None = None
    budget: int | None = None
    show: bool | None = None
    """Whether the thoughts (or a summary of them) are wanted in the answer."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One request."""

    origin: str
    messages: tuple[Message, ...]
    model: str | None = None
    system: tuple[Part, ...] = ()
    """Instructions the origin keeps outside of its messages."""
    tools: tuple[Tool | ServerTool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    output: OutputFormat | None = None
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    max_output: int | None = None
    thinking: Thinking | None = None
    verbosity: str | None = None
    metadata: Fields | None = None
    user: str | None = None
    service_tier: str | None = None
    stream: bool = False
    wants_usage: bool = True
    rest: Fields = field(default_factory=dict)
    form: Fields = field(default_factory=dict)


Stop = Literal[
    "end",
    "stop_sequence",
    "length",
    "tool_calls",
    "content_filter",
    "refusal",
    "pause",
    "context_exceeded",
    "malformed_call",
    "error",
    "other",
]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `stop_raw` is the origin's own word for `stop`."""

    origin: str
    message: Message
    id: str = ""
    model: str = ""
    created: int | None = None
    stop: Stop | None = None
    stop_raw: str | None = None
    stop_sequence: str | None = None
    usage: Usage | None = None
    rest: Fields = field(default_factory=dict)
    form: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error a provider reported, in words."""

    status: int
    message: str
    code: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Emitted:
    """A request ready for its target. `path` is what the target's URL must say when the body does not."""

    body: bytes
    path: str | None
    dropped: tuple[str, ...]


class Drops:
    """Collects what was dropped and by which rule, in words for a response header; each once."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    def add(self, what: str, why: str = "") -> None:
        self._seen[f"{what} ({why})" if why else what] = None

    def rest(self, fields: Fields, where: str = "") -> None:
        """Members of another dialect that nothing here stands for.

        A null says nothing and is not counted, nor is a `~` name: a parser's note on how something was spelled.
        """
        for name, value in fields.items():
            if value is not None and not name.startswith("~"):
                self.add(f"{where}{name}")

    def all(self) -> tuple[str, ...]:
        return tuple(self._seen)

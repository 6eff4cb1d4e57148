"""Taking secrets out of a call's record before it is stored.

A request keeps every byte but those of the strings that held something, so messages are still recognised; a stream is
read as the text that it spells, so that a secret is found though it came in pieces.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from quarterdeck.ledger.record import CallRecord

MARK = "redacted"
"""The key in a record's `extra` under which the number of changes stands; a record that has it is left alone."""
_BINARY = b"[redacted:binary]"
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_CHANNEL_FIELDS = ("index", "output_index", "content_index", "item_id")
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a secret looks like. `holds` looks at a match again, for what an expression cannot say."""

    name: str
    expression: re.Pattern[str]
    holds: Callable[[str], bool] | None = None


def _is_card_number(text: str) -> bool:
    digits = [int(letter) for letter in text if letter.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [digit if at % 2 == 0 else digit * 2 - 9 * (digit > 4) for at, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


API_KEY = Pattern(
    "api_key",
    re.compile(
        r"\b(?:"
        r"sk-[A-Za-z0-9_-]{16,}|qd-[arm]-[A-Za-z0-9_-]{16,}|(?:gh[opsur]|hf)_[A-Za-z0-9]{20,}"
        r"|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{10,}"
        r"|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}"
        r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"
        r")"
    ),
)
PRIVATE_KEY = Pattern(
    "private_key",
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
)
BEARER = Pattern("bearer", re.compile(r"(?i)(?<=\bbearer )[A-Za-z0-9._~+/=-]{16,}"))
CARD = Pattern("card", re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w.-]*\d)"), _is_card_number)
EMAIL = Pattern("email", re.compile(r"\b[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"))
DEFAULT = (PRIVATE_KEY, API_KEY, BEARER, CARD)
"""What is taken out unless somebody says otherwise; EMAIL may be added."""


class Redactor:
    """Redacts records by patterns and by fields. Pure and blocking; the same input gives the same output."""

    def __init__(self, patterns: Sequence[Pattern] = DEFAULT, fields: Sequence[str] = ()) -> None:
        """`fields` are paths into JSON bodies such as `metadata.user_id` or `messages.*.content`: `*` stands for any
        one member or item, `**` for any number of them.
        """
        self._patterns = tuple(patterns)
        self._paths = tuple(tuple(path.split(".")) for path in fields)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Redactor":
        """As a workspace's settings say: `patterns` and `fields` beside the usual ones, `emails` to take those out too.

        Raises re.error when a pattern is no regular expression.
        """
        own = [Pattern("pattern", re.compile(text)) for text in settings.get("patterns", ())]
        mail = (EMAIL,) if settings.get("emails") else ()
        return cls((*DEFAULT, *mail, *own), settings.get("fields", ()))

    def __call__(self, record: CallRecord) -> CallRecord:
        """The record without what is to be taken out, and with how many times that was."""
        if MARK in record.extra:
            return record
        counter = _Counter()
        message = record.error_message
        return msgspec.structs.replace(
            record,
            request_body=self._body(record.request_body, counter),
            response_body=self._body(record.response_body, counter),
            error_message=None if message is None else self._text(message, counter),
            request_headers=[(name, self._text(value, counter)) for name, value in record.request_headers],
            response_headers=[(name, self._text(value, counter)) for name, value in record.response_headers],
            extra={**record.extra, MARK: counter.count},
        )

    def body(self, body: bytes) -> bytes:
        """One body by itself."""
        return self._body(body, _Counter())

    def _body(self, body: bytes, counter: "_Counter") -> bytes:
        if not body:
            return body
        try:
            text = body.decode()
        except UnicodeDecodeError:
            # Nobody can say what is in it.
            counter.count += 1
            return _BINARY
        if re.match(r"\s*[{\[]", text):
            return self._json(body, counter)
        if re.search(r"^data:", text, re.MULTILINE):
            return self._stream(body, counter)
        return self._text(text, counter).encode()

    def _json(self, body: bytes, counter: "_Counter") -> bytes:
        def cleaned(found: re.Match[bytes]) -> bytes:
            literal = found[0]
            try:
                text: str = msgspec.json.decode(literal, type=str)
            except _UNREADABLE:
                text = literal[1:-1].decode(errors="replace")
            changed = self._text(text, counter)
            return literal if changed is text else msgspec.json.encode(changed)

        return self._without_fields(_STRING.sub(cleaned, body), counter)

    def _without_fields(self, body: bytes, counter: "_Counter") -> bytes:
        if not self._paths:
            return body
        try:
            value = msgspec.json.decode(body)
        except _UNREADABLE:
            return body
        before = counter.count
        for path in self._paths:
            value = _blanked(value, path, counter)
        return body if counter.count == before else msgspec.json.encode(value)

    def _stream(self, body: bytes, counter: "_Counter") -> bytes:
        """Server-sent events: strings of the same place in successive events are one text."""
        lines = body.split(b"\n")
        events: dict[int, Any] = {}
        for number, line in enumerate(lines):
            if line.startswith(b"data:"):
                data = self._without_fields(line[5:].strip(), counter)
                try:
                    events[number] = msgspec.json.decode(data)
                except _UNREADABLE:
                    lines[number] = self._text(line.decode(), counter).encode()
                else:
                    if data != line[5:].strip():
                        lines[number] = b"data: " + data
        channels: dict[tuple[object, ...], list[_Piece]] = {}
        for number, event in events.items():
            for channel, piece in _pieces(event, number, ()):
                channels.setdefault(channel, []).append(piece)
        touched = {number for pieces in channels.values() for number in self._channel(pieces, counter)}
        for number in touched:
            end = b"\r" if lines[number].endswith(b"\r") else b""
            lines[number] = b"data: " + msgspec.json.encode(events[number]) + end
        return b"\n".join(lines)

    def _channel(self, pieces: "list[_Piece]", counter: "_Counter") -> set[int]:
        """Clean the text that the pieces spell together; the events that it changed."""
        text = "".join(piece.text for piece in pieces)
        spans = sorted(self._spans(text), reverse=True)
        touched: set[int] = set()
        for begin, end, name in spans:
            counter.count += 1
            at = 0
            for piece in pieces:
                first, last = max(begin - at, 0), min(end - at, len(piece.original))
                if first < last:
                    # The first piece it touches says that something was here; the others just lose theirs.
                    instead = f"[redacted:{name}]" if begin >= at else ""
                    piece.replace(first, last, instead)
                    touched.add(piece.event)
                at += len(piece.original)
        return touched

    def _spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        taken = 0
        found = [
            (match.start(), match.end(), pattern.name)
            for pattern in self._patterns
            for match in pattern.expression.finditer(text)
            if pattern.holds is None or pattern.holds(match[0])
        ]
        for begin, end, name in sorted(found):
            if begin >= taken:
                yield begin, end, name
                taken = end

    def _text(self, text: str, counter: "_Counter") -> str:
        """The very same object when there is nothing to take out."""
        for begin, end, name in sorted(self._spans(text), reverse=True):
            counter.count += 1
            text = f"{text[:begin]}[redacted:{name}]{text[end:]}"
        return text


class Redactors:
    """A redactor for each workspace that has settings of its own, and the usual one for all others."""

    def __init__(self) -> None:
        self._usual = Redactor()
        self._own: dict[str, Redactor] = {}

    def configure(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        """Replace the settings of all workspaces. Raises re.error, and then nothing is replaced."""
        self._own = {workspace_id: Redactor.of(each) for workspace_id, each in settings.items()}

    def __call__(self, record: CallRecord) -> CallRecord:
        return self._own.get(record.workspace_id, self._usual)(record)


class _Counter:
    def __init__(self) -> None:
        self.count = 0


class _Piece:
    """A string inside of an event."""

    __slots__ = ("_container", "_key", "event", "original", "text")

    def __init__(self, container: Any, key: Any, event: int) -> None:
        self._container = container
        self._key = key
        self.event = event
        self.text = self.original = container[key]

    def replace(self, begin: int, end: int, instead: str) -> None:
        """Replace a stretch of the original; to be called from the last stretch to the first."""
        self.text = self.text[:begin] + instead + self.text[end:]
        self._container[self._key] = self.text


def _pieces(value: Any, event: int, channel: tuple[object, ...]) -> Iterator[tuple[tuple[object, ...], _Piece]]:
    """Every string below `value`, with what tells the text it belongs to: where it is, by name and by index."""
    if isinstance(value, dict):
        where = (*channel, *(value[name] for name in _CHANNEL_FIELDS if isinstance(value.get(name), str | int)))
        for name, each in value.items():
            if isinstance(each, str):
                yield (*where, name), _Piece(value, name, event)
            else:
                yield from _pieces(each, event, (*where, name))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            if isinstance(each, str):
                yield (*channel, at), _Piece(value, at, event)
            else:
                yield from _pieces(each, event, channel)


def _blanked(value: Any, path: tuple[str, ...], counter: _Counter) -> Any:
    """`value` with what `path` leads to taken out."""
    if not path:
        counter.count += 1
        return "[redacted]"
    step, rest = path[0], path[1:]
    if step == "**" and rest:
        value = _blanked(value, rest, counter)
        return _each(value, lambda each: _blanked(each, path, counter))
    if step in ("*", "**"):
        return _each(value, lambda each: _blanked(each, rest, counter))
    if isinstance(value, dict) and step in value:
        return {**value, step: _blanked(value[step], rest, counter)}
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return [*value[: int(step)], _blanked(value[int(step)], rest, counter), *value[int(step) + 1 :]]
    return value


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {name: change(each) for name, each in value.items()}
    if isinstance(value, list):
        return [change(each) for each in value]
    return value

"""Counts what a stream has written so far, while it flows: roughly, and rather too much than too little."""

import msgspec

_TEXT = frozenset(
    {
        "content",
        "text",
        "reasoning",
        "reasoning_content",
        "thinking",
        "partial_json",
        "arguments",
        "delta",
        "refusal",
        "input",
    }
)
_CHARS_PER_TOKEN = 4
_BYTES_PER_TOKEN_UNREAD = 16
"""Of a stream that is not text: its framing is most of it."""
_MAX_LINE = 1 << 20


class Meter:
    """Of one stream of server-sent events."""

    __slots__ = ("_characters", "_deltas", "_rest", "_unread")

    def __init__(self) -> None:
        self._characters = 0
        self._deltas = 0
        self._rest = b""
        self._unread = 0

    @property
    def tokens(self) -> int:
        """A token for every piece that came, or for every four characters, whichever is more."""
        return max(self._deltas, -(-self._characters // _CHARS_PER_TOKEN)) + self._unread // _BYTES_PER_TOKEN_UNREAD

    def feed(self, chunk: bytes, *, is_text: bool) -> None:
        if not is_text:
            self._unread += len(chunk)
            return
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _MAX_LINE:
            self._unread += len(self._rest)
            self._rest = b""
        for line in lines:
            if line.startswith(b"data:"):
                try:
                    found = _characters(msgspec.json.decode(line[5:]), "")
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    continue
                if found:
                    self._deltas += 1
                    self._characters += found


def _characters(value: object, key: str) -> int:
    if isinstance(value, str):
        return len(value) if key in _TEXT else 0
    if isinstance(value, dict):
        return sum(_characters(item, name) for name, item in value.items())
    if isinstance(value, list):
        return sum(_characters(item, key) for item in value)
    return 0

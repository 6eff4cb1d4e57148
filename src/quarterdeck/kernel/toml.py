"""A TOML file that remembers where its keys stand, so that whoever rejects one can name its line."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quarterdeck.kernel.errors import Invalid

Where = tuple[str | int, ...]
"""The way to a value: `("agents", 0, "owner")` is `owner` of the first `[[agents]]`."""

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file. `data` is what tomllib made of it."""

    name: str
    data: dict[str, Any]
    lines: dict[Where, int] = field(default_factory=dict)

    def line_of(self, where: Where) -> int | None:
        """The line of that key; of the nearest one around it when it stands inside another's value."""
        for length in range(len(where), 0, -1):
            if (line := self.lines.get(where[:length])) is not None:
                return line
        return None

    def at(self, where: Where) -> str:
        """`quarterdeck.toml:12: agents[0].owner`, to begin a message with."""
        line = self.line_of(where)
        place = self.name if line is None else f"{self.name}:{line}"
        return f"{place}: {spelled(where)}" if where else place


def read(path: Path) -> Document:
    """Raises Invalid, naming the file and, for a syntax error, the line."""
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise Invalid(f"{path}: there is no such file.", code="config") from None
    except OSError as error:
        raise Invalid(f"{path}: cannot be read: {error.strerror}.", code="config") from None
    except UnicodeDecodeError as error:
        raise Invalid(f"{path}: is not UTF-8 (byte {error.start}).", code="config") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Document:
    """Raises Invalid, naming the line of a syntax error."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        words = re.sub(r"\s*\(at .*\)$", "", str(error))
        line = found[1] if found else str(text.count("\n") + 1)
        raise Invalid(f"{name}:{line}: this is not TOML: {words}.", code="config") from None
    except RecursionError:
        raise Invalid(f"{name}: is nested too deeply.", code="config") from None
    return Document(name, data, _lines(text))


def spelled(where: Where) -> str:
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _lines(text: str) -> dict[Where, int]:
    found: dict[Where, int] = {}
    counts: dict[Where, int] = {}
    table: Where = ()
    quote: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if quote is not None:
            quote = None if line.count(quote) % 2 else quote
            continue
        header = _HEADER.match(line)
        if header is not None:
            table = _table(_parts(header[2]), header[1] == "[[", counts)
            for length in range(1, len(table) + 1):
                found.setdefault(table[:length], number)
            continue
        key = _KEY.match(line)
        if key is not None:
            found.setdefault(table + _parts(key[1]), number)
        quote = next((each for each in ('"""', "'''") if line.count(each) % 2), None)
    return found


def _table(parts: Where, is_array: bool, counts: dict[Where, int]) -> Where:
    """The way to a table named by a header, through the newest element of each array of tables on it."""
    way: Where = ()
    for part in parts[:-1]:
        way += (part,)
        if way in counts:
            way += (counts[way],)
    way += (parts[-1],)
    if is_array:
        counts[way] = counts.get(way, -1) + 1
        return (*way, counts[way])
    return way


def _parts(dotted: str) -> Where:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))

"""A deliverable and its versions, and what may be in them."""

import codecs
import json
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.text import a_name

NAME_LENGTH = 200
FILE_NAME_LENGTH = 150
NOTE_LENGTH = 2_000
URL_LENGTH = 4_000
MAX_FILE_BYTES = 200 * 1024 * 1024
TEXT_IN_ROW_BYTES = 256 * 1024
"""Text up to this size is kept in the database; all else in files."""
HEAD_BYTES = 16
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")


class DeliverableKind(StrEnum):
    TEXT = "text"
    """Plain or markdown."""
    CODE = "code"
    JSON = "json"
    CSV = "csv"
    IMAGE = "image"
    PDF = "pdf"
    FILE = "file"
    LINK = "link"


TEXT_LIKE = frozenset({DeliverableKind.TEXT, DeliverableKind.CODE, DeliverableKind.JSON, DeliverableKind.CSV})
_PDF = "application/pdf"
_MEDIA_TYPES = {
    DeliverableKind.TEXT: "text/markdown",
    DeliverableKind.CODE: "text/plain",
    DeliverableKind.JSON: "application/json",
    DeliverableKind.CSV: "text/csv",
    DeliverableKind.PDF: _PDF,
    DeliverableKind.LINK: "text/uri-list",
}
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", _PDF),
)


@dataclass(frozen=True, slots=True)
class Content:
    """What was handed in: text and links in `text`, all else in the file that is named by its hash."""

    sha256: str
    size: int
    media_type: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Deliverable:
    id: str
    workspace_id: str
    task_id: str
    name: str
    kind: DeliverableKind
    latest: int
    """The number of its newest version."""
    created_at: int


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a deliverable. Instants are microseconds since the epoch."""

    workspace_id: str
    deliverable_id: str
    number: int
    task_id: str
    run_id: str
    author_id: str
    """The agent that handed it in."""
    draft: bool
    sha256: str
    size: int
    media_type: str
    file_name: str
    note: str | None
    made_from: int
    """Calls of the run after this instant and up to `created_at` made this version."""
    created_at: int


@dataclass(frozen=True, slots=True)
class HandIn:
    """What a worker says of what it hands in."""

    name: str
    kind: DeliverableKind
    draft: bool = False
    note: str | None = None
    file_name: str | None = None


def a_deliverable_name(text: str) -> str:
    """Raises Invalid."""
    return a_name(text, "name", NAME_LENGTH)


def a_file_name(given: str | None, name: str, media_type: str) -> str:
    """A name that is safe on every system: no directory, nothing hidden, no control or direction mark, not too long."""
    raw = unicodedata.normalize("NFC", given or name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(c if c not in '<>:"|?*' else "_" for c in raw if unicodedata.category(c) not in _HIDDEN)
    kept = " ".join(kept.split()).strip(". ")
    stem, dot, ending = kept.rpartition(".")
    if dot and len(ending) <= 12:
        kept = f"{stem[: FILE_NAME_LENGTH - 13]}.{ending}"
    kept = kept[:FILE_NAME_LENGTH] or "deliverable"
    if "." not in kept:
        kept += _ENDINGS.get(media_type, "")
    return kept


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_ENDINGS = {
    "text/markdown": ".md",
    "text/plain": ".txt",
    "application/json": ".json",
    "text/csv": ".csv",
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
}


def a_url(text: str) -> str:
    """An absolute http(s) address. Raises Invalid."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and len(url) <= URL_LENGTH
    except ValueError:
        fine = False
    if not fine or any(c.isspace() or unicodedata.category(c) in _HIDDEN for c in url):
        raise Invalid("A link is an absolute http or https address.", field="url")
    return url


def must_be(kind: DeliverableKind, text: str) -> None:
    """Raises Invalid when the text is not what it is said to be."""
    if kind is DeliverableKind.JSON:
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            raise Invalid("This is not JSON.", field="text") from None


def begins_as(head: bytes) -> str | None:
    """The media type of the image or PDF that content beginning so is; None for all else."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for magic, media_type in _BEGINNINGS if head.startswith(magic)), None)


def media_type_of(kind: DeliverableKind, head: bytes, declared: str | None) -> str:
    """The media type that content beginning so has. Raises Invalid when it is not what it is said to be."""
    if kind is DeliverableKind.IMAGE:
        found = begins_as(head)
        if found is None or found == _PDF:
            raise Invalid("This is no PNG, JPEG, GIF or WebP image; hand it in as kind file.", field="kind")
        return found
    if kind is DeliverableKind.PDF and begins_as(head) != _PDF:
        raise Invalid("This is no PDF; hand it in as kind file.", field="kind")
    if kind is DeliverableKind.FILE:
        media_type = (declared or "").partition(";")[0].strip().lower()
        return media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"
    return _MEDIA_TYPES[kind]


class TextCheck:
    """Whether bytes that come piece by piece are text."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        """Raises Invalid."""
        try:
            fine = "\0" not in self._decoder.decode(piece, last)
        except UnicodeDecodeError:
            fine = False
        if not fine:
            raise Invalid("Text must be UTF-8 without NUL; hand it in as kind file.", field="kind")

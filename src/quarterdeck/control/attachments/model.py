"""An attachment: a file of a task, named by people and kept by its hash."""

import unicodedata
from dataclasses import dataclass

from quarterdeck.control.deliverables.model import DeliverableKind, begins_as, media_type_of
from quarterdeck.control.deliverables.model import a_file_name as a_safe_name
from quarterdeck.kernel.errors import Invalid

MAX_PER_TASK = 200
NAME_LENGTH = 200
_SEEN = {
    "image/png": "PNG image",
    "image/jpeg": "JPEG image",
    "image/gif": "GIF image",
    "image/webp": "WebP image",
    "application/pdf": "PDF",
}
"""What is told by how it begins, in a person's words."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A row of the attachments. Instants are microseconds since the epoch."""

    id: str
    workspace_id: str
    task_id: str
    name: str
    media_type: str
    size: int
    sha256: str
    created_by: str
    created_at: int


def a_file_name(given: str) -> str:
    """The name as it was given. Raises Invalid for one that is a path, hides something, or is none on some system."""
    name = unicodedata.normalize("NFC", given)
    if not name or len(name) > NAME_LENGTH or a_safe_name(name, "", "application/octet-stream") != name:
        raise Invalid(
            f"name must be a plain file name of up to {NAME_LENGTH} characters: no path, no hidden or control"
            ' characters, none of <>:"|?*, and no dot or space at its ends.',
            field="name",
        )
    return name


def media_type(head: bytes, declared: str | None) -> str:
    """What the file is. Raises Invalid when it begins otherwise than the image or PDF that it is said to be."""
    said = (declared or "").partition(";")[0].strip().lower()
    if said not in _SEEN:
        return media_type_of(DeliverableKind.FILE, head, declared)
    found = begins_as(head)
    if found != said:
        is_now = "it is neither an image nor a PDF" if found is None else f"it is a {_SEEN[found]}"
        raise Invalid(
            f"By its name or type this is a {_SEEN[said]}, but {is_now}."
            f" Give it the ending and type of what it is, or save it as a {_SEEN[said]} again.",
            field="content-type",
        )
    return said

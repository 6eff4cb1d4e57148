"""Small shapes that several slices' answers share."""

from typing import Annotated

import msgspec
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from quarterdeck.kernel.clock import iso, parse_iso
from quarterdeck.kernel.errors import Invalid

_LAST = parse_iso("9999-12-31T23:59:59Z")

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""RFC 3339 in UTC with microseconds: `2026-11-23T14:05:00.000000Z`."""


class RequestBody(BaseModel):
    """What a request brings. A field it does not know is refused: a misspelt one would be lost in silence."""

    model_config = ConfigDict(extra="forbid")

    def takes_away(self, field: str) -> bool:
        """Whether it says null, which of a change is another thing than to say nothing."""
        return field in self.model_fields_set and getattr(self, field) is None


class Named(BaseModel):
    """A member or an agent, as other rows mention it."""

    id: str
    name: str


class TaskNamed(BaseModel):
    """A task, as other rows mention it."""

    id: str
    ref: str
    title: str


class TaskWaitedFor(TaskNamed):
    """A task that another one waits for, and where it stands."""

    state: str


def written(answer: object) -> Response:
    """Plain values as a JSON answer, for routes whose pages are long; their `response_model` says what it holds."""
    return Response(msgspec.json.encode(answer), media_type="application/json")


def shown(instant: int | None) -> str | None:
    return None if instant is None else iso(instant)


def instant_in(text: str, field: str) -> int:
    """Microseconds since the epoch. Raises Invalid, naming the field, when the text is no instant from 1970 on."""
    try:
        instant = parse_iso(text)
    except (ValueError, OverflowError):
        instant = -1
    if not 0 <= instant <= _LAST:
        raise Invalid(f"{field} must be an RFC 3339 instant with a zone, such as 2026-11-23T14:05:00Z.", field=field)
    return instant

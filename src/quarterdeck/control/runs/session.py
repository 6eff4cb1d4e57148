"""Which session a worker claims with: the headers by which model clients name theirs, on the claim itself."""

from collections.abc import Mapping

from quarterdeck.access.session_headers import SESSION_HEADERS
from quarterdeck.control.runs.model import SESSION_LENGTH


def session_of(headers: Mapping[str, str]) -> str | None:
    """The session that a request's headers name, cut as the gateway cuts it; None when they name none."""
    for name in SESSION_HEADERS:
        value = headers.get(name)
        if value and value.strip():
            return value.strip()[:SESSION_LENGTH]
    return None

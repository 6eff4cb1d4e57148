"""What can go wrong, as callers see it.

QuarterdeckError
├── Invalid            400  the request says something that cannot be
├── Unauthenticated    401  nobody we know
├── Forbidden          403  somebody we know, who may not
├── NotFound           404  no such row in this workspace
├── Changed            409  the row is no longer as the caller thought
├── TooLarge           413
├── NotImplementedHere 501  known elsewhere, not done here; says where to look
└── Unavailable        503  try again; says when
"""

from typing import Any


class QuarterdeckError(Exception):
    """Root of what we raise on purpose. `code` is stable, `message` says what to do, `extra` is shown as it is."""

    status = 500
    code = "internal"

    def __init__(self, message: str, *, code: str | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.extra = extra


class Invalid(QuarterdeckError):
    status = 400
    code = "invalid"


class Unauthenticated(QuarterdeckError):
    status = 401
    code = "unauthenticated"


class Forbidden(QuarterdeckError):
    status = 403
    code = "forbidden"


class NotFound(QuarterdeckError):
    status = 404
    code = "not_found"


class Changed(QuarterdeckError):
    """Somebody was first. `extra` says what is allowed now."""

    status = 409
    code = "changed"


class TooLarge(QuarterdeckError):
    status = 413
    code = "too_large"


class NotImplementedHere(QuarterdeckError):
    """What a program of another product asks for and we do another way."""

    status = 501
    code = "not_implemented"


class Unavailable(QuarterdeckError):
    status = 503
    code = "unavailable"


def names_nothing(field: str, what: str) -> Invalid:
    """What is raised where `field` of a request is to name a `what` of the workspace and does not."""
    return Invalid(f"{field} names no {what} of this workspace: it may have been removed; choose another.", field=field)

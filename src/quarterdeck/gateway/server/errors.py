"""What can go wrong between a caller and us."""


class CallerLeft(Exception):
    """The caller hung up, or cannot be understood any further."""


class BodyTooLarge(Exception):
    """The request's body is larger than was allowed; none of it is kept."""


class UnsafeAnswer(ValueError):
    """The application's answer cannot be written as one HTTP message. Nothing of it was sent."""

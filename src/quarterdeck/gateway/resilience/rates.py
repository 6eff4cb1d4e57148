"""What is left of a provider's rate limit, as its answers say."""

from collections.abc import Mapping

_PAIRS = (
    (b"x-ratelimit-remaining-requests", b"x-ratelimit-limit-requests"),
    (b"x-ratelimit-remaining-tokens", b"x-ratelimit-limit-tokens"),
    (b"anthropic-ratelimit-requests-remaining", b"anthropic-ratelimit-requests-limit"),
    (b"anthropic-ratelimit-tokens-remaining", b"anthropic-ratelimit-tokens-limit"),
    (b"anthropic-ratelimit-input-tokens-remaining", b"anthropic-ratelimit-input-tokens-limit"),
    (b"anthropic-ratelimit-output-tokens-remaining", b"anthropic-ratelimit-output-tokens-limit"),
    (b"x-ratelimit-remaining", b"x-ratelimit-limit"),
    (b"ratelimit-remaining", b"ratelimit-limit"),
)


def remaining(headers: Mapping[bytes, bytes]) -> float | None:
    """The share that is left of whichever limit is nearest, from 0 to 1; None when nothing is said."""
    least: float | None = None
    for left_name, limit_name in _PAIRS:
        left, limit = _number(headers.get(left_name)), _number(headers.get(limit_name))
        if left is not None and limit is not None and limit > 0:
            share = min(1.0, max(0.0, left / limit))
            least = share if least is None else min(least, share)
    return least


def _number(text: bytes | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return None

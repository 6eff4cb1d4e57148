"""Time-ordered ids: a short prefix that names the kind, then 48 bits of milliseconds and 80 random bits."""

import os
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case: sorts as it counts
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_LOCK = threading.Lock()
_RANDOM_BITS = 80
_RANDOM_MASK = (1 << _RANDOM_BITS) - 1
_last = 0


def new_id(kind: str) -> str:
    """A new id such as `run_01k9…`: unique, and larger than every id this process made before.

    Within one millisecond the random part counts up, so ids of one process sort in the order they were made.
    """
    global _last  # noqa: PLW0603 - the one counter of this process
    fresh = (time.time_ns() // 1_000_000) << _RANDOM_BITS | int.from_bytes(os.urandom(9), "big")
    with _LOCK:
        _last = value = fresh if fresh >> _RANDOM_BITS > _last >> _RANDOM_BITS else _last + 1
    return f"{kind}_{encode(value)}"


def encode(value: int) -> str:
    """A 128-bit number as 26 characters that sort as the number does."""
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])


def instant_of(an_id: str) -> int:
    """The millisecond an id was made in, as microseconds since the epoch.

    Raises ValueError when the text is not one of our ids.
    """
    _, _, tail = an_id.partition("_")
    if len(tail) != 26:
        raise ValueError(f"{an_id!r} is not an id")
    value = 0
    for letter in tail:
        value = value << 5 | _ALPHABET.index(letter)
    return (value >> _RANDOM_BITS) * 1_000


def lowest_id(kind: str, instant: int) -> str:
    """The smallest id that could have been made at `instant` or later: a bound for keyset queries by time."""
    return f"{kind}_{encode((instant // 1_000) << _RANDOM_BITS)}"

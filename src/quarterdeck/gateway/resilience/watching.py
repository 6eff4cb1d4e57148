"""What each call teaches of its target. Instants are microseconds since the epoch, `now_s` a clock that never steps."""

import time

from quarterdeck.access.routing.waits import retry_after_ms
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.headers import Headers
from quarterdeck.gateway.resilience.health import TargetHealth
from quarterdeck.gateway.resilience.rates import remaining

LIMITED_S = 5.0
"""How long a provider that answers 429 is taken to want no more, when it does not say."""
LONGEST_LIMIT_S = 3_600.0
_REMAINING_S = 60.0


def left(draft: Draft) -> None:
    """The call is in flight no more at the target that `draft.busy` stands for: how did it go?"""
    health, status = draft.busy, draft.upstream_status
    assert health is not None
    draft.busy = None
    health.busy -= 1
    if draft.attempt_error is None and status is not None and status < 400 and draft.first_byte is not None:
        now = time.monotonic()
        if draft.option is None or draft.reader is None:
            # Of a routed call's stream this was noted when it was looked at.
            health.first_byte(now, (draft.first_byte - (draft.sent_at or 0)) / 1_000)
        health.provider.answered(now)
    elif draft.sent_at is not None:
        learn(health, status, draft.attempt_error, draft.answer_headers, draft.started + draft.elapsed())
        if draft.breaker is not None and failure(status, draft.attempt_error) is not None:
            draft.breaker.failed(time.monotonic())


def learn(health: TargetHealth, status: int | None, error: str | None, headers: Headers, at: int) -> None:
    """A try went not well, or nobody waited for its end. `status` is the provider's, None when none came."""
    now, provider = time.monotonic(), health.provider
    failed = failure(status, error)
    if failed is not None:
        provider.failed(now, failed, at)
    elif status == 429:
        wait = retry_after_ms(dict(headers))
        provider.limited_until = now + (LIMITED_S if wait is None else min(wait / 1_000, LONGEST_LIMIT_S))
        health.remaining, health.remaining_until = 0.0, provider.limited_until
    elif status is not None:
        provider.answered(now)


def rates(health: TargetHealth, headers: Headers) -> None:
    """What an answer says of the rate limit; asked for only where a route goes by it."""
    share = remaining(dict(headers))
    if share is not None:
        health.remaining, health.remaining_until = share, time.monotonic() + _REMAINING_S


def failure(status: int | None, error: str | None) -> str | None:
    """The code of what is the provider's failure; None for what is the caller's, or nobody's."""
    if error is not None and not error.startswith("status_"):
        return error
    return f"status_{status}" if status is not None and status >= 500 else None

"""What a config and a call's headers say about caching."""

from typing import Any

import pytest

from quarterdeck.access.routing.caching import DEFAULT_TTL_S, BadPolicy, CachePolicy, of_call, parse


@pytest.mark.parametrize(
    ("value", "policy"),
    [
        ({"mode": "simple"}, CachePolicy()),
        ({"mode": "semantic", "max_age": 60}, CachePolicy(mode="semantic", max_age_s=60)),
        ({"max_age": 90.5}, CachePolicy(max_age_s=90)),
        ({"mode": "semantic", "threshold": 1, "scope": "agent"}, CachePolicy("semantic", None, "agent", 1.0)),
        ({"pace": "original", "namespace": "n"}, CachePolicy(pace="original", namespace="n")),
        ("simple", CachePolicy()),
        ("semantic", CachePolicy(mode="semantic")),
        (None, None),
        (False, None),
        ("", None),
        ({"mode": "off"}, None),
    ],
)
def test_a_config_says_how_to_cache(value: object, policy: CachePolicy | None) -> None:
    assert parse(value) == policy


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"mode": "clever"}, 'targets[0].cache.mode: expected "simple" or "semantic"'),
        ({"mode": 1}, "targets[0].cache.mode: expected"),
        ({"max_age": 0}, "targets[0].cache.max_age: expected seconds, from 1 to 7776000 (90 days)"),
        ({"max_age": "1h"}, "targets[0].cache.max_age: expected seconds"),
        ({"max_age": True}, "targets[0].cache.max_age: expected seconds"),
        ({"scope": "world"}, 'targets[0].cache.scope: expected "workspace" or "agent"'),
        ({"threshold": 2}, "targets[0].cache.threshold: expected a cosine"),
        ({"pace": "slow"}, "targets[0].cache.pace: expected"),
        ({"namespace": 5}, "targets[0].cache.namespace: expected a text"),
        (7, "targets[0].cache: expected an object"),
    ],
)
def test_a_config_that_cannot_be_is_refused_by_path_and_expectation(value: object, words: str) -> None:
    with pytest.raises(BadPolicy) as refused:
        parse(value, "targets[0].cache")
    assert str(refused.value).startswith(words)


@pytest.mark.parametrize(
    ("configured", "headers", "policy"),
    [
        (None, {}, None),
        (None, {b"x-portkey-cache": b"simple"}, CachePolicy()),
        (None, {b"x-portkey-cache-namespace": b"a"}, None),
        (CachePolicy(), {b"x-portkey-cache": b"false"}, None),
        (CachePolicy(max_age_s=9), {b"x-portkey-cache": b"semantic"}, CachePolicy("semantic", 9)),
        (CachePolicy("semantic"), {b"x-portkey-cache": b"true"}, CachePolicy("semantic")),
        (CachePolicy(max_age_s=9), {b"x-portkey-cache-ttl": b"5"}, CachePolicy(max_age_s=5)),
        (CachePolicy(max_age_s=9), {b"x-portkey-cache-ttl": b"-5"}, CachePolicy(max_age_s=9)),
        (CachePolicy(), {b"x-portkey-cache-force-refresh": b"True"}, CachePolicy(refresh=True)),
        (CachePolicy(), {b"x-portkey-cache-force-refresh": b"false"}, CachePolicy()),
        (CachePolicy(), {b"x-quarterdeck-cache-pace": b"original"}, CachePolicy(pace="original")),
    ],
)
def test_a_calls_headers_change_what_is_configured(
    configured: CachePolicy | None, headers: dict[bytes, bytes], policy: CachePolicy | None
) -> None:
    assert of_call(configured, headers) == policy


def test_an_answer_is_kept_a_week_unless_said_otherwise_and_never_beyond_90_days() -> None:
    long: Any = CachePolicy(max_age_s=10**9)
    assert (CachePolicy().ttl_s, long.ttl_s) == (DEFAULT_TTL_S, 90 * 86_400)

"""What Portkey publishes of its configs, retries, conditions and cache, as a table of ours.

From its documentation and its own unit cases (retryHandler, requestContext, conditionalRouter, cacheService). Where
ours is meant to differ the row says so; docs/routing.md and docs/caching.md tell why.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from gateway_world import Gateway

OK = {"text": "Hi.", "usage": {"input": 10, "output": 2}}
QUICK = {"backoff_ms": 1}
TWO = [{"provider": "openai"}, {"provider": "anthropic", "override_params": {"model": "claude-haiku-4-5"}}]


@dataclass(frozen=True)
class Case:
    """One call. `told` are headers of the answer, `seen` how often the providers were asked."""

    config: dict[str, Any] | None = None
    fault: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    told: dict[str, str] = field(default_factory=dict)
    seen: int = 1
    sent: dict[str, Any] = field(default_factory=dict)
    """Members of the body that the provider got last."""


def fails(status: int, times: int = 1) -> dict[str, Any]:
    return {"kind": "status", "status": status, "times": times}


def retry(attempts: int, **more: Any) -> dict[str, Any]:
    return {"provider": "openai", "retry": {"attempts": attempts, **QUICK, **more}}


def count(number: int) -> dict[str, str]:
    return {"x-portkey-retry-attempt-count": str(number)}


def option(path: str) -> dict[str, str]:
    return {"x-portkey-last-used-option-index": path}


def fallback(**more: Any) -> dict[str, Any]:
    return {"strategy": {"mode": "fallback", **more}, "targets": TWO}


def conditional(query: dict[str, Any], default: str | None = "other") -> dict[str, Any]:
    chosen = {"conditions": [{"query": query, "then": "meant"}], **({"default": default} if default else {})}
    targets = [{"name": "other", "provider": "openai"}, {"name": "meant", "provider": "openai"}]
    return {"strategy": {"mode": "conditional", **chosen}, "targets": targets}


MEANT, OTHER = option("config.targets[1]"), option("config.targets[0]")
META = {"x-portkey-metadata": '{"plan": "pro", "seats": 7}'}
RETRIES = {
    **{
        f"a {code} is retried by default": Case(retry(1), fails(code), told=count(1), seen=2)
        for code in (429, 500, 502)
    },
    **{
        f"a {code} is retried by default too": Case(retry(1), fails(code), told=count(1), seen=2)
        for code in (503, 504, 529)
    },
    **{
        f"a {code} is not": Case(retry(3), fails(code), status=code, told=count(0))
        for code in (400, 401, 404, 408, 422)
    },
    "only the codes of the list are": Case(retry(2, on_status_codes=[418]), fails(500), status=500, told=count(0)),
    "a code of the list is": Case(retry(2, on_status_codes=[418]), fails(418, 2), told=count(2), seen=3),
    "a broken connection is, whatever the list says": Case(
        retry(1, on_status_codes=[418]), {"kind": "cut", "times": 1}, told=count(1), seen=2
    ),
    "when all were in vain the count is -1": Case(retry(2), fails(503, 9), status=503, told=count(-1), seen=3),
    "no attempts, no retry": Case(retry(0), fails(500), status=500, told=count(0)),
    "retry-after is waited for, in its first spelling": Case(
        retry(1, use_retry_after_header=True), {**fails(429), "retry_after_s": 0}, told=count(1), seen=2
    ),
    "and in its second": Case(
        retry(1, use_retry_after_headers=True), {**fails(429), "retry_after_s": 0}, told=count(1), seen=2
    ),
    "a provider that asks for more than a minute is not waited for": Case(
        retry(1, use_retry_after_header=True), {**fails(429), "retry_after_s": 61}, status=429, told=count(0)
    ),
    "the header asks for retries without a config": Case(
        headers={"x-portkey-provider": "openai", "x-portkey-retry-count": "1"}, status=200, told=count(0)
    ),
}
CONFIGS = {
    "a fallback's default is any status that is no success": Case(fallback(), fails(404), told=MEANT, seen=2),
    "its codes narrow it": Case(fallback(on_status_codes=[429]), fails(500), status=500, told=OTHER),
    "one of its codes lets it go on": Case(fallback(on_status_codes=[429]), fails(429), told=MEANT, seen=2),
    "a target's retry is used up before the next is asked": Case(
        {"strategy": {"mode": "fallback"}, "retry": {"attempts": 1, **QUICK}, "targets": TWO},
        fails(500, 2),
        told=MEANT,
        seen=3,
    ),
    "a target's own retry replaces its parent's whole": Case(
        {
            "strategy": {"mode": "single"},
            "retry": {"attempts": 3, **QUICK},
            "targets": [{"provider": "openai", "retry": {"attempts": 1, **QUICK}}],
        },
        fails(500, 9),
        status=500,
        told=count(-1),
        seen=2,
    ),
    "overrides of parent and target are merged, the target's first": Case(
        {
            "override_params": {"temperature": 0.1, "top_p": 0.5},
            "targets": [{"provider": "openai", "override_params": {"temperature": 0.9}}],
        },
        sent={"temperature": 0.9, "top_p": 0.5},
    ),
    "defaults stand behind what the caller says": Case(
        {"provider": "openai", "default_params": {"temperature": 0.3, "seed": 4}},
        body={"temperature": 0.7},
        sent={"temperature": 0.7, "seed": 4},
    ),
    "a parent's strategy is not its child's": Case(
        {"strategy": {"mode": "fallback"}, "targets": [{"targets": [{"provider": "openai"}]}, TWO[1]]},
        fails(500),
        told=MEANT,
        seen=2,
    ),
    "weight 0 is never chosen": Case(
        {
            "strategy": {"mode": "loadbalance"},
            "targets": [{"provider": "openai", "weight": 0}, {"provider": "openai", "weight": 1}],
        },
        told=MEANT,
    ),
    "a path in a nested config is told whole": Case(
        {"strategy": {"mode": "single"}, "targets": [{"strategy": {"mode": "fallback"}, "targets": TWO}]},
        fails(500),
        told=option("config.targets[0].targets[1]"),
        seen=2,
    ),
    "a virtual key is a provider by its slug": Case({"virtual_key": "openai"}, told={"x-portkey-provider": "openai"}),
    "so is an @": Case({"provider": "@openai"}, told={"x-portkey-provider": "openai"}),
    "a config that is none is a 400": Case({"strategy": {"mode": "clever"}, "targets": TWO}, status=400, seen=0),
    "so is one without targets": Case({"strategy": {"mode": "fallback"}}, status=400, seen=0),
    "a request timeout is a 408": Case({"provider": "openai", "request_timeout": 100}, {"kind": "hang"}, status=408),
}
CONDITIONS = {
    "metadata, equal": Case(conditional({"metadata.plan": {"$eq": "pro"}}), headers=META, told=MEANT),
    "a value alone is equality": Case(conditional({"metadata.plan": "pro"}), headers=META, told=MEANT),
    "not equal": Case(conditional({"metadata.plan": {"$ne": "pro"}}), headers=META, told=OTHER),
    "one of several": Case(conditional({"metadata.plan": {"$in": ["a", "pro"]}}), headers=META, told=MEANT),
    "none of several": Case(conditional({"metadata.plan": {"$nin": ["a", "pro"]}}), headers=META, told=OTHER),
    "a pattern": Case(conditional({"metadata.plan": {"$regex": "^p"}}), headers=META, told=MEANT),
    "a parameter, compared": Case(conditional({"params.max_tokens": {"$gt": 10}}), body={"max_tokens": 11}, told=MEANT),
    "and not beyond": Case(conditional({"params.max_tokens": {"$lte": 10}}), body={"max_tokens": 11}, told=OTHER),
    "the path": Case(conditional({"url.pathname": {"$eq": "/v1/chat/completions"}}), told=MEANT),
    "both": Case(
        conditional({"$and": [{"metadata.plan": "pro"}, {"params.temperature": {"$lt": 1}}]}),
        headers=META,
        body={"temperature": 0},
        told=MEANT,
    ),
    "either": Case(
        conditional({"$or": [{"metadata.plan": "x"}, {"params.model": "gpt-4o-mini"}]}), headers=META, told=MEANT
    ),
    "neither, and no default": Case(conditional({"metadata.plan": "x"}, None), headers=META, status=400, seen=0),
    # Portkey ignores what stands beside $regex; here all of it counts.
    "a pattern and its sibling": Case(
        conditional({"metadata.plan": {"$regex": "^p", "$ne": "pro"}}), headers=META, told=OTHER
    ),
}


@pytest.mark.parametrize("name", [*RETRIES, *CONFIGS, *CONDITIONS])
async def test_it_does_what_portkey_says(gateway: Gateway, name: str) -> None:
    case = {**RETRIES, **CONFIGS, **CONDITIONS}[name]
    headers = dict(case.headers)
    if case.config is not None:
        headers["x-portkey-config"] = msgspec.json.encode(case.config).decode()
    script = OK if case.fault is None else {**OK, "fault": case.fault}
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}], **case.body}
    answer = await gateway.post("/v1/chat/completions", body, script=script, **headers)
    assert answer.status_code == case.status, answer.text
    assert {name: answer.headers.get(name) for name in case.told} == case.told
    assert len(gateway.seen) == case.seen
    if case.sent:
        sent = msgspec.json.decode(gateway.seen[-1].body)
        assert {name: sent.get(name) for name in case.sent} == case.sent
    if case.status == 400 and case.seen == 0:
        assert answer.json()["status"] == "failure"


@dataclass(frozen=True)
class Twice:
    """The same call twice but for the changes of the second: what the second's cache status is."""

    status: str
    cache: dict[str, Any] | None = field(default_factory=lambda: {"mode": "simple"})
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    both: dict[str, str] = field(default_factory=dict)
    fault: dict[str, Any] | None = None
    seen: int = 2


CACHE = {
    "the same request hits": Twice("HIT", seen=1),
    "another message misses": Twice("MISS", body={"messages": [{"role": "user", "content": "Bye"}]}),
    "another parameter misses": Twice("MISS", body={"temperature": 0.2}),
    "another model misses": Twice("MISS", body={"model": "gpt-4o"}),
    "without a cache it is off": Twice("DISABLED", cache=None),
    "a forced refresh asks again": Twice("REFRESH", headers={"x-portkey-cache-force-refresh": "true"}),
    "another namespace misses": Twice("MISS", headers={"x-portkey-cache-namespace": "b"}),
    "one namespace is one cache whatever the metadata": Twice(
        "HIT", both={"x-portkey-cache-namespace": "a"}, headers={"x-portkey-metadata": '{"user": "x"}'}, seen=1
    ),
    "without one, metadata keeps calls apart": Twice("MISS", headers={"x-portkey-metadata": '{"user": "x"}'}),
    "debug off turns it off": Twice("DISABLED", headers={"x-portkey-debug": "false"}),
    "the semantic mode finds the same request too": Twice("HIT", cache={"mode": "semantic"}, seen=1),
    # Portkey's open gateway keeps errors and gives them again as 200; here only successes are kept.
    "an error is not kept": Twice("MISS", fault=fails(500)),
}


@pytest.mark.parametrize("name", CACHE)
async def test_its_cache_does_what_portkey_says(gateway: Gateway, name: str) -> None:
    case = CACHE[name]
    config: dict[str, Any] = {"provider": "openai", **({"cache": case.cache} if case.cache else {})}
    headers = {"x-portkey-config": msgspec.json.encode(config).decode(), **case.both}
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
    script = OK if case.fault is None else {**OK, "fault": case.fault}
    await gateway.post("/v1/chat/completions", body, script=script, **headers)
    second = await gateway.post(
        "/v1/chat/completions", {**body, **case.body}, script=script, **{**headers, **case.headers}
    )
    assert second.status_code == 200
    assert second.headers["x-portkey-cache-status"] == case.status
    assert len(gateway.seen) == case.seen

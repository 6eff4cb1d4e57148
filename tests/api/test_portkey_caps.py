"""Portkey's limits of virtual keys and API keys: limits and budgets here, and shown in its words again."""

import httpx
from api_world import AsRole

PATH = "/api/v1/portkey"
RATES = [{"type": "requests", "unit": "rpm", "value": 60}, {"type": "tokens", "unit": "rpd", "value": 1_000_000}]
USAGE = {"credit_limit": 10, "type": "cost", "alert_threshold": 9, "periodic_reset": "monthly"}


async def capped(client: httpx.AsyncClient, **caps: object) -> httpx.Response:
    body = {"name": "Groq", "provider": "groq", "key": "gsk-for-tests-only", **caps}
    return await client.post(f"{PATH}/virtual-keys", json=body)


async def in_force(client: httpx.AsyncClient) -> tuple[set[tuple[object, ...]], set[tuple[object, ...]]]:
    limits = (await client.get("/api/v1/limits")).json()["items"]
    budgets = (await client.get("/api/v1/budgets")).json()["items"]
    return (
        {(each["scope"], each["measure"], each["amount"], each["per"]) for each in limits},
        {(each["scope"], each["amount_nano"], each["window"], each["mode"], *each["warn"]) for each in budgets},
    )


async def test_a_virtual_keys_limits_hold_for_its_provider(client: httpx.AsyncClient) -> None:
    assert (await capped(client, rate_limits=RATES, usage_limits=USAGE)).status_code == 200
    assert await in_force(client) == (
        {("provider:groq", "requests", 60, "minute"), ("provider:groq", "tokens", 1_000_000, "day")},
        {("provider:groq", 10_000_000_000, "month", "hard", 90, 100)},
    )
    shown = (await client.get(f"{PATH}/virtual-keys/groq")).json()
    assert sorted(shown["rate_limits"], key=str) == sorted(RATES, key=str)
    assert shown["usage_limits"] == USAGE


async def test_they_are_changed_and_go_with_it(client: httpx.AsyncClient) -> None:
    await capped(client, rate_limits=RATES, usage_limits=USAGE)
    changes = {"rate_limits": [{**RATES[0], "value": 5}], "usage_limits": {**USAGE, "credit_limit": 20}}
    assert (await client.put(f"{PATH}/virtual-keys/groq", json=changes)).status_code == 200
    assert await in_force(client) == (
        {("provider:groq", "requests", 5, "minute")},
        {("provider:groq", 20_000_000_000, "month", "hard", 45, 100)},
    )
    rotated = await client.put(f"{PATH}/virtual-keys/groq", json={"key": "gsk-another-for-tests"})
    assert rotated.status_code == 200
    assert (await in_force(client))[0] == {("provider:groq", "requests", 5, "minute")}
    assert (await client.delete(f"{PATH}/virtual-keys/groq")).status_code == 200
    assert await in_force(client) == (set(), set())


async def test_an_api_keys_limits_hold_for_that_key(client: httpx.AsyncClient) -> None:
    body = {"name": "worker", "rate_limits": RATES[:1], "usage_limits": {"credit_limit": 3}}
    made = (await client.post(f"{PATH}/api-keys/workspace/service", json=body)).json()
    (limits, budgets) = await in_force(client)
    assert {limit[1:] for limit in limits} == {("requests", 60, "minute")}
    assert {budget[1:] for budget in budgets} == {(3_000_000_000, "total", "hard", 100)}
    shown = (await client.get(f"{PATH}/api-keys/{made['id']}")).json()
    assert (shown["rate_limits"], shown["usage_limits"]["credit_limit"]) == (RATES[:1], 3)
    changed = await client.put(f"{PATH}/api-keys/{made['id']}", json={"rate_limits": []})
    assert (changed.status_code, (await in_force(client))[0]) == (200, set())


async def test_what_cannot_be_kept_is_refused_and_nothing_is_made(client: httpx.AsyncClient) -> None:
    for caps in (
        {"rate_limits": [{"type": "requests", "unit": "rpw", "value": 1}]},
        {"usage_limits": {"credit_limit": 5, "type": "tokens"}},
        {"usage_limits": {"credit_limit": 5, "periodic_reset_days": 9}},
        {"usage_limits": {"credit_limit": 0}},
    ):
        refused = await capped(client, **caps)
        assert refused.status_code in (400, 422), caps
    assert (await client.get(f"{PATH}/virtual-keys")).json()["data"] == []
    assert await in_force(client) == (set(), set())


async def test_only_admins_set_a_keys_limits(as_role: AsRole) -> None:
    operator = await as_role("operator")
    body = {"name": "worker", "rate_limits": RATES}
    assert (await operator.post(f"{PATH}/api-keys/workspace/service", json=body)).status_code == 403
    assert (await operator.post(f"{PATH}/api-keys/workspace/service", json={"name": "worker"})).status_code == 200

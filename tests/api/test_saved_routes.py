"""Saved routes: versions, who uses them, and where a call would go."""

from typing import Any

import httpx
import pytest
from api_world import AsRole

from quarterdeck.access.members import Member
from quarterdeck.access.routing.identity import identity_of, written
from quarterdeck.access.wire import ArmState, OpenCall, ProviderState, TrialState
from quarterdeck.control.routes import store
from quarterdeck.control.status import wire
from quarterdeck.db import Database

TWO = {
    "strategy": {"mode": "fallback", "on_status_codes": [429, 503]},
    "targets": [{"provider": "openai"}, {"provider": "anthropic", "override_params": {"model": "claude-haiku-4-5"}}],
}


@pytest.fixture
async def providers(client: httpx.AsyncClient) -> None:
    for name in ("openai", "anthropic"):
        made = await client.post("/api/v1/providers", json={"name": name, "kind": name, "secret": "sk-x"})
        assert made.status_code == 201


async def save(client: httpx.AsyncClient, name: str = "two", config: Any = TWO) -> dict[str, Any]:
    answer = await client.post("/api/v1/routes", json={"name": name, "config": config})
    assert answer.status_code == 201, answer.text
    saved: dict[str, Any] = answer.json()
    return saved


@pytest.mark.usefixtures("providers")
async def test_a_route_is_saved_read_and_listed(client: httpx.AsyncClient) -> None:
    saved = await save(client)
    assert (saved["summary"], saved["version"], saved["config"]) == ("fallback of 2 targets", 1, TWO)
    assert (await client.get("/api/v1/routes/two")).json() == saved
    for name in ("a", "b", "c"):
        await save(client, name, {"provider": "openai"})
    first = (await client.get("/api/v1/routes?limit=2")).json()
    rest = (await client.get(f"/api/v1/routes?limit=2&after={first['next']}")).json()
    assert [row["name"] for row in first["items"] + rest["items"]] == ["a", "b", "c", "two"]
    assert rest["next"] is None


@pytest.mark.usefixtures("providers")
async def test_what_is_wrong_with_a_config_is_told_with_its_place(client: httpx.AsyncClient) -> None:
    config = {"strategy": {"mode": "fallbck"}, "targets": [{"provder": "openai"}, {"provider": "openai", "weight": -1}]}
    answer = await client.post("/api/v1/routes", json={"name": "bad", "config": config})
    assert answer.status_code == 422 or answer.status_code == 400
    problems = " ".join(answer.json()["problems"])
    for place in ("config.strategy.mode", "config.targets[0].provder", "config.targets[1].weight"):
        assert place in problems
    unknown = await client.post("/api/v1/routes", json={"name": "bad", "config": {"provider": "nowhere"}})
    assert "there is no provider 'nowhere'" in unknown.json()["problems"][0]
    secret = await client.post(
        "/api/v1/routes", json={"name": "bad", "config": {"provider": "openai", "api_key": "sk"}}
    )
    assert "sk" not in secret.json()["problems"][0].split()
    assert (await client.post("/api/v1/routes", json={"name": "Bad Name", "config": TWO})).status_code in (400, 422)
    assert (await client.get("/api/v1/routes")).json()["items"] == []


@pytest.mark.usefixtures("providers")
async def test_each_change_is_a_version_and_an_old_one_can_come_back(client: httpx.AsyncClient) -> None:
    await save(client)
    body = {"config": {"provider": "openai"}, "note": "only OpenAI for now"}
    changed = await client.put("/api/v1/routes/two", json=body, headers={"if-match": '"1"'})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    stale = await client.put("/api/v1/routes/two", json=body, headers={"if-match": '"1"'})
    assert stale.status_code in (409, 412)
    back = await client.post("/api/v1/routes/two/roll-back", json={"to": 1})
    assert (back.json()["version"], back.json()["config"]) == (3, TWO)
    versions = (await client.get("/api/v1/routes/two/versions")).json()["items"]
    assert [(each["version"], each["note"]) for each in versions] == [
        (3, "back to version 1"),
        (2, "only OpenAI for now"),
        (1, ""),
    ]
    page = (await client.get("/api/v1/routes/two/versions?limit=1")).json()
    assert (await client.get(f"/api/v1/routes/two/versions?limit=1&after={page['next']}")).json()["items"][0][
        "version"
    ] == 2
    assert (await client.post("/api/v1/routes/two/roll-back", json={"to": 9})).status_code == 404


@pytest.mark.usefixtures("providers")
async def test_a_route_in_use_is_not_removed(client: httpx.AsyncClient) -> None:
    await save(client)
    agent = (await client.post("/api/v1/agents", json={"name": "research"})).json()
    key = (await client.post(f"/api/v1/agents/{agent['id']}/keys", json={})).json()
    attached = await client.patch(f"/api/v1/agents/{agent['id']}", json={"route": "two"})
    assert attached.json()["route"] == "two"
    assert (await client.put(f"/api/v1/keys/{key['id']}/route", json={"route": "two"})).status_code == 204
    used_by = (await client.get("/api/v1/routes/two")).json()["used_by"]
    assert used_by == ["research", f"the key {key['hint']}"]
    (listed,) = (await client.get("/api/v1/routes")).json()["items"]
    assert listed["used_by"] == used_by
    assert (await client.delete("/api/v1/routes/two")).status_code == 409
    await client.patch(f"/api/v1/agents/{agent['id']}", json={"route": None})
    await client.put(f"/api/v1/keys/{key['id']}/route", json={"route": None})
    assert (await client.delete("/api/v1/routes/two")).status_code == 204
    assert (await client.get("/api/v1/routes/two")).status_code == 404
    assert (await save(client))["version"] == 2, "a name goes on counting, so that a version means one config for good"


@pytest.mark.usefixtures("providers")
async def test_only_a_route_that_is_there_can_be_attached(client: httpx.AsyncClient) -> None:
    agent = (await client.post("/api/v1/agents", json={"name": "research"})).json()
    key = (await client.post(f"/api/v1/agents/{agent['id']}/keys", json={})).json()
    assert (await client.patch(f"/api/v1/agents/{agent['id']}", json={"route": "nowhere"})).status_code == 404
    assert (await client.put(f"/api/v1/keys/{key['id']}/route", json={"route": "nowhere"})).status_code == 404


@pytest.mark.usefixtures("providers")
async def test_a_key_tells_its_route(client: httpx.AsyncClient) -> None:
    await save(client)
    agent = (await client.post("/api/v1/agents", json={"name": "research"})).json()
    key = (await client.post(f"/api/v1/agents/{agent['id']}/keys", json={})).json()
    assert key["route"] is None
    await client.put(f"/api/v1/keys/{key['id']}/route", json={"route": "two"})
    fresh = (await client.post(f"/api/v1/keys/{key['id']}/rotate")).json()
    assert fresh["route"] == "two", "a rotated key takes its route along"
    listed = (await client.get(f"/api/v1/keys?agent_id={agent['id']}")).json()["items"]
    assert [each["route"] for each in listed] == ["two", "two"]
    await client.put(f"/api/v1/keys/{fresh['id']}/route", json={"route": None})
    (newest, _) = (await client.get(f"/api/v1/keys?agent_id={agent['id']}")).json()["items"]
    assert newest["route"] is None


@pytest.mark.usefixtures("providers")
async def test_a_declared_route_is_read_only(client: httpx.AsyncClient, db: Database, owner: Member) -> None:
    async with db.transaction() as tx:
        await store.insert(tx, owner.workspace_id, "default", TWO, declared=True, note="quarterdeck.toml", by=None)
    shown = (await client.get("/api/v1/routes/default")).json()
    assert shown["declared"] is True
    for answer in (
        await client.put("/api/v1/routes/default", json={"config": TWO}),
        await client.delete("/api/v1/routes/default"),
        await client.post("/api/v1/routes/default/roll-back", json={"to": 1}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "declared")


@pytest.mark.usefixtures("providers")
async def test_only_admins_save_routes_and_everybody_may_try_one(client: httpx.AsyncClient, as_role: AsRole) -> None:
    await save(client)
    async with await as_role("operator") as operator:
        assert (await operator.post("/api/v1/routes", json={"name": "x", "config": TWO})).status_code == 403
    async with await as_role("viewer") as viewer:
        assert (await viewer.post("/api/v1/routes/dry-run", json={"route": "two"})).status_code == 200


async def tried(client: httpx.AsyncClient, **asked: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/routes/dry-run", json=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.usefixtures("providers")
async def test_a_dry_run_says_where_a_call_would_go_and_why(client: httpx.AsyncClient) -> None:
    await save(client)
    well = await tried(client, route="two", model="gpt-4o-mini")
    assert [(step["provider"], step["model"], step["why"]) for step in well["steps"]] == [
        ("openai", "gpt-4o-mini", "first")
    ]
    assert well["order_when_all_fail"] == ["openai", "anthropic/claude-haiku-4-5"]
    limited = await tried(client, route="two", model="gpt-4o-mini", answers={"openai": 429})
    assert [(step["provider"], step["why"], step["answers"]) for step in limited["steps"]] == [
        ("openai", "first", 429),
        ("anthropic", "fallback", 200),
    ]
    broken = await tried(client, route="two", answers={"openai": 500})
    assert (len(broken["steps"]), broken["status"]) == (1, 500)


@pytest.mark.usefixtures("providers")
async def test_a_dry_run_decides_by_the_call_and_the_price(client: httpx.AsyncClient) -> None:
    config = {
        "strategy": {
            "mode": "conditional",
            "conditions": [
                {"query": {"task.attempt": {"$gt": 1}, "metadata.plan": "paid"}, "then": "strong"},
            ],
            "default": "cheap",
        },
        "targets": [
            {"name": "strong", "provider": "anthropic", "override_params": {"model": "claude-haiku-4-5"}},
            {
                "name": "cheap",
                "strategy": {"mode": "least_cost"},
                "targets": [
                    {"provider": "openai", "override_params": {"model": "gpt-4o"}},
                    {"provider": "openai", "override_params": {"model": "gpt-4o-mini"}},
                ],
            },
        ],
    }
    cheap = await tried(client, config=config)
    assert cheap["steps"][0]["model"] == "gpt-4o-mini"
    assert [decision["at"] for decision in cheap["decisions"]] == ["config", "cheap"]
    strong = await tried(client, config=config, task={"attempt": 2}, metadata={"plan": "paid"})
    assert strong["steps"][0]["provider"] == "anthropic"
    assert "condition 0 holds" in strong["decisions"][0]["words"]
    assert (strong["steps"][0]["name"], strong["steps"][0]["option"]) == ("strong", "config.targets[0]")
    failing = await tried(
        client, config=config, task={"attempt": 2}, metadata={"plan": "paid"}, answers={"strong": 500}
    )
    assert (failing["status"], failing["order_when_all_fail"]) == (500, ["strong"])
    both = await client.post("/api/v1/routes/dry-run", json={"route": "two", "config": config})
    assert both.status_code in (400, 422)


WHY = "60% of its calls failed"
NOON = 1_800_000_000_000_000
CANARY = {
    "strategy": {"mode": "canary"},
    "targets": [{"provider": "openai"}, {"provider": "openai", "override_params": {"model": "gpt-4o"}}],
}


class Seen:
    """A gateway that saw OpenAI fail."""

    def open_calls(self, workspace_id: str) -> list[OpenCall]:
        return []

    def trial_states(self, workspace_id: str) -> list[TrialState]:
        arms = ArmState(90, 1, 210.0), ArmState(20, 12, 250.0)
        identity = identity_of(workspace_id, written(CANARY), b"").hex()
        return [
            TrialState(
                workspace_id, "trial", identity, "config", "rolled_back", "60% of its calls failed", *arms, NOON
            ),
            TrialState(workspace_id, "trial", "of another config", "config", "promoted", "", *arms),
        ]

    def provider_states(self, workspace_id: str) -> list[ProviderState]:
        return [ProviderState(workspace_id, "openai", "out", 1_800_000_000_000_000, 0.97, 812.5, 3, "status_503", None)]


@pytest.mark.usefixtures("providers")
async def test_the_health_of_providers_is_shown_and_used(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = (await client.get("/api/v1/providers/health")).json()["items"]
    assert {row["state"] for row in unknown} == {"unknown"}
    monkeypatch.setattr(wire, "current", Seen)
    items = (await client.get("/api/v1/providers/health")).json()["items"]
    (openai,) = [row for row in items if row["provider"] == "openai"]
    assert (openai["state"], openai["error_rate"], openai["latency_ms"]) == ("out", 0.97, 812.5)
    await save(client)
    found = await tried(client, route="two")
    assert found["steps"][0]["provider"] == "anthropic"
    assert "out of service" in found["decisions"][0]["words"]


async def test_an_agent_that_calls_a_provider_seen_out_waits_for_it(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, owner: Member
) -> None:
    agent = (await client.post("/api/v1/agents", json={"name": "research"})).json()

    class Calling(Seen):
        def open_calls(self, workspace_id: str) -> list[OpenCall]:
            began = 1_800_000_000_000_000
            return [OpenCall("call_1", workspace_id, agent["id"], None, None, "openai", "gpt-4o", began, None, False)]

    monkeypatch.setattr(wire, "current", Calling)
    status = (await client.get(f"/api/v1/agents/{agent['id']}")).json()["status"]
    assert (status["state"], status["words"]) == ("waiting_provider", "waiting for openai")
    assert "status_503" in status["reason"]


@pytest.mark.usefixtures("providers")
async def test_how_a_canary_does_is_shown_with_its_route(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "current", Seen)
    made = await client.post("/api/v1/routes", json={"name": "trial", "config": CANARY})
    assert made.status_code == 201, made.text
    (canary,) = (await client.get("/api/v1/routes/trial")).json()["canaries"]
    assert (canary["at"], canary["verdict"], canary["why"]) == ("config", "rolled_back", WHY)
    assert canary["since"] == "2027-01-15T08:00:00.000000Z"
    assert canary["newcomer"] == {"answered": 20, "failed": 12, "latency_ms": 250.0}

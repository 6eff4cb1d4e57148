import re

import httpx
from api_world import AsAgent, AsRole, with_key
from fastapi import FastAPI

from quarterdeck.access import keyring
from quarterdeck.access.keyring import Holder
from quarterdeck.access.keys import KeyKind, parse_key
from quarterdeck.access.members import Member
from quarterdeck.db import Database
from quarterdeck.kernel.clock import FakeClock


async def agent_id_of(client: httpx.AsyncClient, name: str = "research") -> str:
    found: str = (await client.post("/api/v1/agents", json={"name": name})).json()["id"]
    return found


async def test_a_new_key_is_shown_once(client: httpx.AsyncClient, app: FastAPI) -> None:
    agent_id = await agent_id_of(client)
    answer = await client.post(f"/api/v1/agents/{agent_id}/keys", json={"name": "laptop", "models": ["openai/*"]})
    assert answer.status_code == 201
    made = answer.json()
    assert parse_key(made["secret"]) is KeyKind.AGENT
    assert re.fullmatch(r"qd-a-\w{4}…\w\w", made["hint"])
    assert (made["kind"], made["agent_id"], made["state"], made["models"]) == (
        "agent",
        agent_id,
        "active",
        ["openai/*"],
    )
    listed = (await client.get(f"/api/v1/keys?agent_id={agent_id}")).json()["items"]
    assert [each["id"] for each in listed] == [made["id"]]
    assert made["secret"] not in str(listed)


async def test_a_revoked_key_is_refused_at_once(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent = await as_agent("research")
    assert (await agent.post("/api/v1/agent/claim", json={})).status_code == 200
    (key,) = (await client.get("/api/v1/keys")).json()["items"][:1]
    revoked = await client.post(f"/api/v1/keys/{key['id']}/revoke")
    assert (revoked.status_code, revoked.json()["state"]) == (200, "revoked")
    refused = await agent.post("/api/v1/agent/claim", json={})
    assert (refused.status_code, refused.json()["code"]) == (401, "key_revoked")
    assert (await client.post(f"/api/v1/keys/{key['id']}/revoke")).status_code == 200


async def test_a_rotated_key_may_overlap(client: httpx.AsyncClient, app: FastAPI, clock: FakeClock) -> None:
    agent_id = await agent_id_of(client)
    old = (await client.post(f"/api/v1/agents/{agent_id}/keys", json={"models": ["gpt-*"]})).json()
    fresh = await client.post(f"/api/v1/keys/{old['id']}/rotate", json={"overlap_s": 60})
    assert fresh.status_code == 201
    assert fresh.json()["models"] == ["gpt-*"]
    async with with_key(app, old["secret"]) as before, with_key(app, fresh.json()["secret"]) as after:
        assert (await before.post("/api/v1/agent/claim", json={})).status_code == 200
        clock.advance(61)
        late = await before.post("/api/v1/agent/claim", json={})
        assert (late.status_code, late.json()["code"]) == (401, "key_expired")
        assert (await after.post("/api/v1/agent/claim", json={})).status_code == 200


async def test_without_an_overlap_the_old_key_ends_with_the_rotation(client: httpx.AsyncClient) -> None:
    agent_id = await agent_id_of(client)
    old = (await client.post(f"/api/v1/agents/{agent_id}/keys", json={})).json()
    await client.post(f"/api/v1/keys/{old['id']}/rotate")
    states = {each["id"]: each["state"] for each in (await client.get("/api/v1/keys")).json()["items"]}
    assert states[old["id"]] == "revoked"
    again = await client.post(f"/api/v1/keys/{old['id']}/rotate")
    assert (again.status_code, again.json()["state"]) == (409, "revoked")


async def test_a_key_expires_when_it_says(client: httpx.AsyncClient, clock: FakeClock) -> None:
    agent_id = await agent_id_of(client)
    past = await client.post(f"/api/v1/agents/{agent_id}/keys", json={"expires_at": "2020-01-01T00:00:00Z"})
    assert (past.status_code, past.json()["field"]) == (400, "expires_at")
    soon = {"expires_at": "2027-01-15T09:00:00Z"}
    assert (await client.post(f"/api/v1/agents/{agent_id}/keys", json=soon)).status_code == 201
    clock.advance(2 * 3600)
    assert (await client.get("/api/v1/keys")).json()["items"][0]["state"] == "expired"


async def test_a_token_acts_as_the_member_who_made_it(as_role: AsRole, app: FastAPI) -> None:
    viewer = await as_role("viewer")
    made = (await viewer.post("/api/v1/members/me/tokens", json={"name": "script"})).json()
    assert parse_key(made["secret"]) is KeyKind.MEMBER
    async with with_key(app, made["secret"]) as script:
        who = (await script.get("/api/v1/session")).json()
        assert (who["member"]["role"], who["csrf"]) == ("viewer", None)
        assert (await script.post("/api/v1/agents", json={"name": "x"})).status_code == 403


async def test_people_see_and_end_their_own_tokens_and_an_admin_those_of_others(
    client: httpx.AsyncClient, as_role: AsRole
) -> None:
    viewer, admin = await as_role("viewer"), await as_role("admin")
    mine = (await viewer.post("/api/v1/members/me/tokens", json={"name": "mine"})).json()
    owners = (await client.post("/api/v1/members/me/tokens", json={"name": "the owner's"})).json()
    assert [each["name"] for each in (await viewer.get("/api/v1/keys")).json()["items"]] == ["mine"]
    assert len((await admin.get("/api/v1/keys")).json()["items"]) >= 2
    assert (await viewer.post(f"/api/v1/keys/{owners['id']}/revoke")).status_code == 403
    assert (await admin.post(f"/api/v1/keys/{owners['id']}/revoke")).status_code == 403
    assert (await admin.post(f"/api/v1/keys/{mine['id']}/revoke")).status_code == 200


async def test_a_viewer_ends_no_key_of_an_agent(client: httpx.AsyncClient, as_role: AsRole) -> None:
    agent_id = await agent_id_of(client)
    key = (await client.post(f"/api/v1/agents/{agent_id}/keys", json={})).json()
    assert (await (await as_role("viewer")).post(f"/api/v1/keys/{key['id']}/revoke")).status_code == 403
    assert (await (await as_role("operator")).post(f"/api/v1/keys/{key['id']}/revoke")).status_code == 200


async def test_a_declared_key_is_changed_in_the_file(client: httpx.AsyncClient, db: Database, owner: Member) -> None:
    agent_id = await agent_id_of(client)
    async with db.transaction() as tx:
        holder = Holder(owner.workspace_id, agent_id=agent_id)
        key = await keyring.bring(tx, holder, "a key that was brought", declared=True)
    for verb in ("revoke", "rotate"):
        answer = await client.post(f"/api/v1/keys/{key.id}/{verb}")
        assert (answer.status_code, answer.json()["code"]) == (409, "declared")


async def test_keys_are_made_for_agents_that_exist(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/v1/agents/agt_nobody/keys", json={})).status_code == 404
    assert (await client.post("/api/v1/keys/key_none/revoke")).status_code == 404


async def test_a_mistyped_key_is_refused_without_a_look_up(app: FastAPI) -> None:
    async with with_key(app, "qd-a-" + "x" * 42) as client:
        answer = await client.get("/api/v1/keys")
    assert (answer.status_code, answer.json()["code"]) == (401, "key_invalid")
    assert "checksum" in answer.json()["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_may_come_as_x_api_key(app: FastAPI, as_agent: AsAgent) -> None:
    agent = await as_agent("research")
    key = agent.headers.pop("authorization").removeprefix("Bearer ")
    assert (await agent.post("/api/v1/agent/claim", json={}, headers={"x-api-key": key})).status_code == 200
    odd = await agent.post("/api/v1/agent/claim", json={}, headers={"authorization": "Basic eDp5"})
    assert (odd.status_code, odd.json()["code"]) == (401, "key_invalid")

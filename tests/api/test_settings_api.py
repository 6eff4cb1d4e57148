import httpx
from api_world import AsRole

from quarterdeck.access import members
from quarterdeck.access.members import Member
from quarterdeck.db import Database


async def test_settings_say_where_agents_connect(client: httpx.AsyncClient, owner: Member) -> None:
    answer = await client.get("/api/v1/settings")
    assert answer.status_code == 200
    assert answer.json() == {
        "version": "0.0.0-test",
        "gateway": {"base_url": "http://127.0.0.1:8787"},
        "workspace": {"id": owner.workspace_id, "name": "default", "body_mode": "full", "version": 1},
        "retention": {"bodies_days": None, "calls_days": None},
        "declared": [],
        "ingest": {"backlog_records": 0, "backlog_bytes": 0, "lag_ms": 0},
    }


async def test_the_workspace_is_named_and_what_is_kept_is_changed(client: httpx.AsyncClient) -> None:
    body = {"name": " Market desk ", "body_mode": "redacted", "retention": {"bodies_days": 30}}
    changed = await client.patch("/api/v1/settings", json=body, headers={"if-match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert changed.json()["workspace"] | {"id": ""} == {
        "id": "",
        "name": "Market desk",
        "body_mode": "redacted",
        "version": 2,
    }
    assert changed.json()["retention"] == {"bodies_days": 30, "calls_days": None}
    again = await client.patch("/api/v1/settings", json={"retention": {"bodies_days": None, "calls_days": 90}})
    assert again.json()["retention"] == {"bodies_days": None, "calls_days": 90}
    assert again.json()["workspace"]["name"] == "Market desk"
    stale = await client.patch("/api/v1/settings", json={"name": "Other"}, headers={"if-match": '"1"'})
    assert stale.status_code == 409
    entries = (await client.get("/api/v1/audit")).json()["items"]
    assert any(one["kind"] == "settings.changed" for one in entries)


async def test_what_the_file_declares_is_not_changed_here(
    client: httpx.AsyncClient, db: Database, owner: Member
) -> None:
    async with db.transaction() as tx:
        workspace = await members.workspace(tx, owner.workspace_id)
        said = {"retention": {"bodies_days": 7}, "declared": ["body_mode", "retention"]}
        await members.change_workspace(tx, workspace, {"settings": said})
    for body in ({"body_mode": "none"}, {"retention": {"bodies_days": 8}}):
        refused = await client.patch("/api/v1/settings", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "declared")
        assert "configuration file" in refused.json()["detail"]
    assert (await client.patch("/api/v1/settings", json={"name": "Desk"})).status_code == 200
    assert (await client.get("/api/v1/settings")).json()["declared"] == ["body_mode", "retention"]


async def test_settings_are_changed_by_admins_and_bad_ones_by_nobody(
    client: httpx.AsyncClient, as_role: AsRole
) -> None:
    async with await as_role("operator") as operator:
        assert (await operator.patch("/api/v1/settings", json={"name": "Mine"})).status_code == 403
    for body in ({"name": "  "}, {"body_mode": "some"}, {"retention": {"bodies_days": 0}}, {"name": "x" * 101}):
        assert (await client.patch("/api/v1/settings", json=body)).status_code in (400, 422), body

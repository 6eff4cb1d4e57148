import httpx

from quarterdeck.access.members import Member


async def test_settings_say_where_agents_connect(client: httpx.AsyncClient, owner: Member) -> None:
    answer = await client.get("/api/v1/settings")
    assert answer.status_code == 200
    assert answer.json() == {
        "version": "0.0.0-test",
        "gateway": {"base_url": "http://127.0.0.1:8787"},
        "workspace": {"id": owner.workspace_id, "name": "default", "body_mode": "full"},
        "retention": {"bodies_days": None, "calls_days": None},
        "ingest": {"backlog_records": 0, "backlog_bytes": 0, "lag_ms": 0},
    }

"""/audit: what a request changed, asked of the log."""

import httpx
from api_world import AsAgent, AsRole

from quarterdeck.access.members import Member


async def test_a_request_is_found_by_its_id_with_what_it_changed(client: httpx.AsyncClient, owner: Member) -> None:
    made = await client.post("/api/v1/agents", json={"name": "research"}, headers={"x-request-id": "from-ci-7"})
    assert made.headers["x-request-id"] == "from-ci-7"
    found = (await client.get("/api/v1/audit?request_id=from-ci-7")).json()["items"]
    assert [entry["kind"] for entry in found] == ["agent.created"]
    assert found[0]["actor"] == {"id": owner.id, "name": "Owner"}
    assert found[0]["via"] == "dashboard"
    assert found[0]["changes"][0]["before"] is None
    assert found[0]["changes"][0]["after"]["name"] == "research"


async def test_what_an_agent_does_says_on_whose_behalf(
    client: httpx.AsyncClient, as_agent: AsAgent, owner: Member
) -> None:
    agent = await as_agent("research")
    await client.post("/api/v1/tasks", json={"title": "Paint", "state": "ready"})
    run = (await agent.post("/api/v1/agent/claim")).json()["run"]
    await agent.post(f"/api/v1/runs/{run['id']}/comments", json={"body": "on it"})
    found = (await client.get("/api/v1/audit?kind=comment.*")).json()["items"]
    assert [(entry["actor"]["name"], entry["on_behalf_of"]["id"]) for entry in found] == [("research", owner.id)]
    assert found[0]["via"] == "api"


async def test_it_is_read_page_by_page_and_by_filters(client: httpx.AsyncClient) -> None:
    ids = [(await client.post("/api/v1/tasks", json={"title": f"T{n}"})).json()["id"] for n in range(5)]
    first = (await client.get("/api/v1/audit?kind=task.created&limit=3")).json()
    rest = (await client.get(f"/api/v1/audit?kind=task.created&limit=3&after={first['next']}")).json()
    assert [entry["subject_id"] for entry in (*first["items"], *rest["items"])] == ids[::-1]
    assert rest["next"] is None
    assert len((await client.get(f"/api/v1/audit?subject_id={ids[0]}")).json()["items"]) == 1
    assert (await client.get("/api/v1/audit?until=2000-01-01T00:00:00Z")).json()["items"] == []
    assert (await client.get("/api/v1/audit?since=yesterday")).status_code == 400


async def test_the_chain_is_verified_on_request(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/tasks", json={"title": "Paint"})
    found = (await client.get("/api/v1/audit/verify")).json()
    assert found["holds"] is True
    assert found["entries"] > 0
    again = (await client.get("/api/v1/audit/verify", params={"head": found["head"]})).json()
    assert again["holds"] is True
    wrong = (await client.get("/api/v1/audit/verify", params={"head": f"1:{'a' * 64}"})).json()
    assert (wrong["holds"], wrong["at_seq"]) == (False, 1)
    assert (await client.get("/api/v1/audit/verify?head=x")).status_code == 400


async def test_only_who_administers_reads_it(as_role: AsRole) -> None:
    assert (await (await as_role("operator")).get("/api/v1/audit")).status_code == 403
    assert (await (await as_role("admin")).get("/api/v1/audit")).status_code == 200


async def test_an_odd_request_id_is_replaced(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/session", headers={"x-request-id": "a b\tc"})
    assert answer.headers["x-request-id"].startswith("req_")

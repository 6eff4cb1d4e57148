import httpx
from api_world import AsRole

from quarterdeck.access import members
from quarterdeck.access.members import Member
from quarterdeck.db import Database
from quarterdeck.db.outbox import read_after


async def test_an_owner_adds_somebody_and_lists_everybody(client: httpx.AsyncClient, db: Database) -> None:
    body = {"name": "Sam", "email": "Sam@Example.com", "role": "operator"}
    answer = await client.post("/api/v1/members", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["email"], made["role"], made["password_set"]) == ("sam@example.com", "operator", False)
    listed = (await client.get("/api/v1/members")).json()
    assert [each["email"] for each in listed["items"]] == ["owner@localhost", "sam@example.com"]
    assert listed["next"] is None
    async with db.read() as tx:
        event = (await read_after(tx, 0))[-1]
    assert (event.kind, event.subject_id) == ("member.changed", made["id"])


async def test_members_come_in_pages(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await client.post("/api/v1/members", json={"name": "x", "email": f"{number}@example.com"})
    first = (await client.get("/api/v1/members?limit=3")).json()
    second = (await client.get(f"/api/v1/members?limit=3&after={first['next']}")).json()
    assert [each["email"] for each in second["items"]] == ["2@example.com"]
    assert second["next"] is None


async def test_one_email_is_one_member(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/members", json={"name": "x", "email": "OWNER@localhost"})
    assert (answer.status_code, answer.json()["code"]) == (409, "member_exists")


async def test_an_email_that_is_none_is_refused_by_name(client: httpx.AsyncClient) -> None:
    for email in ("not an address", "a@", "@b", "a@b@c", "a\0@b", "a b@c", "a@b\u202e", "x" * 250 + "@example.com"):
        answer = await client.post("/api/v1/members", json={"name": "x", "email": email})
        assert answer.status_code in (400, 422), email
        assert "email" in (answer.json().get("field") or answer.json()["fields"][0]["field"])


async def test_a_change_names_the_version_it_was_made_from(client: httpx.AsyncClient) -> None:
    made = (await client.post("/api/v1/members", json={"name": "Sam", "email": "sam@example.com"})).json()
    path = f"/api/v1/members/{made['id']}"
    first = await client.patch(path, json={"name": "Samuel"}, headers={"if-match": '"1"'})
    assert (first.status_code, first.json()["version"]) == (200, 2)
    late = await client.patch(path, json={"name": "Sammy"}, headers={"if-match": '"1"'})
    assert (late.status_code, late.json()["code"], late.json()["version"]) == (409, "changed", 2)
    odd = await client.patch(path, json={"name": "Sammy"}, headers={"if-match": "yesterday"})
    assert odd.status_code == 400


async def test_the_last_owner_stays(client: httpx.AsyncClient, owner: Member) -> None:
    answer = await client.patch(f"/api/v1/members/{owner.id}", json={"role": "admin"})
    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")


async def test_only_an_owner_makes_an_owner(client: httpx.AsyncClient, as_role: AsRole, owner: Member) -> None:
    admin = await as_role("admin")
    body = {"name": "x", "email": "x@example.com", "role": "owner"}
    assert (await admin.post("/api/v1/members", json=body)).status_code == 403
    assert (await admin.patch(f"/api/v1/members/{owner.id}", json={"name": "Mine"})).status_code == 403
    assert (await admin.post(f"/api/v1/members/{owner.id}/link")).status_code == 403
    assert (await client.post("/api/v1/members", json=body)).status_code == 201


async def test_a_new_member_gets_in_by_a_link(client: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    made = (await client.post("/api/v1/members", json={"name": "Sam", "email": "sam@example.com"})).json()
    link = await client.post(f"/api/v1/members/{made['id']}/link")
    assert link.status_code == 201
    signed_in = await anonymous.post("/api/v1/session/link", json={"token": link.json()["token"]})
    assert signed_in.json()["member"]["email"] == "sam@example.com"


async def test_a_declared_member_is_changed_in_the_file(client: httpx.AsyncClient, db: Database) -> None:
    made = (await client.post("/api/v1/members", json={"name": "Sam", "email": "sam@example.com"})).json()
    async with db.transaction() as tx:
        workspace_id = (await members.everywhere(tx, "sam@example.com"))[0].workspace_id
        await members.change(tx, workspace_id, made["id"], declared=True)
    answer = await client.patch(f"/api/v1/members/{made['id']}", json={"name": "Sammy"})
    assert (answer.status_code, answer.json()["code"]) == (409, "declared")


async def test_a_name_may_hide_nothing(client: httpx.AsyncClient) -> None:
    for name in ("a\u202eb", "a\x00b", "\u200b", "a\nb\x07"):
        answer = await client.post("/api/v1/members", json={"name": name, "email": "x@example.com"})
        assert answer.status_code == 400, name

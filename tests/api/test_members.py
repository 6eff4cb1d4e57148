import httpx
from api_world import AsRole

from quarterdeck.access import members
from quarterdeck.access.members import Member
from quarterdeck.db import Database
from quarterdeck.db.outbox import read_after
from quarterdeck.kernel.clock import FakeClock


async def test_an_owner_adds_somebody_and_lists_everybody(client: httpx.AsyncClient, db: Database) -> None:
    body = {"name": "Sam", "email": "Sam@Example.com", "role": "operator"}
    answer = await client.post("/api/v1/members", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["email"], made["role"], made["password_set"]) == ("sam@example.com", "operator", False)
    listed = (await client.get("/api/v1/members")).json()
    assert [each["email"] for each in listed["items"]] == ["owner@localhost", "sam@example.com"]
    assert listed["next"] is None
    assert (await client.get(f"/api/v1/members/{made['id']}")).json() == listed["items"][1]
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


async def test_somebody_is_found_by_a_part_of_the_name_or_the_address_however_it_is_written(
    client: httpx.AsyncClient,
) -> None:
    for name, email in (("Éva Szabó", "eva@example.com"), ("Sam", "sam@example.com"), ("Évariste", "g@example.com")):
        await client.post("/api/v1/members", json={"name": name, "email": email})

    async def found(**query: str | int) -> list[str]:
        answer = await client.get("/api/v1/members", params=query)
        return [each["name"] for each in answer.json()["items"]]

    assert await found(q="éVA") == ["Éva Szabó", "Évariste"]
    assert await found(q="SAM@") == ["Sam"]
    assert await found(q="nobody") == []
    first = (await client.get("/api/v1/members", params={"q": "éva", "limit": 1})).json()
    assert await found(q="éva", after=first["next"]) == ["Évariste"]


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
    told = {each["id"]: each["declared"] for each in (await client.get("/api/v1/members")).json()["items"]}
    assert made["declared"] is False and told.pop(made["id"]) is True and set(told.values()) == {False}


async def test_a_name_may_hide_nothing(client: httpx.AsyncClient) -> None:
    for name in ("a\u202eb", "a\x00b", "\u200b", "a\nb\x07"):
        answer = await client.post("/api/v1/members", json={"name": name, "email": "x@example.com"})
        assert answer.status_code == 400, name


async def test_who_answers_for_something_is_removed_only_with_somebody_to_take_it(
    client: httpx.AsyncClient, as_role: AsRole, owner: Member
) -> None:
    admin = await as_role("admin")
    admin_id = (await admin.get("/api/v1/session")).json()["member"]["id"]
    agent = (await admin.post("/api/v1/agents", json={"name": "research"})).json()
    task = (await admin.post("/api/v1/tasks", json={"title": "Paint", "review": f"member:{admin_id}"})).json()
    path = f"/api/v1/members/{admin_id}"
    refused = await client.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "still_accountable")
    assert "1 open task, 1 review to give, 1 agent" in refused.json()["detail"]
    assert (refused.json()["tasks"], refused.json()["agents"]) == ([task["id"]], [agent["id"]])
    assert (await client.get(f"{path}/duties")).json()["reviews"] == [task["id"]]
    assert (await client.delete(f"{path}?reassign_to=mem_none")).status_code == 400
    assert (await client.delete(f"{path}?reassign_to={owner.id}")).status_code == 204
    after = (await client.get(f"/api/v1/tasks/{task['id']}")).json()
    assert (after["accountable"]["id"], after["review"]) == (owner.id, f"member:{owner.id}")
    assert (await client.get(f"/api/v1/agents/{agent['id']}")).json()["owner"]["id"] == owner.id


async def test_who_is_removed_is_out_at_once_and_stays_a_name_in_the_history(
    client: httpx.AsyncClient, as_role: AsRole
) -> None:
    reviewer = await as_role("reviewer")
    member_id = (await reviewer.get("/api/v1/session")).json()["member"]["id"]
    task = (await client.post("/api/v1/tasks", json={"title": "Paint"})).json()
    await reviewer.post(f"/api/v1/tasks/{task['id']}/comments", json={"body": "Hello"})
    assert (await client.delete(f"/api/v1/members/{member_id}")).status_code == 204
    assert (await reviewer.get("/api/v1/session")).status_code == 401
    assert (await client.get(f"/api/v1/members/{member_id}/duties")).status_code == 404
    said = (await client.get(f"/api/v1/tasks/{task['id']}/comments")).json()["items"]
    assert said[0]["author"]["name"] == "Reviewer"
    mentioned = await client.post("/api/v1/comments/preview", json={"body": "@Reviewer"})
    assert mentioned.json()["mentions"] == []
    listed = (await client.get("/api/v1/members")).json()["items"]
    assert member_id not in {each["id"] for each in listed}
    assert (await client.post("/api/v1/tasks", json={"title": "x", "accountable_id": member_id})).status_code == 400
    back = await client.post("/api/v1/members", json={"name": "Rea", "email": "reviewer0@example.com"})
    assert (back.status_code, back.json()["id"], back.json()["role"]) == (201, member_id, "viewer")


async def test_nobody_removes_themselves_or_an_owner_above_them(
    client: httpx.AsyncClient, as_role: AsRole, owner: Member
) -> None:
    assert (await client.delete(f"/api/v1/members/{owner.id}")).json()["code"] == "yourself"
    admin = await as_role("admin")
    assert (await admin.delete(f"/api/v1/members/{owner.id}")).status_code == 403
    assert (await (await as_role("operator")).delete(f"/api/v1/members/{owner.id}")).status_code == 403


async def test_an_invitation_may_wait_for_days(client: httpx.AsyncClient, clock: FakeClock) -> None:
    made = (await client.post("/api/v1/members", json={"name": "Sam", "email": "sam@example.com"})).json()
    path = f"/api/v1/members/{made['id']}/link"
    link = (await client.post(f"{path}?valid_hours=48")).json()
    clock.advance(47 * 3_600)
    entered = await client.post("/api/v1/session/link", json={"token": link["token"]})
    assert entered.json()["member"]["name"] == "Sam"
    assert (await client.post(f"{path}?valid_hours=999")).status_code in (401, 403, 422)

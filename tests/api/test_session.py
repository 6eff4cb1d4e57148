import httpx

from quarterdeck.access import sessions
from quarterdeck.access.members import Member
from quarterdeck.db import Database

PASSWORD = "correct horse battery"


async def test_it_says_who_is_signed_in(client: httpx.AsyncClient, owner: Member) -> None:
    answer = await client.get("/api/v1/session")
    assert answer.status_code == 200
    body = answer.json()
    assert body["member"] == {"id": owner.id, "name": "Owner", "email": "owner@localhost", "role": "owner"}
    assert body["workspace"]["name"] == "default"
    assert body["csrf"] == client.headers["x-quarterdeck-csrf"]
    assert body["password_set"] is False


async def test_it_answers_401_when_nobody_is_signed_in(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/api/v1/session")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthenticated"


async def test_a_link_signs_in_once(anonymous: httpx.AsyncClient, db: Database, owner: Member) -> None:
    async with db.transaction() as tx:
        token = await sessions.make_link(tx, owner)
    answer = await anonymous.post("/api/v1/session/link", json={"token": token})
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert (await anonymous.get("/api/v1/session")).json()["csrf"] == answer.json()["csrf"]
    anonymous.cookies.clear()
    again = await anonymous.post("/api/v1/session/link", json={"token": token})
    assert again.status_code == 401
    assert again.json()["code"] == "link_spent"

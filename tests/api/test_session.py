import asyncio
import time

import httpx
import pytest
from api_world import ORIGIN, AsAgent, browser
from argon2 import PasswordHasher
from fastapi import FastAPI

from quarterdeck.access import passwords, sessions
from quarterdeck.access.members import Member
from quarterdeck.access.sessions import ABSOLUTE, IDLE
from quarterdeck.db import Database
from quarterdeck.kernel.clock import SECOND, FakeClock

PASSWORD = "correct horse battery"


async def set_password(client: httpx.AsyncClient, password: str = PASSWORD) -> None:
    assert (await client.put("/api/v1/session/password", json={"password": password})).status_code == 204


async def sign_in(client: httpx.AsyncClient, password: str = PASSWORD) -> httpx.Response:
    body = {"email": "Owner@localhost", "password": password}
    return await client.post("/api/v1/session/password", json=body)


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
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Secure" not in cookie
    assert (await anonymous.get("/api/v1/session")).json()["csrf"] == answer.json()["csrf"]
    anonymous.cookies.clear()
    again = await anonymous.post("/api/v1/session/link", json={"token": token})
    assert again.status_code == 401
    assert again.json()["code"] == "link_spent"


async def test_a_link_is_good_for_fifteen_minutes(
    anonymous: httpx.AsyncClient, db: Database, owner: Member, clock: FakeClock
) -> None:
    async with db.transaction() as tx:
        token = await sessions.make_link(tx, owner)
    clock.advance(15 * 60 + 1)
    assert (await anonymous.post("/api/v1/session/link", json={"token": token})).status_code == 401


async def test_over_tls_the_cookie_is_secure(client: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    await set_password(client)
    anonymous.base_url = httpx.URL("https://quarterdeck.test")
    assert "Secure" in (await sign_in(anonymous)).headers["set-cookie"]


async def test_behind_a_proxy_that_ends_tls_the_cookie_is_secure_too(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    await set_password(client)
    anonymous.headers["origin"] = ORIGIN.replace("http://", "https://")
    assert "Secure" in (await sign_in(anonymous)).headers["set-cookie"]


async def test_after_setting_a_password_one_signs_in_with_it(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    await set_password(client)
    assert (await client.get("/api/v1/session")).json()["password_set"] is True
    assert (await sign_in(anonymous)).status_code == 200
    assert (await anonymous.get("/api/v1/session")).json()["member"]["email"] == "owner@localhost"


async def test_a_wrong_password_and_an_unknown_email_get_the_same_answer(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    await set_password(client)
    wrong = await sign_in(anonymous, "wrong horse battery")
    unknown = await anonymous.post("/api/v1/session/password", json={"email": "no@one.com", "password": PASSWORD})
    unset = await anonymous.post("/api/v1/session/password", json={"email": "", "password": ""})
    assert wrong.status_code == unknown.status_code == unset.status_code == 401
    assert wrong.json() == unknown.json() == unset.json()


async def test_an_unknown_email_takes_as_long_as_a_wrong_password(
    client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    cheap_passwords: PasswordHasher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "_hasher", cheap_passwords)
    await set_password(client)

    async def took(email: str) -> float:
        """Of the processor, which other tests cannot lengthen."""
        times = []
        for _ in range(4):
            began = time.process_time()
            await anonymous.post("/api/v1/session/password", json={"email": email, "password": "x" * 12})
            times.append(time.process_time() - began)
        return min(times)

    await took("warm@example.com")
    known, unknown = await took("owner@localhost"), await took("nobody@example.com")
    assert unknown > known / 4


async def test_failed_tries_make_the_next_one_wait(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, clock: FakeClock
) -> None:
    await set_password(client)
    for _ in range(5):
        assert (await sign_in(anonymous, "wrong horse battery")).status_code == 401
    held = await sign_in(anonymous)
    assert (held.status_code, held.json()["code"]) == (429, "too_many_tries")
    assert int(held.headers["retry-after"]) >= 1
    clock.advance(2)
    assert (await sign_in(anonymous)).status_code == 200


async def test_a_new_password_needs_the_old_one_and_ends_other_sessions(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    await set_password(client)
    await sign_in(anonymous)
    body = {"password": "another horse battery"}
    assert (await client.put("/api/v1/session/password", json=body)).status_code == 403
    changed = await client.put("/api/v1/session/password", json={**body, "current_password": PASSWORD})
    assert changed.status_code == 204
    assert (await client.get("/api/v1/session")).status_code == 200
    assert (await anonymous.get("/api/v1/session")).status_code == 401


async def test_a_short_password_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.put("/api/v1/session/password", json={"password": "short"})
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "password"
    assert "short" not in str(answer.json()["fields"][0]["problem"]).split()


async def test_signing_out_ends_the_session_on_the_server(client: httpx.AsyncClient) -> None:
    cookie = client.cookies[sessions.COOKIE]
    assert (await client.delete("/api/v1/session")).status_code == 204
    client.cookies.set(sessions.COOKIE, cookie)
    assert (await client.get("/api/v1/session")).status_code == 401


async def test_signing_in_again_ends_the_session_before(client: httpx.AsyncClient, db: Database, owner: Member) -> None:
    old = client.cookies[sessions.COOKIE]
    async with db.transaction() as tx:
        token = await sessions.make_link(tx, owner)
    del client.headers["x-quarterdeck-csrf"]
    assert (await client.post("/api/v1/session/link", json={"token": token})).status_code == 200
    async with db.read() as tx:
        assert await sessions.find(tx, old) is None


async def test_a_session_ends_when_it_is_idle_or_old(client: httpx.AsyncClient, clock: FakeClock, app: FastAPI) -> None:
    for _ in range(ABSOLUTE // IDLE):
        clock.advance(IDLE / SECOND - 3600)
        assert (await client.get("/api/v1/session")).status_code == 200
        await asyncio.gather(*app.state.background)
    clock.advance(IDLE / SECOND - 3600)
    assert (await client.get("/api/v1/session")).status_code == 401


async def test_an_idle_session_ends(client: httpx.AsyncClient, clock: FakeClock) -> None:
    clock.advance(IDLE / SECOND + 1)
    assert (await client.get("/api/v1/session")).status_code == 401


async def test_a_write_by_cookie_needs_the_csrf_token(client: httpx.AsyncClient) -> None:
    del client.headers["x-quarterdeck-csrf"]
    answer = await client.post("/api/v1/agents", json={"name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    wrong = await client.post("/api/v1/agents", json={"name": "x"}, headers={"x-quarterdeck-csrf": "guess"})
    assert wrong.status_code == 403
    assert (await client.get("/api/v1/agents")).status_code == 200


async def test_a_write_from_another_origin_is_refused(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, as_agent: AsAgent
) -> None:
    evil = {"origin": "https://evil.example.com"}
    refused = await client.post("/api/v1/agents", json={"name": "x"}, headers=evil)
    assert (refused.status_code, refused.json()["code"]) == (403, "origin")
    assert (await sign_in_from(anonymous, evil)).json()["code"] == "origin"
    assert (await sign_in_from(anonymous, {"origin": "null"})).json()["code"] == "origin"
    assert (await sign_in_from(anonymous, {"sec-fetch-site": "cross-site"})).json()["code"] == "origin"
    own = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
    assert (await client.post("/api/v1/agents", json={"name": "x"}, headers=own)).status_code == 201


async def sign_in_from(client: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response:
    return await client.post("/api/v1/session/link", json={"token": "x"}, headers=headers)


async def test_a_key_wins_over_a_cookie_and_needs_no_csrf_token(client: httpx.AsyncClient, as_agent: AsAgent) -> None:
    agent = await as_agent("research")
    agent.cookies.set(sessions.COOKIE, client.cookies[sessions.COOKIE])
    assert (await agent.post("/api/v1/agent/claim", json={})).status_code == 200
    assert (await agent.get("/api/v1/agents")).status_code == 403


async def test_other_cookies_do_not_disturb(client: httpx.AsyncClient) -> None:
    token = client.cookies[sessions.COOKIE]
    async with browser(client._transport.app) as other:  # type: ignore[attr-defined]
        headers = {"cookie": f'a="x; y"; b={{"json":1}}; {sessions.COOKIE}={token}; c'}
        assert (await other.get("/api/v1/session", headers=headers)).status_code == 200

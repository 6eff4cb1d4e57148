"""/channels: adding, testing and replaying, and what is never shown."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from api_world import AsRole

from quarterdeck.api.services import Services
from quarterdeck.worker.deliveries import Courier


class Hook:
    """A receiver that counts what it gets."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[bytes] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.bodies.append(await reader.read(65_536))
        writer.write(f"HTTP/1.1 {self.status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/path-secret"
    yield made
    server.close()


@pytest.fixture
async def courier(services: Services) -> AsyncIterator[Courier]:
    made = Courier(services.db, services.vault)
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_webhook_is_added_tested_and_never_shows_its_address_again(
    client: httpx.AsyncClient, hook: Hook, courier: Courier
) -> None:
    body = {"name": "ops", "kind": "webhook", "url": hook.url, "shared": True, "allow_private": True}
    added = await client.post("/api/v1/channels", json=body)
    assert added.status_code == 201, added.text
    channel = added.json()
    assert channel["secret"].startswith("whsec_")
    path = f"/api/v1/channels/{channel['id']}"
    tested = await client.post(f"{path}/test?wait_s=20")
    assert tested.json()["state"] == "delivered", tested.text
    assert b"channel.test" in hook.bodies[0]
    everything = (
        (await client.get(path)).text
        + (await client.get("/api/v1/channels")).text
        + (await client.get(f"{path}/deliveries")).text
        + (await client.get("/api/v1/audit")).text
    )
    assert channel["secret"] not in everything
    assert "path-secret" not in everything


async def test_a_test_that_fails_says_why(client: httpx.AsyncClient, hook: Hook, courier: Courier) -> None:
    hook.status = 500
    body = {"name": "ops", "kind": "webhook", "url": hook.url, "shared": True, "allow_private": True}
    channel = (await client.post("/api/v1/channels", json=body)).json()
    tested = (await client.post(f"/api/v1/channels/{channel['id']}/test?wait_s=20")).json()
    assert (tested["state"], tested["attempts"], tested["last_error"]) == ("pending", 1, "It answered 500.")
    assert (await client.get(f"/api/v1/channels/{channel['id']}")).json()["last_error"] == "It answered 500."


async def test_anybody_has_channels_of_their_own_and_only_an_admin_shared_ones(
    client: httpx.AsyncClient, as_role: AsRole
) -> None:
    viewer = await as_role("viewer")
    own = {"name": "mine", "kind": "webhook", "url": "https://example.com/hook"}
    assert (await viewer.post("/api/v1/channels", json={**own, "shared": True})).json()["code"] == "admin_needed"
    refused = await viewer.post("/api/v1/channels", json={**own, "allow_private": True})
    assert refused.json()["code"] == "admin_needed"
    made = (await viewer.post("/api/v1/channels", json=own)).json()
    assert (await client.get(f"/api/v1/channels/{made['id']}")).status_code == 404
    assert (await client.get("/api/v1/channels")).json()["items"] == []
    shared = (await client.post("/api/v1/channels", json={**own, "name": "ops", "shared": True})).json()
    assert {row["name"] for row in (await viewer.get("/api/v1/channels")).json()["items"]} == {"mine", "ops"}
    assert (await viewer.patch(f"/api/v1/channels/{shared['id']}", json={"enabled": False})).status_code == 403
    assert (await viewer.get(f"/api/v1/channels/{shared['id']}/deliveries")).status_code == 403


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("webhook", "http://127.0.0.1/x"),
        ("webhook", "http://2130706433/x"),
        ("webhook", "http://[::1]/x"),
        ("webhook", "http://metadata.google.internal/"),
        ("webhook", "ftp://example.com/"),
        ("webhook", "https://user:pass@example.com/"),
        ("webhook", "not a url"),
        ("apprise", "syslog://"),
        ("apprise", "dbus://"),
        ("apprise", "https://example.com/"),
        ("apprise", "json://169.254.169.254/latest"),
        ("apprise", "slack://T/A/x?template=/etc/passwd"),
        ("apprise", "nosuchservice://x"),
    ],
)
async def test_an_address_that_cannot_or_may_not_be_is_refused(client: httpx.AsyncClient, kind: str, url: str) -> None:
    answer = await client.post("/api/v1/channels", json={"name": "x", "kind": kind, "url": url, "shared": True})
    assert answer.status_code == 400, answer.text
    assert answer.json()["field"] == "url"


async def test_apprise_says_what_it_takes_an_address_for(client: httpx.AsyncClient) -> None:
    url = "mailto://user:pass-word@example.com?to=sam@example.com"
    made = await client.post("/api/v1/channels", json={"name": "mail", "kind": "apprise", "url": url})
    assert made.status_code == 201, made.text
    assert made.json()["shown"] == "E-Mail (mailto://…)"
    assert "pass-word" not in made.text


async def test_names_are_unique_and_versions_are_heeded(client: httpx.AsyncClient) -> None:
    body = {"name": "Ops", "kind": "webhook", "url": "https://example.com/hook", "shared": True}
    made = (await client.post("/api/v1/channels", json=body)).json()
    assert (await client.post("/api/v1/channels", json={**body, "name": "ops"})).json()["code"] == "name_taken"
    path = f"/api/v1/channels/{made['id']}"
    assert (await client.patch(path, json={"kinds": ["task.*"]}, headers={"if-match": '"1"'})).json()["version"] == 2
    assert (await client.patch(path, json={"enabled": False}, headers={"if-match": '"1"'})).status_code == 409
    assert (await client.patch(path, json={"kinds": ["Task; drop"]})).status_code == 400
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_what_is_not_dead_cannot_be_replayed(client: httpx.AsyncClient) -> None:
    body = {"name": "Ops", "kind": "webhook", "url": "https://example.com/hook", "shared": True}
    made = (await client.post("/api/v1/channels", json=body)).json()
    assert (await client.post(f"/api/v1/channels/{made['id']}/replay")).status_code == 404


async def test_a_browser_subscribes_with_the_key_of_the_workspace(client: httpx.AsyncClient, as_role: AsRole) -> None:
    key = (await client.get("/api/v1/channels/push/key")).json()["key"]
    assert (await client.get("/api/v1/channels/push/key")).json()["key"] == key
    keys = {"p256dh": key, "auth": "BTBZMqHH6r4Tts7J_aSIgg"}
    body = {"name": "Chrome on Linux", "endpoint": "https://push.example.com/secret-part", "keys": keys}
    made = await client.post("/api/v1/channels/push", json=body)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["kind"], shown["shared"], shown["shown"]) == ("push", False, "push.example.com")
    assert "secret-part" not in (await client.get("/api/v1/channels")).text
    other = await as_role("viewer")
    assert (await other.get("/api/v1/channels")).json()["items"] == []
    assert (await other.post("/api/v1/channels/push", json=body)).status_code == 201
    bad = await client.post("/api/v1/channels/push", json={**body, "endpoint": "http://127.0.0.1/x"})
    assert (bad.status_code, bad.json()["field"]) == (400, "endpoint")

"""A2A's push notifications: a peer names an address, and is told there how its task stands."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from a2a.client import Client, ClientConfig, create_client
from a2a.helpers import new_text_part
from a2a.types import a2a_pb2 as pb
from a2a.utils.errors import InvalidParamsError, TaskNotFoundError
from api_world import AsAgent, AsRole, with_key
from fastapi import FastAPI

from quarterdeck.access import keyring
from quarterdeck.access.keyring import Holder
from quarterdeck.access.members import Member
from quarterdeck.api.a2a.pushing import Pusher
from quarterdeck.api.services import Services
from quarterdeck.control.notifications.fan_out import fan_out
from quarterdeck.db import Database
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.worker.deliveries import post
from quarterdeck.worker.notifying import _follow


@dataclass
class Hook:
    """The peer's receiver; `status` is what it answers."""

    status: int = 200
    url: str = ""
    heads: list[str] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length:"))
        self.heads.append(head)
        self.told.append(json.loads(await reader.readexactly(size)))
        writer.write(f"HTTP/1.1 {self.status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    def states(self) -> list[str]:
        return [one["task"]["status"]["state"].removeprefix("TASK_STATE_") for one in self.told]


@pytest.fixture
async def hook(app: FastAPI) -> AsyncIterator[Hook]:
    made = Hook()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    made.url = f"http://127.0.0.1:{port}/told?secret=of-the-peer"
    app.state.push_hosts = frozenset({f"127.0.0.1:{port}"})
    yield made
    server.close()


@pytest.fixture
async def pusher(app: FastAPI, services: Services, hook: Hook) -> Pusher:
    await fan_out(services.db, "http://q")
    return Pusher(services.db, services.vault, "http://127.0.0.1:8787", post, app.state.push_hosts)


@pytest.fixture
async def peer(app: FastAPI, db: Database, owner: Member) -> AsyncIterator[Client]:
    async with db.transaction() as tx:
        issued = await keyring.issue(tx, Holder(owner.workspace_id, member_id=owner.id))
    async with with_key(app, issued.secret) as http:
        card = pb.AgentCard(
            name="deck",
            supported_interfaces=[
                pb.AgentInterface(url="http://quarterdeck.test/a2a", protocol_binding="JSONRPC", protocol_version="1.0")
            ],
            capabilities=pb.AgentCapabilities(push_notifications=True),
        )
        async with await create_client(card, ClientConfig(streaming=False, httpx_client=http)) as client:
            yield client


async def _told(db: Database, pusher: Pusher) -> None:
    """All that has happened is followed, and all that is due has been tried once."""
    while await fan_out(db, "http://q", follow=_follow):
        pass
    await pusher.push_due()


async def _sent(peer: Client, push: pb.TaskPushNotificationConfig | None = None) -> str:
    said = pb.Message(message_id=uuid.uuid4().hex, role=pb.ROLE_USER, parts=[new_text_part("Write it.")])
    how = pb.SendMessageConfiguration(return_immediately=True, task_push_notification_config=push)
    (answer,) = [each async for each in peer.send_message(pb.SendMessageRequest(message=said, configuration=how))]
    return answer.task.id


async def test_a_peer_is_told_of_every_change_that_it_has_not_been_told_of(
    peer: Client, pusher: Pusher, hook: Hook, db: Database, client: httpx.AsyncClient, as_agent: AsAgent
) -> None:
    bearer = pb.AuthenticationInfo(scheme="Bearer", credentials="the-peers-own")
    push = pb.TaskPushNotificationConfig(url=hook.url, token="it-is-me", authentication=bearer)
    task = await _sent(peer, push)
    await _told(db, pusher)
    assert hook.states() == ["SUBMITTED"]
    assert "x-a2a-notification-token: it-is-me" in hook.heads[0]
    assert "authorization: bearer the-peers-own" in hook.heads[0]
    assert "content-type: application/a2a+json" in hook.heads[0]
    await _told(db, pusher)
    assert len(hook.told) == 1
    agent = await as_agent("writer")
    run = (await agent.post("/api/v1/agent/claim")).json()["run"]["id"]
    await agent.post(f"/api/v1/runs/{run}/deliverables", json={"name": "Poem", "text": "sea, me"})
    await _told(db, pusher)
    assert hook.states() == ["SUBMITTED", "WORKING"]
    assert hook.told[-1]["task"]["artifacts"][0]["parts"][0]["text"] == "sea, me"
    await agent.post(f"/api/v1/runs/{run}/finish", json={"outcome": "succeeded"})
    await client.post(f"/api/v1/tasks/{task}/reviews", json={"verdict": "approve"})
    await _told(db, pusher)
    assert hook.states()[-1] == "COMPLETED"


async def test_a_receiver_that_fails_is_told_again_how_it_stands_by_then(
    peer: Client, pusher: Pusher, hook: Hook, db: Database, client: httpx.AsyncClient, clock: FakeClock
) -> None:
    hook.status = 503
    task = await _sent(peer, pb.TaskPushNotificationConfig(url=hook.url))
    await _told(db, pusher)
    assert await pusher.push_due() == 0, "it waits before it tries again"
    hook.status = 200
    clock.advance(3_600)
    assert await pusher.push_due() == 1
    assert hook.states() == ["SUBMITTED", "SUBMITTED"]
    hook.status = 410
    await client.post(f"/api/v1/tasks/{task}/move", json={"to": "cancelled"})
    await _told(db, pusher)
    clock.advance(10 * 24 * 3_600)
    assert await pusher.push_due() == 0, "who says gone is told no more"


async def test_what_is_set_is_listed_without_its_secrets_by_its_owner_and_taken_away(
    peer: Client, pusher: Pusher, hook: Hook, db: Database, client: httpx.AsyncClient
) -> None:
    task = await _sent(peer)
    wanted = pb.TaskPushNotificationConfig(task_id=task, id="mine", url=hook.url, token="it-is-me")
    made = await peer.create_task_push_notification_config(wanted)
    assert (made.id, made.task_id, made.token) == ("mine", task, "")
    assert "of-the-peer" not in made.url
    again = await peer.create_task_push_notification_config(wanted)
    asked = pb.ListTaskPushNotificationConfigsRequest(task_id=task)
    assert list((await peer.list_task_push_notification_configs(asked)).configs) == [again]
    one = pb.GetTaskPushNotificationConfigRequest(task_id=task, id="mine")
    assert await peer.get_task_push_notification_config(one) == again
    await peer.delete_task_push_notification_config(pb.DeleteTaskPushNotificationConfigRequest(task_id=task, id="mine"))
    with pytest.raises(TaskNotFoundError):
        await peer.get_task_push_notification_config(one)
    await _told(db, pusher)
    assert hook.told == []
    audited = (await client.get("/api/v1/audit")).text
    assert "peer.push_set" in audited and "of-the-peer" not in audited and "it-is-me" not in audited


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "http://169.254.169.254/x", "ftp://example.com/x", "no url"])
async def test_nobody_is_told_inside_our_network(peer: Client, hook: Hook, url: str) -> None:
    task = await _sent(peer)
    with pytest.raises(InvalidParamsError):
        await peer.create_task_push_notification_config(pb.TaskPushNotificationConfig(task_id=task, url=url))


async def test_who_may_only_read_sets_nothing_and_sees_nobody_elses(peer: Client, hook: Hook, as_role: AsRole) -> None:
    task = await _sent(peer, pb.TaskPushNotificationConfig(url=hook.url))
    viewer = await as_role("viewer")

    async def ask(method: str, params: dict[str, Any]) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        found: dict[str, Any] = (await viewer.post("/a2a", json=body, headers={"a2a-version": "1.0"})).json()
        return found

    refused = await ask("CreateTaskPushNotificationConfig", {"taskId": task, "url": hook.url})
    assert "permission 'work'" in refused["error"]["message"]
    assert (await ask("ListTaskPushNotificationConfigs", {"taskId": task}))["result"].get("configs", []) == []

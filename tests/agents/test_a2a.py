"""/a2a, by the official SDK's client: a foreign agent hands us a task, follows it, answers, and gets the result."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from a2a.client import Client, ClientConfig, create_client
from a2a.helpers import get_artifact_text, get_message_text, new_data_part, new_raw_part, new_text_part
from a2a.types import a2a_pb2 as pb
from a2a.utils.errors import (
    A2AError,
    ContentTypeNotSupportedError,
    InvalidParamsError,
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from agents_world import AgentKey, Connect, World, web
from system_world import PATIENCE_S

OWNER = "owner-token-for-tests-only"


@asynccontextmanager
async def _peer(
    world: World, agent: AgentKey | None = None, *, streaming: bool = False, binding: str = "JSONRPC"
) -> AsyncIterator[Client]:
    """The client of a foreign agent, that has found ours by its card."""
    place = world.url if agent is None else f"{world.url}/a2a/agents/{agent.name}"
    async with (
        httpx.AsyncClient(headers={"authorization": f"Bearer {OWNER}"}, timeout=90) as http,
        await create_client(
            place, ClientConfig(streaming, httpx_client=http, supported_protocol_bindings=[binding])
        ) as client,
    ):
        yield client


def _say(*parts: pb.Part | str, task_id: str = "", context_id: str = "", at_once: bool = True) -> pb.SendMessageRequest:
    message = pb.Message(
        message_id=uuid.uuid4().hex,
        role=pb.ROLE_USER,
        parts=[new_text_part(part) if isinstance(part, str) else part for part in parts],
        task_id=task_id,
        context_id=context_id,
    )
    return pb.SendMessageRequest(message=message, configuration=pb.SendMessageConfiguration(return_immediately=at_once))


async def _answers(client: Client, request: pb.SendMessageRequest) -> list[pb.StreamResponse]:
    return [each async for each in client.send_message(request)]


async def _task(client: Client, request: pb.SendMessageRequest) -> pb.Task:
    (answer,) = await _answers(client, request)
    return answer.task


async def test_a_peer_hands_over_a_task_answers_a_question_and_gets_the_result(world: World, connect: Connect) -> None:
    agent = world.agent()
    async with _peer(world, agent) as client:
        task = await _task(client, _say("# Tariff background\n\nCollect the changes of 2026.", new_data_part({"n": 3})))
        assert task.status.state == pb.TASK_STATE_SUBMITTED
        assert task.context_id.startswith("ctx_")
        seen = world.see_task(task.id)
        assert (seen["title"], seen["agent"]["name"]) == ("Tariff background", agent.name)
        assert '"n": 3' in seen["brief"]

        run = await asyncio.to_thread(connect(agent).claim, wait_s=50, environment=False)
        assert run.task.id == task.id
        assert (await client.get_task(pb.GetTaskRequest(id=task.id))).status.state == pb.TASK_STATE_WORKING
        asking = asyncio.create_task(asyncio.to_thread(run.ask, "Which region?", options=["EU", "US"], wait_s=50))
        waits = await _until(client, task.id, pb.TASK_STATE_INPUT_REQUIRED)
        assert "Which region?" in get_message_text(waits.status.message)
        await _answers(client, _say("EU", task_id=task.id, context_id=task.context_id))
        assert await asking == "EU"
        await asyncio.to_thread(run.deliver, "background", "# Changes\n\nThree of them.")
        await asyncio.to_thread(run.deliver, "figures", {"changes": 3})
        await asyncio.to_thread(run.finish, "Collected.")

        # Nobody has accepted it yet.
        reviewed = await client.get_task(pb.GetTaskRequest(id=task.id))
        assert (reviewed.status.state, "in review" in get_message_text(reviewed.status.message)) == (
            pb.TASK_STATE_WORKING,
            True,
        )
        world.system.post(f"/api/v1/tasks/{task.id}/reviews", {"verdict": "approve"})
        done = await client.get_task(pb.GetTaskRequest(id=task.id))
        assert done.status.state == pb.TASK_STATE_COMPLETED
        artifacts = {one.name: one for one in done.artifacts}
        assert get_artifact_text(artifacts["background"]) == "# Changes\n\nThree of them."
        assert artifacts["figures"].parts[0].data.struct_value["changes"] == 3
        assert artifacts["background"].metadata["draft"] is False
        assert done.history[0].role == pb.ROLE_USER
        with pytest.raises(A2AError):
            await _answers(client, _say("One more thing", task_id=task.id))


async def test_a_stream_tells_every_change_until_the_task_is_over(world: World, connect: Connect) -> None:
    agent = world.agent()
    async with _peer(world, agent, streaming=True) as client:
        first = _Follower(client.send_message(_say("Draft it.", at_once=False)))
        task = (await first.until("task")).task
        second = _Follower(client.subscribe(pb.SubscribeToTaskRequest(id=task.id)))
        await second.until("task")
        # Who follows is told what is so by then: each step waits until the one before was heard of.
        run = await asyncio.to_thread(connect(agent).claim, wait_s=50, environment=False)
        assert (await first.until("status_update")).status_update.status.state == pb.TASK_STATE_WORKING
        await asyncio.to_thread(run.deliver, "draft", "First words.", draft=True)
        await first.until("artifact_update")
        await asyncio.to_thread(run.deliver, "draft", "All the words.")
        await asyncio.to_thread(run.finish, "Drafted.")
        await asyncio.to_thread(world.system.post, f"/api/v1/tasks/{task.id}/reviews", {"verdict": "approve"})
        for follower in (first, second):
            told = await follower.whole()
            assert told[0].WhichOneof("payload") == "task"
            assert told[-1].status_update.status.state == pb.TASK_STATE_COMPLETED
        with pytest.raises(UnsupportedOperationError):
            await _all(client.subscribe(pb.SubscribeToTaskRequest(id=task.id)))


async def test_who_waits_gets_the_result_in_one_answer(world: World, connect: Connect) -> None:
    agent = world.agent()
    async with _peer(world, agent) as client:
        waiting = asyncio.create_task(_task(client, _say("Do it while I wait.", at_once=False)))
        run = await asyncio.to_thread(connect(agent).claim, wait_s=50, environment=False)
        await asyncio.to_thread(run.finish, "Done.")
        await asyncio.to_thread(world.system.post, f"/api/v1/tasks/{run.task.id}/reviews", {"verdict": "approve"})
        assert (await asyncio.wait_for(waiting, PATIENCE_S)).status.state == pb.TASK_STATE_COMPLETED


async def test_an_action_that_a_person_must_approve_is_seen_by_the_peer(world: World, connect: Connect) -> None:
    agent = world.agent()
    async with _peer(world, agent) as client:
        task = await _task(client, _say("Send it."))
        run = await asyncio.to_thread(connect(agent).claim, wait_s=50, environment=False)
        headers = {"authorization": f"Bearer {run.run_key}"}
        body = {"action": "send the mail to all customers", "payload": {"to": "all"}}
        web.post(f"{world.url}/api/v1/runs/{run.id}/approvals", json=body, headers=headers).raise_for_status()
        waits = await _until(client, task.id, pb.TASK_STATE_AUTH_REQUIRED)
        assert "send the mail to all customers" in get_message_text(waits.status.message)


async def test_a_cancelled_task_stops_its_run(world: World, connect: Connect) -> None:
    agent = world.agent()
    async with _peer(world, agent) as client:
        task = await _task(client, _say("Begin."))
        run = await asyncio.to_thread(connect(agent).claim, wait_s=50, environment=False)
        gone = await client.cancel_task(pb.CancelTaskRequest(id=task.id))
        assert gone.status.state == pb.TASK_STATE_CANCELED
        assert world.see_run(run.id)["state"] == "cancelled"
        with pytest.raises(TaskNotCancelableError):
            await client.cancel_task(pb.CancelTaskRequest(id=task.id))


async def test_a_peer_that_speaks_http_and_json_does_the_same(world: World, connect: Connect) -> None:
    agent = world.agent()
    async with _peer(world, agent, streaming=True, binding="HTTP+JSON") as client:
        sending = _Follower(client.send_message(_say("Write it.", at_once=False)))
        assert (await sending.until("task")).task.status.state == pb.TASK_STATE_SUBMITTED
        run = await asyncio.to_thread(connect(agent).claim, wait_s=50, environment=False)
        await asyncio.to_thread(run.deliver, "poem", "sea, me")
        await asyncio.to_thread(run.finish, "Written.")
        world.system.post(f"/api/v1/tasks/{run.task.id}/reviews", {"verdict": "approve"})
        updates = await sending.whole()
        assert updates[-1].status_update.status.state == pb.TASK_STATE_COMPLETED
        done = await client.get_task(pb.GetTaskRequest(id=run.task.id))
        assert [get_artifact_text(one) for one in done.artifacts] == ["sea, me"]
        second = updates[0].task.context_id
        listed = await client.list_tasks(pb.ListTasksRequest(context_id=second))
        assert [one.id for one in listed.tasks] == [run.task.id]
        with pytest.raises(TaskNotCancelableError):
            await client.cancel_task(pb.CancelTaskRequest(id=run.task.id))
        with pytest.raises(TaskNotFoundError):
            await client.get_task(pb.GetTaskRequest(id="tsk_nobody"))
    headers = {"authorization": f"Bearer {OWNER}"}
    assert web.get(f"{world.url}/a2a/nothing/here", headers=headers).json()["code"] == "not_found"


async def test_the_same_message_again_makes_no_second_task(world: World) -> None:
    agent = world.agent()
    request = _say("Only once.")
    async with _peer(world, agent) as client:
        first, again = await _task(client, request), await _task(client, request)
        assert first.id == again.id
        listed = await client.list_tasks(pb.ListTasksRequest())
        assert [one.id for one in listed.tasks] == [first.id]


async def test_tasks_are_listed_by_context_state_and_page(world: World, connect: Connect) -> None:
    agent = world.agent()
    async with _peer(world, agent) as client:
        one = await _task(client, _say("First."))
        two = await _task(client, _say("Second.", context_id=one.context_id))
        other = await _task(client, _say("Third."))
        same = await client.list_tasks(pb.ListTasksRequest(context_id=one.context_id))
        assert [task.id for task in same.tasks] == [two.id, one.id]
        page = await client.list_tasks(pb.ListTasksRequest(page_size=2))
        assert ([task.id for task in page.tasks], page.total_size) == ([other.id, two.id], 3)
        rest = await client.list_tasks(pb.ListTasksRequest(page_size=2, page_token=page.next_page_token))
        assert ([task.id for task in rest.tasks], rest.next_page_token) == ([one.id], "")
        await asyncio.to_thread(connect(agent).claim, wait_s=50, environment=False)
        working = await client.list_tasks(pb.ListTasksRequest(status=pb.TASK_STATE_WORKING))
        assert [task.id for task in working.tasks] == [one.id]
        with pytest.raises(InvalidParamsError):
            await client.list_tasks(pb.ListTasksRequest(page_size=1000))


async def test_what_cannot_be_is_refused_in_the_protocols_words(world: World) -> None:
    agent, other = world.agent(), world.agent()
    async with _peer(world, agent) as client, _peer(world, other) as stranger:
        task = await _task(client, _say("Mine."))
        with pytest.raises(TaskNotFoundError):
            await client.get_task(pb.GetTaskRequest(id="tsk_nobody"))
        with pytest.raises(TaskNotFoundError):
            await stranger.get_task(pb.GetTaskRequest(id=task.id))
        with pytest.raises(ContentTypeNotSupportedError):
            await _answers(client, _say(new_raw_part(b"\x00", media_type="image/png")))
        with pytest.raises(InvalidParamsError):
            await _answers(client, _say("   "))


def test_cards_say_who_takes_work_and_how(world: World) -> None:
    agent = world.agent()
    card = web.get(f"{world.url}/.well-known/agent-card.json").json()
    url = f"{world.url}/a2a"
    assert card["supportedInterfaces"] == [
        {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
        {"url": url, "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0"},
    ]
    assert [skill["id"] for skill in card["skills"]] == ["task"], "the public card names no agent"
    headers = {"authorization": f"Bearer {OWNER}"}
    place = f"{world.url}/a2a/agents/{agent.name}/.well-known/agent-card.json"
    own = web.get(place, headers=headers).json()
    assert (own["name"], own["supportedInterfaces"][0]["url"]) == (agent.name, f"{world.url}/a2a/agents/{agent.name}")
    assert web.get(place).status_code == 401
    nobody = f"{world.url}/a2a/agents/nobody/.well-known/agent-card.json"
    assert web.get(nobody, headers=headers).status_code == 404


async def test_the_extended_card_names_every_agent(world: World) -> None:
    agent = world.agent()
    async with _peer(world) as client:
        card = await client.get_extended_agent_card(pb.GetExtendedAgentCardRequest())
    assert agent.name in {skill.name for skill in card.skills}


def test_nobody_and_agents_keys_are_kept_out(world: World) -> None:
    agent = world.agent()
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "ListTasks", "params": {}}
    with_key = {"authorization": f"Bearer {agent.key}", "a2a-version": "1.0"}
    assert web.post(f"{world.url}/a2a", json=body, headers=with_key).status_code == 403
    assert web.post(f"{world.url}/a2a", json=body).status_code == 401


class _Follower:
    """Reads a stream on its own; what it was told so far, and what comes."""

    def __init__(self, stream: AsyncIterator[pb.StreamResponse]) -> None:
        self._told: list[pb.StreamResponse] = []
        self._more = asyncio.Event()
        self._looked = 0
        self._following = asyncio.create_task(self._follow(stream))

    async def _follow(self, stream: AsyncIterator[pb.StreamResponse]) -> None:
        async for each in stream:
            self._told.append(each)
            self._more.set()

    async def until(self, kind: str) -> pb.StreamResponse:
        """The next of that kind."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for each in self._told[self._looked :]:
                    self._looked += 1
                    if each.WhichOneof("payload") == kind:
                        return each
                self._more.clear()
                await self._more.wait()

    async def whole(self) -> list[pb.StreamResponse]:
        """All of it, once it has ended."""
        await asyncio.wait_for(self._following, PATIENCE_S)
        return self._told


async def _all(stream: AsyncIterator[pb.StreamResponse]) -> list[pb.StreamResponse]:
    return [each async for each in stream]


async def _until(client: Client, task_id: str, state: int) -> pb.Task:
    async with asyncio.timeout(PATIENCE_S):
        while (task := await client.get_task(pb.GetTaskRequest(id=task_id))).status.state != state:
            await asyncio.sleep(0.1)
    return task

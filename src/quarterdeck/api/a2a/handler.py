"""A2A's methods, mapped onto tasks and runs. Our errors become A2A's."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from a2a.helpers import get_data_parts, get_text_parts, get_url_parts
from a2a.server.context import ServerCallContext
from a2a.server.request_handlers.request_handler import RequestHandler
from a2a.types import a2a_pb2 as pb
from a2a.utils import errors as a2a
from google.protobuf.json_format import MessageToDict
from starlette.datastructures import State

from quarterdeck.access.actors import Actor, Permission, require
from quarterdeck.api.a2a.cards import agent_card, deck_card
from quarterdeck.api.a2a.shown import STATE_OF, Shown, shown
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.agents.model import Agent, Desired
from quarterdeck.control.peers import actions, pushes, store
from quarterdeck.control.peers.model import SETTLED, TERMINAL, PeerMessage
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks.api import stop_run
from quarterdeck.control.tasks.model import TaskState
from quarterdeck.db import Transaction
from quarterdeck.db.outbox import EventFeed, StoredEvent
from quarterdeck.kernel.errors import Changed, Invalid, NotFound, QuarterdeckError
from quarterdeck.kernel.ids import new_id

WAIT_S = 50.0
"""How long a peer that wants the result is held; after it, it gets the task as it stands, and asks again."""
LOOK_AGAIN_S = 15.0
PAGE = 50
MAX_PAGE = 100
log = logging.getLogger("quarterdeck.a2a")
P = ParamSpec("P")
T = TypeVar("T")
Update = pb.Task | pb.TaskStatusUpdateEvent | pb.TaskArtifactUpdateEvent


@contextmanager
def _told() -> Iterator[None]:
    """Our errors in A2A's words; what nobody expected becomes an id to look for in the log, and nothing else."""
    try:
        yield
    except a2a.A2AError:
        raise
    except NotFound as error:
        raise a2a.TaskNotFoundError(error.message) from None
    except Invalid as error:
        raise a2a.InvalidParamsError(error.message) from None
    except Changed as error:
        raise a2a.UnsupportedOperationError(error.message, {"code": error.code}) from None
    except QuarterdeckError as error:
        raise a2a.InvalidRequestError(error.message, {"code": error.code}) from None
    except Exception:
        error_id = new_id("err")
        log.exception("a2a_failed id=%s", error_id)
        raise a2a.InternalError(f"Something went wrong here. The server's log has it under {error_id}.") from None


def _answering(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    @wraps(method)
    async def called(*args: P.args, **kwargs: P.kwargs) -> T:
        with _told():
            return await method(*args, **kwargs)

    return called


def _streaming(method: Callable[P, AsyncGenerator[T, None]]) -> Callable[P, AsyncGenerator[T, None]]:
    @wraps(method)
    async def called(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[T, None]:
        with _told():
            async for each in method(*args, **kwargs):
                yield each

    return called


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and which agent it speaks to; None: the whole deck."""

    actor: Actor
    agent: str | None


class Handler(RequestHandler):
    """One per application."""

    def __init__(self, state: State) -> None:
        self._state = state

    @_answering
    async def on_message_send(self, params: pb.SendMessageRequest, context: ServerCallContext) -> pb.Task:
        caller = _caller(context)
        task_id = await self._receive(caller, params)
        history = _history(params.configuration)
        if params.configuration.return_immediately:
            return (await self._look(caller, task_id, history)).message
        last: Shown | None = None
        async for seen in self._watch(caller, task_id, history, WAIT_S):
            last = seen
            if seen.state in SETTLED:
                break
        assert last is not None
        return last.message

    @_streaming
    async def on_message_send_stream(
        self, params: pb.SendMessageRequest, context: ServerCallContext
    ) -> AsyncGenerator[Any, None]:
        caller = _caller(context)
        task_id = await self._receive(caller, params)
        async for update in self._updates(caller, task_id, _history(params.configuration)):
            yield update

    @_streaming
    async def on_subscribe_to_task(
        self, params: pb.SubscribeToTaskRequest, context: ServerCallContext
    ) -> AsyncGenerator[Any, None]:
        caller = _caller(context)
        seen = await self._look(caller, params.id, None)
        if seen.state in TERMINAL:
            raise a2a.UnsupportedOperationError(f"{seen.task.ref} is over; there is nothing to follow.")
        async for update in self._updates(caller, params.id, None):
            yield update

    @_answering
    async def on_get_task(self, params: pb.GetTaskRequest, context: ServerCallContext) -> pb.Task:
        history = params.history_length if params.HasField("history_length") else None
        return (await self._look(_caller(context), params.id, history)).message

    @_answering
    async def on_list_tasks(self, params: pb.ListTasksRequest, context: ServerCallContext) -> pb.ListTasksResponse:
        caller = _caller(context)
        limit = params.page_size if params.HasField("page_size") else PAGE
        if not 1 <= limit <= MAX_PAGE:
            raise a2a.InvalidParamsError(f"page_size is 1 to {MAX_PAGE}.")
        if params.page_token and not params.page_token.isdecimal():
            raise a2a.InvalidParamsError("page_token is the next_page_token of a page before.")
        before = int(params.page_token[:10]) if params.page_token else None
        history = params.history_length if params.HasField("history_length") else 0
        async with self._state.db.read() as tx:
            agent = await _agent(tx, caller)
            which = store.PeerFilter(None if agent is None else agent.id, params.context_id or None)
            page = await store.page(tx, caller.actor.workspace_id, which, limit=limit, before=before)
            total = await store.count(tx, caller.actor.workspace_id, which)
            seen = [
                await shown(tx, task, self._base_url, history=history, artifacts=params.include_artifacts)
                for task in page.items
            ]
        if params.status:
            seen = [one for one in seen if one.state is STATE_OF.get(params.status)]
        if params.HasField("status_timestamp_after"):
            after = params.status_timestamp_after.ToMicroseconds()
            seen = [one for one in seen if one.task.state_since > after]
        return pb.ListTasksResponse(
            tasks=[one.message for one in seen], next_page_token=page.next or "", page_size=limit, total_size=total
        )

    @_answering
    async def on_cancel_task(self, params: pb.CancelTaskRequest, context: ServerCallContext) -> pb.Task:
        caller = _caller(context)
        actor = require(caller.actor, Permission.WORK)
        seen = await self._look(caller, params.id, None)
        if seen.state in TERMINAL:
            raise a2a.TaskNotCancelableError(f"{seen.task.ref} is over already.")
        async with self._state.db.transaction() as tx:
            before = await task_actions.locked(tx, actor.workspace_id, params.id)
            await task_actions.move(tx, actor.workspace_id, params.id, TaskState.CANCELLED, actor=actor.id)
        await stop_run(self._state.gateways, before.run_id, still=None)
        return (await self._look(caller, params.id, None)).message

    @_answering
    async def on_get_extended_agent_card(
        self, params: pb.GetExtendedAgentCardRequest, context: ServerCallContext
    ) -> pb.AgentCard:
        return await self.card(_caller(context))

    @_answering
    async def on_create_task_push_notification_config(
        self, params: pb.TaskPushNotificationConfig, context: ServerCallContext
    ) -> pb.TaskPushNotificationConfig:
        caller = _caller(context)
        await self._look(caller, params.task_id, 0)
        return _config(await self._tell(caller, params.task_id, params))

    @_answering
    async def on_get_task_push_notification_config(
        self, params: pb.GetTaskPushNotificationConfigRequest, context: ServerCallContext
    ) -> pb.TaskPushNotificationConfig:
        async with self._state.db.read() as tx:
            return _config(await pushes.get(tx, _caller(context).actor, params.task_id, params.id))

    @_answering
    async def on_list_task_push_notification_configs(
        self, params: pb.ListTaskPushNotificationConfigsRequest, context: ServerCallContext
    ) -> pb.ListTaskPushNotificationConfigsResponse:
        async with self._state.db.read() as tx:
            found = await pushes.of_task(tx, _caller(context).actor, params.task_id)
        return pb.ListTaskPushNotificationConfigsResponse(configs=[_config(one) for one in found])

    @_answering
    async def on_delete_task_push_notification_config(
        self, params: pb.DeleteTaskPushNotificationConfigRequest, context: ServerCallContext
    ) -> None:
        async with self._state.db.transaction() as tx:
            await pushes.remove(tx, _caller(context).actor, params.task_id, params.id)

    async def card(self, caller: Caller) -> pb.AgentCard:
        """The card of the agent the caller speaks to, or of the deck with every agent in it."""
        about = self._state.about
        async with self._state.db.read() as tx:
            agent = await _agent(tx, caller)
            if agent is not None:
                return agent_card(about.gateway_url, about.version, agent)
            everyone = await agent_store.page(tx, caller.actor.workspace_id, limit=PAGE)
        enabled = [one for one in everyone.items if one.desired is Desired.ENABLED]
        return deck_card(about.gateway_url, about.version, enabled)

    @property
    def _base_url(self) -> str:
        return str(self._state.about.gateway_url)

    async def _receive(self, caller: Caller, params: pb.SendMessageRequest) -> str:
        actor = require(caller.actor, Permission.WORK)
        async with self._state.db.transaction() as tx:
            agent = await _agent(tx, caller)
            task = await actions.receive(
                tx, actor, _message(params.message), agent_id=None if agent is None else agent.id
            )
        if params.configuration.HasField("task_push_notification_config"):
            await self._tell(caller, task.id, params.configuration.task_push_notification_config)
        return task.id

    async def _tell(self, caller: Caller, task_id: str, said: pb.TaskPushNotificationConfig) -> pushes.Push:
        """Let the peer be told of the task from now on."""
        actor = require(caller.actor, Permission.WORK)
        by = said.authentication
        target = pushes.Target(said.url, said.token or None, by.scheme or None, by.credentials or None)
        async with self._state.db.transaction() as tx:
            return await pushes.put(tx, actor, self._state.vault, task_id, said.id, target, self._state.push_hosts)

    async def _look(self, caller: Caller, task_id: str, history: int | None) -> Shown:
        """Raises TaskNotFoundError, for another agent's task too."""
        async with self._state.db.read() as tx:
            agent = await _agent(tx, caller)
            try:
                task = await task_actions.get(tx, caller.actor.workspace_id, task_id)
            except NotFound:
                raise a2a.TaskNotFoundError(f"There is no task {task_id}.") from None
            if agent is not None and task.agent_id != agent.id:
                raise a2a.TaskNotFoundError(f"{agent.name} has no task {task_id}.")
            return await shown(tx, task, self._base_url, history=history)

    async def _watch(
        self, caller: Caller, task_id: str, history: int | None, wait_s: float | None
    ) -> AsyncIterator[Shown]:
        """The task now, and again whenever something happened to it, for `wait_s` seconds or for good."""
        loop = asyncio.get_running_loop()
        deadline = None if wait_s is None else loop.time() + wait_s
        feed: EventFeed = self._state.feed
        async with feed.subscribe(caller.actor.workspace_id) as subscription:
            yield await self._look(caller, task_id, history)
            while not subscription.over and (deadline is None or loop.time() < deadline):
                left = LOOK_AGAIN_S if deadline is None else min(LOOK_AGAIN_S, deadline - loop.time())
                happened = await subscription.next(max(0.0, left))
                if any(_concerns(event, task_id) for event in happened):
                    yield await self._look(caller, task_id, history)

    async def _updates(self, caller: Caller, task_id: str, history: int | None) -> AsyncGenerator[Update, None]:
        """First the task, then what changes of it, until it is over or waits for the peer."""
        before: Shown | None = None
        async for seen in self._watch(caller, task_id, history, None):
            if before is None:
                yield seen.message
            else:
                for update in _changes(before, seen):
                    yield update
            before = seen
            if seen.state in SETTLED:
                return


def _changes(before: Shown, now: Shown) -> list[Update]:
    """What differs, artifacts first, so that nothing comes after the end."""
    task = now.message
    had = {one.artifact_id: one for one in before.message.artifacts}
    found: list[Update] = [
        pb.TaskArtifactUpdateEvent(task_id=task.id, context_id=task.context_id, artifact=one, last_chunk=True)
        for one in task.artifacts
        if had.get(one.artifact_id) != one
    ]
    if before.message.status != task.status:
        found.append(pb.TaskStatusUpdateEvent(task_id=task.id, context_id=task.context_id, status=task.status))
    return found


def _message(message: pb.Message) -> PeerMessage:
    """Raises InvalidParamsError for a message without an id; ContentTypeNotSupportedError for raw bytes."""
    if not message.message_id:
        raise a2a.InvalidParamsError("A message needs a message_id of your own.")
    if any(part.HasField("raw") for part in message.parts):
        raise a2a.ContentTypeNotSupportedError("Send text, data or the address of a file; raw bytes are not taken.")
    texts = get_text_parts(message.parts)
    data = [f"```json\n{_json(value)}\n```" for value in get_data_parts(message.parts)]
    return PeerMessage(
        message_id=message.message_id,
        text="\n\n".join([*texts, *data, *get_url_parts(message.parts)]),
        context_id=message.context_id or None,
        task_id=message.task_id or None,
    )


def _config(push: pushes.Push) -> pb.TaskPushNotificationConfig:
    """Without its secrets: they are written and never shown again."""
    return pb.TaskPushNotificationConfig(id=push.id, task_id=push.task_id, url=push.shown)


def _json(value: Any) -> str:
    return json.dumps(value if not hasattr(value, "DESCRIPTOR") else MessageToDict(value), indent=2, ensure_ascii=False)


def _history(configuration: pb.SendMessageConfiguration) -> int | None:
    return configuration.history_length if configuration.HasField("history_length") else None


def _concerns(event: StoredEvent, task_id: str) -> bool:
    return event.subject_id == task_id or event.data.get("task_id") == task_id


def _caller(context: ServerCallContext) -> Caller:
    caller: Caller = context.state["caller"]
    return caller


async def _agent(tx: Transaction, caller: Caller) -> Agent | None:
    """The agent the caller speaks to. Raises UnsupportedOperationError when there is none of that name."""
    if caller.agent is None:
        return None
    found = await agent_store.by_name(tx, caller.actor.workspace_id, caller.agent)
    if found is None or found.desired is Desired.RETIRED:
        raise a2a.UnsupportedOperationError(f"There is no agent {caller.agent} here.")
    return found

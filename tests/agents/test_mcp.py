"""/mcp, by the official SDK's client, in the current and the previous revision of the protocol."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import openai
import pytest
from agents_world import AgentKey, World, web
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

CURRENT, PREVIOUS = "2026-07-28", "legacy"
REVISIONS = (CURRENT, PREVIOUS)
TOOLS = {
    "list_my_tasks": ({"status", "limit"}, set()),
    "get_task": ({"task_id"}, {"task_id"}),
    "claim_task": ({"task_id"}, {"task_id"}),
    "heartbeat": ({"task_id", "note"}, {"task_id"}),
    "report_progress": (
        {"task_id", "percent", "message", "idempotency_key"},
        {"task_id", "message", "idempotency_key"},
    ),
    "submit_deliverable": ({"task_id", "kind", "title", "content"}, {"task_id", "kind", "title", "content"}),
    "comment": ({"task_id", "text"}, {"task_id", "text"}),
    "ask_human": ({"task_id", "question", "options", "blocking"}, {"task_id", "question", "blocking"}),
    "get_answer": ({"question_id"}, {"question_id"}),
    "request_approval": ({"task_id", "action", "payload", "summary"}, {"task_id", "action", "payload"}),
    "use_approval": ({"task_id", "approval_id", "payload"}, {"task_id", "approval_id", "payload"}),
    "block_on": ({"task_id", "other_task_id", "reason"}, {"task_id"}),
    "create_subtask": ({"parent_id", "title", "brief", "agent"}, {"parent_id", "title", "brief"}),
    "complete_task": ({"task_id", "summary"}, {"task_id", "summary"}),
    "fail_task": ({"task_id", "reason"}, {"task_id", "reason"}),
    "release_task": ({"task_id", "reason"}, {"task_id"}),
    "read_work_to_review": ({"task_id"}, {"task_id"}),
    "give_review": ({"task_id", "verdict", "message"}, {"task_id", "verdict"}),
    "read_inbox": ({"after"}, set()),
}


@asynccontextmanager
async def _connected(world: World, key: str, mode: str = CURRENT, **headers: str) -> AsyncIterator[Client]:
    named = {"authorization": f"Bearer {key}", **{k.replace("_", "-"): v for k, v in headers.items()}}
    async with httpx2.AsyncClient(headers=named, timeout=60) as http:
        transport = streamable_http_client(f"{world.url}/mcp", http_client=http)
        async with Client(transport, mode=mode) as client:  # type: ignore[arg-type]
            yield client


async def _call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return dict(result.structured_content)


async def _refused(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result
    return str(result.content[0].text)  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", REVISIONS)
async def test_it_lists_the_tools_with_their_arguments_and_how_they_behave(world: World, mode: str) -> None:
    async with _connected(world, world.agent().key, mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) >= set(TOOLS)
    for name, (arguments, required) in TOOLS.items():
        tool, schema = tools[name], tools[name].input_schema
        assert (set(schema["properties"]), set(schema.get("required", ()))) == (arguments, required), name
        assert tool.description and len(tool.description) > 60, name
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is (name in ("list_my_tasks", "get_task", "read_work_to_review")), name
        assert tool.annotations.destructive_hint is False, name
        assert tool.annotations.idempotent_hint is (name not in ("create_subtask", "use_approval")), name
        assert tool.output_schema is not None


@pytest.mark.parametrize("mode", REVISIONS)
async def test_a_client_does_a_task_from_claim_to_completion(world: World, mode: str) -> None:
    agent = world.agent()
    task = world.task(agent, "Q3 report", brief="Four sections.", acceptance=["Has sources"])
    async with _connected(world, agent.key, mode) as client:
        listed = (await _call(client, "list_my_tasks"))["tasks"]
        assert [(one["task_id"], one["yours"], one["blocked"]) for one in listed] == [(task["id"], True, False)]
        claimed = await _call(client, "claim_task", task_id=task["ref"])
        assert (claimed["task_id"], claimed["status"]) == (task["id"], "in_progress")
        assert claimed["assignment"]["task"]["brief"] == "Four sections."

        async with openai.AsyncOpenAI(base_url=f"{claimed['base_url']}/v1", api_key=claimed["run_key"]) as model:
            said = await model.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": "Write."}]
            )
        progress = {"task_id": task["id"], "message": "one call made", "idempotency_key": "k1", "percent": 40}
        for _ in range(2):
            assert (await _call(client, "report_progress", **progress))["stop"] is False
        await _call(client, "report_progress", **{**progress, "message": "more", "idempotency_key": "k2"})
        await _call(client, "report_progress", **progress)
        assert "used to say something else" in await _refused(
            client, "report_progress", **{**progress, "message": "something else"}
        )
        content = said.choices[0].message.content or ""
        deliverable = {"task_id": task["id"], "kind": "text", "title": "report", "content": content}
        assert (await _call(client, "submit_deliverable", **deliverable))["version"] == 1
        assert (await _call(client, "submit_deliverable", **deliverable))["new"] is False
        for _ in range(2):
            done = await _call(client, "complete_task", task_id=task["id"], summary="Written.")
            assert (done["status"], done["run_state"]) == ("in_review", "succeeded")
    run = world.see_run(claimed["run_id"])
    assert (run["state"], run["note"], run["summary"]) == ("succeeded", "more", "Written.")
    assert [(call["run_id"], call["attribution"]) for call in world.calls(agent, 1)] == [(run["id"], "run_key")]


async def test_the_run_key_alone_is_enough_for_the_verbs_of_its_task(world: World) -> None:
    agent = world.agent(capacity=2)
    task, other = world.task(agent), world.task(agent)
    async with _connected(world, agent.key) as client:
        claimed = await _call(client, "claim_task", task_id=task["id"])
    async with _connected(world, claimed["run_key"]) as client:
        assert [one["task_id"] for one in (await _call(client, "list_my_tasks"))["tasks"]] == [task["id"]]
        assert (await _call(client, "heartbeat", task_id=task["id"], note="going on"))["stop"] is False
        assert "not_found" in await _refused(client, "get_task", task_id=other["id"])
        assert "use it as it is" in await _refused(client, "claim_task", task_id=task["id"])
        await _call(client, "fail_task", task_id=task["id"], reason="no_progress")
    assert world.see_run(claimed["run_id"])["reason"] == "no_progress"


async def test_a_claim_repeated_after_its_answer_was_lost_gets_the_same_run(world: World) -> None:
    agent = world.agent()
    task = world.task(agent)
    async with _connected(world, agent.key) as client:
        first = await _call(client, "claim_task", task_id=task["id"])
        again = await _call(client, "claim_task", task_id=task["id"])
        assert first["run_id"] == again["run_id"]
        assert first["run_key"] != again["run_key"]
    model = web.post(
        f"{world.url}/v1/chat/completions",
        headers={"authorization": f"Bearer {again['run_key']}"},
        json={"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]},
    )
    assert (model.status_code, model.headers["x-quarterdeck-run"]) == (200, first["run_id"])


@pytest.mark.parametrize("mode", REVISIONS)
async def test_a_question_is_asked_and_its_answer_fetched(world: World, mode: str) -> None:
    agent = world.agent()
    task = world.task(agent)
    async with _connected(world, agent.key, mode) as client:
        await _call(client, "claim_task", task_id=task["id"])
        question = {"task_id": task["id"], "question": "Which year?", "options": ["2025", "2026"], "blocking": True}
        asked = await _call(client, "ask_human", **question)
        assert (asked["state"], "get_answer" in asked["next"]) == ("input_required", True)
        assert (await _call(client, "get_answer", question_id=asked["question_id"]))["state"] == "open"
        await asyncio.to_thread(world.answer, task["id"], "2026")
        answer = await _call(client, "get_answer", question_id=asked["question_id"])
        assert (answer["state"], answer["answer"]) == ("answered", "2026")
        came = await _call(client, "read_inbox")
        assert [item["body"] for item in came["items"]] == ["2026"]
        assert (await _call(client, "read_inbox", after=came["cursor"]))["items"] == []


async def test_an_action_is_done_only_once_a_person_has_approved_just_that(world: World) -> None:
    agent = world.agent()
    task = world.task(agent)
    async with _connected(world, agent.key) as client:
        await _call(client, "claim_task", task_id=task["id"])
        wanted = {"task_id": task["id"], "action": "send the mail", "payload": {"to": "partners"}}
        asked = await _call(client, "request_approval", **wanted)
        assert asked["state"] == "pending"
        use = {"task_id": task["id"], "approval_id": asked["approval_id"], "payload": {"to": "partners"}}
        assert "not_approved: " in await _refused(client, "use_approval", **use)
        await asyncio.to_thread(world.decide, task["id"], "approve")
        assert "payload_changed: " in await _refused(client, "use_approval", **{**use, "payload": {"to": "all"}})
        assert (await _call(client, "use_approval", **use))["state"] == "used"
        assert "not_approved: " in await _refused(client, "use_approval", **use)


async def test_a_task_that_waits_for_another_comes_back_by_itself(world: World) -> None:
    agent, other = world.agent(), world.agent()
    task = world.task(agent)
    first = world.task(other, "Draft", review="none")
    async with _connected(world, agent.key) as client, _connected(world, other.key) as drafting:
        await _call(client, "claim_task", task_id=task["id"])
        blocked = await _call(client, "block_on", task_id=task["id"], other_task_id=first["ref"])
        assert (blocked["status"], blocked["waits_for"]) == ("ready", [first["ref"]])
        assert "waits for" in await _refused(client, "claim_task", task_id=task["id"])
        await _call(drafting, "claim_task", task_id=first["id"])
        assert "wait for each other" in await _refused(
            drafting, "block_on", task_id=first["id"], other_task_id=task["id"]
        )
        await _call(drafting, "complete_task", task_id=first["id"], summary="Drafted.")
        assert (await _call(client, "claim_task", task_id=task["id"]))["attempt"] == 2
        stuck = await _call(client, "block_on", task_id=task["id"], reason="The sheet is empty.")
        assert (stuck["status"], stuck["question_id"] is not None) == ("in_progress", True)
        assert "either" in await _refused(client, "block_on", task_id=task["id"])
        released = await _call(client, "release_task", task_id=task["id"], reason="not mine")
        assert (released["status"], released["run_state"]) == ("ready", "cancelled")


async def test_a_part_of_a_task_becomes_a_task_within_its_budget(world: World) -> None:
    agent = world.agent()
    task = world.task(agent, budget_nano=1_000_000)
    async with _connected(world, agent.key) as client:
        await _call(client, "claim_task", task_id=task["id"])
        part = {"parent_id": task["id"], "title": "The German sources", "brief": "Find three."}
        made = await _call(client, "create_subtask", **part)
        seen = world.see_task(made["subtask_id"])
        assert (seen["title"], seen["state"], seen["budget_nano"]) == ("The German sources", "ready", 500_000)
        assert "There is no agent nobody" in await _refused(client, "create_subtask", agent="nobody", **part)
        own = await _call(client, "create_subtask", agent=agent.name, **part)
        assert world.see_task(own["subtask_id"])["agent"]["name"] == agent.name
    # Nobody's task is everybody's: no other test is to find it.
    world.system.post(f"/api/v1/tasks/{made['subtask_id']}/move", {"to": "cancelled"})


async def test_every_kind_of_deliverable_is_taken(world: World) -> None:
    agent = world.agent()
    task = world.task(agent)
    async with _connected(world, agent.key) as client:
        await _call(client, "claim_task", task_id=task["id"])
        file = base64.b64encode(b"\x00\x01binary").decode()
        for kind, content in (
            ("url", "https://example.com/report"),
            ("json", '{"rows": 3}'),
            ("file", file),
            ("text", "# Done"),
        ):
            given = {"task_id": task["id"], "kind": kind, "title": kind, "content": content}
            assert (await _call(client, "submit_deliverable", **given))["new"] is True
        data = {"task_id": task["id"], "kind": "file", "title": "csv", "content": f"data:text/csv;base64,{file}"}
        await _call(client, "submit_deliverable", **data)
        bad = {"task_id": task["id"], "title": "bad"}
        assert "base64" in await _refused(client, "submit_deliverable", kind="file", content="not base64!", **bad)
        assert "not JSON" in await _refused(client, "submit_deliverable", kind="json", content="{", **bad)
        comment = await _call(client, "comment", task_id=task["id"], text=f"Have a look, @{agent.name} and @owner.")
        assert comment["status"] == "in_progress"


async def test_errors_say_what_to_do_next(world: World) -> None:
    agent = world.agent()
    task = world.task(agent)
    async with _connected(world, agent.key) as client:
        said = await _refused(client, "heartbeat", task_id=task["id"])
        assert "not_claimed: " in said and "Call claim_task first." in said
        assert "list_my_tasks" in await _refused(client, "get_task", task_id="tsk_nobody")
        claimed = await _call(client, "claim_task", task_id=task["id"])
        world.system.post(f"/api/v1/runs/{claimed['run_id']}/cancel", {})
        said = await _refused(client, "report_progress", task_id=task["id"], message="x", idempotency_key="1")
        assert "lease_lost: " in said and "call claim_task again" in said
        world.system.patch(f"/api/v1/agents/{agent.id}", {"desired": "paused"})
        assert "paused by a person" in await _refused(client, "claim_task", task_id=task["id"])
        assert "status" in await _refused(client, "list_my_tasks", status="no such")


async def test_a_pause_reaches_a_polite_agent_by_its_heartbeat(world: World) -> None:
    agent = world.agent()
    task = world.task(agent)
    async with _connected(world, agent.key) as client:
        await _call(client, "claim_task", task_id=task["id"])
        world.system.patch(f"/api/v1/agents/{agent.id}", {"desired": "paused"})
        alive = await _call(client, "heartbeat", task_id=task["id"])
        assert (alive["stop"], alive["reason"]) == (True, "agent_paused")


async def test_the_session_of_a_claim_is_that_of_the_clients_headers_or_meta(world: World) -> None:
    agent = world.agent(capacity=2)
    first, second = world.task(agent), world.task(agent)
    async with _connected(world, agent.key, x_claude_code_session_id="claude-7") as client:
        one = await _call(client, "claim_task", task_id=first["id"])
    async with _connected(world, agent.key) as client:
        result = await client.call_tool("claim_task", {"task_id": second["id"]}, meta={"quarterdeck/session": "own-8"})
        two = dict(result.structured_content or {})
    body = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    for session, run in (("claude-7", one["run_id"]), ("own-8", two["run_id"])):
        headers = {"authorization": f"Bearer {agent.key}", "x-claude-code-session-id": session}
        answer = web.post(f"{world.url}/v1/messages", json=body, headers=headers)
        assert answer.headers["x-quarterdeck-run"] == run


async def test_codexs_session_is_named_in_meta_and_any_others_next_call_belongs_to_its_only_run(world: World) -> None:
    agent, plain = world.agent(capacity=2), world.agent()
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
    async with _connected(world, agent.key) as client:
        for session in ("thread-1", "thread-2"):
            meta = {"sessionId": session, "threadId": session}
            result = await client.call_tool("claim_task", {"task_id": world.task(agent)["id"]}, meta=meta)  # type: ignore[arg-type]
            run = dict(result.structured_content or {})["run_id"]
            headers = {"authorization": f"Bearer {agent.key}", "session-id": session}
            answer = web.post(f"{world.url}/v1/chat/completions", json=body, headers=headers)
            assert answer.headers["x-quarterdeck-run"] == run
    async with _connected(world, plain.key) as client:
        claimed = await _call(client, "claim_task", task_id=world.task(plain)["id"])
    headers = {"authorization": f"Bearer {plain.key}"}
    answer = web.post(f"{world.url}/v1/chat/completions", json=body, headers=headers)
    assert answer.headers["x-quarterdeck-run"] == claimed["run_id"]


async def test_an_agent_reviews_what_another_made(world: World) -> None:
    writer, critic = world.agent(), world.agent()
    task = world.task(writer, review=f"agent:{critic.id}+one", acceptance=["It rhymes"])
    async with _connected(world, writer.key) as client:
        await _call(client, "claim_task", task_id=task["id"])
        await _call(client, "submit_deliverable", task_id=task["id"], kind="text", title="Poem", content="sea, me")
        await _call(client, "complete_task", task_id=task["id"], summary="Written.")
    async with _connected(world, critic.key) as client:
        listed: list[dict[str, Any]] = []

        def there() -> bool:
            listed[:] = world.system.get(f"/api/v1/tasks?agent_id={critic.id}")["items"]
            return bool(listed)

        world.system.wait_until(there)
        own = listed[0]["id"]
        await _call(client, "claim_task", task_id=own)
        work = await _call(client, "read_work_to_review", task_id=own)
        assert (work["ref"], work["acceptance"], work["versions"][0]["text"]) == (task["ref"], ["It rhymes"], "sea, me")
        said = await _call(client, "give_review", task_id=own, verdict="request_changes", message="It does not rhyme.")
        assert (said["reviewed_ref"], said["reviewed_status"]) == (task["ref"], "in_progress")
        assert "not_in_review" in await _refused(client, "give_review", task_id=own, verdict="approve")
        await _call(client, "complete_task", task_id=own, summary="Reviewed.")


async def test_claude_codes_session_is_found_by_the_tool_use_that_asked_for_the_claim(world: World) -> None:
    agent = world.agent(capacity=2)
    first, second = world.task(agent), world.task(agent)
    headers = {"authorization": f"Bearer {agent.key}"}
    tool = {"name": "mcp__quarterdeck__claim_task", "input_schema": {"type": "object"}}
    body: dict[str, Any] = {"model": "claude-haiku-4-5", "max_tokens": 99}
    runs, uses = {}, set()
    for session, task in (("one", first), ("two", second)):
        # Ids of tool uses are the provider's, and no two are alike; the sandbox makes them of the request and the seed.
        body["messages"] = [{"role": "user", "content": f"Session {session}."}]
        asked = {"tools": [{"name": tool["name"], "arguments": {}}]}
        script = {"x-sandbox-script": json.dumps({"answers": [asked], "seed": len(session) + ord(session[0])})}
        named = {**headers, "x-claude-code-session-id": session}
        said = web.post(f"{world.url}/v1/messages", json={**body, "tools": [tool]}, headers={**named, **script})
        use = next(part["id"] for part in said.json()["content"] if part["type"] == "tool_use")
        async with _connected(world, agent.key) as client:
            meta = {"claudecode/toolUseId": use}
            result = await client.call_tool("claim_task", {"task_id": task["id"]}, meta=meta)  # type: ignore[arg-type]
        runs[session] = dict(result.structured_content or {})["run_id"]
        after = web.post(f"{world.url}/v1/messages", json=body, headers=named)
        assert after.headers["x-quarterdeck-run"] == runs[session]
        uses.add(use)
    assert len(uses) == 2
    assert runs["one"] != runs["two"]


def _post(world: World, **headers: str) -> httpx.Response:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    wanted = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25", **named}
    return web.post(f"{world.url}/mcp", json=body, headers=wanted)


def test_nobody_and_members_are_kept_out(world: World) -> None:
    nobody = _post(world)
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert nobody.json()["code"] == "unauthenticated"
    member = _post(world, authorization="Bearer owner-token-for-tests-only")
    assert (member.status_code, member.json()["permission"]) == (403, "agent_verb")
    assert _post(world, authorization="Bearer qd-a-wrong").status_code == 401


def test_a_page_of_another_origin_and_a_foreign_name_are_kept_out(world: World) -> None:
    key = f"Bearer {world.agent().key}"
    assert _post(world, authorization=key).status_code == 200
    assert _post(world, authorization=key, origin=world.url).status_code == 200
    assert _post(world, authorization=key, origin="http://evil.example").status_code == 403
    rebound = _post(world, authorization=key, origin="http://evil.example:80", host="evil.example:80")
    assert (rebound.status_code, rebound.json()["code"]) == (421, "misdirected")


def test_what_is_no_call_of_the_protocol_is_answered_as_it_says(world: World) -> None:
    agent: AgentKey = world.agent()
    headers = {"authorization": f"Bearer {agent.key}", "accept": "application/json, text/event-stream"}
    assert web.get(f"{world.url}/mcp", headers=headers).status_code == 405
    # There is no session to end: clients of the previous revision take that for done.
    assert web.delete(f"{world.url}/mcp", headers=headers).status_code == 405
    garbage = web.post(f"{world.url}/mcp", content=b"{", headers={**headers, "content-type": "application/json"})
    assert garbage.status_code == 400
    assert json.loads(garbage.text)["error"]["code"] == -32700
    assert web.get(f"{world.url}/.well-known/oauth-protected-resource").status_code == 404

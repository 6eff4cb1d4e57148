"""The session a task is held by: calls on the agent's own key find the run that was claimed with their session."""

import uuid

from agents_world import AgentKey, World, web

CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
MESSAGES = {"model": "claude-haiku-4-5", "max_tokens": 50, "messages": CHAT["messages"]}


def _claim(
    world: World, agent: AgentKey, body: dict[str, object] | None = None, **headers: str
) -> dict[str, dict[str, str]]:
    answer = web.post(
        f"{world.url}/api/v1/agent/claim",
        json=body or {},
        headers={"authorization": f"Bearer {agent.key}", **{k.replace("_", "-"): v for k, v in headers.items()}},
    )
    found: dict[str, dict[str, str]] = answer.json()
    assert found["claimed"], found
    return found


def _call(world: World, agent: AgentKey, path: str, body: dict[str, object], **headers: str) -> str | None:
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    answer = web.post(world.url + path, json=body, headers={"authorization": f"Bearer {agent.key}", **named})
    assert answer.status_code == 200, answer.text
    return answer.headers.get("x-quarterdeck-run")


def test_claude_codes_calls_belong_to_the_task_its_session_claimed(world: World) -> None:
    agent = world.agent(capacity=2)
    for _ in range(2):
        world.task(agent)
    one, two = str(uuid.uuid4()), str(uuid.uuid4())
    first = _claim(world, agent, {"session": one})["run"]["id"]
    # The header on the claim itself says the same as the field.
    second = _claim(world, agent, x_claude_code_session_id=two)["run"]["id"]
    by_header = {"x_claude_code_session_id": two}
    assert _call(world, agent, "/v1/messages", MESSAGES, **by_header) == second
    by_body = {**MESSAGES, "metadata": {"user_id": f'{{"device_id":"d","account_uuid":"","session_id":"{one}"}}'}}
    assert _call(world, agent, "/v1/messages", by_body) == first
    assert _call(world, agent, "/v1/messages", MESSAGES, x_claude_code_session_id=str(uuid.uuid4())) is None
    found = {(call["run_id"], call["attribution"]) for call in world.calls(agent, 3)}
    assert found == {(second, "session_header"), (first, "session"), (None, "unclaimed")}


def test_codex_and_openclaw_sessions_are_held_too(world: World) -> None:
    agent = world.agent(capacity=3)
    for _ in range(3):
        world.task(agent)
    codex, claw, traced = (_claim(world, agent, {"session": name}) for name in ("codex-1", "claw-1", "other"))
    run = claw["run"]["id"]
    assert _call(world, agent, "/v1/chat/completions", CHAT, session_id="codex-1") == codex["run"]["id"]
    turn = '{"session_id": "codex-1", "turn_id": "1"}'
    assert _call(world, agent, "/v1/chat/completions", CHAT, x_codex_turn_metadata=turn) == codex["run"]["id"]
    assert _call(world, agent, "/v1/chat/completions", CHAT, x_clawrouter_session_id="claw-1") == run
    # OpenClaw's calls name the run we dispatched; a subagent's carry only its trace.
    assert _call(world, agent, "/v1/chat/completions", CHAT, x_request_id=f"{run}:model:1") == run
    trace = f"00-{traced['run']['trace_id']}-00f067aa0ba902b7-01"
    subagent = {"x_request_id": "b1c7:model:1", "x_clawrouter_session_id": "child", "traceparent": trace}
    assert _call(world, agent, "/v1/chat/completions", CHAT, **subagent) == traced["run"]["id"]
    baggage = f"quarterdeck.run={codex['run']['id']}"
    assert _call(world, agent, "/v1/chat/completions", CHAT, baggage=baggage) == codex["run"]["id"]


def test_a_session_moves_on_with_the_task_that_is_claimed_next(world: World) -> None:
    agent = world.agent(capacity=2)
    for _ in range(3):
        world.task(agent)
    first = _claim(world, agent, {"session": "s"})["run"]
    bystander = _claim(world, agent, {"session": "t"})["run"]
    web.post(
        f"{world.url}/api/v1/runs/{first['id']}/finish",
        json={"outcome": "succeeded"},
        headers={"authorization": f"Bearer {agent.key}"},
    )
    third = _claim(world, agent, {"session": "s"})["run"]
    assert _call(world, agent, "/v1/chat/completions", CHAT, x_quarterdeck_session="s") == third["id"]
    assert bystander["id"] != third["id"]


def test_no_key_holds_the_session_of_another_agent(world: World) -> None:
    agent, other = world.agent(capacity=2), world.agent(capacity=2)
    for _ in range(2):
        world.task(agent)
    _claim(world, agent, {"session": "secret"})
    assert _call(world, other, "/v1/chat/completions", CHAT, x_quarterdeck_session="secret") is None

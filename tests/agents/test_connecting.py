"""What people copy to connect an agent: each snippet that says our tests run it is run here, as it is."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from agents_world import AgentKey, World, web
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from system_world import PATIENCE_S

from quarterdeck.control.connect.snippets import SNIPPETS, Proof

OWNER = "owner-token-for-tests-only"
DOCS = Path(__file__).parents[2] / "docs"
RUN = {"openai-python", "anthropic-python", "quarterdeck-python", "curl", "shell", "mcp", "skill", "a2a"}


def _snippet(world: World, name: str, agent: AgentKey) -> str:
    """As the dashboard shows it, with the key put in."""
    found = world.system.get("/api/v1/connect")
    (text,) = (one["text"] for one in found["snippets"] if one["id"] == name)
    return str(text).replace(found["key_placeholder"], agent.key).replace(found["token_placeholder"], OWNER)


def _ran(command: list[str], room: Path, text: str | None = None) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "OPENAI_", "ANTHROPIC_"))}
    environment = {**kept, "HOME": str(room), "PATH": f"{room / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=200, env=environment, cwd=room, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def room(tmp_path: Path) -> Path:
    command = tmp_path / "bin" / "quarterdeck"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m quarterdeck "$@"\n')
    command.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("name", ["openai-python", "anthropic-python"])
def test_a_python_snippet_calls_a_model(world: World, room: Path, name: str) -> None:
    agent = world.agent()
    assert _ran([sys.executable, "-c", _snippet(world, name, agent)], room).strip()
    assert world.calls(agent, 1)[0]["attribution"] == "unclaimed"


def test_the_snippet_with_tasks_does_one(world: World, room: Path) -> None:
    agent = world.agent()
    task = world.task(agent, "Say hello")
    _ran([sys.executable, "-c", _snippet(world, "quarterdeck-python", agent)], room)
    seen = world.see_task(task["id"])
    assert (seen["state"], seen["latest_version"]["name"]) == ("in_review", "answer")
    assert world.calls(agent, 1)[0]["task"]["id"] == task["id"]


def test_the_snippet_with_curl_gets_an_answer(world: World, room: Path) -> None:
    agent = world.agent()
    answer = json.loads(_ran(["sh", "-ec", _snippet(world, "curl", agent)], room))
    assert answer["choices"][0]["message"]["content"]


def test_the_shell_snippet_does_a_task(world: World, room: Path) -> None:
    agent = world.agent()
    task = world.task(agent, "Say hello")
    _ran(["sh", "-e"], room, _snippet(world, "shell", agent))
    seen = world.see_task(task["id"])
    assert (seen["state"], seen["latest_version"]["kind"]) == ("in_review", "json")


async def test_an_mcp_client_connects_by_the_snippet(world: World) -> None:
    server = json.loads(_snippet(world, "mcp", world.agent()))["mcpServers"]["quarterdeck"]
    async with (
        httpx2.AsyncClient(headers=server["headers"], timeout=PATIENCE_S) as http,
        Client(streamable_http_client(server["url"], http_client=http)) as client,
    ):
        assert "claim_task" in {tool.name for tool in (await client.list_tools()).tools}


def test_the_skill_is_installed_and_says_where_and_with_what(world: World, room: Path) -> None:
    _ran(["sh", "-ec", _snippet(world, "skill", world.agent())], room)
    text = (room / ".claude" / "skills" / "quarterdeck" / "SKILL.md").read_text()
    head: Any = re.match(r"---\nname: (\S+)\ndescription: (.+)\n---\n", text)
    assert head is not None
    assert head[1] == "quarterdeck"
    assert len(head[2]) < 160, "some readers show no more of it"
    assert f"{world.url}/mcp" in text and "{URL}" not in text
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", text)) - {"run_key", "base_url", "lease_lost"}
    headers = {"authorization": f"Bearer {world.agent().key}", "accept": "application/json, text/event-stream"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    listed = web.post(f"{world.url}/mcp", json=body, headers=headers).json()["result"]["tools"]
    assert named <= {tool["name"] for tool in listed}
    assert len(named) >= 12


def test_a_foreign_agent_hands_over_a_task_by_the_snippet(world: World, room: Path) -> None:
    task_id = _ran([sys.executable, "-c", _snippet(world, "a2a", world.agent())], room).strip()
    assert world.see_task(task_id)["title"] == "Collect the facts."
    world.system.post(f"/api/v1/tasks/{task_id}/move", {"to": "cancelled"})


def test_a_snippet_says_that_tests_run_it_only_if_they_do() -> None:
    assert {one.id for one in SNIPPETS if one.proof is Proof.TEST} == RUN
    assert len({one.id for one in SNIPPETS}) == len(SNIPPETS)


def test_the_documentation_shows_the_same() -> None:
    page = (DOCS / "agents.md").read_text()
    checked = {
        Proof.TEST: "run by our tests",
        Proof.SEEN: "[seen at work](#seen-at-work)",
        Proof.DOCUMENTATION: "as its documentation says",
    }
    for one in SNIPPETS:
        assert f"## {one.title}\n" in page
        assert f"```{one.language}\n{one.filled('http://127.0.0.1:8787')}```" in page, one.id
        row = next(line for line in page.splitlines() if line.startswith(f"| [{one.title}]"))
        assert row.endswith(f"| {one.gives} | {checked[one.proof]} |")

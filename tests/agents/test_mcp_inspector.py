"""/mcp, by the reference inspector from npm, in CLI mode: a second client that shares no code with us or the SDK."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agents_world import AgentKey, World, web

PINNED = Path(__file__).parent / "inspector"
NODE = Path(__file__).parents[2] / ".build" / "node" / "bin"
UNREACHABLE = ("ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ERR_SOCKET_TIMEOUT", "EAI_AGAIN", "code E5")
Inspect = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def inspector(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command, installed by its lock file into a scratch folder; skipped only when npm cannot be reached."""
    room = tmp_path_factory.mktemp("inspector")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PINNED / name, room / name)
    npm = shutil.which("npm", path=f"{NODE}:{os.environ['PATH']}")
    assert npm is not None, "make test installs Node"
    environment = {**os.environ, "PATH": f"{NODE}:{os.environ['PATH']}"}
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=room, env=environment, capture_output=True, text=True, timeout=200, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not answer within 200 s")
    if done.returncode != 0:
        if any(word in done.stderr for word in UNREACHABLE):
            pytest.skip(f"npm cannot be reached: {done.stderr[-300:]}")
        raise AssertionError(done.stderr)
    node = shutil.which("node", path=environment["PATH"])
    assert node is not None
    return [node, str(room / "node_modules" / ".bin" / "mcp-inspector"), "--cli"]


def _inspect(world: World, inspector: list[str], agent: AgentKey, era: str, room: Path) -> Inspect:
    def call(method: str, *more: str, **arguments: str) -> dict[str, Any]:
        pairs = [part for name, value in arguments.items() for part in ("--tool-arg", f"{name}={value}")]
        done = subprocess.run(
            [
                *inspector,
                f"{world.url}/mcp",
                *("--transport", "http", "--header", f"Authorization: Bearer {agent.key}"),
                *("--protocol-era", era, "--format", "json", "--method", method, *more, *pairs),
            ],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
            env={**os.environ, "HOME": str(room)},
        )
        assert done.stdout.strip(), done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return call


@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_the_inspector_does_a_task_from_claim_to_completion(
    world: World, inspector: list[str], tmp_path: Path, era: str
) -> None:
    agent = world.agent()
    task = world.task(agent, "Inspect it")
    inspect = _inspect(world, inspector, agent, era, tmp_path)

    def use(tool: str, **arguments: str) -> dict[str, Any]:
        result = inspect("tools/call", "--tool-name", tool, **arguments)
        result = result.get("result", result)
        assert not result.get("isError"), result
        found: dict[str, Any] = result["structuredContent"]
        return found

    listed = inspect("tools/list", "--strict")
    names = {tool["name"] for tool in listed.get("result", listed)["tools"]}
    assert {"claim_task", "submit_deliverable", "complete_task"} <= names
    claimed = use("claim_task", task_id=task["id"])
    call = web.post(
        f"{claimed['base_url']}/v1/chat/completions",
        headers={"authorization": f"Bearer {claimed['run_key']}"},
        json={"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]},
    )
    assert call.headers["x-quarterdeck-run"] == claimed["run_id"]
    use("submit_deliverable", task_id=task["id"], kind="text", title="note", content="Looks well.")
    assert use("complete_task", task_id=task["id"], summary="Done.")["status"] == "in_review"
    assert world.see_task(task["id"])["latest_version"]["name"] == "note"

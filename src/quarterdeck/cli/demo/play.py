"""Start the sandbox, the server and the five agents, and keep work coming."""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from quarterdeck.access.keys import KeyKind, make_key
from quarterdeck.cli import local
from quarterdeck.cli.client import Api
from quarterdeck.cli.demo.team import TEAM, WORK
from quarterdeck.client import ClientError
from quarterdeck.kernel.errors import Invalid

OPEN_TASKS = 8
"""How many tasks are ready or in progress at once."""
READY_WITHIN_S = 30.0


def play(data: Path, host: str, port: int, speed: float) -> int:
    """Serve the demo until stopped; returns the exit status. Its data stay in `data`."""
    if not speed > 0:
        raise Invalid("--speed must be above zero.")
    data.mkdir(parents=True, exist_ok=True)
    sandbox, sandbox_url = _start_sandbox(speed)
    keys = {member.name: make_key(KeyKind.AGENT)[0] for member in TEAM}
    token = os.environ.setdefault("QUARTERDECK_OWNER_TOKEN", secrets.token_urlsafe(32))
    os.environ.update({_variable(name): key for name, key in keys.items()})
    config = data / "demo.toml"
    config.write_text(_config(sandbox_url))
    director = threading.Thread(target=_direct, args=(f"http://{host}:{port}", token, keys, speed), daemon=True)
    director.start()
    try:
        return local.serve(config, data, host, port, link=True)
    finally:
        sandbox.terminate()
        sandbox.wait()


def _start_sandbox(speed: float) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "quarterdeck.sandbox", "--port", "0", "--speed", str(speed), "--keep", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def _variable(name: str) -> str:
    return f"DEMO_KEY_{name.upper()}"


def _config(sandbox_url: str) -> str:
    parts = [f'[[providers]]\nname = "sandbox"\nkind = "sandbox"\nbase_url = "{sandbox_url}"\n']
    for member in TEAM:
        parts.append(f'[[agents]]\nname = "{member.name}"\ndescription = "{member.description}"')
        parts.append(f'owner = "{member.owner}"\nkey = "env:{_variable(member.name)}"\n')
    return "\n".join(parts)


def _direct(url: str, token: str, keys: dict[str, str], speed: float) -> None:
    """When the server answers: start the agents, keep tasks coming, approve what waits. Runs in a thread."""
    api = Api(url, token)
    ids = _agent_ids(api)
    agents = [
        subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "quarterdeck.cli.demo.agent", name, "--url", url, "--speed", str(speed)],
            env={**os.environ, "QUARTERDECK_KEY": key},
            # Its own group, so that Ctrl-C at the terminal ends the server first and the agents with it.
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - runs one system call
        )
        for name, key in keys.items()
    ]
    turn = 0
    try:
        while all(agent.poll() is None for agent in agents):
            turn = _keep_busy(api, ids, turn)
            time.sleep(max(0.5, 60 / speed))
    finally:
        for agent in agents:
            agent.terminate()


def _agent_ids(api: Api) -> dict[str, str]:
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            return {row["name"]: row["id"] for row in api.get("/agents", limit=100)["items"]}
        except ClientError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _keep_busy(api: Api, ids: dict[str, str], turn: int) -> int:
    """Create tasks up to `OPEN_TASKS`; a person would review, so here the oldest in review is approved."""
    try:
        waiting = api.get("/tasks", state="in_review", limit=20)["items"]
        for task in waiting[3:]:
            api.post(f"/tasks/{task['id']}/reviews", verdict="approve")
        count = sum(len(api.get("/tasks", state=state, limit=20)["items"]) for state in ("ready", "in_progress"))
        while count < OPEN_TASKS:
            agent, priority, title, brief = WORK[turn % len(WORK)]
            api.post("/tasks", title=title, brief=brief, priority=priority, agent_id=ids[agent], state="ready")
            turn, count = turn + 1, count + 1
    except ClientError as refused:
        print(f"demo: {refused}", file=sys.stderr)
    return turn


def _die_with_parent() -> None:
    """On Linux a child can ask to be ended with its parent, however that ends."""
    try:
        import ctypes  # noqa: PLC0415 - only in the child

        ctypes.CDLL("libc.so.6").prctl(1, signal.SIGTERM)
    except OSError:
        pass

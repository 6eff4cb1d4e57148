"""Start the providers, the server and the five agents, and let the story play."""

import contextlib
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from quarterdeck.access.keys import KeyKind, make_key
from quarterdeck.cli import local
from quarterdeck.cli.client import Api
from quarterdeck.cli.demo.children import end_with_parent
from quarterdeck.cli.demo.director import Director
from quarterdeck.cli.demo.sandboxes import Provider
from quarterdeck.cli.demo.team import TEAM
from quarterdeck.client import ClientError
from quarterdeck.kernel.errors import Invalid


def play(data: Path, host: str, port: int, speed: float) -> int:
    """Serve the demo until stopped; returns the exit status. Its data stay in `data`."""
    if not speed > 0:
        raise Invalid("--speed must be above zero.")
    data.mkdir(parents=True, exist_ok=True)
    keys = {member.name: make_key(KeyKind.AGENT)[0] for member in TEAM}
    token = os.environ.setdefault("QUARTERDECK_OWNER_TOKEN", secrets.token_urlsafe(32))
    os.environ.update({_variable(name): key for name, key in keys.items()})
    first, second = Provider(speed), Provider(speed)
    try:
        config = data / "demo.toml"
        config.write_text(_config(first.url, second.url))
        with _playing(f"http://{host}:{port}", token, keys, first, speed):
            return local.serve(local.settings_for(config, data, host, port), link=True)
    finally:
        first.stop()
        second.stop()


@contextlib.contextmanager
def _playing(url: str, token: str, keys: dict[str, str], provider: Provider, speed: float) -> Iterator[None]:
    """Once the server answers, agents work and the director directs, until the block ends."""
    over = threading.Event()
    thread = threading.Thread(target=_direct, args=(url, token, keys, provider, speed, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(15)


def _direct(
    url: str, token: str, keys: dict[str, str], provider: Provider, speed: float, over: threading.Event
) -> None:
    api = Api(url, token)
    ids = _agent_ids(api, over)
    if ids is None:
        return
    director = Director(api, ids, provider, speed)
    director.stop = over
    agents = [_start_agent(name, url, key, speed) for name, key in keys.items()]
    try:
        director.play()
    finally:
        for agent in agents:
            agent.terminate()


def _start_agent(name: str, url: str, key: str, speed: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "quarterdeck.cli.demo.agent", name, "--url", url, "--speed", str(speed)],
        env={**os.environ, "QUARTERDECK_KEY": key},
        preexec_fn=end_with_parent,  # noqa: PLW1509 - runs one system call
    )


def _agent_ids(api: Api, over: threading.Event) -> dict[str, str] | None:
    """By name, once the server answers; None when it stopped before."""
    while not over.wait(0.2):
        # On a busy machine a start takes its time; one that fails ends the server, and with it this.
        with contextlib.suppress(ClientError):
            return {row["name"]: row["id"] for row in api.get("/agents", limit=100)["items"]}
    return None


def _variable(name: str) -> str:
    return f"DEMO_KEY_{name.upper()}"


_ROUTES = """\
[routes.default]
strategy = { mode = "fallback", on_status_codes = [429, 500, 502, 503, 504] }
targets = [ { provider = "sandbox" }, { provider = "standby" } ]

[routes.by-task]
strategy = { mode = "conditional", default = "as-asked", conditions = [
  { query = { "budget.left_usd" = { "$lt" = 0.05 } }, then = "as-asked" },
  { query = { "task.attempt" = { "$gte" = 2 } }, then = "stronger" },
] }
targets = [
  { name = "as-asked", strategy = { mode = "fallback" }, targets = [
    { provider = "sandbox" }, { provider = "standby" },
  ] },
  { name = "stronger", strategy = { mode = "fallback" }, override_params = { model = "gpt-4o" }, targets = [
    { provider = "sandbox" }, { provider = "standby" },
  ] },
]

[[limits]]
scope = "provider:standby"
concurrent = 1
max_wait_ms = 60000
"""


def _config(first_url: str, second_url: str) -> str:
    """Two providers of the same models: calls go to the first, and to the second while that one is out. That takes one
    call at a time: the most urgent tasks go first, others are seen to wait. Research gets a stronger model on retry."""
    parts = [
        f'[[providers]]\nname = "{name}"\nkind = "sandbox"\nbase_url = "{url}"\n'
        for name, url in (("sandbox", first_url), ("standby", second_url))
    ]
    parts.append(_ROUTES)
    for member in TEAM:
        parts.append(f'[[agents]]\nname = "{member.name}"\ndescription = "{member.description}"')
        parts.append(f'owner = "{member.owner}"\nkey = "env:{_variable(member.name)}"')
        parts.append('route = "by-task"\n' if member.name == "research" else "")
    return "\n".join(parts)

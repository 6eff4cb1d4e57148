"""The servers that are compared. Each is started as its user would, against the mock, on the core under test."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import machine
from quarterdeck.access.keys import KeyKind, make_key

KEY = "bench-agent-key-0123456789abcdef"
LIMITED_KEY = "bench-limited-key-0123456789abcdef"
"""Of an agent with a hard budget and two limits."""
PATH = "/v1/chat/completions"
NGINX = """\
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log error;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_max_body_size 64m;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
  keepalive_requests 1000000000;
  upstream mock {{ server 127.0.0.1:{mock}; keepalive 1024; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    location / {{
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 600s;
    }}
  }}
}}
"""
QUARTERDECK = """\
[[providers]]
name = "mock"
kind = "openai"
base_url = "http://127.0.0.1:{mock}/v1"
credential = "env:BENCH_PROVIDER_KEY"
allow_private = true

[[providers]]
name = "claude"
kind = "anthropic"
base_url = "http://127.0.0.1:{mock}"
credential = "env:BENCH_PROVIDER_KEY"
allow_private = true

[[agents]]
name = "bench"
owner = "owner@localhost"
key = "env:BENCH_AGENT_KEY"

[[agents]]
name = "limited"
owner = "owner@localhost"
key = "env:BENCH_LIMITED_KEY"

[[budgets]]
scope = "agent:limited"
usd = 1000000
window = "day"
mode = "hard"

[[limits]]
scope = "agent:limited"
requests = 100000000
per = "minute"

[[limits]]
scope = "agent:limited"
concurrent = 10000

[routes.two-levels]
strategy = {{ mode = "fallback", on_status_codes = [429, 500, 503] }}
targets = [
  {{ strategy = {{ mode = "loadbalance" }}, targets = [
    {{ provider = "mock", weight = 1 }},
    {{ provider = "mock", weight = 2 }},
  ] }},
  {{ provider = "claude", override_params = {{ model = "claude-haiku-4-5" }} }},
]
"""


class NotThere(Exception):
    """A server that cannot be compared here; the message says why."""


@dataclass
class Target:
    """A running server under test."""

    name: str
    url: str
    headers: list[str] = field(default_factory=list)
    pids: Callable[[], list[int]] = list
    """The processes whose CPU and memory count."""
    stop: Callable[[], None] = lambda: None
    control: "Control | None" = None


@dataclass
class Control:
    """Quarterdeck's other process, and its API."""

    pid: int
    port: int
    token: str

    def get(self, path: str) -> Any:
        """Raises NotThere when the API does not answer well."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers={"authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            raise NotThere(f"GET {path} answered {answer.status}: {body[:300]!r}")
        return json.loads(body)

    def backlog(self) -> int:
        """Records in the journal that are not in the database yet."""
        return int(self.get("/api/v1/settings")["ingest"]["backlog_records"])

    def ingested(self) -> int:
        """Calls in the database."""
        return int(self.get("/api/v1/costs?by=total&grain=day")["totals"]["calls"])


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def start_mock(core: int, keep: int = 0) -> tuple[subprocess.Popen[str], int]:
    """The sandbox, remembering so many requests; nothing is quicker."""
    process = subprocess.Popen(
        machine.on_core(core, sys.executable, "-m", "quarterdeck.sandbox", "--port", 0, "--keep", keep),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline().rpartition(":")[2])


def direct(mock: int) -> Target:
    return Target("direct", f"http://127.0.0.1:{mock}{PATH}")


def nginx(mock: int, core: int, directory: Path) -> Target:
    """Raises NotThere."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        raise NotThere("not installed (Debian: apt-get install nginx-light)")
    port = free_port()
    directory.mkdir(parents=True)
    config = directory / "nginx.conf"
    config.write_text(NGINX.format(directory=directory, port=port, mock=mock))
    process = subprocess.Popen(
        machine.on_core(
            core, program, "-p", directory, "-c", config, "-e", directory / "error.log", "-g", "daemon off;"
        )
    )
    return ready(Target("nginx", f"http://127.0.0.1:{port}{PATH}"), process)


def quarterdeck(
    mock: int, core: int, other: int, directory: Path, first_on_path: Path | None = None, patience_s: float = 30.0
) -> Target:
    """With everything on: key, attribution, prices, journal, ingest. Raises NotThere.

    What lies in `first_on_path` its processes import before anything else.
    """
    port = free_port()
    directory.mkdir(parents=True)
    config, data = directory / "quarterdeck.toml", directory / "data"
    config.write_text(QUARTERDECK.format(mock=mock))
    token, _ = make_key(KeyKind.MEMBER)
    environment = os.environ | {
        "BENCH_PROVIDER_KEY": "sk-bench",
        "BENCH_AGENT_KEY": KEY,
        "BENCH_LIMITED_KEY": LIMITED_KEY,
        "QUARTERDECK_OWNER_TOKEN": token,
    }
    if first_on_path is not None:
        environment["PYTHONPATH"] = os.pathsep.join([str(first_on_path), os.environ.get("PYTHONPATH", "")])
    program = Path(sys.executable).with_name("quarterdeck")
    command = [program, "serve", "--config", config, "--data", data, "--host", "127.0.0.1", "--port", port]
    log = (directory / "log").open("w")
    process = subprocess.Popen(machine.on_core(other, *command), env=environment, stdout=log, stderr=log)
    log.close()
    target = Target("Quarterdeck", f"http://127.0.0.1:{port}{PATH}", [f"authorization: Bearer {KEY}"])
    try:
        ready(target, process, patience_s)
    except NotThere as error:
        raise NotThere(f"{error}; see {directory / 'log'}") from error
    gateway, control = (int((data / f"{name}.pid").read_text()) for name in ("gateway", "control"))
    machine.pin(gateway, core)
    machine.pin(control, other, idle=True)
    target.pids = lambda: [gateway]
    target.control = Control(control, port, token)
    return target


def ready(target: Target, process: "subprocess.Popen[Any]", patience_s: float = 30.0) -> Target:
    """Wait until a call goes through. Raises NotThere when none does."""
    target.pids = lambda: machine.family(process.pid)
    target.stop = lambda: machine.stop(process)
    deadline = time.monotonic() + patience_s
    trouble = "no answer"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NotThere(f"it ended with status {process.returncode}")
        try:
            status, body = ask(target)
            if status == 200:
                return target
            trouble = f"it answered {status}: {body[:200]!r}"
        except OSError as error:
            trouble = str(error)
        time.sleep(0.2)
    target.stop()
    raise NotThere(f"not ready after {patience_s:g} s: {trouble}")


def ask(target: Target, body: bytes | None = None) -> tuple[int, bytes]:
    """One request. Raises OSError."""
    port = int(target.url.split(":")[2].split("/")[0])
    given = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
    headers = {"content-type": "application/json"} | dict(line.split(": ", 1) for line in target.headers)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", PATH, body or json.dumps(given), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()

"""The whole product as a user runs it: `quarterdeck serve` in its own processes, the sandbox as provider."""

import contextlib
import http.client
import json
import os
import random
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

OWNER = "owner-token-for-tests-only"
KEY = "qd-key-for-tests-only-0001"
START_S = 180.0
PATIENCE_S = 60.0
"""How long what must come may take where other tests share the machine. Nothing waits longer than it has to."""

PROVIDERS = """
[[providers]]
name = "openai"
kind = "openai"
base_url = "{sandbox}/v1"
credential = "env:TEST_UPSTREAM_KEY"
allow_private = true

[[providers]]
name = "anthropic"
kind = "anthropic"
base_url = "{sandbox}"
credential = "env:TEST_UPSTREAM_KEY"
allow_private = true
"""

CONFIG = (
    PROVIDERS
    + """
[[agents]]
name = "research"
owner = "sam@example.com"
key = "env:TEST_AGENT_KEY"
"""
)


def wait_until(condition: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    """Until `condition()` is true; errors while a system restarts count as not yet."""
    deadline = time.monotonic() + within_s
    while True:
        with contextlib.suppress(OSError, ValueError):
            if condition():
                return
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s")
        time.sleep(0.05)


def opened(request: urllib.request.Request) -> Any:
    """The answer, to be read and closed. What nobody could say anything of just now is sent again, as an SDK does:
    a gateway waits two seconds for control's word on a run's new key, and a busy machine may take longer."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return urllib.request.urlopen(request, timeout=PATIENCE_S)
        except urllib.error.HTTPError as refusal:
            if refusal.headers.get("x-quarterdeck-code") != "key_unchecked" or time.monotonic() > deadline:
                raise
            time.sleep(float(refusal.headers["retry-after"]))


@contextlib.contextmanager
def under_way(url: str, key: str, script: dict[str, Any], *, stream: bool = False) -> Iterator[None]:
    """A call that is open for as long as this is: its caller hangs up at the end. Its script makes it last."""
    body = {"model": "gpt-4o-mini", "stream": stream, "messages": [{"role": "user", "content": "Take your time."}]}
    headers = {
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "x-sandbox-script": json.dumps(script),
    }
    with contextlib.closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_S)) as connection:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        yield


def slow_stream(url: str, key: str, said: str) -> bytes:
    """All of a stream that takes two minutes unless somebody ends it."""
    slow = {"words": 1200, "chunks": 1200, "timing": {"chunk_ms": 100}}
    body = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": said}]}
    headers = {
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "x-sandbox-script": json.dumps(slow),
    }
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), headers)
    with opened(request) as answer:
        return bytes(answer.read())


@dataclass
class System:
    """A running installation."""

    data: Path
    url: str
    sandbox_url: str
    process: subprocess.Popen[str]
    output: list[str] = field(default_factory=list)

    def pid(self, role: str) -> int:
        """The process id of `gateway` or `control`."""
        return int((self.data / f"{role}.pid").read_text())

    def kill(self, role: str) -> None:
        """kill -9; the supervisor starts it again."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid(role), signal.SIGKILL)

    def get(self, path: str, key: str = OWNER) -> Any:
        return self._send("GET", path, None, key)

    def post(self, path: str, body: Any, key: str = OWNER) -> Any:
        return self._send("POST", path, body, key)

    def patch(self, path: str, body: Any, key: str = OWNER) -> Any:
        return self._send("PATCH", path, body, key)

    def _send(self, method: str, path: str, body: Any, key: str) -> Any:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
        )
        with opened(request) as answer:
            return json.loads(answer.read())

    def wait_until(self, condition: Callable[[], object], within_s: float = PATIENCE_S) -> None:
        wait_until(condition, within_s)

    def ingested(self) -> bool:
        """Whether everything in the journal has reached the store."""
        return bool(self.get("/api/v1/settings")["ingest"]["backlog_records"] == 0)


@contextlib.contextmanager
def running(data: Path, *, config: str = CONFIG, environment: dict[str, str] | None = None) -> Iterator[System]:
    """Start the sandbox and the product; stop both at the end."""
    data.mkdir(parents=True, exist_ok=True)
    sandbox = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck.sandbox", "--port", "0", "--keep", "0"], stdout=subprocess.PIPE, text=True
    )
    assert sandbox.stdout is not None
    sandbox_url = sandbox.stdout.readline().strip()
    file = data / "quarterdeck.toml"
    file.write_text(config.format(sandbox=sandbox_url))
    log = (data / "output.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck", "serve", "--config", file, "--data", data, "--port", str(free_port())],
        stdout=log,
        stderr=log,
        text=True,
        env={
            **os.environ,
            "QUARTERDECK_OWNER_TOKEN": OWNER,
            "TEST_UPSTREAM_KEY": secrets.token_hex(8),
            "TEST_AGENT_KEY": KEY,
            **(environment or {}),
        },
    )
    try:
        yield System(data, _wait_for_url(data, process), sandbox_url, process)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        sandbox.terminate()
        sandbox.wait(PATIENCE_S)
        sandbox.stdout.close()
        log.close()


def free_port() -> int:
    """One that stays free until it is taken: below those that the kernel gives to whoever connects meanwhile."""
    while True:
        port = random.randrange(12_000, 32_000)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


def _wait_for_url(data: Path, process: subprocess.Popen[str]) -> str:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if said := re.search(r"serves on (\S+)\n", (data / "output.log").read_text()):
            return said[1]
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"the product did not start:\n{(data / 'output.log').read_text()}")

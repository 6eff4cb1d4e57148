"""An installation with the sandbox as provider, and agents and tasks made on the way."""

import itertools
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any

import httpx
from system_world import PATIENCE_S, PROVIDERS, System

from quarterdeck.client import Quarterdeck

CONFIG = (
    PROVIDERS
    + """
[[providers]]
name = "gemini"
kind = "gemini"
base_url = "{sandbox}"
credential = "env:TEST_UPSTREAM_KEY"
allow_private = true
"""
)
_numbers = itertools.count(1)
TRUST = ssl.create_default_context()


def _patient(method: str, url: str, **sent: Any) -> httpx.Response:
    """As an SDK does, it asks again where a key could not be checked in time."""
    while True:
        answer = httpx.request(method, url, timeout=PATIENCE_S, verify=TRUST, **sent)
        if answer.headers.get("x-quarterdeck-code") != "key_unchecked":
            return answer
        time.sleep(float(answer.headers["retry-after"]))


web = SimpleNamespace(**{name: partial(_patient, name.upper()) for name in ("get", "post", "delete")})
"""httpx's own functions, with more patience than their five seconds; they would load anew each time whom to trust."""


@dataclass(frozen=True, slots=True)
class AgentKey:
    id: str
    name: str
    key: str


@dataclass
class World:
    system: System
    _first: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        return self.system.url

    def agent(self, *, capacity: int = 1) -> AgentKey:
        """A new agent, so that no test meets another's tasks."""
        name = f"worker-{next(_numbers)}"
        made = self.system.post("/api/v1/agents", {"name": name, "capacity": capacity})
        key = self.system.post(f"/api/v1/agents/{made['id']}/keys", {})
        return AgentKey(made["id"], name, key["secret"])

    def task(self, agent: AgentKey, title: str = "Write it", **fields: Any) -> dict[str, Any]:
        body = {"title": title, "state": "ready", "agent_id": agent.id, **fields}
        found: dict[str, Any] = self.system.post("/api/v1/tasks", body)
        return found

    def see_task(self, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.system.get(f"/api/v1/tasks/{task_id}")
        return found

    def see_run(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.system.get(f"/api/v1/runs/{run_id}")
        return found

    def calls(self, agent: AgentKey, count: int) -> list[dict[str, Any]]:
        """The agent's calls, newest first, once so many are in the store."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            found[:] = self.system.get(f"/api/v1/calls?agent_id={agent.id}")["items"]
            return len(found) >= count

        self.system.wait_until(there)
        return found

    def answer(self, task_id: str, text: str) -> None:
        """As a person: answer the open question about a task, once there is one."""
        found: list[Any] = []

        def asked() -> bool:
            rows = self.system.get(f"/api/v1/tasks/{task_id}/questions")["items"]
            found[:] = [row for row in rows if row["state"] == "open"]
            return bool(found)

        self.system.wait_until(asked)
        self.system.post(f"/api/v1/questions/{found[0]['id']}/answer", {"answer": text})

    def decide(self, task_id: str, verdict: str) -> None:
        """As a person: approve or deny what an agent asks for, once it does."""
        found: list[Any] = []

        def asked() -> bool:
            found[:] = self.system.get(f"/api/v1/approvals?task_id={task_id}&state=pending")["items"]
            return bool(found)

        self.system.wait_until(asked)
        body = {"verdict": verdict, "payload_sha256": found[0]["payload_sha256"], "comment": "I have read it."}
        self.system.post(f"/api/v1/approvals/{found[0]['id']}/decision", body)

    def run(
        self, agent: AgentKey, *arguments: str, more: dict[str, str] | None = None, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """A `quarterdeck` command, as this agent."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
        environment = {**kept, "QUARTERDECK_URL": self.url, "QUARTERDECK_KEY": agent.key, **(more or {})}
        return subprocess.run(
            [sys.executable, "-m", "quarterdeck", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE_S,
            check=False,
            input=stdin,
        )


Connect = Callable[[AgentKey], Quarterdeck]

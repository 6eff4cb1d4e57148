"""One demo agent: a program of its own that knows nothing but an address and a key.

It claims a task, works at it through model calls on the run key, reports progress and finishes; for ever. This is what
any agent does, so it is written with the standard library alone.
"""

import argparse
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from quarterdeck.cli.demo.team import TEAM, Member

THINK_S = 45.0
"""How long an agent is busy with its tools between two calls, before the speed factor."""


class Refused(Exception):
    """The server said no; `code` says why."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


class DemoAgent:
    """Claims and works until the process is ended."""

    def __init__(self, member: Member, url: str, key: str, speed: float) -> None:
        self._member = member
        self._url = url
        self._key = key
        self._speed = speed
        self._random = random.Random(member.name)  # noqa: S311 - variety, not secrecy

    def run(self) -> None:
        while True:
            try:
                self._work_once()
            except Refused as refused:
                # Paused, stopped or taken away: what a well-behaved agent does is wait and ask again.
                print(f"{self._member.name}: {refused}", file=sys.stderr)
                self._pause(THINK_S)
            except (OSError, ValueError) as error:
                print(f"{self._member.name}: {error}", file=sys.stderr)
                time.sleep(1.0)

    def _work_once(self) -> None:
        claim = self._send("/api/v1/agent/claim", self._key, {"wait_s": 20})
        if not claim["claimed"]:
            time.sleep(min(2.0, float(claim.get("retry_after_s") or 0.2)))
            return
        task, run, key = claim["task"], claim["run"]["id"], claim["run_key"]
        said: list[str] = []
        for turn in range(1, self._member.turns + 1):
            said.append(self._ask(key, task, said))
            note = f"step {turn} of {self._member.turns}"
            answer = self._send(
                f"/api/v1/runs/{run}/progress", key, {"note": note, "percent": 100 * turn // self._member.turns}
            )
            if answer["stop"]:
                return
            self._pause(THINK_S * self._random.uniform(0.5, 1.5))
        self._send(f"/api/v1/runs/{run}/finish", key, {"outcome": "succeeded", "summary": said[-1]})

    def _ask(self, key: str, task: dict[str, Any], said: list[str]) -> str:
        """One model call with the conversation so far; returns what the model wrote."""
        turns: list[dict[str, Any]] = [{"role": "user", "content": f"Task: {task['title']}\n\n{task['brief']}"}]
        for text in said:
            turns += [{"role": "assistant", "content": text}, {"role": "user", "content": "Go on with the next step."}]
        member = self._member
        system = f"You are {member.name}. {member.description}. Work step by step and be brief."
        script = {"text": f"{member.says} (step {len(said) + 1})", "timing": {"first_byte_ms": 4000, "chunk_ms": 400}}
        body: dict[str, Any] = {"model": member.model, "stream": True}
        if member.dialect == "messages":
            path, body = "/v1/messages", {**body, "max_tokens": 2000, "system": system, "messages": turns}
        elif member.dialect == "responses":
            path, body = "/v1/responses", {**body, "instructions": system, "input": turns}
        else:
            path, body = "/v1/chat/completions", {**body, "messages": [{"role": "system", "content": system}, *turns]}
        self._send(path, key, body, {"x-sandbox-script": json.dumps(script), "anthropic-version": "2023-06-01"})
        return str(script["text"])

    def _send(self, path: str, key: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
        """POST and read the whole answer; JSON is decoded, a stream is only read to its end."""
        request = urllib.request.Request(  # noqa: S310 - the demo's own server
            self._url + path,
            data=json.dumps(body).encode(),
            headers={"authorization": f"Bearer {key}", "content-type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
                text = answer.read()
                streamed = answer.headers.get("content-type", "").startswith("text/event-stream")
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.headers.get("x-quarterdeck-code") or error.reason) from None
        return None if streamed else json.loads(text)

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds / self._speed)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--url", required=True)
    parser.add_argument("--speed", type=float, default=1.0)
    given = parser.parse_args()
    member = next(each for each in TEAM if each.name == given.name)
    DemoAgent(member, given.url, os.environ["QUARTERDECK_KEY"], given.speed).run()


if __name__ == "__main__":
    main()

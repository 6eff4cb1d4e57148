"""A demo agent's model calls: real HTTP in three dialects, streamed, on a run's key; the sandbox plays the answers."""

import json
from typing import Any

import httpx

from quarterdeck.cli.demo.team import Member

TIMEOUT_S = 120.0
_PAUSED = frozenset({"agent_paused", "task_paused", "run_paused"})
_TIMING = {"first_byte_ms": 4000, "chunk_ms": 400}


class Refused(Exception):
    """The gateway said no; `code` says why."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status_code = status
        self.code = code

    @property
    def paused(self) -> bool:
        """A person holds this work: what has been said so far is good for when it goes on."""
        return self.code in _PAUSED


class Models:
    """One conversation's way to the model, which is sent whole each time, as agents do."""

    def __init__(self, member: Member, url: str, key: str) -> None:
        self._member = member
        self._http = httpx.Client(
            base_url=url,
            timeout=TIMEOUT_S,
            headers={"authorization": f"Bearer {key}", "anthropic-version": "2023-06-01"},
        )

    def say(self, turns: list[dict[str, Any]], answer: dict[str, Any]) -> None:
        """Send the conversation and read the streamed answer, which the sandbox plays. Raises Refused."""
        path, body = self._request(turns)
        script = {"answers": [answer], "timing": _TIMING}
        headers = {"x-sandbox-script": json.dumps(script)}
        with self._http.stream("POST", path, json=body, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                response.read()
                raise Refused(response.status_code, response.headers.get("x-quarterdeck-code", "refused"))
            for _ in response.iter_raw():
                pass

    def close(self) -> None:
        self._http.close()

    def _request(self, turns: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        member = self._member
        system = f"You are {member.name}. {member.description}. Work step by step and be brief."
        common: dict[str, Any] = {"model": member.model, "stream": True}
        if member.dialect == "messages":
            return "/v1/messages", {**common, "max_tokens": 2000, "system": system, "messages": turns}
        if member.dialect == "responses":
            return "/v1/responses", {**common, "instructions": system, "input": turns}
        tools = [{"type": "function", "function": {"name": "search", "parameters": _SEARCH}}]
        messages = [{"role": "system", "content": system}, *turns]
        return "/v1/chat/completions", {**common, "messages": messages, "tools": tools}


_SEARCH = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}

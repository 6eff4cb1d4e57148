"""The story the pages are shown with, told through the API as people and agents would: five agents, one in a circle.

Also a program, to look at the dashboard with something on it: `python tests/browser/story.py URL OWNER_TOKEN`.
"""

import json
import sys
import time
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError

TEAM = {
    "research": "Finds sources and facts",
    "drafting": "Writes the first version",
    "qa": "Checks claims against sources",
    "summarisation": "Makes it short",
    "delivery": "Sends what was approved",
}
DRAFTS = (
    "# Q3 market report\n\n## Demand\n\nDemand fell in the second half.\n\n## Supply\n\nThree plants went offline.\n",
    "# Q3 market report\n\n## Demand\n\nDemand in the second half is driven by three customers,\n"
    "who together make 41 % of orders.\n\n## Supply\n\nThree plants went offline.\n\n"
    "| plant | back in |\n|---|---|\n| Aarhus | May |\n| Malmö | June |\n\n[to do: numbers from research]\n",
)
SUMMARIES = (
    "Five competitors raised list prices.\nThe median rise is 4 %.\nNordex is the exception.\n",
    "Four of five competitors raised list prices in Q3.\nThe median rise is 4.2 %.\n"
    "Nordex is the exception: it cut 2 %.\n"
    "Sources: price lists of 1 October.\n",
)


class Server:
    """The API, by address and token. `pace` is how long the agents take: 1 is at once, 40 looks like life."""

    def __init__(self, url: str, token: str, pace: int = 1) -> None:
        self.url, self._token = url, token
        self.pace = pace

    def get(self, path: str, key: str = "") -> Any:
        return self._send("GET", path, None, key, {})

    def post(
        self, path: str, body: Any, key: str = "", headers: dict[str, str] | None = None, *, tries: int = 5
    ) -> Any:
        return self._send("POST", path, body, key, headers or {}, tries)

    def put(self, path: str, body: Any) -> None:
        self._send("PUT", path, body, "", {})

    def _send(self, method: str, path: str, body: Any, key: str, headers: dict[str, str], tries: int = 5) -> Any:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": f"Bearer {key or self._token}", "content-type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
                return json.loads(text) if text and answer.headers.get_content_type() != "text/event-stream" else None
        except HTTPError as problem:
            # As an SDK does: a busy machine may not check a key in time, and says when to ask again.
            if problem.code != 503 or not tries:
                raise
            time.sleep(float(problem.headers.get("retry-after", 1)))
        return self._send(method, path, body, key, headers, tries - 1)


@dataclass
class Story:
    """What was made, by name."""

    agents: dict[str, str]
    keys: dict[str, str]
    project: str
    tasks: dict[str, dict[str, Any]]
    runs: dict[str, dict[str, Any]]
    """The claims that were answered, by the task's name."""
    question: dict[str, Any]


def tell(server: Server, *, known: dict[str, str] | None = None) -> Story:
    """Make it all. `known` are keys of agents that exist already, by name."""
    agents, keys = _agents(server, known or {})
    project = server.post("/api/v1/projects", {"name": f"Autumn launch {len(server.get('/api/v1/projects')['items'])}"})
    story = Story(agents, keys, project["id"], {}, {}, {})
    _report(server, story)
    _tariffs(server, story)
    _summary(server, story)
    _mail(server, story)
    for title, agent, state in (
        ("Market sizing, Nordics", None, "backlog"),
        ("FAQ from support mails", None, "backlog"),
        ("Weekly digest", "summarisation", "ready"),
    ):
        _task(server, story, title, title, agent, state=state, labels=["weekly"] if state == "ready" else [])
    return story


def _agents(server: Server, known: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    ids = {row["name"]: row["id"] for row in server.get("/api/v1/agents")["items"]}
    keys = dict(known)
    for name, description in TEAM.items():
        if name not in ids:
            ids[name] = server.post("/api/v1/agents", {"name": name, "description": description})["id"]
        if name not in keys:
            keys[name] = server.post(f"/api/v1/agents/{ids[name]}/keys", {"name": "story"})["secret"]
    return ids, keys


def _task(server: Server, story: Story, name: str, title: str, agent: str | None, **more: Any) -> dict[str, Any]:
    body = {"title": title, "state": "ready", **({"agent_id": story.agents[agent]} if agent else {}), **more}
    story.tasks[name] = server.post("/api/v1/tasks", body)
    return story.tasks[name]


def _claim(server: Server, story: Story, name: str, agent: str) -> tuple[str, str]:
    claimed = server.post(
        "/api/v1/agent/claim", {"task_id": story.tasks[name]["id"], "lease_s": 3600}, key=story.keys[agent]
    )
    story.runs[name] = claimed
    return claimed["run"]["id"], claimed["run_key"]


def _work(server: Server, key: str, model: str, asks: list[str], tool: str, result: str, answer: str) -> None:
    """A conversation as an SDK holds it: each ask makes the model call a tool, read its result and answer."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "Work step by step."}]
    for number, ask in enumerate(asks):
        messages.append({"role": "user", "content": ask})
        arguments = {"query": ask}
        for turn in ({"tools": [{"name": tool, "arguments": arguments}]}, {"text": answer}):
            usage = {"input": 1_800 + 900 * len(messages), "output": 260, "cache_read": 600 * len(messages)}
            timing = {"first_byte_ms": 20 * server.pace, "chunk_ms": 3 * server.pace}
            script = {**turn, "chunks": 8, "usage": usage, "timing": timing}
            headers = {"x-sandbox-script": json.dumps(script)}
            server.post("/v1/chat/completions", {"model": model, "messages": messages, "stream": True}, key, headers)
            if "tools" in turn:
                call: dict[str, Any] = {"id": f"call_{number}", "type": "function"}
                call["function"] = {"name": tool, "arguments": json.dumps(arguments)}
                messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
                messages.append({"role": "tool", "tool_call_id": f"call_{number}", "content": result})
                time.sleep(0.02 * server.pace)
            else:
                messages.append({"role": "assistant", "content": answer})


def _hand_in(server: Server, run: str, key: str, name: str, text: str, *, draft: bool, note: str) -> dict[str, Any]:
    body = {"name": name, "text": text, "draft": draft, "note": note}
    made: dict[str, Any] = server.post(f"/api/v1/runs/{run}/deliverables", body, key=key)
    return made


def _report(server: Server, story: Story) -> None:
    """Drafting writes, fails once, begins again; QA and delivery wait behind it."""
    report = _task(
        server,
        story,
        "report",
        "Q3 market report",
        "drafting",
        priority="urgent",
        project_id=story.project,
        brief="Draft the report: demand, supply and price, **one section each**. Keep it under two pages.",
        acceptance=["Demand, supply and price, one section each", "Every number has a source", "At most two pages"],
        labels=["q3", "customers"],
    )
    run, key = _claim(server, story, "report", "drafting")
    asks = [f"Write section {part} of the Q3 market report." for part in ("1, demand", "2, supply", "3, price")]
    _work(server, key, "gpt-4o-mini", asks, "read_notes", "Orders by customer, Q1 to Q3.", "Here it is.")
    _hand_in(server, run, key, "Q3 market report", DRAFTS[0], draft=True, note="Demand and supply")
    server.post(f"/api/v1/runs/{run}/finish", {"outcome": "failed", "reason": "the notes could not be read"}, key=key)
    run, key = _claim(server, story, "report", "drafting")
    asks = [f"Rewrite section {part} with numbers." for part in ("1, demand", "2, supply")]
    _work(server, key, "gpt-4o", asks, "read_notes", "Three customers make 41 % of orders.", "Rewritten.")
    _hand_in(server, run, key, "Q3 market report", DRAFTS[1], draft=True, note="Numbers by customer")
    body = {"note": "Sections 1 and 2 done. I need the tariff table for section 3.", "percent": 60}
    server.post(f"/api/v1/runs/{run}/progress", body, key=key)
    server.post(
        f"/api/v1/runs/{run}/comments",
        {"body": "Sections 1 and 2 done. I need the **tariff table** for section 3."},
        key=key,
    )
    server.post(
        f"/api/v1/tasks/{report['id']}/comments",
        {"body": "It waits for the tariff numbers. @drafting cut that section?"},
    )
    check = _task(server, story, "check", "Check the Q3 report", "qa", brief="Check every figure against its source.")
    mail = _task(server, story, "partners", "Send the report to partners", "delivery")
    server.post(f"/api/v1/tasks/{check['id']}/dependencies", {"waits_for": report["id"]})
    server.post(f"/api/v1/tasks/{mail['id']}/dependencies", {"waits_for": check["id"]})


def _tariffs(server: Server, story: Story) -> None:
    """Research goes round in a circle: nearly the same request again and again."""
    _task(server, story, "tariffs", "EU tariff background", "research", priority="high", brief="Collect the changes.")
    run, key = _claim(server, story, "tariffs", "research")
    asks = ["Search for: EU tariff schedule 2026, steel, with sources."] * 7
    _work(server, key, "gpt-4o", asks, "web_search", "No new results.", "Nothing new. I search again.")
    server.post(f"/api/v1/runs/{run}/progress", {"note": "Sources found so far: 4 of 6"}, key=key)


def _summary(server: Server, story: Story) -> None:
    """A summary that was sent back once and waits for a word again."""
    task = _task(
        server,
        story,
        "summary",
        "Competitor summary",
        "summarisation",
        project_id=story.project,
        brief="One page on what competitors charge.",
        acceptance=["Names its sources", "Fits one page"],
    )
    for number, text in enumerate(SUMMARIES):
        run, key = _claim(server, story, "summary", "summarisation")
        asks = [f"Summarise the price lists, take {number + 1}."]
        _work(server, key, "gpt-4o-mini", asks, "read_file", "Nordex -2 %, four others +3 to +6 %.", "Done.")
        _hand_in(server, run, key, "Competitor summary", text, draft=False, note=("First", "With sources")[number])
        said = ("Five rises and one cut.", "Added the sources, corrected the count.")[number]
        server.post(f"/api/v1/runs/{run}/finish", {"outcome": "succeeded", "summary": said}, key=key)
        if number == 0:
            body = {
                "verdict": "request_changes",
                "body": "Nearly there.",
                "comments": [{"text": "Four, not five.", "line_from": 1, "quote": "Five competitors"}],
            }
            server.post(f"/api/v1/tasks/{task['id']}/reviews", body)


def _mail(server: Server, story: Story) -> None:
    """Delivery asks a person; the press list is done already."""
    _task(server, story, "press", "Press list", "delivery")
    run, key = _claim(server, story, "press", "delivery")
    _work(server, key, "gpt-4o-mini", ["Sort the press list."], "read_file", "240 names.", "Sorted.")
    _hand_in(server, run, key, "Press list", "name,mail\nAna,ana@example.com\n", draft=False, note="Sorted")
    server.post(f"/api/v1/runs/{run}/finish", {"outcome": "succeeded", "summary": "Sorted by country."}, key=key)
    server.post(f"/api/v1/tasks/{story.tasks['press']['id']}/reviews", {"verdict": "approve"})
    _task(server, story, "mail", "Send partner mail", "delivery")
    run, key = _claim(server, story, "mail", "delivery")
    _work(server, key, "gpt-4o-mini", ["Prepare the mail to partners."], "read_file", "Two lists.", "Prepared.")
    body = {"text": "Send to the partner list or to the whole list?", "options": ["Partner list", "Whole list"]}
    story.question = server.post(f"/api/v1/runs/{run}/questions", body, key=key)


if __name__ == "__main__":
    tell(Server(sys.argv[1], sys.argv[2], pace=40))

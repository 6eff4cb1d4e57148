"""Whatever the agent protocol has by HTTP, a shell script has as a command."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from agents_world import AgentKey, World

from quarterdeck.api.agent_hints import HINTS
from quarterdeck.cli import main as program
from quarterdeck.client import Quarterdeck

Command = Callable[..., tuple[int, Any]]


@pytest.fixture
def command(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`command(agent, "tasks", "mine", QUARTERDECK_RUN=…)`: (exit status, what it printed), in this process."""

    opened: list[Quarterdeck] = []
    begin = Quarterdeck.__init__

    def opens(self: Quarterdeck, *given: Any, **named: Any) -> None:
        begin(self, *given, **named)
        opened.append(self)

    def run(agent: AgentKey, *arguments: str, **more: str) -> tuple[int, Any]:
        with monkeypatch.context() as patch:
            patch.setattr(Quarterdeck, "__init__", opens)
            for name in ("QUARTERDECK_RUN", "QUARTERDECK_RUN_KEY", "QUARTERDECK_TASK"):
                patch.delenv(name, raising=False)
            for name, value in {"QUARTERDECK_URL": world.url, "QUARTERDECK_KEY": agent.key, **more}.items():
                patch.setenv(name, value)
            patch.setattr("sys.argv", ["quarterdeck", *arguments])
            with pytest.raises(SystemExit) as ended:
                program.main()
        # A command leaves that to the end of its process.
        while opened:
            opened.pop().close()
        out = capsys.readouterr().out
        return int(ended.value.code or 0), json.loads(out) if out else None

    return run


def test_every_verb_of_the_agent_protocol_is_a_command(world: World) -> None:
    described = world.system.get("/api/openapi.json")["paths"]
    verbs = {
        operation["operationId"]
        for methods in described.values()
        for operation in methods.values()
        if "agent protocol" in operation.get("tags", ())
    }
    assert verbs == set(HINTS)
    root = typer.main.get_command(program.app)
    for path in {hint.command for hint in HINTS.values()}:
        found: Any = root
        for word in path.split():
            found = found.commands[word]
    claim = described["/api/v1/agent/claim"]["post"]
    assert (claim["x-mcp-tool"], claim["x-command"]) == ("claim_task", "quarterdeck tasks claim")
    assert "only what you claimed is yours" in claim["x-when-to-use"]


def test_a_script_asks_for_an_approval_and_uses_it_up(world: World, command: Command) -> None:
    agent, owner = world.agent(), AgentKey("", "", "owner-token-for-tests-only")
    world.task(agent)
    run = command(agent, "tasks", "claim")[1]["run"]["id"]
    ask = ("tasks", "request-approval", run, "Send the letter", "--payload", '{"to": "all"}')
    status, asked = command(agent, *ask)
    assert (status, asked["state"]) == (0, "pending")
    assert command(agent, "tasks", "check-approval", run, asked["id"])[0] == 6
    assert command(owner, "decide", asked["id"], "approve")[0] == 2
    assert [need["key"] for need in command(owner, "needs", "list", "--json")[1]["items"] if asked["id"] in need["key"]]
    decided = command(owner, "decide", asked["id"], "approve", "--sha256", asked["payload_sha256"])
    assert (decided[0], decided[1]["state"]) == (0, "approved")
    assert command(agent, "tasks", "check-approval", run, asked["id"])[0] == 0
    assert command(agent, "tasks", "use-approval", run, asked["id"], "--payload", '{"to": "you"}')[0] == 2
    used = command(agent, "tasks", "use-approval", run, asked["id"], "--payload", '{"to": "all"}')
    assert (used[0], used[1]["state"]) == (0, "used")
    assert command(agent, "tasks", "use-approval", run, asked["id"], "--payload", '{"to": "all"}')[0] == 2
    assert command(agent, "tasks", "request-approval", run, "x", "--payload", "{")[0] == 2


def test_a_member_gives_unclaimed_traffic_to_a_task_and_takes_it_back(world: World, command: Command) -> None:
    agent, owner = world.agent(), AgentKey("", "", "owner-token-for-tests-only")
    task = world.task(agent)
    asked = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "By myself"}]}
    sent = httpx.post(
        f"{world.url}/v1/chat/completions", json=asked, headers={"authorization": f"Bearer {agent.key}"}, timeout=60
    )
    assert sent.status_code == 200, sent.text
    (call,) = world.calls(agent, 1)
    talk = call["conversation_id"]

    def loose() -> list[str]:
        return [row["conversation_id"] for row in command(owner, "calls", "unclaimed", "--json")[1]["items"]]

    assert talk in loose()
    status, done = command(owner, "tasks", "adopt", task["id"], talk, "--json")
    assert (status, done["task"], done["calls"]) == (0, task["ref"], 1)
    assert talk not in loose()
    assert command(owner, "tasks", "give-back", task["id"], call["id"], "--json")[1]["calls"] == 1
    assert talk in loose()
    assert command(owner, "tasks", "adopt", task["id"], talk, agent.id)[0] == 2


def test_a_script_looks_for_the_answer_to_its_question(world: World, command: Command) -> None:
    agent, owner = world.agent(), AgentKey("", "", "owner-token-for-tests-only")
    task = world.task(agent)
    run = command(agent, "tasks", "claim")[1]["run"]["id"]
    asked = command(agent, "tasks", "ask", run, "Which tone?", "--wait", "0")[1]["id"]
    assert command(agent, "tasks", "question", asked)[0] == 6
    assert command(owner, "answer", asked, "friendly")[0] == 0
    status, seen = command(agent, "tasks", "question", asked, "--wait", "30")
    assert (status, seen["answer"]) == (0, "friendly")
    mine = command(agent, "tasks", "mine", "--state", "in_progress")[1]["items"]
    assert [one["id"] for one in mine] == [task["id"]]


def test_a_script_reviews_what_another_agent_made(world: World, command: Command, tmp_path: Path) -> None:
    writer, critic = world.agent(), world.agent()
    task = world.task(writer, review=f"agent:{critic.id}+one")
    run = command(writer, "tasks", "claim")[1]["run"]["id"]
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF-1.7 scan")
    assert command(writer, "tasks", "deliver", run, "scan", "--file", str(scan))[0] == 0
    assert command(writer, "tasks", "files", run) == (0, {"items": []})
    command(writer, "tasks", "finish", run)
    status, claimed = command(critic, "tasks", "claim", "--wait", "50")
    assert status == 0
    own = claimed["run"]["id"]
    seen = command(critic, "tasks", "to-review", own)[1]
    version = seen["versions"][0]
    got = tmp_path / "got.pdf"
    fetched = command(
        critic, "tasks", "fetch", own, version["deliverable_id"], "--version", str(version["number"]), "--to", str(got)
    )
    assert (fetched[0], got.read_bytes()) == (0, scan.read_bytes())
    assert command(writer, "tasks", "fetch", own, version["deliverable_id"], "--version", "1", "--to", str(got))[0] == 2
    assert command(critic, "tasks", "review", "approve", own, "Fine.")[0] == 0
    command(critic, "tasks", "finish", own)
    person = AgentKey("", "", "owner-token-for-tests-only")
    assert command(person, "review", task["id"], "approve")[1]["task"]["state"] == "done"


def test_a_script_shares_out_work(world: World, command: Command) -> None:
    agent = world.agent()
    world.task(agent)
    run = command(agent, "tasks", "claim")[1]["run"]["id"]
    first, second = (command(agent, "tasks", "delegate", run, title)[1]["id"] for title in ("One", "Two"))
    status, linked = command(agent, "tasks", "wait-for", second, first)
    assert (status, [wait["id"] for wait in linked["waits_for"]]) == (0, [first])
    assert command(agent, "tasks", "wait-for", first, second)[0] == 2
    # Only the lead of a project assigns; nobody has written this agent any instructions.
    assert command(agent, "tasks", "assign", first, "-")[0] == 2
    assert command(agent, "tasks", "instructions")[0] in (0, 2)
    # Nobody's task is everybody's: no other test is to find these.
    for made in (first, second):
        world.system.post(f"/api/v1/tasks/{made}/move", {"to": "cancelled"})

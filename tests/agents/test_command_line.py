"""The commands of agents and members, and an agent that is a shell script."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from agents_world import AgentKey, World

SCRIPT = Path(__file__).parents[2] / "docs" / "examples" / "agent.sh"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory with the `quarterdeck` command, as an installation has one."""
    command = tmp_path / "bin" / "quarterdeck"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m quarterdeck "$@"\n')
    command.chmod(0o755)
    return command.parent


def _script(world: World, agent: AgentKey, programs: Path, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "OPENAI_"))}
    environment = {
        **kept,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "QUARTERDECK_URL": world.url,
        "QUARTERDECK_KEY": agent.key,
        **more,
    }
    return subprocess.run(
        ["sh", SCRIPT], env=environment, cwd=programs, capture_output=True, text=True, timeout=200, check=False
    )


def test_a_shell_script_does_a_task_from_claim_to_finish(world: World, programs: Path) -> None:
    agent = world.agent()
    task = world.task(agent, "Two lines about the sea")
    person = threading.Thread(target=world.answer, args=(task["id"], "friendly"))
    person.start()
    done = _script(world, agent, programs)
    person.join()
    assert done.returncode == 0, done.stderr
    seen = world.see_task(task["id"])
    assert seen["state"] == "in_review"
    assert (seen["latest_version"]["name"], seen["latest_version"]["kind"]) == ("answer", "json")
    comment = world.system.get(f"/api/v1/tasks/{task['id']}/comments")["items"][0]
    assert (comment["body"], comment["author"]["name"]) == ("In a friendly tone.", agent.name)
    run = world.system.get(f"/api/v1/runs?task_id={task['id']}")["items"][0]
    assert (run["state"], run["summary"], run["percent"]) == ("succeeded", "Two lines, friendly.", 20)
    assert [call["run_id"] for call in world.calls(agent, 1)] == [run["id"]]


def test_a_script_with_nothing_to_do_ends_by_status_3(world: World, programs: Path) -> None:
    assert _script(world, world.agent(), programs, WAIT="0").returncode == 3


def test_each_verb_says_what_to_do_next_by_its_exit_status(world: World) -> None:
    agent = world.agent()
    task = world.task(agent)
    claimed = world.run(agent, "tasks", "claim", "--session", "s-1")
    answer = json.loads(claimed.stdout)
    run, key = answer["run"]["id"], answer["run_key"]
    assert (claimed.returncode, answer["task"]["id"]) == (0, task["id"])
    named = {"QUARTERDECK_RUN": run, "QUARTERDECK_RUN_KEY": key}

    heard = world.run(agent, "tasks", "progress", run, "half", "--percent", "50", "--json")
    assert (heard.returncode, json.loads(heard.stdout)["stop"]) == (0, False)
    handed = world.run(agent, "tasks", "deliver", "notes", more=named, stdin="Grüße\n")
    assert json.loads(handed.stdout)["kind"] == "text"
    assert world.run(agent, "tasks", "ask", "Sure?", "--wait", "0", more=named).returncode == 0
    assert world.run(agent, "tasks", "ask", "Sure now?", "--wait", "1", more=named).returncode == 6
    shown = json.loads(world.run(agent, "tasks", "show", answer["task"]["ref"], more=named).stdout)
    assert (shown["task"]["id"], shown["run"]["id"]) == (task["id"], run)

    world.system.patch(f"/api/v1/agents/{agent.id}", {"desired": "paused"})
    assert world.run(agent, "tasks", "progress", "more", more=named).returncode == 5
    world.system.patch(f"/api/v1/agents/{agent.id}", {"desired": "enabled"})
    world.system.post(f"/api/v1/runs/{run}/cancel", {})
    lost = world.run(agent, "tasks", "progress", "late", more=named)
    assert (lost.returncode, "claim" in lost.stderr.lower()) == (4, True)

    assert world.run(agent, "tasks", "claim", "tsk_nobody").returncode == 2
    unnamed = world.run(agent, "tasks", "finish")
    assert (unnamed.returncode, "QUARTERDECK_RUN" in unnamed.stderr) == (2, True)
    away = world.run(agent, "inbox", more={"QUARTERDECK_URL": "http://127.0.0.1:9"})
    assert (away.returncode, "No answer from" in away.stderr) == (7, True)


def test_an_agent_reads_its_inbox_and_gives_a_task_back(world: World) -> None:
    agent = world.agent()
    task = world.task(agent)
    world.system.post(f"/api/v1/agents/{agent.id}/messages", {"body": "Leave it."})
    run = json.loads(world.run(agent, "tasks", "claim").stdout)["run"]["id"]
    came = json.loads(world.run(agent, "inbox", "--wait", "5").stdout)
    assert [item["body"] for item in came["items"]] == ["Leave it."]
    assert json.loads(world.run(agent, "inbox", "--after", str(came["cursor"])).stdout)["items"] == []
    assert json.loads(world.run(agent, "tasks", "release", run).stdout)["state"] == "cancelled"
    assert world.see_task(task["id"])["state"] == "ready"


@pytest.mark.parametrize(
    "command",
    [
        ("agents", "list"),
        ("keys", "list"),
        ("calls", "list"),
        ("tasks", "list"),
        ("costs", "waste"),
        ("doctor",),
        ("db", "migrate"),
        ("signin-link",),
    ],
)
def test_every_command_of_members_speaks_json(world: World, command: tuple[str, ...]) -> None:
    data = {"QUARTERDECK_DATA": str(world.system.data), "QUARTERDECK_KEY": "owner-token-for-tests-only"}
    done = world.run(AgentKey("", "", ""), *command, "--json", more=data)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)


def test_a_link_to_sign_in_leads_to_where_the_data_is_served(world: World) -> None:
    done = world.run(AgentKey("", "", ""), "signin-link", more={"QUARTERDECK_DATA": str(world.system.data)})
    assert done.stdout.startswith(f"{world.system.url}/signin?token="), done.stderr

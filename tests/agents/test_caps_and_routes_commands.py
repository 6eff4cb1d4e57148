"""`quarterdeck routes`, `budgets`, `limits` and `costs seat`, as an admin at a terminal uses them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from agents_world import World
from system_world import OWNER
from typer.testing import CliRunner

from quarterdeck.cli import local
from quarterdeck.cli.client import Api
from quarterdeck.cli.main import app
from quarterdeck.kernel.errors import Invalid

Command = Callable[..., str]


@pytest.fixture
def command(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """`command("routes", "list")`: what it printed; a failure is raised as the program would tell it."""
    # A command is a process of its own, and leaves its connection to its end.
    opened = [Api(world.url, OWNER)]
    monkeypatch.setattr(local, "api", lambda: opened[0])
    monkeypatch.setenv("COLUMNS", "200")
    runner = CliRunner()

    def run(*arguments: str, stdin: str | None = None) -> str:
        done = runner.invoke(app, arguments, input=stdin)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    yield run
    opened[0]._server.close()


def said(text: str) -> Any:
    return json.loads(text)


def test_budgets_are_added_raised_listed_and_removed(command: Command) -> None:
    made = said(command("budgets", "add", "tag:cli=b", "0.25", "--window", "week", "--warn", "50", "--json"))
    assert (made["scope"], made["amount_nano"], made["window"], made["mode"]) == (
        "tag:cli=b",
        250_000_000,
        "week",
        "hard",
    )
    raised = said(command("budgets", "set", made["id"], "--usd", "$2", "--mode", "warn", "--json"))
    assert (raised["amount_nano"], raised["mode"], raised["warn"]) == (2_000_000_000, "warn", [50])
    shown = next(line for line in command("budgets", "list").splitlines() if "tag:cli=b" in line)
    assert "week" in shown and "$2.00" in shown
    command("budgets", "remove", made["id"])
    assert "tag:cli=b" not in command("budgets", "list")
    with pytest.raises(Invalid, match="dollars"):
        command("budgets", "add", "workspace", "a lot")


def test_limits_are_added_changed_listed_and_removed(command: Command) -> None:
    made = said(command("limits", "add", "tag:cli=l", "60", "--per", "minute", "--burst", "5", "--json"))
    assert (made["measure"], made["amount"], made["per"], made["burst"]) == ("requests", 60, "minute", 5)
    changed = said(command("limits", "set", made["id"], "--amount", "90", "--json"))
    assert (changed["amount"], changed["burst"]) == (90, 5)
    shown = next(line for line in command("limits", "list").splitlines() if "tag:cli=l" in line)
    assert "90 requests per minute" in shown
    command("limits", "remove", made["id"])
    assert "tag:cli=l" not in command("limits", "list")


def test_routes_are_saved_versioned_tried_and_removed(command: Command, tmp_path: Path) -> None:
    config = {"strategy": {"mode": "fallback"}, "targets": [{"provider": "openai"}, {"provider": "anthropic"}]}
    file = tmp_path / "route.json"
    file.write_text(json.dumps(config))
    assert said(command("routes", "save", "cli-route", str(file), "--note", "first", "--json"))["version"] == 1
    single = json.dumps({"provider": "anthropic"})
    assert said(command("routes", "save", "cli-route", "-", "--json", stdin=single))["version"] == 2
    assert said(command("routes", "show", "cli-route")) == {"provider": "anthropic"}
    assert said(command("routes", "roll-back", "cli-route", "1", "--json"))["version"] == 3
    assert said(command("routes", "show", "cli-route")) == config
    versions = said(command("routes", "versions", "cli-route", "--json"))["items"]
    assert [row["version"] for row in versions] == [3, 2, 1]
    assert "cli-route" in command("routes", "list")
    dry = command("routes", "dry-run", "cli-route", "--model", "gpt-4o-mini", "--answers", "openai=503")
    assert "openai" in dry and "fallback" in dry and "The caller gets 200." in dry
    tried = said(command("routes", "dry-run", "--config", str(file), "--model", "gpt-4o-mini", "--json"))
    assert [step["provider"] for step in tried["steps"]] == ["openai"]
    assert {row["provider"] for row in said(command("routes", "health", "--json"))["items"]} >= {"openai", "anthropic"}
    assert "removed" in command("routes", "remove", "cli-route")


def test_a_seat_is_priced_and_shown_by_the_agents_name_or_id(world: World, command: Command) -> None:
    agent = world.agent()
    assert said(command("costs", "seat", agent.name, "--json"))["items"] == []
    command("costs", "seat", agent.name, "0.174")
    assert [price["nano_per_hour"] for price in said(command("costs", "seat", agent.id, "--json"))["items"]] == [
        174_000_000
    ]
    with pytest.raises(Invalid, match="no agent"):
        command("costs", "seat", "no such agent")


@pytest.mark.parametrize("asks", [("replay", "start", "call_1", "--cap"), ("needs", "budget", "key", "raise", "--usd")])
def test_dollars_that_are_none_are_refused_before_anything_is_sent(command: Command, asks: tuple[str, ...]) -> None:
    for written in ("a lot", "0.12345678901"):
        with pytest.raises(Invalid, match="dollars"):
            command(*asks, written)

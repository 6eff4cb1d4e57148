"""The commands of agents: claim a task, report, hand in, ask, finish. Made for scripts.

They print JSON and say by their exit status what a script should do next; `QUARTERDECK_KEY` is the agent's key. What
`eval "$(quarterdeck tasks claim --export)"` sets, they read: the run and its key need not be named again.
"""

import os
import shlex
import sys
import time
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from quarterdeck.cli import local
from quarterdeck.cli.client import Api, default_url
from quarterdeck.cli.show import emit
from quarterdeck.kernel.errors import Invalid

verbs = typer.Typer(rich_markup_mode=None)
inbox = typer.Typer(rich_markup_mode=None)
POLL_S = 45.0
"""An open question is a sign of life this often."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON; these commands always do.")]
Words = Annotated[list[str], typer.Argument(metavar="[RUN] TEXT", help="The run is $QUARTERDECK_RUN when absent.")]
MaybeRun = Annotated[str | None, typer.Argument(metavar="[RUN]", help="$QUARTERDECK_RUN when absent.")]


class Exit(IntEnum):
    """What became of a command, for scripts. 1 is anything unexpected."""

    DONE = 0
    REFUSED = 2
    """Wrong usage, or the server said no; the reason is on standard error."""
    NOTHING = 3
    """A claim found no task."""
    LOST = 4
    """The run is over or another worker has it: claim anew."""
    STOP = 5
    """A person wants this run to make no further model call."""
    NO_ANSWER = 6
    """A question is still open, or was let go without an answer."""
    UNREACHABLE = 7


@verbs.command("claim")
def claim(
    task: Annotated[str | None, typer.Argument(help="Only this task, by id.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for one.")] = 0,
    lease: Annotated[int | None, typer.Option(help="Seconds the run lives without a sign of life.")] = None,
    session: Annotated[
        str | None, typer.Option(help="Your model client's session id: its calls are the run's.")
    ] = None,
    export: Annotated[bool, typer.Option("--export", help="Print shell exports instead of JSON.")] = False,
    _json: Json = False,
) -> None:
    """Claim the agent's most urgent task. Exit status 3 when there is none."""
    from quarterdeck.client import asks  # noqa: PLC0415

    api, deadline = local.api(), time.monotonic() + wait
    while True:
        left = max(0.0, deadline - time.monotonic())
        answer = api.ask(asks.claim(wait_s=left, task_id=task, lease_s=lease, session=session))
        if answer["claimed"] or answer["reason"] == "retired" or time.monotonic() >= deadline:
            break
        _say(f"{answer['message']} Waiting {deadline - time.monotonic():.0f} s more.")
        time.sleep(min(1.0, float(answer["retry_after_s"])))
    if not answer["claimed"]:
        emit(answer, as_json=True)
        raise typer.Exit(Exit.NOTHING)
    if export:
        print(_exports(answer))
    else:
        emit(answer, as_json=True)


@verbs.command("show")
def show(
    task: Annotated[str | None, typer.Argument(help="Id or ref, such as T-12; $QUARTERDECK_TASK when absent.")] = None,
    _json: Json = False,
) -> None:
    """A task: brief, acceptance criteria, what it waits for, the last review, comments. For agents and members."""
    from quarterdeck.client import Refused  # noqa: PLC0415

    api, name = worker(), task or os.environ.get("QUARTERDECK_TASK")
    if not name:
        raise Invalid("Name the task, or set QUARTERDECK_TASK.")
    try:
        emit(api.get(f"/agent/tasks/{name}"), as_json=True)
    except Refused as refused:
        if refused.status != 403:
            raise
        emit(api.get(f"/tasks/{name}"), as_json=True)


@verbs.command("progress")
def progress(words: Words, percent: Annotated[int | None, typer.Option()] = None, _json: Json = False) -> None:
    """Say what the run is doing, which keeps it alive. Exit status 5: stop."""
    from quarterdeck.client import asks  # noqa: PLC0415

    run, note = run_and_text(words)
    heard = worker().ask(asks.progress(asks.Hold(run), note, percent))
    emit(heard, as_json=True)
    if heard["stop"]:
        raise typer.Exit(Exit.STOP)


@verbs.command("deliver")
def deliver(
    words: Annotated[list[str], typer.Argument(metavar="[RUN] NAME")],
    file: Annotated[
        Path | None, typer.Option(help="The file to hand in; standard input, as text, when absent.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="text, code, json, csv, link, image, pdf or file.")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Still being worked on.")] = False,
    note: Annotated[str | None, typer.Option(help="What is new in it.")] = None,
    _json: Json = False,
) -> None:
    """Hand in a deliverable; under the same name it is the next version."""
    from quarterdeck.client import asks  # noqa: PLC0415

    run, name = run_and_text(words)
    if file is not None and not file.is_file():
        raise Invalid(f"There is no file {file}.")
    content = sys.stdin.read() if file is None else file
    ask = asks.deliver(asks.Hold(run), name, content, kind=kind, draft=draft, note=note, file_name=None)
    emit(worker().ask(ask), as_json=True)


@verbs.command("ask")
def ask(
    words: Words,
    option: Annotated[list[str] | None, typer.Option(help="An answer to choose; may be given more than once.")] = None,
    default: Annotated[str | None, typer.Option(help="Holds when the deadline passes.")] = None,
    deadline: Annotated[int | None, typer.Option(help="Seconds until the default holds.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the answer; 0 does not wait.")] = 3600,
    _json: Json = False,
) -> None:
    """Ask the person who answers for the task, and wait, keeping the run alive. Exit status 6: no answer."""
    from quarterdeck.client import asks  # noqa: PLC0415

    run, text = run_and_text(words)
    api, hold = worker(), asks.Hold(run)
    until = time.monotonic() + wait
    made = asks.ask(hold, text, options=option or (), free_text=not option, default=default, deadline_s=deadline)
    asked = api.ask(made)
    while asked["state"] == "open" and time.monotonic() < until:
        left = min(POLL_S, until - time.monotonic())
        asked = api.ask(asks.question(asked["id"], wait_s=max(1.0, left)))
        if asked["state"] == "open" and api.ask(asks.progress(hold, None, None))["stop"]:
            emit(asked, as_json=True)
            raise typer.Exit(Exit.STOP)
    emit(asked, as_json=True)
    if asked["answer"] is None and wait > 0:
        raise typer.Exit(Exit.NO_ANSWER)


@verbs.command("delegate")
def delegate(
    words: Annotated[list[str], typer.Argument(metavar="[RUN] TITLE")],
    brief: Annotated[str, typer.Option(help="Markdown.")] = "",
    agent: Annotated[str | None, typer.Option(help="An agent's id; any agent when absent.")] = None,
    budget_usd: Annotated[float | None, typer.Option(help="Needed where your own task has a budget.")] = None,
    _json: Json = False,
) -> None:
    """Make a part of the run's task a task of its own."""
    from quarterdeck.client import asks  # noqa: PLC0415

    run, title = run_and_text(words)
    budget = None if budget_usd is None else round(budget_usd * 1_000_000_000)
    emit(
        worker().ask(asks.delegate(asks.Hold(run), title, brief=brief, agent_id=agent, budget_nano=budget)),
        as_json=True,
    )


@verbs.command("comment")
def comment(words: Words, _json: Json = False) -> None:
    """Comment on the run's task; @name tells a person or wakes an agent."""
    from quarterdeck.client import asks  # noqa: PLC0415

    run, text = run_and_text(words)
    emit(worker().ask(asks.comment(asks.Hold(run), text)), as_json=True)


@verbs.command("finish")
def finish(
    run: MaybeRun = None,
    summary: Annotated[str, typer.Option(help="What you did, for people to read.")] = "",
    failed: Annotated[str | None, typer.Option(help="It failed, and why, such as timeout.")] = None,
    _json: Json = False,
) -> None:
    """End the run: the task goes on to review, or, when it failed, back to the queue. Safe to repeat."""
    from quarterdeck.client import asks  # noqa: PLC0415

    outcome = "succeeded" if failed is None else "failed"
    emit(worker().ask(asks.finish(asks.Hold(run_of(run)), outcome, failed, summary or None)), as_json=True)


@verbs.command("release")
def release(run: MaybeRun = None, reason: Annotated[str | None, typer.Option()] = None, _json: Json = False) -> None:
    """Give the task back without having failed at it."""
    from quarterdeck.client import asks  # noqa: PLC0415

    emit(worker().ask(asks.release(asks.Hold(run_of(run)), reason)), as_json=True)


@inbox.command("inbox")
def read_inbox(
    after: Annotated[int, typer.Option(help="Acknowledges everything up to this cursor.")] = 0,
    wait: Annotated[float, typer.Option(help="Seconds to wait for something to come, at most 60.")] = 0,
    _json: Json = False,
) -> None:
    """What came for the agent: mentions, reviews, answers, messages. What is not acknowledged comes again."""
    from quarterdeck.client import asks  # noqa: PLC0415

    emit(local.api().ask(asks.inbox(after=after, wait_s=wait)), as_json=True)


def worker() -> Api:
    """With the run's key where there is one: it outlives a lease by the last word that a worker has to say."""
    key = os.environ.get("QUARTERDECK_RUN_KEY")
    return Api(default_url(), key) if key else local.api()


def run_and_text(words: list[str]) -> tuple[str, str]:
    """(run id, the rest): the run may stand before the text, as it may be left out. Raises Invalid."""
    run = words[0] if words[0].startswith("run_") else None
    rest = words[1:] if run else words
    if len(rest) != 1:
        raise Invalid("Give one text, in quotes, and before it the run if QUARTERDECK_RUN is not set.")
    return run_of(run), rest[0]


def run_of(given: str | None) -> str:
    run = given or os.environ.get("QUARTERDECK_RUN")
    if not run:
        raise Invalid("Name the run, or set QUARTERDECK_RUN, as 'tasks claim --export' does.")
    return run


def _exports(answer: dict[str, Any]) -> str:
    from quarterdeck.client.environment import variables  # noqa: PLC0415
    from quarterdeck.client.shapes import claim_of  # noqa: PLC0415

    values = variables(claim_of(answer), default_url())
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in values.items())


def _say(text: str) -> None:
    print(f"quarterdeck: {text}", file=sys.stderr)

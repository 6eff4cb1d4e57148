"""Commands by which an agent's script asks whether it may, looks for an answer, and shares out work."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from quarterdeck.cli import local
from quarterdeck.cli.show import emit
from quarterdeck.cli.work import POLL_S, Exit, Json, MaybeRun, Words, run_and_text, run_of, worker
from quarterdeck.kernel.errors import Invalid

verbs = typer.Typer(rich_markup_mode=None)
Payload = Annotated[
    str, typer.Option(help="JSON: all of what you would do. @FILE reads a file, - reads standard input.")
]


@verbs.command("mine")
def mine(
    state: Annotated[list[str] | None, typer.Option(help="May be given more than once; the open ones.")] = None,
    limit: Annotated[int, typer.Option()] = 50,
    _json: Json = False,
) -> None:
    """What the agent works on, then what it may claim, most urgent first."""
    emit(worker().get("/agent/tasks", state=state or None, limit=limit), as_json=True)


@verbs.command("instructions")
def instructions(_json: Json = False) -> None:
    """The agent's instructions as people wrote them, in the version that holds now."""
    emit(local.api().get("/agent/instructions"), as_json=True)


@verbs.command("question")
def question(
    question_id: Annotated[str, typer.Argument(metavar="QUESTION")],
    wait: Annotated[float, typer.Option(help="Seconds to wait for the answer.")] = 0,
    _json: Json = False,
) -> None:
    """A question the agent asked. Exit status 6: no answer yet."""
    from quarterdeck.client import asks  # noqa: PLC0415

    api, until = worker(), time.monotonic() + wait
    while True:
        left = min(POLL_S, max(0.0, until - time.monotonic()))
        asked = api.ask(asks.question(question_id, wait_s=left))
        if asked["state"] != "open" or time.monotonic() >= until:
            break
    emit(asked, as_json=True)
    if asked["answer"] is None:
        raise typer.Exit(Exit.NO_ANSWER)


@verbs.command("request-approval")
def request_approval(
    words: Annotated[list[str], typer.Argument(metavar="[RUN] ACTION")],
    payload: Payload,
    summary: Annotated[str, typer.Option(help="Markdown: why, and what follows from it.")] = "",
    wait: Annotated[float, typer.Option(help="Seconds to wait for the word, keeping the run alive.")] = 0,
    _json: Json = False,
) -> None:
    """Ask a person whether you may do one thing. Exit status 2: denied; 5: stop; 6: nobody has decided yet."""
    from quarterdeck.client import asks  # noqa: PLC0415

    run, action = run_and_text(words)
    api, hold, until = worker(), asks.Hold(run), time.monotonic() + wait
    asked = api.ask(asks.approval(hold, action, _payload(payload), summary))
    while asked["state"] == "pending" and time.monotonic() < until:
        if api.ask(asks.progress(hold, None, None))["stop"]:
            emit(asked, as_json=True)
            raise typer.Exit(Exit.STOP)
        left = min(POLL_S, max(1.0, until - time.monotonic()))
        asked = api.ask(asks.approval_state(hold, asked["id"], wait_s=left))
    _show_approval(asked, asked_to_wait=wait > 0)


@verbs.command("check-approval")
def check_approval(
    words: Annotated[list[str], typer.Argument(metavar="[RUN] APPROVAL")],
    _json: Json = False,
) -> None:
    """What became of an approval. Exit status 2: denied; 6: nobody has decided yet."""
    from quarterdeck.client import asks  # noqa: PLC0415

    run, approval_id = run_and_text(words)
    _show_approval(worker().ask(asks.approval_state(asks.Hold(run), approval_id)), asked_to_wait=True)


@verbs.command("use-approval")
def use_approval(
    words: Annotated[list[str], typer.Argument(metavar="[RUN] APPROVAL")],
    payload: Payload,
    _json: Json = False,
) -> None:
    """Use an approval up, right before you do what was approved: do it only if this ends with status 0."""
    from quarterdeck.client import asks  # noqa: PLC0415

    run, approval_id = run_and_text(words)
    emit(worker().ask(asks.use_approval(asks.Hold(run), approval_id, _payload(payload))), as_json=True)


@verbs.command("wait-for")
def wait_for(
    task: Annotated[str, typer.Argument(help="The id of a task of yours.")],
    other: Annotated[str, typer.Argument(help="The id of the one to be done first.")],
    _json: Json = False,
) -> None:
    """Let one of the agent's tasks wait for another of them."""
    emit(worker().post("/agent/dependencies", task_id=task, waits_for=other), as_json=True)


@verbs.command("assign")
def assign(
    task: Annotated[str, typer.Argument(help="The id of a task of the project that you lead.")],
    agent: Annotated[str, typer.Argument(help="The agent's id; - for any agent, or any of a squad.")],
    squad: Annotated[str | None, typer.Option(help="With -: the squad's id.")] = None,
    note: Annotated[str | None, typer.Option(help="What its worker should know.")] = None,
    _json: Json = False,
) -> None:
    """As the lead agent of a project: say which agent is to do a task of it."""
    body: dict[str, Any] = {"agent_id": None if agent == "-" else agent, "squad_id": squad, "note": note}
    emit(local.api().post(f"/agent/tasks/{task}/assign", **body), as_json=True)


@verbs.command("files")
def files(run: MaybeRun = None, _json: Json = False) -> None:
    """The files that the run's task comes with."""
    emit(worker().get(f"/runs/{run_of(run)}/attachments"), as_json=True)


@verbs.command("fetch")
def fetch(
    words: Annotated[list[str], typer.Argument(metavar="[RUN] ID")],
    to: Annotated[Path, typer.Option(help="Where to write it. What is there is written over.")],
    version: Annotated[int | None, typer.Option(help="Of a deliverable; an attachment has none.")] = None,
    _json: Json = False,
) -> None:
    """Fetch an attachment, or with --version a deliverable, of the run's task or of the task that it reviews."""
    from quarterdeck.client import asks  # noqa: PLC0415

    run, name = run_and_text(words)
    size = worker().save(asks.file_path(asks.Hold(run), name, version=version), to)
    emit({"path": str(to), "size": size}, as_json=True)


@verbs.command("to-review")
def to_review(run: MaybeRun = None, _json: Json = False) -> None:
    """The work that the run's task asks you to review: its brief, acceptance criteria, versions and files."""
    from quarterdeck.client import asks  # noqa: PLC0415

    emit(worker().ask(asks.to_review(asks.Hold(run_of(run)))), as_json=True)


@verbs.command("review")
def review(
    verdict: Annotated[str, typer.Argument(help="approve or request_changes.")],
    words: Words,
    _json: Json = False,
) -> None:
    """Say what you found; TEXT is all that has to change, in one message. Then finish the run."""
    from quarterdeck.client import asks  # noqa: PLC0415

    run, text = run_and_text(words)
    emit(worker().ask(asks.review(asks.Hold(run), verdict, text)), as_json=True)


def _show_approval(asked: dict[str, Any], *, asked_to_wait: bool) -> None:
    emit(asked, as_json=True)
    if asked["state"] == "pending" and asked_to_wait:
        raise typer.Exit(Exit.NO_ANSWER)
    if asked["state"] in ("denied", "expired"):
        raise typer.Exit(Exit.REFUSED)


def _payload(given: str) -> Any:
    """Raises Invalid."""
    if given == "-":
        text = sys.stdin.read()
    elif given.startswith("@"):
        if not Path(given[1:]).is_file():
            raise Invalid(f"There is no file {given[1:]}.")
        text = Path(given[1:]).read_text()
    else:
        text = given
    try:
        return json.loads(text)
    except ValueError as error:
        raise Invalid(f"--payload is JSON, and this is not: {error}") from None

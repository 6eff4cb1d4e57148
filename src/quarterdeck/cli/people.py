"""Commands of members: what waits for you, and your word on it."""

from typing import Annotated

import typer

from quarterdeck.cli import local
from quarterdeck.cli.caps import nano
from quarterdeck.cli.show import Json, emit
from quarterdeck.kernel.errors import Invalid

needs = typer.Typer(help="What waits for you.", no_args_is_help=True)
decisions = typer.Typer(rich_markup_mode=None)


@needs.command("list")
def list_needs(
    snoozed: Annotated[bool, typer.Option("--snoozed", help="Also what you have put off.")] = False,
    as_json: Json = False,
) -> None:
    """Reviews, questions, approvals, mentions, signals and budgets that stopped, longest waiting first."""
    emit(
        local.api().get("/needs", snoozed="true" if snoozed else None, limit=500),
        as_json=as_json,
        columns=[
            ("key", lambda row: row["key"]),
            ("task", lambda row: row["task"]["ref"] if row["task"] else ""),
            ("since", lambda row: row["since"]),
            ("what", lambda row: row["text"]),
        ],
    )


@needs.command("snooze")
def snooze(
    key: str, until: Annotated[str, typer.Option(help="RFC 3339, such as 2027-01-31T09:00:00Z.")], as_json: Json = False
) -> None:
    """Put something off; it comes back by itself."""
    local.api().post(f"/needs/{key}/snooze", until=until)
    _done(key, as_json)


@needs.command("delegate")
def delegate(key: str, member: Annotated[str, typer.Argument(help="A member's id.")], as_json: Json = False) -> None:
    """Hand it on to another member."""
    local.api().post(f"/needs/{key}/delegate", member_id=member)
    _done(key, as_json)


@needs.command("dismiss")
def dismiss(key: str, as_json: Json = False) -> None:
    """You have seen to a signal, a budget that stopped, or a task that came back."""
    local.api().post(f"/needs/{key}/dismiss")
    _done(key, as_json)


@needs.command("budget")
def budget(
    key: str,
    act: Annotated[str, typer.Argument(help="raise, let_run or stop.")],
    usd: Annotated[str | None, typer.Option(help="For raise: the new amount.")] = None,
    _json: Json = False,
) -> None:
    """See to a budget that stopped: raise it, let the work run on, or end the work."""
    amount = None if usd is None else nano(usd)
    emit(local.api().post(f"/needs/{key}/budget", act=act, amount_nano=amount), as_json=True)


@decisions.command("answer")
def answer(question: str, text: str, _json: Json = False) -> None:
    """Answer an agent's question."""
    emit(local.api().post(f"/questions/{question}/answer", answer=text), as_json=True)


@decisions.command("decide")
def decide(
    approval: str,
    verdict: Annotated[str, typer.Argument(help="approve or deny.")],
    sha256: Annotated[str | None, typer.Option(help="The hash of the payload you read; shown when absent.")] = None,
    comment: Annotated[str | None, typer.Option()] = None,
    _json: Json = False,
) -> None:
    """Allow one action of an agent or not. Without --sha256 it only shows what is asked for, and its hash."""
    found = local.api().get(f"/approvals/{approval}")
    if sha256 is None:
        emit(found, as_json=True)
        raise Invalid(f"Nothing is decided. Read the payload, then add --sha256 {found['payload_sha256']}.")
    body = {"verdict": verdict, "payload_sha256": sha256, "comment": comment}
    emit(local.api().post(f"/approvals/{approval}/decision", **body), as_json=True)


@decisions.command("review")
def review(
    task: Annotated[str, typer.Argument(help="The task's id.")],
    verdict: Annotated[str, typer.Argument(help="approve, request_changes or reject.")],
    text: Annotated[str, typer.Argument(help="What has to change, or why it is rejected.")] = "",
    _json: Json = False,
) -> None:
    """Say what you think of what a task has handed in."""
    emit(local.api().post(f"/tasks/{task}/reviews", verdict=verdict, body=text), as_json=True)


def _done(key: str, as_json: bool) -> None:
    if as_json:
        emit({"key": key}, as_json=True)

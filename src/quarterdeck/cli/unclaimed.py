"""Commands on traffic of no task: what there is of it, giving it to a task, taking it back."""

from typing import Annotated, Any

import typer

from quarterdeck.cli import local
from quarterdeck.cli.show import Json, emit, money, name_of
from quarterdeck.kernel.errors import Invalid

listing = typer.Typer(rich_markup_mode=None)
verbs = typer.Typer(rich_markup_mode=None)
Which = Annotated[
    list[str],
    typer.Argument(help="A conversation (conv_…), calls (call_…), or an agent (agt_…): its calls of no conversation."),
]
TaskId = Annotated[str, typer.Argument(help="The task's id.")]


@listing.command("unclaimed")
def unclaimed(as_json: Json = False) -> None:
    """Traffic of no task, by agent and conversation, the latest first."""
    emit(
        local.api().get("/conversations/unclaimed", limit=100),
        as_json=as_json,
        columns=[
            ("agent", lambda row: name_of(row["agent"])),
            ("conversation", lambda row: row["conversation_id"] or "(none)"),
            ("calls", lambda row: row["calls"]),
            ("cost", lambda row: money(None if row["unpriced_calls"] == row["calls"] else row["cost_nano"])),
            ("model", lambda row: row["newest"]["model"] or row["newest"]["model_asked"]),
            ("last", lambda row: row["newest"]["started_at"]),
        ],
    )


@verbs.command("adopt")
def adopt(
    task: TaskId,
    which: Which,
    follow: Annotated[bool, typer.Option(help="Later calls of a conversation's sessions are the task's too.")] = True,
    as_json: Json = False,
) -> None:
    """Count unclaimed calls as work on an open task, with all they cost."""
    _move(task, "adopt", which, as_json, follow=follow)


@verbs.command("give-back")
def give_back(task: TaskId, which: Which, as_json: Json = False) -> None:
    """Let calls that the task adopted belong to no task again."""
    _move(task, "give-back", which, as_json)


def _move(task: str, verb: str, which: list[str], as_json: bool, **more: Any) -> None:
    body = {**_chosen(which), **more}
    calls = cost = 0
    while True:
        done = local.api().post(f"/tasks/{task}/{verb}", **body)
        calls, cost = calls + done["calls"], cost + done["cost_nano"]
        if not done["more"]:
            break
    row = {"task": done["task"]["ref"], "calls": calls, "cost_nano": cost}
    columns = [
        ("task", lambda r: r["task"]),
        ("calls", lambda r: r["calls"]),
        ("cost", lambda r: money(r["cost_nano"])),
    ]
    emit(row if as_json else [row], as_json=as_json, columns=columns)


def _chosen(which: list[str]) -> dict[str, Any]:
    first, *others = which
    if first.startswith("call_"):
        return {"call_ids": which}
    if others:
        raise Invalid("Name one conversation or agent, or calls.")
    return {"agent_id" if first.startswith("agt_") else "conversation_id": first}

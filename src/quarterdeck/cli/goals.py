"""`quarterdeck goals`: what tasks are for, and how far they are."""

from typing import Annotated, Any

import typer

from quarterdeck.cli import local
from quarterdeck.cli.show import Json, emit, money, name_of

app = typer.Typer(help="Goals: what tasks are for, and how far they are.", no_args_is_help=True)
GoalId = Annotated[str, typer.Argument(help="The goal's id.")]
Due = Annotated[str | None, typer.Option(help="An instant with its zone, such as 2026-12-24T12:00:00Z.")]
Project = Annotated[str | None, typer.Option(help="A project's id.")]
Member = Annotated[str | None, typer.Option(help="The id of the member who answers for it; yourself when absent.")]
_COLUMNS = [
    ("goal", lambda row: row["name"]),
    ("state", lambda row: row["state"].replace("_", " ")),
    ("done", lambda row: "" if row["done_share"] is None else f"{row['done_share']:.0%}"),
    ("blocked", lambda row: row["blocked"]),
    ("cost", lambda row: money(row["cost_nano"])),
    ("due", lambda row: (row["due_at"] or "")[:16]),
    ("forecast", lambda row: (row["forecast_at"] or "")[:16]),
    ("project", lambda row: name_of(row["project"])),
    ("id", lambda row: row["id"]),
]


@app.command("list")
def list_goals(project: Project = None, as_json: Json = False) -> None:
    """All goals, and how their tasks stand."""
    emit(local.api().get("/goals", project_id=project, limit=500), as_json=as_json, columns=_COLUMNS)


@app.command("create")
def create(
    name: str,
    statement: Annotated[str, typer.Option(help="What is to be true in the end.")] = "",
    project: Project = None,
    accountable: Member = None,
    due: Due = None,
    as_json: Json = False,
) -> None:
    """Add a goal; tasks name it as their goal_id."""
    body: dict[str, Any] = {"name": name, "statement": statement, "project_id": project, "accountable_id": accountable}
    row = local.api().post("/goals", **body, due_at=due)
    emit(row if as_json else [row], as_json=as_json, columns=_COLUMNS)


@app.command("set")
def change(
    goal_id: GoalId,
    name: Annotated[str | None, typer.Option()] = None,
    statement: Annotated[str | None, typer.Option(help="What is to be true in the end.")] = None,
    project: Project = None,
    accountable: Member = None,
    due: Due = None,
    as_json: Json = False,
) -> None:
    """Change what a goal says."""
    body = {"name": name, "statement": statement, "project_id": project, "accountable_id": accountable, "due_at": due}
    given = {field: value for field, value in body.items() if value is not None}
    row = local.api().patch(f"/goals/{goal_id}", **given)
    emit(row if as_json else [row], as_json=as_json, columns=_COLUMNS)


@app.command("delete")
def delete(goal_id: GoalId) -> None:
    """Forget a goal; its tasks stay, without it."""
    local.api().delete(f"/goals/{goal_id}")

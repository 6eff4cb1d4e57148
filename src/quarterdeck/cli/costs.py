"""`quarterdeck costs`: where money went, how well it was spent, what seats cost, and what a provider says of it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from quarterdeck.cli import local
from quarterdeck.cli.caps import nano
from quarterdeck.cli.show import Json, emit, money
from quarterdeck.kernel.errors import Invalid

app = typer.Typer(help="Where money went, and how well it was spent.", no_args_is_help=True)


@app.command("waste")
def waste(
    by: Annotated[str, typer.Option(help="total, agent, task, model, project, person, day …")] = "total",
    as_json: Json = False,
) -> None:
    """Every cent in one class, of the last 30 days."""
    found = local.api().get("/costs/waste", by=by)
    classes = sorted(found["totals"]["classes"])
    emit(
        found if as_json else [*found["rows"], found["totals"]],
        as_json=as_json,
        columns=[
            (by, lambda row: row["label"] or "—"),
            *((name, lambda row, name=name: money(row["classes"][name])) for name in classes),
            ("total", lambda row: money(row["total_nano"])),
        ],
    )


@app.command("report-card")
def report_card(
    by: Annotated[str, typer.Option(help="agent, model or instructions.")] = "agent", as_json: Json = False
) -> None:
    """Who does well for the money, of the last 30 days."""
    found = local.api().get("/costs/report_card", by=by)
    emit(
        found if as_json else found["rows"],
        as_json=as_json,
        columns=[
            (by, lambda row: row["label"] or "—"),
            ("done", lambda row: row["tasks_done"]),
            ("approved at first", lambda row: row["first_pass"]),
            ("cost", lambda row: money(row["cost_nano"])),
            ("per deliverable approved", lambda row: money(row["cost_per_approved_nano"])),
        ],
    )


@app.command("reconcile")
def reconcile(
    file: Annotated[Path, typer.Argument(help="A provider's usage export, as CSV.")],
    provider: Annotated[str | None, typer.Option(help="Only the models of this provider of ours.")] = None,
    as_json: Json = False,
) -> None:
    """Compare a provider's usage export with the ledger, by day and model."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} cannot be read: {error}.") from error
    found = local.api().post("/costs/reconcile", csv=text, provider=provider)
    whole = {"day": "", "model": "total", **{name: found[name] for name in ("theirs_nano", "ours_nano")}}
    emit(
        found if as_json else [*found["rows"], {**whole, "difference_nano": found["difference_nano"]}],
        as_json=as_json,
        columns=[
            ("day", lambda row: row["day"][:10]),
            ("model", lambda row: row["model"]),
            ("theirs", lambda row: money(row["theirs_nano"])),
            ("ours", lambda row: money(row["ours_nano"])),
            ("difference", lambda row: money(row["difference_nano"])),
        ],
    )


@app.command("seat")
def seat(
    agent: str,
    usd_per_hour: Annotated[str | None, typer.Argument(help="What it costs from now on; 0: nothing.")] = None,
    since: Annotated[str | None, typer.Option(help="From this instant on, such as 2026-11-01T00:00:00Z.")] = None,
    as_json: Json = False,
) -> None:
    """Show, or set, what an agent's seat or machine costs by the hour."""
    api = local.api()
    agents = api.get("/agents", q=agent, limit=500)["items"]
    agent_id = next((row["id"] for row in agents if agent in (row["name"], row["id"])), None)
    if agent_id is None:
        raise Invalid(f"There is no agent {agent}.")
    path = f"/agents/{agent_id}/seat_prices"
    body: dict[str, Any] = {} if since is None else {"valid_from": since}
    found = api.get(path) if usd_per_hour is None else api.post(path, nano_per_hour=nano(usd_per_hour), **body)
    emit(
        found if as_json else found["items"],
        as_json=as_json,
        columns=[
            ("from", lambda row: row["valid_from"]),
            ("an hour", lambda row: money(row["nano_per_hour"])),
            ("set by", lambda row: row["set_by"]["name"] if row["set_by"] else ""),
        ],
    )

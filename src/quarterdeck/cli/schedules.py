"""`quarterdeck schedules`: rules that create tasks."""

from typing import Annotated, Any

import typer

from quarterdeck.cli import local
from quarterdeck.cli.show import Json, emit, name_of

app = typer.Typer(help="Schedules: rules that create tasks.", no_args_is_help=True)
ScheduleId = Annotated[str, typer.Argument(help="The schedule's id.")]
_COLUMNS = [
    ("schedule", lambda row: row["name"]),
    ("fires", lambda row: row["cron"] or (f"every {row['every_s']} s" if row["every_s"] else row["trigger"])),
    ("zone", lambda row: row["zone"]),
    ("state", lambda row: row["state"]),
    ("next", lambda row: row["next_firings"][0][:16] if row["next_firings"] else row["paused_reason"]),
    ("id", lambda row: row["id"]),
]


@app.command("list")
def list_schedules(as_json: Json = False) -> None:
    """All schedules, and when each fires next."""
    emit(local.api().get("/schedules", limit=500), as_json=as_json, columns=_COLUMNS)


@app.command("create")
def create(
    name: str,
    title: Annotated[str, typer.Option(help="The title of the task it makes; {{date}} and the like are filled in.")],
    cron: Annotated[str | None, typer.Option(help="Five fields, such as '0 9 * * MON-FRI'.")] = None,
    every: Annotated[int | None, typer.Option(help="Instead of cron: every so many seconds.")] = None,
    webhook: Annotated[bool, typer.Option("--webhook", help="Instead of cron: by a signed webhook.")] = False,
    zone: Annotated[str, typer.Option(help="An IANA zone, such as Europe/Berlin.")] = "UTC",
    brief: str = "",
    agent: Annotated[str | None, typer.Option(help="An agent's id.")] = None,
    overlap: Annotated[str, typer.Option(help="skip, queue or parallel.")] = "skip",
    catch_up: Annotated[str, typer.Option(help="none, last or all.")] = "last",
    catch_up_limit: int = 1,
    as_json: Json = False,
) -> None:
    """Create a schedule. A webhook's secret is shown once."""
    trigger = "webhook" if webhook else "interval" if every is not None else "cron" if cron is not None else "api"
    body: dict[str, Any] = {"name": name, "trigger": trigger, "zone": zone, "cron": cron, "every_s": every}
    body |= {"overlap": overlap, "catch_up": catch_up, "catch_up_limit": catch_up_limit}
    row = local.api().post("/schedules", **body, task={"title": title, "brief": brief, "agent_id": agent})
    emit(row if as_json else [row], as_json=as_json, columns=_COLUMNS)
    if row["secret"] and not as_json:
        print(f"Send it to {row['hook_path']}, signed. Secret, shown this once: {row['secret']}")


@app.command("preview")
def preview(cron: str, zone: str = "UTC", as_json: Json = False) -> None:
    """When a cron expression fires next."""
    answer = local.api().post("/schedules/preview", cron=cron, zone=zone)
    rows = [{"at": at} for at in answer["next_firings"]]
    emit(answer if as_json else rows, as_json=as_json, columns=[("fires (UTC)", lambda row: row["at"])])


@app.command("pause")
def pause(schedule_id: ScheduleId, reason: Annotated[str | None, typer.Option()] = None, as_json: Json = False) -> None:
    """Fire no more until it is resumed."""
    row = local.api().post(f"/schedules/{schedule_id}/pause", **({} if reason is None else {"reason": reason}))
    emit(row if as_json else [row], as_json=as_json, columns=_COLUMNS)


@app.command("resume")
def resume(schedule_id: ScheduleId, as_json: Json = False) -> None:
    """Fire again, from now on."""
    row = local.api().post(f"/schedules/{schedule_id}/resume")
    emit(row if as_json else [row], as_json=as_json, columns=_COLUMNS)


_FIRING = [
    ("at", lambda row: row["at"][:19]),
    ("outcome", lambda row: row["outcome"]),
    ("task", lambda row: name_of(row["task"], "ref")),
    ("why", lambda row: row["note"]),
]


@app.command("fire")
def fire(
    schedule_id: ScheduleId,
    key: Annotated[str | None, typer.Option(help="The same key again fires once.")] = None,
    variable: Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE of a variable; repeat.")] = None,
    as_json: Json = False,
) -> None:
    """Fire now. Exit status 1 when it made no task."""
    given = dict(each.partition("=")[::2] for each in variable or [])
    row = local.api().post(f"/schedules/{schedule_id}/fire", key=key, variables=given)
    emit(row if as_json else [row], as_json=as_json, columns=_FIRING)
    raise typer.Exit(0 if row["outcome"] in ("created", "queued") else 1)


@app.command("firings")
def firings(schedule_id: ScheduleId, limit: int = 20, as_json: Json = False) -> None:
    """What came of its firings, latest first."""
    emit(local.api().get(f"/schedules/{schedule_id}/firings", limit=limit), as_json=as_json, columns=_FIRING)


@app.command("delete")
def delete(schedule_id: ScheduleId) -> None:
    """Forget a schedule; the tasks that it made stay."""
    local.api().delete(f"/schedules/{schedule_id}")
    print("deleted; the tasks that it made stay")

"""`quarterdeck`: serve it, look at it, work with it. Every command that shows something has `--json`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from quarterdeck.cli import (
    audit,
    caps,
    channels,
    costs,
    goals,
    local,
    people,
    replays,
    routes,
    schedules,
    unclaimed,
    work,
    work_more,
)
from quarterdeck.cli.show import Json, emit, money, name_of
from quarterdeck.cli.work import Exit
from quarterdeck.kernel.errors import QuarterdeckError

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
agents = typer.Typer(help="Agents and what they do.", no_args_is_help=True)
keys = typer.Typer(help="Keys of agents.", no_args_is_help=True)
calls = typer.Typer(help="Model calls.", no_args_is_help=True)
tasks = typer.Typer(help="Tasks on the board; an agent claims and finishes them here.", no_args_is_help=True)
db = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(audit.app, name="audit")
app.add_typer(channels.app, name="channels")
app.add_typer(goals.app, name="goals")
app.add_typer(schedules.app, name="schedules")
app.add_typer(routes.app, name="routes")
app.add_typer(costs.app, name="costs")
app.add_typer(replays.app, name="replay")
for name, group in (("agents", agents), ("keys", keys), ("calls", calls), ("tasks", tasks), ("db", db)):
    app.add_typer(group, name=name)

app.add_typer(caps.budgets, name="budgets")
app.add_typer(caps.limits, name="limits")

Config = Annotated[Path | None, typer.Option("--config", help="A quarterdeck.toml.")]
Data = Annotated[Path | None, typer.Option("--data", help="Where everything is kept; ./data by default.")]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on; 127.0.0.1 by default.")]
Port = Annotated[int | None, typer.Option("--port", help="Port to listen on; 8787 by default.")]
Gateways = Annotated[int | None, typer.Option("--gateways", help="Gateway processes; more than one need a Redis.")]


@app.command()
def up(
    config: Config = None, data: Data = None, host: Host = None, port: Port = None, gateways: Gateways = None
) -> None:
    """Serve, and print a link to sign in with."""
    raise typer.Exit(local.serve(local.settings_for(config, data, host, port, gateways), link=True))


@app.command()
def serve(
    config: Config = None, data: Data = None, host: Host = None, port: Port = None, gateways: Gateways = None
) -> None:
    """Serve with no terminal: a link is printed only at the first start."""
    raise typer.Exit(local.serve(local.settings_for(config, data, host, port, gateways), link=False))


@app.command()
def demo(
    speed: Annotated[float, typer.Option(help="60 plays an hour in a minute.")] = 60.0,
    data: Annotated[Path, typer.Option("--data", help="Where the demo keeps its data.")] = Path("data-demo"),
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port")] = 8787,
) -> None:
    """Serve with five agents at work against the built-in sandbox provider."""
    # Imported here: what plays the demo is of no use to anybody else.
    from quarterdeck.cli.demo.play import play  # noqa: PLC0415

    raise typer.Exit(play(data.absolute(), host, port, speed))


@app.command()
def apply(
    config: Annotated[Path, typer.Option("--config", help="The quarterdeck.toml to apply.")],
    data: Data = None,
    diff: Annotated[bool, typer.Option("--diff", help="Only show what would change.")] = False,
    as_json: Json = False,
) -> None:
    """Apply a quarterdeck.toml to the database, or show what it would change."""
    changes = local.apply(config, data, only_diff=diff)
    emit(
        changes,
        as_json=as_json,
        columns=[
            ("change", lambda row: row["verb"]),
            ("what", lambda row: row["what"]),
            ("detail", lambda row: row["detail"]),
        ],
    )


@app.command("signin-link")
def signin_link(
    data: Data = None, port: Port = None, email: Annotated[str | None, typer.Option()] = None, as_json: Json = False
) -> None:
    """Print a new one-time link for the owner (or another member), for whoever may read the data directory."""
    link = local.signin_link(data, port, email)
    if as_json:
        emit({"link": link}, as_json=True)
    else:
        print(link)


@app.command()
def doctor(data: Data = None, as_json: Json = False) -> None:
    """Check that this installation can serve, and say what is wrong."""
    _findings(local.doctor(data), as_json=as_json)


def _findings(rows: list[dict[str, str]], *, as_json: bool) -> None:
    emit(rows, as_json=as_json, columns=[("", lambda row: row["state"]), ("", lambda row: row["what"])])
    raise typer.Exit(1 if any(row["state"] == "wrong" for row in rows) else 0)


@db.command("migrate")
def db_migrate(data: Data = None, as_json: Json = False) -> None:
    """Bring the database to this program's version. `serve` does it too."""
    said = local.migrate(data)
    if as_json:
        emit({"message": said}, as_json=True)
    else:
        print(said)


@db.command("backup")
def db_backup(
    to: Annotated[Path, typer.Argument(help="A directory that is empty or not there yet.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Copy everything while the server runs. To restore, serve the copy: `--data TO`."""
    _findings(local.back_up(to, data), as_json=as_json)


@db.command("move")
def db_move(
    url: Annotated[
        str,
        typer.Argument(
            help="An empty database: postgresql://USER@HOST/DATABASE, with the password in PGPASSWORD or ~/.pgpass; "
            "or - to read all of it from standard input"
        ),
    ],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Copy everything from SQLite to PostgreSQL. Stop the server first."""
    _findings(local.move(url, data), as_json=as_json)


@db.command("reseal")
def db_reseal(data: Data = None, as_json: Json = False) -> None:
    """Seal stored secrets anew with the first key of `secret.key`."""
    _findings(local.reseal(data), as_json=as_json)


@agents.command("list")
def agents_list(as_json: Json = False) -> None:
    """All agents, with their last call and today's spend."""
    emit(
        local.api().get("/agents", limit=500),
        as_json=as_json,
        columns=[
            ("agent", lambda row: row["name"]),
            ("state", lambda row: row["desired"]),
            ("open runs", lambda row: len(row["open_runs"])),
            ("last call", lambda row: row["last_call_at"]),
            ("calls today", lambda row: row["today"]["calls"]),
            ("today", lambda row: money(row["today"]["cost_nano"])),
        ],
    )


@agents.command("create")
def agents_create(name: str, description: str = "", as_json: Json = False) -> None:
    """Create an agent and its first key. The key is shown once."""
    api = local.api()
    agent = api.post("/agents", name=name, description=description)
    key = api.post(f"/agents/{agent['id']}/keys", name="first key")
    if as_json:
        emit({"agent": agent, "key": key}, as_json=True)
        return
    print(f"{agent['name']} ({agent['id']})\nKey, shown this once: {key['secret']}")


@agents.command("set")
def agents_set(agent_id: str, desired: str, as_json: Json = False) -> None:
    """Set what is wanted of an agent: enabled, paused or retired."""
    row = local.api().patch(f"/agents/{agent_id}", desired=desired)
    emit(
        row if as_json else [row],
        as_json=as_json,
        columns=[("agent", lambda row: row["name"]), ("state", lambda row: row["desired"])],
    )


@keys.command("list")
def keys_list(as_json: Json = False) -> None:
    """All keys; never their text."""
    emit(
        local.api().get("/keys", limit=500),
        as_json=as_json,
        columns=[
            ("key", lambda row: row["hint"]),
            ("kind", lambda row: row["kind"]),
            ("name", lambda row: row["name"]),
            ("state", lambda row: row["state"]),
            ("last used", lambda row: row["last_used_at"]),
            ("id", lambda row: row["id"]),
        ],
    )


@keys.command("revoke")
def keys_revoke(key_id: str, as_json: Json = False) -> None:
    """Revoke a key. Its next call is refused and its open calls end."""
    row = local.api().post(f"/keys/{key_id}/revoke")
    emit(
        row if as_json else [row],
        as_json=as_json,
        columns=[("key", lambda r: r["hint"]), ("state", lambda r: r["state"])],
    )


@calls.command("list")
def calls_list(
    agent: Annotated[str | None, typer.Option(help="An agent's id.")] = None,
    q: Annotated[str | None, typer.Option("--q", help='Words in it or in its answer; "a phrase"; begin*.')] = None,
    limit: int = 20,
    as_json: Json = False,
) -> None:
    """The newest calls, or those with certain words."""
    emit(
        local.api().get("/calls", agent_id=agent, q=q, limit=limit),
        as_json=as_json,
        columns=[
            ("started", lambda row: row["started_at"][:19]),
            ("agent", lambda row: name_of(row["agent"])),
            ("task", lambda row: name_of(row["task"], "ref")),
            ("model", lambda row: row["model"] or row["model_asked"]),
            ("outcome", lambda row: row["outcome"]),
            ("cost", lambda row: money(row["cost_nano"])),
            ("ms", lambda row: row["duration_ms"]),
        ],
    )


@calls.command("show")
def calls_show(call_id: str, _json: Json = False) -> None:
    """One call, whole; always as JSON."""
    emit(local.api().get(f"/calls/{call_id}"), as_json=True)


@tasks.command("list")
def tasks_list(
    state: Annotated[str | None, typer.Option()] = None,
    goal: Annotated[str | None, typer.Option(help="The id of the goal they serve.")] = None,
    squad: Annotated[str | None, typer.Option(help="The id of the squad they are offered to.")] = None,
    as_json: Json = False,
) -> None:
    """Tasks, newest first."""
    emit(
        local.api().get("/tasks", state=state, goal_id=goal, squad_id=squad, limit=100),
        as_json=as_json,
        columns=[
            ("task", lambda row: row["ref"]),
            ("state", lambda row: row["state"]),
            ("title", lambda row: row["title"]),
            ("agent", lambda row: name_of(row["agent"] or row["squad"])),
            ("cost", lambda row: money(row["cost_nano"])),
        ],
    )


@tasks.command("create")
def tasks_create(
    title: str,
    brief: str = "",
    agent: Annotated[str | None, typer.Option(help="An agent's id.")] = None,
    squad: Annotated[str | None, typer.Option(help="A squad's id: any of its agents may claim it.")] = None,
    goal: Annotated[str | None, typer.Option(help="The id of the goal it serves.")] = None,
    ready: Annotated[bool, typer.Option(help="Put it where agents claim.")] = True,
    as_json: Json = False,
) -> None:
    """Create a task."""
    body: dict[str, Any] = {"title": title, "brief": brief, "state": "ready" if ready else "backlog"}
    if agent is not None:
        body["agent_id"] = agent
    if squad is not None:
        body["squad_id"] = squad
    if goal is not None:
        body["goal_id"] = goal
    row = local.api().post("/tasks", **body)
    emit(
        row if as_json else [row],
        as_json=as_json,
        columns=[("task", lambda r: r["ref"]), ("state", lambda r: r["state"])],
    )


tasks.add_typer(work.verbs)
tasks.add_typer(work_more.verbs)
tasks.add_typer(unclaimed.verbs)
calls.add_typer(unclaimed.listing)
app.add_typer(work.inbox)
app.add_typer(people.needs, name="needs")
app.add_typer(people.decisions)


def main() -> None:
    """The installed program: errors are a sentence on standard error, never a trace."""
    try:
        app()
    except QuarterdeckError as error:
        print(f"quarterdeck: {error}", file=sys.stderr)
        sys.exit(Exit.REFUSED)
    except Exception as error:
        status = _status_of(error)
        if status is None:
            raise
        print(f"quarterdeck: {error}", file=sys.stderr)
        sys.exit(status)


def _status_of(error: Exception) -> Exit | None:
    """The exit status for an error of the agents' client; None for any other."""
    client = sys.modules.get("quarterdeck.client")
    if client is None or not isinstance(error, client.ClientError):
        return None
    if isinstance(error, client.LeaseLost):
        return Exit.LOST
    return Exit.UNREACHABLE if isinstance(error, client.Unreachable) else Exit.REFUSED

"""`quarterdeck routes`: saved routes, their versions, and where a call would go."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from quarterdeck.cli import local
from quarterdeck.cli.show import Json, emit

app = typer.Typer(help="Routes: where calls go, and what happens when that fails.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The route's name.")]
Source = Annotated[Path, typer.Argument(help="A file with the config in JSON; - reads standard input.")]
Note = Annotated[str, typer.Option(help="Why; kept with the version.")]
_COLUMNS = [
    ("route", lambda row: row["name"]),
    ("what", lambda row: row["summary"]),
    ("version", lambda row: row["version"]),
    ("", lambda row: "declared" if row["declared"] else ""),
    ("used by", lambda row: ", ".join(row["used_by"])),
    ("changed", lambda row: row["updated_at"]),
]


@app.command("list")
def list_routes(as_json: Json = False) -> None:
    """All saved routes."""
    emit(local.api().get("/routes", limit=500), as_json=as_json, columns=_COLUMNS)


@app.command("show")
def show(name: Name) -> None:
    """A route's config, in JSON."""
    print(json.dumps(local.api().get(f"/routes/{name}")["config"], indent=2, ensure_ascii=False))


@app.command("save")
def save(name: Name, source: Source, note: Note = "", as_json: Json = False) -> None:
    """Save a config under a name: a new route, or the next version of one."""
    api, config = local.api(), _config(source)
    known = {row["name"] for row in api.get("/routes", limit=500)["items"]}
    if name in known:
        row = api.put(f"/routes/{name}", config=config, note=note)
    else:
        row = api.post("/routes", name=name, config=config, note=note)
    emit(row if as_json else [row], as_json=as_json, columns=_COLUMNS)


@app.command("remove")
def remove(name: Name) -> None:
    """Take a route away that nobody uses."""
    local.api().delete(f"/routes/{name}")
    print(f"{name} is removed.")


@app.command("versions")
def versions(name: Name, as_json: Json = False) -> None:
    """Every config the route ever had."""
    emit(
        local.api().get(f"/routes/{name}/versions", limit=500),
        as_json=as_json,
        columns=[
            ("version", lambda row: row["version"]),
            ("made", lambda row: row["created_at"]),
            ("by", lambda row: row["made_by"]),
            ("note", lambda row: row["note"]),
        ],
    )


@app.command("roll-back")
def roll_back(name: Name, to: Annotated[int, typer.Argument(help="The version.")], as_json: Json = False) -> None:
    """An old config again, as a new version."""
    row = local.api().post(f"/routes/{name}/roll-back", to=to)
    emit(row if as_json else [row], as_json=as_json, columns=_COLUMNS)


@app.command("health")
def health(as_json: Json = False) -> None:
    """How each provider does now."""
    emit(
        local.api().get("/providers/health"),
        as_json=as_json,
        columns=[
            ("provider", lambda row: row["provider"]),
            ("state", lambda row: row["state"]),
            ("since", lambda row: row["since"]),
            ("failed", lambda row: None if row["error_rate"] is None else f"{row['error_rate']:.0%}"),
            ("first byte", lambda row: None if row["latency_ms"] is None else f"{row['latency_ms']:.0f} ms"),
            ("in flight", lambda row: row["busy"]),
            ("last error", lambda row: row["last_error"]),
        ],
    )


@app.command("dry-run")
def dry_run(
    route: Annotated[str | None, typer.Argument(help="A saved route's name.")] = None,
    config: Annotated[Path | None, typer.Option(help="Or a file with a config; - reads standard input.")] = None,
    model: Annotated[str, typer.Option(help="The model the call names.")] = "",
    path: Annotated[str, typer.Option(help="The path of the call.")] = "/v1/chat/completions",
    body: Annotated[Path | None, typer.Option(help="A file with the call's body.")] = None,
    metadata: Annotated[list[str] | None, typer.Option(help="name=value; repeat.")] = None,
    header: Annotated[list[str] | None, typer.Option(help="name=value; repeat.")] = None,
    agent: Annotated[str | None, typer.Option(help="The agent's name.")] = None,
    answers: Annotated[
        list[str] | None,
        typer.Option("--answers", help="target=status: what it would answer, by its name, provider or place; repeat."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Where a call would go, and why. Nothing is sent."""
    asked: dict[str, Any] = {
        "model": model,
        "path": path,
        "metadata": _pairs(metadata),
        "headers": _pairs(header),
        "answers": {name: int(status) for name, status in _pairs(answers).items()},
    }
    if route is not None:
        asked["route"] = route
    if config is not None:
        asked["config"] = _config(config)
    if body is not None:
        asked["body"] = _config(body)
    if agent is not None:
        asked["agent"] = agent
    found = local.api().post("/routes/dry-run", **asked)
    if as_json:
        emit(found, as_json=True)
        return
    emit(
        found["steps"],
        as_json=False,
        columns=[
            ("goes to", lambda row: "/".join(part for part in (row["provider"], row["model"]) if part)),
            ("why", lambda row: row["why"]),
            ("after", lambda row: f"{row['wait_ms']:.0f} ms" if row["wait_ms"] else ""),
            ("answers", lambda row: row["answers"]),
            ("target", lambda row: row["name"]),
            ("place", lambda row: row["option"]),
        ],
    )
    for decision in found["decisions"]:
        print(f"{decision['at']}: {decision['words']}")
    print(f"The caller gets {found['status']}.")


def _pairs(written: list[str] | None) -> dict[str, str]:
    found = {}
    for each in written or []:
        name, equals, value = each.partition("=")
        if not equals:
            raise typer.BadParameter(f"{each!r} is not name=value")
        found[name.strip()] = value.strip()
    return found


def _config(source: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(source) == "-" else source.read_text()
        found = json.loads(text)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{source}: {error}") from None
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{source} holds no JSON object")
    return found

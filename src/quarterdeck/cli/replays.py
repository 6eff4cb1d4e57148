"""`quarterdeck replay`: ask recorded calls again of another model, route or instructions, and compare."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from quarterdeck.cli import local
from quarterdeck.cli.caps import nano
from quarterdeck.cli.show import Json, emit, money

app = typer.Typer(help="Replays: recorded calls asked again of something else.", no_args_is_help=True)
ReplayId = Annotated[str, typer.Argument(help="The replay's id.")]
_POLL_S = 0.5


@app.command("start")
def start(
    what: Annotated[str, typer.Argument(help="A call's id, or a run's for all its calls.")],
    model: Annotated[str | None, typer.Option(help="Another model, such as gpt-4o or provider/model.")] = None,
    route: Annotated[str | None, typer.Option(help="A saved route; NAME@3 for its version 3.")] = None,
    system: Annotated[Path | None, typer.Option(help="A file with other instructions; - reads standard input.")] = None,
    param: Annotated[list[str] | None, typer.Option(help="name=JSON of the body; repeat. null takes it away.")] = None,
    first: Annotated[int, typer.Option(help="Of a run: the first of its calls, from 1.")] = 1,
    last: Annotated[int | None, typer.Option(help="Of a run: the last of its calls.")] = None,
    cap: Annotated[str | None, typer.Option(help="Send the calls, and spend so many dollars at the most.")] = None,
    at_once: Annotated[int, typer.Option(help="How many calls at once.")] = 2,
    wait: Annotated[bool, typer.Option(help="Wait until it is settled.")] = True,
    as_json: Json = False,
) -> None:
    """Work out what would be sent, where to, and what it would cost. With --cap, send it."""
    asked: dict[str, Any] = {"call_id" if what.startswith("call_") else "run_id": what}
    if not what.startswith("call_"):
        asked |= {"first_call": first, "last_call": last}
    if model is not None:
        asked["model"] = model
    if route is not None:
        asked["route"], _, version = route.partition("@")
        if version:
            asked["route_version"] = _whole(version)
    if system is not None:
        asked["system"] = sys.stdin.read() if str(system) == "-" else _read(system)
    if param:
        asked["params"] = dict(_param(each) for each in param)
    if cap is not None:
        asked |= {"dry": False, "cap_nano": nano(cap), "at_once": at_once}
    row = local.api().post("/replays", **asked)
    while wait and not row["settled"]:
        time.sleep(_POLL_S)
        row = local.api().get(f"/replays/{row['id']}")
    _show(row, as_json)


@app.command("list")
def list_replays(
    run: Annotated[str | None, typer.Option(help="Only of this run.")] = None, limit: int = 20, as_json: Json = False
) -> None:
    """Replays, newest first."""
    emit(local.api().get("/replays", run_id=run, limit=limit), as_json=as_json, columns=_COLUMNS)


@app.command("show")
def show(replay_id: ReplayId, as_json: Json = False) -> None:
    """A replay, call by call, beside what was recorded."""
    _show(local.api().get(f"/replays/{replay_id}"), as_json)


@app.command("cancel")
def cancel(replay_id: ReplayId, as_json: Json = False) -> None:
    """Send nothing more, and end what is in flight."""
    row = local.api().post(f"/replays/{replay_id}/cancel")
    emit(row if as_json else [row], as_json=as_json, columns=_COLUMNS)


def _show(row: Any, as_json: bool) -> None:
    steps: list[Any] = []
    after = None
    while True:
        page = local.api().get(f"/replays/{row['id']}/steps", limit=500, after=after)
        steps += page["items"]
        after = page["next"]
        if after is None:
            break
    if as_json:
        emit({**row, "steps": steps}, as_json=True)
        return
    emit(steps, as_json=False, columns=_STEPS)
    totals = row["totals"]
    print(f"{row['id']} is {row['state']}. {row['reason'] or ''}".rstrip())
    if row["state"] == "dry":
        print(
            f"Recorded: {money(totals['was_cost_nano'])}. Estimate: {money(totals['estimate_nano'])}{_missing(totals)}."
        )
        print("Nothing was sent. With --cap and dollars it is sent.")
        return
    print(
        f"{totals['same']} the same, {totals['different']} different. Cost: {money(totals['cost_nano'])}, where "
        f"{money(totals['done_was_cost_nano'])} was recorded; took {totals['duration_ms'] / 1000:.1f} s, where "
        f"{totals['done_was_duration_ms'] / 1000:.1f} s was recorded."
    )


def _missing(totals: Any) -> str:
    said = []
    if totals["unpriced"]:
        said.append(f"{totals['unpriced']} unpriced")
    if totals["without_usage"]:
        said.append(f"{totals['without_usage']} without recorded usage")
    return f", without {' and '.join(said)}" if said else ""


def _target(target: Any) -> str:
    parts = [target["model"] or "", f"route {target['route']}" if target["route"] else ""]
    parts += ["other instructions" if target["system_replaced"] else "", *target["params"]]
    return ", ".join(filter(None, parts)) or "the same again"


def _progress(row: Any) -> str:
    states = row["totals"]["by_state"]
    return f"{states.get('done', 0) or states.get('planned', 0)}/{row['totals']['calls']}"


def _cost(row: Any) -> str:
    totals = row["totals"]
    return f"~{money(totals['estimate_nano'])}" if row["state"] == "dry" else money(totals["cost_nano"])


def _where(row: Any) -> str:
    plan = row["plan"] or {}
    provider, model = row["provider"] or plan.get("provider"), row["model"] or plan.get("model")
    return "/".join(filter(None, (provider, model)))


def _step_cost(row: Any) -> str:
    if row["state"] == "done":
        return _money(row["found"])
    plan = row["plan"]
    if plan is None:
        return "–"
    return "unpriced" if plan["unpriced"] else f"~{_money({'cost_nano': plan['estimate_nano']}, '?')}"


def _money(figures: Any, unknown: str = "–") -> str:
    return unknown if figures["cost_nano"] is None else money(figures["cost_nano"])


def _ms(figures: Any) -> str:
    return "–" if figures["duration_ms"] is None else f"{figures['duration_ms']:.0f} ms"


def _answer(row: Any) -> str:
    compared = row["compared"]
    if compared is None:
        return row["outcome"] or ""
    if compared["same"]:
        return "same"
    tools = [
        f"{each['name']} {each['pairing'].replace('_', ' ')}" for each in compared["tools"] if each["pairing"] != "same"
    ]
    return ", ".join(tools) or f"words {compared['likeness']:.0%} alike"


def _param(written: str) -> tuple[str, Any]:
    name, equals, value = written.partition("=")
    if not equals:
        raise typer.BadParameter(f"{written!r} is not name=JSON")
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value


def _whole(text: str) -> int:
    if not text.isdigit():
        raise typer.BadParameter(f"{text!r} is no version of a route; write NAME@3")
    return int(text)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error}") from None


_COLUMNS = [
    ("replay", lambda row: row["id"]),
    ("of", lambda row: row["call_id"] or row["run_id"]),
    ("asks", lambda row: _target(row["target"])),
    ("state", lambda row: row["state"]),
    ("calls", _progress),
    ("recorded", lambda row: money(row["totals"]["was_cost_nano"])),
    ("cost", _cost),
    ("cap", lambda row: "" if row["cap_nano"] is None else money(row["cap_nano"])),
]
_STEPS = [
    ("#", lambda row: row["number"]),
    ("recorded", lambda row: "/".join(filter(None, (row["was_provider"], row["was_model"])))),
    ("goes to", _where),
    ("state", lambda row: row["state"]),
    ("cost", lambda row: f"{_money(row['was'])} → {_step_cost(row)}"),
    ("took", lambda row: f"{_ms(row['was'])} → {_ms(row['found'])}"),
    ("answer", _answer),
    ("why", lambda row: row["reason"] or ""),
]

"""`quarterdeck budgets` and `quarterdeck limits`."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from quarterdeck.cli import local
from quarterdeck.cli.show import Json, Row, emit, money
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.money import usd_to_nano

budgets = typer.Typer(help="What may be spent, by whom, in which time.", no_args_is_help=True)
limits = typer.Typer(help="How many requests or tokens per time.", no_args_is_help=True)
Window = Annotated[str, typer.Option(help="run, day, week, month or total.")]
Mode = Annotated[str, typer.Option(help="hard, warn or shadow.")]
Warn = Annotated[list[int] | None, typer.Option(help="A percent to tell at; may be given several times.")]


@budgets.command("list")
def budgets_list(as_json: Json = False) -> None:
    """All budgets, with what is spent, held and left."""
    _show_budgets(local.api().get("/budgets", limit=500), as_json=as_json)


@budgets.command("add")
def budgets_add(
    scope: str, usd: str, window: Window = "day", mode: Mode = "hard", warn: Warn = None, as_json: Json = False
) -> None:
    """Add a budget, such as `quarterdeck budgets add agent:research 5 --window day`."""
    body: dict[str, Any] = {"scope": scope, "amount_nano": nano(usd), "window": window, "mode": mode}
    if warn:
        body["warn"] = warn
    row = local.api().post("/budgets", **body)
    _show_budgets(row if as_json else [row], as_json=as_json)


@budgets.command("set")
def budgets_set(
    budget_id: str,
    usd: Annotated[str | None, typer.Option(help="The new amount; raising it takes effect on the next call.")] = None,
    mode: Annotated[str | None, typer.Option(help="hard, warn or shadow.")] = None,
    warn: Warn = None,
    as_json: Json = False,
) -> None:
    """Change a budget, such as raise it."""
    body: dict[str, Any] = {"mode": mode, "warn": warn or None}
    body = {name: value for name, value in body.items() if value is not None}
    if usd is not None:
        body["amount_nano"] = nano(usd)
    row = local.api().patch(f"/budgets/{budget_id}", **body)
    _show_budgets(row if as_json else [row], as_json=as_json)


@budgets.command("remove")
def budgets_remove(budget_id: str) -> None:
    """Take a budget away."""
    local.api().delete(f"/budgets/{budget_id}")


@limits.command("list")
def limits_list(as_json: Json = False) -> None:
    """All limits, with what remains of them now."""
    _show_limits(local.api().get("/limits", limit=500), as_json=as_json)


@limits.command("add")
def limits_add(
    scope: str,
    amount: int,
    measure: Annotated[str, typer.Option(help="requests, tokens or concurrent.")] = "requests",
    per: Annotated[str | None, typer.Option(help="second, minute, hour or day; not for concurrent.")] = None,
    burst: Annotated[int | None, typer.Option(help="How many may come at one instant.")] = None,
    max_wait_ms: Annotated[int | None, typer.Option(help="How long calls wait for a busy provider.")] = None,
    as_json: Json = False,
) -> None:
    """Add a limit, such as `quarterdeck limits add agent:research 60 --per minute`."""
    body = {
        "scope": scope,
        "amount": amount,
        "measure": measure,
        "per": per,
        "burst": burst,
        "max_wait_ms": max_wait_ms,
    }
    row = local.api().post("/limits", **body)
    _show_limits(row if as_json else [row], as_json=as_json)


@limits.command("set")
def limits_set(
    limit_id: str,
    amount: Annotated[int | None, typer.Option()] = None,
    burst: Annotated[int | None, typer.Option()] = None,
    max_wait_ms: Annotated[int | None, typer.Option()] = None,
    as_json: Json = False,
) -> None:
    """Change a limit. What was let through so far counts on."""
    body = {"amount": amount, "burst": burst, "max_wait_ms": max_wait_ms}
    body = {name: value for name, value in body.items() if value is not None}
    row = local.api().patch(f"/limits/{limit_id}", **body)
    _show_limits(row if as_json else [row], as_json=as_json)


@limits.command("remove")
def limits_remove(limit_id: str) -> None:
    """Take a limit away."""
    local.api().delete(f"/limits/{limit_id}")


def nano(usd: str) -> int:
    try:
        return usd_to_nano(Decimal(usd.removeprefix("$")))
    except (InvalidOperation, ValueError):
        raise Invalid(f"expected dollars with at most nine decimals, such as 5 or 0.25; not {usd!r}.") from None


def _show_budgets(value: Any, *, as_json: bool) -> None:
    emit(
        value,
        as_json=as_json,
        columns=[
            ("budget", lambda row: row["scope"]),
            ("window", lambda row: row["window"]),
            ("mode", lambda row: row["mode"]),
            ("amount", lambda row: money(row["amount_nano"])),
            ("spent", lambda row: _sum(row, "spent_nano")),
            ("held", lambda row: _sum(row, "held_nano")),
            ("id", lambda row: row["id"]),
        ],
    )


def _show_limits(value: Any, *, as_json: bool) -> None:
    emit(
        value,
        as_json=as_json,
        columns=[
            ("limit", lambda row: row["scope"]),
            ("of", lambda row: f"{row['amount']} {row['measure']}" + (f" per {row['per']}" if row["per"] else "")),
            ("remaining", lambda row: ", ".join(str(each["remaining"]) for each in row["in_use"][:3]) or "all"),
            ("waiting", lambda row: max((each["waiting"] for each in row["in_use"]), default=0)),
            ("id", lambda row: row["id"]),
        ],
    )


def _sum(row: Row, name: str) -> str:
    return money(sum(window[name] for window in row["windows"]))

"""`quarterdeck audit`: the log of every change, and whether it is whole."""

from pathlib import Path
from typing import Annotated

import typer

from quarterdeck.cli import local
from quarterdeck.cli.show import Json, emit, name_of

app = typer.Typer(help="Who changed what.", no_args_is_help=True)


@app.command("verify")
def verify(
    data: Annotated[Path | None, typer.Option("--data", help="Where everything is kept.")] = None,
    head: Annotated[str | None, typer.Option(help="SEQ:HASH that an earlier verification printed.")] = None,
    as_json: Json = False,
) -> None:
    """Follow the chain of the audit log. Exit status 1 when an entry was changed, taken out, put in or moved.

    Write the printed head down elsewhere: given back with --head, it proves that nothing up to it was changed since.
    """
    rows = local.verify_audit(data, head)
    if as_json:
        emit(rows, as_json=True)
    else:
        for row in rows:
            print(f"{row['workspace']}: {'whole' if row['holds'] else row['problem']}, {row['entries']} entries")
            print(f"head {row['head']}")  # on a line of its own, to be copied whole
    raise typer.Exit(0 if all(row["holds"] for row in rows) else 1)


@app.command("list")
def list_entries(
    kind: Annotated[str | None, typer.Option(help="Such as task.moved, or task.*")] = None,
    subject: Annotated[str | None, typer.Option(help="The id of what was changed.")] = None,
    actor: Annotated[str | None, typer.Option(help="The id of who changed it.")] = None,
    limit: int = 50,
    as_json: Json = False,
) -> None:
    """The newest changes."""
    emit(
        local.api().get("/audit", kind=kind, subject_id=subject, actor_id=actor, limit=limit),
        as_json=as_json,
        columns=[
            ("#", lambda row: row["seq"]),
            ("at", lambda row: row["at"][:19]),
            ("who", lambda row: name_of(row["actor"])),
            ("for", lambda row: name_of(row["on_behalf_of"])),
            ("what", lambda row: row["kind"]),
            ("subject", lambda row: row["subject_id"]),
            (
                "changed",
                lambda row: ", ".join(
                    sorted({key for each in row["changes"] if each["before"] for key in each["after"] or {}})
                ),
            ),
        ],
    )

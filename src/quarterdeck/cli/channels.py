"""`quarterdeck channels`: where notifications go."""

from typing import Annotated, Any

import typer

from quarterdeck.cli import local
from quarterdeck.cli.show import Json, emit

app = typer.Typer(help="Channels: where notifications go.", no_args_is_help=True)
ChannelId = Annotated[str, typer.Argument(help="The channel's id.")]
_COLUMNS = [
    ("channel", lambda row: row["name"]),
    ("kind", lambda row: row["kind"]),
    ("to", lambda row: row["shown"]),
    ("", lambda row: "shared" if row["shared"] else "your own"),
    ("state", lambda row: "on" if row["enabled"] else "off"),
    ("waiting", lambda row: row["waiting"]),
    ("dead", lambda row: row["dead"]),
    ("last error", lambda row: row["last_error"]),
    ("id", lambda row: row["id"]),
]
_DELIVERY = [
    ("delivery", lambda row: row["id"]),
    ("what", lambda row: row["kind"]),
    ("state", lambda row: row["state"]),
    ("attempts", lambda row: row["attempts"]),
    ("next", lambda row: row["next_at"]),
    ("last error", lambda row: row["last_error"]),
]


@app.command("list")
def list_channels(as_json: Json = False) -> None:
    """The workspace's channels and your own."""
    emit(local.api().get("/channels"), as_json=as_json, columns=_COLUMNS)


@app.command("add")
def add(
    name: str,
    url: Annotated[str, typer.Option(prompt=True, hide_input=True, help="https://… or an Apprise url; asked for.")],
    kinds: Annotated[list[str] | None, typer.Option("--kind", help="A kind it follows: task.*; repeat.")] = None,
    shared: Annotated[bool, typer.Option(help="For the whole workspace.")] = True,
    allow_private: Annotated[bool, typer.Option(help="Its host may have a private address.")] = False,
    as_json: Json = False,
) -> None:
    """Add a webhook (http, https) or anything Apprise reaches. A webhook's secret is shown once."""
    kind = "webhook" if url.strip().startswith(("http://", "https://")) else "apprise"
    body: dict[str, Any] = {"name": name, "kind": kind, "url": url, "kinds": kinds or []}
    row = local.api().post("/channels", **body, shared=shared, allow_private=allow_private)
    if as_json:
        emit(row, as_json=True)
        return
    print(f"{row['name']} ({row['id']}) → {row['shown']}")
    if row["secret"]:
        print(f"Secret of its signatures, shown this once: {row['secret']}")


@app.command("test")
def test(channel_id: ChannelId, as_json: Json = False) -> None:
    """Send a test message. Exit status 1 when it did not arrive at the first attempt."""
    row = local.api().post(f"/channels/{channel_id}/test?wait_s=40")
    emit(row if as_json else [row], as_json=as_json, columns=_DELIVERY)
    raise typer.Exit(0 if row["state"] == "delivered" else 1)


@app.command("deliveries")
def deliveries(
    channel_id: ChannelId,
    state: Annotated[str | None, typer.Option(help="pending, delivered or dead.")] = None,
    limit: int = 50,
    as_json: Json = False,
) -> None:
    """What went through a channel, is on its way, or was given up."""
    found = local.api().get(f"/channels/{channel_id}/deliveries", state=state, limit=limit)
    emit(found, as_json=as_json, columns=_DELIVERY)


@app.command("replay")
def replay(channel_id: ChannelId, delivery: Annotated[str | None, typer.Option(help="Only this one.")] = None) -> None:
    """Try again what was given up."""
    query = f"?delivery_id={delivery}" if delivery else ""
    print(f"{local.api().post(f'/channels/{channel_id}/replay{query}')['count']} on their way again")

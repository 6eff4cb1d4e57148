"""Calls as a file, over HTTP."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_world import ingested

from quarterdeck.access.members import Member
from quarterdeck.control.calls import exporting
from quarterdeck.db import Database
from quarterdeck.ledger import listing
from store.ledger.ledger_world import chat, record

EXPORT = "/api/v1/calls/export"
EVIL = '=HYPERLINK("http://evil.test","look")'


@pytest.fixture
async def call_ids(db: Database, owner: Member, tmp_path: Path) -> list[str]:
    """Five calls, newest first; the second newest asked for a model whose name is a formula."""
    now = db.clock.now()
    records = [
        record(
            now + n * 1_000_000,
            workspace_id=owner.workspace_id,
            request_body=chat("a secret of ours"),
            cost=100 + n,
            model_asked=EVIL if n == 3 else "gpt-4o",
            tags=[("plan", "paid, today")] if n == 3 else [],
        )
        for n in range(5)
    ]
    await ingested(db, tmp_path, *records)
    return [each.id for each in reversed(records)]


def _table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_calls_are_exported_as_a_table(client: httpx.AsyncClient, call_ids: list[str]) -> None:
    answer = await client.get(EXPORT)
    rows = _table(answer.text)
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="calls.csv"'
    assert [row["id"] for row in rows] == call_ids
    assert [row["cost_nano"] for row in rows] == ["104", "103", "102", "101", "100"]
    assert json.loads(rows[1]["tags"]) == {"plan": "paid, today"}


async def test_a_cell_is_never_a_formula(client: httpx.AsyncClient, call_ids: list[str]) -> None:
    rows = _table((await client.get(EXPORT)).text)
    assert [row["model_asked"] for row in rows if row["id"] == call_ids[1]] == [f"'{EVIL}"]
    for evil in ("=1", "+1", "-1", "@x", "\t=1", "  =1", "＝1"):
        assert exporting._cell(evil) == f"'{evil}"
    assert [exporting._cell(value) for value in ("gpt-4o", -1, True, None, {})] == ["gpt-4o", -1, "true", "", ""]


async def test_lines_of_json_are_what_the_list_shows(client: httpx.AsyncClient, call_ids: list[str]) -> None:
    answer = await client.get(EXPORT, params={"format": "jsonl"})
    shown = (await client.get("/api/v1/calls")).json()["items"]
    assert [json.loads(line) for line in answer.text.splitlines()] == shown
    assert "a secret of ours" not in answer.text


async def test_only_what_is_filtered_is_exported(client: httpx.AsyncClient, call_ids: list[str]) -> None:
    params: dict[str, Any] = {"format": "jsonl", "min_cost_nano": 103}
    answer = await client.get(EXPORT, params=params)
    assert [json.loads(line)["id"] for line in answer.text.splitlines()] == call_ids[:2]
    nothing = await client.get(EXPORT, params={"outcome": "refused"})
    assert (nothing.status_code, _table(nothing.text), nothing.text[:3]) == (200, [], "id,")


async def test_a_file_that_is_cut_says_so_and_how_to_go_on(
    client: httpx.AsyncClient, call_ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    monkeypatch.setitem(exporting.lines.__kwdefaults__, "most", 3)
    *lines, last = map(json.loads, (await client.get(EXPORT, params={"format": "jsonl"})).text.splitlines())
    assert [line["id"] for line in lines] == call_ids[:3]
    assert (last["cut"], last["after"]) == (True, call_ids[2])
    *rows, note = _table((await client.get(EXPORT)).text)
    assert len(rows) == 3
    assert note["id"] == (
        f"# There are more: this file holds the newest 3 calls. Ask again with after={call_ids[2]} for those before."
    )
    rest = _table((await client.get(EXPORT, params={"after": last["after"]})).text)
    assert [row["id"] for row in rest] == call_ids[3:]


async def test_a_question_that_makes_no_sense_is_refused_before_a_byte(client: httpx.AsyncClient) -> None:
    for params, status in (({"format": "xlsx"}, 422), ({"after": "nonsense"}, 400), ({"from": "yesterday"}, 400)):
        answer = await client.get(EXPORT, params=params)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), params

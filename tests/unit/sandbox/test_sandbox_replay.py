"""Recorded answers come back as they were recorded."""

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from quarterdeck.sandbox import running
from quarterdeck.sandbox.replay import body_of

ROWS = [
    {
        "id": "a",
        "status": 200,
        "content_type": "application/json",
        "response_kind": "json",
        "response": {"ü": [1]},
    },
    {
        "id": "b",
        "status": 200,
        "content_type": "text/event-stream",
        "response_kind": "text",
        "response": "data: {}\n\ndata: é\n\ndata: [DONE]\n\n",
    },
    {
        "id": "c",
        "status": 200,
        "content_type": "application/vnd.amazon.eventstream",
        "response_kind": "base64",
        "response": base64.b64encode(bytes(range(256)) * 20).decode(),
    },
    {"id": "d", "status": 404, "content_type": "application/json", "response_kind": "json", "response": {"error": {}}},
]


async def test_every_kind_of_row_is_replayed_on_any_path(tmp_path: Path) -> None:
    (tmp_path / "some.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    async with running(corpus=tmp_path) as server, httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        for row in ROWS:
            script = json.dumps({"replay": {"file": "some.jsonl", "id": row["id"]}})
            for path in ("/model/x/converse-stream", "/v1/messages"):
                answer = await client.post(path, headers={"x-sandbox-script": script}, content=b"{}")
                assert (answer.status_code, answer.headers["content-type"]) == (row["status"], row["content_type"])
                assert answer.content == body_of(row)
    assert body_of(ROWS[0]) == '{"ü":[1]}'.encode()
    assert body_of(ROWS[2]) == bytes(range(256)) * 20


@pytest.mark.parametrize(
    ("file", "row", "words"), [("none.jsonl", "a", "there is no none.jsonl"), ("some.jsonl", "z", "has no row 'z'")]
)
async def test_it_refuses_a_row_that_is_not_there(tmp_path: Path, file: str, row: str, words: str) -> None:
    (tmp_path / "some.jsonl").write_text(json.dumps(ROWS[0]))
    async with running(corpus=tmp_path) as server, httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        script = json.dumps({"replay": {"file": file, "id": row}})
        answer = await client.post("/v1/messages", headers={"x-sandbox-script": script}, content=b"{}")
        assert answer.status_code == 400
        assert words in answer.json()["error"]["message"]


async def test_it_refuses_to_replay_without_recordings() -> None:
    async with running() as server, httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        await client.post("/sandbox/script", json={"replay": {"file": "some.jsonl", "id": "a"}})
        answer = await client.post("/v1/messages", content=b"{}")
        assert answer.status_code == 400
        assert "started without a directory" in answer.json()["error"]["message"]


def test_every_recorded_answer_of_every_provider_comes_back_byte_for_byte(sandbox: Any, corpus: Path) -> None:
    files = sorted(corpus.glob("*.jsonl"))
    rows = [(file.name, json.loads(line)) for file in files for line in file.read_bytes().splitlines()]
    assert len(rows) > 400
    kinds: Counter[str] = Counter()
    with httpx.Client(base_url=sandbox.url) as client:
        for file, row in rows:
            headers = {"x-sandbox-script": json.dumps({"replay": {"file": file, "id": row["id"]}})}
            answer = client.post(row["path"], headers=headers, json=row["request"])
            assert answer.status_code == row["status"]
            assert answer.headers["content-type"] == row["content_type"]
            kinds[row["response_kind"]] += 1
            match row["response_kind"]:
                case "text":
                    assert answer.content == row["response"].encode()
                case "base64":
                    assert answer.content == base64.b64decode(row["response"])
                case _:
                    assert answer.json() == row["response"]
    assert min(kinds["json"], kinds["text"], kinds["base64"]) > 5

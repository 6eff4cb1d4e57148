"""Files of a task: streamed in, named safely, saved and never opened."""

import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from api_world import AsAgent, AsRole, with_key
from fastapi import FastAPI

from quarterdeck.control.deliverables.model import MAX_FILE_BYTES

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


async def _task(client: httpx.AsyncClient) -> dict:
    return (await client.post("/api/v1/tasks", json={"title": "Read it", "state": "ready"})).json()


async def _attach(
    client: httpx.AsyncClient, task: dict, name: str = "notes.txt", content: bytes = b"Words", kind: str = "text/plain"
) -> httpx.Response:
    return await client.put(
        f"/api/v1/tasks/{task['id']}/attachments/content",
        params={"name": name},
        content=content,
        headers={"content-type": kind},
    )


async def test_a_file_is_attached_listed_saved_and_taken_off(client: httpx.AsyncClient) -> None:
    task = await _task(client)
    made = (await _attach(client, task, "Bericht größer 報告.txt")).json()
    assert (made["name"], made["size"], made["media_type"]) == ("Bericht größer 報告.txt", 5, "text/plain")
    assert (await _attach(client, task, "Bericht größer 報告.txt")).json() == made, "safe to repeat"
    assert (await client.get(f"/api/v1/tasks/{task['id']}/attachments")).json() == {"items": [made]}
    assert (await client.get(f"/api/v1/tasks/{task['id']}")).json()["attachments"] == 1
    saved = await client.get(f"/api/v1/attachments/{made['id']}/content")
    assert saved.content == b"Words"
    assert saved.headers["content-disposition"].startswith("attachment; ")
    assert saved.headers["x-content-type-options"] == "nosniff"
    assert (await client.delete(f"/api/v1/attachments/{made['id']}")).status_code == 204
    assert (await client.get(f"/api/v1/attachments/{made['id']}/content")).status_code == 404


async def test_a_worker_reads_the_files_of_its_task_and_no_others(
    client: httpx.AsyncClient, app: FastAPI, as_agent: AsAgent
) -> None:
    task, other = await _task(client), await _task(client)
    mine, foreign = (await _attach(client, task)).json(), (await _attach(client, other)).json()
    claimed = (await (await as_agent("reader")).post("/api/v1/agent/claim", json={})).json()
    path = f"/api/v1/runs/{claimed['run']['id']}/attachments"
    async with with_key(app, claimed["run_key"]) as worker:
        assert (await worker.get(path)).json()["items"] == [mine]
        assert (await worker.get(f"{path}/{mine['id']}/content")).content == b"Words"
        assert (await worker.get(f"{path}/{foreign['id']}/content")).status_code == 404
        assert (await worker.get(f"/api/v1/attachments/{mine['id']}/content")).status_code == 403


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..\\..\\windows\\win.ini",
        "/etc/passwd",
        "C:evil.txt",
        ".htaccess",
        "..",
        "a\0.txt",
        "a\n.txt",
        "gpj.\u202eexe",
        "a\u200b.txt",
        "trailing.",
        " spaced .txt ",
        'quote".txt',
        "x" * 300,
    ],
)
async def test_a_name_with_a_trick_in_it_is_refused(client: httpx.AsyncClient, tmp_path: Path, name: str) -> None:
    task = await _task(client)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    answer = await _attach(client, task, name)
    assert answer.status_code in (400, 422), answer.text
    assert (await client.get(f"/api/v1/tasks/{task['id']}/attachments")).json()["items"] == []
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path not in before and "files" in path.parts]


async def test_a_file_is_what_it_is_said_to_be(client: httpx.AsyncClient) -> None:
    task = await _task(client)
    assert (await _attach(client, task, "a.png", PNG, "image/png")).json()["media_type"] == "image/png"
    for content, kind, why in (
        (b"<script>", "image/png", "a PNG image, but it is neither an image nor a PDF."),
        (PNG, "image/jpeg", "a JPEG image, but it is a PNG image."),
        (b"%PDF-1.7", "image/gif; a=b", "a GIF image, but it is a PDF."),
        (b"MZ", "application/pdf", "a PDF, but it is neither"),
    ):
        refused = await _attach(client, task, "x.bin", content, kind)
        assert (refused.status_code, refused.json()["field"]) == (400, "content-type")
        assert why in refused.json()["detail"] and "hand it in" not in refused.json()["detail"]
    assert (await _attach(client, task, "a.pdf", b"%PDF-1.7", "application/pdf")).json()[
        "media_type"
    ] == "application/pdf"
    odd = (await _attach(client, task, "x.bin", b"?", "not a type")).json()
    assert odd["media_type"] == "application/octet-stream"
    page = (await _attach(client, task, "page.html", b"<script>alert(1)</script>", "text/html")).json()
    saved = await client.get(f"/api/v1/attachments/{page['id']}/content")
    assert saved.headers["content-disposition"].startswith("attachment; ")
    assert "sandbox" in saved.headers["content-security-policy"]


async def test_two_hundred_megabytes_come_in_with_flat_memory_and_one_byte_more_does_not(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    task = await _task(client)
    piece = b"\xa5" * (1 << 20)

    async def pieces(count: int, more: bytes = b"") -> AsyncIterator[bytes]:
        for _ in range(count):
            yield piece
        if more:
            yield more

    path = f"/api/v1/tasks/{task['id']}/attachments/content"
    whole, rest = divmod(MAX_FILE_BYTES, len(piece))
    tracemalloc.start()
    try:
        made = await client.put(path, params={"name": "big.bin"}, content=pieces(whole, piece[:rest]))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (made.status_code, made.json()["size"]) == (200, MAX_FILE_BYTES)
    assert peak < 32 << 20, f"{peak >> 20} MiB"
    refused = await client.put(path, params={"name": "bigger.bin"}, content=pieces(whole + 1))
    assert refused.status_code == 413
    kept = [each for each in (tmp_path / "files").rglob("*") if each.is_file()]
    assert [each.stat().st_size for each in kept] == [MAX_FILE_BYTES], "nothing is left of what was refused"


async def test_who_only_reads_attaches_nothing(client: httpx.AsyncClient, as_role: AsRole) -> None:
    task = await _task(client)
    viewer = await as_role("viewer")
    assert (await _attach(viewer, task)).status_code == 403
    assert (await _attach(client, {"id": "tsk_none"})).status_code == 404
    assert (await _attach(client, task, content=b"")).status_code == 400

"""Files on S3-compatible storage: the server checks AWS's own signature, and the directory may be lost."""

import asyncio
import re
import shutil
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from api_world import browser, sign_in
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from quarterdeck.access.members import Member
from quarterdeck.api.app import create_app, settle
from quarterdeck.api.services import Services
from quarterdeck.control.attachments.store import attachments
from quarterdeck.control.deliverables.files import Files
from quarterdeck.db import Database
from quarterdeck.kernel.errors import Unavailable
from quarterdeck.kernel.settings import ObjectSettings
from quarterdeck.worker.objects import S3
from quarterdeck.worker.sweeping import SPARED_S, sweep_remote

ACCESS, SECRET = "AKIDEXAMPLE", "a secret key"


class Bucket:
    """An S3 of one bucket that takes nothing unsigned."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.came_s: dict[str, float] = {}
        self.page = 1_000
        self.most_at_once = 0
        self.broken = 0
        """Answer so many requests with 500."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if self.broken:
            self.broken -= 1
            return Response(status_code=500)
        if not _is_signed(request):
            return Response(status_code=403)
        if request.query_params.get("list-type") == "2":
            return self._list(request)
        key = request.url.path.removeprefix("/bucket/")
        if request.method == "PUT":
            parts = []
            async for piece in request.stream():
                self.most_at_once = max(self.most_at_once, len(piece))
                parts.append(piece)
            self.objects[key] = b"".join(parts)
            self.came_s[key] = time.time()
            return Response()
        if request.method == "DELETE":
            self.objects.pop(key, None)
            return Response(status_code=204)
        if key not in self.objects:
            return Response(status_code=404)
        return StreamingResponse(iter([self.objects[key][:3], self.objects[key][3:]]))

    def _list(self, request: Request) -> Response:
        """As AWS's ListObjectsV2 answers."""
        prefix = request.query_params["prefix"]
        after = request.query_params.get("continuation-token", "").removesuffix("+=")
        found = [key for key in sorted(self.objects) if key.startswith(prefix) and key > after]
        most = min(self.page, int(request.query_params["max-keys"]))
        rows = "".join(
            f"<Contents><Key>{key}</Key>"
            f"<LastModified>{datetime.fromtimestamp(self.came_s[key], UTC):%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>&quot;x&quot;</ETag><Size>{len(self.objects[key])}</Size></Contents>"
            for key in found[:most]
        )
        more = f"<NextContinuationToken>{found[most - 1]}+=</NextContinuationToken>" if len(found) > most else ""
        space = "http://s3.amazonaws.com/doc/2006-03-01/"
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="{space}">{rows}{more}</ListBucketResult>'
        )
        return Response(text, media_type="application/xml")


def _is_signed(request: Request) -> bool:
    found = re.search(r"Signature=([0-9a-f]{64})", request.headers.get("authorization", ""))
    signed = AWSRequest(request.method, str(request.url))
    for name in ("x-amz-date", "x-amz-content-sha256"):
        signed.headers[name] = request.headers.get(name, "")
    signed.context["timestamp"] = request.headers.get("x-amz-date", "")
    auth = S3SigV4Auth(Credentials(ACCESS, SECRET), "s3", "eu-central-1")
    text = auth.string_to_sign(signed, auth.canonical_request(signed))
    return found is not None and found[1] == auth.signature(text, signed)


@pytest.fixture
async def bucket() -> AsyncIterator[tuple[Bucket, str]]:
    made = Bucket()
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(made, log_config=None, lifespan="off", ws="none"))
    serving = asyncio.create_task(server.serve([sock]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield made, f"http://127.0.0.1:{sock.getsockname()[1]}/bucket"
    server.should_exit = True
    await serving
    sock.close()


@pytest.fixture
async def remote(bucket: tuple[Bucket, str]) -> AsyncIterator[S3]:
    made = S3(ObjectSettings(bucket[1], ACCESS, SECRET, "eu-central-1"))
    yield made
    await made.close()


@pytest.fixture
async def client(services: Services, db: Database, owner: Member, remote: S3) -> AsyncIterator[httpx.AsyncClient]:
    async with services.feed.running():
        app = create_app(replace(services, remote=remote))
        async with browser(app) as made:
            await sign_in(made, db, owner)
            yield made
        await settle(app)


async def _attach(client: httpx.AsyncClient, content: bytes) -> httpx.Response:
    task = (await client.post("/api/v1/tasks", json={"title": "x"})).json()
    return await client.put(
        f"/api/v1/tasks/{task['id']}/attachments/content", params={"name": "a.bin"}, content=content
    )


async def test_a_file_is_kept_there_and_comes_back_when_the_directory_is_lost(
    client: httpx.AsyncClient, bucket: tuple[Bucket, str], owner: Member, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 40_000
    made = (await _attach(client, content)).json()
    assert bucket[0].objects == {f"{owner.workspace_id}/{made['sha256']}": content}
    assert bucket[0].most_at_once <= 2 << 20
    shutil.rmtree(tmp_path / "files")
    path = f"/api/v1/attachments/{made['id']}/content"
    assert (await client.get(path)).content == content
    assert (tmp_path / "files" / owner.workspace_id / made["sha256"]).is_file()


async def test_a_file_does_not_count_as_received_before_it_is_kept(
    client: httpx.AsyncClient, bucket: tuple[Bucket, str]
) -> None:
    bucket[0].broken = 1
    refused = await _attach(client, b"Words")
    assert refused.status_code == 503 and "answered 500" in refused.json()["detail"]
    assert (await client.get("/api/v1/tasks")).json()["items"][0]["attachments"] == 0
    assert (await _attach(client, b"Words")).status_code == 200


async def test_what_is_gone_or_was_changed_there_is_said_to_be_gone(
    client: httpx.AsyncClient, bucket: tuple[Bucket, str], tmp_path: Path
) -> None:
    made = (await _attach(client, b"Words")).json()
    path = f"/api/v1/attachments/{made['id']}/content"
    (key,) = bucket[0].objects
    for left in ({key: b"Other"}, {}):
        shutil.rmtree(tmp_path / "files", ignore_errors=True)
        bucket[0].objects = left
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "file_gone")


async def test_another_key_is_refused_by_the_storage(services: Services, bucket: tuple[Bucket, str]) -> None:
    assert services.remote is None
    remote = S3(ObjectSettings(bucket[1], ACCESS, "another", "eu-central-1"))
    try:
        with pytest.raises(Exception, match="answered 403"):
            await remote.put("ws/x", Path(__file__), Path(__file__).stat().st_size)
    finally:
        await remote.close()


async def test_what_nothing_names_any_more_is_swept_there_too(
    client: httpx.AsyncClient, db: Database, bucket: tuple[Bucket, str], remote: S3, owner: Member, tmp_path: Path
) -> None:
    there, files = bucket[0], Files(tmp_path / "files", remote=remote)
    there.page = 2
    kept = (await _attach(client, b"kept")).json()
    for content in (b"one", b"other", b"third"):
        gone = (await _attach(client, content)).json()
        assert (await client.delete(f"/api/v1/attachments/{gone['id']}")).status_code == 204
    assert await sweep_remote(db, files, remote) == 0
    room = owner.workspace_id
    strange = {f"{room}/notes.txt": b"not ours", f"elsewhere/{kept['sha256']}": b"of another installation"}
    there.objects |= strange
    long_ago = time.time() - 2 * SPARED_S
    there.came_s = dict.fromkeys(there.objects, long_ago)
    fresh = (await _attach(client, b"fresh")).json()
    await client.delete(f"/api/v1/attachments/{fresh['id']}")
    assert await sweep_remote(db, files, remote) == len(b"oneotherthird")
    assert set(there.objects) == {*strange, f"{room}/{kept['sha256']}", f"{room}/{fresh['sha256']}"}
    assert await sweep_remote(db, files, remote) == 0


async def test_a_file_that_is_named_again_while_it_is_swept_comes_back(
    client: httpx.AsyncClient, db: Database, bucket: tuple[Bucket, str], remote: S3, tmp_path: Path
) -> None:
    there, files = bucket[0], Files(tmp_path / "files", remote=remote)
    removed = (await _attach(client, b"Words")).json()
    task = (await client.get("/api/v1/tasks")).json()["items"][0]
    async with db.read() as tx:
        rows = await tx.rows(sa.select(attachments))
    await client.delete(f"/api/v1/attachments/{removed['id']}")
    there.came_s = dict.fromkeys(there.objects, time.time() - 2 * SPARED_S)
    begun = asyncio.Event()
    going = asyncio.Event()

    class Slow(S3):
        async def drop(self, key: str, before_s: float) -> int:
            begun.set()
            await going.wait()
            return await super().drop(key, before_s)

    slow = Slow(ObjectSettings(bucket[1], ACCESS, SECRET, "eu-central-1"))
    sweeping = asyncio.create_task(sweep_remote(db, files, slow))
    await begun.wait()
    # Between the look at what names it and its end: the row stands, and the file was not sent again.
    async with db.transaction() as tx:
        await tx.execute(attachments.insert().values(**rows[0]))
    going.set()
    assert await sweeping == len(b"Words")
    await slow.close()
    assert list(there.objects.values()) == [b"Words"]
    assert (await client.get(f"/api/v1/tasks/{task['id']}")).json()["attachments"] == 1


async def test_a_storage_that_gives_no_list_says_so_and_loses_nothing(
    client: httpx.AsyncClient, db: Database, bucket: tuple[Bucket, str], remote: S3, tmp_path: Path
) -> None:
    await _attach(client, b"Words")
    bucket[0].broken = 1
    with pytest.raises(Unavailable, match="answered 500"):
        await sweep_remote(db, Files(tmp_path / "files", remote=remote), remote)
    assert len(bucket[0].objects) == 1

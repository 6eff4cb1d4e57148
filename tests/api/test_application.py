"""What holds for every route: problems, headers, documents, the dashboard's files."""

import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from api_world import browser
from fastapi import APIRouter, FastAPI

from quarterdeck.api.app import create_app
from quarterdeck.api.body import MAX_BYTES
from quarterdeck.api.headers import CONTENT_SECURITY_POLICY
from quarterdeck.api.services import Readiness, Services
from quarterdeck.control.http import Anyone
from quarterdeck.kernel.errors import Unavailable


@pytest.fixture
def dashboard(tmp_path: Path) -> Path:
    root = tmp_path / "dist"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html><title>Deck</title>")
    (root / "assets" / "app-1a2b.js").write_text("console.log(1)")
    (root / "favicon.svg").write_text("<svg/>")
    (tmp_path / "outside.txt").write_text("secret")
    return root


@pytest.fixture
def deck(services: Services, dashboard: Path) -> FastAPI:
    return create_app(replace(services, dashboard=dashboard))


async def test_pages_of_the_dashboard_are_all_the_one_page(deck: FastAPI) -> None:
    async with browser(deck) as client:
        for path in ("/", "/board", "/agents/agt_1", "/signin?token=x"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert answer.text.startswith("<!doctype html><title>Deck")
            assert answer.headers["cache-control"] == "no-cache"
            assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_built_files_are_cached_for_ever_under_their_hash(deck: FastAPI) -> None:
    async with browser(deck) as client:
        script = await client.get("/assets/app-1a2b.js")
        assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert script.headers["content-type"].startswith("text/javascript")
        assert (await client.get("/favicon.svg")).headers["cache-control"] == "no-cache"
        assert (await client.get("/assets/app-gone.js")).status_code == 404
        assert (await client.head("/")).status_code == 200
        assert (await client.post("/")).status_code == 405


async def test_the_dashboards_files_come_compressed_to_whoever_takes_that(deck: FastAPI, dashboard: Path) -> None:
    script = b"export const words = 'one two three';\n" * 200
    (dashboard / "assets" / "words-1a2b.js").write_bytes(script)
    async with browser(deck) as client:
        packed = await client.get("/assets/words-1a2b.js", headers={"accept-encoding": "gzip, br"})
        plain = await client.get("/assets/words-1a2b.js", headers={"accept-encoding": "identity"})
    assert packed.content == plain.content == script
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "accept-encoding")
    assert int(packed.headers["content-length"]) < len(script) / 10
    assert packed.headers["cache-control"] == plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "accept-encoding"


async def test_no_path_leads_out_of_the_dashboard(deck: FastAPI) -> None:
    async with browser(deck) as client:
        for way in ("..", "%2e%2e", "assets/%2e%2e/%2e%2e", "..%5c", "%2e%2e%2f", "/"):
            path = f"/{way}/outside.txt"
            assert "secret" not in (await client.get(path)).text


async def test_without_a_built_dashboard_it_says_how_to_build_it(services: Services, tmp_path: Path) -> None:
    async with browser(create_app(replace(services, dashboard=tmp_path / "none"))) as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert "make ui" in answer.text


async def test_every_answer_tells_the_browser_what_not_to_do(deck: FastAPI) -> None:
    async with browser(deck) as client:
        for path in ("/", "/api/v1/session", "/healthz", "/assets/app-1a2b.js", "/api/none"):
            headers = (await client.get(path)).headers
            assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
        assert (await client.get("/api/v1/session")).headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY
    assert "script-src 'self';" in CONTENT_SECURITY_POLICY


async def test_what_is_not_there_is_a_problem_that_says_so(client: httpx.AsyncClient) -> None:
    for path in ("/api/v1/nothing", "/api", "/api/v2/agents"):
        answer = await client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "not_found"


async def test_a_wrong_method_names_the_right_ones(client: httpx.AsyncClient) -> None:
    answer = await client.put("/api/v1/settings")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


async def test_an_invalid_body_names_its_fields(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/agents", json={"capacity": "many"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [each["field"] for each in answer.json()["fields"]] == ["name", "capacity"]
    assert answer.json()["detail"].startswith("name: Field required; capacity: ")


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"name": "\\ud800"}', b"null", b""])
async def test_a_body_that_is_no_json_object_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/api/v1/agents", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) >= {"type", "title", "status", "code", "detail"}


async def test_a_body_that_is_too_large_is_refused(client: httpx.AsyncClient) -> None:
    body = json.dumps({"name": "x" * MAX_BYTES}).encode()

    async def unannounced() -> AsyncIterator[bytes]:
        yield body

    for content in (body, unannounced()):
        answer = await client.post("/api/v1/agents", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "too_large"


async def test_a_nul_in_the_address_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/agents/a%00b")).status_code == 400
    assert (await client.get("/api/v1/agents?q=a%00b")).status_code == 400


async def test_the_unexpected_is_answered_with_an_id_and_nothing_else(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    router = APIRouter()

    @router.get("/broken")
    async def broken(_: Anyone) -> None:
        raise RuntimeError("the inner secret")

    async with browser(create_app(services, [router])) as client:
        with caplog.at_level(logging.ERROR, "quarterdeck.api"):
            answer = await client.get("/api/v1/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "inner secret" not in answer.text
    assert answer.json()["error_id"] in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(services: Services) -> None:
    router = APIRouter()

    @router.get("/away")
    async def away(_: Anyone) -> None:
        raise Unavailable("The database is locked by another process; try again.", retry_after_s=1)

    async with browser(create_app(services, [router])) as client:
        answer = await client.get("/api/v1/away")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_it_says_whether_it_lives_and_can_serve(services: Services) -> None:
    async def degraded() -> Readiness:
        return Readiness(False, ["no gateway is connected"])

    async def metrics() -> bytes:
        return b"up 1\n"

    app = create_app(replace(services, readiness=degraded, metrics=metrics))
    async with browser(app) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["degraded"]) == (503, ["no gateway is connected"])
        assert (await client.get("/metrics")).text == "up 1\n"


async def test_the_api_describes_itself(client: httpx.AsyncClient) -> None:
    document = (await client.get("/api/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    assert all("Problem" in str(operation["responses"]["default"]) for operation in operations)
    assert all(operation.get("description") for operation in operations)
    assert "HTTPValidationError" not in str(document)


async def test_the_documents_need_no_other_host_and_no_script(client: httpx.AsyncClient) -> None:
    page = (await client.get("/api/docs")).text
    assert "/api/v1/agents/{agent_id}/keys" in page
    assert "<script" not in page and "https://" not in page


def test_starting_loads_no_protocol_that_nobody_has_asked_for_and_nothing_of_the_model_path() -> None:
    parts = ("dialects", "cache", "limits", "routing", "server")
    model_path = ["quarterdeck.bootstrap.gateway", *(f"quarterdeck.gateway.{part}" for part in parts)]
    unwanted = ["mcp", "a2a", "httpx", *model_path]
    code = f"import sys, quarterdeck.bootstrap.control; print([name for name in {unwanted} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

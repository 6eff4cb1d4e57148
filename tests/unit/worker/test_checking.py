"""Whether a provider lets us in, asked of real servers on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from quarterdeck.access.vault import Vault
from quarterdeck.control.providers.model import Checked, CheckOutcome, Credential, Provider, Source
from quarterdeck.worker import checking

SECRET = "sk-test-of-a-secret"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open(tmp_path)


def a_provider(url: str, *, kind: str = "openai-compatible", private: bool = True) -> Provider:
    return Provider(
        id="prv_1",
        workspace_id="ws_1",
        name="mine",
        kind=kind,
        base_url=url,
        models=None,
        allow_private=private,
        headers={},
        timeouts={},
        position=1,
        declared=False,
        created_at=0,
        version=1,
    )


def from_file(path: Path) -> Credential:
    path.write_text(SECRET)
    return Credential("crd_1", "prv_1", Source.FILE, str(path), None)


@asynccontextmanager
async def answering(status: str, body: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A provider that says the same to everybody, and what it was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", asked


async def ask(vault: Vault, provider: Provider, credential: Credential | None) -> Checked:
    return await checking.check(vault, provider, credential)


async def test_a_provider_that_lets_us_in_says_how_many_models_it_offers(vault: Vault, tmp_path: Path) -> None:
    async with answering("200 OK", b'{"object": "list", "data": [{"id": "a"}, {"id": "b"}]}') as (url, asked):
        found = await ask(vault, a_provider(url), from_file(tmp_path / "secret"))
    assert (found.outcome, found.words, found.status, found.models) == (CheckOutcome.WELL, None, 200, 2)
    assert found.offers == ("a", "b")
    assert found.took_ms is not None
    assert asked[0].startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert f"authorization: Bearer {SECRET}".encode() in asked[0].lower().replace(b"bearer", b"Bearer")


async def test_the_models_of_a_provider_are_told_as_calls_ask_for_them(vault: Vault, tmp_path: Path) -> None:
    said = b'{"models": [{"name": "models/gemini-flash"}, {"name": 7}, "odd", {}]}'
    async with answering("200 OK", said) as (url, _):
        found = await ask(vault, a_provider(url), from_file(tmp_path / "secret"))
    assert (found.models, found.offers) == (4, ("gemini-flash",))


async def test_a_refused_secret_is_told_in_the_providers_words_without_the_secret(vault: Vault, tmp_path: Path) -> None:
    said = f'{{"error": {{"message": "Incorrect API key provided: {SECRET}."}}}}'.encode()
    async with answering("401 Unauthorized", said) as (url, _):
        found = await ask(vault, a_provider(url), from_file(tmp_path / "secret"))
    assert found.outcome is CheckOutcome.REFUSED
    assert found.words == (
        "mine does not accept the secret (401): Incorrect API key provided: [secret]. Check it, or enter another."
    )
    cut = b"x" * (300 - len(SECRET) // 2) + SECRET.encode()
    async with answering("403 Forbidden", cut) as (url, _):
        found = await ask(vault, a_provider(url), from_file(tmp_path / "secret"))
    assert found.words is not None
    assert "x[secret]. Check it" in found.words


async def test_a_server_without_a_list_of_models_is_not_called_wrong(vault: Vault, tmp_path: Path) -> None:
    async with answering("404 Not Found", b"nothing here") as (url, _):
        found = await ask(vault, a_provider(url), from_file(tmp_path / "secret"))
    assert found.outcome is CheckOutcome.UNKNOWN


async def test_what_cannot_be_reached_or_may_not_be_is_said(vault: Vault, tmp_path: Path) -> None:
    credential = from_file(tmp_path / "secret")
    async with answering("200 OK", b"{}") as (url, asked):
        guarded = await ask(vault, a_provider(url, private=False), credential)
    assert guarded.outcome is CheckOutcome.UNREACHABLE
    assert asked == []
    gone = await ask(vault, a_provider(url), credential)
    assert gone.outcome is CheckOutcome.UNREACHABLE
    assert gone.words
    missing = Credential("crd_1", "prv_1", Source.FILE, str(tmp_path / "none"), None)
    assert (await ask(vault, a_provider(url), missing)).outcome is CheckOutcome.UNUSABLE

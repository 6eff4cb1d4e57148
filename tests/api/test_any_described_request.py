"""Whatever the API's own description allows is answered, and never by a failure of ours."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings

from depth import examples
from quarterdeck.access import keyring, members
from quarterdeck.access.keyring import Holder
from quarterdeck.access.throttle import Throttle
from quarterdeck.access.vault import Vault
from quarterdeck.api.app import create_app, settle
from quarterdeck.api.services import Services
from quarterdeck.control.agents import actions as agents
from quarterdeck.control.settings.model import About
from quarterdeck.db import Database
from quarterdeck.db.outbox import EventFeed

EXAMPLES = examples(3, 50)
PARTS = 6
"""The routes are asked in so many parts: one that fails says less."""
ENDLESS = {"/api/v1/events"}
BY_AGENT = ("/agent/claim", "/progress", "/finish")


class Server:
    """The application with a loop of its own, for a test that hypothesis drives from outside of any loop."""

    def __init__(self, app: FastAPI, loop: asyncio.AbstractEventLoop, owner: str, agent: str) -> None:
        self.app = app
        self._loop = loop
        self._owner = owner
        self._agent = agent
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://quarterdeck.test")

    def ask(self, path: str, request: dict[str, Any]) -> httpx.Response | None:
        """None when the request cannot even be sent."""
        key = self._agent if path.endswith(BY_AGENT) else self._owner
        sent = {name: value for name, value in request.items() if name in ("method", "url", "params", "json")}
        if isinstance(request.get("data"), bytes):
            sent["content"] = request["data"]
        if isinstance(sent.get("json"), dict):
            sent["json"].pop("wait_s", None)
        try:
            prepared = self._client.build_request(**sent, headers={"authorization": f"Bearer {key}"})
        except (ValueError, TypeError, httpx.InvalidURL):
            return None
        return self._loop.run_until_complete(self._client.send(prepared))


@asynccontextmanager
async def _made(directory: Path) -> AsyncIterator[tuple[FastAPI, str, str]]:
    db = Database.at(directory)
    async with db.transaction() as tx:
        boot = await members.first_boot(tx)
        assert boot is not None and boot.token is not None
        agent = await agents.create(tx, boot.workspace.id, name="research", owner_id=boot.owner.id)
        key = await keyring.issue(tx, Holder(boot.workspace.id, agent_id=agent.id))
    about = About("0.0.0-test", "http://127.0.0.1:8787")
    app = create_app(Services(db, Vault.open(directory), Throttle(db.clock), about, EventFeed(db)))
    yield app, boot.token, key.secret
    await settle(app)
    await db.close()


@contextmanager
def _served(directory: Path) -> Iterator[Server]:
    with asyncio.Runner() as runner:
        made = _made(directory)
        app, owner, agent = runner.run(made.__aenter__())
        try:
            yield Server(app, runner.get_loop(), owner, agent)
        finally:
            runner.run(made.__aexit__(None, None, None))


_described: list[schemathesis.schemas.APIOperation] = []


def _operations(app: FastAPI) -> list[schemathesis.schemas.APIOperation]:
    """Those of every application here: writing the description and reading it is much of what a part costs."""
    if not _described:
        _described.extend(each.ok() for each in schemathesis.openapi.from_dict(app.openapi()).get_all_operations())
    return _described


@pytest.mark.parametrize("part", range(PARTS))
def test_no_request_that_the_description_allows_makes_us_fail(
    part: int, empty_store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copy(empty_store, tmp_path / "quarterdeck.db")
    with _served(tmp_path) as server:
        operations = _operations(server.app)
        assert len(operations) > 30 * PARTS
        for operation in operations[part::PARTS]:
            if operation.path not in ENDLESS:
                _ask_often(server, operation)


def _ask_often(server: Server, operation: schemathesis.schemas.APIOperation) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        answer = server.ask(operation.path, case.as_transport_kwargs(base_url="http://quarterdeck.test"))
        if answer is None:
            return
        where = f"{operation.method} {operation.path} → {answer.status_code} {answer.text[:300]}"
        # 501 and 503 say in a problem what is not there, such as what another product has, or a place for files.
        assert answer.status_code < 500 or answer.status_code in (501, 503), where
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", where

    ask()

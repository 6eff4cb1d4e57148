"""Two that write the same at one moment: each sees nothing in the way, and only the store knows better."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from quarterdeck.access.members import FirstBoot
from quarterdeck.access.throttle import Throttle
from quarterdeck.access.vault import Vault
from quarterdeck.api.app import create_app, settle
from quarterdeck.api.services import Services
from quarterdeck.bootstrap.tables import import_all
from quarterdeck.control.settings.model import About
from quarterdeck.db import Database, metadata
from quarterdeck.db.outbox import EventFeed
from quarterdeck.kernel.errors import Changed, Invalid, Unavailable

AT_ONCE = 4
DRAFT = {"title": "Look"}
VERBS: dict[str, tuple[str, dict[str, Any], str]] = {
    "agents": ("agents", {"name": "one"}, "name_taken"),
    "agent_templates": ("agent-templates", {"name": "one"}, "name_taken"),
    "budgets": ("budgets", {"scope": "workspace", "amount_nano": 1_000_000_000, "window": "day"}, "budget_exists"),
    "channels": (
        "channels",
        {
            "name": "one",
            "kind": "webhook",
            "url": "http://127.0.0.1:9/",
            "kinds": ["budget.*"],
            "shared": True,
            "allow_private": True,
        },
        "name_taken",
    ),
    "goals": ("goals", {"name": "one"}, "name_taken"),
    "limits": (
        "limits",
        {"scope": "workspace", "measure": "requests", "per": "minute", "amount": 5},
        "limit_exists",
    ),
    "members": ("members", {"email": "one@example.com", "name": "One", "role": "viewer"}, "member_exists"),
    "projects": ("projects", {"name": "one"}, "name_taken"),
    "providers": ("providers", {"name": "one", "kind": "openai", "secret": "s"}, "name_taken"),
    "routes": ("routes", {"name": "one", "config": {"provider": "@one"}}, "name_taken"),
    "schedules": ("schedules", {"name": "one", "trigger": "api", "task": DRAFT}, "name_taken"),
    "squads": ("squads", {"name": "one"}, "name_taken"),
    "task_templates": ("task-templates", {"name": "one", "task": DRAFT}, "name_taken"),
}
"""By table: where one makes a row of it, what of, and what the second is told."""
NOT_MADE_BY_NAME = {"workspaces", "deliverables"}
"""One is made at the first start; a deliverable of a name that is there gets another version."""


def test_everything_that_people_name_is_tried() -> None:
    import_all()
    named = {
        table.name
        for table in metadata.sorted_tables
        for each in table.constraints
        if isinstance(each, sa.UniqueConstraint)
        and ("taken" in each.info or {"name", "name_key"} & {column.name for column in each.columns})
    }
    assert named - NOT_MADE_BY_NAME == VERBS.keys() - {"routes"}


@pytest.fixture
async def client(db: Database, boot: FirstBoot, vault: Vault, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The owner, with a token."""
    about = About("0.0.0-test", "http://127.0.0.1:8787")
    app = create_app(Services(db, vault, Throttle(db.clock), about, EventFeed(db), files=tmp_path / "files"))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://127.0.0.1:8787/api/v1/",
        headers={"authorization": f"Bearer {boot.token}"},
    ) as made:
        yield made
    await settle(app)


async def test_of_those_who_take_a_name_at_once_one_gets_it_and_the_others_are_told(client: httpx.AsyncClient) -> None:
    for path, body, code in VERBS.values():
        answers = await asyncio.gather(*(client.post(path, json=body) for _ in range(AT_ONCE)))
        told = sorted((each.status_code, each.json().get("code", "")) for each in answers)
        assert told == [(201, ""), *[(409, code)] * (AT_ONCE - 1)], (path, [each.text for each in answers])


async def test_a_name_that_the_store_alone_saw_taken_is_told_as_taken(db: Database, boot: FirstBoot) -> None:
    table = metadata.tables["squads"]
    row = {
        column.name: 1 if isinstance(column.type, sa.Integer) else "one" for column in table.c if not column.nullable
    }
    with pytest.raises(Changed, match="among the squads already") as caught:
        async with db.transaction() as tx:
            for squad_id in ("first", "second"):
                await tx.execute(
                    table.insert().values({**row, "workspace_id": boot.owner.workspace_id, "id": squad_id})
                )
    assert (caught.value.status, caught.value.code) == (409, "name_taken")


async def test_what_belongs_to_a_row_that_has_just_gone_is_told_so(db: Database, boot: FirstBoot) -> None:
    table = metadata.tables["squad_agents"]
    with pytest.raises(Changed, match="removed meanwhile"):
        async with db.transaction() as tx:
            row = {"workspace_id": boot.owner.workspace_id, "squad_id": "gone", "agent_id": "gone"}
            await tx.execute(table.insert().values(row))


@pytest.mark.parametrize("number", [2**31, 2**63, -(2**63) - 1])
async def test_a_number_that_no_store_can_hold_is_the_callers_mistake(
    db: Database, boot: FirstBoot, number: int
) -> None:
    workspaces = metadata.tables["workspaces"]
    if db.is_sqlite and abs(number) < 2**63:
        return  # every whole number of SQLite's has 64 bits
    with pytest.raises(Invalid, match="whole number"):
        async with db.transaction() as tx:
            await tx.execute(workspaces.update().values(version=number))


async def test_a_row_that_stays_locked_is_a_clear_error_on_either_store(db: Database, boot: FirstBoot) -> None:
    workspaces = metadata.tables["workspaces"]
    impatient = Database(db.engine.url.render_as_string(hide_password=False), busy_timeout_ms=50)
    write = workspaces.update().values(version=workspaces.c.version + 1)
    try:
        async with db.transaction() as tx:
            await tx.execute(write)
            with pytest.raises(Unavailable, match="locked by another process") as caught:
                async with impatient.transaction() as other:
                    await other.execute(write)
        assert caught.value.extra == {"retry_after_s": 1}
        async with impatient.transaction() as other:
            assert await other.changed(write)
    finally:
        await impatient.close()

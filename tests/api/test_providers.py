import httpx
from api_world import AsRole

from quarterdeck.access.members import Member
from quarterdeck.control.providers import actions
from quarterdeck.control.providers.model import Wanted
from quarterdeck.db import Database
from quarterdeck.db.outbox import read_after

OPENAI = {"name": "openai", "kind": "openai", "secret": "sk-very-secret"}


async def test_a_provider_is_added_and_its_secret_never_comes_back(client: httpx.AsyncClient, db: Database) -> None:
    answer = await client.post("/api/v1/providers", json=OPENAI)
    assert answer.status_code == 201
    assert answer.json() == {
        "name": "openai",
        "kind": "openai",
        "base_url": "https://api.openai.com/v1",
        "credential": "stored",
        "declared": False,
        "models": None,
        "allow_private": False,
        "problem": None,
        "version": 1,
    }
    listed = await client.get("/api/v1/providers")
    assert listed.json()["items"] == [answer.json()]
    async with db.read() as tx:
        rows = (await tx.connection.exec_driver_sql("SELECT sealed FROM credentials")).all()
        told = (await read_after(tx, 0))[-1]
    assert b"sk-very-secret" not in rows[0][0]
    assert (told.kind, told.data) == ("provider.changed", {"name": "openai", "what": "added"})


async def test_a_provider_without_its_secret_says_what_is_wrong(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/providers", json={"name": "openai", "kind": "openai"})
    assert answer.json()["problem"] == "openai has no credential: enter its secret"


async def test_what_is_not_given_stays(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/providers", json=OPENAI)
    answer = await client.patch("/api/v1/providers/openai", json={"models": ["gpt-*"]}, headers={"if-match": '"1"'})
    assert answer.status_code == 200
    assert (answer.json()["credential"], answer.json()["models"], answer.json()["version"]) == ("stored", ["gpt-*"], 2)
    gone = await client.patch("/api/v1/providers/openai", json={"secret": None})
    assert gone.json()["credential"] is None
    late = await client.patch("/api/v1/providers/openai", json={}, headers={"if-match": '"1"'})
    assert late.status_code == 409


async def test_a_stored_secret_does_not_follow_the_address_to_another_host(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/providers", json=OPENAI)
    moved = {"base_url": "https://collector.example.com/v1"}
    refused = await client.patch("/api/v1/providers/openai", json=moved)
    assert (refused.status_code, refused.json()["field"]) == (400, "secret")
    allowed = await client.patch("/api/v1/providers/openai", json={**moved, "secret": "sk-another"})
    assert allowed.status_code == 200
    same_host = {"base_url": "https://collector.example.com/v2"}
    assert (await client.patch("/api/v1/providers/openai", json=same_host)).status_code == 200


async def test_a_private_address_needs_an_admins_word(client: httpx.AsyncClient) -> None:
    local = {"name": "local", "kind": "openai-compatible", "base_url": "http://127.0.0.1:8000/v1"}
    refused = await client.post("/api/v1/providers", json=local)
    assert (refused.status_code, refused.json()["field"]) == (400, "base_url")
    allowed = await client.post("/api/v1/providers", json={**local, "allow_private": True})
    assert (allowed.status_code, allowed.json()["problem"]) == (201, None)


async def test_a_provider_that_cannot_be_is_refused_by_field(client: httpx.AsyncClient) -> None:
    for change, field in (
        ({"name": "Open AI"}, "name"),
        ({"kind": "nebula"}, "kind"),
        ({"base_url": "file:///etc/passwd"}, "base_url"),
        ({"base_url": "https://user:pw@example.com"}, "base_url"),
        ({"secret": "two words"}, "secret"),
        ({"secret": "line\nbreak"}, "secret"),
    ):
        answer = await client.post("/api/v1/providers", json={**OPENAI, **change})
        assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert (await client.get("/api/v1/providers")).json()["items"] == []


async def test_names_are_unique(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/providers", json=OPENAI)
    answer = await client.post("/api/v1/providers", json=OPENAI)
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


async def test_a_provider_is_removed_with_its_secret(client: httpx.AsyncClient, db: Database) -> None:
    await client.post("/api/v1/providers", json=OPENAI)
    assert (await client.delete("/api/v1/providers/openai")).status_code == 204
    assert (await client.delete("/api/v1/providers/openai")).status_code == 404
    async with db.read() as tx:
        assert (await tx.connection.exec_driver_sql("SELECT count(*) FROM credentials")).scalar() == 0


async def test_what_the_file_declares_is_changed_there(client: httpx.AsyncClient, db: Database, owner: Member) -> None:
    async with db.transaction() as tx:
        wanted = Wanted("openai", "openai")
        await actions.insert(tx, owner.workspace_id, wanted, position=0, declared=True)
    changed = await client.patch("/api/v1/providers/openai", json={"models": ["x"]})
    assert (changed.status_code, changed.json()["code"]) == (409, "declared")
    assert (await client.delete("/api/v1/providers/openai")).json()["code"] == "declared"


async def test_an_operator_sees_providers_and_changes_none(client: httpx.AsyncClient, as_role: AsRole) -> None:
    operator = await as_role("operator")
    assert (await operator.get("/api/v1/providers")).status_code == 200
    assert (await operator.post("/api/v1/providers", json=OPENAI)).status_code == 403


async def test_the_catalogue_is_listed(client: httpx.AsyncClient) -> None:
    kinds = {each["kind"]: each for each in (await client.get("/api/v1/providers/kinds")).json()["items"]}
    assert kinds["anthropic"]["base_url"] == "https://api.anthropic.com"
    assert kinds["openai-compatible"]["base_url"] is None

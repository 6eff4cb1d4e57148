"""Every route, asked by everybody: what `access.actors` grants is what the route table gives, and no more."""

import re
from itertools import pairwise

import httpx
import pytest
from api_world import AsAgent, AsRole, with_key
from fastapi import APIRouter, FastAPI

from quarterdeck.access import keyring, members
from quarterdeck.access.actors import Actor, ActorKind, Permission, Role, allows
from quarterdeck.access.keyring import Holder
from quarterdeck.access.members import Member
from quarterdeck.api.app import create_app, permissions
from quarterdeck.api.mounts import MOUNTS
from quarterdeck.api.services import Services
from quarterdeck.control.http import may
from quarterdeck.db import Database

ASKERS = ("anonymous", *(role.value for role in Role), "agent", "run", "foreign")
STREAMS = {("GET", "/api/v1/events")}
"""Answers without an end; its own test follows them."""
DANGEROUS = {("DELETE", "/api/v1/session"), ("PUT", "/api/v1/session/password")}
"""Would sign the asker out in the middle."""


async def _asker(
    name: str, app: FastAPI, db: Database, owner: Member, as_role: AsRole, as_agent: AsAgent
) -> tuple[httpx.AsyncClient, Actor | None]:
    if name == "anonymous":
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://quarterdeck.test"), None
    workspace_id = owner.workspace_id
    if name == "agent":
        return await as_agent("asker"), Actor(workspace_id, ActorKind.AGENT, "agt")
    if name == "run":
        async with db.transaction() as tx:
            holder = Holder(workspace_id, agent_id="agt_x", run_id="run_x", task_id="tsk_x")
            issued = await keyring.issue(tx, holder)
        return with_key(app, issued.secret), Actor(workspace_id, ActorKind.RUN, "agt_x", run_id="run_x")
    if name == "foreign":
        async with db.transaction() as tx:
            other = await members.create_workspace(tx, "other")
            member = await members.create(tx, other.id, email="x@example.com", name="x", role=Role.OWNER)
            issued = await keyring.issue(tx, Holder(other.id, member_id=member.id))
        return with_key(app, issued.secret), Actor(other.id, ActorKind.MEMBER, member.id, Role.OWNER)
    return await as_role(name), Actor(workspace_id, ActorKind.MEMBER, "mem", Role(name))


@pytest.mark.parametrize("name", ASKERS)
async def test_every_route_is_open_to_exactly_those_its_permission_names(
    name: str, app: FastAPI, db: Database, owner: Member, as_role: AsRole, as_agent: AsAgent
) -> None:
    client, actor = await _asker(name, app, db, owner, as_role, as_agent)
    async with client:
        for (method, path), permission in sorted(permissions(app).items()):
            if (method, path) in STREAMS | DANGEROUS:
                continue
            answer = await client.request(method, re.sub(r"\{\w+\}", "none_such", path))
            where = f"{name}: {method} {path} → {answer.status_code} {answer.text[:200]}"
            if allows(actor, permission):
                # A verb may have a finer rule of its own; the permission must not be what refuses.
                assert answer.status_code != 403 or "permission" not in answer.json(), where
                assert answer.status_code != 401 or permission is Permission.PUBLIC, where
                assert answer.status_code < 500 or answer.status_code == 501, where
            else:
                assert answer.status_code == (401 if actor is None else 403), where
                assert actor is None or answer.json()["permission"] == permission, where


@pytest.mark.parametrize("name", ASKERS)
async def test_every_mounted_protocol_is_open_to_exactly_those_its_permission_names(
    name: str, app: FastAPI, db: Database, owner: Member, as_role: AsRole, as_agent: AsAgent
) -> None:
    client, actor = await _asker(name, app, db, owner, as_role, as_agent)
    async with client:
        for path, permission in MOUNTS.items():
            answer = await client.post(path, json={})
            where = f"{name}: {path} → {answer.status_code} {answer.text[:200]}"
            if allows(actor, permission):
                assert answer.status_code not in (401, 403), where
            else:
                assert answer.status_code == (401 if actor is None else 403), where


async def test_rows_of_another_workspace_are_not_there(
    client: httpx.AsyncClient, app: FastAPI, db: Database, owner: Member, as_role: AsRole, as_agent: AsAgent
) -> None:
    agent = (await client.post("/api/v1/agents", json={"name": "research"})).json()
    key = (await client.post(f"/api/v1/agents/{agent['id']}/keys", json={})).json()
    task = (await client.post("/api/v1/tasks", json={"title": "Secret"})).json()
    await client.post("/api/v1/providers", json={"name": "openai", "kind": "openai", "secret": "s"})
    foreign, _ = await _asker("foreign", app, db, owner, as_role, as_agent)
    async with foreign:
        for method, path in (
            ("GET", f"/agents/{agent['id']}"),
            ("PATCH", f"/agents/{agent['id']}"),
            ("POST", f"/agents/{agent['id']}/keys"),
            ("POST", f"/keys/{key['id']}/revoke"),
            ("POST", f"/keys/{key['id']}/rotate"),
            ("GET", f"/members/{owner.id}"),
            ("PATCH", f"/members/{owner.id}"),
            ("POST", f"/members/{owner.id}/link"),
            ("PATCH", "/providers/openai"),
            ("DELETE", "/providers/openai"),
            ("GET", f"/tasks/{task['id']}"),
            ("PATCH", f"/tasks/{task['id']}"),
        ):
            answer = await foreign.request(method, "/api/v1" + path, json={})
            assert answer.status_code == 404, f"{method} {path} → {answer.status_code}"
        for path in ("/agents", "/keys", "/members", "/providers", "/tasks", "/runs"):
            rows = (await foreign.get("/api/v1" + path)).json()["items"]
            assert not any(owner.workspace_id in str(row) or "research" in str(row) for row in rows), path
        assert [each["name"] for each in (await foreign.get("/api/v1/members")).json()["items"]] == ["x"]


async def test_it_does_not_start_with_a_route_that_names_no_permission(services: Services) -> None:
    router = APIRouter()

    @router.get("/open")
    async def open_to_all() -> str:
        return "oops"

    with pytest.raises(RuntimeError, match="/api/v1/open must name exactly one permission"):
        create_app(services, [router])


def test_what_nobody_granted_is_refused() -> None:
    for permission in Permission:
        assert allows(None, permission) is (permission is Permission.PUBLIC)
    dependency = may(Permission.OWN)
    assert dependency is not may(Permission.OWN)


def test_an_agent_may_nothing_that_a_member_must_answer_for() -> None:
    agent = Actor("ws", ActorKind.AGENT, "agt")
    assert {permission for permission in Permission if allows(agent, permission)} == {
        Permission.PUBLIC,
        Permission.AGENT_VERB,
        Permission.LISTEN,
        Permission.RATE,
    }


def test_each_role_may_what_the_one_below_it_may() -> None:
    ladder = [Role.VIEWER, Role.REVIEWER, Role.OPERATOR, Role.ADMIN, Role.OWNER]
    granted = [
        {each for each in Permission if allows(Actor("ws", ActorKind.MEMBER, "mem", role), each)} for role in ladder
    ]
    for lower, higher in pairwise(granted):
        assert lower < higher

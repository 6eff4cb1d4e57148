"""/schedules, /hooks and /task-templates."""

import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from quarterdeck.control.schedules import jobs
from quarterdeck.control.schedules.signing import signature
from quarterdeck.db import Database
from quarterdeck.kernel.clock import SECOND, FakeClock


async def _made(client: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    body = {"name": "daily", "trigger": "cron", "cron": "0 9 * * *", "task": {"title": "Look"}, **fields}
    answer = await client.post("/api/v1/schedules", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _titles(client: httpx.AsyncClient) -> list[str]:
    return [task["title"] for task in (await client.get("/api/v1/tasks")).json()["items"]]


async def test_a_schedule_shows_its_next_five_firings(client: httpx.AsyncClient) -> None:
    made = await _made(client, zone="Europe/Berlin")
    assert made["cron_words"] == "At 09:00 every day"
    assert made["next_firings"] == [f"2027-01-{day}T08:00:00.000000Z" for day in (16, 17, 18, 19, 20)]
    assert (made["overlap"], made["catch_up"], made["state"], made["secret"]) == ("skip", "last", "active", None)
    assert made["owner"]["name"]
    shown = (await client.get(f"/api/v1/schedules/{made['id']}")).json()
    assert shown == {key: value for key, value in made.items() if key != "secret"}
    assert (await client.get("/api/v1/schedules")).json() == {"items": [shown], "next": None}
    preview = await client.post("/api/v1/schedules/preview", json={"cron": "@hourly", "zone": "UTC"})
    assert preview.json()["cron_words"] == "At the start of every hour"
    assert preview.json()["next_firings"][0] == "2027-01-15T09:00:00.000000Z"


async def test_what_cannot_be_is_refused_with_its_field(client: httpx.AsyncClient) -> None:
    for field, fields in [
        ("cron", {"cron": "61 * * * *"}),
        ("zone", {"zone": "Mars/Olympus"}),
        ("every_s", {"trigger": "interval"}),
        ("task", {"task": None}),
        ("task", {"template_id": "tpl_x"}),
        ("variables", {"task": {"title": "{{nobody}}"}}),
        ("agent_id", {"task": {"title": "x", "agent_id": "agt_nobody"}}),
        ("project_id", {"task": {"title": "x", "project_id": "prj_nobody"}}),
        ("owner_id", {"owner_id": "mem_nobody"}),
    ]:
        body = {"name": "daily", "trigger": "cron", "cron": "0 9 * * *", "task": {"title": "Look"}, **fields}
        answer = await client.post("/api/v1/schedules", json=body)
        assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text
    await _made(client)
    twin = await client.post("/api/v1/schedules", json={"name": "DAILY", "trigger": "api", "task": {"title": "Look"}})
    assert (twin.status_code, twin.json()["code"]) == (409, "name_taken")


async def test_it_is_changed_paused_resumed_and_deleted(client: httpx.AsyncClient) -> None:
    made = await _made(client)
    path = f"/api/v1/schedules/{made['id']}"
    changed = (await client.patch(path, json={"cron": "0 10 * * *"}, headers={"if-match": '"1"'})).json()
    assert (changed["version"], changed["next_firings"][0]) == (2, "2027-01-15T10:00:00.000000Z")
    assert (await client.patch(path, json={"name": "x"}, headers={"if-match": '"1"'})).status_code == 409
    paused = (await client.post(f"{path}/pause", json={"reason": "Holiday."})).json()
    assert (paused["state"], paused["paused_reason"], paused["next_firings"]) == ("paused", "Holiday.", [])
    refused = await client.post(f"{path}/fire")
    assert (refused.status_code, refused.json()["code"]) == (409, "schedule_paused")
    assert (await client.post(f"{path}/resume")).json()["state"] == "active"
    fired = (await client.post(f"{path}/fire", json={"key": "once"})).json()
    assert (fired["outcome"], fired["task"]["title"]) == ("created", "Look")
    assert (await client.post(f"{path}/fire", json={"key": "once"})).json() == fired
    firings = (await client.get(f"{path}/firings")).json()
    assert firings["items"] == [fired]
    assert (await client.get("/api/v1/tasks", params={"schedule_id": made["id"]})).json()["items"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert await _titles(client) == ["Look"]


async def test_its_firings_do_not_disturb_who_edits_it(
    client: httpx.AsyncClient, db: Database, clock: FakeClock
) -> None:
    made = await _made(client, cron="* * * * *")
    clock.advance(60)
    assert await jobs.fire_all_due(db) == 1
    answer = await client.patch(
        f"/api/v1/schedules/{made['id']}", json={"overlap": "queue"}, headers={"if-match": '"1"'}
    )
    assert answer.status_code == 200


@pytest.fixture
async def hook(client: httpx.AsyncClient) -> dict[str, Any]:
    text = {"title": "{{payload.action}}: {{payload.issue.title}}", "brief": "{{payload.labels.0}}"}
    return await _made(client, trigger="webhook", cron=None, task=text, overlap="parallel", pause_after=100)


BODY = json.dumps({"action": "opened", "issue": {"title": "It is broken"}, "labels": ["bug"]}).encode()


async def test_a_signed_webhook_makes_a_task_of_what_it_says(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, clock: FakeClock, hook: dict[str, Any]
) -> None:
    assert hook["secret"].startswith("qd-h-") and "secret" not in (
        await client.get(f"/api/v1/schedules/{hook['id']}")
    ).text.replace("secret_set", "")
    now = clock.now() // SECOND
    signed = {"x-quarterdeck-signature": signature(hook["secret"], BODY, now)}
    answer = await anonymous.post(hook["hook_path"], content=BODY, headers=signed)
    assert (answer.status_code, answer.json()["outcome"]) == (202, "created"), answer.text
    again = await anonymous.post(hook["hook_path"], content=BODY, headers=signed)
    assert again.json() == answer.json()
    mac = hmac.new(hook["secret"].encode(), BODY, hashlib.sha256).hexdigest()
    github = {"x-hub-signature-256": f"sha256={mac}", "x-github-delivery": "d-1"}
    for _ in range(2):
        assert (await anonymous.post(hook["hook_path"], content=BODY, headers=github)).status_code == 202
    assert await _titles(client) == ["opened: It is broken"] * 2


def _github(secret: str, body: bytes = BODY, **headers: str) -> dict[str, str]:
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "x-hub-signature-256": f"sha256={mac}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }


async def test_what_was_signed_fires_once_under_whatever_delivery_id_it_is_replayed(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, clock: FakeClock, hook: dict[str, Any]
) -> None:
    """Ids of deliveries are not signed: whoever has caught a delivery can make up another."""
    ours = {"x-quarterdeck-signature": signature(hook["secret"], BODY, clock.now() // SECOND)}
    replayed = [
        [_github(hook["secret"], x_github_delivery="d-1"), _github(hook["secret"], x_request_id="d-2")],
        [{**ours, "idempotency-key": "d-3"}, ours, {**ours, "idempotency-key": "d-4"}],
    ]
    for same in replayed:
        answers = [await anonymous.post(hook["hook_path"], content=BODY, headers=each) for each in same]
        assert {each.status_code for each in answers} == {202}
        assert len({each.json()["task_id"] for each in answers}) == 1
    assert len(await _titles(client)) == len(replayed)


async def test_an_equal_body_without_a_signed_instant_fires_again_after_half_an_hour(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, clock: FakeClock, hook: dict[str, Any]
) -> None:
    for minutes, tasks in ((0, 1), (29, 1), (2, 2), (29, 2)):
        clock.advance(minutes * 60)
        answer = await anonymous.post(hook["hook_path"], content=BODY, headers=_github(hook["secret"]))
        assert answer.status_code == 202
        assert len(await _titles(client)) == tasks
    clock.advance(86_400)
    again = _github(hook["secret"], x_github_delivery="d-1")
    for _ in range(2):
        # GitHub sends a failed delivery again under its id, for days.
        assert (await anonymous.post(hook["hook_path"], content=BODY, headers=again)).status_code == 202
        clock.advance(86_400)
    assert len(await _titles(client)) == 3


async def test_an_equal_body_that_is_signed_at_another_instant_is_another_delivery(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, clock: FakeClock, hook: dict[str, Any]
) -> None:
    for _ in range(2):
        signed = {"x-quarterdeck-signature": signature(hook["secret"], BODY, clock.now() // SECOND)}
        assert (await anonymous.post(hook["hook_path"], content=BODY, headers=signed)).status_code == 202
        clock.advance(1)
    assert len(await _titles(client)) == 2


async def test_a_webhook_without_its_signature_is_refused_and_says_nothing(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, clock: FakeClock, hook: dict[str, Any]
) -> None:
    now = clock.now() // SECOND
    timed = await _made(client, name="timed")
    wrong = [
        {},
        {"x-quarterdeck-signature": signature("qd-h-other", BODY, now)},
        {"x-quarterdeck-signature": signature(hook["secret"], BODY + b" ", now)},
        {"x-quarterdeck-signature": f"t={now},v1="},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
    ]
    answers = [await anonymous.post(hook["hook_path"], content=BODY, headers=each) for each in wrong]
    for other in ("sch_none", timed["id"]):
        answers.append(await anonymous.post(f"/api/v1/hooks/{other}", content=BODY))
    assert {each.status_code for each in answers} == {401}
    assert len({each.json()["detail"] for each in answers}) == 1
    for skew in (-301, 301):
        old = {"x-quarterdeck-signature": signature(hook["secret"], BODY, now + skew)}
        answer = await anonymous.post(hook["hook_path"], content=BODY, headers=old)
        assert answer.status_code == 401 and "five minutes" in answer.json()["detail"]
    fresh = (await client.post(f"/api/v1/schedules/{hook['id']}/secret")).json()["secret"]
    stale = {"x-quarterdeck-signature": signature(hook["secret"], BODY, now)}
    assert (await anonymous.post(hook["hook_path"], content=BODY, headers=stale)).status_code == 401
    good = {"x-quarterdeck-signature": signature(fresh, BODY, now)}
    assert (await anonymous.post(hook["hook_path"], content=BODY, headers=good)).status_code == 202
    assert len(await _titles(client)) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[1, 2]",
        b'{"issue": NaN}',
        b'{"issue": 1e999}',
        b'{"action": "\\u0000", "issue": {"title": "\\ud800"}, "labels": [1]}',
        b'{"action": {"deep": 1}, "issue": {"title": 5}, "labels": []}',
        b"[" * 5_000,
        b'{"a":' * 900 + b"1" + b"}" * 900,
    ],
)
async def test_a_signed_webhook_that_says_something_else_fails_with_the_reason(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, clock: FakeClock, hook: dict[str, Any], body: bytes
) -> None:
    signed = {"x-quarterdeck-signature": signature(hook["secret"], body, clock.now() // SECOND)}
    answer = await anonymous.post(hook["hook_path"], content=body, headers=signed)
    assert (answer.status_code, answer.json()["outcome"]) == (202, "failed"), answer.text
    assert answer.json()["note"]
    assert await _titles(client) == []


async def test_bytes_that_are_no_text_or_too_many_are_refused(
    anonymous: httpx.AsyncClient, clock: FakeClock, hook: dict[str, Any]
) -> None:
    for body, status in ((b"\xff", 400), (b"x" * (256 * 1024 + 1), 413)):
        signed = {"x-quarterdeck-signature": signature(hook["secret"], body, clock.now() // SECOND)}
        assert (await anonymous.post(hook["hook_path"], content=body, headers=signed)).status_code == status


async def test_a_template_is_kept_changed_used_and_forgotten(client: httpx.AsyncClient, app: FastAPI) -> None:
    body = {
        "name": "Release notes",
        "task": {"title": "Notes of {{version}}", "acceptance": [{"text": "{{pages}} pages", "deliverable": True}]},
        "variables": [{"name": "version"}, {"name": "pages", "default": "2"}],
    }
    made = (await client.post("/api/v1/task-templates", json=body)).json()
    path = f"/api/v1/task-templates/{made['id']}"
    assert (await client.get(path)).json() == made
    missing = await client.post(f"{path}/tasks", json={})
    assert (missing.status_code, missing.json()["missing"]) == (400, ["version"])
    stray = await client.post(f"{path}/tasks", json={"variables": {"version": "1", "other": "x"}})
    assert (stray.status_code, stray.json()["field"]) == (400, "variables")
    task = (await client.post(f"{path}/tasks", json={"variables": {"version": "1.4 {{pages}}"}})).json()
    assert (task["title"], task["state"]) == ("Notes of 1.4 {{pages}}", "ready"), "values are text, not templates"
    assert task["acceptance"] == [{"text": "2 pages", "met": False, "deliverable": True}]
    undeclared = await client.patch(path, json={"task": {"title": "{{who}}"}})
    assert (undeclared.status_code, undeclared.json()["field"]) == (400, "variables")
    assert (await client.patch(path, json={"name": "Notes"})).json()["version"] == 2
    assert (await client.delete(path)).status_code == 204
    assert (await client.get("/api/v1/task-templates")).json()["items"] == []

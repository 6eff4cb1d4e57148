import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from quarterdeck.access.members import Member
from quarterdeck.api import body as api_body
from quarterdeck.api import unreadable
from quarterdeck.kernel.errors import Invalid

TASKS = "/api/v1/tasks"
HALF = "\ud83d"


async def _sent(client: httpx.AsyncClient, content: bytes, media_type: str = "application/json") -> httpx.Response:
    return await client.post(TASKS, content=content, headers={"content-type": media_type})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"title": "\xff"}', "not UTF-8 (byte 11)"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"title": "x", "priority": ' + b"9" * 5_000 + b"}", "cannot be read as JSON"),
    ],
    ids=["not UTF-8", "too deep", "too long a number"],
)
async def test_a_body_that_is_no_json_is_told_what_is_wrong_with_it(
    client: httpx.AsyncClient, content: bytes, words: str
) -> None:
    answer = await _sent(client, content)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert words in answer.json()["detail"]


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/plain; charset=utf-8"])
async def test_json_that_came_as_something_else_is_told_which_header_it_needs(
    client: httpx.AsyncClient, media_type: str
) -> None:
    answer = await _sent(client, b'{"title": "x"}', media_type)
    assert (answer.status_code, answer.json()["code"]) == (415, "not_json")
    assert "content-type: application/json; it came as " + media_type.partition(";")[0] in answer.json()["detail"]


async def test_half_a_surrogate_pair_is_refused_wherever_it_stands_and_whole_ones_are_not(
    client: httpx.AsyncClient,
) -> None:
    task = (await _sent(client, b'{"title": "\\ud83d\\ude00"}')).json()
    assert task["title"] == "😀"
    body: dict[str, Any] = {"task_ids": [task["id"], HALF], "hold": True}
    for content in (json.dumps(body).encode(), json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")):
        answer = await client.post(f"{TASKS}/bulk", content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["field"]) == (400, "task_ids[1]")
    assert (await client.get(f"{TASKS}/{task['id']}")).json()["version"] == task["version"]


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "1" + "0" * 400 + ".0"])
async def test_a_number_that_json_has_not_is_refused_wherever_it_stands(client: httpx.AsyncClient, number: str) -> None:
    content = f'{{"name": "fast", "config": {{"targets": [{{"weight": {number}}}]}}}}'.encode()
    answer = await client.post("/api/v1/routes", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["field"]) == (400, "config.targets[0].weight")
    assert (await _sent(client, b'{"title": "NaN and Infinity, 1e999"}')).status_code == 201


async def test_who_has_shown_no_key_cannot_have_a_large_body_looked_into(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    monkeypatch.setattr(api_body, "must_be_sayable", lambda body: looked.append(len(body)))
    large = b'{"title": "\\ud83d", "brief": "' + b"x" * api_body.MAX_OF_STRANGERS + b'"}'
    for path in (TASKS, "/api/v1/session/password", "/mcp"):
        answer = await anonymous.post(path, content=large, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert looked == []
    await _sent(client, large)
    assert looked == [len(large)]


async def test_a_stranger_is_told_of_half_a_pair_too(anonymous: httpx.AsyncClient) -> None:
    content = b'{"email": "\\ud83d", "password": "x"}'
    headers = {"content-type": "application/json"}
    answer = await anonymous.post("/api/v1/session/password", content=content, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (400, "email")


@pytest.mark.parametrize(("last", "words"), [(b'"\\ud83d"', "half of a surrogate pair"), (b"1e999", "number")])
def test_in_a_very_large_body_it_is_said_what_is_wrong_and_not_where(last: bytes, words: str) -> None:
    body = b"[" + b"1," * unreadable.SOUGHT_IN + last + b"]"
    with pytest.raises(Invalid, match=words) as caught:
        unreadable.must_be_sayable(body)
    assert "field" not in caught.value.extra
    unreadable.must_be_sayable(body.replace(last, b'"\\ud83d\\ude00 1e999 NaN"'))


async def test_a_body_that_was_cut_off_holds_no_idempotency_key(app: FastAPI, client: httpx.AsyncClient) -> None:
    whole = b'{"title": "Find sources"}'
    headers = {**client.headers, "idempotency-key": "k", "content-type": "application/json", "cookie": _cookie(client)}
    left = [
        {"type": "http.request", "body": whole[:10], "more_body": True},
        {"type": "http.disconnect"},
    ]
    told: list[Any] = []

    async def receive() -> Any:
        return left.pop(0)

    async def send(message: Any) -> None:
        told.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": TASKS,
        "raw_path": TASKS.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await app(scope, receive, send)
    assert told[0]["status"] == 400
    again = await client.post(TASKS, content=whole, headers=headers)
    assert again.status_code == 201, again.text


def _cookie(client: httpx.AsyncClient) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


async def test_a_version_that_no_row_can_have_is_not_the_rows(client: httpx.AsyncClient, owner: Member) -> None:
    squad = (await client.post("/api/v1/squads", json={"name": "Press"})).json()
    for version in ("9" * 30, "-9"):
        answer = await client.patch(
            f"/api/v1/squads/{squad['id']}", json={"description": "x"}, headers={"if-match": f'"{version}"'}
        )
        assert (answer.status_code, answer.json()["version"]) == (409, 1)

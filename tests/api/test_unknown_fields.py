"""A body's field that is not known is refused by name, and the one that may be meant is told."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest


@pytest.mark.parametrize(
    ("method", "path", "body", "field", "told"),
    [
        ("POST", "/api/v1/tasks", {"title": "Write", "breif": "x"}, "breif", "Did you mean brief?"),
        ("POST", "/api/v1/tasks", {"title": "Write", "zzz": 1}, "zzz", "Known here: acceptance, "),
        (
            "POST",
            "/api/v1/tasks",
            {"title": "Write", "acceptance": [{"text": "Short", "mett": True}]},
            "acceptance[0].CriterionIn.mett",
            "Did you mean met?",
        ),
        ("PATCH", "/api/v1/members/mem_1", {"rôle": "admin"}, "rôle", "Did you mean role?"),
    ],
)
async def test_an_unknown_field_is_named_and_nothing_is_done(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any], field: str, told: str
) -> None:
    answer = await client.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    problems = {each["field"]: each["problem"] for each in answer.json()["fields"]}
    assert problems[field].startswith("There is no such field.")
    assert told in problems[field]
    assert f"{field}: {problems[field]}" in answer.json()["detail"]
    assert (await client.get("/api/v1/tasks")).json()["items"] == []


async def test_every_body_of_our_own_says_that_it_takes_nothing_else(client: httpx.AsyncClient) -> None:
    document = (await client.get("/api/openapi.json")).json()
    lax = set()
    for path, methods in document["paths"].items():
        if path.startswith("/api/v1/portkey/"):
            continue  # Portkey's clients may send what only Portkey knows
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                lax |= {name for name in _reached(content["schema"], document) if not _strict(name, document)}
    assert lax == set()


def _strict(name: str, document: dict[str, Any]) -> bool:
    schema = document["components"]["schemas"][name]
    return schema.get("type") != "object" or schema.get("additionalProperties") is False


def _reached(schema: Any, document: dict[str, Any], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The names of the schemas that this one is made of."""
    if isinstance(schema, list):
        for each in schema:
            yield from _reached(each, document, seen)
    elif isinstance(schema, dict):
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if name and name not in seen:
            yield name
            yield from _reached(document["components"]["schemas"][name], document, seen | {name})
        for each in schema.values():
            yield from _reached(each, document, seen)

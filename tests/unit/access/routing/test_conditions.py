"""Portkey's published cases of conditions, and where ours are exact that its are not."""

from typing import Any

import pytest

from quarterdeck.access.routing.conditions import ABSENT, compiled

CALL = {
    "metadata.user_plan": "paid",
    "metadata.user_type": "pro",
    "metadata.age": 30,
    "metadata.seats": "12",
    "metadata.beta": True,
    "metadata.empty": "",
    "params.model": "gpt-4o",
    "params.temperature": 0.7,
    "params.max_tokens": 100,
    "url.pathname": "/v1/chat/completions",
}


def holds(query: Any) -> bool:
    problems: list[tuple[str, str]] = []
    test = compiled(query, "query", lambda path, words: problems.append((path, words)))
    assert not problems, problems
    return test(lambda field: CALL.get(field, ABSENT))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # Portkey's own table (conditionalRouter): a value alone, each operator, the logical ones.
        ({"metadata.user_plan": "paid"}, True),
        ({"metadata.user_plan": "free"}, False),
        ({"metadata.user_plan": {"$eq": "paid"}}, True),
        ({"metadata.user_plan": {"$ne": "free"}}, True),
        ({"metadata.age": {"$gt": 29}}, True),
        ({"metadata.age": {"$gt": 30}}, False),
        ({"metadata.age": {"$gte": 30}}, True),
        ({"metadata.age": {"$lt": 31}}, True),
        ({"metadata.age": {"$lt": 30}}, False),
        ({"metadata.age": {"$lte": 30}}, True),
        ({"metadata.user_type": {"$in": ["pro", "enterprise"]}}, True),
        ({"metadata.user_type": {"$in": []}}, False),
        ({"metadata.user_type": {"$nin": ["basic"]}}, True),
        ({"metadata.user_type": {"$regex": "^pr"}}, True),
        ({"metadata.user_type": {"$regex": "^en"}}, False),
        ({"$and": [{"metadata.user_plan": "paid"}, {"metadata.age": {"$gte": 18}}]}, True),
        ({"$and": [{"metadata.user_plan": "paid"}, {"metadata.age": {"$lt": 18}}]}, False),
        ({"$or": [{"metadata.user_plan": "free"}, {"metadata.user_type": "pro"}]}, True),
        ({"$or": [{"metadata.user_plan": "free"}, {"metadata.user_type": "basic"}]}, False),
        ({"$and": [{"$or": [{"metadata.user_plan": "free"}, {"params.model": "gpt-4o"}]}]}, True),
        ({"metadata.user_plan": "paid", "params.model": "gpt-4o"}, True),
        ({"metadata.user_plan": "paid", "params.model": "gpt-5"}, False),
        ({"url.pathname": {"$eq": "/v1/chat/completions"}}, True),
        # Exact where Portkey is loose: every operator of a field counts, also beside $regex.
        ({"metadata.user_type": {"$regex": "^pr", "$ne": "pro"}}, False),
        ({"metadata.user_type": {"$ne": "pro", "$regex": "^pr"}}, False),
        ({"metadata.age": {"$gt": 20, "$lt": 25}}, False),
        # Metadata are texts, and a text that is a number compares as one.
        ({"metadata.seats": {"$gt": 9}}, True),
        ({"metadata.seats": {"$gt": "9"}}, True),
        ({"metadata.seats": {"$eq": 12}}, False),
        ({"metadata.user_plan": {"$gt": 5}}, False),
        # True is not 1, and what is absent equals nothing.
        ({"metadata.beta": 1}, False),
        ({"metadata.beta": True}, True),
        ({"metadata.nothing": None}, False),
        ({"metadata.nothing": {"$eq": "x"}}, False),
        ({"metadata.nothing": {"$ne": "x"}}, True),
        ({"metadata.nothing": {"$nin": ["x"]}}, True),
        ({"metadata.nothing": {"$gt": 0}}, False),
        ({"metadata.nothing": {"$regex": "."}}, False),
        ({"metadata.nothing": {"$exists": False}}, True),
        ({"metadata.empty": {"$exists": True}}, True),
        ({"$not": {"metadata.user_plan": "paid"}}, False),
        ({"metadata.age": {"$not": {"$gt": 40}}}, True),
        ({"$nor": [{"metadata.user_plan": "free"}, {"metadata.age": 31}]}, True),
    ],
)
def test_a_query_holds_as_it_should(query: Any, expected: bool) -> None:
    assert holds(query) is expected


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({}, "query"),
        ("x", "query"),
        ({"metadata.a": {"$bogus": 1}}, "query.metadata.a.$bogus"),
        ({"metadata.a": {}}, "query.metadata.a"),
        ({"metadata.a": {"$in": "x"}}, "query.metadata.a.$in"),
        ({"metadata.a": {"$gt": [1]}}, "query.metadata.a.$gt"),
        ({"metadata.a": {"$regex": "("}}, "query.metadata.a.$regex"),
        ({"metadata.a": {"$exists": 1}}, "query.metadata.a.$exists"),
        ({"$and": []}, "query.$and"),
        ({"$or": [{"nonsense.a": 1}]}, "query.$or[0].nonsense.a"),
        ({"metadata": 1}, "query.metadata"),
        ({"$xor": []}, "query.$xor"),
    ],
)
def test_a_broken_query_is_told_with_its_path(query: Any, path: str) -> None:
    problems: list[tuple[str, str]] = []
    compiled(query, "query", lambda where, words: problems.append((where, words)))
    assert [where for where, _ in problems] == [path]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)*x", r"(\w+\s?)*$", "a*a*a*a*b", r"(.+)\1+$"])
def test_a_pattern_that_could_take_forever_is_refused(pattern: str) -> None:
    problems: list[tuple[str, str]] = []
    compiled({"metadata.a": {"$regex": pattern}}, "query", lambda where, words: problems.append((where, words)))
    assert problems and "forever" in problems[0][1]

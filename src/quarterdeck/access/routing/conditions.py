"""Conditions of a conditional route: a query compiled to a test, and what it is asked of.

A query names fields (`metadata.plan`, `params.model`, `headers.x-team`, `url.pathname`, `agent.name`, …) and for each a
value or operators. All that is said must hold. A field that is absent equals nothing: only `$ne`, `$nin`,
`$not` and `$exists: false` hold for it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Values = Callable[[str], Any]
"""A field's value; ABSENT when there is none."""
Test = Callable[[Values], bool]
Note = Callable[[str, str], None]
"""Told (path, words) of each thing that is wrong with a query."""

ABSENT: Any = type("Absent", (), {"__repr__": lambda _: "absent", "__bool__": lambda _: False})()
MAX_SUBJECT = 256
"""Characters of a value that `$regex` looks at."""
MAX_PATTERN = 500
MAX_REPEATS = 3
ROOTS = ("metadata", "params", "headers", "url", "agent", "task", "budget", "attempt", "deadline_ms", "key", "model")
WHOLE = frozenset({"attempt", "deadline_ms", "model"})
"""Fields of one word."""


def compiled(query: Any, path: str, wrong: Note) -> Test:
    """The test a query makes. What is wrong with it is told to `wrong`; the test is not to be used then."""
    if not isinstance(query, dict) or not query:
        wrong(path, 'expected an object such as {"metadata.plan": {"$eq": "paid"}}')
        return _never
    tests = [_member(name, value, f"{path}.{name}", wrong) for name, value in query.items()]
    return tests[0] if len(tests) == 1 else _all(tests)


def fields_of(query: Any) -> set[str]:
    """Every field a query asks for."""
    found: set[str] = set()
    if isinstance(query, dict):
        for name, value in query.items():
            if name in ("$and", "$or", "$nor"):
                for each in value if isinstance(value, list) else ():
                    found |= fields_of(each)
            elif name == "$not":
                found |= fields_of(value)
            else:
                found.add(name)
    return found


def _member(name: str, value: Any, path: str, wrong: Note) -> Test:
    if name in ("$and", "$or", "$nor"):
        return _joined(name, value, path, wrong)
    if name == "$not":
        inner = compiled(value, path, wrong)
        return lambda values: not inner(values)
    if name.startswith("$"):
        wrong(path, "is no operator here; at this place stand fields, $and, $or, $nor and $not")
        return _never
    check_field(name, path, wrong)
    if isinstance(value, dict):
        return _operators(name, value, path, wrong)
    return lambda values: _equal(values(name), value)


def _joined(name: str, value: Any, path: str, wrong: Note) -> Test:
    if not isinstance(value, list) or not value:
        wrong(path, "expected a list of queries")
        return _never
    inner = [compiled(each, f"{path}[{index}]", wrong) for index, each in enumerate(value)]
    if name == "$and":
        return _all(inner)
    if name == "$or":
        return lambda values: any(test(values) for test in inner)
    return lambda values: not any(test(values) for test in inner)


def check_field(name: str, path: str, wrong: Note) -> None:
    """Tell `wrong` when no call can have such a field."""
    root, _, rest = name.partition(".")
    if root not in ROOTS or (not rest and root not in WHOLE):
        known = ", ".join(each if each in WHOLE else f"{each}.*" for each in ROOTS)
        wrong(path, f"is no field of a call; there are {known}")


def _operators(name: str, operators: dict[str, Any], path: str, wrong: Note) -> Test:
    tests: list[Test] = []
    for operator, operand in operators.items():
        make = _OPERATORS.get(operator)
        if make is None:
            wrong(f"{path}.{operator}", f"is no operator; there are {', '.join(_OPERATORS)}")
            continue
        test = make(operand, f"{path}.{operator}", wrong)
        tests.append(lambda values, test=test: test(values(name)))  # type: ignore[misc]
    if not operators:
        wrong(path, 'expected operators such as {"$eq": "paid"}')
    return _all(tests)


_OfValue = Callable[[Any], bool]


def _eq(operand: Any, path: str, wrong: Note) -> _OfValue:
    return lambda value: _equal(value, operand)


def _ne(operand: Any, path: str, wrong: Note) -> _OfValue:
    return lambda value: not _equal(value, operand)


def _ordered(holds: Callable[[int], bool]) -> Callable[[Any, str, Note], _OfValue]:
    def make(operand: Any, path: str, wrong: Note) -> _OfValue:
        if isinstance(operand, bool) or not isinstance(operand, int | float | str):
            wrong(path, "expected a number or a text to compare with")

        def test(value: Any) -> bool:
            order = _order(value, operand)
            return order is not None and holds(order)

        return test

    return make


def _in(operand: Any, path: str, wrong: Note) -> _OfValue:
    if not isinstance(operand, list):
        wrong(path, "expected a list of values")
        return lambda value: False
    return lambda value: any(_equal(value, each) for each in operand)


def _nin(operand: Any, path: str, wrong: Note) -> _OfValue:
    inside = _in(operand, path, wrong)
    return lambda value: not inside(value)


def _regex(operand: Any, path: str, wrong: Note) -> _OfValue:
    if not isinstance(operand, str) or len(operand) > MAX_PATTERN:
        wrong(path, f"expected a regular expression of at most {MAX_PATTERN} characters")
        return lambda value: False
    try:
        pattern = re.compile(operand)
        slow = _may_be_slow(operand)
    except (re.error, RecursionError, OverflowError) as error:
        wrong(path, f"is no regular expression: {error}")
        return lambda value: False
    if slow:
        wrong(path, f"could take forever on some texts: repeat nothing that repeats, and at most {MAX_REPEATS} times")

    def test(value: Any) -> bool:
        if value is ABSENT or isinstance(value, list | dict) or value is None:
            return False
        return pattern.search(_text(value)[:MAX_SUBJECT]) is not None

    return test


def _exists(operand: Any, path: str, wrong: Note) -> _OfValue:
    if not isinstance(operand, bool):
        wrong(path, "expected true or false")
    return lambda value: (value is not ABSENT) == operand


def _not(operand: Any, path: str, wrong: Note) -> _OfValue:
    if not isinstance(operand, dict):
        wrong(path, "expected operators")
        return lambda value: False
    inner = _operators("", operand, path, wrong)
    return lambda value: not inner(lambda _: value)


_OPERATORS: Mapping[str, Callable[[Any, str, Note], _OfValue]] = {
    "$eq": _eq,
    "$ne": _ne,
    "$gt": _ordered(lambda order: order > 0),
    "$gte": _ordered(lambda order: order >= 0),
    "$lt": _ordered(lambda order: order < 0),
    "$lte": _ordered(lambda order: order <= 0),
    "$in": _in,
    "$nin": _nin,
    "$regex": _regex,
    "$exists": _exists,
    "$not": _not,
}


def _equal(value: Any, operand: Any) -> bool:
    """As JSON has it: true is not 1, and a list that holds the operand is not it."""
    if value is ABSENT:
        return False
    if isinstance(value, bool) or isinstance(operand, bool):
        return value is operand
    return bool(value == operand)


def _order(value: Any, operand: Any) -> int | None:
    """-1, 0 or 1; None where the two do not compare. Metadata are texts, so a text that is a number counts as one."""
    one, other = _number(value), _number(operand)
    if one is not None and other is not None:
        return (one > other) - (one < other)
    if isinstance(value, str) and isinstance(operand, str):
        return (value > operand) - (value < operand)
    return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if number == number else None  # noqa: PLR0124 - NaN compares with nothing


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _all(tests: list[Test]) -> Test:
    return lambda values: all(test(values) for test in tests)


def _never(_values: Values) -> bool:
    return False


def _may_be_slow(pattern: str) -> bool:
    """Whether matching could take longer than a small power of the text's length."""
    parser: Any = re._parser  # type: ignore[attr-defined]
    return _repeats(parser.parse(pattern), inside=False) > MAX_REPEATS


def _repeats(parsed: Any, *, inside: bool) -> int:
    """How many unbounded repeats there are; many where one stands inside another, or a choice inside one."""
    count = 0
    for operator, argument in parsed:
        name = str(operator)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, body = argument
            long = int(high) - int(low) > 16
            if long and inside:
                return MAX_REPEATS + 1
            count += long + _repeats(body, inside=inside or long)
        elif name == "SUBPATTERN":
            count += _repeats(argument[3], inside=inside)
        elif name == "BRANCH":
            if inside:
                return MAX_REPEATS + 1
            count += sum(_repeats(each, inside=inside) for each in argument[1])
        elif name in ("ASSERT", "ASSERT_NOT"):
            count += _repeats(argument[1], inside=inside)
        elif name == "ATOMIC_GROUP":
            count += _repeats(argument, inside=inside)
        elif name == "GROUPREF" and inside:
            return MAX_REPEATS + 1
        elif name == "GROUPREF_EXISTS":
            count += sum(_repeats(each, inside=inside) for each in argument[1:] if each is not None)
    return count

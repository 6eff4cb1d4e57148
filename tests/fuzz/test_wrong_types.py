"""Each member of each sample, one at a time, replaced by something of another type: no parser may break."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fuzz.dialects.test_fuzz_dialects import ALL, ANSWERS, EVENTS, REQUESTS, paths, stream_bytes
from fuzz.parsers import PARSERS

ODD: tuple[Any, ...] = (None, True, -1, 1.5, "", "x", [], {}, [{}], [[]], {"type": {}}, 10**30)


def mistyped(value: Any) -> Iterator[Any]:
    yield from ODD
    for *way, last in paths(value):
        for odd in ODD:
            out = json.loads(json.dumps(value))
            inner = out
            for name in way:
                inner = inner[name]
            inner[last] = odd
            yield out


@pytest.mark.parametrize("dialect", ALL)
def test_a_request_with_a_member_of_another_type_breaks_no_parser(dialect: str) -> None:
    for body in mistyped(REQUESTS[dialect]):
        PARSERS[f"request_{dialect}"](json.dumps(body).encode())


@pytest.mark.parametrize("dialect", ALL)
def test_an_answer_with_a_member_of_another_type_breaks_no_parser(dialect: str) -> None:
    for body in mistyped(ANSWERS[dialect]):
        PARSERS[f"answer_{dialect}"](json.dumps(body).encode())


@pytest.mark.parametrize("dialect", ALL)
def test_an_event_with_a_member_of_another_type_breaks_no_parser(dialect: str) -> None:
    whole_pieces = bytes((60,))
    events = EVENTS[dialect]
    for place, event in enumerate(events):
        for hurt in mistyped(event[1] if dialect == "bedrock" else event):
            told = (event[0], hurt) if dialect == "bedrock" else hurt
            for sent in ([told], [*events[:place], told, *events[place + 1 :]]):
                PARSERS[f"stream_{dialect}"](whole_pieces + stream_bytes(dialect, sent))

"""Log lines that a machine can read."""

import json
import logging
from typing import Any

import pytest

from quarterdeck.kernel.logs import JsonLines


def line(message: object, *values: object, **more: Any) -> dict[str, Any]:
    record = logging.LogRecord("quarterdeck.x", logging.WARNING, __file__, 1, message, values, more.get("exc_info"))
    found = json.loads(JsonLines("gateway").format(record))
    assert found.pop("at").startswith("20")
    assert isinstance(found, dict)
    return found


def test_an_event_has_its_name_and_its_values() -> None:
    found = line("call_retried attempt=%d call=%s", 2, "call_1")
    plain = {"level": "warning", "role": "gateway", "logger": "quarterdeck.x"}
    assert found == {**plain, "event": "call_retried", "attempt": 2, "call": "call_1"}


@pytest.mark.parametrize(
    ("message", "values"), [("Started server process [%d]", (7,)), ("100% sure", ()), ("Odd a=%d and %s", (1, "b"))]
)
def test_what_is_written_another_way_is_a_message(message: str, values: tuple[object, ...]) -> None:
    assert line(message, *values)["message"] == (message % values if values else message)


def test_an_exception_brings_its_traceback() -> None:
    try:
        raise ValueError("broken")
    except ValueError as error:
        found = line("call_failed call=%s", "call_1", exc_info=(type(error), error, error.__traceback__))
    assert found["event"] == "call_failed"
    assert found["exception"].endswith("ValueError: broken")

"""Running recorded logs through the rules in virtual time, as if each had been a run. Pure: no store, no clock.

A log is a list of chat messages; each message of the assistant is a call, asked with all that stands before it.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from quarterdeck.control.signals.loops import Loop, Step, Trail
from quarterdeck.kernel.clock import SECOND
from quarterdeck.ledger import bodies
from quarterdeck.ledger.record import CallRecord
from quarterdeck.ledger.turns.model import Turn, turn_of

Message = dict[str, Any]
CALL_LASTS = 2 * SECOND
BETWEEN_CALLS = 3 * SECOND


def steps_of(log: Sequence[Message], *, cost: int = 1_000_000, start: int = 0) -> Iterator[Step]:
    """The calls of a log as the rules see them."""
    now = start
    for at, message in enumerate(log):
        if message["role"] == "assistant":
            turn = turn_of_messages(log[:at], message)
            yield Step(f"call_{at}", now, now + CALL_LASTS, cost, turn)
            now += CALL_LASTS + BETWEEN_CALLS


def turn_of_messages(asked: Sequence[Message], answer: Message) -> Turn:
    """What the ingester would keep of such a call."""
    body = json.dumps({"model": "gpt-4o", "messages": list(asked)}).encode()
    answered = json.dumps({"choices": [{"index": 0, "message": answer}]}).encode()
    pieces = bodies.cut(body)
    turn = turn_of(_record(body, answered), pieces.messages if pieces is not None else [])
    assert turn is not None
    return turn


def first_loop(log: Sequence[Message]) -> tuple[int, Loop] | None:
    """At which call of the log, counted from 1, a loop is seen first."""
    trail = Trail()
    for number, step in enumerate(steps_of(log), 1):
        loop = trail.add(step)
        if loop is not None:
            return number, loop
    return None


def _record(body: bytes, answer: bytes) -> CallRecord:
    return CallRecord(
        id="call_",
        workspace_id="ws_",
        agent_id=None,
        key_id=None,
        run_id=None,
        task_id=None,
        attribution="unclaimed",
        session=None,
        trace_id=None,
        dialect="openai_chat",
        endpoint="/v1/chat/completions",
        model_asked="gpt-4o",
        provider=None,
        provider_kind=None,
        model="gpt-4o",
        model_answered=None,
        stream=False,
        status=200,
        outcome="ok",
        error_code=None,
        error_message=None,
        attempts=[],
        started=0,
        first_byte=None,
        ended=0,
        overhead=0,
        usage=None,
        usage_source="none",
        cost=None,
        price=None,
        tags=[],
        client=None,
        request_headers=[],
        response_headers=[],
        body_mode="full",
        request_body=body,
        response_body=answer,
        response_type="application/json",
        chunk_times=b"",
        request_size=len(body),
        response_size=len(answer),
    )

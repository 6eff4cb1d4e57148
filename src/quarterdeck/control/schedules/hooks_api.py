"""/hooks/{id}: by which others fire a schedule."""

import json
import math
from typing import Any, NoReturn

from fastapi import APIRouter, Request

from quarterdeck.control.http import Anyone, Db, Sealing
from quarterdeck.control.schedules import actions, signing, store
from quarterdeck.control.schedules.bodies import HookOut
from quarterdeck.control.schedules.model import Trigger
from quarterdeck.kernel.errors import Invalid, TooLarge

router = APIRouter(tags=["schedules"])
MAX_PAYLOAD = 256 * 1024
MAX_DEPTH = 30
"""Of a payload."""


@router.post("/hooks/{schedule_id}", status_code=202, operation_id="fire_by_webhook")
async def fire_by_webhook(schedule_id: str, _: Anyone, db: Db, vault: Sealing, request: Request) -> HookOut:
    """Fire a schedule from outside. The body is signed; as JSON its members are `{{payload.…}}` in the task's text."""
    body = await request.body()
    if len(body) > MAX_PAYLOAD:
        raise TooLarge(f"The body of a webhook may have {MAX_PAYLOAD} bytes.")
    async with db.transaction() as tx:
        schedule = await store.anywhere(tx, schedule_id)
        if schedule is None or schedule.sealed_secret is None or schedule.trigger is not Trigger.WEBHOOK:
            raise signing.refused()
        secret = vault.unseal(schedule.sealed_secret, signing.bound_to(schedule.id)).decode()
        delivery = signing.verify(secret, request.headers, body, tx.now)
        fired = await actions.deliver(tx, schedule.workspace_id, schedule.id, delivery, _payload(body))
    return HookOut(outcome=fired.outcome, task_id=fired.task_id, note=fired.note)


def _payload(body: bytes) -> dict[str, Any]:
    """A JSON object as it is, another JSON value as `items`, anything else as `text`. Raises Invalid when not UTF-8."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Invalid("The body must be UTF-8.", field="body") from None
    try:
        found = json.loads(text, parse_constant=_no_number, parse_float=_number)
    except (ValueError, RecursionError):
        return {"text": text}
    if _is_deep(found):
        return {"text": text}
    return found if isinstance(found, dict) else {"items": found}


def _is_deep(found: Any) -> bool:
    """Whether it nests deeper than anything that a text would name, and than others can follow."""
    level = [found]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return bool(level)


def _number(digits: str) -> float:
    found = float(digits)
    return found if math.isfinite(found) else _no_number(digits)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")

"""An approval of one action, bound to exactly what was shown when it was decided."""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from quarterdeck.kernel.errors import Invalid

ACTION_LENGTH = 200
SUMMARY_LENGTH = 10_000
COMMENT_LENGTH = 4_000
PAYLOAD_BYTES = 256 * 1024
DEFAULT_EXPIRY_S = 24 * 3_600
MAX_EXPIRY_S = 30 * 24 * 3_600


class ApprovalState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"
    """It was approved and the agent has done it: it cannot be used again."""
    EXPIRED = "expired"
    """Nobody decided in time, or it was not used in time, or its run ended."""


@dataclass(frozen=True, slots=True)
class Approval:
    id: str
    workspace_id: str
    task_id: str
    run_id: str
    agent_id: str
    action: str
    """What the agent wants to do, in a few words: `send the mail to all customers`."""
    summary: str
    payload: str
    """All of what it would do, as canonical JSON: what is decided on."""
    payload_sha256: str
    state: ApprovalState
    expires_at: int
    decided_by: str | None
    decided_at: int | None
    comment: str | None
    used_at: int | None
    created_at: int


@dataclass(frozen=True, slots=True)
class NewApproval:
    action: str
    payload: Any
    summary: str = ""
    expires_s: int = DEFAULT_EXPIRY_S


def canonical(payload: Any) -> str:
    """One text per JSON value: members sorted, no spaces. Raises Invalid when it is too large or no JSON."""
    try:
        text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except (ValueError, RecursionError, UnicodeEncodeError):
        raise Invalid("payload must be JSON, of well-formed Unicode.", field="payload") from None
    if size > PAYLOAD_BYTES or "\\u0000" in text:
        raise Invalid(f"payload may have {PAYLOAD_BYTES} bytes as JSON and no NUL.", field="payload")
    return text


def digest(canonical_text: str) -> str:
    return hashlib.sha256(canonical_text.encode()).hexdigest()

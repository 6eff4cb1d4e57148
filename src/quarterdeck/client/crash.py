"""Why a worker failed, from the exception that ended it: one of the server's failure reasons."""

import asyncio

AGENT_CRASHED = "agent_crashed"
TIMEOUT = "timeout"
PROVIDER_OUTAGE = "provider_outage"
CONTEXT_OVERFLOW = "context_overflow"
RATE_LIMITED = "rate_limited"
GUARDRAIL = "guardrail"
BUDGET = "budget"

_TOO_LONG = ("context_length_exceeded", "context length", "prompt is too long", "maximum context", "context window")
_BUDGET_CODES = frozenset({"budget_exceeded", "run_budget_exceeded"})
_BY_STATUS = {429: RATE_LIMITED, 446: GUARDRAIL}
_OUTAGE_STATUS = frozenset({500, 502, 503, 504, 529})


def reason_of(error: BaseException) -> str:
    """`timeout`, `provider_outage`, `rate_limited`, `context_overflow`, `budget`, `guardrail` or `agent_crashed`.

    The errors of model SDKs are known by what they say of themselves (status, code, name), so none is imported.
    """
    name = type(error).__name__
    status = getattr(error, "status_code", None)
    text = str(error).lower()
    if _code_of(error) in _BUDGET_CODES or any(code in text for code in _BUDGET_CODES):
        return BUDGET
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)) or "Timeout" in name:
        return TIMEOUT
    if status in (400, 413) and any(words in text for words in _TOO_LONG):
        return CONTEXT_OVERFLOW
    if status in _OUTAGE_STATUS or name in ("APIConnectionError", "OverloadedError"):
        return PROVIDER_OUTAGE
    return _BY_STATUS.get(status, AGENT_CRASHED) if isinstance(status, int) else AGENT_CRASHED


def summary_of(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:2_000]


def _code_of(error: BaseException) -> str | None:
    response = getattr(error, "response", None)
    header: str | None = getattr(response, "headers", {}).get("x-quarterdeck-code") if response is not None else None
    code = getattr(error, "code", None)
    return header or (code if isinstance(code, str) else None)

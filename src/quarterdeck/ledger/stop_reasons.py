"""Why a model stopped, in the provider's own word, read from the end of its answer."""

import re

from quarterdeck.ledger.record import CallRecord

_TAIL = 4 << 10
"""Bytes of an answer in which it stands, where it is told at all."""
_TOLD = re.compile(rb'"(?:finish_reason|stop_reason|finishReason|stopReason)"\s*:\s*"([\w.-]{1,60})"')
_CUT_SHORT = re.compile(rb'"incomplete_details"\s*:\s*\{\s*"reason"\s*:\s*"([\w.-]{1,60})"')


def stop_reason(record: CallRecord) -> str | None:
    """Such as stop, end_turn or max_tokens; None where the answer does not say, or was not kept.

    Words of a model or a tool cannot pass for it: within a JSON text their quotes are escaped.
    """
    if not record.response_body:
        return None
    if record.dialect == "openai_responses":
        found = _CUT_SHORT.search(record.response_body)
        return None if found is None else found[1].decode()
    told = _TOLD.findall(record.response_body[-_TAIL:])
    return told[-1].decode() if told else None

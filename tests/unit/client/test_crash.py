"""Why a worker failed, from the exception that ended it"""

import httpx
import openai
import pytest

from quarterdeck.client.crash import reason_of
from quarterdeck.control.runs.retry import FailureReason


def _refused(kind: type[openai.APIStatusError], status: int, message: str, code: str | None = None) -> Exception:
    headers = {} if code is None else {"x-quarterdeck-code": code}
    response = httpx.Response(status, headers=headers, request=httpx.Request("POST", "http://deck/v1/chat/completions"))
    return kind(message, response=response, body=None)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), "timeout"),
        (openai.APITimeoutError(request=httpx.Request("POST", "http://deck")), "timeout"),
        (_refused(openai.InternalServerError, 503, "no provider"), "provider_outage"),
        (openai.APIConnectionError(request=httpx.Request("POST", "http://deck")), "provider_outage"),
        (_refused(openai.RateLimitError, 429, "slow down"), "rate_limited"),
        (_refused(openai.BadRequestError, 400, "This model's maximum context length is 128000"), "context_overflow"),
        (_refused(openai.APIStatusError, 402, "spent", "budget_exceeded"), "budget"),
        (_refused(openai.BadRequestError, 400, "this run may go no further", "run_budget_exceeded"), "budget"),
        (_refused(openai.APIStatusError, 446, "denied"), "guardrail"),
        (_refused(openai.BadRequestError, 400, "no such parameter"), "agent_crashed"),
        (KeyError("x"), "agent_crashed"),
    ],
)
def test_each_error_has_the_reason_that_the_servers_rules_know(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason
    assert FailureReason.of(reason).value == reason

"""What a caller is told when a limit or a budget stops it, in words its program handles well.

A stop of one run or task is a neutral 400, which ends that run and nothing else. A budget of the agent or above is 402
(412 to Portkey's clients, which expect that). Too fast is 429 with when to come again and what is left.
"""

from collections.abc import Iterable

from quarterdeck.access.budgets.model import BudgetEntry
from quarterdeck.access.limits.model import LimitEntry, Measure
from quarterdeck.gateway.errors import Headers, Refusal

_SECOND = 1_000_000


def is_portkey(headers: Iterable[bytes]) -> bool:
    return any(name.startswith(b"x-portkey-") for name in headers)


def over_budget(entry: BudgetEntry, headers: Iterable[bytes]) -> Refusal:
    """The call would pass a cap, or a stream has reached it."""
    if entry.of_a_run:
        return Refusal(
            400,
            "run_budget_exceeded",
            "This run has used all that was set aside for it. Stop here and hand in what there is; "
            "a person can allow more.",
        )
    window = "in all" if entry.window == "total" else f"this {entry.window}"
    return Refusal(
        412 if is_portkey(headers) else 402,
        "budget_exceeded",
        f"The budget of {entry.shown or entry.scope} {window} is used up, or what is left does not cover this call. "
        "A person can raise it.",
    )


def unpriced(model: str) -> Refusal:
    return Refusal(
        400,
        "model_unpriced",
        f"{model} has no known price, so this call cannot be allowed here. "
        "Use a model with a price, or ask a person to set one for it.",
    )


def not_exact_yet() -> Refusal:
    return Refusal(
        503,
        "starting",
        "What has been used so far is being read back. Try again in a second.",
        headers=[(b"retry-after", b"1")],
    )


def cannot_ask() -> Refusal:
    """More than this gateway has claimed, and nobody to ask for more."""
    return Refusal(
        503,
        "limits_unreachable",
        "What is shared with other gateways cannot be asked for just now. Try again in a second.",
        headers=[(b"retry-after", b"1")],
    )


def rate_limited(entry: LimitEntry, wait_us: int, remaining: int) -> Refusal:
    """`wait_us` is when the same call could pass, nobody else coming first."""
    seconds = max(1, -(-wait_us // _SECOND))
    what = {
        Measure.REQUESTS: "requests",
        Measure.TOKENS: "tokens",
        Measure.CONCURRENT: "calls at once",
    }[Measure(entry.measure)]
    per = f" per {entry.period}" if entry.period is not None else ""
    return Refusal(
        429,
        "rate_limited",
        f"{entry.shown or entry.scope} may have {entry.amount} {what}{per}. Try again in {seconds} s.",
        headers=[(b"retry-after", b"%d" % seconds), *counts(entry, remaining, wait_us)],
    )


def provider_busy(provider: str, wait_us: int) -> Refusal:
    """The provider itself said how much it takes, and that is used up."""
    seconds = max(1, -(-wait_us // _SECOND))
    return Refusal(
        429,
        "rate_limited",
        f"The provider {provider} takes no more for now. Try again in {seconds} s.",
        headers=[(b"retry-after", b"%d" % seconds), (b"x-ratelimit-remaining-requests", b"0")],
    )


def counts(entry: LimitEntry, remaining: int, reset_us: int) -> Headers:
    """A limit in the headers that SDKs read."""
    kind = b"tokens" if entry.measure == Measure.TOKENS else b"requests"
    return [
        (b"x-ratelimit-limit-" + kind, b"%d" % entry.amount),
        (b"x-ratelimit-remaining-" + kind, b"%d" % remaining),
        (b"x-ratelimit-reset-" + kind, b"%dms" % (-(-reset_us // 1_000))),
    ]

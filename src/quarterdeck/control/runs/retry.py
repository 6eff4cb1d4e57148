"""Why attempts come to nothing, and what follows from each reason. Decided in pure code, from one table."""

from dataclasses import dataclass
from enum import StrEnum

from quarterdeck.kernel.clock import SECOND


class FailureReason(StrEnum):
    """Why an attempt failed. What a worker says in other words counts as `other`."""

    AGENT_CRASHED = "agent_crashed"
    LEASE_EXPIRED = "lease_expired"
    TIMEOUT = "timeout"
    PROVIDER_OUTAGE = "provider_outage"
    RATE_LIMITED = "rate_limited"
    CONTEXT_OVERFLOW = "context_overflow"
    BUDGET = "budget"
    NO_PROGRESS = "no_progress"
    LOOP = "loop"
    GUARDRAIL = "guardrail"
    OTHER = "other"

    @classmethod
    def of(cls, words: str | None) -> "FailureReason":
        """The reason that a worker's own words name."""
        return cls(words) if words in _NAMES else cls.OTHER


_NAMES = frozenset(reason.value for reason in FailureReason)

_WORDS: dict[str, str] = {
    FailureReason.AGENT_CRASHED: "the agent crashed",
    FailureReason.LEASE_EXPIRED: "its lease ran out",
    FailureReason.TIMEOUT: "it took too long",
    FailureReason.PROVIDER_OUTAGE: "the provider was out",
    FailureReason.RATE_LIMITED: "the provider asked to wait",
    FailureReason.CONTEXT_OVERFLOW: "more text than the model takes",
    FailureReason.BUDGET: "the budget was used up",
    FailureReason.NO_PROGRESS: "it got no further",
    FailureReason.LOOP: "it looped",
    FailureReason.GUARDRAIL: "a guardrail stopped it",
    FailureReason.OTHER: "another reason",
}


def in_words(reason: str) -> str:
    """A reason in plain words, as the dashboard says it; a worker's own words as they are."""
    return _WORDS.get(reason, reason)


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows from one reason.

    The wait before the next attempt doubles from `wait_s` to `longest_wait_s` while the same reason comes again; with
    `in_a_row` failures of that reason a person decides. Where `counts` is false the reason is nobody's fault and leaves
    the task's own limit of attempts alone. `elsewhere`: the next attempt is for another agent.
    """

    wait_s: int
    longest_wait_s: int
    in_a_row: int
    counts: bool = True
    elsewhere: bool = False


RULES: dict[FailureReason, Rule] = {
    FailureReason.AGENT_CRASHED: Rule(wait_s=5, longest_wait_s=300, in_a_row=5),
    # Nobody is there to be spared: free within the lease means free at once.
    FailureReason.LEASE_EXPIRED: Rule(wait_s=0, longest_wait_s=0, in_a_row=5),
    FailureReason.TIMEOUT: Rule(wait_s=30, longest_wait_s=900, in_a_row=3),
    FailureReason.PROVIDER_OUTAGE: Rule(wait_s=30, longest_wait_s=900, in_a_row=20, counts=False),
    FailureReason.RATE_LIMITED: Rule(wait_s=60, longest_wait_s=900, in_a_row=20, counts=False),
    # The same agent would fill the same window again.
    FailureReason.CONTEXT_OVERFLOW: Rule(wait_s=0, longest_wait_s=0, in_a_row=2, elsewhere=True),
    # No attempt brings the money back; a person raises the budget or lets it be.
    FailureReason.BUDGET: Rule(wait_s=0, longest_wait_s=0, in_a_row=1),
    FailureReason.NO_PROGRESS: Rule(wait_s=0, longest_wait_s=0, in_a_row=2, elsewhere=True),
    FailureReason.LOOP: Rule(wait_s=60, longest_wait_s=60, in_a_row=2, elsewhere=True),
    FailureReason.GUARDRAIL: Rule(wait_s=0, longest_wait_s=0, in_a_row=1),
    FailureReason.OTHER: Rule(wait_s=0, longest_wait_s=0, in_a_row=100),
}


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of the task: another attempt from the instant `not_before` on (0: at once), or a person decides."""

    again: bool
    failures: int
    same_failures: int
    not_before: int
    elsewhere: bool


def decide(
    reason: FailureReason,
    *,
    failures: int,
    same_failures: int,
    attempt_limit: int,
    others: bool,
    now: int,
) -> Next:
    """What follows from an attempt that failed so.

    `failures` are those that counted before this one, `same_failures` those of this very reason in a row; both since a
    person last moved the task. `others` says whether another agent could have it.
    """
    rule = RULES[reason]
    failures += rule.counts
    same_failures += 1
    spent = (rule.counts and failures >= attempt_limit) or same_failures >= rule.in_a_row
    if spent or (rule.elsewhere and not others):
        return Next(False, failures, same_failures, 0, False)
    wait_s = min(rule.longest_wait_s, rule.wait_s * 2 ** min(same_failures - 1, 30))
    return Next(True, failures, same_failures, now + wait_s * SECOND if wait_s else 0, rule.elsewhere)

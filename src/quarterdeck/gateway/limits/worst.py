"""What a call may cost at the most, told from its size alone: no tokeniser runs here.

Input: one token for every three bytes of the body, plus what calls to this model have lately needed beyond that (texts
in dense scripts, pictures by address, what a provider adds of its own), never more than the model's context window.
Output: the maximum the caller named; without one, an assumed number, or the most this model lately wrote.
"""

from functools import cache

from quarterdeck.access.budgets.model import BudgetEntry, Ceiling
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.endpoints import Billing
from quarterdeck.gateway.targets import Target
from quarterdeck.kernel.money import FEMTO_PER_NANO, femto_to_nano
from quarterdeck.ledger.quotes import Quote

BYTES_PER_TOKEN = 3
OVERHEAD_TOKENS = 16
MOST_OUTPUT = 1 << 40
"""Of a model whose output is free."""
_FORGETS = 0.99
_ROUNDED_UP = OVERHEAD_TOKENS * BYTES_PER_TOKEN + BYTES_PER_TOKEN - 1
KEPT = 4_096
_WRITES, _TIER = b"cache_control", b'"service_tier"'
_NO_OUTPUT = ("embed", "rerank")


class Seen:
    """What calls to one model needed beyond the rule, fading with every call."""

    __slots__ = ("beyond", "output")

    def __init__(self) -> None:
        self.beyond = 0.0
        self.output = 0.0

    def note(self, draft: Draft) -> None:
        """A call has ended; where its provider said what it used, that is learned from."""
        usage, facts = draft.usage, draft.facts
        if usage is None or draft.usage_source != "provider":
            return
        size = draft.uploaded or len(draft.request_body)
        if usage.input_total * BYTES_PER_TOKEN > size or self.beyond:
            self.beyond = max(self.beyond * _FORGETS, usage.input_total - size / BYTES_PER_TOKEN)
        if facts is None or facts.max_output is None:
            wrote = usage.output_total
            self.output = wrote if wrote >= self.output else max(self.output * _FORGETS, wrote)


class Estimator:
    """Remembers what models needed. One per gateway process."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], Seen] = {}

    def of(self, target: Target | None) -> Seen:
        """None: nothing is known of it."""
        if target is None:
            return Seen()
        key = (target.provider.name, target.model)
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= KEPT:
                self._seen.clear()
            seen = self._seen[key] = Seen()
        return seen


def tokens(draft: Draft, seen: Seen, assumed: int, context_window: int | None) -> tuple[int, int]:
    """Of input and of output. `assumed` is the output of a call that names no maximum."""
    facts = draft.facts
    read = ((draft.uploaded or len(draft.request_body)) + _ROUNDED_UP) // BYTES_PER_TOKEN
    if seen.beyond:
        read += int(seen.beyond)
    wrote = assumed if assumed > seen.output else int(seen.output)
    if context_window is not None and read + wrote > context_window:
        read, wrote = min(read, context_window), min(wrote, context_window)
    if facts is not None and facts.max_output is not None:
        wrote = max(0, facts.max_output)
    return read, 0 if _writes_nothing(draft.endpoint.dialect) else wrote


@cache
def _writes_nothing(dialect: str) -> bool:
    return any(part in dialect for part in _NO_OUTPUT)


def cost(draft: Draft, quote: Quote, input_tokens: int, output_tokens: int) -> int:
    """Nano-dollars for the call by the model's price: as `Price` says it, in one step where the price is even."""
    rate, facts = quote.even, draft.facts
    if (
        rate is None
        or (quote.has_tiers and (facts is None or facts.names_tier))
        or (quote.writes_cost_more and _WRITES in draft.request_body)
    ):
        return Price(quote, None, draft.request_body, input_tokens).of(output_tokens)
    worst = rate.input_total * input_tokens + rate.per_request + rate.most_output * output_tokens
    return -(-worst // rate.per_nano)


class Price:
    """What one call's tokens cost at the most: by the model's price, or by a ceiling that was set for lack of one."""

    __slots__ = ("_fixed", "_scale", "_slope")

    def __init__(self, quote: Quote | None, ceiling: Ceiling | None, body: bytes, input_tokens: int) -> None:
        if quote is not None:
            # A long body takes a tenth of a millisecond to look through: only where the price depends on it.
            self._fixed, self._slope, self._scale = quote.worst(
                input_tokens,
                writes_cache=quote.writes_cost_more and _WRITES in body,
                any_tier=quote.has_tiers and _TIER in body,
            )
        else:
            assert ceiling is not None
            self._fixed = ceiling.input * input_tokens + ceiling.request
            self._slope, self._scale = ceiling.output, FEMTO_PER_NANO

    def of(self, output_tokens: int) -> int:
        """Nano-dollars for the whole call when it writes so much, rounded up."""
        return -(-(self._fixed + self._slope * output_tokens) // self._scale)

    def affordable(self, nano: int) -> int:
        """How many tokens of output so much pays for, beside the input; less than 0 when not even that."""
        left = nano * self._scale - self._fixed
        return left // self._slope if self._slope else (MOST_OUTPUT if left >= 0 else -1)


def ceiling_cost(ceiling: Ceiling, input_tokens: int, output_tokens: int) -> int:
    """Nano-dollars."""
    return femto_to_nano(ceiling.input * input_tokens + ceiling.output * output_tokens + ceiling.request)


def charged(draft: Draft, entries: list[BudgetEntry]) -> int:
    """What a call that has no price counts as: the dearest ceiling of the budgets it falls under."""
    ceilings = [entry.ceiling for entry in entries if entry.ceiling is not None]
    if not ceilings or draft.sent_at is None:
        return 0
    usage = draft.usage
    if usage is None:
        billed = draft.endpoint.billing is Billing.UNKNOWN and draft.status < 400
        return max(femto_to_nano(each.request) for each in ceilings) if billed else 0
    return max(ceiling_cost(each, usage.input_total, usage.output_total) for each in ceilings)

"""What calls add to the buckets, against the plainest way to add them up."""

from collections import Counter
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.kernel.clock import DAY, HOUR, MINUTE, SECOND
from quarterdeck.ledger.derived_tables import ROLLUP_SUMS
from quarterdeck.ledger.record import Attempt, CallRecord, Usage
from quarterdeck.ledger.rollups import DIMS, Grain, add_up

NOON = 1_800_014_400 * SECOND
CACHE: list[dict[str, Any]] = [
    {},
    {"cache": {"status": "miss"}},
    {"cache": {"status": "hit", "of": "call_1", "saved": 700}},
    {"cache": {"status": "semantic-hit", "of": "call_1", "saved": None}},
]
counts = st.integers(0, 1_000_000)
costs = st.none() | counts
provider_names = st.sampled_from(["a", "b", "z"])
names = st.sampled_from([None, "a", "b", "c"])


@st.composite
def attempts(draw: st.DrawFn) -> Attempt:
    usage = draw(st.none() | st.builds(Usage, input_total=counts, output_total=counts))
    return Attempt(draw(provider_names), draw(provider_names), 500, "x", 0, None, 1, usage=usage, cost=draw(costs))


@st.composite
def records(draw: st.DrawFn) -> CallRecord:
    usage = draw(st.none() | st.builds(Usage, counts, counts, counts, counts, counts, counts))
    fields: dict[str, Any] = dict.fromkeys(CallRecord.__struct_fields__) | {"extra": {}}
    fields |= {
        "workspace_id": draw(st.sampled_from(["ws_1", "ws_2"])),
        "agent_id": draw(names),
        "task_id": draw(names),
        "run_id": draw(names),
        "key_id": draw(names),
        "model": draw(names),
        "provider": draw(names),
        "started": NOON + draw(st.integers(-2 * DAY, 2 * DAY)),
        "ended": draw(counts),
        "first_byte": draw(st.none() | counts),
        "usage": usage,
        "usage_source": draw(st.sampled_from(["provider", "estimated", "none"])),
        "cost": draw(st.none() | counts),
        "outcome": draw(st.sampled_from(["ok", "error", "cut", "cancelled", "refused"])),
        "extra": draw(st.sampled_from(CACHE)),
        "attempts": draw(st.lists(attempts(), max_size=3)),
        "tags": draw(st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from("12")), max_size=3)),
    }
    return CallRecord(**fields)


def plainly(record: CallRecord) -> dict[str, int]:
    usage = record.usage or Usage()
    return {
        "calls": 1,
        "errors": record.outcome in ("error", "cut"),
        "cancelled": record.outcome == "cancelled",
        "refused": record.outcome == "refused",
        "input_tokens": usage.input_total,
        "output_tokens": usage.output_total,
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "reasoning_tokens": usage.reasoning,
        "cost": record.cost or 0,
        "unpriced_calls": record.cost is None and record.usage is not None,
        "estimated_calls": record.usage_source == "estimated",
        "cache_hits": record.extra.get("cache", {}).get("status") in ("hit", "semantic-hit"),
        "cache_saved": record.extra.get("cache", {}).get("saved") or 0,
        "prompt_saved": 0,
        "cut": record.outcome == "cut",
        "duration": record.ended,
        "first_byte": record.first_byte or 0,
        "first_byte_calls": record.first_byte is not None,
    }


def values(record: CallRecord, dim: str) -> set[str]:
    if dim == "total":
        return {""}
    if dim == "tag":
        return {f"{name}={value}" for name, value in record.tags}
    return {getattr(record, dim if dim in ("model", "provider") else f"{dim}_id") or ""}


@given(st.lists(records(), max_size=25))
def test_every_bucket_is_the_sum_of_its_calls(made: list[CallRecord]) -> None:
    expected: dict[tuple[str, int, str, str, int], Counter[str]] = {}
    for record in made:
        for grain, length in ((1, MINUTE), (60, HOUR), (1440, DAY)):
            for dim in DIMS:
                for value in values(record, dim):
                    at = record.started - record.started % length
                    key = (record.workspace_id, grain, dim, value, at)
                    expected.setdefault(key, Counter()).update(plainly(record))
            at = record.started - record.started % length
            for each in record.attempts:
                cost = (each.cost or 0) if record.cost is not None else 0
                if not cost and each.usage is None:
                    continue
                for which in DIMS:
                    own = values(record, which)
                    there = {getattr(each, which)} if which in ("model", "provider") else own
                    for value in own | there:
                        bucket = expected.setdefault((record.workspace_id, grain, which, value, at), Counter())
                        bucket["cost"] += cost * ((value in there) - (value in own))
                        bucket["input_tokens"] += each.usage.input_total if each.usage and value in there else 0
                        bucket["output_tokens"] += each.usage.output_total if each.usage and value in there else 0
    found = {key: dict(zip(ROLLUP_SUMS, sums, strict=True)) for key, sums in add_up(made).items()}
    assert found == {key: {name: sums[name] for name in ROLLUP_SUMS} for key, sums in expected.items()}


@given(st.lists(records(), max_size=10))
def test_the_order_of_calls_does_not_matter(made: list[CallRecord]) -> None:
    assert add_up(made) == add_up(reversed(made))


def test_what_a_failed_try_used_is_booked_where_it_was_made() -> None:
    fields: dict[str, Any] = dict.fromkeys(CallRecord.__struct_fields__) | {"extra": {}, "tags": []}
    failed = Attempt("openai", "gpt-4o", 200, "stream_cut", 0, 1, 2, usage=Usage(100, output_total=10), cost=70)
    last = Attempt("anthropic", "haiku", 200, None, 3, 4, 5)
    record = CallRecord(**fields)
    record = msgspec.structs.replace(record, workspace_id="w", started=NOON, ended=5, cost=100)
    record = msgspec.structs.replace(
        record, provider="anthropic", model="haiku", usage=Usage(40, output_total=4), attempts=[failed, last]
    )
    found = add_up([record])
    cost, tokens, calls = (ROLLUP_SUMS.index(name) for name in ("cost", "input_tokens", "calls"))
    day = NOON - NOON % DAY
    shown = {
        (dim, value): [sums[calls], sums[cost], sums[tokens]]
        for (_, grain, dim, value, at), sums in found.items()
        if grain == Grain.DAY and at == day and dim in ("total", "provider", "model")
    }
    assert shown == {
        ("total", ""): [1, 100, 140],
        ("provider", "anthropic"): [1, 30, 40],
        ("provider", "openai"): [0, 70, 100],
        ("model", "haiku"): [1, 30, 40],
        ("model", "gpt-4o"): [0, 70, 100],
    }


def test_a_grain_is_that_long() -> None:
    assert [grain.length for grain in Grain] == [MINUTE, HOUR, DAY]


def test_a_repeated_tag_counts_its_call_once() -> None:
    fields: dict[str, Any] = dict.fromkeys(CallRecord.__struct_fields__) | {"extra": {}, "attempts": []}
    record = CallRecord(**fields)
    record = msgspec.structs.replace(record, workspace_id="w", started=NOON, ended=1, tags=[("x", "1"), ("x", "1")])
    assert add_up([record])[("w", 1440, "tag", "x=1", NOON - NOON % DAY)][0] == 1

"""A call's row says as much as its record did of what it adds to the sums of its task."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.ledger import intake, work_costs
from quarterdeck.ledger.adoption import record_of
from quarterdeck.ledger.calls import stored
from quarterdeck.ledger.intake import BodyForm, Draft
from quarterdeck.ledger.record import CallRecord, PriceNote
from quarterdeck.ledger.rollups import add_up, ceilings
from quarterdeck.ledger.tables import calls
from unit.ledger.test_rollups import counts, records

PRICES = [
    None,
    PriceNote("override", "1", {"input_tokens": 150_000_000, "cache_read_tokens": 15_000_000}),
    PriceNote("genai-prices", "2", {"input_tokens": 7, "cache_write_tokens per 1000": 9, "cache_write_1h_tokens": 3}),
]


def of_tasks(record: CallRecord) -> tuple[Any, ...]:
    sums = {key: each for key, each in add_up([record]).items() if key[2] == "task"}
    beside = {key: each for key, each in ceilings([record]).items() if key[1] == "task"}
    return sums, beside, work_costs.rows_of([record])


@given(records(), st.sampled_from(PRICES), st.none() | counts)
def test_a_stored_call_moves_exactly_what_its_record_added(
    record: CallRecord, price: PriceNote | None, ceiling: int | None
) -> None:
    extra = record.extra | ({} if ceiling is None else {"ceiling": ceiling})
    record = msgspec.structs.replace(record, price=price, extra=extra)
    row = intake.row(Draft(record, 0, 0, BodyForm.NONE))
    call = stored(dict(zip((column.name for column in calls.columns), row, strict=True)))
    assert of_tasks(record_of(call, price, ceiling)) == of_tasks(record)

"""A provider's usage export beside our account: the difference of each day and model. Pure."""

import csv
import io
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from quarterdeck.kernel.clock import DAY, SECOND
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.money import NANO

MOST_ROWS = 100_000
_DAY_NAMES = ("date", "day", "usage_date", "start_time", "usage_date_utc", "bucket_start", "time")
_MODEL_NAMES = ("model", "model_id", "model_version", "line_item", "sku", "snapshot_id")
_COST_NAMES = ("cost_usd", "cost", "amount", "amount_usd", "amount_value", "cost_in_usd", "usd", "dollars", "total")


@dataclass(frozen=True, slots=True)
class Difference:
    """One day and model. Nano-dollars; None: that side has nothing."""

    day: int
    model: str
    theirs: int | None
    ours: int | None

    @property
    def difference(self) -> int:
        """Theirs less ours."""
        return (self.theirs or 0) - (self.ours or 0)


def read_export(text: str) -> dict[tuple[int, str], int]:
    """Nano-dollars by day (its first instant, UTC) and model. Raises Invalid, naming the line."""
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    names = {name.strip().lower(): name for name in reader.fieldnames or ()}
    day, model, cost = (_column(names, wanted) for wanted in (_DAY_NAMES, _MODEL_NAMES, _COST_NAMES))
    found: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for number, row in enumerate(reader, 2):
        if number > MOST_ROWS + 1:
            raise Invalid(f"An export may have {MOST_ROWS} rows; send it in parts.", field="csv")
        try:
            amount = Decimal((row[cost] or "0").strip().lstrip("$").replace(",", ""))
            if not amount.is_finite():
                raise InvalidOperation
            found[_day(row[day] or ""), (row[model] or "").strip()] += amount
        except (InvalidOperation, ValueError):
            raise Invalid(f"Line {number} of the export has no readable date or amount.", field="csv") from None
    return {key: int((amount * NANO).to_integral_value()) for key, amount in found.items()}


def compare(theirs: Mapping[tuple[int, str], int], ours: Mapping[tuple[int, str], int]) -> list[Difference]:
    """Every day and model that either side has, oldest first; models without cost on both sides are left out."""
    keys = sorted(key for key in theirs.keys() | ours.keys() if theirs.get(key) or ours.get(key))
    return [Difference(*key, theirs.get(key), ours.get(key)) for key in keys]


def _column(names: Mapping[str, str], wanted: tuple[str, ...]) -> str:
    for name in wanted:
        if name in names:
            return names[name]
    raise Invalid(f"The export needs a column named one of {', '.join(wanted)}.", field="csv")


def _day(text: str) -> int:
    text = text.strip()
    if text.isdigit():
        at = int(text) * SECOND
        return at - at % DAY
    day = date.fromisoformat(text[:10])
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND

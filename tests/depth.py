"""How many random examples a test tries: few each time, many where somebody lets it run on (see CONTRIBUTING)."""

import os

_DEEP = bool(os.environ.get("QUARTERDECK_TEST_DEEP"))


def examples(few: int, many: int) -> int:
    """`many` with QUARTERDECK_TEST_DEEP set."""
    return many if _DEEP else few

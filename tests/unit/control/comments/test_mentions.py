"""Who is meant by @name."""

import pytest

from quarterdeck.control.comments.mentions import Somebody, index, mentioned

NAMES = index([Somebody("1", "Sam", False), Somebody("2", "Sam Smith", False), Somebody("3", "research", True)])


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ("@Sam look", ["1"]),
        ("@sam smith, look", ["2"]),
        ("(@research) and @SAM!", ["3", "1"]),
        ("@research @research", ["3"]),
        ("mail sam@research.example", []),
        ("`@Sam` and ```\n@research\n```", []),
        ("@nobody", []),
        ("@", []),
    ],
)
def test_the_longest_name_that_fits_is_meant_once(body: str, ids: list[str]) -> None:
    assert [one.id for one in mentioned(body, NAMES)] == ids

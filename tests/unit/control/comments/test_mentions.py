"""Who is meant by @name."""

import pytest

from quarterdeck.control.comments.mentions import MAX_ATS, Somebody, index, mentioned, names_in

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
        ("**@Sam** and *@research*, _@sam smith_", ["1", "3", "2"]),
        ("@Sam's turn, then @Sam Smith’s", ["1", "2"]),
        ("@research/@Sam or @Sam—now", ["3", "1"]),
        ("\\@Sam, @Samuel, a_@Sam, https://x.example/@Sam", []),
        ("@nobody", []),
        ("@", []),
    ],
)
def test_the_longest_name_that_fits_is_meant_once(body: str, ids: list[str]) -> None:
    assert [one.id for one in mentioned(body, NAMES)] == ids


def test_only_names_that_stand_behind_an_at_are_looked_for() -> None:
    assert names_in("no one, mail sam@example.com and `@Sam`") == set()
    assert names_in("(@Sam Smith!) now") == {"sam", "sam smith!) now", "sam smith!)", "sam smith"}
    assert len(names_in("@a b c d e f g " * 10 * MAX_ATS)) <= 12 * MAX_ATS
    assert len(names_in("@" + "a'" * 100_000)) <= 5

"""Texts made comparable: what changes by itself is masked, sketches tell what is alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.ledger.turns import words
from quarterdeck.ledger.turns.words import likeness, masked, sketch


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("At 2026-11-26T10:11:12.5Z it  Failed", "at # it failed"),
        ("since 2026-11-26 10:11", "since #"),
        ("done 10:11:12", "done #"),
        ("id 6f1b2c3d-0000-4abc-8def-0123456789ab.", "id #."),
        ("id abcdefab-0000-4abc-8def-0123456789ab", "id #"),
        ("commit 9fceb02d0ae5 and abc123abc123", "commit # and #"),
        ("at 1700000000 and 1700000000123.5", "at # and #"),
        ("attempt 3, retry 12, poll 7", "attempt #, retry #, poll #"),
        ("took 10ms, then 3.5 seconds", "took #, then #"),
    ],
)
def test_what_changes_by_itself_is_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text", ["order 4711", "page 3 of 9", "decade facade", "abcdefabcdefab", "12345678901234 items"]
)
def test_what_says_something_is_left(text: str) -> None:
    assert masked(text) == text


@given(st.text(st.sampled_from("ab1_ .,é\x1c\x00\n\t-{}\ud800Ω"), max_size=30))
def test_words_are_the_same_however_they_are_found(text: str) -> None:
    assert words._words(text) == [each.encode("utf-8", "surrogatepass") for each in words._WORD.findall(text)]


def test_texts_are_as_alike_as_the_shingles_they_share() -> None:
    assert likeness(sketch("one two three four"), sketch("one two three four")) == 1.0
    assert likeness(sketch("one two three four"), sketch("one two three five")) == pytest.approx(1 / 3)
    assert likeness(sketch("one two three four"), sketch("five six seven eight")) == 0.0
    assert likeness(sketch(""), sketch("one")) == 0.0


@pytest.mark.parametrize("size", [8_000, 200_000])
def test_long_texts_that_differ_in_their_middle_are_two(size: int) -> None:
    ends = "same beginning " * 300, " same end" * 500
    one, other = (middle.join(ends) for middle in ("a" * size, "a" * (size - 1) + "b"))
    assert masked(one) != masked(other)
    assert masked(one) == masked(one.upper())


def test_long_texts_whose_middle_changes_by_itself_are_one() -> None:
    one, other = (f"{'line ' * 900}at 10:11:1{n}, request {n}{' line' * 900}" for n in (2, 3))
    assert masked(one) == masked(other)

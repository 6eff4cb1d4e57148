import re
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.access.keys import KeyKind, hint, key_hash, looks_mistyped, make_key, parse_key

KINDS = list(KeyKind)


@pytest.mark.parametrize(("kind", "prefix"), [("agent", "qd-a-"), ("run", "qd-r-"), ("member", "qd-m-")])
def test_a_key_names_its_kind_and_is_known_by_its_hash(kind: str, prefix: str) -> None:
    text, digest = make_key(KeyKind(kind))
    assert text.startswith(prefix)
    assert re.fullmatch(r"qd-[arm]-[0-9A-Za-z]{42}", text)
    assert parse_key(text) is KeyKind(kind)
    assert digest == key_hash(text) and len(digest) == 32
    assert not looks_mistyped(text)


def test_keys_are_all_different() -> None:
    assert len({make_key(KeyKind.AGENT)[0] for _ in range(1000)}) == 1000


@given(st.sampled_from(KINDS), st.integers(0, 46), st.sampled_from("0Aaz9-é"))
def test_one_wrong_character_is_found_without_a_look_up(kind: KeyKind, place: int, letter: str) -> None:
    text, _ = make_key(kind)
    wrong = text[:place] + letter + text[place + 1 :]
    if wrong != text:
        assert parse_key(wrong) is None
        assert looks_mistyped(wrong) or wrong[:5] not in ("qd-a-", "qd-r-", "qd-m-")


@given(st.text(max_size=80))
def test_other_texts_are_no_keys_of_ours(text: str) -> None:
    assert parse_key(text) is None


def test_a_key_that_was_cut_is_found() -> None:
    text, _ = make_key(KeyKind.RUN)
    assert parse_key(text[:-1]) is None
    assert parse_key(text + "a") is None
    assert looks_mistyped(text[:-1])


def test_a_brought_key_is_not_taken_for_a_mistyped_one() -> None:
    assert not looks_mistyped("sk-whatever-somebody-brings")


def test_a_hint_gives_little_away() -> None:
    text, _ = make_key(KeyKind.AGENT)
    assert hint(text) == f"{text[:9]}…{text[-2:]}"
    brought = secrets.token_urlsafe(20)
    assert len(hint(brought)) == 5

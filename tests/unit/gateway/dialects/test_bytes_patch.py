"""One value of a body changes; every other byte stays."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.gateway.dialects.base import BadBody
from quarterdeck.gateway.dialects.bytes_patch import members, remove_top_level, repeats, set_top_level

NAMES = st.sampled_from(["model", "stream_options", "a", 'q"uote', "back\\slash", "é", "include_usage", ""])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(['"model":"x"', '{"model":1}', "}],", '\\"', "model", "é✓🙂"])
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)
SPACE = st.text(alphabet=" \t\n\r", max_size=3)


@st.composite
def texts(draw: st.DrawFn, value: Any) -> str:
    """The value as JSON with odd whitespace and a free choice of escapes."""
    gap = draw(SPACE)
    if isinstance(value, dict):
        body = ",".join(
            f"{gap}{draw(texts(name))}{draw(SPACE)}:{draw(SPACE)}{draw(texts(inner))}{gap}"
            for name, inner in value.items()
        )
        return "{" + (body or gap) + "}"
    if isinstance(value, list):
        return "[" + ",".join(f"{gap}{draw(texts(inner))}{gap}" for inner in value) + "]"
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


@st.composite
def bodies(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    value = draw(st.dictionaries(NAMES, VALUES, max_size=5))
    return value, (draw(SPACE) + draw(texts(value)) + draw(SPACE)).encode()


@given(bodies(), NAMES, VALUES)
def test_setting_a_value_means_what_a_json_library_would_do(
    body: tuple[dict[str, Any], bytes], name: str, new: Any
) -> None:
    value, text = body
    assert json.loads(set_top_level(text, name, json.dumps(new).encode())) == {**value, name: new}


@given(bodies(), NAMES, NAMES, VALUES)
def test_setting_a_value_inside_an_object_keeps_the_rest_of_that_object(
    body: tuple[dict[str, Any], bytes], outer: str, inner: str, new: Any
) -> None:
    value, text = body
    old = value.get(outer)
    expected = {**value, outer: {**(old if isinstance(old, dict) else {}), inner: new}}
    assert json.loads(set_top_level(text, (outer, inner), json.dumps(new).encode())) == expected


@given(bodies(), NAMES)
def test_setting_back_the_old_value_gives_back_the_old_bytes(body: tuple[dict[str, Any], bytes], name: str) -> None:
    value, text = body
    spots = [member for member in members(text) if member.name == name]
    if name not in value:
        assert spots == []
        return
    (spot,) = spots
    old = text[spot.value_start : spot.value_end]
    assert json.loads(old) == value[name]
    marked = set_top_level(text, name, b'"\x00MARK"')
    assert marked.replace(b'"\x00MARK"', old) == text


@given(bodies(), NAMES)
def test_removing_a_value_leaves_the_others_as_they_were(body: tuple[dict[str, Any], bytes], name: str) -> None:
    value, text = body
    left = remove_top_level(text, name)
    assert json.loads(left) == {key: inner for key, inner in value.items() if key != name}
    for spot in members(text):
        if spot.name != name:
            assert text[spot.key_start : spot.value_end] in left
    if name not in value:
        assert left is text


@given(bodies(), NAMES, NAMES)
def test_removing_a_value_inside_an_object_leaves_the_rest(
    body: tuple[dict[str, Any], bytes], outer: str, inner: str
) -> None:
    value, text = body
    if isinstance(value.get(outer), dict):
        value[outer] = {key: kept for key, kept in value[outer].items() if key != inner}
    assert json.loads(remove_top_level(text, (outer, inner))) == value


@given(bodies(), VALUES, VALUES)
def test_a_name_given_twice_is_set_in_both_places(body: tuple[dict[str, Any], bytes], first: Any, second: Any) -> None:
    _, text = body
    inside = text.strip()[1:-1].strip()
    twice = b'{"twice":' + json.dumps(first).encode() + b"," + inside + (b"," if inside else b"")
    twice += b'"tw\\u0069ce": ' + json.dumps(second).encode() + b"}"
    assert repeats(twice, "twice")
    assert [
        json.loads(v)
        for k, v in json.loads(set_top_level(twice, "twice", b'"x"'), object_pairs_hook=_raw_pairs)
        if k == "twice"
    ] == ["x", "x"]
    assert "twice" not in json.loads(remove_top_level(twice, "twice"))


def _raw_pairs(pairs: list[tuple[str, Any]]) -> Any:
    return [(name, json.dumps(value)) for name, value in pairs]


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\ 1ae', max_size=40).map(str.encode))
def test_bytes_that_are_no_json_object_are_refused_and_never_changed(text: bytes) -> None:
    try:
        changed = set_top_level(text, "model", b'"m"')
    except BadBody:
        return
    assert json.loads(changed)["model"] == "m"


def test_text_that_looks_like_a_member_is_left_alone() -> None:
    body = b'{"messages":[{"content":"say \\"model\\":\\"x\\" and }","model":"inner"}] , "model" : "old" }'
    assert set_top_level(body, "model", b'"new"') == body.replace(b'"old"', b'"new"')


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a":1}', b'{"stream_options":{"include_usage":true},"a":1}'),
        (b"{ }", b'{"stream_options":{"include_usage":true} }'),
        (b'{"stream_options":null}', b'{"stream_options":{"include_usage":true}}'),
        (b'{"stream_options":{ }}', b'{"stream_options":{"include_usage":true }}'),
        (b'{"stream_options":{"x" : 1}}', b'{"stream_options":{"include_usage":true,"x" : 1}}'),
        (b'{"stream_options":{"include_usage": false}}', b'{"stream_options":{"include_usage": true}}'),
    ],
)
def test_usage_is_asked_for_inside_the_options_that_are_there(body: bytes, expected: bytes) -> None:
    assert set_top_level(body, ("stream_options", "include_usage"), b"true") == expected
